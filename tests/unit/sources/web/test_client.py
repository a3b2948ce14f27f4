"""The client against a server that does everything wrong that a provider can do."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from email.utils import format_datetime

import httpx
import pytest

from pipelines.fake_providers import faults
from pipelines.fake_providers.server import FakeServer, Fault, Reply
from pipelines.sources.live import Outcome
from pipelines.sources.web.breaker import Patience
from pipelines.sources.web.client import USER_AGENT, Page, WebClient
from pipelines.sources.web.clock import SystemClock
from pipelines.sources.web.hosts import Hosts
from pipelines.sources.web.judge import Expected
from pipelines.sources.web.limiter import Rate
from pipelines.sources.web.manners import Limits, Manners
from pipelines.sources.web.retry import Retries
from tests.fake_clock import NOON, Drawn, FakeClock

JSON = Expected("json")
BODY = b'{"prices": [1, 2, 3, 4, 5, 6, 7, 8, 9]}'
Ask = Callable[..., Page]


@pytest.fixture
def server() -> Iterator[FakeServer]:
    """Start a server of JSON."""
    with FakeServer(lambda _: Reply(BODY)) as server:
        yield server


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock that takes no time."""
    return FakeClock()


@pytest.fixture
def hosts(clock: FakeClock) -> Hosts:
    """Return a table of hosts for this test alone."""
    return Hosts(clock)


@pytest.fixture
def clients() -> Iterator[list[WebClient]]:
    """Collect clients, and close them."""
    made: list[WebClient] = []
    yield made
    for client in made:
        client.close()


@pytest.fixture
def ask(server: FakeServer, hosts: Hosts, clients: list[WebClient]) -> Ask:
    """Return a function that asks the server by a client of its own."""

    def get(path: str = "/prices", expected: Expected = JSON, **manners: object) -> Page:
        polite = Manners(**{"rate": Rate(10, burst=10), **manners})  # type: ignore[arg-type]
        clients.append(WebClient(server.base_url, polite, hosts=hosts, rng=Drawn()))
        return clients[-1].get(path, {}, expected)

    return get


def hurried(server: FakeServer, total: float, read: float = 30.0, attempts: int = 4) -> WebClient:
    """Return a client by the machine's clock that has little time."""
    manners = Manners(Rate(100, 10), Retries(attempts, first=0.01), Patience(), Limits(read=read, total=total))
    return WebClient(server.base_url, manners, hosts=Hosts(SystemClock()))


def test_a_good_answer_is_read(ask: Ask, server: FakeServer) -> None:
    """Everything that is known of it comes along."""
    page = ask("/a%20b/prices")
    assert (page.outcome, page.reason, page.status, page.attempts) == (Outcome.OK, "", 200, 1)
    assert (page.body, page.data["prices"][0], page.fetched_at) == (BODY, 1, NOON)
    assert page.headers["content-type"] == "application/json"
    assert page.url == f"{server.base_url}/a%20b/prices"
    assert server.log[0].path == "/a b/prices"


def test_it_says_who_asks(ask: Ask, server: FakeServer) -> None:
    """Product and version, HTTP/1.1, and gzip alone; a provider's own headers come on top."""
    ask(headers={"Referer": "https://x.test/"})
    sent = server.log[0].headers
    assert re.fullmatch(r"market-reaction/\d+\.\d+\S*", USER_AGENT)
    assert (sent["user-agent"], sent["accept-encoding"], sent["referer"]) == (USER_AGENT, "gzip", "https://x.test/")


def test_the_query_is_sent(server: FakeServer, hosts: Hosts, clients: list[WebClient]) -> None:
    """Whatever its values hold."""
    clients.append(WebClient(server.base_url + "/api/", Manners(Rate(9)), hosts=hosts))
    clients[0].get("/x", {"a": "1&b=2", "c": "ü +"}, JSON)
    assert (server.log[0].path, server.log[0].query) == ("/api/x", {"a": "1&b=2", "c": "ü +"})


def test_gzip_is_unpacked(ask: Ask, server: FakeServer) -> None:
    """The client asks for it, so most will send it."""
    server.arm(faults.zipped)
    assert ask().body == BODY


def test_fault_24_retry_after_is_waited_for(ask: Ask, server: FakeServer, clock: FakeClock) -> None:
    """Seven seconds, and not one less."""
    server.arm(faults.throttled("7"), times=1)
    page = ask()
    assert (page.outcome, page.attempts) == (Outcome.OK, 2)
    assert clock.slept == [7]


def test_fault_24_retry_after_as_a_date_is_waited_for(ask: Ask, server: FakeServer, clock: FakeClock) -> None:
    """By the server's own clock, which is an hour ahead of ours."""
    date, later = "Mon, 27 Jan 2025 13:00:00 GMT", "Mon, 27 Jan 2025 13:00:20 GMT"
    server.arm(faults.answers(429, headers={"Date": date, "Retry-After": later}), times=1)
    assert ask().outcome is Outcome.OK
    assert clock.slept == [20]


def test_fault_24_a_503_with_retry_after_is_obeyed_too(ask: Ask, server: FakeServer, clock: FakeClock) -> None:
    """It is what the header was made for."""
    server.arm(faults.throttled(format_datetime(NOON.replace(second=30), usegmt=True), 503), times=1)
    assert ask().outcome is Outcome.OK
    assert clock.slept == [30]


def test_fault_24_all_clients_of_the_host_wait_and_none_bursts(
    ask: Ask, server: FakeServer, clock: FakeClock, hosts: Hosts
) -> None:
    """What one is told holds for the next; requests come one by one, at half of the rate."""
    server.arm(faults.throttled("20"), times=1)
    ask(retries=Retries(attempts=1))
    times = [(ask().fetched_at - NOON).total_seconds() for _ in range(3)]
    assert times[0] == 20
    assert times[1] - times[0] > 0.15  # a tenth of a second apart before; successes shorten the way back
    assert times[2] - times[1] > 0.15
    assert hosts.of(server.base_url.removeprefix("http://"), Rate(10), Patience()).limiter.per_second < 10


def test_fault_24_a_wait_beyond_the_deadline_is_not_begun(ask: Ask, server: FakeServer, clock: FakeClock) -> None:
    """The answer says so at once, and the next request is not even sent."""
    server.arm(faults.throttled("3600"))
    first, second = ask(), ask()
    assert (first.outcome, first.attempts, clock.slept) == (Outcome.THROTTLED, 1, [])
    assert "no time is left for a wait of 3600 s" in first.reason
    assert (second.outcome, second.attempts, second.status) == (Outcome.THROTTLED, 0, 0)
    assert "after the deadline" in second.reason
    assert len(server.log) == 1


def test_fault_25_without_a_header_waits_double_and_the_breaker_opens(
    ask: Ask, server: FakeServer, clock: FakeClock
) -> None:
    """Of fifty requests a few are sent; the others are told that nothing was measured."""
    server.arm(faults.throttled(), times=50)
    pages = [ask(retries=Retries(attempts=4, first=1)) for _ in range(50)]
    assert {page.outcome for page in pages} == {Outcome.THROTTLED}
    assert clock.slept[:3] == [1, 2, 4]
    assert len(server.log) == 8
    assert "is left alone for another 60 s" in pages[-1].reason


def test_fault_25_after_its_pause_the_breaker_lets_one_through(ask: Ask, server: FakeServer, clock: FakeClock) -> None:
    """And everybody, once that one has an answer."""
    server.arm(faults.throttled(), times=8)
    for _ in range(5):
        ask()
    assert len(server.log) == 8
    clock.sleep(60)
    assert [ask().outcome for _ in range(3)] == [Outcome.OK] * 3


def test_fault_25_a_bad_symbol_does_not_open_the_breaker(ask: Ask, server: FakeServer) -> None:
    """Its requests fail, those between them do not."""
    server.arm(faults.answers(500), "/bad")
    for _ in range(4):
        assert ask("/bad").outcome is Outcome.BROKEN
        assert ask("/good").outcome is Outcome.OK


@pytest.mark.parametrize(
    "fault",
    [
        faults.page(),
        faults.page(500),
        faults.page(503),
        faults.answers(408),
        faults.typed("text/html"),
        faults.typed("image/png"),
        faults.cut,
        faults.cut_zip,
        faults.mangled_zip,
        faults.encoded("br"),
        faults.hung_up,
        faults.empty,
    ],
)
def test_fault_26_what_is_broken_is_asked_for_again(ask: Ask, server: FakeServer, fault: Fault) -> None:
    """Twice broken, then whole."""
    server.arm(fault, times=2)
    page = ask()
    assert (page.outcome, page.attempts, page.body) == (Outcome.OK, 3, BODY)


@pytest.mark.parametrize(
    ("fault", "body", "reason"),
    [
        (faults.page(), faults.HTML, "Will be right back"),
        (faults.page(503), faults.HTML, "status 503"),
        (faults.cut, BODY[:19], "19 bytes that cannot be read"),
        (faults.cut_zip, None, "a whole gzip"),
        (faults.mangled_zip, b"", "expected gzip, got something else"),
        (faults.hung_up, BODY[:19], "got 19 bytes, then RemoteProtocolError"),
        (faults.empty, b"", "expected json, got nothing"),
        (faults.typed("image/png"), BODY, "the content type 'image/png'"),
    ],
)
def test_fault_26_what_stays_broken_is_a_failure_with_its_body(
    ask: Ask, server: FakeServer, fault: Fault, body: bytes | None, reason: str
) -> None:
    """It is never said that there is nothing."""
    server.arm(fault)
    page = ask()
    assert (page.outcome, page.attempts, page.data) == (Outcome.BROKEN, 4, None)
    assert reason in page.reason
    assert body is None or page.body == body
    assert len(server.log) == 4


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (faults.redirected(), Outcome.BROKEN),
        (faults.redirected("https://consent.example.test/", 307), Outcome.BROKEN),
        (faults.redirected("http://169.254.169.254/"), Outcome.BROKEN),
        (faults.answers(400), Outcome.REFUSED),
        (faults.page(403), Outcome.REFUSED),
        (faults.page(404), Outcome.REFUSED),
        (faults.answers(451), Outcome.REFUSED),
    ],
)
def test_what_will_not_get_better_is_asked_for_once(
    ask: Ask, server: FakeServer, fault: Fault, outcome: Outcome
) -> None:
    """A redirect is not followed, in a circle or anywhere."""
    server.arm(fault)
    page = ask()
    assert (page.outcome, page.attempts, len(server.log)) == (outcome, 1, 1)


def test_a_ban_is_not_tried_again(ask: Ask, server: FakeServer) -> None:
    """Whoever asks while banned is banned for longer."""
    server.arm(faults.throttled("60", 418))
    banned = Expected("json", bans=frozenset({418}))
    assert (ask(expected=banned).outcome, len(server.log)) == (Outcome.THROTTLED, 1)


def test_fault_41_a_shape_that_was_not_agreed_is_broken(ask: Ask) -> None:
    """What the shape should be is the caller's business."""
    page = ask(expected=Expected("json", read=lambda data: data["rows"]))
    assert page.outcome is Outcome.BROKEN
    assert "KeyError: 'rows'" in page.reason
    assert ask(expected=Expected("json", read=lambda data: data["prices"][:2])).data == [1, 2]


@pytest.mark.parametrize("fault", [faults.huge(5000), faults.bomb(50_000_000)])
def test_a_body_over_the_cap_is_broken(ask: Ask, server: FakeServer, fault: Fault) -> None:
    """Once is enough, and no more than the cap is kept."""
    server.arm(fault)
    page = ask(limits=Limits(max_bytes=4000))
    assert (page.outcome, page.attempts, len(page.body)) == (Outcome.BROKEN, 1, 4000)
    assert "at most 4000 bytes" in page.reason


def test_fault_30_a_server_that_hangs_is_given_up(server: FakeServer) -> None:
    """After the read time-out, twice; then it answers."""
    server.arm(faults.hangs(20), times=2)
    client = hurried(server, total=10, read=0.1)
    begun = time.monotonic()
    page = client.get("/x", {}, JSON)
    assert (page.outcome, page.attempts) == (Outcome.OK, 3)
    assert time.monotonic() - begun < 3
    client.close()


@pytest.mark.parametrize(
    "fault",
    [faults.hangs(20), faults.drips(0.05), faults.drips(0.05, is_head_slow=True)],
    ids=["hangs", "body drips", "headers drip"],
)
def test_fault_30_a_request_ends_at_its_deadline(server: FakeServer, fault: Fault) -> None:
    """Each byte comes in time, and all of them do not: the time-out of a read never strikes."""
    server.arm(fault)
    client = hurried(server, total=0.5)
    begun = time.monotonic()
    page = client.get("/x", {}, JSON)
    assert page.outcome is Outcome.BROKEN
    assert 0.4 < time.monotonic() - begun < 2
    assert (page.attempts, len(server.log)) == (1, 1)
    client.close()


def test_fault_30_a_request_that_waits_for_another_has_its_deadline_too(server: FakeServer) -> None:
    """One connection, one request: the second one is not kept waiting for longer than it wants."""
    server.arm(faults.drips(0.05, is_head_slow=True))
    client = hurried(server, total=0.5)
    begun = time.monotonic()
    with ThreadPoolExecutor(3) as pool:
        pages = list(pool.map(lambda _: client.get("/x", {}, JSON), range(3)))
    assert {page.outcome for page in pages} == {Outcome.BROKEN}
    assert time.monotonic() - begun < 2
    client.close()


def test_after_a_deadline_the_client_is_as_good_as_new(server: FakeServer) -> None:
    """The broken connection is thrown away."""
    server.arm(faults.drips(0.05, is_head_slow=True), times=1)
    client = hurried(server, total=0.4)
    assert [client.get("/x", {}, JSON).outcome for _ in range(2)] == [Outcome.BROKEN, Outcome.OK]
    client.close()


def test_threads_share_a_client(server: FakeServer) -> None:
    """Each gets its own answer."""
    client = hurried(server, total=30)
    with ThreadPoolExecutor(8) as pool:
        pages = list(pool.map(lambda n: client.get(f"/{n}", {}, JSON), range(20)))
    assert [page.url.rpartition("/")[2] for page in pages] == [str(n) for n in range(20)]
    assert {page.outcome for page in pages} == {Outcome.OK}
    client.close()


def test_a_host_that_is_not_there_is_broken(server: FakeServer, ask: Ask) -> None:
    """Nothing is raised."""
    server.close()
    page = ask(retries=Retries(attempts=2))
    assert (page.outcome, page.attempts, page.status) == (Outcome.BROKEN, 2, 0)
    assert "ConnectError" in page.reason


@pytest.mark.parametrize(
    "error",
    [httpx.ReadError("x"), httpx.ProxyError("x"), httpx.ConnectTimeout("x"), httpx.InvalidURL("x"), OSError("x")],
)
def test_nothing_that_the_network_does_is_raised(hosts: Hosts, error: Exception) -> None:
    """It is the outcome."""

    def fail(_: httpx.Request) -> httpx.Response:
        raise error

    client = WebClient("http://a.test", Manners(Rate(9)), hosts=hosts, transport=httpx.MockTransport(fail))
    page = client.get("/x", {}, JSON)
    assert (page.outcome, page.attempts) == (Outcome.BROKEN, 4)
    assert type(error).__name__ in page.reason


def test_an_interruption_does_not_leave_the_breaker_half_open(hosts: Hosts) -> None:
    """Ctrl-C passes through, and the next request is let through."""

    def interrupted(_: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    manners = Manners(Rate(9), Retries(1), Patience(failures=1, pause=0))
    transports = [httpx.MockTransport(lambda _: httpx.Response(500)), httpx.MockTransport(interrupted)]
    broken, stopped = (WebClient("http://a.test", manners, hosts=hosts, transport=one) for one in transports)
    broken.get("/x", {}, JSON)
    with pytest.raises(KeyboardInterrupt):
        stopped.get("/x", {}, JSON)
    assert broken.get("/x", {}, JSON).attempts == 1

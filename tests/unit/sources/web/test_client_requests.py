"""What a source may ask of the client beside the usual: beginnings, conditions, silence, hosts that count as one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from pipelines.fake_providers import faults
from pipelines.fake_providers.server import FakeServer, Reply
from pipelines.sources.live import Outcome
from pipelines.sources.web.client import WebClient
from pipelines.sources.web.hosts import Hosts
from pipelines.sources.web.judge import Expected, Verdict
from pipelines.sources.web.limiter import Rate
from pipelines.sources.web.manners import Manners
from tests.fake_clock import Drawn, FakeClock

JSON = Expected("json")
BODY = b'{"prices": [1, 2, 3, 4, 5, 6, 7, 8, 9]}'
MANNERS = Manners(Rate(10, burst=10))


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
def client(server: FakeServer, hosts: Hosts) -> Iterator[WebClient]:
    """Make a client of the server."""
    client = WebClient(server.base_url, MANNERS, hosts=hosts, rng=Drawn())
    yield client
    client.close()


def test_the_beginning_of_a_body_may_be_enough(client: WebClient, server: FakeServer) -> None:
    """What follows is not waited for, packed or not, and the next request is answered as well."""
    server.arm(lambda reply: replace(reply, body=b"[" + b"1," * 5_000_000), times=1)
    start = Expected("json", first_bytes=6, first=lambda status, headers, body: Verdict(Outcome.OK, data=body))
    assert client.get("/", {}, start).data == b"[1,1,1"
    server.arm(faults.zipped, times=1)
    assert client.get("/", {}, start).data == BODY[:6]
    assert client.get("/", {}, JSON).outcome is Outcome.OK


def test_a_verdict_may_silence_the_host_for_longer_than_it_says(
    client: WebClient, server: FakeServer, clock: FakeClock
) -> None:
    """A page that bans names no time in a header."""
    server.arm(faults.answers(403, b"banned"), times=1)
    banned = Verdict(Outcome.THROTTLED, "no", pause=600)
    ban = Expected("json", first=lambda status, *_: banned if status == 403 else None)
    assert client.get("/", {}, ban).attempts == 1
    assert (client.get("/", {}, ban).attempts, len(server.log)) == (0, 1)
    clock.sleep(600)
    assert client.get("/", {}, ban).outcome is Outcome.OK


def test_a_header_may_be_sent_with_one_request_alone(client: WebClient, server: FakeServer) -> None:
    """Such as If-None-Match."""
    client.get("/", {}, JSON, {"If-None-Match": '"a"'})
    client.get("/", {}, JSON)
    assert [request.headers.get("if-none-match") for request in server.log] == ['"a"', None]


def test_hosts_that_are_counted_as_one_share_a_pause(clock: FakeClock, hosts: Hosts) -> None:
    """Two servers of one provider."""
    with FakeServer(lambda _: Reply(BODY)) as first, FakeServer(lambda _: Reply(BODY)) as second:
        one, other = (WebClient(it.base_url, MANNERS, hosts=hosts, counted_as="one") for it in (first, second))
        first.arm(faults.throttled("500"))
        assert one.get("/", {}, JSON).outcome is Outcome.THROTTLED
        assert (other.get("/", {}, JSON).outcome, second.log) == (Outcome.THROTTLED, [])
        clock.sleep(500)
        assert other.get("/", {}, JSON).outcome is Outcome.OK
        one.close()
        other.close()

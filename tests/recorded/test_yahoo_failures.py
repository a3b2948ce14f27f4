"""Whatever Yahoo does, the source says how it ended, in time and without noise."""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from pipelines.fake_providers.faults import (
    answers,
    cut,
    drips,
    empty,
    hangs,
    huge,
    hung_up,
    page,
    redirected,
    throttled,
)
from pipelines.fake_providers.server import Fault
from pipelines.fake_providers.yahoo import CHART, CRUMB, FakeYahoo
from pipelines.fake_providers.yahoo_faults import error_with_200, meta
from pipelines.sources.live import Outcome
from pipelines.sources.web.breaker import Patience
from pipelines.sources.web.hosts import Hosts
from pipelines.sources.web.limiter import Rate
from pipelines.sources.web.manners import Limits, Manners
from pipelines.sources.web.retry import Retries
from pipelines.sources.yahoo_prices import YahooPrices
from pipelines.sources.yahoo_source import MANNERS
from tests.fake_clock import Drawn, FakeClock
from tests.recorded.yahoo_rig import FRIDAY, ask, market, source, week

pytestmark = pytest.mark.usefixtures("quiet")
COOKIE = "/"  # of fc.yahoo.com, the only one of the fake's hosts that is asked for its root
HURRIED = Limits(connect=0.2, read=0.2, total=0.5)


@pytest.fixture
def yahoo() -> Iterator[FakeYahoo]:
    """Start a fake Yahoo."""
    with FakeYahoo(market()) as server:
        yield server


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Say that no test writes, logs or warns."""
    with caplog.at_level(logging.DEBUG), warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
    assert [record.getMessage() for record in caplog.records if record.name != "urllib3"] == []
    assert capfd.readouterr() == ("", "")


def charts(server: FakeYahoo) -> int:
    """Return how many charts were asked for."""
    return len(server.requests(CHART))


@pytest.mark.parametrize(
    ("fault", "outcome", "reason"),
    [
        (throttled(), Outcome.THROTTLED, "told to slow down, with status 429: 'Too Many Requests'"),
        (answers(200, b"Edge: Too Many Requests", "text/html"), Outcome.THROTTLED, "told to slow down"),
        (answers(403, b"<html>no</html>", "text/html"), Outcome.THROTTLED, "banned for a while, with status 403"),
        (answers(999, b"", "text/html"), Outcome.THROTTLED, "banned for a while, with status 999"),
        (page(200), Outcome.BROKEN, "Will be right back"),
        (page(503), Outcome.BROKEN, "expected status 200, got status 503"),
        (answers(500, b"oops", "text/plain"), Outcome.BROKEN, "got status 500: 'oops'"),
        (answers(401, b"{}"), Outcome.BROKEN, "got status 401: crumb refused"),
        (answers(400, b"bad", "text/plain"), Outcome.REFUSED, "refused with status 400"),
        (answers(404, b"<html></html>", "text/html"), Outcome.REFUSED, "refused with status 404"),
        (cut, Outcome.BROKEN, "expected whole json"),
        (hung_up, Outcome.BROKEN, "IncompleteRead"),
        (empty, Outcome.BROKEN, "expected json, got nothing"),
        (error_with_200(), Outcome.BROKEN, "expected a chart, got the error"),
        (answers(200, b'{"chart": {"result": null, "error": null}}'), Outcome.BROKEN, "a list of one result"),
        (meta(symbol="AMD"), Outcome.BROKEN, "asked for NVDA, got a chart of 'AMD'"),
        (meta(dataGranularity="1wk"), Outcome.BROKEN, "asked for bars of 1d, got bars of '1wk'"),
        (meta(exchangeTimezoneName="Mars/Olympus"), Outcome.BROKEN, "to be a time zone, got 'Mars/Olympus'"),
        (redirected("https://169.254.169.254/latest"), Outcome.BROKEN, "which is not followed"),
        (redirected("file:///etc/passwd"), Outcome.BROKEN, "which is not followed"),
        (redirected("https://yahoo.com.evil.test/v8/finance/chart/NVDA"), Outcome.BROKEN, "which is not followed"),
        (redirected("/v8/finance/chart/NVDA"), Outcome.BROKEN, "got 5 redirects and another"),
        (redirected("https://consent.yahoo.com/v2/collectConsent"), Outcome.BROKEN, "asks for consent"),
    ],
)
def test_each_failure_has_its_outcome_26(yahoo: FakeYahoo, fault: Fault, outcome: Outcome, reason: str) -> None:
    """FAULTS 26: nothing of it is taken for "no data"."""
    yahoo.arm(fault, "NVDA")
    answer = ask(yahoo)
    assert answer.outcome is outcome
    assert reason in answer.reason
    assert answer.bars.is_empty()


def test_a_page_is_kept_26(yahoo: FakeYahoo) -> None:
    """FAULTS 26: its beginning, for whoever looks into it."""
    yahoo.arm(page(), "NVDA")
    answer = ask(yahoo)
    assert answer.body.startswith("<!DOCTYPE html>")
    assert answer.extra["status"] == "200"
    yahoo.disarm()
    yahoo.arm(huge(1 << 20), "NVDA")
    assert len(ask(yahoo).body) < 10_000


@pytest.mark.parametrize("fault", [page(), cut, answers(500), throttled(), hung_up, answers(401, b"{}")])
def test_one_failure_is_followed_by_another_try(yahoo: FakeYahoo, fault: Fault) -> None:
    """The second answer counts."""
    yahoo.arm(fault, "NVDA", times=1)
    answer = ask(yahoo)
    assert (answer.outcome, answer.bars.height) == (Outcome.OK, 5)
    assert charts(yahoo) == 2


def test_an_unknown_symbol_is_refused_at_once(yahoo: FakeYahoo) -> None:
    """One request; yfinance alone would make two, and get another cookie between them."""
    answer = ask(yahoo, week("NOPE"))
    assert answer.outcome is Outcome.REFUSED
    assert answer.reason.startswith("NOPE: unknown symbol or delisted; Yahoo says: No data found")
    assert [request.headers["host"] for request in yahoo.log] == [
        "fc.yahoo.com",
        "query1.finance.yahoo.com",
        "query2.finance.yahoo.com",
    ]


def test_an_unprocessable_request_is_refused(yahoo: FakeYahoo) -> None:
    """With Yahoo's words."""
    error = b'{"chart": {"result": null, "error": {"code": "Unprocessable Entity", "description": "too far back"}}}'
    yahoo.arm(answers(422, error), "NVDA")
    answer = ask(yahoo)
    assert answer.outcome is Outcome.REFUSED
    assert answer.reason == "refused with status 422; Yahoo says: too far back (attempt 1)"


def test_one_bad_symbol_spoils_no_other_29(yahoo: FakeYahoo) -> None:
    """FAULTS 29: each is asked for by itself."""
    yahoo.arm(page(), "SPY")
    with source(yahoo) as asked:
        outcomes = {name: asked.fetch(week(name)).outcome for name in ("NVDA", "SPY", "NOPE", "AAPL")}
    assert outcomes == {
        "NVDA": Outcome.OK,
        "SPY": Outcome.BROKEN,
        "NOPE": Outcome.REFUSED,
        "AAPL": Outcome.OK,
    }


def test_it_waits_as_told_24(yahoo: FakeYahoo) -> None:
    """FAULTS 24: at least the seconds of Retry-After, at half of the rate afterwards."""
    clock = FakeClock()
    yahoo.arm(throttled("7"), "NVDA", times=1)
    with source(yahoo, clock, limits=Limits(total=60), rate=Rate(10, 10)) as asked:
        assert asked.fetch(week()).outcome is Outcome.OK
        rate = asked._web.session.host("query2.finance.yahoo.com").limiter.per_second
    assert clock.passed - 1000 >= 7
    assert rate == pytest.approx(5.5)


def test_a_long_wait_is_left_to_the_caller_24(yahoo: FakeYahoo) -> None:
    """FAULTS 24: it does not fit into the deadline, so the answer comes at once."""
    yahoo.arm(throttled("3600"), "NVDA")
    answer = ask(yahoo, clock=FakeClock())
    assert answer.outcome is Outcome.THROTTLED
    assert "no time is left for a wait of 3600 s" in answer.reason
    assert charts(yahoo) == 1


def test_throttled_without_a_word_backs_off_and_stops_25(yahoo: FakeYahoo) -> None:
    """FAULTS 25: full jitter of doubled waits; after some failures nobody asks any more."""
    clock = FakeClock()
    yahoo.arm(throttled(), CHART)
    settings = {"retries": Retries(4, 1.0, 3.0), "patience": Patience(failures=6), "limits": Limits(total=1000)}
    with source(yahoo, clock, **settings) as asked:
        first, second, third = (asked.fetch(week(name)) for name in ("NVDA", "SPY", "AAPL"))
        drawn = asked._web._rng
        yahoo.disarm()
        clock.sleep(60)
        assert asked.fetch(week()).outcome is Outcome.OK
    assert {first.outcome, second.outcome, third.outcome} == {Outcome.THROTTLED}
    assert isinstance(drawn, Drawn)
    assert drawn.ranges[:3] == [(0, 1.0), (0, 2.0), (0, 3.0)]
    assert "left alone for another" in second.reason
    assert third.reason.startswith("Yahoo has failed too often in a row")
    assert charts(yahoo) == 6 + 1


@pytest.mark.parametrize("fault", [hangs(5), drips(0.05), drips(0.02, is_head_slow=True)])
def test_the_deadline_holds_30(yahoo: FakeYahoo, fault: Fault) -> None:
    """FAULTS 30: for silence, a body that drips and headers that drip, all repetitions included."""
    yahoo.arm(fault, "NVDA")
    begun = time.monotonic()
    answer = ask(yahoo, limits=HURRIED)
    assert time.monotonic() - begun < 1.0
    assert answer.outcome is Outcome.BROKEN
    assert "none in time" in answer.reason or "no time was left" in answer.reason


@pytest.mark.parametrize("where", [COOKIE, CRUMB])
def test_a_cookie_or_crumb_that_hangs_does_not_matter(yahoo: FakeYahoo, where: str) -> None:
    """Yahoo's chart needs neither, so it is asked without."""
    yahoo.arm(hangs(5), where, times=1)
    assert ask(yahoo, limits=Limits(read=0.2, total=5)).outcome is Outcome.OK


@pytest.mark.parametrize("where", [COOKIE, CRUMB])
@pytest.mark.parametrize("fault", [redirected("https://evil.test/?crumb=1"), redirected("/"), huge(17 << 20), hung_up])
def test_a_cookie_or_crumb_that_fails_does_not_matter(yahoo: FakeYahoo, where: str, fault: Fault) -> None:
    """Neither a redirect elsewhere nor one in a circle, nor what is too large or too short."""
    yahoo.arm(fault, where, times=1)
    assert ask(yahoo, limits=Limits(max_bytes=1 << 20)).outcome is Outcome.OK
    assert all(request.headers["host"].endswith(".yahoo.com") for request in yahoo.log)


def test_nobody_there(yahoo: FakeYahoo) -> None:
    """A refused connection is broken, not empty."""
    yahoo.close()
    answer = ask(yahoo)
    assert answer.outcome is Outcome.BROKEN
    assert "Failed to connect" in answer.reason
    assert "attempt 3" in answer.reason


@pytest.mark.parametrize(
    "fault", [throttled(), answers(200, b"Too Many Requests\r\n", "text/plain"), page(), page(503), empty]
)
def test_a_crumb_that_is_none_is_done_without(yahoo: FakeYahoo, fault: Fault) -> None:
    """It is never sent along, as yfinance would the text of a 429, and not asked for with every symbol."""
    yahoo.arm(fault, CRUMB)
    with source(yahoo) as asked:
        assert [asked.fetch(week(name)).outcome for name in ("NVDA", "SPY", "AAPL")] == [Outcome.OK] * 3
    assert {request.query.get("crumb") or None for request in yahoo.requests(CHART)} == {None}
    assert len(yahoo.requests(CRUMB)) <= 2


def test_crumbs_are_asked_for_again_after_a_while(yahoo: FakeYahoo) -> None:
    """Five minutes after a throttle."""
    clock = FakeClock()
    yahoo.arm(throttled(), CRUMB, times=1)
    with source(yahoo, clock) as asked:
        asked.fetch(week())
        clock.sleep(301)
        asked.fetch(week("SPY"))
    assert [request.query.get("crumb") for request in yahoo.requests(CHART)] == [None, yahoo.crumb]


def test_a_crumb_that_has_expired_is_renewed(yahoo: FakeYahoo) -> None:
    """After a 401, by yfinance's other way to a cookie."""
    yahoo.needs_crumb = True
    with source(yahoo) as asked:
        assert asked.fetch(week()).outcome is Outcome.OK
        yahoo.crumb = "another"
        assert asked.fetch(week()).outcome is Outcome.OK
        assert asked.fetch(week("SPY")).outcome is Outcome.OK
    assert [request.query["crumb"] for request in yahoo.requests(CHART)][1:] == ["Zb.1/crumb", "another", "another"]


def test_consent_is_given_once(yahoo: FakeYahoo) -> None:
    """A redirect to consent.yahoo.com ends at the chart, by yfinance's click on the form."""
    yahoo.needs_consent = True
    with source(yahoo) as asked:
        assert asked.fetch(week()).bars.height == 5
        assert asked.fetch(week("SPY")).bars.height == 5
    assert len(yahoo.requests("/v2/collectConsent")) == 2  # the form, and its answer
    assert charts(yahoo) == 3


def test_threads_share_cookie_crumb_and_limiter(yahoo: FakeYahoo) -> None:
    """Twelve symbols by four threads: one cookie, one crumb, and no two charts closer than the rate allows."""
    names = ["NVDA", "SPY", "AAPL", "NEWCO"] * 3
    with source(yahoo, rate=Rate(50)) as asked, ThreadPoolExecutor(4) as pool:
        answers_ = list(pool.map(lambda name: asked.fetch(week(name)), names))
    assert [answer.request.symbol for answer in answers_ if answer.outcome is Outcome.OK] == names
    assert [answer.listing.first_day == date(2023, 9, 14) for answer in answers_] == [n == "NEWCO" for n in names]
    assert len([request for request in yahoo.log if request.headers["host"] == "fc.yahoo.com"]) == 1
    assert len(yahoo.requests(CRUMB)) == 1
    at = sorted(request.at for request in yahoo.requests(CHART))
    assert at[-1] - at[0] >= 11 * 0.02 * 0.9


def test_two_sources_share_the_limiter_of_a_host(yahoo: FakeYahoo) -> None:
    """It belongs to the process, not to the object."""
    clock = FakeClock()
    hosts = Hosts(clock)
    for _ in range(3):
        one = YahooPrices(yahoo.base_url, manners=Manners(Rate(0.5)), hosts=hosts)
        assert one.fetch(week()).outcome is Outcome.OK
        one.close()
    assert sum(clock.slept) == pytest.approx(4.0, rel=0.1)  # two charts after the first, at 1.1 of the rate and less


def test_a_turn_beyond_the_deadline_is_not_waited_for(yahoo: FakeYahoo) -> None:
    """The answer is throttled: what there is was not measured."""
    with source(yahoo, FakeClock(), rate=Rate(0.01), limits=Limits(total=10)) as asked:
        assert asked.fetch(week()).outcome is Outcome.OK
        late = asked.fetch(week("SPY", last=FRIDAY))
    assert late.outcome is Outcome.THROTTLED
    assert "the turn to ask query2.finance.yahoo.com comes after the deadline" in late.reason
    assert charts(yahoo) == 1


def test_yahoo_is_asked_once_in_two_seconds() -> None:
    """What the product uses unless told otherwise."""
    assert MANNERS.rate == Rate(0.5, 1)

"""Yahoo's news and its calendar of results, in the shape in which yfinance reads them, and every trap of theirs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pipelines.fake_providers import faults
from pipelines.fake_providers.server import Fault
from pipelines.fake_providers.yahoo import CRUMB
from pipelines.fake_providers.yahoo_news import CALENDAR, NEWS, FakeYahooNews, story
from pipelines.sources.live import Outcome
from pipelines.sources.news import NewsAnswer, NewsRequest
from pipelines.sources.web.hosts import Hosts
from pipelines.sources.web.limiter import Rate
from pipelines.sources.web.manners import Limits, Manners
from pipelines.sources.web.retry import Retries
from pipelines.sources.yahoo_earnings import YahooEarnings
from pipelines.sources.yahoo_news import YahooNews
from tests.fake_clock import Drawn, FakeClock
from tests.recorded.asking_news import HOSTILE, NOON, at, attributes, check
from tests.recorded.yahoo_rig import market

HURRIED = Manners(Rate(1000, 50), Retries(3, 0.01), limits=Limits(total=20.0, max_bytes=4 << 20))
SINKS = story("uuid-1", "Nvidia  sinks &amp; AMD follows", at("2025-01-27 10:30"))
RESULTS = ["NVDA", "NVIDIA Corporation", "Q4 2025 Earnings Announcement", "2025-02-26T21:00:00.000Z", "AMC", 0.85, 0, 0]
FIRST, LAST = at("2025-02-01"), at("2025-03-01")


@pytest.fixture
def yahoo() -> Iterator[FakeYahooNews]:
    """Start a fake Yahoo with an item and a date."""
    with FakeYahooNews(market()) as server:
        server.news["NVDA"] = [SINKS]
        server.dates = [RESULTS]
        yield server


def ask(yahoo: FakeYahooNews, source: Any = YahooNews, query: str = "NVDA", *window: Any) -> NewsAnswer:
    """Ask once, by a clock that takes no time."""
    made = source(yahoo.base_url, manners=HURRIED, hosts=Hosts(FakeClock()), rng=Drawn())
    try:
        return check(made.fetch(NewsRequest(query, *window)))
    finally:
        made.close()


def test_an_entry_is_a_headline(yahoo: FakeYahooNews) -> None:
    """Its securities are those that it names itself, not the one under which Yahoo shows it."""
    item = ask(yahoo).items.row(0, named=True)
    assert (item["item_id"], item["url"]) == ("uuid-1", "https://finance.yahoo.com/news/uuid-1.html")
    assert (item["title"], item["publisher"]) == ("Nvidia sinks & AMD follows", "Reuters")
    assert item["occurred_at"] == item["available_at"] == at("2025-01-27 10:30")
    assert (item["time_basis"], item["symbols"], item["kind"]) == ("offset", "[]", "headline")
    tickers = [{"symbol": "NVDA"}, {"symbol": "AMD"}, {"symbol": "NVDA"}, {}]
    yahoo.news["NVDA"] = [story("uuid-2", "Both", at("2025-01-27 10:30"), finance={"stockTickers": tickers})]
    assert ask(yahoo).items["symbols"].to_list() == ['["NVDA", "AMD"]']


def test_the_request_is_that_of_yfinance(yahoo: FakeYahooNews) -> None:
    """To Yahoo's own host, with cookie and crumb."""
    answer = ask(yahoo)
    request = yahoo.requests(NEWS)[0]
    assert (request.method, request.headers["host"]) == ("POST", "finance.yahoo.com")
    assert request.query == {"queryRef": "latestNews", "serviceKey": "ncp_fin", "crumb": yahoo.crumb}
    assert yahoo.asked == [{"serviceConfig": {"snippetCount": 50, "s": ["NVDA"]}}]
    assert "crumb" not in answer.url


def test_advertisements_are_left_out_and_counted(yahoo: FakeYahooNews) -> None:
    """They look like items, but for one key."""
    yahoo.news["NVDA"] = [{**story("ad-1", "Buy now", at("2025-01-27")), "ad": [{"x": 1}]}, {**SINKS, "ad": []}]
    answer = ask(yahoo)
    assert answer.items["item_id"].to_list() == ["uuid-1"]
    assert answer.extra["advertisements"] == "1"


def test_an_entry_without_link_or_title_is_left_out_and_counted(yahoo: FakeYahooNews) -> None:
    """One link is enough."""
    click = {"url": "https://example.com/1"}
    yahoo.news["NVDA"] = [
        story("a", "x", at("2025-01-27"), canonicalUrl=None, clickThroughUrl=click),
        story("b", "x", at("2025-01-27"), canonicalUrl=None),
        story("c", "", at("2025-01-27")),
        {"id": "d", "content": None},
    ]
    answer = ask(yahoo)
    assert answer.items["url"].to_list() == ["https://example.com/1"]
    assert answer.extra["entries_without_link_or_title"] == "3"


def test_fault_47_an_edit_is_another_version_of_the_same_item(yahoo: FakeYahooNews) -> None:
    """Under the same uuid; a time that lies ahead counts from when it was seen."""
    before = ask(yahoo).items
    yahoo.news["NVDA"] = [story("uuid-1", "Nvidia recovers", at("2025-01-27 18:30"))]
    after = ask(yahoo).items
    assert before["item_id"].to_list() == after["item_id"].to_list()
    assert after["available_at"].to_list() == [NOON]


def test_nothing_on_a_symbol_is_empty(yahoo: FakeYahooNews) -> None:
    """Yahoo does not tell a symbol without news from one that does not exist."""
    assert ask(yahoo, query="NOPE").outcome is Outcome.EMPTY


def test_a_crumb_that_is_not_valid_any_more_is_renewed(yahoo: FakeYahooNews) -> None:
    """By yfinance, after a 401."""
    yahoo.needs_crumb = True
    made = YahooNews(yahoo.base_url, manners=HURRIED, hosts=Hosts(FakeClock()), rng=Drawn())
    assert made.fetch(NewsRequest("NVDA")).outcome is Outcome.OK
    yahoo.crumb = "another"
    outcomes = {made.fetch(NewsRequest("NVDA")).outcome for _ in range(2)}
    assert Outcome.OK in outcomes
    made.close()


def test_a_crumb_that_is_throttled_is_done_without(yahoo: FakeYahooNews) -> None:
    """The text of a 429 is no crumb."""
    yahoo.arm(faults.throttled(), CRUMB)
    assert ask(yahoo).outcome is Outcome.OK
    assert "crumb" not in yahoo.requests(NEWS)[0].query


def test_fault_49_headlines_that_are_more_than_text_survive_as_data(yahoo: FakeYahooNews) -> None:
    """And half of a surrogate pair is a question mark."""
    titles = [*HOSTILE, "half \ud83d"]
    yahoo.news["NVDA"] = [story(str(n), title, at("2025-01-27")) for n, title in enumerate(titles)]
    assert ask(yahoo).items["title"].to_list() == [*HOSTILE, "half ?"]


FAILURES: list[tuple[Fault, Outcome]] = [
    (faults.throttled(), Outcome.THROTTLED),
    (faults.answers(200, b"Edge: Too Many Requests", "text/html"), Outcome.THROTTLED),
    (faults.answers(403, b"<html>no</html>", "text/html"), Outcome.THROTTLED),
    (faults.answers(999, b"", "text/html"), Outcome.THROTTLED),
    (faults.answers(401, b"{}"), Outcome.BROKEN),
    (faults.answers(404, b"<html></html>", "text/html"), Outcome.REFUSED),
    (faults.page(200), Outcome.BROKEN),
    (faults.page(503), Outcome.BROKEN),
    (faults.cut, Outcome.BROKEN),
    (faults.hung_up, Outcome.BROKEN),
    (faults.empty, Outcome.BROKEN),
    (faults.huge(5 << 20), Outcome.BROKEN),
    (faults.redirected("https://169.254.169.254/latest"), Outcome.BROKEN),
    (faults.redirected("file:///etc/passwd"), Outcome.BROKEN),
    (faults.redirected("https://consent.yahoo.com/v2/collectConsent"), Outcome.BROKEN),
    (faults.answers(200, b'{"data": null}'), Outcome.BROKEN),
    (faults.answers(200, b'{"data": {"tickerStream": {"stream": [1]}}}'), Outcome.BROKEN),
    (faults.answers(200, b'{"finance": {"result": null, "error": {"code": "x"}}}'), Outcome.BROKEN),
    (faults.answers(200, b'{"finance": {"result": [{"documents": [{"columns": [], "rows": []}]}]}}'), Outcome.BROKEN),
]


@pytest.mark.parametrize("source", [YahooNews, YahooEarnings])
@pytest.mark.parametrize(("fault", "outcome"), FAILURES)
def test_each_failure_has_its_outcome(yahoo: FakeYahooNews, source: Any, fault: Fault, outcome: Outcome) -> None:
    """FAULTS 26 and 48: nothing of it is taken for no news, and nothing is asked elsewhere."""
    yahoo.arm(fault, NEWS)
    yahoo.arm(fault, CALENDAR)
    answer = ask(yahoo, source)
    assert answer.outcome is outcome
    assert answer.items.is_empty()


def test_a_window_and_no_symbol_are_not_asked(yahoo: FakeYahooNews) -> None:
    """Yahoo's news has no history."""
    answer = ask(yahoo, YahooNews, "NVDA", FIRST, LAST)
    assert answer.outcome is Outcome.REFUSED
    assert "no history" in answer.reason
    assert ask(yahoo, query=" ").outcome is Outcome.REFUSED
    assert ask(yahoo, YahooEarnings, "NVDA", LAST, FIRST).outcome is Outcome.REFUSED
    assert yahoo.log == []


def test_a_date_of_results_is_known_from_when_it_was_first_seen(yahoo: FakeYahooNews) -> None:
    """It lies ahead, and says nothing of what will come."""
    answer = ask(yahoo, YahooEarnings, "NVDA", FIRST, LAST)
    item = answer.items.row(0, named=True)
    assert (item["source"], item["item_id"], item["kind"]) == ("yahoo_earnings", "NVDA:Q4 2025", "calendar")
    assert item["title"] == "NVIDIA Corporation: Q4 2025 Earnings Announcement on 2025-02-26 after the close"
    assert item["occurred_at"] == at("2025-02-26 21:00")
    assert (item["available_at"], item["time_basis"], item["symbols"]) == (NOON, "first_seen", '["NVDA"]')
    assert attributes(answer) == {"day": "2025-02-26", "timing": "AMC", "eps_estimate": 0.85, "eps_actual": 0}


def test_a_date_that_is_moved_is_another_version_of_the_same_item(yahoo: FakeYahooNews) -> None:
    """Known by its quarter; without one by its day."""
    before = ask(yahoo, YahooEarnings, "NVDA", FIRST, LAST).items
    yahoo.dates = [[*RESULTS[:3], "2025-02-27T00:00:00.000Z", "TNS", 0.9, None, None]]
    after = ask(yahoo, YahooEarnings, "NVDA", FIRST, LAST).items
    assert before["item_id"].to_list() == after["item_id"].to_list()
    assert (after["precision"][0], after["title"][0][-10:]) == ("day", "2025-02-27")
    yahoo.dates = [["NVDA", None, None, "2025-02-27T00:00:00.000Z", None, None, None, None]]
    assert ask(yahoo, YahooEarnings, "NVDA", FIRST, LAST).items["item_id"].to_list() == ["NVDA:2025-02-27"]


def test_the_calendar_is_asked_page_by_page_for_the_days_of_a_window(yahoo: FakeYahooNews) -> None:
    """100 rows at once; the last day is included, what lies beyond it is left out and counted."""
    yahoo.dates = [
        [f"S{n}", "Company", None, f"2025-02-{n % 27 + 1:02}T12:00:00.000Z", "BMO", 1, 0, 0] for n in range(250)
    ]
    yahoo.dates.append(["LATE", "Late", None, "2025-03-01T23:00:00.000Z", "AMC", 1, 0, 0])
    yahoo.dates.append(["BEYOND", "Beyond", None, "2025-03-02", "AMC", 1, 0, 0])
    answer = ask(yahoo, YahooEarnings, "", FIRST, LAST)
    assert answer.items.height == 251
    assert "LATE:2025-03-01" in answer.items["item_id"].to_list()
    assert answer.extra == {"rows_outside": "1", "rows_repeated": "0"}
    assert [body["offset"] for body in yahoo.asked] == [0, 100, 200]
    assert yahoo.requests(CALENDAR)[0].headers["host"] == "query1.finance.yahoo.com"


def test_several_symbols_are_asked_for_at_once(yahoo: FakeYahooNews) -> None:
    """Without a window for the next 90 days; '; DROP is a symbol that nobody has."""
    yahoo.dates.append(["AMD", "AMD", None, "2025-02-04T21:15:00.000Z", "AMC", 1, 0, 0])
    assert ask(yahoo, YahooEarnings, "nvda, AMD,'; DROP").items["symbols"].to_list() == ['["AMD"]', '["NVDA"]']


def test_a_page_that_fails_leaves_the_whole_calendar_unmeasured(yahoo: FakeYahooNews) -> None:
    """The second of two."""
    yahoo.dates = [[f"S{n}", "Company", None, "2025-02-03", "BMO", 1, 0, 0] for n in range(150)]

    def later(reply: Any) -> Any:
        return reply if len(yahoo.asked) < 2 else faults.throttled()(reply)

    yahoo.arm(later, CALENDAR)
    assert ask(yahoo, YahooEarnings, "", FIRST, LAST).outcome is Outcome.THROTTLED


def test_no_dates_are_empty(yahoo: FakeYahooNews) -> None:
    """With a table of no rows, or none at all."""
    assert ask(yahoo, YahooEarnings, "INTC", FIRST, LAST).outcome is Outcome.EMPTY
    yahoo.arm(faults.answers(200, b'{"finance": {"result": [{"documents": []}], "error": null}}'), CALENDAR)
    assert ask(yahoo, YahooEarnings, "NVDA", FIRST, LAST).outcome is Outcome.EMPTY

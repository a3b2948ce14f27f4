"""The history of nasdaq.com, in the shapes in which it was seen, and every trap of its."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from pipelines.fake_providers import faults
from pipelines.fake_providers.market import Security
from pipelines.fake_providers.nasdaq import FakeNasdaq
from pipelines.sources.live import BarsRequest, Outcome
from pipelines.sources.nasdaq_prices import MANNERS, NasdaqPrices
from pipelines.sources.web.client import USER_AGENT
from pipelines.sources.web.clock import SystemClock
from pipelines.sources.web.hosts import Hosts
from pipelines.sources.web.limiter import Rate
from pipelines.sources.web.manners import Limits, Manners
from pipelines.sources.web.retry import Retries
from tests.recorded.asking import CLOSED, FIRST, LAST, TODAY, ask, ask_recorded, asking, market

ROW = {
    "date": "01/13/2025",
    "close": "$1,341.07",
    "volume": "30,002,510",
    "open": "$1,336.04",
    "high": "$1,341.67",
    "low": "$1,334.53",
}


@pytest.fixture
def server() -> Iterator[FakeNasdaq]:
    """Start a fake nasdaq.com."""
    with FakeNasdaq(market()) as server:
        yield server


def recorded(rows: list[dict[str, Any]] | None, **data: Any) -> str:
    """Return an answer with these rows."""
    table = {"asOf": None, "headers": {}, "rows": rows}
    whole = {"symbol": "AAPL", "totalRecords": len(rows or []), "tradesTable": table, **data}
    return json.dumps({"data": whole, "message": None, "status": {"rCode": 200}})


def test_dollars_and_commas_are_read() -> None:
    """And the month comes first."""
    bar = ask_recorded(NasdaqPrices, recorded([ROW]), "AAPL").bars.row(0, named=True)
    assert bar == {
        "date": date(2025, 1, 13),
        "opened_at": datetime(2025, 1, 13, tzinfo=UTC),
        "open": 1336.04,
        "high": 1341.67,
        "low": 1334.53,
        "close": 1341.07,
        "adj_close": None,
        "volume": 30_002_510.0,
    }


@pytest.mark.parametrize("nothing", ["N/A", "", "--", None])
def test_a_cell_without_a_value_is_null(nothing: str | None) -> None:
    """The row stays."""
    bar = ask_recorded(NasdaqPrices, recorded([ROW | {"volume": nothing, "open": nothing}]), "AAPL").bars
    assert bar.select("open", "close", "volume").row(0) == (None, 1341.07, None)


def test_the_newest_comes_first_and_is_put_last(server: FakeNasdaq) -> None:
    """Days are the sessions of the market, with prices in cents."""
    answer = ask(NasdaqPrices, server, "AAPL")
    expected = server.market.bars("AAPL", FIRST, LAST)
    assert answer.bars["date"].to_list() == [bar.session for bar in expected]
    assert CLOSED not in answer.bars["date"].to_list()
    assert answer.bars["close"].to_list() == [round(bar.close, 2) for bar in expected]
    assert answer.bars["volume"].to_list() == [bar.volume for bar in expected]
    assert server.log[0].query == {
        "assetclass": "stocks",
        "fromdate": "2025-01-06",
        "todate": "2025-01-17",
        "limit": "9999",
    }


def test_it_looks_like_a_browser(server: FakeNasdaq) -> None:
    """With the page that a browser would come from."""
    ask(NasdaqPrices, server, "AAPL")
    sent = server.log[0].headers
    assert sent["user-agent"].startswith("Mozilla/5.0")
    assert (sent["origin"], sent["referer"]) == ("https://www.nasdaq.com", "https://www.nasdaq.com/")


def test_fault_30_whoever_is_no_browser_hears_nothing_and_gives_up(server: FakeNasdaq) -> None:
    """The server hangs rather than refuses."""
    headers = {**MANNERS.headers, "User-Agent": USER_AGENT}
    manners = Manners(Rate(100), Retries(2, first=0.01), limits=Limits(read=0.2), headers=headers)
    source = NasdaqPrices(server.base_url, manners=manners, hosts=Hosts(SystemClock()))
    answer = source.fetch(BarsRequest("AAPL", FIRST, LAST))
    source.close()
    assert answer.outcome is Outcome.BROKEN
    assert "ReadTimeout" in answer.reason
    assert len(server.log) == 2


def test_a_fund_is_found_under_its_own_asset_class_and_remembered(server: FakeNasdaq) -> None:
    """First among the stocks, which do not have it; the next time among the funds at once."""
    with asking(NasdaqPrices, server) as source:
        answers = [source.fetch(BarsRequest("SPY", FIRST, LAST)) for _ in range(2)]
    assert [request.query["assetclass"] for request in server.log] == ["stocks", "etf", "etf"]
    assert [answer.listing.kind for answer in answers] == ["etf", "etf"]
    assert answers[0].bars["close"].to_list() == [round(bar.close, 2) for bar in server.market.bars("SPY", FIRST, LAST)]


def test_fault_29_data_null_with_rcode_400_is_an_unknown_symbol(server: FakeNasdaq) -> None:
    """Status 200, and refused all the same; each asset class was asked once."""
    answer = ask(NasdaqPrices, server, "NOPE")
    assert (answer.outcome, len(server.log)) == (Outcome.REFUSED, 2)
    assert "Symbol not exists" in answer.body


def test_data_null_with_another_rcode_is_broken() -> None:
    """It says nothing about the symbol."""
    for code in (200, 500, None):
        body = json.dumps({"data": None, "message": None, "status": {"rCode": code}})
        assert ask_recorded(NasdaqPrices, body, "AAPL").outcome is Outcome.BROKEN


@pytest.mark.parametrize("table", [{"rows": None}, {"rows": []}, None])
def test_fault_28_days_without_a_session_are_empty(table: dict[str, Any] | None) -> None:
    """In whatever way it is said."""
    assert ask_recorded(NasdaqPrices, recorded(None, tradesTable=table), "AAPL").outcome is Outcome.EMPTY


def test_fault_28_a_holiday_is_empty(server: FakeNasdaq) -> None:
    """The server has no row for it."""
    assert ask(NasdaqPrices, server, "AAPL", first=CLOSED, last=CLOSED).outcome is Outcome.EMPTY


def test_rows_that_were_cut_off_are_broken() -> None:
    """There should be more of them than came."""
    answer = ask_recorded(NasdaqPrices, recorded([ROW], totalRecords=2), "AAPL")
    assert answer.outcome is Outcome.BROKEN
    assert "expected all of 2 days, got 1" in answer.reason


def test_the_answer_for_another_symbol_is_broken() -> None:
    """A cache in between may mix them up."""
    assert ask_recorded(NasdaqPrices, recorded([ROW], symbol="MSFT"), "AAPL").outcome is Outcome.BROKEN


@pytest.mark.parametrize(
    "change",
    [{"close": "$abc"}, {"date": "2025-01-13"}, {"date": "13/01/2025"}, {"close": ["1"]}, {"close": True}],
)
def test_fault_41_a_cell_that_cannot_be_read_is_broken(change: dict[str, Any]) -> None:
    """Day before month cannot be read either."""
    assert ask_recorded(NasdaqPrices, recorded([ROW | change]), "AAPL").outcome is Outcome.BROKEN


def test_fault_41_a_column_that_is_missing_is_broken() -> None:
    """It is not null."""
    row = {name: cell for name, cell in ROW.items() if name != "close"}
    assert ask_recorded(NasdaqPrices, recorded([row]), "AAPL").outcome is Outcome.BROKEN


def test_fault_31_a_split_rewrites_the_whole_history(server: FakeNasdaq) -> None:
    """Two polls of the same days, before and after: the prices are a tenth, the volume ten times as much."""
    before = ask(NasdaqPrices, server, "NVDA")
    server.market.add_split("NVDA", date(2025, 2, 3), 10)
    server.market.add_dividend("NVDA", date(2025, 2, 3), 1)
    assert ask(NasdaqPrices, server, "NVDA").bars.equals(before.bars)
    server.market.today = date(2025, 2, 3)
    after = ask(NasdaqPrices, server, "NVDA")
    assert (after.bars["close"] * 10).to_list() == pytest.approx(before.bars["close"].to_list(), abs=0.06)
    assert (after.bars["volume"] / 10).to_list() == before.bars["volume"].to_list()


def test_a_class_of_shares_has_a_dot_there(server: FakeNasdaq) -> None:
    """Ours has a dash."""
    server.market.add(Security("BRK-B", price=450))
    answer = ask(NasdaqPrices, server, "BRK-B")
    assert (answer.outcome, server.log[0].path) == (Outcome.OK, "/api/quote/BRK.B/historical")
    assert answer.request.symbol == "BRK-B"


def test_fault_26_access_denied_is_refused_and_a_page_is_broken(server: FakeNasdaq) -> None:
    """403 from its guard, and 200 with HTML."""
    server.arm(faults.page(403), times=1)
    assert ask(NasdaqPrices, server, "AAPL").outcome is Outcome.REFUSED
    server.arm(faults.page())
    assert ask(NasdaqPrices, server, "AAPL").outcome is Outcome.BROKEN


def test_hours_are_not_offered(server: FakeNasdaq) -> None:
    """Nothing is asked."""
    assert ask(NasdaqPrices, server, "AAPL", interval="1h", last=TODAY).outcome is Outcome.REFUSED
    assert server.log == []


def test_fault_41_a_number_in_place_of_its_text_is_read() -> None:
    """Some rows have it so and some do not."""
    bars = ask_recorded(NasdaqPrices, recorded([ROW | {"close": 1341.07}, ROW | {"volume": None}]), "AAPL").bars
    assert bars["close"].to_list() == [1341.07, 1341.07]
    assert bars["volume"].to_list() == [30_002_510.0, None]

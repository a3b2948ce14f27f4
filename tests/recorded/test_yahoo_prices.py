"""What Yahoo says comes through as it said it: bars, stamps, actions, restatements."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pipelines.fake_providers.faults import bomb, zipped
from pipelines.fake_providers.server import FakeServer
from pipelines.fake_providers.yahoo import FakeYahoo
from pipelines.fake_providers.yahoo_faults import (
    cell,
    dividends_in,
    half_rescaled,
    in_other_units,
    live_beside_final,
    meta,
    nothing,
    null_bars,
    without,
)
from pipelines.sources.live import ACTION_COLUMNS, BAR_COLUMNS, BarsRequest, BarsSource, Listing, Outcome
from pipelines.sources.yahoo_prices import SOURCE
from tests.fake_clock import NOON, FakeClock
from tests.recorded.yahoo_rig import FRIDAY, MONDAY, ask, market, source, week

SESSIONS = [date(2025, 1, day) for day in (17, 21, 22, 23, 24)]


@pytest.fixture
def yahoo() -> Iterator[FakeYahoo]:
    """Start a fake Yahoo."""
    with FakeYahoo(market()) as server:
        yield server


def test_bars_are_those_of_the_market(yahoo: FakeYahoo) -> None:
    """Prices to 32 bits, whole volumes, stamps of the open in UTC, no row for the holiday."""
    answer = ask(yahoo, clock=FakeClock())
    assert (answer.outcome, answer.reason, answer.fetched_at) == (Outcome.OK, "", NOON)
    assert dict(answer.bars.schema) == BAR_COLUMNS
    assert answer.bars["date"].to_list() == SESSIONS
    assert answer.bars["opened_at"][0] == datetime(2025, 1, 17, 14, 30, tzinfo=UTC)
    for row, bar in zip(answer.bars.iter_rows(named=True), yahoo.market.bars("NVDA", SESSIONS[0], FRIDAY), strict=True):
        for name in ("open", "high", "low", "close", "volume"):
            assert row[name] == pytest.approx(getattr(bar, name), rel=1e-7)
        assert row["adj_close"] == row["close"]


def test_the_source_is_one_of_bars(yahoo: FakeYahoo) -> None:
    """It has the name of its module, and the address it shows has no crumb."""
    with source(yahoo) as asked:
        checked: BarsSource = asked
        assert checked.name == SOURCE == "yahoo_prices"
        url = checked.fetch(week()).url
    assert url.startswith(f"{yahoo.base_url}/v8/finance/chart/NVDA?period1=")
    assert "crumb" not in url
    assert yahoo.requests("NVDA")[0].query["crumb"] == yahoo.crumb


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        ("NVDA", Listing("USD", "NMS", "America/New_York", "EQUITY", date(2010, 1, 4))),
        ("VOD.L", Listing("GBp", "LSE", "Europe/London", "EQUITY", date(2010, 1, 4))),
        ("SPY", Listing("USD", "PCX", "America/New_York", "ETF", date(2010, 1, 4))),
        ("BTC-USD", Listing("USD", "CCC", "UTC", "CRYPTOCURRENCY", date(2015, 1, 1))),
    ],
)
def test_the_listing_is_kept(yahoo: FakeYahoo, symbol: str, expected: Listing) -> None:
    """Pence stay pence: GBp is not GBP."""
    assert ask(yahoo, week(symbol)).listing == expected


def test_a_listing_may_say_little(yahoo: FakeYahoo) -> None:
    """What is left out is None."""
    yahoo.arm(meta(currency=None, exchangeName=None, instrumentType=None, firstTradeDate=None))
    assert ask(yahoo).listing == Listing(time_zone="America/New_York")


@pytest.mark.parametrize("symbol", ["NVDA", "VOD.L", "7203.T", "BHP.AX", "BTC-USD"])
@pytest.mark.parametrize("first", [date(2024, 3, 8), date(2024, 4, 5), date(2024, 10, 4), date(2024, 11, 1)])
def test_days_are_those_of_the_exchange_38(yahoo: FakeYahoo, symbol: str, first: date) -> None:
    """FAULTS 38: from Sydney, whose session opens the day before in UTC, to New York, across changes of the clock."""
    last = first + timedelta(days=4)
    bars = ask(yahoo, week(symbol, first, last)).bars
    assert bars["date"].to_list() == yahoo.market.sessions(symbol, first, last)


def test_only_the_days_that_were_asked_for_come(yahoo: FakeYahoo) -> None:
    """One day is one bar, although its window is wide enough for any time zone."""
    answer = ask(yahoo, week(first=FRIDAY))
    assert answer.bars["date"].to_list() == [FRIDAY]
    assert answer.extra["rows_outside"] == "1"  # Thursday's, whose session was open at noon in UTC
    yahoo.market.today = FRIDAY
    yahoo.arm(live_beside_final(), "NVDA")
    late = ask(yahoo, week(last=date(2025, 1, 23)))
    assert late.bars["date"].to_list() == SESSIONS[:-1]


def test_a_live_row_keeps_its_stamp_39(yahoo: FakeYahoo) -> None:
    """FAULTS 39: the bar of a running session is stamped now, from which a caller knows it."""
    yahoo.market.is_open = True
    answer = ask(yahoo, week(last=MONDAY))
    assert answer.bars["opened_at"][-1] == datetime(2025, 1, 27, 16, 45, 7, tzinfo=UTC)
    assert answer.bars["date"][-1] == MONDAY
    assert answer.extra["last_trade_at"] == str(int(answer.bars["opened_at"][-1].timestamp()))


def test_live_and_final_rows_of_a_day_both_stay_36(yahoo: FakeYahoo) -> None:
    """FAULTS 36: the caller decides; yfinance would keep the live one."""
    yahoo.arm(live_beside_final(1.5), "NVDA")
    bars = ask(yahoo, week(last=MONDAY)).bars.filter(pl.col("date") == MONDAY)
    assert bars.height == 2
    assert bars["close"][1] == pytest.approx(1.5 * bars["close"][0])
    assert bars["opened_at"].is_sorted()


def test_nulls_stay_nulls_37(yahoo: FakeYahoo) -> None:
    """FAULTS 37: rows of nulls are rows, a volume of null is no 0."""
    yahoo.arm(null_bars(2), "NVDA", times=1)
    bars = ask(yahoo).bars
    assert bars["date"].to_list() == SESSIONS
    assert bars.null_count().row(0) == (0, 0, 2, 2, 2, 2, 2, 2)
    yahoo.arm(cell("volume", -4, None), "NVDA", times=1)
    assert ask(yahoo).bars["volume"].to_list()[1] is None


@pytest.mark.parametrize("value", [math.inf, -1.0, 1e308, 0.0])
def test_impossible_numbers_stay_37(yahoo: FakeYahoo, value: float) -> None:
    """FAULTS 37: the rules on rows judge them."""
    yahoo.arm(cell("low", -4, value), "NVDA")
    assert ask(yahoo).bars["low"][1] == value


def test_not_a_number_is_null_37(yahoo: FakeYahoo) -> None:
    """FAULTS 37: Yahoo's word for a missing cell is null, whatever way it came by a NaN."""
    yahoo.arm(cell("close", -4, math.nan), "NVDA")
    assert ask(yahoo).bars["close"].to_list()[1] is None


@pytest.mark.parametrize(("theirs", "ours"), [("volume", "volume"), ("adjclose", "adj_close"), ("open", "open")])
def test_an_array_that_is_left_out_is_null(yahoo: FakeYahoo, theirs: str, ours: str) -> None:
    """The others stay; adjusted closes are not filled with closes."""
    yahoo.arm(without(theirs), "NVDA")
    bars = ask(yahoo).bars
    assert bars[ours].null_count() == bars.height == 5
    assert bars["close"].null_count() == 0


def test_bars_of_an_hour_have_no_adjusted_close(yahoo: FakeYahoo) -> None:
    """Seven of them make a session of New York, and add up to its day."""
    hours = ask(yahoo, week(interval="1h"), clock=FakeClock()).bars
    days = ask(yahoo).bars
    assert hours["adj_close"].null_count() == hours.height == 5 * 7
    assert hours["opened_at"][:2].dt.minute().to_list() == [30, 30]
    summed = hours.group_by("date", maintain_order=True).agg(
        pl.col("open").first(), pl.col("high").max(), pl.col("low").min(), pl.col("close").last()
    )
    assert_frame_equal(summed, days.select(summed.columns))


def test_bars_of_an_hour_of_crypto_fill_the_day(yahoo: FakeYahoo) -> None:
    """24 a day, on days of UTC."""
    hours = ask(yahoo, week("BTC-USD", FRIDAY, interval="1h"), clock=FakeClock()).bars
    assert hours.height == 24
    assert hours["opened_at"].dt.hour().to_list() == list(range(24))


def test_a_holiday_alone_is_empty_28(yahoo: FakeYahoo) -> None:
    """FAULTS 28: Yahoo leaves all arrays out."""
    answer = ask(yahoo, week(first=date(2025, 1, 18), last=date(2025, 1, 20)))
    assert answer.outcome is Outcome.EMPTY
    assert answer.reason == "expected bars from 2025-01-18 to 2025-01-20, got a chart of NVDA without any"
    assert answer.listing.currency == "USD"
    assert dict(answer.bars.schema) == BAR_COLUMNS


def test_nothing_on_a_session_is_empty_too_27(yahoo: FakeYahoo) -> None:
    """FAULTS 27: the source knows no calendar; whoever does says that this is a failure."""
    yahoo.arm(nothing(), "NVDA")
    assert ask(yahoo).outcome is Outcome.EMPTY


def test_before_the_listing_there_is_nothing(yahoo: FakeYahoo) -> None:
    """Status 400 says so in words."""
    answer = ask(yahoo, week("NEWCO", date(2020, 1, 6), date(2020, 1, 10)))
    assert answer.outcome is Outcome.EMPTY
    assert "Data doesn't exist for startDate" in answer.reason


def test_a_packed_answer_is_unpacked(yahoo: FakeYahoo) -> None:
    """Gzip is what a browser asks for."""
    yahoo.arm(zipped, "NVDA")
    assert ask(yahoo).bars.height == 5


def test_actions_have_kind_and_day(yahoo: FakeYahoo) -> None:
    """Dividends and capital gains per share, splits as new per old, ordered by day."""
    yahoo.market.add_dividend("SPY", date(2025, 1, 22), 0.4)
    yahoo.market.add_split("SPY", date(2025, 1, 23), 1.5)
    yahoo.capital_gains["SPY", date(2025, 1, 21)] = 0.03
    actions = ask(yahoo, week("SPY")).actions
    assert dict(actions.schema) == ACTION_COLUMNS
    assert actions.rows() == [
        (date(2025, 1, 21), "capital_gain", 0.03),
        (date(2025, 1, 22), "dividend", pytest.approx(0.4 / 1.5)),
        (date(2025, 1, 23), "split", 1.5),
    ]


def test_the_currency_of_a_dividend_is_told_if_it_differs(yahoo: FakeYahoo) -> None:
    """Some companies pay in another currency than they are quoted in."""
    yahoo.market.add_dividend("VOD.L", date(2025, 1, 22), 0.4)
    assert "dividend_currency" not in ask(yahoo, week("VOD.L")).extra
    yahoo.arm(dividends_in("EUR"), "VOD.L")
    assert ask(yahoo, week("VOD.L")).extra["dividend_currency"] == "EUR"


def test_a_split_between_two_polls_rewrites_history(yahoo: FakeYahoo) -> None:
    """Prices of all days are divided, volumes multiplied, by ten; nobody remembers the first answer."""
    yahoo.market.add_split("NVDA", MONDAY, 10)
    yahoo.market.today = FRIDAY
    with source(yahoo) as asked:
        before = asked.fetch(week(last=FRIDAY))
        yahoo.market.today = MONDAY
        after = asked.fetch(week(last=FRIDAY))
        whole = asked.fetch(week(last=MONDAY))
    assert _ratios(before.bars, after.bars, "close") == pytest.approx([10.0] * 5, rel=1e-6)
    assert _ratios(after.bars, before.bars, "volume") == pytest.approx([10.0] * 5)
    assert after.actions.is_empty()  # it lies outside of the window
    assert whole.actions.rows() == [(MONDAY, "split", 10.0)]
    assert _largest_move(whole.bars) < 0.2


def test_a_dividend_between_two_polls_rewrites_adjusted_closes_alone(yahoo: FakeYahoo) -> None:
    """By 1 - dividend / close before it; raw prices stay."""
    yahoo.market.add_dividend("NVDA", MONDAY, 2.0)
    yahoo.market.today = FRIDAY
    with source(yahoo) as asked:
        before = asked.fetch(week(last=FRIDAY))
        yahoo.market.today = MONDAY
        after = asked.fetch(week(last=FRIDAY))
    assert_frame_equal(before.bars.drop("adj_close"), after.bars.drop("adj_close"))
    paid_out = 1 - 2.0 / before.bars["close"][-1]
    assert _ratios(after.bars, before.bars, "adj_close") == pytest.approx([paid_out] * 5, rel=1e-6)


def test_a_revision_between_two_polls_is_seen(yahoo: FakeYahoo) -> None:
    """One day changes, the others do not."""
    with source(yahoo) as asked:
        before = asked.fetch(week())
        yahoo.market.revise("NVDA", date(2025, 1, 22), 1.01)
        after = asked.fetch(week())
    assert _ratios(after.bars, before.bars, "close") == pytest.approx([1, 1, 1.01, 1, 1], abs=1e-6)


def test_other_units_come_through_35(yahoo: FakeYahoo) -> None:
    """FAULTS 35: pence for pounds are for the overlap with what is stored to find."""
    plain = ask(yahoo, week("VOD.L")).bars
    yahoo.arm(in_other_units(100), "VOD.L")
    assert _ratios(ask(yahoo, week("VOD.L")).bars, plain, "close") == pytest.approx([100] * 5)


def test_a_split_of_half_the_rows_comes_through_32(yahoo: FakeYahoo) -> None:
    """FAULTS 32: the older half is not rescaled yet."""
    yahoo.market.add_split("NVDA", MONDAY, 4)
    plain = ask(yahoo).bars
    yahoo.arm(half_rescaled(4), "NVDA")
    assert _ratios(ask(yahoo).bars, plain, "close") == pytest.approx([4, 4, 1, 1, 1])


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (week(interval="5m"), "expected an interval of"),
        (week(first=MONDAY, last=FRIDAY), "first day that is not after the last"),
        (week(" "), "expected a symbol"),
        (week(first=date(2023, 1, 28), interval="1h"), "Yahoo has bars of 1h for 730 days, from 2023-01-29 on"),
    ],
)
def test_a_senseless_request_is_not_sent(yahoo: FakeYahoo, request_: BarsRequest, reason: str) -> None:
    """It is refused here, with what to do."""
    answer = ask(yahoo, request_, clock=FakeClock())
    assert answer.outcome is Outcome.REFUSED
    assert reason in answer.reason
    assert yahoo.log == []


def test_the_oldest_hours_can_be_had(yahoo: FakeYahoo) -> None:
    """The first day within 730 days, although its window would begin before them."""
    answer = ask(yahoo, week("BTC-USD", date(2023, 1, 29), date(2023, 1, 29), "1h"), clock=FakeClock())
    assert (answer.outcome, answer.bars.height) == (Outcome.OK, 24)


def test_symbols_are_escaped(yahoo: FakeYahoo) -> None:
    """A symbol is one part of the path, whatever is in it."""
    for symbol in ("^GSPC", "../v7/x", "A?b=c", "GC=F"):
        assert ask(yahoo, week(symbol)).outcome is Outcome.REFUSED
    paths = [request.path for request in yahoo.log if request.path.startswith("/v8")]
    assert paths == [f"/v8/finance/chart/{symbol}" for symbol in ("^GSPC", "../v7/x", "A?b=c", "GC=F")]


def test_a_bomb_is_cut_off(yahoo: FakeYahoo) -> None:
    """The cap holds for what is unpacked, and asking again would not help."""
    yahoo.arm(bomb(60 << 20), "NVDA")
    answer = ask(yahoo)
    assert answer.outcome is Outcome.BROKEN
    assert "expected at most" in answer.reason
    assert len(_charts(yahoo)) == 1


def _charts(server: FakeServer) -> list[str]:
    return [request.path for request in server.requests("/v8/finance/chart/")]


def _ratios(one: pl.DataFrame, other: pl.DataFrame, column: str) -> list[float]:
    assert one["date"].to_list() == other["date"].to_list()
    return (one[column] / other[column]).to_list()


def _largest_move(bars: pl.DataFrame) -> float:
    return float(bars["close"].pct_change().abs().max())  # type: ignore[arg-type]

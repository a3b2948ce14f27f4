"""Coinbase's candles, in the shapes in which they were seen, and every trap of theirs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from pipelines.fake_providers import faults
from pipelines.fake_providers.coinbase import FakeCoinbase
from pipelines.sources.coinbase_prices import CoinbasePrices
from pipelines.sources.live import Outcome
from tests.recorded.asking import FIRST, LAST, ask, ask_recorded, market

DAY = datetime(2025, 1, 6, tzinfo=UTC)
STAMP = int(DAY.timestamp())


@pytest.fixture
def server() -> Iterator[FakeCoinbase]:
    """Start a fake Coinbase."""
    with FakeCoinbase(market()) as server:
        yield server


def test_columns_are_low_high_open_close() -> None:
    """Low comes before high, and both before the open."""
    bar = ask_recorded(CoinbasePrices, json.dumps([[STAMP, 1, 4, 2, 3, 9.5]]), "BTC-USD").bars.row(0, named=True)
    assert bar == {
        "date": DAY.date(),
        "opened_at": DAY,
        "open": 2.0,
        "high": 4.0,
        "low": 1.0,
        "close": 3.0,
        "adj_close": None,
        "volume": 9.5,
    }


def test_the_newest_comes_first_and_is_put_last(server: FakeCoinbase) -> None:
    """Bars are those of the market, in ascending order."""
    answer = ask(CoinbasePrices, server, "BTC-USD")
    expected = server.market.bars("BTC-USD", FIRST, LAST)
    rows = answer.bars.select("date", "open", "high", "low", "close", "volume").rows()
    assert rows == [tuple(bar[:6]) for bar in expected]
    assert (answer.listing.currency, answer.listing.time_zone, answer.listing.kind) == ("USD", "UTC", "crypto")


def test_more_than_300_days_come_in_pages(server: FakeCoinbase) -> None:
    """No day is asked for twice, none is missed, and no page is too long."""
    answer = ask(CoinbasePrices, server, "BTC-USD", first=date(2023, 1, 1), last=date(2024, 12, 31))
    assert answer.bars["date"].to_list() == [date(2023, 1, 1) + timedelta(n) for n in range(731)]
    assert len(server.log) == 3
    assert server.log[0].query == {
        "granularity": "86400",
        "start": "2023-01-01T00:00:00Z",
        "end": "2023-10-27T00:00:00Z",
    }


def test_hours_are_asked_for_in_seconds(server: FakeCoinbase) -> None:
    """Each of the 24 hours of each day, dated in UTC."""
    answer = ask(CoinbasePrices, server, "BTC-USD", interval="1h")
    assert answer.bars["opened_at"].to_list() == [DAY + timedelta(hours=n) for n in range(12 * 24)]
    assert answer.bars["date"].n_unique() == 12
    assert server.log[0].query["granularity"] == "3600"


def test_gaps_are_left_out(server: FakeCoinbase) -> None:
    """A day without a trade has no candle, and none is made up."""
    server.market.halt("BTC-USD", date(2025, 1, 8))
    days = ask(CoinbasePrices, server, "BTC-USD").bars["date"].to_list()
    assert len(days) == 11
    assert date(2025, 1, 8) not in days


def test_before_the_first_trade_there_is_nothing(server: FakeCoinbase) -> None:
    """An empty list is the provider's word for it; a page of it does not end the history."""
    assert (
        ask(CoinbasePrices, server, "BTC-USD", first=date(2013, 1, 1), last=date(2013, 2, 1)).outcome is Outcome.EMPTY
    )
    answer = ask(CoinbasePrices, server, "BTC-USD", first=date(2014, 1, 1), last=date(2015, 1, 2))
    assert answer.bars["date"].to_list() == [date(2015, 1, 1), date(2015, 1, 2)]


def test_a_candle_outside_of_the_range_is_counted_and_left_out() -> None:
    """Coinbase may answer more than it was asked for."""
    candles = [[STAMP, 1, 4, 2, 3, 9], [STAMP - 86_400, 1, 4, 2, 3, 9]]
    answer = ask_recorded(CoinbasePrices, json.dumps(candles), "BTC-USD")
    assert answer.bars["date"].to_list() == [DAY.date()]
    assert answer.extra["rows_outside"] == "1"


def test_fault_29_an_unknown_product_is_refused(server: FakeCoinbase) -> None:
    """404 NotFound, asked for once."""
    answer = ask(CoinbasePrices, server, "NOPE-USD")
    assert answer.outcome is Outcome.REFUSED
    assert "NotFound" in answer.reason
    assert len(server.log) == 1


def test_fault_24_the_public_rate_limit_is_waited_for(server: FakeCoinbase) -> None:
    """429 with the provider's own words."""
    limit = faults.answers(429, b'{"message":"Public rate limit exceeded"}')
    server.arm(limit, times=2)
    assert ask(CoinbasePrices, server, "BTC-USD").outcome is Outcome.OK
    server.arm(limit)
    answer = ask(CoinbasePrices, server, "BTC-USD")
    assert answer.outcome is Outcome.THROTTLED
    assert "Public rate limit exceeded" in answer.body


def test_fault_26_one_broken_page_breaks_the_answer(server: FakeCoinbase) -> None:
    """Half of a history is none."""
    long = {"first": date(2023, 1, 1), "last": date(2024, 12, 31)}
    honest = ask(CoinbasePrices, server, "BTC-USD", **long)
    server.arm(lambda reply: reply, times=1)
    server.arm(faults.cut)
    answer = ask(CoinbasePrices, server, "BTC-USD", **long)
    assert (honest.outcome, answer.outcome) == (Outcome.OK, Outcome.BROKEN)
    assert answer.body.startswith("[[")


@pytest.mark.parametrize(
    "body",
    [
        '{"message": "ok"}',
        "[[1736121600, 1, 4, 2, 3]]",
        '[[1736121600, 1, 4, 2, 3, "many"]]',
        '[["2025-01-06", 1, 4, 2, 3, 9]]',
        "[[1e400, 1, 4, 2, 3, 9]]",
        "[[99999999999999999, 1, 4, 2, 3, 9]]",
        "[[true, 1, 4, 2, 3, 9]]",
        "[[1736121600, [1], 4, 2, 3, 9]]",
        "[null]",
    ],
)
def test_fault_41_another_shape_is_broken(body: str) -> None:
    """It is neither read nor taken for nothing."""
    assert ask_recorded(CoinbasePrices, body, "BTC-USD").outcome is Outcome.BROKEN


def test_fault_37_what_is_no_finite_number_stays_for_the_rules_on_rows() -> None:
    """Null is null, and NaN is NaN."""
    bar = ask_recorded(CoinbasePrices, f"[[{STAMP}, null, Infinity, -2, NaN, 1e308]]", "BTC-USD").bars
    assert bar.select("low", "high", "open", "volume").row(0) == (None, float("inf"), -2.0, 1e308)
    assert bar["close"].is_nan().all()


@pytest.mark.parametrize(
    ("request_", "reason"),
    [({"interval": "1m"}, "an interval of"), ({"first": LAST, "last": FIRST}, "a first day that is not after")],
)
def test_a_request_without_sense_is_not_sent(server: FakeCoinbase, request_: dict[str, object], reason: str) -> None:
    """It is refused here."""
    answer = ask(CoinbasePrices, server, "BTC-USD", **request_)
    assert (answer.outcome, server.log) == (Outcome.REFUSED, [])
    assert reason in answer.reason


def test_a_symbol_is_a_name_and_not_a_path(server: FakeCoinbase) -> None:
    """Slashes and question marks are encoded."""
    assert ask(CoinbasePrices, server, "../a?b=c").outcome is Outcome.REFUSED
    assert server.log[0].path == "/products/../a?b=c/candles"

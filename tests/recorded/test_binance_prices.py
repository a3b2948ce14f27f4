"""Binance's candles, in the shapes in which they were seen, and every trap of theirs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from pipelines.fake_providers import faults
from pipelines.fake_providers.binance import FakeBinance
from pipelines.sources.binance_prices import BinancePrices, pair
from pipelines.sources.live import Outcome
from tests.recorded.asking import FIRST, LAST, TODAY, ask, ask_recorded, market

DAY = datetime(2025, 1, 6, tzinfo=UTC)
OPENS = int(DAY.timestamp())
CANDLE = [
    OPENS * 1000, "98363.61", "102480.00", "97920.00", "102235.60", "25263.43",
    (OPENS + 86_400) * 1000 - 1, "2522165131.3", 4269154, "13106.7", "1309104433.1", "0",
]  # fmt: skip


@pytest.fixture
def server() -> Iterator[FakeBinance]:
    """Start a fake Binance."""
    with FakeBinance(market()) as server:
        yield server


def test_prices_are_texts_in_the_usual_order() -> None:
    """Open, high, low, close, volume; the volume in dollars is not the volume."""
    answer = ask_recorded(BinancePrices, json.dumps([CANDLE]), "BTC-USD")
    bar = answer.bars.row(0, named=True)
    assert bar == {
        "date": DAY.date(),
        "opened_at": DAY,
        "open": 98363.61,
        "high": 102480.0,
        "low": 97920.0,
        "close": 102235.6,
        "adj_close": None,
        "volume": 25263.43,
    }


def test_our_name_is_translated_and_the_currency_is_said(server: FakeBinance) -> None:
    """A dollar there is a stablecoin."""
    answer = ask(BinancePrices, server, "BTC-USD")
    assert server.log[0].query["symbol"] == answer.extra["pair"] == "BTCUSDT"
    assert (answer.listing.currency, answer.listing.exchange) == ("USDT", "Binance")
    assert [pair(name) for name in ("BTC-USD", "ETH-EUR", "BTC-USDT", "BTCUSDT")] == [
        ("BTCUSDT", "USDT"),
        ("ETHEUR", "EUR"),
        ("BTCUSDT", "USDT"),
        ("BTCUSDT", None),
    ]


@pytest.mark.parametrize("unit", [1000, 1_000_000])
def test_stamps_may_be_milliseconds_or_microseconds(unit: int) -> None:
    """The newer ones are microseconds; read as the other they are the year 56,000 or 1970."""
    candle = [OPENS * unit, "2", "4", "1", "3", "9", (OPENS + 86_400) * unit - 1]
    answer = ask_recorded(BinancePrices, json.dumps([candle]), "BTC-USD")
    assert answer.bars["opened_at"].to_list() == [DAY]
    closes = DAY + timedelta(days=1) - timedelta(seconds=1 / unit)
    assert answer.extra["last_closes_at"] == closes.isoformat()


def test_a_history_is_the_same_in_either_unit(server: FakeBinance) -> None:
    """And in one answer each stamp is read for itself."""
    honest = ask(BinancePrices, server, "BTC-USD", interval="1h", first=date(2024, 12, 1), last=TODAY)
    server.is_in_microseconds = True
    assert ask(BinancePrices, server, "BTC-USD", interval="1h", first=date(2024, 12, 1), last=TODAY).bars.equals(
        honest.bars
    )
    mixed = [CANDLE, [(OPENS + 86_400) * 1_000_000, *CANDLE[1:6], (OPENS + 2 * 86_400) * 1_000_000 - 1]]
    answer = ask_recorded(BinancePrices, json.dumps(mixed), "BTC-USD")
    assert answer.bars["opened_at"].to_list() == [DAY, DAY + timedelta(days=1)]


def test_hours_are_those_of_the_market(server: FakeBinance) -> None:
    """Each with its own opening, over more than one page."""
    honest = ask(BinancePrices, server, "BTC-USD", interval="1h", first=date(2024, 12, 1), last=TODAY)
    expected = server.market.hours("BTC-USD", date(2024, 12, 1), TODAY)
    assert honest.bars["close"].to_list() == [hour.close for hour in expected]
    assert honest.bars["opened_at"].dt.hour().to_list() == [hour.hour for hour in expected]


def test_fault_39_the_last_candle_is_not_finished(server: FakeBinance) -> None:
    """It is handed over with the instant at which it will be: those who know the time decide."""
    final = ask(BinancePrices, server, "BTC-USD", last=TODAY)
    server.market.is_open = True
    live = ask(BinancePrices, server, "BTC-USD", last=TODAY)
    assert live.extra["last_closes_at"] == "2025-01-31T23:59:59.999000+00:00"
    assert live.bars["date"].to_list() == final.bars["date"].to_list()
    assert live.bars["close"][-1] != final.bars["close"][-1]
    assert live.bars.head(-1).equals(final.bars.head(-1))


def test_more_than_1000_candles_come_in_pages(server: FakeBinance) -> None:
    """No day is asked for twice, none is missed."""
    answer = ask(BinancePrices, server, "BTC-USD", first=date(2021, 1, 1), last=date(2024, 12, 31))
    assert answer.bars["date"].to_list() == [date(2021, 1, 1) + timedelta(n) for n in range(1461)]
    assert [request.query["limit"] for request in server.log] == ["1000", "1000"]
    assert server.log[0].query["startTime"] == "1609459200000"


def test_before_the_first_trade_there_is_nothing(server: FakeBinance) -> None:
    """An empty list is the provider's word for it."""
    answer = ask(BinancePrices, server, "BTC-USD", first=date(2012, 1, 1), last=date(2012, 2, 1))
    assert answer.outcome is Outcome.EMPTY
    assert "last_closes_at" not in answer.extra


def test_fault_29_an_invalid_symbol_is_refused(server: FakeBinance) -> None:
    """400 with code -1121, asked for once."""
    answer = ask(BinancePrices, server, "NOPE-USD")
    assert (answer.outcome, len(server.log)) == (Outcome.REFUSED, 1)
    assert "-1121" in answer.reason


def test_451_from_the_us_is_refused(server: FakeBinance) -> None:
    """Asking again from the same place changes nothing."""
    server.arm(faults.answers(451, b'{"code":0,"msg":"Service unavailable from a restricted location"}'))
    answer = ask(BinancePrices, server, "BTC-USD")
    assert (answer.outcome, len(server.log)) == (Outcome.REFUSED, 1)
    assert "restricted location" in answer.reason


def test_fault_24_429_is_waited_for_and_418_is_not_tried_again(server: FakeBinance) -> None:
    """Whoever goes on after 429 is banned, from minutes to days."""
    server.arm(faults.throttled("30"), times=1)
    assert ask(BinancePrices, server, "BTC-USD").outcome is Outcome.OK
    server.arm(faults.throttled("120", 418))
    count = len(server.log)
    answer = ask(BinancePrices, server, "BTC-USD")
    assert (answer.outcome, len(server.log)) == (Outcome.THROTTLED, count + 1)
    assert "banned for a while" in answer.reason


@pytest.mark.parametrize("fault", [faults.page(), faults.cut, faults.cut_zip, faults.empty, faults.typed("text/html")])
def test_fault_26_what_holds_no_candles_is_broken(server: FakeBinance, fault: faults.Fault) -> None:
    """Never "there is nothing"."""
    server.arm(fault)
    assert ask(BinancePrices, server, "BTC-USD").outcome is Outcome.BROKEN


@pytest.mark.parametrize(
    "body",
    [
        '{"code": 0}',
        json.dumps([CANDLE[:6]]),
        json.dumps([["2025-01-06", *CANDLE[1:]]]),
        json.dumps([[CANDLE[0], "n/a", *CANDLE[2:]]]),
        json.dumps([[10**30, *CANDLE[1:]]]),
        '[{"open": 1}]',
    ],
)
def test_fault_41_another_shape_is_broken(body: str) -> None:
    """It is neither read nor taken for nothing."""
    assert ask_recorded(BinancePrices, body, "BTC-USD").outcome is Outcome.BROKEN


def test_the_bars_are_those_of_the_market(server: FakeBinance) -> None:
    """All of them."""
    bars = ask(BinancePrices, server, "ETH-USD").bars.select("date", pl.col("^(open|high|low|close|volume)$"))
    assert bars.rows() == [tuple(bar[:6]) for bar in server.market.bars("ETH-USD", FIRST, LAST)]

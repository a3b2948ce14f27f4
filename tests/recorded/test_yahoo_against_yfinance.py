"""The same chart as yfinance's frame: equal where yfinance changes nothing, and what it would have changed."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest

from pipelines.fake_providers.yahoo import CHART, FakeYahoo
from pipelines.fake_providers.yahoo_faults import cell, live_beside_final, null_bars, without
from pipelines.sources.web.clock import SystemClock
from pipelines.sources.web.hosts import Hosts
from pipelines.sources.web.limiter import Rate
from pipelines.sources.web.manners import Manners
from tests.fake_clock import FakeClock
from tests.recorded.yahoo_rig import FRIDAY, MONDAY, ask, market, week

History = Callable[..., pd.DataFrame]
FIRST = date(2025, 1, 17)
YFINANCE = {
    "open": "Open",
    "high": "High",
    "low": "Low",
    "close": "Close",
    "adj_close": "Adj Close",
    "volume": "Volume",
}


@pytest.fixture
def yahoo() -> Iterator[FakeYahoo]:
    """Start a fake Yahoo."""
    with FakeYahoo(market()) as server:
        yield server


@pytest.fixture
def history(yahoo: FakeYahoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[History]:
    """Return `Ticker.history` on this project's session, with yfinance's files in a folder of the test."""
    import yfinance
    from yfinance import cache, data

    from pipelines.sources.yahoo_session import YahooSession

    session = YahooSession(yahoo.base_url, Manners(Rate(1000, 50)), Hosts(SystemClock()))
    yfinance.set_tz_cache_location(str(tmp_path))
    for manager, name in ((cache._TzCacheManager, "_tz_cache"), (cache._CookieCacheManager, "_Cookie_cache")):
        monkeypatch.setattr(manager, name, None)
    monkeypatch.setattr(data.SingletonMeta, "_instances", {})
    data.YfData.cache_get.cache_clear()

    def frame(symbol: str = "NVDA", first: date = FIRST, end: date = date(2025, 1, 25), **options: Any) -> pd.DataFrame:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", pd.errors.Pandas4Warning)  # yfinance sorts in place
            ticker = yfinance.Ticker(symbol, session=session)
            return ticker.history(start=first, end=end, auto_adjust=False, actions=True, **options)

    yield frame
    cache._TzDBManager.close_db()
    cache._CookieDBManager.close_db()
    session.close()


@pytest.mark.parametrize("symbol", ["NVDA", "VOD.L", "BHP.AX", "SPY"])
def test_a_sound_chart_is_the_same(yahoo: FakeYahoo, history: History, symbol: str) -> None:
    """Every number and every day, across a split and a dividend."""
    yahoo.market.add_dividend(symbol, date(2025, 1, 22), 0.4)
    yahoo.market.add_split(symbol, date(2025, 1, 23), 3)
    theirs, ours = history(symbol), ask(yahoo, week(symbol))
    assert [stamp.date() for stamp in theirs.index] == ours.bars["date"].to_list()
    for our_name, their_name in YFINANCE.items():
        assert theirs[their_name].tolist() == ours.bars[our_name].to_list()
    paid = theirs[theirs["Dividends"] > 0]["Dividends"].tolist()
    split = theirs[theirs["Stock Splits"] > 0]["Stock Splits"].tolist()
    assert ours.actions["value"].to_list() == paid + split


@pytest.mark.parametrize("symbol", ["NVDA", "BTC-USD"])
def test_bars_of_an_hour_are_the_same(yahoo: FakeYahoo, history: History, symbol: str) -> None:
    """Every stamp and every price."""
    theirs, ours = history(symbol, interval="1h"), _hours(yahoo, symbol)
    assert [stamp.to_pydatetime() for stamp in theirs.index] == ours["opened_at"].to_list()
    assert theirs["Close"].tolist() == ours["close"].to_list()


def test_yfinance_drops_the_final_row_of_a_day(yahoo: FakeYahoo, history: History) -> None:
    """And keeps the live one, at midnight, so that nobody can tell."""
    yahoo.arm(live_beside_final(1.5), "NVDA")
    theirs = history(end=date(2031, 1, 1))
    ours = ask(yahoo, week(last=MONDAY)).bars.filter(pl.col("date") == MONDAY)
    assert theirs["Close"].iloc[-1] == ours["close"][1] == pytest.approx(1.5 * ours["close"][0])
    assert [stamp.date() for stamp in theirs.index].count(MONDAY) == 1
    assert theirs.index[-1].hour == 0


def test_yfinance_drops_rows_of_nulls(yahoo: FakeYahoo, history: History) -> None:
    """A halted day is gone."""
    yahoo.arm(null_bars(2), "NVDA")
    assert len(history()) == 3
    assert ask(yahoo).bars.height == 5


def test_yfinance_makes_0_of_an_unknown_volume(yahoo: FakeYahoo, history: History) -> None:
    """Null is kept here."""
    yahoo.arm(cell("volume", -1, None), "NVDA")
    assert history()["Volume"].iloc[-1] == 0
    assert ask(yahoo).bars["volume"].to_list()[-1] is None


def test_yfinance_makes_adjusted_closes_of_closes(yahoo: FakeYahoo, history: History) -> None:
    """Bars of an hour have none; here they are null."""
    theirs = history(interval="1h")
    assert theirs["Adj Close"].tolist() == theirs["Close"].tolist()
    assert _hours(yahoo, "NVDA")["adj_close"].null_count() == len(theirs)


def test_yfinance_stumbles_over_a_missing_array(yahoo: FakeYahoo, history: History) -> None:
    """Here its cells are null."""
    import yfinance

    hides = yfinance.config.debug.hide_exceptions
    yfinance.config.debug.hide_exceptions = False
    try:
        yahoo.arm(without("volume"), "NVDA")
        with pytest.raises(KeyError, match="volume"):
            history()
    finally:
        yfinance.config.debug.hide_exceptions = hides
    assert ask(yahoo).bars["volume"].null_count() == 5


def test_yfinance_answers_from_its_memory(yahoo: FakeYahoo, history: History) -> None:
    """A restatement between two polls of one process goes unseen by it."""
    before = history()["Close"].iloc[-1]
    yahoo.market.revise("NVDA", FRIDAY, 1.1)
    assert history()["Close"].iloc[-1] == before
    assert ask(yahoo).bars["close"][-1] == pytest.approx(1.1 * before)


def test_yfinance_asks_twice(yahoo: FakeYahoo, history: History) -> None:
    """The first time for the time zone alone."""
    history()
    assert len(yahoo.requests(CHART)) == 2
    ask(yahoo)
    assert len(yahoo.requests(CHART)) == 3


def test_yfinance_logs_are_its_own(yahoo: FakeYahoo, history: History, caplog: pytest.LogCaptureFixture) -> None:
    """What somebody else does with yfinance in this process is not silenced."""
    ask(yahoo)
    with caplog.at_level(logging.ERROR):
        assert history("NOPE").empty
    assert any("NOPE" in record.getMessage() for record in caplog.records)


def _hours(yahoo: FakeYahoo, symbol: str) -> pl.DataFrame:
    return ask(yahoo, week(symbol, interval="1h"), clock=FakeClock()).bars

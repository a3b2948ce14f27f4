"""The invented market: the same for everybody, and only as far as today."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from pipelines.fake_providers.market import Dividend, Market, Security, Split

TODAY = date(2024, 6, 14)
FIRST = date(2024, 6, 3)
SPLIT_DAY = date(2024, 6, 10)


@pytest.fixture
def market() -> Market:
    """Return a market in the middle of 2024."""
    return Market(7, TODAY)


def test_the_same_seed_gives_the_same_prices_whatever_was_asked_before(market: Market) -> None:
    """A bar does not depend on the range of days asked for or on other symbols."""
    other = Market(7, TODAY, holidays=[FIRST])
    assert other.bars("SPY", date(2012, 1, 1), TODAY)
    assert market.bars("NVDA", SPLIT_DAY, TODAY) == other.bars("NVDA", FIRST, TODAY)[-5:]
    assert market.bars("NVDA", FIRST, TODAY) != Market(8, TODAY).bars("NVDA", FIRST, TODAY)


def test_every_bar_is_possible(market: Market) -> None:
    """Low <= open, close <= high, and volume is above 0."""
    for symbol in ("NVDA", "BTC-USD", "DGS10"):
        for bar in market.bars(symbol, date(2020, 1, 1), TODAY):
            assert 0 < bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
            assert bar.volume > 0


def test_shares_trade_on_weekdays_that_are_no_holidays_and_crypto_every_day() -> None:
    """Two weeks have 10 weekdays."""
    market = Market(7, date(2024, 6, 16), holidays=[date(2024, 6, 5)])
    assert len(market.sessions("NVDA", FIRST, date(2024, 6, 16))) == 9
    assert len(market.sessions("BTC-USD", FIRST, date(2024, 6, 16))) == 14


def test_nothing_is_known_of_tomorrow(market: Market) -> None:
    """Bars, splits, dividends and listings beyond today appear when it has moved."""
    tomorrow = TODAY + timedelta(3)
    market.add(Security("SOON", listed=tomorrow))
    market.add_split("NVDA", tomorrow, 10)
    market.add_dividend("NVDA", tomorrow, 0.1)
    assert market.security("SOON") is None
    assert (market.splits("NVDA"), market.dividends("NVDA")) == ([], [])
    assert market.bars("NVDA", FIRST, tomorrow)[-1].session == TODAY
    market.today = tomorrow
    assert market.security("SOON") is not None
    assert market.splits("NVDA") == [Split(tomorrow, 10)]
    assert market.dividends("NVDA") == [Dividend(tomorrow, 0.1)]
    assert market.bars("NVDA", FIRST, tomorrow)[-1].session == tomorrow


def test_a_security_trades_from_its_listing_to_its_end(market: Market) -> None:
    """The delisted one stays known."""
    days = market.sessions("GONE", date(2000, 1, 1), TODAY)
    assert (days[0], days[-1]) == (date(2015, 3, 2), date(2021, 5, 14))
    assert market.bars("NOBODY", FIRST, TODAY) == []


def test_a_split_divides_raw_prices_from_its_day_on(market: Market) -> None:
    """Shares grow by as much as prices fall."""
    before = market.bars("NVDA", FIRST, TODAY)
    market.add_split("NVDA", SPLIT_DAY, 10)
    after = market.bars("NVDA", FIRST, TODAY)
    assert after[:5] == before[:5]
    for new, old in zip(after[5:], before[5:], strict=True):
        assert new.close == pytest.approx(old.close / 10, abs=1e-4)
        assert new.volume == pytest.approx(old.volume * 10, abs=10)


def test_a_revision_changes_one_day(market: Market) -> None:
    """The rest of history stays."""
    before = market.bars("NVDA", FIRST, TODAY)
    market.revise("NVDA", SPLIT_DAY, 1.01, volume_factor=2)
    after = market.bars("NVDA", FIRST, TODAY)
    assert [bar.session for bar, old in zip(after, before, strict=True) if bar != old] == [SPLIT_DAY]
    assert after[5].close == pytest.approx(before[5].close * 1.01, abs=1e-3)
    assert after[5].volume == pytest.approx(before[5].volume * 2, abs=2)


def test_a_day_without_trades_has_no_bar(market: Market) -> None:
    """Halts are left out."""
    market.halt("BTC-USD", SPLIT_DAY)
    assert SPLIT_DAY not in market.sessions("BTC-USD", FIRST, TODAY)


def test_a_bar_of_an_open_session_is_not_the_final_one(market: Market) -> None:
    """The close still moves and half of the volume is missing."""
    final = market.bars("NVDA", TODAY, TODAY)[0]
    market.is_open = True
    live = market.bars("NVDA", TODAY, TODAY)[0]
    assert (live.open, live.high, live.low) == (final.open, final.high, final.low)
    assert live.close != final.close
    assert live.volume == pytest.approx(final.volume / 2, abs=1)
    assert len(market.hours("BTC-USD", TODAY, TODAY)) == 12


def test_hours_add_up_to_their_day(market: Market) -> None:
    """The first opens the day, the last closes it, and the extremes are among them."""
    day = market.bars("BTC-USD", TODAY, TODAY)[0]
    hours = market.hours("BTC-USD", TODAY, TODAY)
    assert [hour.hour for hour in hours] == list(range(24))
    assert (hours[0].open, hours[-1].close) == (day.open, day.close)
    assert max(hour.high for hour in hours) == pytest.approx(day.high, abs=1e-4)
    assert min(hour.low for hour in hours) == pytest.approx(day.low, abs=1e-4)
    assert sum(hour.volume for hour in hours) == pytest.approx(day.volume)

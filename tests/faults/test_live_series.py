"""Series of FRED against a fake of it: what is asked for and when, what is stored, and what a value is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from flows.live import State, SymbolResult
from flows.refreshing import Refreshed
from flows.run import models
from flows.series import refresh_series
from pipelines.fake_providers.faults import throttled
from pipelines.fake_providers.fred import FakeFred
from pipelines.fake_providers.market import Market
from pipelines.fake_providers.server import Fault, Reply
from pipelines.settings import Settings
from pipelines.sources.web.clock import SetClock
from pipelines.sources.web.hosts import Hosts
from warehouse.connection import open_file
from warehouse.vintages import NEWEST, open_history, stored_bars

START, THURSDAY = date(2024, 1, 2), date(2024, 6, 6)
HOLIDAY = date(2024, 5, 27)
N_VALUES = 112 - 1
"""Weekdays from 2 January to 5 June 2024 but for the one that the fake does not trade on."""


@dataclass
class Rig:
    """A fake FRED, a clock and a warehouse."""

    fred: FakeFred
    clock: SetClock
    settings: Settings
    runs: int = 0

    def at(self, day: date, hour: int = 22) -> None:
        """Let it be that day and hour of UTC; FRED has the values to the day before."""
        self.fred.market.today = day - timedelta(days=1)
        self.clock.at = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)

    def poll(self) -> Refreshed:
        """Bring the series up to date."""
        self.runs += 1
        return refresh_series(self.settings, f"run-{self.runs}", self.clock.now(), hosts=Hosts(self.clock))

    def result(self, name: str = "DGS10") -> SymbolResult:
        """Poll, and return what became of one series."""
        return self.poll().results[name]

    def values(self, as_of: datetime = NEWEST) -> dict[date, float]:
        """Return the stored values of the ten-year yield."""
        with open_history(self.settings.warehouse_file, models(), price_source="fred", as_of=as_of) as connection:
            bars = stored_bars(connection, "fred")
        return dict(bars.filter(pl.col("symbol") == "DGS10").select("date", "close").iter_rows())

    def kinds(self) -> list[str]:
        """Return the kinds of the stored batches of values, in order."""
        with open_file(self.settings.warehouse_file, read_only=True) as connection:
            query = "select kind from raw.batches where source = 'fred_prices' order by known_from"
            return [row[0] for row in connection.execute(query).fetchall()]


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Rig]:
    """Return a rig on Thursday evening, when Wednesday's value is the newest."""
    market = Market(5, THURSDAY, holidays=[HOLIDAY])
    with FakeFred(market) as fred:
        settings = Settings(home=tmp_path / "home", series=("DGS10",), start=START, fred_base_url=fred.base_url)
        found = Rig(fred, SetClock(datetime(2024, 6, 6, 22, tzinfo=UTC)), settings)
        found.at(THURSDAY)
        yield found


def with_value(day: date, value: str) -> Fault:
    """Return a fault that states the value of a day otherwise."""

    def spoil(honest: Reply) -> Reply:
        lines = [f"{day},{value}" if line.startswith(f"{day},") else line for line in honest.body.decode().split("\n")]
        return replace(honest, body="\n".join(lines).encode())

    return spoil


def scaled(factor: float) -> Fault:
    """Return a fault that states every value in another unit."""

    def spoil(honest: Reply) -> Reply:
        header, *lines = honest.body.decode().strip().split("\n")
        cells = [line.split(",") for line in lines]
        rows = [f"{day},{float(value) * factor:.6f}" if value != "." else f"{day},." for day, value in cells]
        return replace(honest, body="\n".join([header, *rows]).encode())

    return spoil


@pytest.mark.parametrize("missing", [".", ""])
def test_a_series_has_a_row_for_each_day_with_a_value(made: Rig, missing: str) -> None:
    """A holiday has none, however FRED writes it."""
    made.fred.missing = missing
    assert made.result().state is State.STORED
    found = made.values()
    assert (len(found), min(found), max(found)) == (N_VALUES, START, date(2024, 6, 5))
    assert HOLIDAY not in found


def test_a_series_that_has_yesterdays_value_is_not_asked_for(made: Rig) -> None:
    """Nor is it on a weekend, after Friday's."""
    made.poll()
    made.at(date(2024, 6, 8), 12)
    assert made.result().n_new == 2
    n_asked = len(made.fred.log)
    for day in (date(2024, 6, 8), date(2024, 6, 9), date(2024, 6, 10)):
        made.at(day, 22)
        assert made.result().state is State.UP_TO_DATE
    assert len(made.fred.log) == n_asked


def test_a_value_that_has_not_come_is_no_failure_and_is_asked_for_again_hours_later(made: Rig) -> None:
    """FRED publishes later than an exchange closes."""
    made.poll()
    made.clock.at = datetime(2024, 6, 7, 12, tzinfo=UTC)  # Thursday's value is not there yet
    assert made.result().state is State.UP_TO_DATE
    n_asked = len(made.fred.log)
    made.clock.at += timedelta(hours=1)
    assert "FRED publishes a day's value" in made.result().reason
    assert len(made.fred.log) == n_asked
    made.at(date(2024, 6, 7), 20)
    assert (made.result().n_new, made.kinds()) == (1, ["full", "append"])


def test_a_revised_value_begins_a_vintage_and_as_of_before_it_is_what_it_was(made: Rig) -> None:
    """The whole series is asked for once."""
    made.poll()
    known, old = made.clock.now(), made.values()
    made.at(date(2024, 6, 7))
    made.fred.arm(with_value(date(2024, 6, 4), "9.99"), "DGS10", times=2)
    found = made.result()
    assert (found.state, found.n_revised, len(found.answers)) == (State.STORED, 1, 2)
    assert found.reason.startswith("1 stored values are stated otherwise, first that of 2024-06-04: ")
    assert made.values()[date(2024, 6, 4)] == 9.99
    assert len(made.values()) == len(old) + 1
    assert made.values(known) == old
    assert made.kinds() == ["full", "full"]


@pytest.mark.parametrize("factor", [0.01, 100.0])
def test_values_in_another_unit_are_quarantined(made: Rig, factor: float) -> None:
    """Percent that come as decimals are no other vintage."""
    made.poll()
    old = made.values()
    made.at(date(2024, 6, 7))
    made.fred.arm(scaled(factor), "DGS10", times=2)
    assert made.result().state is State.QUARANTINED
    assert made.values() == old


def test_zero_and_negative_values_are_values(made: Rig) -> None:
    """A bill may yield nothing and a spread may be below it."""
    made.fred.arm(with_value(date(2024, 6, 4), "0.00"), "DGS10", times=1)
    made.poll()
    assert made.values()[date(2024, 6, 4)] == 0.0
    made.at(date(2024, 6, 7))
    made.fred.arm(with_value(date(2024, 6, 4), "-0.25"), "DGS10", times=2)
    assert made.result().n_revised == 1
    assert made.values()[date(2024, 6, 4)] == -0.25


def test_a_series_that_was_cut_short_is_quarantined(made: Rig) -> None:
    """Values that have gone by the dozen are a fault, not a vintage."""
    made.poll()

    def cut(honest: Reply) -> Reply:
        header, *lines = honest.body.decode().strip().split("\n")
        return replace(honest, body="\n".join([header, *lines[-3:]]).encode())

    made.at(date(2024, 6, 7))
    made.fred.arm(cut, "DGS10", times=2)
    found = made.result()
    assert found.state is State.QUARANTINED
    assert f"of {N_VALUES} days that are stored" in found.reason


def test_a_series_that_fred_does_not_have_is_refused(made: Rig) -> None:
    """The page that it answers with is no series."""
    made.settings = made.settings.model_copy(update={"series": ("NOSUCH",)})
    found = made.result("NOSUCH")
    assert (found.state, found.batches) == (State.REFUSED, ())


def test_a_series_that_is_throttled_keeps_what_it_has(made: Rig) -> None:
    """The complaint says what lacks."""
    made.poll()
    made.at(date(2024, 6, 7))
    made.fred.arm(throttled(), "DGS10", times=50)
    done = made.poll()
    assert done.complaint.startswith("1 of 1 symbols of FRED of the Federal Reserve Bank of St. Louis lack values: ")
    assert len(made.values()) == N_VALUES


def test_a_series_that_has_ended_says_so(made: Rig) -> None:
    """Ten days without a value are more than any holiday."""
    made.poll()
    made.clock.at = datetime(2024, 6, 20, 22, tzinfo=UTC)
    assert made.result().reason == "its newest value is of 2024-06-05: it has ended, or FRED is late"


def test_an_earlier_start_asks_for_what_came_before(made: Rig) -> None:
    """What is stored continues to count, and the rest is appended."""
    made.poll()
    made.settings = made.settings.model_copy(update={"start": date(2023, 12, 1)})
    made.clock.at += timedelta(hours=7)
    assert made.result().n_new == 22  # weekdays of December and New Year, on which the fake knows no holiday
    assert (min(made.values()), made.kinds()) == (date(2023, 12, 1), ["full", "append"])
    n_asked = len(made.fred.log)
    made.poll()
    assert len(made.fred.log) == n_asked

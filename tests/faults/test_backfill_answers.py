"""Backfills from a provider that throttles or does not come to an end: what is stored, what is left and asked again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from flows.backfill import Backfilled, run_backfill
from flows.backfill_plan import Scope
from flows.live_sources import live_source
from pipelines.fake_providers.faults import drips, hangs, throttled
from pipelines.fake_providers.market import Market, Security
from pipelines.fake_providers.server import Fault
from pipelines.fake_providers.yahoo import CHART, FakeYahoo
from pipelines.settings import Settings
from pipelines.sources import yahoo_source
from pipelines.sources.live import BarsSource
from pipelines.sources.web.breaker import Patience
from pipelines.sources.web.clock import SystemClock
from pipelines.sources.web.hosts import Hosts
from pipelines.sources.web.limiter import Rate
from pipelines.sources.web.manners import Limits, Manners
from tests.running import reaction_here
from warehouse.connection import open_file

FIRST, LAST = date(2022, 1, 3), date(2024, 12, 31)
STOCKS = tuple(f"Q{letter}" for letter in "ABCDEFGH")
IMPATIENT = Manners(Rate(10_000, 100), patience=Patience(8, 0.01, 0.02))


@pytest.fixture
def yahoo() -> Iterator[FakeYahoo]:
    """Serve three years of eight stocks."""
    with FakeYahoo(Market(9, date(2025, 1, 31), securities=[Security(name) for name in STOCKS])) as server:
        yield server


def impatiently(word: str, settings: Settings) -> tuple[BarsSource, Manners]:
    """Make a source whose pauses are short, and whose host is met as by a new process."""
    return live_source(word, settings, Hosts(SystemClock())), IMPATIENT


def backfill(settings: Settings) -> Backfilled:
    """Backfill every stock."""
    return run_backfill(settings, Scope(FIRST, LAST, ("yahoo",), STOCKS), make=impatiently)


def rows(settings: Settings, query: str) -> list[tuple[object, ...]]:
    """Return the rows of a query on the warehouse."""
    with open_file(settings.warehouse_file, read_only=True) as connection:
        return connection.execute(query).fetchall()


def charts(yahoo: FakeYahoo, begin: int) -> list[str]:
    """Return the symbols whose charts were asked for, from a position of the log on."""
    return [one.path.removeprefix(CHART) for one in yahoo.log[begin:] if one.path.startswith(CHART)]


def test_fault_25_a_backfill_that_is_throttled_ends_partial_with_a_list_of_what_is_left(
    yahoo: FakeYahoo, tmp_path: Path
) -> None:
    """50 times 429 without a header: what was had is stored, the rest is left, and the same again asks for it alone."""
    settings = Settings(home=tmp_path, yahoo_base_url=yahoo.base_url)
    stored = STOCKS[:3]
    run_backfill(settings, Scope(FIRST, LAST, ("yahoo",), stored), make=impatiently)
    yahoo.arm(throttled(), CHART, times=50)
    begin = len(yahoo.log)
    done = backfill(settings)
    assert not done.is_complete
    assert len(charts(yahoo, begin)) < 50  # it gives up before the provider does
    left = set(STOCKS) - set(stored)
    assert done.tally.n_left == len(left)
    assert {lane.symbol for lane in done.plan.lanes} == left
    [run] = reaction_here("status", "--json", home=tmp_path).json["runs"][:1]
    assert (run["flow"], run["status"]) == ("backfill", "partial")
    assert run["message"].startswith("0 of 5 chunks are done (3 were done before): ")
    assert "first throttled: " in run["message"]
    yahoo.disarm()
    begin = len(yahoo.log)
    again = backfill(settings)
    assert again.is_complete
    assert sorted(charts(yahoo, begin)) == sorted(left)
    assert rows(settings, "select count(distinct symbol) from raw.yahoo_prices") == [(len(STOCKS),)]


@pytest.mark.parametrize(
    "fault",
    [hangs(60), drips(0.02), drips(0.02, is_head_slow=True)],
    ids=["hangs", "body drips", "headers drip"],
)
def test_fault_30_a_chunk_whose_answer_does_not_end_is_broken_and_the_others_are_stored(
    yahoo: FakeYahoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    """The deadline of a request holds in a backfill too: one chunk is left, and is had when the provider is well."""
    monkeypatch.setattr(yahoo_source, "MANNERS", replace(yahoo_source.MANNERS, limits=Limits(total=1.5)))
    settings = Settings(home=tmp_path, yahoo_base_url=yahoo.base_url)
    yahoo.arm(fault, STOCKS[5])
    done = backfill(settings)
    assert done.tally.sources["yahoo"].outcomes == {"ok": 7, "broken": 1}
    assert done.tally.n_left == 1
    broken = "select object, n_rows from raw.requests where outcome = 'broken'"
    assert rows(settings, broken) == [(STOCKS[5], None)]
    yahoo.disarm()
    begin = len(yahoo.log)
    assert backfill(settings).is_complete
    assert charts(yahoo, begin) == [STOCKS[5]]

"""Fixtures of the fault tests: a published generation to lose, and warm processes to kill."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import date
from multiprocessing.context import ForkServerContext
from pathlib import Path

import polars as pl
import pytest

from flows.ad_hoc import AdHocStudy
from tests.built_once import built_once
from tests.faults.studies import clean_prices, study
from tests.generated_prices import market, new_york_sessions, write
from tests.running import Generation, generation, reaction_here, warm_context

SYMBOLS = ["NVDA", "AVGO", "^GSPC"]
FIRST, LAST = date(2023, 10, 2), date(2025, 2, 28)


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> AdHocStudy:
    """Return the study of input without a fault."""
    return study(clean_prices(), tmp_path_factory.mktemp("clean"))


@pytest.fixture(scope="session")
def warm() -> ForkServerContext:
    """Return a source of warm processes."""
    return warm_context()


@dataclass(frozen=True, slots=True)
class Publication:
    """A home with one published generation of made-up prices.

    Attributes
    ----------
    prices : DataFrame
        The prices it was made from; they end before the last sessions of `later`.
    later : DataFrame
        The same and the sessions that follow: input for the next generation.
    """

    home: Path
    prices: pl.DataFrame
    later: pl.DataFrame
    events: Path
    generation: Generation

    def copy(self, home: Path) -> Path:
        """Copy the home, links as links, so that a test can spoil it."""
        shutil.copytree(self.home, home, symlinks=True)
        return home

    def command(self, prices: pl.DataFrame | Path, folder: Path) -> list[object]:
        """Return the arguments of a run on some prices."""
        file = write(prices, folder / "prices.parquet") if isinstance(prices, pl.DataFrame) else prices
        return ["run", "--no-prefect", "--source", "files", "--prices", file, "--events", self.events]


@pytest.fixture(scope="session")
def publication(tmp_path_factory: pytest.TempPathFactory) -> Publication:
    """Publish a first generation of made-up prices; the event `late-news` is pending in it."""
    sessions = new_york_sessions(FIRST, LAST)
    later = market(SYMBOLS, sessions, index="^GSPC")
    prices = later.filter(pl.col("date") < sessions[-5])

    def publish(folder: Path) -> None:
        events = folder / "events.csv"
        events.write_text(f"event_id,symbol,event_date\nlate-news,NVDA,{sessions[-12]}\n")
        first = Publication(folder / "home", prices, later, events, Generation("", "", {}))
        finished = reaction_here(*first.command(prices, folder), home=first.home)
        assert finished.code == 0, finished.err

    folder = built_once(tmp_path_factory, "publication", publish)
    home = folder / "home"
    return Publication(home, prices, later, folder / "events.csv", generation(home))

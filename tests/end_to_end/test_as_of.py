"""`--as-of`: what was known at an instant comes back, hash for hash, and nothing that is published moves."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.generated_prices import market, new_york_sessions, write
from tests.running import Generation, generation, published_bytes, reaction_here

pytestmark = pytest.mark.slow

QUERY = "select close from fct_returns where symbol = 'NVDA' order by session_date desc limit 1"


@dataclass(frozen=True, slots=True)
class History:
    """A home in which three runs knew three versions of NVDA's last close.

    Attributes
    ----------
    closes : list of float
        The last close by run.
    instants : list of str
        An instant after each run and before the next.
    generations : list of Generation
        What each run published; the first is not kept.
    """

    home: Path
    closes: list[float]
    instants: list[str]
    generations: list[Generation]


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    """Run three times on prices whose last close is restated in between."""
    folder = tmp_path_factory.mktemp("history")
    sessions = new_york_sessions(date(2023, 10, 2), date(2025, 2, 28))
    prices = market(["NVDA", "^GSPC"], sessions, index="^GSPC")
    events = folder / "events.csv"
    events.write_text(f"event_id,symbol,event_date\nnews,NVDA,{sessions[-20]}\n")
    last = (pl.col("symbol") == "NVDA") & (pl.col("date") == sessions[-1])
    found = History(folder / "home", [100.0, 101.0, 102.0], [], [])
    for close in found.closes:
        values = {"close": close, "adj_close": close, "high": 110.0, "low": 90.0}
        restated = prices.with_columns(
            pl.when(last).then(value).otherwise(pl.col(name)).alias(name) for name, value in values.items()
        )
        file = write(restated, folder / "prices.parquet")
        command = ["run", "--no-prefect", "--source", "files", "--prices", file, "--events", events]
        finished = reaction_here(*command, home=found.home)
        assert finished.code == 0, finished.err
        found.instants.append(datetime.now(UTC).isoformat())
        found.generations.append(generation(found.home))
        time.sleep(0.01)
    return found


def test_a_run_as_of_an_instant_builds_what_was_published_then(history: History) -> None:
    """The marts of an earlier instant come back with the hash they had; what is published and on record stays."""
    before = published_bytes(history.home)
    finished = reaction_here("run", "--as-of", history.instants[0], "--json", home=history.home)
    assert finished.code == 0, finished.err
    marts = Path(finished.json["marts"])
    assert marts.is_relative_to(history.home / "as_of")
    assert generation(marts.parents[1]).table_hashes == history.generations[0].table_hashes
    assert published_bytes(history.home) == before
    runs = reaction_here("status", "--json", home=history.home).json["runs"]
    assert [run["status"] for run in runs] == ["published"] * 3
    again = reaction_here("run", "--as-of", history.instants[0], "--json", home=history.home)
    assert again.json["status"] == "unchanged"


def test_a_query_as_of_an_instant_sees_what_was_known_then(history: History) -> None:
    """A generation that is kept answers at once, one that is not is built; without an instant the newest answers."""
    for close, instant in zip(history.closes, history.instants, strict=True):
        finished = reaction_here("sql", QUERY, "--as-of", instant, "--json", home=history.home)
        assert finished.code == 0, finished.err
        assert finished.json == [{"close": close}]
    assert reaction_here("sql", QUERY, "--json", home=history.home).json == [{"close": history.closes[-1]}]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["run", "--as-of", "2025-01-27T21:00:00"], 2, "could be any of 26 hours"),
        (["run", "--as-of", "2025-01-27"], 2, "expected an instant with a zone, such as 2025-01-27T21:00:00Z"),
        (["sql", "select 1", "--as-of", "yesterday"], 2, "--as-of: expected an instant with a zone"),
        (["run", "--as-of", "2999-01-01T00:00:00Z"], 2, "lies in the future"),
        (["run", "--as-of", "2025-01-27T21:00:00Z", "--prices", "x.csv"], 2, "leave out --prices"),
        (["run", "--as-of", "2001-01-01T00:00:00Z"], 1, "no run had read anything by 2001-01-01T00:00:00+00:00"),
        (["run", "--as-of", "2001-01-01T00:00:00Z", "--source", "sample"], 1, "no run of source 'sample' had read"),
    ],
)
def test_an_instant_that_cannot_be_answered_is_refused(
    history: History, arguments: list[str], code: int, message: str
) -> None:
    """No zone, no instant, the future, files beside it, or before anything was known: one line says what is wrong."""
    finished = reaction_here(*arguments, home=history.home)
    assert finished.code == code
    assert message in finished.err
    assert "Traceback" not in finished.err


def test_nothing_is_known_before_there_is_a_warehouse(tmp_path: Path) -> None:
    """Without a warehouse the message says what to run."""
    instant = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    finished = reaction_here("sql", "select 1", "--as-of", instant, home=tmp_path / "home")
    assert finished.code == 1
    assert "does not exist yet, so nothing was known; run `reaction run` first" in finished.err

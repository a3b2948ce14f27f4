"""A closed gate: the last publication stays, byte for byte, and the user is told which rows closed it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl
import pytest

from tests.faults.conftest import Publication
from tests.running import Finished, generation, published_bytes, reaction_here

pytestmark = pytest.mark.slow


@dataclass(frozen=True, slots=True)
class Closed:
    """A home whose last run met a closed gate."""

    home: Path
    before: dict[str, bytes]
    finished: Finished


@pytest.fixture(scope="module")
def closed(publication: Publication, tmp_path_factory: pytest.TempPathFactory) -> Closed:
    """Run on half of the sessions, as if the source had lost the others."""
    folder = tmp_path_factory.mktemp("closed")
    home = publication.copy(folder / "home")
    before = published_bytes(home)
    middle = publication.prices["date"].median()
    finished = reaction_here(
        *publication.command(publication.prices.filter(pl.col("date") < middle), folder), home=home
    )
    return Closed(home, before, finished)


def test_the_last_publication_stays_as_it_is(closed: Closed, publication: Publication) -> None:
    """A run that is stopped by a gate exits with 1 and changes no published byte."""
    assert closed.finished.code == 1
    assert published_bytes(closed.home) == closed.before
    assert generation(closed.home) == publication.generation


def test_nothing_of_the_stopped_run_is_left_behind(closed: Closed) -> None:
    """The scratch database and the unpublished generation of a stopped run are gone."""
    assert list((closed.home / "build").iterdir()) == []
    assert len(list((closed.home / "generations").iterdir())) == 1


def test_the_message_names_table_check_count_and_rows(closed: Closed, publication: Publication) -> None:
    """The error names the table, the check, how many rows break it, a sample of them, and what to do."""
    n_before = publication.prices.height
    message = closed.finished.err
    assert message.startswith("error: gate 'publish' is closed")
    assert "fail  fct_returns.not_shrunk: 1 row breaks it (0 allowed)" in message
    assert f'"n_before": {n_before}' in message
    assert "Nothing was let through." in message


def test_the_run_is_recorded_with_its_checks(closed: Closed) -> None:
    """The record of runs says gate_closed with the message, and keeps what each check measured."""
    with duckdb.connect(str(closed.home / "warehouse.duckdb"), read_only=True) as connection:
        ended = connection.execute(
            "select run_id, status, message from audit.runs where finished_at is not null order by started_at"
        ).fetchall()
        failed = connection.execute(
            "select table_name, check_name, observed, sample from audit.quality_checks "
            "where run_id = $1 and not passed and severity = 'fail' order by check_name",
            [ended[-1][0]],
        ).fetchall()
    assert [status for _, status, _ in ended] == ["published", "gate_closed"]
    assert "fct_returns.not_shrunk" in ended[-1][2]
    assert ("fct_returns", "not_shrunk", 1.0) in [row[:3] for row in failed]
    assert all(sample for *_, sample in failed)


def test_status_shows_the_stopped_run_and_the_publication_that_stays(closed: Closed) -> None:
    """`reaction status` shows that the last run met a closed gate, and which generation is live."""
    shown = reaction_here("status", home=closed.home)
    assert shown.code == 0
    assert "gate_closed" in shown.out

    record = reaction_here("status", "--json", home=closed.home).json
    assert [run["status"] for run in record["runs"]] == ["gate_closed", "published"]
    assert record["published"]["generation_id"] == closed.before["live"].decode()


def test_the_next_good_run_publishes(closed: Closed, publication: Publication, tmp_path: Path) -> None:
    """A closed gate holds nothing back for good: the next run on whole input publishes a new generation."""
    finished = reaction_here(*publication.command(publication.later, tmp_path), home=closed.home)
    assert finished.code == 0, finished.err
    assert generation(closed.home).id != publication.generation.id

"""A run killed at any moment leaves the old or the new publication whole; a rerun ends as if nothing had happened."""

from __future__ import annotations

import random
import shutil
import signal
import time
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext
from pathlib import Path

import duckdb
import pytest

from tests.faults.conftest import Publication
from tests.faults.warm_run import FAILPOINTS
from tests.running import Generation, generation, run_warm, start_warm

pytestmark = pytest.mark.slow

N_KILLS = 6
SEED = 20250127


UNSWITCHED = (
    "ledger written, rows not",
    "rows committed, not acknowledged",
    "marts written, not switched",
    "folder named, link not switched",
)
SWITCHED = ("switched, nothing recorded", "published, end not recorded")
CHAINS = ((*UNSWITCHED, SWITCHED[0]), SWITCHED[1:])
"""Failpoints of runs that follow one another in a home."""


@dataclass(frozen=True, slots=True)
class Uninterrupted:
    """A run of the changed input that nobody disturbed, and how long it took."""

    generation: Generation
    seconds: float


@pytest.fixture(scope="module")
def uninterrupted(
    publication: Publication, warm: ForkServerContext, tmp_path_factory: pytest.TempPathFactory
) -> Uninterrupted:
    """Run on the changed input without a kill."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    home = publication.copy(folder / "home")
    assert run_warm(warm, "status", home=home) == 0  # starts the fork server, whose imports are not part of a run
    started = time.monotonic()
    assert run_warm(warm, *publication.command(publication.later, folder), home=home) == 0
    seconds = time.monotonic() - started
    assert generation(home).content_hash != publication.generation.content_hash
    return Uninterrupted(generation(home), seconds)


def hold_to_promise(publication: Publication, uninterrupted: Uninterrupted, home: Path) -> None:
    """After a kill: what is published is one whole generation, and every batch of raw rows is whole."""
    live = generation(home)
    assert live.content_hash in (publication.generation.content_hash, uninterrupted.generation.content_hash)
    assert live.table_hashes in (publication.generation.table_hashes, uninterrupted.generation.table_hashes)
    with duckdb.connect(str(home / "warehouse.duckdb")) as connection:
        torn = connection.execute(
            "select batch_id, n_rows, n_stored from raw.batches left join ("
            "select batch_id, count(*) as n_stored from raw.files_prices group by 1 union all "
            "select batch_id, count(*) from raw.files_events group by 1 union all "
            "select batch_id, count(*) from raw.catalogue_events group by 1"
            ") using (batch_id) where n_rows is distinct from n_stored"
        ).fetchall()
    assert torn == []


def rerun(publication: Publication, uninterrupted: Uninterrupted, warm: ForkServerContext, home: Path) -> None:
    """Run the same command to its end: it publishes what the uninterrupted run did, and leaves no leftovers."""
    assert run_warm(warm, *publication.command(publication.later, home.parent), home=home) == 0
    live = generation(home)
    assert live.table_hashes == uninterrupted.generation.table_hashes
    assert list((home / "build").iterdir()) == []
    assert [path.name for path in home.glob("generations/*.partial")] == []
    assert [path.name for path in home.glob(".published*")] == []


def test_a_kill_at_any_moment_leaves_one_whole_publication(
    publication: Publication, uninterrupted: Uninterrupted, warm: ForkServerContext, tmp_path: Path
) -> None:
    """SIGKILL at six moments spread over a run: the old or the new generation, whole; a rerun gives the same hashes.

    Each run meets what the one before it left, until one has published. A run that ends before its moment has come,
    because the machine was busier before, is followed by another one that has less time.
    """
    generator = random.Random(SEED)  # noqa: S311
    shares = [(number + generator.random()) / N_KILLS for number in range(N_KILLS)]
    home = publication.copy(tmp_path / "home")
    seconds, n_kills = uninterrupted.seconds, 0
    while n_kills < N_KILLS:
        if generation(home).content_hash != publication.generation.content_hash:
            shutil.rmtree(home)
            publication.copy(home)
        process = start_warm(warm, *publication.command(publication.later, tmp_path), home=home)
        started = time.monotonic()
        process.join(shares[n_kills] * seconds)
        seconds_taken = time.monotonic() - started
        process.kill()
        process.join()
        assert process.exitcode in (0, -signal.SIGKILL)
        if process.exitcode:
            n_kills += 1
        else:
            seconds = seconds_taken
        hold_to_promise(publication, uninterrupted, home)
    rerun(publication, uninterrupted, warm, home)


@pytest.mark.parametrize("failpoints", CHAINS, ids=["from the ledger to the switch", "after the publication"])
def test_a_kill_between_two_steps_that_belong_together_is_repaired(
    publication: Publication,
    uninterrupted: Uninterrupted,
    warm: ForkServerContext,
    tmp_path: Path,
    failpoints: tuple[str, ...],
) -> None:
    """Kills before, at and after the switch leave one whole generation; the next run ends with the same hashes.

    Each run meets what the one before it left; one that has switched is the last, as the next would publish nothing.
    """
    home = publication.copy(tmp_path / "home")
    for failpoint in failpoints:
        command = publication.command(publication.later, tmp_path)
        assert run_warm(warm, *command, home=home, failpoint=failpoint) == -signal.SIGKILL, failpoint
        hold_to_promise(publication, uninterrupted, home)
        is_switched = generation(home).content_hash == uninterrupted.generation.content_hash
        assert is_switched == (failpoint in SWITCHED)
    rerun(publication, uninterrupted, warm, home)


def test_every_failpoint_is_tried() -> None:
    """No failpoint is forgotten."""
    assert [failpoint for chain in CHAINS for failpoint in chain] == list(FAILPOINTS)

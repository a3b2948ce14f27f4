"""A run killed at any moment leaves the old or the new publication whole; a rerun ends as if nothing had happened."""

from __future__ import annotations

import random
import shutil
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext
from pathlib import Path

import duckdb
import pytest

from tests.faults.conftest import Publication
from tests.faults.warm_run import FAILPOINTS
from tests.running import Generation, generation, run_warm, start_warm

pytestmark = pytest.mark.slow

N_KILLS = 10
SEED = 20250127
N_HOMES = 2
"""Homes that runs are killed in at the same time."""

UNSWITCHED = (
    "ledger written, rows not",
    "rows committed, not acknowledged",
    "marts written, not switched",
    "folder named, link not switched",
)
SWITCHED = ("switched, nothing recorded", "published, end not recorded")


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
    """SIGKILL at ten moments spread over a run: the old or the new generation, whole; a rerun gives the same hashes.

    The runs of a home follow one another, so that each meets what the one before it left.
    """
    generator = random.Random(SEED)  # noqa: S311
    moments = [(number + generator.random()) / N_KILLS * uninterrupted.seconds for number in range(N_KILLS)]

    def kill_one_after_another(first: int) -> list[int]:
        folder = tmp_path / str(first)
        folder.mkdir()
        home = publication.copy(folder / "home")
        exit_codes = []
        for moment in moments[first::N_HOMES]:
            if generation(home).content_hash != publication.generation.content_hash:
                shutil.rmtree(home)
                publication.copy(home)
            process = start_warm(warm, *publication.command(publication.later, folder), home=home)
            process.join(moment)
            process.kill()
            process.join()
            exit_codes.append(process.exitcode or 0)
            hold_to_promise(publication, uninterrupted, home)
        rerun(publication, uninterrupted, warm, home)
        return exit_codes

    with ThreadPoolExecutor(N_HOMES) as pool:
        exit_codes = [code for codes in pool.map(kill_one_after_another, range(N_HOMES)) for code in codes]
    assert set(exit_codes) <= {0, -signal.SIGKILL}
    assert exit_codes.count(-signal.SIGKILL) >= N_KILLS - 2, "the kills came after the runs had ended"


def test_a_kill_between_two_steps_that_belong_together_is_repaired(
    publication: Publication, uninterrupted: Uninterrupted, warm: ForkServerContext, tmp_path: Path
) -> None:
    """Kills before, at and after the switch leave one whole generation; the next run ends with the same hashes.

    The runs of a home follow one another, so that each meets what the one before it left.
    """

    def kill_one_after_another(failpoints: tuple[str, ...]) -> None:
        folder = tmp_path / failpoints[0].replace(" ", "-")
        folder.mkdir()
        home = publication.copy(folder / "home")
        for failpoint in failpoints:
            command = publication.command(publication.later, folder)
            assert run_warm(warm, *command, home=home, failpoint=failpoint) == -signal.SIGKILL, failpoint
            hold_to_promise(publication, uninterrupted, home)
            is_switched = generation(home).content_hash == uninterrupted.generation.content_hash
            assert is_switched == (failpoint in SWITCHED)
        rerun(publication, uninterrupted, warm, home)

    with ThreadPoolExecutor(N_HOMES) as pool:
        list(pool.map(kill_one_after_another, [UNSWITCHED, *((failpoint,) for failpoint in SWITCHED)]))


def test_every_failpoint_is_tried() -> None:
    """No failpoint is forgotten."""
    assert {*UNSWITCHED, *SWITCHED} == set(FAILPOINTS)

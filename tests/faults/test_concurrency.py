"""One writer at a time, locks that die with their holder, and folders that cannot be written."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from multiprocessing.context import ForkServerContext
from pathlib import Path

import polars as pl
import pytest

from pipelines.contracts import CATALOGUE_EVENTS
from pipelines.sources.batch import content_hash
from tests.faults.conftest import Publication
from tests.running import ROOT, generation, published_bytes, reaction_here, start_warm
from warehouse.connection import open_memory
from warehouse.lease import holder, lease
from warehouse.migrations import migrate
from warehouse.store import Incoming, append

HOLD = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from warehouse.lease import lease
with lease(Path(sys.argv[1]), now=datetime(2025, 1, 27, 14, 30, tzinfo=UTC), what="reaction run"):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def other_run(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Hold the lock of the home in another process, as a run does."""
    command = [sys.executable, "-c", HOLD, str(tmp_path / "home" / "run.lock")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def test_a_second_run_names_the_holder_and_since_when(tmp_path: Path, other_run: subprocess.Popen[str]) -> None:
    """A run beside another ends at once with one line: which process holds the home, and since when."""
    finished = reaction_here("run", "--no-prefect", home=tmp_path / "home")
    shown = reaction_here("status", home=tmp_path / "home")

    assert finished.code == 1
    assert finished.err == (
        f"error: {tmp_path / 'home'} is in use: reaction run by process {other_run.pid} since "
        "2025-01-27T14:30:00+00:00; wait for it, or stop it\n"
    )
    assert f"reaction run by process {other_run.pid} since 2025-01-27T14:30:00+00:00" in shown.out


def test_the_lock_of_a_dead_process_does_not_block(tmp_path: Path, other_run: subprocess.Popen[str]) -> None:
    """The lock file of a killed run stays, its lock does not: the next run takes it over, and `status` shows nobody."""
    file = tmp_path / "home" / "run.lock"
    other_run.kill()
    other_run.wait()

    assert json.loads(file.read_text())["pid"] == other_run.pid
    assert holder(file) is None
    with lease(file, now=datetime.now(UTC), what="reaction run"):
        assert json.loads(file.read_text())["pid"] == os.getpid()


def test_a_lock_file_of_garbage_does_not_block(tmp_path: Path) -> None:
    """A lock file that holds anything at all is written anew."""
    file = tmp_path / "run.lock"
    file.write_bytes(b"\x00\xff not JSON")

    with lease(file, now=datetime.now(UTC), what="reaction run"):
        assert json.loads(file.read_text())["pid"] == os.getpid()


@pytest.mark.slow
def test_two_runs_at_once_publish_once(publication: Publication, warm: ForkServerContext, tmp_path: Path) -> None:
    """Of two runs that start together one publishes, and the other ends with exit code 1 and changes nothing."""
    home = publication.copy(tmp_path / "home")
    command = publication.command(publication.later, tmp_path)
    first = start_warm(warm, *command, home=home)
    deadline = time.monotonic() + 60
    while holder(home / "run.lock") is None and time.monotonic() < deadline:
        time.sleep(0.01)
    before = published_bytes(home)
    second = reaction_here(*command, home=home)
    assert published_bytes(home) == before
    first.join(120)

    assert first.exitcode == 0
    assert second.code == 1
    assert re.fullmatch(rf"error: {home} is in use: reaction run by process {first.pid} since .*\n", second.err)
    assert generation(home).id != publication.generation.id


@pytest.mark.parametrize("command", [["run", "--no-prefect"], ["run"]], ids=["alone", "with Prefect"])
def test_a_home_that_cannot_be_written_is_named_in_one_line(tmp_path: Path, command: list[str]) -> None:
    """A home that cannot be made ends the run with one line that names the path and says what to do."""
    (tmp_path / "file").write_text("a file where a folder should be")
    home = tmp_path / "file" / "home"
    finished = reaction_here(*command, home=home)

    assert finished.code == 1
    assert finished.err.startswith("error: ")
    assert str(home) in finished.err
    assert "set REACTION_HOME to a folder of yours" in finished.err
    assert finished.err.count("\n") == 1


def test_a_clock_that_was_set_back_does_not_reorder_versions() -> None:
    """A version fetched by a clock that runs behind is known from right after the newest stored one."""
    columns = {column.name: column.polars for column in CATALOGUE_EVENTS.columns if column.name != "batch_id"}
    now = datetime(2025, 1, 27, 12, tzinfo=UTC)
    clocks = [now, now - timedelta(days=1), now - timedelta(days=400), now + timedelta(days=1)]
    with open_memory() as connection:
        migrate(connection)
        for number, fetched_at in enumerate(clocks):
            row = {"row_number": 0, "event_id": f"version-{number}", "title": "t", "precision": "day", "kind": "news"}
            frame = pl.DataFrame([row | {"tickers": "[]"}], schema=columns)
            incoming = Incoming("catalogue_events", "mine", "file:mine", content_hash(frame), fetched_at, frame)
            assert append(connection, [incoming], f"run-{number}").n_new == 1
        connection.execute("set timezone = 'UTC'")
        ledger = connection.execute(
            "select run_id, known_from, fetched_at from raw.batches order by known_from"
        ).fetchall()

    assert [run_id for run_id, *_ in ledger] == [f"run-{number}" for number in range(len(clocks))]
    assert [fetched_at for *_, fetched_at in ledger] == clocks
    known = [known_from for _, known_from, _ in ledger]
    assert known == [now, now + timedelta(microseconds=1), now + timedelta(microseconds=2), now + timedelta(days=1)]

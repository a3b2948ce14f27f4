"""`reaction run` as a Prefect flow on a temporary server of its own, and what happens where there is no server."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import time
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows.pipeline import STAGES, stage_title
from tests.generated_prices import market, new_york_sessions, write
from tests.running import Finished, generation, reaction, spawn
from warehouse.lease import holder

pytestmark = pytest.mark.slow

NOWHERE = "http://127.0.0.1:9/api"


@pytest.fixture(scope="module", autouse=True)
def _no_prefect_of_the_user() -> Any:
    """Run the commands without any setting of Prefect but their own."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith("PREFECT_"):
                patch.delenv(name)
        yield


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home that does not exist yet."""
    return tmp_path_factory.mktemp("with_prefect") / "new" / "home"


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> tuple[object, ...]:
    """Return the command on two securities and their index, which is quicker than on the bundled sample."""
    sessions = new_york_sessions(date(2023, 10, 2), date(2025, 2, 28))
    prices = market(["NVDA", "AVGO", "^GSPC"], sessions, index="^GSPC")
    return ("run", "--source", "files", "--prices", write(prices, tmp_path_factory.mktemp("prices") / "prices.parquet"))


@pytest.fixture(scope="module")
def first(home: Path, command: tuple[object, ...]) -> Finished:
    """Run the pipeline from an empty home."""
    return reaction(*command, "--json", home=home)


def recorded(home: Path, query: str) -> list[tuple[Any, ...]]:
    """Return rows of the temporary server's database."""
    with closing(sqlite3.connect(home / "prefect" / "prefect.db")) as connection:
        return connection.execute(query).fetchall()


def last_run(home: Path) -> tuple[str, str | None]:
    """Return status and message of the last run that ended."""
    query = "select status, message from audit.runs where finished_at is not null order by finished_at desc limit 1"
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        ((status, message),) = connection.execute(query).fetchall()
    return status, message


def servers(home: Path) -> list[str]:
    """Return the processes that serve a home's Prefect database; empty where the system does not tell."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
            known = (process / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"flows.prefect_server" in words and f"REACTION_HOME={home}".encode() in known:
            found.append(process.name)
    return found


def test_a_run_is_a_flow_of_seven_tasks(home: Path, first: Finished) -> None:
    """From an empty home a run prints its result and nothing else, and Prefect has the flow and a task per stage."""
    assert (first.code, first.err) == (0, "")
    assert first.json["status"] == "published"
    assert first.json["generation_id"] == generation(home).id

    assert recorded(home, "select state_type, state_name from flow_run") == [("COMPLETED", "Completed")]
    tasks = recorded(home, "select name, state_type from task_run order by start_time")
    assert [name.rsplit("-", 1)[0] for name, _ in tasks] == [stage_title(stage) for stage in STAGES]
    assert {state for _, state in tasks} == {"COMPLETED"}


def test_a_run_leaves_its_artifacts(home: Path, first: Finished) -> None:
    """Progress stands at 100 percent, the table holds the strongest reactions, the page the run's sentences."""
    rows = recorded(home, "select key, type, cast(data as text) from artifact")  # SQLite keeps a lone number as one
    stored = {key: (kind, json.loads(data)) for key, kind, data in rows}

    assert stored["run-progress"] == ("progress", 100.0)
    kind, table = stored["strongest-reactions"]
    assert kind == "table"
    assert json.loads(table) == first.json["reactions"] != []
    kind, page = stored["run-summary"]
    assert kind == "markdown"
    assert page.startswith("# Market reaction\n")
    assert first.json["generation_id"] in page


def test_the_server_goes_with_the_run(home: Path, first: Finished) -> None:
    """When the command has ended, so has its server."""
    assert first.code == 0
    assert servers(home) == []


def test_a_stopped_run_is_recorded_and_leaves_nothing_behind(
    home: Path, command: tuple[object, ...], first: Finished
) -> None:
    """SIGTERM in the middle: exit code 143, one word, the run on record as failed, lock and server gone."""
    before = generation(home)
    with spawn(*command, home=home) as process:
        wait_for(home, process.pid)
        assert len(servers(home)) == 1
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)

    assert (process.returncode, out, err) == (143, "", "stopped\n")
    assert first.code == 0
    assert last_run(home) == ("failed", "stopped by a signal")
    assert recorded(home, "select state_type from flow_run order by created desc limit 1") == [("CRASHED",)]
    assert holder(home / "run.lock") is None
    assert servers(home) == []
    assert generation(home) == before


def wait_for(home: Path, pid: int) -> None:
    """Wait until a process has the lock of a home."""
    deadline = time.monotonic() + 60
    while f"process {pid} " not in (holder(home / "run.lock") or ""):
        assert time.monotonic() < deadline, "the run did not start within a minute"
        time.sleep(0.02)


def test_without_a_server_the_command_says_how_to_go_on(home: Path, first: Finished) -> None:
    """An API that does not answer is one line that names it and the way without Prefect, and no run."""
    before = last_run(home)
    finished = reaction("run", home=home, settings={"PREFECT_API_URL": NOWHERE})

    assert (finished.code, finished.out) == (1, "")
    assert finished.err.startswith(f"error: Prefect's API at {NOWHERE} (PREFECT_API_URL) does not answer: ")
    assert "the same command with --no-prefect does the same without Prefect" in finished.err
    assert finished.err.count("\n") == 1
    assert first.code == 0
    assert last_run(home) == before


def test_without_prefect_a_broken_server_does_not_matter(
    home: Path, command: tuple[object, ...], first: Finished
) -> None:
    """`--no-prefect` runs the same stages whatever Prefect's settings say; on known input it changes nothing."""
    settings = {"PREFECT_API_URL": NOWHERE, "PREFECT_HOME": "/dev/null/prefect"}
    finished = reaction(*command, "--no-prefect", "--json", home=home, settings=settings)

    assert (finished.code, finished.err) == (0, "")
    assert finished.json["status"] == "unchanged"
    assert finished.json["generation_id"] == first.json["generation_id"]

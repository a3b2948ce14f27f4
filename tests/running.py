"""Run the command `reaction`, and read back what it published: shared by the fault and the end-to-end tests."""

from __future__ import annotations

import io
import json
import os
import runpy
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
import pyarrow.parquet as pq

from flows.cli import main
from warehouse.hashing import hash_tables, to_json
from warehouse.publish import HASHED

ROOT = Path(__file__).resolve().parents[1]
COMMAND = "from flows.cli import main; main()"

WARM_RUN = ROOT / "tests" / "faults" / "warm_run.py"

HEAVY = [
    "flows.ad_hoc",
    "flows.pipeline",
    "flows.summary",
    "cyclopts.core",
    "exchange_calendars",
    "great_expectations.expectations",
    "pyarrow.dataset",
]
"""Modules that a warm process holds already, so that a run in it is the run and not its imports."""


@dataclass(frozen=True, slots=True)
class Finished:
    """What a command left: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Return what was printed, read as strict JSON."""
        return strict_json(self.out)


def strict_json(text: str) -> Any:
    """Read JSON that holds no NaN and no infinity."""

    def refuse(word: str) -> None:
        raise ValueError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


def environment(home: Path) -> dict[str, str]:
    """Return this process's environment with a home of its own and no other setting of `reaction`."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("REACTION_")}
    return others | {"REACTION_HOME": str(home)}


def spawn(
    *arguments: object, home: Path, options: tuple[str, ...] = (), settings: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    """Start the command in a new process."""
    return subprocess.Popen(
        [sys.executable, *options, "-c", COMMAND, *map(str, arguments)],
        cwd=ROOT,
        env=environment(home) | dict(settings or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def reaction(
    *arguments: object,
    home: Path,
    options: tuple[str, ...] = (),
    timeout: float = 120,
    settings: Mapping[str, str] | None = None,
) -> Finished:
    """Run the command in a new process, with more environment variables if any are given, and wait for it."""
    with spawn(*arguments, home=home, options=options, settings=settings) as process:
        out, err = process.communicate(timeout=timeout)
    return Finished(process.returncode, out, err)


def reaction_here(
    *arguments: object, home: Path, stdin: str = "", settings: Mapping[str, str] | None = None
) -> Finished:
    """Run the command in this process, which is quicker and the same in all but its imports."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    variables = environment(home) | dict(settings or {})
    with patch.dict(os.environ, variables, clear=True), patch.object(sys, "stdin", io.StringIO(stdin)):
        try:
            with redirect_stdout(out), redirect_stderr(err):
                main([str(argument) for argument in arguments])
        except SystemExit as leave:
            code = int(leave.code or 0)
    return Finished(code, out.getvalue(), err.getvalue())


def warm_context() -> ForkServerContext:
    """Return a context whose processes have the heavy modules loaded and have never opened a database."""
    context = get_context("forkserver")
    context.set_forkserver_preload(HEAVY)
    return context


def start_warm(context: ForkServerContext, *arguments: object, home: Path, failpoint: str = "") -> ForkServerProcess:
    """Start the command in a warm process, to be killed at a failpoint if one is named.

    What it prints goes to the files ``out.txt`` and ``err.txt`` beside the home.
    """
    settings = {
        "ARGUMENTS": [str(argument) for argument in arguments],
        "ENVIRONMENT": environment(home),
        "PRINTS": home.parent,
        "FAILPOINT": failpoint,
    }
    process = context.Process(target=runpy.run_path, args=(str(WARM_RUN), settings, "__main__"))
    process.start()
    return process


def run_warm(context: ForkServerContext, *arguments: object, home: Path, failpoint: str = "") -> int:
    """Run the command in a warm process and return its exit code; minus the signal if one killed it."""
    process = start_warm(context, *arguments, home=home, failpoint=failpoint)
    process.join(120)
    assert process.exitcode is not None, "the run did not end in two minutes"
    return process.exitcode


@dataclass(frozen=True, slots=True)
class Generation:
    """One published generation as its file records it."""

    id: str
    content_hash: str
    table_hashes: Mapping[str, tuple[int, str]]


@contextmanager
def open_marts(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the database of a published generation, read-only."""
    with duckdb.connect(str(folder / "marts.duckdb"), read_only=True) as connection:
        yield connection


def generation(home: Path) -> Generation:
    """Return the live generation after holding every one of its files to its own record.

    The tables must hash to what the record says, and every Parquet file must carry the generation's name.
    """
    folder = (home / "published").resolve(strict=True)
    with open_marts(folder) as connection:
        records = connection.execute("select generation_id, content_hash, table_hashes from generations").fetchall()
        found = to_json(hash_tables(connection, HASHED, "main"))
    assert len(records) == 1, f"{folder}: expected one generation record, got {len(records)}"
    name, content_hash, table_hashes = records[0]
    assert found == table_hashes, f"{folder}: tables are not as the record of the generation says"
    assert folder.name == name
    assert parquet_generations(folder) == {name}
    return Generation(name, content_hash, {table: tuple(entry) for table, entry in json.loads(table_hashes).items()})


def parquet_generations(folder: Path) -> set[str]:
    """Return the generation names that the Parquet files of a folder carry in their metadata."""
    names = set()
    for file in sorted(folder.glob("*.parquet")):
        metadata = pq.read_metadata(file).metadata or {}
        names.add(metadata.get(b"generation_id", b"none").decode())
    return names


def published_bytes(home: Path) -> dict[str, bytes]:
    """Return every published file and the name of the live generation, byte for byte."""
    folder = (home / "published").resolve(strict=True)
    files = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    return files | {"live": folder.name.encode()}


def rows(home: Path, query: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query on the published marts."""
    with open_marts(home / "published") as connection:
        connection.execute("set timezone = 'UTC'")
        return connection.execute(query).fetchall()

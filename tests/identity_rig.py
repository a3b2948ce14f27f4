"""Core and dimensions of what a rig or a file holds, and seeds to add rows to: shared by the tests of identity."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from flows.core import build_core
from flows.inputs import incoming
from flows.run import model_variables, models
from pipelines.home import SEEDS
from pipelines.sources import files_events, files_prices
from tests.live_rig import Rig
from warehouse.connection import open_file
from warehouse.store import append
from warehouse.workspace import open_memory_workspace, open_reader, set_variables


class Seeds:
    """A copy of the seeds to which rows can be added."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        shutil.copytree(SEEDS, folder)
        self.folder = folder
        for module in ("core", "identity", "listings"):
            monkeypatch.setattr(f"flows.{module}.seeds_folder", lambda: folder)

    def add(self, file: str, *rows: str) -> None:
        """Add rows at the end of a file."""
        path = self.folder / file
        path.write_text(path.read_text("utf-8") + "".join(f"{row}\n" for row in rows), "utf-8")


@contextmanager
def core_of(made: Rig, *events: str, as_of: datetime | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """Build what a run would on what the rig has stored of the symbols of its last poll, with a list of events."""
    inputs = list(made.refreshed[-1].inputs)
    if events:
        listed = write_events(made.settings.home, events)
        batches = [incoming(batch) for batch in files_events.fetch([listed], made.clock.now())]
        with open_file(made.settings.warehouse_file) as connection:
            append(connection, batches, "events")
        inputs += [(batch.source, batch.object) for batch in batches]
    connection = open_reader(made.settings.warehouse_file)
    try:
        set_variables(connection, model_variables(made.settings, "yahoo", as_of))
        build_core(connection, models(), inputs, made.settings.calendar_folder)
        yield connection
    finally:
        connection.close()


@contextmanager
def core_of_files(made: Rig, prices: Path, *events: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """Build what a run would on a file of prices, with a list of events."""
    now = datetime(2026, 1, 2, tzinfo=UTC)
    batches = [incoming(batch) for batch in files_prices.fetch(files_prices.FilesRequest((prices,)), now)]
    if events:
        listed = write_events(prices.parent, events)
        batches += [incoming(batch) for batch in files_events.fetch([listed], now)]
    connection = open_memory_workspace()
    try:
        append(connection, batches, "files")
        set_variables(connection, model_variables(made.settings, "files"))
        inputs = [(batch.source, batch.object) for batch in batches]
        build_core(connection, models(), inputs, made.settings.calendar_folder)
        yield connection
    finally:
        connection.close()


def write_events(folder: Path, events: Sequence[str]) -> Path:
    """Write a list of events, each as event_id,symbol,event_date."""
    file = folder / "events.csv"
    file.write_text("event_id,symbol,event_date\n" + "".join(f"{event}\n" for event in events), "utf-8")
    return file

"""A study of a user's own prices and events: the pipeline's path in memory, no warehouse, no Prefect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from flows.core import CoreSummary, build_core
from flows.run import model_variables, models
from flows.stages import split_event_files
from flows.studying import run_definitions
from pipelines.contracts import (
    DIM_STUDIES,
    FCT_ABNORMAL_RETURNS,
    FCT_EVENT_CARS,
    FCT_EVENT_SECURITIES,
    FCT_GROUP_TESTS,
    FCT_STUDY_SECURITIES,
    QUARANTINE,
)
from pipelines.errors import CatalogueError
from pipelines.event_study.definitions import StudyDefinition
from pipelines.settings import Settings
from pipelines.sources import catalogue_events, files_events, files_prices
from pipelines.sources.batch import RawBatch, content_hash
from warehouse.models import require_all, run_ready
from warehouse.store import Incoming, append
from warehouse.workspace import open_memory_workspace, read_table, set_variables

OUTPUT = (
    DIM_STUDIES,
    FCT_EVENT_SECURITIES,
    FCT_STUDY_SECURITIES,
    FCT_ABNORMAL_RETURNS,
    FCT_EVENT_CARS,
    FCT_GROUP_TESTS,
    QUARANTINE,
)


@dataclass(frozen=True, slots=True)
class AdHocStudy:
    """The tables of one study, by name, each with its contract's columns."""

    tables: Mapping[str, pl.DataFrame]
    core: CoreSummary

    def write(self, folder: Path) -> list[Path]:
        """Write each table as Parquet and return the files."""
        folder.mkdir(parents=True, exist_ok=True)
        files = []
        for name, frame in self.tables.items():
            file = folder / f"{name}.parquet"
            partial = file.with_suffix(".partial")
            frame.write_parquet(partial, compression="zstd")
            files.append(partial.replace(file))
        return files


def ad_hoc_study(settings: Settings, definition: StudyDefinition) -> AdHocStudy:
    """Run one definition on the price and event files that the settings name.

    Raises
    ------
    ReactionError
        If a file cannot be read, or the study's parameters contradict each other.
    """
    now = datetime.now(UTC)
    request = files_prices.FilesRequest(settings.prices, settings.columns, settings.layout, settings.date_format)
    batches = [*files_prices.fetch(request, now), *_events(settings.events, now)]
    connection = open_memory_workspace()
    try:
        append(connection, [_incoming(batch) for batch in batches], run_id="ad-hoc")
        set_variables(connection, model_variables(settings, "files"))
        core = build_core(connection, models())
        run_definitions(connection, [definition])
        run_ready(connection, models())
        require_all(connection, models())
        tables = {table.name: read_table(connection, table, "mart") for table in OUTPUT}
    finally:
        connection.close()
    return AdHocStudy(tables, core)


def _events(paths: tuple[Path, ...], now: datetime) -> list[RawBatch]:
    catalogues, lists = split_event_files(paths)
    batches = [*catalogue_events.fetch(catalogues, now), *files_events.fetch(lists, now)]
    if not batches:
        raise CatalogueError("--events: expected at least one event file (CSV, Parquet or YAML)")
    return batches


def _incoming(batch: RawBatch) -> Incoming:
    return Incoming(batch.source, batch.object, batch.url, content_hash(batch.frame), batch.fetched_at, batch.frame)

"""A study of a user's events on files or stored prices: the pipeline's path in memory, no Prefect, nothing stored."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path

import duckdb
import polars as pl

from flows.core import CoreSummary, build_core
from flows.factors import expect_sound_factors, lacking_factors
from flows.french import french_factors
from flows.identity import known_exceptions
from flows.inputs import all_incoming, fetch_factors, split_event_files
from flows.run import model_variables, models
from flows.stored_prices import Stored, stored_prices
from flows.studying import Work, run_definitions
from pipelines.contracts import (
    DIM_STUDIES,
    FCT_ABNORMAL_RETURNS,
    FCT_EVENT_CARS,
    FCT_EVENT_SECURITIES,
    FCT_GROUP_TESTS,
    FCT_STUDY_SECURITIES,
    QUARANTINE,
)
from pipelines.errors import CatalogueError, ConfigurationError, SourceError, SpecError
from pipelines.event_study import StudySpec
from pipelines.event_study.definitions import StudyDefinition
from pipelines.settings import Settings
from pipelines.sources import catalogue_events, files_events, files_prices
from pipelines.sources.batch import RawBatch
from warehouse.models import require_all, run_ready
from warehouse.store import append
from warehouse.workspace import open_memory_workspace, read_frame, read_table, set_variables

OUTPUT = (
    DIM_STUDIES,
    FCT_EVENT_SECURITIES,
    FCT_STUDY_SECURITIES,
    FCT_ABNORMAL_RETURNS,
    FCT_EVENT_CARS,
    FCT_GROUP_TESTS,
    QUARANTINE,
)


EXPLANATION = "explain_difference"
"""Name of the table that says why another program gives other numbers."""


@dataclass(frozen=True, slots=True)
class AdHocStudy:
    """The tables of one study, by name, each with its contract's columns.

    With a convention to be explained there is one more, EXPLANATION, with the columns of `explain_difference`.

    Attributes
    ----------
    lacking : str
        Which symbols of the events the stored prices do not have; empty if none, and for files.
    """

    tables: Mapping[str, pl.DataFrame]
    core: CoreSummary
    lacking: str = ""

    def write(self, folder: Path) -> list[Path]:
        """Write each table as Parquet and return the files."""
        files = []
        for name, frame in self.tables.items():
            file = folder / f"{name}.parquet"
            partial = file.with_suffix(".partial")
            frame.write_parquet(partial, compression="zstd")
            files.append(partial.replace(file))
        return files


def output_folder(folder: Path) -> Path:
    """Make the folder the tables go to, before anything is computed for it.

    Raises
    ------
    ConfigurationError
        If it cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".partial").touch()
        (folder / ".partial").unlink()
    except OSError as error:
        raise ConfigurationError(f"--out: the folder {folder} cannot be written: {error.strerror}") from error
    return folder


@dataclass(frozen=True, slots=True)
class _Prices:
    """What a study reads of the prices there are.

    Attributes
    ----------
    batches : list of RawBatch
        Of the symbols that the study needs, and what names no symbol.
    symbols : sequence of str
        Every symbol that there are prices of.
    place : str
        Where they lie, for messages.
    """

    batches: list[RawBatch]
    symbols: Sequence[str]
    place: str
    lacking: str = ""


def ad_hoc_study(
    settings: Settings, definition: StudyDefinition, work: Work | None = None, stored: Stored | None = None
) -> AdHocStudy:
    """Run one definition on the factor and event files that the settings name, and on their price files.

    Parameters
    ----------
    stored : Stored, optional
        Prices of the warehouse to be read in place of price files.

    Raises
    ------
    ReactionError
        If a file cannot be read, nothing is stored, no price row is sound, or the study's parameters contradict each
        other.
    """
    now = datetime.now(UTC)
    events = _events(settings.events, now)
    wanted = _symbols(events) | ({definition.benchmark} if definition.benchmark else set())
    factors = _factors(settings, definition.spec, now)
    prices = _of_files(settings, wanted, now) if stored is None else _of_store(settings, stored, wanted, now)
    _expect_benchmark(definition.benchmark, prices)
    batches = [*prices.batches, *factors, *events]
    connection = open_memory_workspace()
    try:
        append(connection, all_incoming(batches), run_id="ad-hoc")
        set_variables(connection, model_variables(settings, "files"))
        inputs = [(batch.source, batch.object) for batch in batches]
        core = build_core(connection, models(), inputs, settings.calendar_folder)
        if core.n_price_rows and not core.n_symbols:
            raise SourceError(_why_none_is_sound(connection, core, prices.place))
        expect_sound_factors(connection, settings)
        differences = run_definitions(connection, [definition], work)
        run_ready(connection, models())
        require_all(connection, models())
        tables = {table.name: read_table(connection, table, "mart") for table in OUTPUT}
    finally:
        connection.close()
    if work is not None and work.explained:
        tables[EXPLANATION] = differences
    return AdHocStudy(tables, core, prices.lacking)


def _of_files(settings: Settings, wanted: Collection[str], now: datetime) -> _Prices:
    request = files_prices.FilesRequest(settings.prices, settings.columns, settings.layout, settings.date_format)
    found = files_prices.fetch(request, now)
    needed = known_exceptions().related(wanted)
    chosen = [batch for batch in found if batch.object in needed or _names_nobody(batch)]
    return _Prices(chosen, sorted(batch.object for batch in found), "--prices")


def _of_store(settings: Settings, stored: Stored, wanted: Collection[str], now: datetime) -> _Prices:
    found = stored_prices(settings, stored, wanted, now)
    return _Prices(found.batches, found.symbols, stored.name, found.lacking)


def _factors(settings: Settings, spec: StudySpec, now: datetime) -> list[RawBatch]:
    """Return the factors of the files that the settings name, or of the French data library."""
    is_library = settings.factors_source == "ken_french"
    batches = french_factors(settings, spec.factor_names, now) if is_library else fetch_factors(settings, now)
    names = list(dict.fromkeys(name for batch in batches for name in batch.frame["factor"].unique(maintain_order=True)))
    lacking = lacking_factors(spec, names)
    if lacking is not None:
        has = f"; the {'library has' if is_library else 'files have'} {', '.join(names)}" if names else ""
        raise SpecError(f"--factors{'-source' if is_library else ''}: {lacking}{has}")
    return batches


def _expect_benchmark(benchmark: str | None, prices: _Prices) -> None:
    symbols = prices.symbols
    if benchmark is not None and known_exceptions().related([benchmark]).isdisjoint(symbols):
        shown = ", ".join(get_close_matches(benchmark.upper(), symbols, n=3) or symbols[:5])
        lacking = f"; {prices.lacking}" if prices.lacking else ""
        raise SpecError(
            f"--benchmark: {benchmark} has no prices among the {len(symbols)} symbols of {prices.place}, "
            f"such as {shown}{lacking}"
        )


def _names_nobody(batch: RawBatch) -> bool:
    """Tell whether the rows of a batch lack a symbol; they go to quarantine, not out of sight."""
    return batch.frame["symbol"].null_count() > 0


def _why_none_is_sound(connection: duckdb.DuckDBPyConnection, core: CoreSummary, place: str) -> str:
    rules = read_frame(
        connection,
        "select rule_id, count(*) as n, min(reason) as reason from core.quarantine group by rule_id order by n desc, 1",
    )
    found = "; ".join(f"{rule}: {n:,} rows, such as: {reason}" for rule, n, reason in rules.iter_rows())
    do = "Correct the files, or say how to read them with --column, --layout and --date-format"
    return f"{place}: none of the {core.n_price_rows:,} price rows is sound. {found}" + (
        f". {do}" if place == "--prices" else ""
    )


def _symbols(batches: list[RawBatch]) -> set[str]:
    """Return the securities that the events name; the prices of others would only cost time."""
    symbols: set[str] = set()
    for batch in batches:
        if batch.source == catalogue_events.SOURCE:
            symbols |= {ticker["ticker"] for cell in batch.frame["tickers"] for ticker in json.loads(cell)}
        else:
            symbols |= set(batch.frame["symbol"].drop_nulls())
    return symbols


def _events(paths: tuple[Path, ...], now: datetime) -> list[RawBatch]:
    catalogues, lists = split_event_files(paths)
    batches = [*catalogue_events.fetch(catalogues, now), *files_events.fetch(lists, now)]
    if not batches:
        raise CatalogueError("--events: expected at least one event file (CSV, Parquet or YAML)")
    return batches

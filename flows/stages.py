"""The stages of the pipeline, in order. Each is a plain function of a run; nothing here knows Prefect.

::

    ingest -> build_inputs -> check_inputs -> run_studies -> build_marts -> check_marts -> publish_marts
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from flows import record as record_of_runs
from flows.core import CoreSummary, build_core
from flows.factors import expect_sound_factors
from flows.french import SOURCE as FRENCH
from flows.french import French, french_requests, refresh_french
from flows.gates import history_checks, judged
from flows.hourly import expect_hours, refresh_hours
from flows.inputs import all_incoming, fetch_events, fetch_factors, fetch_prices, incoming
from flows.news import refresh_news
from flows.news_store import Polled
from flows.record import State
from flows.refreshing import Refreshed, refresh_all
from flows.run import Run, models, seeds_folder
from flows.series import refresh_series
from flows.share_counts import share_count_warnings
from flows.studying import Work, run_definitions
from pipelines.contracts import EDGAR_SHARE_COUNTS, EDGAR_TICKERS, NEWS_ITEMS, QUALITY_CHECKS, RUNS
from pipelines.contracts.vocabulary import LIVE_SOURCES
from pipelines.event_study import ReactionRule
from pipelines.event_study.definitions import StudyDefinition, load_definitions
from pipelines.home import SQL
from pipelines.settings import Settings
from pipelines.validation import GateResult
from warehouse.connection import open_file
from warehouse.live_record import asked_before, known_batches, stored_objects
from warehouse.macros import load_macros
from warehouse.migrations import migrate
from warehouse.models import require_all, run_ready
from warehouse.publish import Publication, publish, sweep
from warehouse.store import StoreResult, append, record_requests
from warehouse.vintages import inputs_as_of, record_inputs
from warehouse.workspace import read_frame


@dataclass(frozen=True, slots=True)
class Ingested:
    """What the sources gave and what of it was new.

    Attributes
    ----------
    refreshed : tuple of Refreshed
        What became of the symbols of each live source: the run's own first, then the one it is compared with, hours,
        and series.
    warnings : tuple of str
        What could not be asked for, while an older version is there.
    news : tuple of Polled
        What became of the requests to each source of news.
    """

    prices: StoreResult
    factors: StoreResult
    events: StoreResult
    inputs: tuple[tuple[str, str], ...]
    input_hash: str
    refreshed: tuple[Refreshed, ...] = ()
    warnings: tuple[str, ...] = ()
    news: tuple[Polled, ...] = ()

    @property
    def is_partial(self) -> bool:
        """Whether something is lacking that a later run may get; a source that is only compared may lack anything."""
        return bool(self.complaint)

    @property
    def complaint(self) -> str:
        """Return what is lacking; empty if nothing is."""
        lacking = [part.complaint for part in self.refreshed if part.failures and not part.is_compared]
        return "; ".join([*lacking, *filter(None, (polled.complaint for polled in self.news))])


def ingest(run: Run) -> Ingested:
    """Fetch news, prices, factors and events and append what is new; as of an instant, fetch nothing."""
    if run.as_of is not None:
        return recall(run, run.as_of)
    settings = run.settings
    if settings.hourly:
        expect_hours(settings)
    news = refresh_news(settings, run.run_id, run.started_at, run.hosts)
    counts = share_count_warnings(settings, run.run_id, run.started_at, run.hosts)
    is_live = settings.source in LIVE_SOURCES
    refreshed = (*(_refreshed(run) if is_live else ()), *_series(run))
    french = _french(run)
    prices = [] if is_live else all_incoming(fetch_prices(settings, run.started_at))
    factors = [incoming(batch) for batch in fetch_factors(settings, run.started_at)]
    events = [incoming(batch) for batch in fetch_events(settings, run.started_at)]
    with open_file(settings.warehouse_file, wait_seconds=settings.lock_wait_seconds) as connection:
        migrate(connection)
        stored_prices = refreshed[0].stored if is_live else append(connection, prices, run.run_id)
        stored_factors = append(connection, [*factors, *french.batches], run.run_id)
        record_requests(connection, french_requests(run.run_id, french.answers))
        french.raise_if_lacking()
        stored_events = append(connection, events, run.run_id)
        batches = (*prices, *factors, *events)
        facts = [
            (table.name, name)
            for table in (EDGAR_SHARE_COUNTS, EDGAR_TICKERS, NEWS_ITEMS)
            for name in stored_objects(connection, table.name)
        ]
        kept = (*(pair for part in refreshed for pair in part.inputs), *french.inputs, *facts)
        inputs = (*kept, *((batch.source, batch.object) for batch in batches))
        record_inputs(connection, run.run_id, settings.source, inputs, run.started_at)
        known = known_batches(connection, kept)
    hashes = sorted([*known, *(f"{batch.source} {batch.object} {batch.content_hash}" for batch in batches)])
    return Ingested(
        prices=stored_prices,
        factors=stored_factors,
        events=stored_events,
        inputs=inputs,
        input_hash=hashlib.sha256("\n".join(hashes).encode()).hexdigest(),
        refreshed=refreshed,
        warnings=(*counts, *french.warnings),
        news=news,
    )


def _refreshed(run: Run) -> tuple[Refreshed, ...]:
    """Bring the live sources up to date: bars of days, and of hours if those are wanted."""
    settings = run.settings
    days = refresh_all(settings, run.run_id, run.started_at, run.hosts)
    if not settings.hourly:
        return days
    usable = [symbol for symbol in days[0].results if symbol in days[0].usable]
    return (*days, refresh_hours(settings, run.run_id, run.started_at, usable, hosts=run.hosts))


def _series(run: Run) -> tuple[Refreshed, ...]:
    """Bring the series of the settings up to date, whatever the source of prices."""
    if not run.settings.series:
        return ()
    return (refresh_series(run.settings, run.run_id, run.started_at, hosts=run.hosts),)


def _french(run: Run) -> French:
    """Return what a run takes from the French data library, if its factors come from there."""
    settings = run.settings
    if settings.factors_source != "ken_french":
        return French()
    with open_file(settings.warehouse_file, wait_seconds=settings.lock_wait_seconds) as connection:
        migrate(connection)
        asked = asked_before(connection, FRENCH)
    return refresh_french(settings, asked, run.started_at, run.hosts)


def recall(run: Run, as_of: datetime) -> Ingested:
    """Return what the newest run of the same source had read by an instant."""
    known = inputs_as_of(run.settings.warehouse_file, as_of, run.settings.source, run.settings.lock_wait_seconds)
    nothing = StoreResult(n_new=0, n_known=0, n_rows=0)
    text = "\n".join([as_of.isoformat(), *(f"{source} {name}" for source, name in known.inputs)])
    return Ingested(nothing, nothing, nothing, known.inputs, hashlib.sha256(text.encode()).hexdigest())


def build_inputs(run: Run, ingested: Ingested) -> CoreSummary:
    """Build staging and core in a new scratch database, from what the run has fetched and nothing else."""
    with run.workspace(new=True) as connection:
        core = build_core(connection, models(), ingested.inputs, run.settings.calendar_folder)
        expect_sound_factors(connection, run.settings)
    return core


def check_inputs(run: Run) -> GateResult:
    """Gate 1: prices, returns and events before any study reads them."""
    with run.workspace() as connection:
        return judged(connection, "study", run.run_id)


def run_studies(run: Run) -> list[str]:
    """Run every study that fits the run's source; return their names."""
    definitions = study_definitions(run.settings)
    with run.workspace() as connection:
        run_definitions(connection, definitions, Work(movers=ReactionRule(run.settings.mover_threshold)))
    return [definition.id for definition in definitions]


def study_definitions(settings: Settings) -> list[StudyDefinition]:
    """Return the studies that ship and the user's own, those that fit the source of prices.

    A study for prices from files is one for live prices too.
    """
    shipped = sorted((seeds_folder() / "studies").glob("*.yaml"))
    definitions = load_definitions([*shipped, *settings.studies])
    word = "files" if settings.source in LIVE_SOURCES else settings.source
    return [definition for definition in definitions if word in definition.sources]


def build_marts(run: Run) -> None:
    """Build the marts from core and study tables."""
    with run.workspace() as connection:
        run_ready(connection, models())
        require_all(connection, models())


def check_marts(run: Run) -> GateResult:
    """Gate 2: the marts before anybody may see them."""
    is_compared = run.as_of is None and not run.settings.accept_fewer_rows
    extra = history_checks(run.settings.marts_file, run.settings.source) if is_compared else []
    with run.workspace() as connection:
        return judged(connection, "publish", run.run_id, extra)


def publish_marts(run: Run, ingested: Ingested, gates: list[GateResult]) -> Publication:
    """Publish the marts unless the live generation holds the same content."""
    checks = pl.concat([gate.checks for gate in gates])
    with run.workspace() as connection:
        history = read_frame(connection, "select * from audit.runs where started_at <= getvariable('as_of')")
        row = ended_row(run, ingested, is_new=True)
        return publish(
            connection,
            run.published,
            run_id=run.run_id,
            published_at=datetime.now(UTC),
            audit={
                "runs": record_of_runs.newest_rows(pl.concat([RUNS.conform(history), row])),
                "quality_checks": QUALITY_CHECKS.conform(checks),
            },
            macros=load_macros(SQL / "macros"),
        )


def run_row(run: Run, state: State) -> pl.DataFrame:
    """Return one row of the record of runs."""
    return record_of_runs.run_row(run, "daily" if run.as_of is None else "as_of", run.settings.source, state)


def ended(ingested: Ingested, *, is_new: bool) -> str:
    """Return how a run ended that has come to its end; partial if prices or news are lacking, published or not."""
    if ingested.is_partial:
        return "partial"
    return "published" if is_new else "unchanged"


def ended_row(run: Run, ingested: Ingested, *, is_new: bool) -> pl.DataFrame:
    """Return the row of a run that has come to its end, with what is lacking as its message."""
    state = State(
        status=ended(ingested, is_new=is_new),
        finished_at=datetime.now(UTC),
        message=ingested.complaint or None,
        input_hash=ingested.input_hash,
        n_requests=sum(part.n_requests for part in ingested.refreshed) if ingested.refreshed else None,
        n_rows=ingested.prices.n_rows,
    )
    return run_row(run, state)


def record(run: Run, row: pl.DataFrame, gates: Sequence[GateResult] = ()) -> None:
    """Append to the record of runs and checks."""
    record_of_runs.record(run, row, [gate.checks for gate in gates])


def clean_up(settings: Settings) -> list[str]:
    """Remove what killed runs left: scratch databases and partial generations; return the names removed."""
    built = settings.published_as_of_folder
    folders = sorted(built.iterdir()) if built.is_dir() else []
    removed = [name for link in (settings.published, *(path / "published" for path in folders)) for name in sweep(link)]
    if settings.build_folder.is_dir():
        for path in settings.build_folder.iterdir():
            path.unlink()
            removed.append(path.name)
    return removed

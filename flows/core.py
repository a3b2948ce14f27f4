"""From raw versions to sessions, prices, returns and events, in one workspace.

The scheduled run and the ad hoc study both come through here; only where the workspace lives differs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import polars as pl

from flows.calendar_cache import cached_sessions
from flows.identity import known_exceptions
from flows.news_reading import write_news
from flows.run import seeds_folder
from warehouse.models import Model, run_ready
from warehouse.workspace import load_seeds, read_frame, write_table

AFTER_LAST = timedelta(days=60)
"""How far the calendars reach beyond the newest price or event, for windows that are still to come."""

BEFORE_FIRST = timedelta(days=10)
EARLIEST_LATEST = (date(1970, 1, 1), date(2060, 1, 1))
"""Days outside of these are mistakes of the input and do not stretch the calendars."""


@dataclass(frozen=True, slots=True)
class CoreSummary:
    """What came out of the raw layer."""

    n_price_rows: int
    n_quarantined_rows: int
    n_symbols: int
    n_events: int
    first_session: date | None
    last_session: date | None
    calendar_warnings: tuple[str, ...]


def build_core(
    connection: duckdb.DuckDBPyConnection,
    models: Sequence[Model],
    inputs: Sequence[tuple[str, str]],
    calendar_folder: Path,
) -> CoreSummary:
    """Build staging and core: everything a study reads.

    Parameters
    ----------
    inputs : sequence of (source, object)
        The objects whose newest versions count; others in the store stay out.
    calendar_folder : Path
        Where built calendars are kept.
    """
    objects = pl.DataFrame(list(inputs), schema={"source": pl.String, "object": pl.String}, orient="row")
    write_table(connection, "raw.inputs", objects)
    known_exceptions()  # a row that contradicts another one is said so, before it splits or joins a series
    load_seeds(connection, seeds_folder())
    run_ready(connection, models)
    write_news(connection)
    warnings = _build_sessions(connection, calendar_folder)
    run_ready(connection, models)
    row = connection.execute(
        """
        select
            (select count(*) from core.staged_prices),
            (select count(*) from (select distinct batch_id, row_number from core.quarantine)),
            (select count(*) from core.securities),
            (select count(*) from core.events),
            (select min(first_session) from core.securities),
            (select max(last_session) from core.securities)
        """
    ).fetchall()[0]
    names = ("n_price_rows", "n_quarantined_rows", "n_symbols", "n_events", "first_session", "last_session")
    return CoreSummary(**dict(zip(names, row or (), strict=True)), calendar_warnings=warnings)


def _build_sessions(connection: duckdb.DuckDBPyConnection, calendar_folder: Path) -> tuple[str, ...]:
    mics = read_frame(connection, "select distinct exchange_mic from core.listings where exchange_mic is not null")
    days = connection.execute(
        """
        with days as (
            select session_date as day from core.staged_prices
            where session_date <= (select max(fetched_at)::date + 1 from staging.stg_batches)
            union all select session_date from staging.stg_hourly__prices where session_date <= fetched_at::date + 1
            union all select available_by::date from core.events
            union all select event_date from core.events
        )
        select min(day), max(day) from days
        """
    ).fetchall()[0]
    first, last = days if days and days[0] else EARLIEST_LATEST
    start = max(first, EARLIEST_LATEST[0]) - BEFORE_FIRST
    end = min(last, EARLIEST_LATEST[1]) + AFTER_LAST
    overrides = read_frame(
        connection, "select * replace (session_date::date as session_date) from seed.calendar_overrides"
    )
    calendars = cached_sessions(calendar_folder, mics["exchange_mic"].to_list(), start, end, overrides)
    write_table(connection, "core.sessions", calendars.sessions)
    return calendars.warnings

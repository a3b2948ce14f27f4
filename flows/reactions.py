"""Write what puts reactions and events side by side: large reactions of all sessions, and day 0 on every calendar."""

from __future__ import annotations

import duckdb
import polars as pl

from pipelines.contracts import DAY_REACTIONS, EVENT_DAYS
from pipelines.event_study import ReactionRule, ReturnPanel, day_reactions
from pipelines.events import day0_requests
from pipelines.sessions import resolve_day0
from warehouse.workspace import write_table

CALENDAR = pl.coalesce("exchange_mic", pl.concat_str(pl.lit("="), "symbol"))
"""Name of a security's calendar, as in ``sql/core/calendar_sessions.sql``."""


def write_day_reactions(
    connection: duckdb.DuckDBPyConnection,
    panel: ReturnPanel,
    securities: pl.DataFrame,
    named_days: pl.DataFrame,
    *,
    rule: ReactionRule | None,
    threads: int | None = None,
) -> None:
    """Write ``study.day_reactions``; without a rule the table is empty.

    Parameters
    ----------
    securities : DataFrame
        ``symbol``, ``benchmark_symbol``.
    named_days : DataFrame
        ``symbol``, ``session_date``: days 0 of securities that an event names.
    """
    reactions = DAY_REACTIONS.empty()
    if rule is not None and panel.symbols:
        benchmarks = securities.select("symbol", "benchmark_symbol")
        reactions = day_reactions(panel, benchmarks, named_days, rule, threads=threads)
    write_table(connection, "study.day_reactions", reactions)


def write_event_days(
    connection: duckdb.DuckDBPyConnection,
    events: pl.DataFrame,
    securities: pl.DataFrame,
    sessions: pl.DataFrame,
    own_dates: pl.DataFrame,
) -> None:
    """Write ``core.event_days``: day 0 of every event by its own clocks, on one security of each calendar."""
    listings = securities.sort("symbol").with_columns(CALENDAR.alias("calendar")).unique("calendar", keep="first")
    pairs = events.select("event_id").join(listings.select("symbol"), how="cross")
    no_pair = pl.DataFrame(
        schema={
            "event_id": pl.String(),
            "symbol": pl.String(),
            "problem": pl.String(),
            **{name: events.schema[name] for name in ("available_at", "available_by", "event_date")},
        }
    )
    requests = day0_requests(pairs, events, no_pair, securities)
    days = (
        resolve_day0(requests, sessions, own_dates)
        .filter(pl.col("event_session").is_not_null())
        .join(listings.select("symbol", "calendar"), on="symbol")
    )
    write_table(connection, "core.event_days", EVENT_DAYS.conform(days).sort(EVENT_DAYS.key))

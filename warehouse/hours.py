"""Read the bars of hours that were known at an instant, and what was asked for them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Final

import duckdb
import polars as pl

from pipelines.contracts import HOURLY_PRICES
from warehouse.live_record import asked_before
from warehouse.models import Model, run_ready
from warehouse.vintages import NEWEST
from warehouse.workspace import open_reader, set_variables, write_table

_MODELS: Final = ("staging.stg_hourly__batches", "staging.stg_hourly__bars", "staging.stg_hourly__prices")

_OBJECTS = "select distinct source, object from raw.batches where source = $1 and starts_with(object, $2)"

_BARS = """
    select symbol, opened_at as date, open, high, low, close, null::double as adj_close, volume
    from staging.stg_hourly__prices
    where is_newest and session_date >= $1
    order by symbol, opened_at
"""


def stored_hours(
    warehouse_file: Path,
    models: Sequence[Model],
    provider: str,
    *,
    since: date = date.min,
    as_of: datetime = NEWEST,
) -> pl.DataFrame:
    """Return the final bars of the newest vintages of hours of a live source.

    Parameters
    ----------
    models : sequence of Model
        All models; the three of hours are built.
    provider : str
        A word of HOURLY_SOURCES.
    since : date
        First session.

    Returns
    -------
    DataFrame
        `symbol`, `date` (the instant at which the hour opens), prices and volume, as `pipelines.restatements.judge`
        takes them.
    """
    with open_reader(warehouse_file) as connection:
        _show(connection, models, provider, as_of)
        return connection.execute(_BARS, [since]).pl()


def asked_for_hours(connection: duckdb.DuckDBPyConnection, provider: str) -> pl.DataFrame:
    """Return what was asked of a live source for hours, as `warehouse.live_record.asked_before` does for days."""
    prefix = _prefix(provider)
    asked = asked_before(connection, HOURLY_PRICES.name).filter(pl.col("symbol").str.starts_with(prefix))
    return asked.with_columns(pl.col("symbol").str.strip_prefix(prefix))


def _show(connection: duckdb.DuckDBPyConnection, models: Sequence[Model], provider: str, as_of: datetime) -> None:
    objects = connection.execute(_OBJECTS, [HOURLY_PRICES.name, _prefix(provider)]).pl()
    write_table(connection, "raw.inputs", objects)
    set_variables(connection, {"price_source": provider, "as_of": as_of})
    run_ready(connection, [model for model in models if model.name in _MODELS])


def _prefix(provider: str) -> str:
    return f"{provider}_prices:"

"""A database with macros over small invented marts, and the engine's answers to the same questions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from typing import Any

import duckdb
import polars as pl

from pipelines.contracts import DIM_EVENTS, DIM_SECURITIES, DIM_SESSIONS, FCT_EVENT_SECURITIES, FCT_RETURNS
from pipelines.home import SQL
from tests.event_study_inputs import day
from warehouse.connection import open_memory, registered
from warehouse.macros import create_macros, load_macros

MIC = "XTST"
OPEN, CLOSE = time(14, 30, tzinfo=UTC), time(21, tzinfo=UTC)
TABLES = (DIM_EVENTS, DIM_SECURITIES, DIM_SESSIONS, FCT_EVENT_SECURITIES, FCT_RETURNS)


def sessions(first: int, last: int) -> pl.DataFrame:
    """Return one session per day from `first` to `last`; session n of the count falls on day n."""
    days = [day(number) for number in range(first, last + 1)]
    return pl.DataFrame(
        {
            "exchange_mic": MIC,
            "session_date": days,
            "open_at": [datetime.combine(each, OPEN) for each in days],
            "close_at": [datetime.combine(each, CLOSE) for each in days],
            "session_index": range(first, last + 1),
        }
    )


def published_returns(returns: pl.DataFrame) -> pl.DataFrame:
    """Return a panel's frame as ``fct_returns``, its prices as adjusted closes."""
    has_return = pl.col("simple_return").is_not_null()
    return returns.sort("symbol", "session_index").select(
        "symbol",
        "session_date",
        "session_index",
        pl.when(has_return).then(pl.col("session_date") - timedelta(days=1)).alias("previous_session_date"),
        pl.lit(None, pl.Float64).alias("close"),
        pl.col("return_price").alias("adj_close"),
        pl.lit(None, pl.Float64).alias("volume"),
        "simple_return",
        "log_return",
    )


def securities_of(returns: pl.DataFrame, changes: Mapping[str, Mapping[str, Any]]) -> pl.DataFrame:
    """Return the securities of a panel's frame, on one exchange and with the benchmark MKT unless changed."""
    rows = []
    for (symbol,), part in returns.sort("symbol", "session_index").group_by("symbol", maintain_order=True):
        row = dict.fromkeys(DIM_SECURITIES.names) | {
            "symbol": symbol,
            "exchange_mic": MIC,
            "asset_class": "equity",
            "benchmark_symbol": None if symbol == "MKT" else "MKT",
            "source": "files",
            "return_basis": "adj_close",
            "session_basis": "exchange_calendar",
            "first_session": part["session_date"][0],
            "last_session": part["session_date"][-1],
            "last_session_index": part["session_index"][-1],
            "n_sessions": part.height,
            "is_ended": False,
        }
        rows.append(row | changes.get(str(symbol), {}))
    return pl.DataFrame(rows, schema=DIM_SECURITIES.polars_schema, orient="row")


@contextmanager
def macro_marts(
    returns: pl.DataFrame, ledger: pl.DataFrame | None = None, **changes: Mapping[str, Any]
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database that holds what macros read, and the macros; `changes` are columns of securities by symbol."""
    frames = {
        DIM_SECURITIES.name: securities_of(returns, changes),
        DIM_SESSIONS.name: sessions(returns["session_index"].min() - 40, returns["session_index"].max() + 40),  # type: ignore[operator]
        FCT_RETURNS.name: published_returns(returns),
    }
    if ledger is not None:
        frames[FCT_EVENT_SECURITIES.name] = ledger
    with open_memory() as connection:
        for table in TABLES:
            with registered(connection, table.conform(frames.get(table.name, table.empty()))) as relation:
                connection.execute(f"create table {table.name} as select * from {relation}")
        create_macros(connection, "memory", load_macros(SQL / "macros"))
        yield connection


def rows(connection: duckdb.DuckDBPyConnection, query: str, parameters: Sequence[object] = ()) -> list[dict[str, Any]]:
    """Return the rows of a query by column."""
    cursor = connection.execute(query, list(parameters))
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]

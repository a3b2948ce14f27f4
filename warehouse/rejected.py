"""Answers of which nothing was stored: kept beside the record of runs, and never read by a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import duckdb
import polars as pl

from pipelines.contracts import REJECTED_ANSWERS, REJECTED_BARS
from warehouse.connection import registered, transaction
from warehouse.migrations import MIGRATIONS, schema_version
from warehouse.store import insert

_NEWEST = """
    select fetched_at, source, object, state, n_bars, reason
    from audit.rejected_answers
    order by fetched_at desc, source, object
    limit $1
"""
_KNOWN: Final = "select distinct content_hash from audit.rejected_bars semi join {relation} using (content_hash)"


@dataclass(frozen=True, slots=True)
class Rejected:
    """Answers of which nothing was stored.

    Attributes
    ----------
    answers : DataFrame
        Contract ``rejected_answers``.
    bars : DataFrame
        Contract ``rejected_bars``.
    """

    answers: pl.DataFrame
    bars: pl.DataFrame


def keep(connection: duckdb.DuckDBPyConnection, rejected: Rejected) -> None:
    """Append answers; bars of a content that is there already are not stored again."""
    if rejected.answers.is_empty():
        return
    with transaction(connection):
        insert(connection, REJECTED_ANSWERS, "audit", rejected.answers)
        with registered(connection, rejected.bars.select("content_hash").unique()) as relation:
            rows = connection.execute(_KNOWN.format(relation=relation)).fetchall()
        known = [content for (content,) in rows]
        insert(connection, REJECTED_BARS, "audit", rejected.bars.filter(~pl.col("content_hash").is_in(known)))


def newest_rejected(connection: duckdb.DuckDBPyConnection, n: int) -> tuple[int, list[dict[str, Any]]]:
    """Return how many answers are kept, and the newest of them."""
    if schema_version(connection) < len(MIGRATIONS):
        return 0, []  # a warehouse that no run has brought up to date yet
    total = connection.execute("select count(*) from audit.rejected_answers").fetchall()[0][0]
    cursor = connection.execute(_NEWEST, [n])
    names = [column[0] for column in cursor.description]
    return total, [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

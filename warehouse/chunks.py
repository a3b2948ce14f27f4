"""The ledger of backfills: which days of which objects are done, written in the transaction of their rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb
import polars as pl

from pipelines.contracts import BACKFILL_CHUNKS
from warehouse.connection import transaction
from warehouse.rejected import Rejected, keep
from warehouse.store import Incoming, StoreResult, append, insert, record_requests

Days = tuple[date, date]
"""First and last day, both included."""

_DONE = """
    select source, object, first_date, last_date
    from raw.backfill_chunks
    where outcome in ('ok', 'empty', 'refused')
    order by source, object, first_date
"""
_VINTAGES = "select distinct object from raw.batches where source = $1 and kind = 'full'"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is committed together: the batches of some chunks, their requests and their ledger rows.

    Attributes
    ----------
    requests : DataFrame
        Contract ``requests``.
    chunks : DataFrame
        Contract ``backfill_chunks``.
    rejected : tuple of Rejected
        Answers of which nothing is stored.
    """

    batches: Sequence[Incoming]
    requests: pl.DataFrame
    chunks: pl.DataFrame
    rejected: Sequence[Rejected] = ()


def deliver(connection: duckdb.DuckDBPyConnection, delivery: Delivery, run_id: str) -> StoreResult:
    """Store rows, requests and ledger rows in one transaction; all of them or none.

    Raises
    ------
    WarehouseError
        As `warehouse.store.append`.
    """
    with transaction(connection):
        stored = append(connection, delivery.batches, run_id)
        record_requests(connection, delivery.requests)
        for rejected in delivery.rejected:
            keep(connection, rejected)
        record_chunks(connection, delivery.chunks)
    return stored


def record_chunks(connection: duckdb.DuckDBPyConnection, chunks: pl.DataFrame) -> None:
    """Append to the ledger, in the transaction that stores what the chunks brought.

    Parameters
    ----------
    chunks : DataFrame
        Contract ``backfill_chunks``.
    """
    insert(connection, BACKFILL_CHUNKS, "raw", BACKFILL_CHUNKS.conform(chunks))


def done_days(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], list[Days]]:
    """Return, by source and object, the days that need not be asked for again, as ranges with gaps between them."""
    found: dict[tuple[str, str], list[Days]] = {}
    for source, name, first, last in connection.execute(_DONE).fetchall():
        ranges = found.setdefault((source, name), [])
        if ranges and first <= ranges[-1][1] + timedelta(days=1):
            ranges[-1] = (ranges[-1][0], max(ranges[-1][1], last))
        else:
            ranges.append((first, last))
    return found


def objects_with_vintage(connection: duckdb.DuckDBPyConnection, source: str) -> set[str]:
    """Return the objects of a source of which something is stored."""
    return {name for (name,) in connection.execute(_VINTAGES, [source]).fetchall()}

"""The raw store: versions of objects, appended with their ledger row in one transaction, never overwritten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

import duckdb
import polars as pl

from pipelines.contracts import BATCHES, RAW_ROWS, Table
from pipelines.errors import WarehouseError
from warehouse.connection import first_row, identifier, registered, transaction

_RAW_TABLES = {table.name: table for table in RAW_ROWS}


@dataclass(frozen=True, slots=True)
class Incoming:
    """One version of one object, ready to be stored.

    Attributes
    ----------
    source : str
        Name of the raw table.
    object : str
        What it is a version of.
    rows : polars.DataFrame
        Columns of the raw table except ``batch_id``.
    """

    source: str
    object: str
    url: str
    content_hash: str
    fetched_at: datetime
    rows: pl.DataFrame


@dataclass(frozen=True, slots=True)
class StoreResult:
    """How many versions were new and how many the store knew already."""

    n_new: int
    n_known: int
    n_rows: int


def append(connection: duckdb.DuckDBPyConnection, batches: Sequence[Incoming], run_id: str) -> StoreResult:
    """Store the versions that differ from the newest stored ones; all of them or none.

    Appending the same content again is a no-op, so a retry after a kill is harmless.

    Raises
    ------
    WarehouseError
        If a source has no raw table, an object comes in two versions at once, or the database refuses to write.
    """
    unknown = {batch.source for batch in batches} - set(_RAW_TABLES)
    if unknown:
        raise WarehouseError(f"sources {sorted(unknown)} have no raw table; known are {sorted(_RAW_TABLES)}")
    newest = _newest_hashes(connection)
    fresh = [batch for batch in _distinct(batches) if newest.get((batch.source, batch.object)) != batch.content_hash]
    if fresh:
        known_from = _next_instant(connection, max(batch.fetched_at for batch in fresh))
        with transaction(connection):
            _insert(connection, fresh, known_from, run_id)
    n_rows = sum(batch.rows.height for batch in fresh)
    return StoreResult(n_new=len(fresh), n_known=len(batches) - len(fresh), n_rows=n_rows)


def _distinct(batches: Sequence[Incoming]) -> list[Incoming]:
    """Return each object once; a file that is named twice is one version of it."""
    found: dict[tuple[str, str], Incoming] = {}
    for batch in batches:
        first = found.setdefault((batch.source, batch.object), batch)
        if first.content_hash != batch.content_hash:
            raise WarehouseError(
                f"{batch.source} {batch.object!r} comes in two versions at once, from {first.url} and {batch.url}; "
                "store one of them"
            )
    return list(found.values())


def _newest_hashes(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], str]:
    rows = connection.execute(
        "select source, object, arg_max(content_hash, known_from) from raw.batches group by source, object"
    ).fetchall()
    return {(source, name): content for source, name, content in rows}


def _next_instant(connection: duckdb.DuckDBPyConnection, fetched_at: datetime) -> datetime:
    """Return an instant after every stored one: a clock that was set back must not reorder versions."""
    row = first_row(connection, "select max(known_from) from raw.batches")
    last = row[0] if row else None
    return fetched_at if last is None or fetched_at > last else last + timedelta(microseconds=1)


def _new_id(batch: Incoming, taken: set[str]) -> str:
    """Name a batch by its content, so that two warehouses fed alike agree; a content that comes back is numbered."""
    name = f"{batch.source}:{batch.object}:{batch.content_hash[:16]}"
    number = next(n for n in count(1) if (name if n == 1 else f"{name}:{n}") not in taken)
    return name if number == 1 else f"{name}:{number}"


def _insert(
    connection: duckdb.DuckDBPyConnection, batches: Sequence[Incoming], known_from: datetime, run_id: str
) -> None:
    taken = {batch_id for (batch_id,) in connection.execute("select batch_id from raw.batches").fetchall()}
    ids = [_new_id(batch, taken) for batch in batches]
    ledger = BATCHES.conform(
        pl.DataFrame(
            {
                "batch_id": ids,
                "source": [batch.source for batch in batches],
                "object": [batch.object for batch in batches],
                "url": [batch.url for batch in batches],
                "content_hash": [batch.content_hash for batch in batches],
                "n_rows": [batch.rows.height for batch in batches],
                "fetched_at": [batch.fetched_at for batch in batches],
                "known_from": [known_from] * len(batches),
                "run_id": [run_id] * len(batches),
            }
        )
    )
    insert(connection, BATCHES, "raw", ledger)
    for source in sorted({batch.source for batch in batches}):
        table = _RAW_TABLES[source]
        rows = pl.concat(
            batch.rows.with_columns(pl.lit(batch_id).alias("batch_id"))
            for batch_id, batch in zip(ids, batches, strict=True)
            if batch.source == source
        )
        insert(connection, table, "raw", table.conform(rows))


def insert(connection: duckdb.DuckDBPyConnection, table: Table, schema: str, frame: pl.DataFrame) -> None:
    """Append a conformed frame to a table."""
    names = ", ".join(identifier(name) for name in table.names)
    target = f"{identifier(schema)}.{identifier(table.name)}"
    with registered(connection, frame) as relation:
        connection.execute(f"insert into {target} ({names}) select {names} from {relation}")

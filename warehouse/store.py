"""The raw store: versions of objects, appended with their ledger row in one transaction, never overwritten.

A full batch begins a vintage: one version of an object on one price basis. Batches of the other kinds continue the
newest vintage of their object. A reader sees an object's newest vintage alone, see ``sql/staging/stg_batches.sql``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Literal

import duckdb
import numpy as np
import polars as pl

from pipelines.contracts import BATCHES, RAW_ROWS, REQUESTS, Table
from pipelines.errors import WarehouseError
from warehouse.connection import first_row, identifier, registered, transaction

Kind = Literal["full", "append", "revision", "provisional"]

_RAW_TABLES = {table.name: table for table in RAW_ROWS}
_STORED = """
    with held as materialized (
        select source, object, vintage, kind, batch_id, content_hash, known_from
        from raw.batches
        semi join {relation} using (source, object)
    ),
    last_of_kind as (
        select
            source, object, vintage, kind,
            max_by(batch_id, known_from) as batch_id,
            max_by(content_hash, known_from) as content_hash,
            max(known_from) as known_from
        from held
        group by source, object, vintage, kind
    ),
    newest as (
        select source, object, max_by(vintage, known_from) as vintage
        from last_of_kind
        where kind = 'full'
        group by source, object
    ),
    wanted as (
        select * from last_of_kind semi join newest using (source, object, vintage)
        union
        select * from held where content_hash in (select content_hash from {relation})
    )
    select source, object, batch_id, content_hash, vintage, kind
    from wanted
    order by known_from, kind != 'full', batch_id
"""
"""Oldest first: the last batch of each kind in the newest vintages of what comes in, and whatever has the same content,
whose names are taken. How many batches there are in between makes no difference."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """One version of one object, or a piece that continues it, ready to be stored.

    Attributes
    ----------
    source : str
        Name of the raw table.
    object : str
        What it is a version of.
    rows : polars.DataFrame
        Columns of the raw table except ``batch_id``.
    kind : str
        A word of BATCH_KINDS.
    vintage : str, optional
        For a kind that continues a vintage: the batch that began it. If that is not the object's newest vintage any
        more, nothing is stored. Without it the newest one counts, a full batch of the same call included.
    """

    source: str
    object: str
    url: str
    content_hash: str
    fetched_at: datetime
    rows: pl.DataFrame
    kind: Kind = "full"
    vintage: str | None = None


@dataclass(frozen=True, slots=True)
class StoreResult:
    """How many versions were new and how many the store knew already."""

    n_new: int
    n_known: int
    n_rows: int


@dataclass(frozen=True, slots=True)
class _Stored:
    """A row of the ledger, as far as it decides what is new."""

    batch_id: str
    content_hash: str
    vintage: str
    kind: str


def append(connection: duckdb.DuckDBPyConnection, batches: Sequence[Incoming], run_id: str) -> StoreResult:
    """Store the versions that differ from the newest stored ones; all of them or none.

    Appending the same content again is a no-op, so a retry after a kill is harmless.

    Raises
    ------
    WarehouseError
        If a source has no raw table, an object comes in two versions at once, a batch continues a vintage that is not
        the newest one, or the database refuses to write.
    """
    unknown = {batch.source for batch in batches} - set(_RAW_TABLES)
    if unknown:
        raise WarehouseError(f"sources {sorted(unknown)} have no raw table; known are {sorted(_RAW_TABLES)}")
    distinct = _distinct(batches)
    stored = _stored(connection, distinct)
    named = list(_named(distinct, stored))
    if named:
        known_from = _next_instant(connection, max(batch.fetched_at for batch, _, _ in named))
        with transaction(connection):
            _insert(connection, named, known_from, run_id)
    n_rows = sum(batch.rows.height for batch, _, _ in named)
    return StoreResult(n_new=len(named), n_known=len(batches) - len(named), n_rows=n_rows)


def record_requests(connection: duckdb.DuckDBPyConnection, requests: pl.DataFrame) -> None:
    """Append to the record of requests, a row for each.

    Parameters
    ----------
    requests : DataFrame
        Contract ``requests``. A request that measured nothing has no number of rows, rather than 0.

    Raises
    ------
    WarehouseError
        If a request that measured nothing claims a number of rows.
    """
    frame = REQUESTS.conform(requests)
    measured = pl.col("outcome").is_in(["ok", "empty"])
    bad = frame.filter(measured != pl.col("n_rows").is_not_null())
    if bad.height:
        row = bad.row(0, named=True)
        raise WarehouseError(
            f"request of {row['source']} {row['object']!r}: outcome {row['outcome']} with n_rows {row['n_rows']}; "
            "expected a number of rows for ok and empty, and none for what was not measured"
        )
    with transaction(connection):
        insert(connection, REQUESTS, "raw", frame)


def _distinct(batches: Sequence[Incoming]) -> list[Incoming]:
    """Return each object and kind once, full batches first; a file that is named twice is one version of it."""
    found: dict[tuple[str, str, str], Incoming] = {}
    for batch in batches:
        first = found.setdefault((batch.source, batch.object, batch.kind), batch)
        if first.content_hash != batch.content_hash:
            raise WarehouseError(
                f"{batch.source} {batch.object!r} comes in two versions at once, from {first.url} and {batch.url}; "
                "store one of them"
            )
    return sorted(found.values(), key=lambda batch: batch.kind != "full")


def _stored(connection: duckdb.DuckDBPyConnection, batches: Sequence[Incoming]) -> dict[tuple[str, str], list[_Stored]]:
    """Return the ledger rows of the objects that come in, as far as they matter, oldest first."""
    objects = pl.DataFrame(
        [(batch.source, batch.object, batch.content_hash) for batch in batches],
        schema=dict.fromkeys(("source", "object", "content_hash"), pl.String()),
        orient="row",
    )
    with registered(connection, objects) as relation:
        rows = connection.execute(_STORED.format(relation=relation)).fetchall()
    found: dict[tuple[str, str], list[_Stored]] = {}
    for source, name, batch_id, content, vintage, kind in rows:
        found.setdefault((source, name), []).append(_Stored(batch_id, content, vintage, kind))
    return found


def _named(
    batches: Iterable[Incoming], stored: dict[tuple[str, str], list[_Stored]]
) -> Iterable[tuple[Incoming, str, str]]:
    """Yield the batches that are new, each with its name and its vintage."""
    for batch in batches:
        earlier = stored.setdefault((batch.source, batch.object), [])
        vintage = _vintage(batch, earlier)
        if _is_known(batch, [item for item in earlier if item.vintage == vintage]):
            continue
        batch_id = _new_id(batch, {item.batch_id for item in earlier})
        item = _Stored(batch_id, batch.content_hash, batch_id if batch.kind == "full" else vintage, batch.kind)
        earlier.append(item)
        yield batch, item.batch_id, item.vintage


def _vintage(batch: Incoming, earlier: Sequence[_Stored]) -> str:
    """Return the object's newest vintage, which is the one that a batch may continue; empty if there is none."""
    newest = next((item.batch_id for item in reversed(earlier) if item.kind == "full"), "")
    if batch.kind != "full" and (not newest or batch.vintage not in (None, newest)):
        raise WarehouseError(
            f"{batch.source} {batch.object!r}: a batch of kind {batch.kind} continues vintage {batch.vintage!r}, "
            f"but the newest one is {newest!r}; compare with what is stored now, then store again"
        )
    return newest


def _is_known(batch: Incoming, vintage: Sequence[_Stored]) -> bool:
    """Tell whether storing the batch would change nothing of its object's newest vintage."""
    if batch.kind == "append":  # a session is new once
        return any(item.kind == "append" and item.content_hash == batch.content_hash for item in vintage)
    # A full batch says the same again only while nothing continues it; a bar that was revised may come back.
    continues = ("append", "revision") if batch.kind == "full" else ()
    same = [item for item in vintage if item.kind in (batch.kind, *continues)]
    return bool(same) and (same[-1].kind, same[-1].content_hash) == (batch.kind, batch.content_hash)


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
    connection: duckdb.DuckDBPyConnection,
    named: Sequence[tuple[Incoming, str, str]],
    known_from: datetime,
    run_id: str,
) -> None:
    ledger = pl.DataFrame(
        {
            "batch_id": [batch_id for _, batch_id, _ in named],
            "source": [batch.source for batch, _, _ in named],
            "object": [batch.object for batch, _, _ in named],
            "url": [batch.url for batch, _, _ in named],
            "content_hash": [batch.content_hash for batch, _, _ in named],
            "n_rows": [batch.rows.height for batch, _, _ in named],
            "fetched_at": [batch.fetched_at for batch, _, _ in named],
            "known_from": [known_from] * len(named),
            "run_id": [run_id] * len(named),
            "vintage": [vintage for _, _, vintage in named],
            "kind": [batch.kind for batch, _, _ in named],
        }
    )
    insert(connection, BATCHES, "raw", BATCHES.conform(ledger))
    for source in sorted({batch.source for batch, _, _ in named}):
        table = _RAW_TABLES[source]
        chosen = [(batch.rows, batch_id) for batch, batch_id, _ in named if batch.source == source]
        # One name per batch, spread over its rows at once: a batch of a day has few, and there are thousands of them.
        spread = np.repeat(np.arange(len(chosen)), [rows.height for rows, _ in chosen])
        names = pl.Series("batch_id", [batch_id for _, batch_id in chosen], dtype=pl.String).gather(spread)
        rows = pl.concat([rows for rows, _ in chosen], rechunk=True).with_columns(names)
        insert(connection, table, "raw", table.conform(rows))


def insert(connection: duckdb.DuckDBPyConnection, table: Table, schema: str, frame: pl.DataFrame) -> None:
    """Append a conformed frame to a table."""
    names = ", ".join(identifier(name) for name in table.names)
    target = f"{identifier(schema)}.{identifier(table.name)}"
    with registered(connection, frame) as relation:
        connection.execute(f"insert into {target} ({names}) select {names} from {relation}")

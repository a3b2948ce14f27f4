"""Hold the published marts against contracts, identities and the hashes they were published with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from flows.gates import CONTRACTS, judged
from pipelines.contracts import PUBLISHED_AUDIT
from pipelines.errors import NothingPublishedError, WarehouseError
from pipelines.settings import Settings
from pipelines.validation import GateResult
from warehouse.connection import open_memory, quoted
from warehouse.hashing import hash_tables
from warehouse.publish import HASHED, changed_files, live_generation


@dataclass(frozen=True, slots=True)
class Recheck:
    """What a check of the published marts found."""

    generation_id: str
    changed: list[str]
    gate: GateResult


def recheck(settings: Settings) -> Recheck:
    """Check the live generation.

    Raises
    ------
    NothingPublishedError
        If there is none.
    WarehouseError
        If another version has published it, without a table or a column that there is now.
    """
    live = live_generation(settings.published)
    if live is None:
        raise NothingPublishedError(f"{settings.marts_file} does not exist yet; run `reaction run` first")
    with open_memory() as connection:
        connection.execute(f"attach {quoted(settings.marts_file.resolve())} as marts (read_only)")
        connection.execute("create schema mart")
        tables = {table.name: table.names for table in (*CONTRACTS.values(), *PUBLISHED_AUDIT)}
        _expect_tables(connection, tables, live["generation_id"])
        for name in tables:
            connection.execute(f"create view mart.{name} as select * from marts.main.{name}")
        found = hash_tables(connection, HASHED, "mart")
        gate = judged(connection, "publish", live["run_id"])
    published = json.loads(live["table_hashes"])
    other = [name for name, item in found.items() if published.get(name) != [item.n_rows, item.hash]]
    changed = sorted({*other, *changed_files(settings.published)})
    return Recheck(live["generation_id"], changed, gate)


def _expect_tables(
    connection: duckdb.DuckDBPyConnection, tables: Mapping[str, Sequence[str]], generation_id: str
) -> None:
    """Refuse marts that lack a table or a column, before a check of it fails on that."""
    found = connection.execute(
        "select table_name, column_name from duckdb_columns() where database_name = 'marts'"
    ).fetchall()
    there = {table for table, _ in found}
    lacking = [name for name in tables if name not in there]
    lacking += [
        f"{table}.{name}" for table in there & set(tables) for name in tables[table] if (table, name) not in found
    ]
    if lacking:
        raise WarehouseError(
            f"generation {generation_id} has no {', '.join(sorted(lacking))}: another version of market-reaction "
            "published it; `reaction run` publishes all tables anew"
        )

"""Hash the content of tables, whatever the order of their rows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from pipelines.contracts import Table
from pipelines.errors import WarehouseError
from warehouse.connection import first_row, identifier


@dataclass(frozen=True, slots=True)
class TableHash:
    """Rows and hash of one table; comparable between databases of one DuckDB version."""

    n_rows: int
    hash: str


def hash_tables(connection: duckdb.DuckDBPyConnection, tables: Sequence[Table], schema: str) -> dict[str, TableHash]:
    """Return the hash of every table, one scan each."""
    return {table.name: _hash_table(connection, table, f"{schema}.{identifier(table.name)}") for table in tables}


def _hash_table(connection: duckdb.DuckDBPyConnection, table: Table, relation: str) -> TableHash:
    # XOR alone would not see a pair of equal rows come or go; the sum does.
    row = "hash(" + ", ".join(identifier(name) for name in table.names) + ")"
    found = first_row(
        connection, f"select count(*), coalesce(bit_xor({row}), 0), coalesce(sum({row}::hugeint), 0) from {relation}"
    )
    if found is None:
        raise WarehouseError(f"{relation} could not be hashed")
    return TableHash(n_rows=int(found[0]), hash=f"{int(found[1]):016x}-{int(found[2]):x}")


def combine(hashes: Mapping[str, TableHash]) -> str:
    """Return one sha256 over the hashes of all tables."""
    return hashlib.sha256(to_json(hashes).encode()).hexdigest()


def to_json(hashes: Mapping[str, TableHash]) -> str:
    """Return the hashes as JSON, sorted by table."""
    return json.dumps({name: [item.n_rows, item.hash] for name, item in sorted(hashes.items())})

"""The scratch database of one run: raw versions and seeds in, staging, core, study and mart tables out.

Derived tables never live in the warehouse file. They are built from raw in a database of their own, which a run may
lose at any moment without harm.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import duckdb
import polars as pl

from pipelines.contracts import AUDIT, RAW, Table
from pipelines.errors import WarehouseError
from warehouse.connection import WAIT_SECONDS, attach, first_row, identifier, open_file, open_memory, quoted, registered
from warehouse.migrations import MIGRATIONS, migrate

_SEED_FORM = """header = true, all_varchar = true, delim = ',', quote = '"', escape = '"', comment = ''"""
"""Stated in full: a form that is guessed from the first rows can change with them."""


def open_workspace(
    build_file: Path, warehouse_file: Path, wait_seconds: float = WAIT_SECONDS
) -> duckdb.DuckDBPyConnection:
    """Open a new scratch database that reads the raw layer of the warehouse file."""
    build_file.unlink(missing_ok=True)
    connection = reopen_workspace(build_file, warehouse_file, wait_seconds)
    _show_store(connection)
    return connection


def reopen_workspace(
    build_file: Path, warehouse_file: Path, wait_seconds: float = WAIT_SECONDS
) -> duckdb.DuckDBPyConnection:
    """Open a scratch database that an earlier stage of the same run has filled."""
    return _attach(open_file(build_file), warehouse_file, wait_seconds)


def open_reader(warehouse_file: Path, wait_seconds: float = WAIT_SECONDS) -> duckdb.DuckDBPyConnection:
    """Open a workspace in memory that reads the raw layer of the warehouse file."""
    connection = _attach(open_memory(), warehouse_file, wait_seconds)
    try:
        _expect_schema(connection, warehouse_file)
        _show_store(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _expect_schema(connection: duckdb.DuckDBPyConnection, warehouse_file: Path) -> None:
    """Refuse a warehouse whose tables are not those of the contracts; a reader cannot bring it up to date."""
    row = first_row(connection, "select max(version) from store.main.schema_version")
    version = row[0] if row else 0
    if version != len(MIGRATIONS):
        do = (
            "run `reaction run` once, which brings it up to date"
            if version < len(MIGRATIONS)
            else "upgrade market-reaction"
        )
        raise WarehouseError(
            f"{warehouse_file} has schema version {version}, this package reads {len(MIGRATIONS)}; {do}"
        )


def _show_store(connection: duckdb.DuckDBPyConnection) -> None:
    for schema, tables in (("raw", RAW), ("audit", AUDIT)):
        connection.execute(f"create schema {schema}")
        for table in tables:
            connection.execute(f"create view {schema}.{table.name} as select * from store.{schema}.{table.name}")


def _attach(
    connection: duckdb.DuckDBPyConnection, warehouse_file: Path, wait_seconds: float
) -> duckdb.DuckDBPyConnection:
    try:
        attach(connection, warehouse_file, "store", wait_seconds=wait_seconds)
    except BaseException:
        connection.close()
        raise
    return connection


def open_memory_workspace() -> duckdb.DuckDBPyConnection:
    """Open a workspace without a warehouse: the raw layer itself is in memory."""
    connection = open_memory()
    migrate(connection)
    return connection


def set_variables(connection: duckdb.DuckDBPyConnection, values: dict[str, str | datetime | None]) -> None:
    """Set what the models read with ``getvariable``."""
    for name, value in values.items():
        if isinstance(value, datetime):
            text = f"timestamptz {quoted(value.isoformat())}"
        else:
            text = "null::varchar" if value is None else quoted(value)
        connection.execute(f"set variable {name} = {text}")


def load_seeds(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Load every CSV of the seeds folder as a text table ``seed.<file>``; an empty cell is null."""
    connection.execute("create schema if not exists seed")
    for path in sorted(folder.glob("*.csv")):
        connection.execute(
            f"create table seed.{identifier(path.stem)} as select * from read_csv({quoted(path)}, {_SEED_FORM})"
        )


def write_table(connection: duckdb.DuckDBPyConnection, name: str, frame: pl.DataFrame) -> None:
    """Create a table such as ``core.sessions`` from a frame."""
    schema, table = name.split(".")
    connection.execute(f"create schema if not exists {identifier(schema)}")
    with registered(connection, frame) as relation:
        connection.execute(f"create table {identifier(schema)}.{identifier(table)} as select * from {relation}")


def read_frame(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: Sequence[object] | None = None
) -> pl.DataFrame:
    """Return the rows of a query as a frame."""
    try:
        return connection.sql(query, params=parameters).pl()
    except duckdb.Error as error:
        raise WarehouseError(f"query failed: {error}\n{query}") from error


def read_table(connection: duckdb.DuckDBPyConnection, table: Table, schema: str) -> pl.DataFrame:
    """Return a table in the order of its key, with the contract's columns."""
    names = ", ".join(identifier(name) for name in table.names)
    order = ", ".join(identifier(name) for name in table.key)
    frame = read_frame(connection, f"select {names} from {schema}.{identifier(table.name)} order by {order}")
    return table.conform(frame)

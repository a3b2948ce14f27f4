"""The schema of the warehouse file: raw batches and the record of runs.

Only this module issues DDL on the warehouse file, in a transaction of its own with a checkpoint right after: replaying
a log that holds DDL after a crash is where DuckDB has lost files. Derived tables live in a scratch database instead.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import duckdb

from pipelines.contracts import (
    BACKFILL_CHUNKS,
    BATCHES,
    CANDIDATE_DECISIONS,
    CATALOGUE_EVENTS,
    EDGAR_SHARE_COUNTS,
    EDGAR_TICKERS,
    FEED_VALIDATORS,
    FILES_EVENTS,
    FILES_FACTORS,
    FILES_PRICES,
    GENERATIONS,
    HOURLY_PRICES,
    IDENTITY_ROWS,
    KEN_FRENCH_FACTORS,
    LIVE_PRICES,
    NEWS_ITEMS,
    PRICE_ACTIONS,
    QUALITY_CHECKS,
    REJECTED_ANSWERS,
    REJECTED_BARS,
    REQUESTS,
    RUN_INPUTS,
    RUNS,
    SAMPLE_PRICES,
    Table,
)
from pipelines.errors import WarehouseError
from warehouse.connection import first_row, identifier, transaction


def create_table(connection: duckdb.DuckDBPyConnection, table: Table, schema: str) -> None:
    """Create an empty table from its contract; uniqueness is a check, never an index."""
    columns = ", ".join(
        f"{identifier(column.name)} {column.sql}{'' if column.nullable else ' not null'}" for column in table.columns
    )
    connection.execute(f"create table {identifier(schema)}.{identifier(table.name)} ({columns})")


_LATER_COLUMNS = {"batches": ("vintage", "kind"), "catalogue_events": ("urls",), "runs": ("n_requests", "n_rows")}
"""Columns that a table did not have in the first version."""


def _at_first(table: Table) -> Table:
    later = _LATER_COLUMNS.get(table.name, ())
    return replace(table, columns=tuple(column for column in table.columns if column.name not in later))


def _initial(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("create schema raw")
    connection.execute("create schema audit")
    for table in (BATCHES, SAMPLE_PRICES, FILES_PRICES, CATALOGUE_EVENTS, FILES_EVENTS):
        create_table(connection, _at_first(table), "raw")
    for table in (RUNS, QUALITY_CHECKS, GENERATIONS):
        create_table(connection, _at_first(table), "audit")


def _factors(connection: duckdb.DuckDBPyConnection) -> None:
    create_table(connection, FILES_FACTORS, "raw")


def _vintages(connection: duckdb.DuckDBPyConnection) -> None:
    """Give the ledger its vintages, each stored batch being one of its own, and live sources their tables."""
    # A column that may not be null cannot be added to a table, so the ledger is written anew.
    connection.execute("create temp table ledger as select *, batch_id as vintage, 'full' as kind from raw.batches")
    connection.execute("drop table raw.batches")
    create_table(connection, BATCHES, "raw")
    connection.execute("insert into raw.batches by name select * from ledger")
    connection.execute("drop table ledger")
    for table in (*LIVE_PRICES, PRICE_ACTIONS, REQUESTS, RUN_INPUTS):
        create_table(connection, table, "raw")


def _backfills(connection: duckdb.DuckDBPyConnection) -> None:
    create_table(connection, BACKFILL_CHUNKS, "raw")


def _hours(connection: duckdb.DuckDBPyConnection) -> None:
    create_table(connection, HOURLY_PRICES, "raw")


def _rejected_answers(connection: duckdb.DuckDBPyConnection) -> None:
    """Keep answers of which nothing is stored, and count in the record of runs what was asked and stored."""
    for table in (REJECTED_ANSWERS, REJECTED_BARS):
        create_table(connection, table, "audit")
    for name in _LATER_COLUMNS["runs"]:
        connection.execute(f"alter table audit.runs add column {identifier(name)} {RUNS.column(name).sql}")


def _identity(connection: duckdb.DuckDBPyConnection) -> None:
    """Keep what providers say of listings, and which symbols were found to be another security's."""
    for table in IDENTITY_ROWS:
        create_table(connection, table, "raw")


def _news(connection: duckdb.DuckDBPyConnection) -> None:
    create_table(connection, NEWS_ITEMS, "raw")


def _facts(connection: duckdb.DuckDBPyConnection) -> None:
    for table in (KEN_FRENCH_FACTORS, EDGAR_SHARE_COUNTS, EDGAR_TICKERS):
        create_table(connection, table, "raw")


def _validators(connection: duckdb.DuckDBPyConnection) -> None:
    create_table(connection, FEED_VALIDATORS, "raw")


def _decisions(connection: duckdb.DuckDBPyConnection) -> None:
    create_table(connection, CANDIDATE_DECISIONS, "raw")


def _event_urls(connection: duckdb.DuckDBPyConnection) -> None:
    """Give events all their addresses; those of stored events come with the next version of their file."""
    connection.execute("alter table raw.catalogue_events add column urls varchar")


MIGRATIONS: tuple[Callable[[duckdb.DuckDBPyConnection], None], ...] = (
    _initial,
    _factors,
    _vintages,
    _backfills,
    _hours,
    _rejected_answers,
    _identity,
    _news,
    _facts,
    _validators,
    _decisions,
    _event_urls,
)
"""Steps from an empty file to today's schema; append to it, never edit a step."""


def migrate(connection: duckdb.DuckDBPyConnection) -> int:
    """Bring the file's schema up to date and return its version.

    Raises
    ------
    WarehouseError
        If the file was written by a newer version of this package.
    """
    version = schema_version(connection)
    if version > len(MIGRATIONS):
        raise WarehouseError(
            f"the warehouse has schema version {version}, this package knows {len(MIGRATIONS)}; "
            "upgrade market-reaction, or point REACTION_HOME at another folder"
        )
    for number, step in enumerate(MIGRATIONS[version:], start=version + 1):
        with transaction(connection):
            step(connection)
            connection.execute("create or replace table main.schema_version as select $1::bigint as version", [number])
        connection.execute("checkpoint")
    return len(MIGRATIONS)


def schema_version(connection: duckdb.DuckDBPyConnection) -> int:
    """Return the schema version of the file, 0 for an empty one."""
    found = first_row(
        connection,
        "select count(*) from information_schema.tables where table_schema = 'main' and table_name = 'schema_version'",
    )
    if not found or not found[0]:
        return 0
    row = first_row(connection, "select max(version) from main.schema_version")
    return int(row[0]) if row and row[0] is not None else 0

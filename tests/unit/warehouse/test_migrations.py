"""The schema of the warehouse file: made once, brought up to date, refused when it is newer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from pipelines.contracts import (
    AUDIT,
    BATCHES,
    EDGAR_SHARE_COUNTS,
    EDGAR_TICKERS,
    KEN_FRENCH_FACTORS,
    LIVE_PRICES,
    NEWS_ITEMS,
    PRICE_ACTIONS,
    RAW,
    REQUESTS,
    RUN_INPUTS,
)
from pipelines.errors import WarehouseError
from warehouse import migrations
from warehouse.connection import open_file, open_memory
from warehouse.history import last_runs
from warehouse.migrations import MIGRATIONS, migrate, schema_version
from warehouse.rejected import newest_rejected
from warehouse.workspace import open_reader


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """Return an empty database."""
    with open_memory() as opened:
        yield opened


def tables(connection: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[str, str, bool]]]:
    """Return name, type and nullability of the columns of every table of the raw and audit schemas."""
    rows = connection.execute(
        "select schema_name || '.' || table_name, column_name, data_type, is_nullable from duckdb_columns() "
        "where schema_name in ('raw', 'audit') order by table_oid, column_index"
    ).fetchall()
    found: dict[str, list[tuple[str, str, bool]]] = {}
    for table, name, kind, nullable in rows:
        found.setdefault(table, []).append((name, kind, nullable))
    return found


def test_an_empty_file_gets_the_tables_of_the_contracts(connection: duckdb.DuckDBPyConnection) -> None:
    """Every raw and audit table has its contract's columns, types and nullability, and no index."""
    assert schema_version(connection) == 0
    assert migrate(connection) == schema_version(connection) == len(MIGRATIONS)
    kinds = {"varchar": "VARCHAR", "timestamptz": "TIMESTAMP WITH TIME ZONE", "bigint": "BIGINT", "double": "DOUBLE"}
    wanted = {
        f"{schema}.{table.name}": [(c.name, kinds.get(c.sql, c.sql.upper()), c.nullable) for c in table.columns]
        for schema, group in (("raw", RAW), ("audit", AUDIT))
        for table in group
    }
    assert tables(connection) == wanted
    assert connection.execute("select count(*) from duckdb_indexes()").fetchall() == [(0,)]


def test_migrating_twice_changes_nothing(connection: duckdb.DuckDBPyConnection) -> None:
    """A file that is up to date keeps its rows and its version."""
    migrate(connection)
    connection.execute("insert into audit.generations values ('g', 'r', now(), 'h', '{}')")
    before = tables(connection)
    assert migrate(connection) == len(MIGRATIONS)
    assert tables(connection) == before
    assert connection.execute("select count(*) from audit.generations").fetchall() == [(1,)]


def test_a_newer_file_is_refused(connection: duckdb.DuckDBPyConnection) -> None:
    """Older code does not touch a file that newer code wrote, and says what to do."""
    migrate(connection)
    connection.execute("update main.schema_version set version = 99")
    message = rf"schema version 99, this package knows {len(MIGRATIONS)}; upgrade market-reaction"
    with pytest.raises(WarehouseError, match=message):
        migrate(connection)
    assert schema_version(connection) == 99


def test_a_later_step_runs_alone_and_keeps_the_rows(
    connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of an earlier version runs only the steps it lacks."""
    migrate(connection)
    connection.execute("insert into audit.generations values ('g', 'r', now(), 'h', '{}')")

    def add_column(opened: duckdb.DuckDBPyConnection) -> None:
        opened.execute("alter table audit.generations add column note varchar")

    monkeypatch.setattr(migrations, "MIGRATIONS", (*MIGRATIONS, add_column))
    assert migrate(connection) == len(MIGRATIONS) + 1
    assert connection.execute("select generation_id, note from audit.generations").fetchall() == [("g", None)]


def test_a_file_of_the_first_version_gets_the_table_of_factors(
    connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A warehouse from before there were factor files is brought up to date and keeps its rows."""
    monkeypatch.setattr(migrations, "MIGRATIONS", MIGRATIONS[:1])
    assert migrate(connection) == 1
    assert "raw.files_factors" not in tables(connection)
    connection.execute("insert into audit.generations values ('g', 'r', now(), 'h', '{}')")

    monkeypatch.setattr(migrations, "MIGRATIONS", MIGRATIONS)
    assert migrate(connection) == len(MIGRATIONS)
    assert "raw.files_factors" in tables(connection)
    assert connection.execute("select count(*) from audit.generations").fetchall() == [(1,)]


def test_a_file_of_the_second_version_gets_vintages_and_live_tables(
    connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every batch of a warehouse from before there were vintages becomes a vintage of its own, and keeps its row."""
    monkeypatch.setattr(migrations, "MIGRATIONS", MIGRATIONS[:2])
    assert migrate(connection) == 2
    assert [name for name, _, _ in tables(connection)["raw.batches"]] == BATCHES.names[:-2]
    for batch_id, day in (("b1", "2025-01-02"), ("b2", "2025-01-03")):
        instant = f"{day} 21:00:00+00"
        row = [batch_id, "files_prices", "NVDA", "u", "h", 3, instant, instant, "run"]
        connection.execute("insert into raw.batches values (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    before = connection.execute("select * from raw.batches order by batch_id").fetchall()

    monkeypatch.setattr(migrations, "MIGRATIONS", MIGRATIONS)
    assert migrate(connection) == len(MIGRATIONS)
    after = connection.execute("select * from raw.batches order by batch_id").fetchall()
    assert after == [(*row, row[0], "full") for row in before]
    assert {f"raw.{table.name}" for table in (*LIVE_PRICES, PRICE_ACTIONS, REQUESTS, RUN_INPUTS)} <= set(
        tables(connection)
    )


def test_a_file_from_before_backfills_were_runs_keeps_its_runs(
    connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record of runs gets its counts, null for what was not counted, and there are tables of rejected answers."""
    before = MIGRATIONS.index(migrations._rejected_answers)
    monkeypatch.setattr(migrations, "MIGRATIONS", MIGRATIONS[:before])
    assert migrate(connection) == before
    run = ["run-1", "2025-01-02 21:00:00+00", None, "daily", "yahoo", "0", None, "running", None]
    connection.execute("insert into audit.runs values (?, ?, ?, ?, ?, ?, ?, ?, ?)", run)
    assert [found["n_rows"] for found in last_runs(connection, 5)] == [None]
    assert newest_rejected(connection, 5) == (0, [])

    monkeypatch.setattr(migrations, "MIGRATIONS", MIGRATIONS)
    assert migrate(connection) == len(MIGRATIONS)
    rows = connection.execute("select run_id, status, n_requests, n_rows from audit.runs").fetchall()
    assert rows == [("run-1", "running", None, None)]
    assert {"audit.rejected_answers", "audit.rejected_bars"} <= set(tables(connection))


def test_a_reader_of_an_older_file_is_told_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who only reads cannot bring a file up to date: one line says who can."""
    file = tmp_path / "warehouse.duckdb"
    with open_file(file) as opened:
        monkeypatch.setattr(migrations, "MIGRATIONS", MIGRATIONS[:2])
        migrate(opened)
    with pytest.raises(WarehouseError, match=r"has schema version 2, this package reads .*run `reaction run` once"):
        open_reader(file)


def test_a_file_of_the_fourth_version_gets_the_tables_of_news_and_facts(
    connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A warehouse from before there was news is brought up to date and keeps its rows."""
    monkeypatch.setattr(migrations, "MIGRATIONS", MIGRATIONS[:4])
    assert migrate(connection) == 4
    added = {f"raw.{table.name}" for table in (NEWS_ITEMS, KEN_FRENCH_FACTORS, EDGAR_SHARE_COUNTS, EDGAR_TICKERS)}
    assert not added & set(tables(connection))
    connection.execute("insert into audit.generations values ('g', 'r', now(), 'h', '{}')")

    monkeypatch.setattr(migrations, "MIGRATIONS", MIGRATIONS)
    assert migrate(connection) == len(MIGRATIONS)
    assert added <= set(tables(connection))
    assert connection.execute("select count(*) from audit.generations").fetchall() == [(1,)]


def test_a_file_of_the_eighth_version_keeps_its_events_and_gets_their_addresses_with_the_next_version(
    connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stored event is not rewritten: what was known then stays as it was stored."""
    monkeypatch.setattr(migrations, "MIGRATIONS", MIGRATIONS[:8])
    migrate(connection)
    assert "urls" not in [name for name, _, _ in tables(connection)["raw.catalogue_events"]]
    connection.execute(
        "insert into raw.catalogue_events (batch_id, row_number, event_id, title, precision, kind, url, tickers) "
        "values ('b', 0, 'e', 't', 'day', 'news', 'https://e.com', '[]')"
    )

    monkeypatch.setattr(migrations, "MIGRATIONS", MIGRATIONS)
    assert migrate(connection) == len(MIGRATIONS)
    assert connection.execute("select event_id, url, urls from raw.catalogue_events").fetchall() == [
        ("e", "https://e.com", None)
    ]


def test_a_step_that_fails_leaves_the_version_before(
    connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A migration is all or nothing; the next one starts where the failed one did."""
    migrate(connection)

    def fail(opened: duckdb.DuckDBPyConnection) -> None:
        opened.execute("create table raw.half (x integer)")
        opened.execute("select * from raw.absent")

    monkeypatch.setattr(migrations, "MIGRATIONS", (*MIGRATIONS, fail))
    with pytest.raises(WarehouseError, match="Table with name absent does not exist"):
        migrate(connection)
    assert schema_version(connection) == len(MIGRATIONS)
    assert "raw.half" not in tables(connection)


def test_a_database_of_somebody_else_is_refused(connection: duckdb.DuckDBPyConnection) -> None:
    """A file that has a schema `raw` of another program is left as it is."""
    connection.execute("create schema raw")
    with pytest.raises(
        WarehouseError, match=r"refused to write: Catalog Error: Schema with name .*raw.* already exists"
    ):
        migrate(connection)
    assert schema_version(connection) == 0


def test_the_log_is_written_to_the_file_after_a_migration(tmp_path: Path) -> None:
    """After a migration no statement that changes the schema is left in the log to be replayed."""
    file = tmp_path / "warehouse.duckdb"
    with open_file(file) as connection:
        migrate(connection)
        log = file.with_name(file.name + ".wal")
        assert not log.exists() or log.stat().st_size == 0

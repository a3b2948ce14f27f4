"""The schema of the warehouse file moves forward only."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.contracts import AUDIT, RAW
from pipelines.errors import WarehouseError
from warehouse.connection import open_file
from warehouse.migrations import MIGRATIONS, migrate, schema_version


def test_an_empty_file_gets_every_table_of_the_contracts(tmp_path: Path) -> None:
    """Raw and audit tables exist with the contract's columns, in order and without any index."""
    with open_file(tmp_path / "new.duckdb") as connection:
        assert schema_version(connection) == 0
        assert migrate(connection) == len(MIGRATIONS) == schema_version(connection)
        for schema, tables in (("raw", RAW), ("audit", AUDIT)):
            for table in tables:
                described = connection.execute(f"describe {schema}.{table.name}").fetchall()
                assert [row[0] for row in described] == table.names
        assert connection.execute("select count(*) from duckdb_indexes()").fetchall() == [(0,)]


def test_migrating_twice_changes_nothing(warehouse_file: Path) -> None:
    """The second call finds the schema as it is."""
    with open_file(warehouse_file) as connection:
        before = connection.execute("select * from duckdb_tables() order by table_oid").fetchall()
        migrate(connection)
        assert connection.execute("select * from duckdb_tables() order by table_oid").fetchall() == before


def test_a_file_of_a_newer_version_is_refused(warehouse_file: Path) -> None:
    """An older package stops with what to do, and touches nothing."""
    with open_file(warehouse_file) as connection:
        connection.execute("create or replace table main.schema_version as select 99::bigint as version")
        with pytest.raises(WarehouseError, match="schema version 99, this package knows 1; upgrade market-reaction"):
            migrate(connection)


def test_the_file_is_written_in_the_storage_version_that_both_majors_read(warehouse_file: Path) -> None:
    """DuckDB 1.5 and 2.0 both open it."""
    with open_file(warehouse_file, read_only=True) as connection:
        tags = connection.execute("select tags from duckdb_databases() where database_name = 'warehouse'").fetchall()
    assert "v1.5.0" in str(tags)

"""`reaction check` on marts that another version has published."""

from __future__ import annotations

import duckdb
import pytest

from flows.recheck import _expect_tables
from pipelines.errors import WarehouseError


def test_marts_of_another_version_are_told_from_broken_ones() -> None:
    """What they lack is named, tables and columns, and what to do; no check of the gate runs into it."""
    tables = {"dim_symbols": ("symbol",), "dim_securities": ("symbol", "security_id"), "runs": ("run_id",)}
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as marts")
        connection.execute("create table marts.dim_securities (symbol varchar)")
        connection.execute("create table marts.runs (run_id varchar, more varchar)")
        with pytest.raises(
            WarehouseError, match=r"g1 has no dim_securities\.security_id, dim_symbols: another version"
        ):
            _expect_tables(connection, tables, "g1")
        connection.execute("alter table marts.dim_securities add column security_id varchar")
        connection.execute("create table marts.dim_symbols (symbol varchar)")
        _expect_tables(connection, tables, "g1")

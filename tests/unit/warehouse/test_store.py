"""The raw store appends versions and never loses or changes one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import duckdb
import polars as pl
import pytest

from pipelines.errors import WarehouseError
from tests.unit.warehouse.conftest import NOON, MakeBatch
from warehouse.store import append


def ledger(connection: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    """Return object, rows and knowledge time of each batch, in the order they became known."""
    return connection.execute(
        "select object, n_rows, known_from from raw.batches order by known_from, object"
    ).fetchall()


def test_new_content_is_stored_with_its_ledger_row(
    connection: duckdb.DuckDBPyConnection, make_batch: MakeBatch
) -> None:
    """Every stored row belongs to a ledger row that counts it."""
    result = append(connection, [make_batch("NVDA", [1.0, 2.0]), make_batch("AMD", [3.0])], "run-1")
    assert (result.n_new, result.n_known, result.n_rows) == (2, 0, 3)
    counts = connection.execute(
        "select batches.object, batches.n_rows, count(*) from raw.batches join raw.files_prices using (batch_id) "
        "group by all order by 1"
    ).fetchall()
    assert counts == [("AMD", 1, 1), ("NVDA", 2, 2)]


def test_the_same_content_again_is_a_no_op(connection: duckdb.DuckDBPyConnection, make_batch: MakeBatch) -> None:
    """A retry after a kill stores nothing twice."""
    batches = [make_batch("NVDA", [1.0, 2.0])]
    append(connection, batches, "run-1")
    result = append(connection, batches, "run-2")
    assert (result.n_new, result.n_known, result.n_rows) == (0, 1, 0)
    assert connection.execute("select count(*) from raw.files_prices").fetchall() == [(2,)]


def test_changed_content_is_a_new_version_beside_the_old(
    connection: duckdb.DuckDBPyConnection, make_batch: MakeBatch
) -> None:
    """A restatement never overwrites; both versions can be read."""
    append(connection, [make_batch("NVDA", [1.0])], "run-1")
    append(connection, [make_batch("NVDA", [1.5], NOON + timedelta(days=1))], "run-2")
    closes = connection.execute(
        "select close from raw.files_prices join raw.batches using (batch_id) order by known_from"
    ).fetchall()
    assert closes == [(1.0,), (1.5,)]


def test_content_that_comes_back_is_a_version_of_its_own(
    connection: duckdb.DuckDBPyConnection, make_batch: MakeBatch
) -> None:
    """A, B, A gives three versions with three names."""
    for day, close in enumerate([1.0, 2.0, 1.0]):
        append(connection, [make_batch("NVDA", [close], NOON + timedelta(days=day))], f"run-{day}")
    names = connection.execute("select batch_id from raw.batches order by known_from").fetchall()
    assert len(set(names)) == 3
    assert names[2] == (f"{names[0][0]}:2",)


def test_a_clock_set_back_does_not_reorder_versions(
    connection: duckdb.DuckDBPyConnection, make_batch: MakeBatch
) -> None:
    """known_from only runs forward, whatever the clock says."""
    append(connection, [make_batch("NVDA", [1.0])], "run-1")
    append(connection, [make_batch("NVDA", [2.0], NOON - timedelta(days=1))], "run-2")
    known = [row[2] for row in ledger(connection)]
    assert known == [NOON, NOON + timedelta(microseconds=1)]


def test_a_failed_insert_leaves_nothing_behind(connection: duckdb.DuckDBPyConnection, make_batch: MakeBatch) -> None:
    """Ledger and rows are written together or not at all."""
    good = make_batch("NVDA", [1.0])
    broken = make_batch("AMD", [1.0])
    bad = replace(broken, rows=broken.rows.with_columns(pl.lit(None, pl.Int64).alias("row_number")))
    with pytest.raises(WarehouseError, match="NOT NULL"):
        append(connection, [good, bad], "run-1")
    assert ledger(connection) == []
    assert connection.execute("select count(*) from raw.files_prices").fetchall() == [(0,)]


def test_a_source_without_a_raw_table_is_refused(connection: duckdb.DuckDBPyConnection, make_batch: MakeBatch) -> None:
    """The message names the source and the ones that are known."""
    with pytest.raises(WarehouseError, match=r"\['nowhere'\] have no raw table; known are .*files_prices"):
        append(connection, [replace(make_batch("NVDA", [1.0]), source="nowhere")], "run-1")

"""A table's hash sees every change of content and nothing else."""

from __future__ import annotations

from pipelines.contracts import Column, Table
from warehouse.connection import open_memory
from warehouse.hashing import TableHash, combine, hash_tables

TABLE = Table("t", "one row", ("x",), "test", (Column("x", "integer", "x"), Column("y", "float", "y", nullable=True)))


def hashed(rows: str) -> TableHash:
    """Hash a table made of a VALUES list."""
    with open_memory() as connection:
        connection.execute(f"create table t as select * from (values {rows}) as v(x, y)")
        return hash_tables(connection, [TABLE], "main")["t"]


def test_the_order_of_rows_does_not_matter() -> None:
    """The same rows hash alike in any order."""
    assert hashed("(1, 0.5), (2, 0.25), (3, null)") == hashed("(3, null), (1, 0.5), (2, 0.25)")


def test_any_changed_value_shows() -> None:
    """A digit, a null, and a swap between two rows each change the hash."""
    base = hashed("(1, 0.5::double), (2, 0.25)")
    assert hashed("(1, 0.5000000000000001::double), (2, 0.25)") != base
    assert hashed("(1, null::double), (2, 0.25)") != base
    assert hashed("(1, 0.25::double), (2, 0.5)") != base


def test_a_pair_of_equal_rows_shows() -> None:
    """Two more rows that are equal would cancel in an XOR; the hash sees them."""
    assert hashed("(1, 0.5)") != hashed("(1, 0.5), (2, 0.5), (2, 0.5)")
    assert hashed("(1, 0.5)").n_rows == 1


def test_the_combined_hash_depends_on_every_table() -> None:
    """One table's change changes the whole."""
    one, other = TableHash(1, "a"), TableHash(1, "b")
    assert combine({"s": one, "t": one}) == combine({"t": one, "s": one})
    assert combine({"s": one, "t": one}) != combine({"s": one, "t": other})

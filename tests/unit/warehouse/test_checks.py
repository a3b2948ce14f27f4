"""Measuring rules on a real database in memory."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from pipelines.contracts import Column, Table
from pipelines.validation import Measurement, Rule, contract_rules, history_rules
from warehouse.checks import measure

TABLE = Table(
    name="facts",
    grain="one row per name and day",
    key=("name", "day"),
    meaning="One column of each kind of rule",
    columns=(
        Column("name", "text", "name"),
        Column("day", "date", "day"),
        Column("share", "float", "share", nullable=True, minimum=0.0, maximum=1.0),
        Column("mood", "text", "mood", nullable=True, allowed=("it's fine", "?")),
        Column("spec", "json", "spec", nullable=True),
        Column("n", "integer", "count", nullable=True, minimum=0),
        Column("at", "instant", "time", nullable=True),
        Column("is_on", "boolean", "switch", nullable=True),
    ),
)
RULES = contract_rules(TABLE, "mart.facts")
GOOD = {
    "name": "a",
    "day": dt.date(2025, 1, 2),
    "share": 0.5,
    "mood": "it's fine",
    "spec": '{"a": 1}',
    "n": 0,
    "at": dt.datetime(2025, 1, 2, tzinfo=dt.UTC),
    "is_on": True,
}
SHOWN = {"name": "a", "day": "2025-01-02"}


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """Return a database with an empty table of the contract."""
    with duckdb.connect() as opened:
        opened.execute("create schema mart")
        columns = ", ".join(f'"{column.name}" {column.sql}' for column in TABLE.columns)
        opened.execute(f"create table mart.facts ({columns})")
        yield opened


def insert(connection: duckdb.DuckDBPyConnection, **changed: Any) -> None:
    """Insert the good row with some values changed."""
    row = GOOD | changed
    connection.execute(f"insert into mart.facts values ({', '.join('?' for _ in row)})", list(row.values()))


def broken(connection: duckdb.DuckDBPyConnection) -> dict[str, Measurement]:
    """Measure the contract's rules and return those that are broken, by name."""
    return {item.rule.check_name: item for item in measure(connection, RULES) if item.n_violations}


def test_sound_rows_break_nothing(connection: duckdb.DuckDBPyConnection) -> None:
    """Legal values, and nulls where they are legal, pass every rule."""
    insert(connection)
    insert(connection, name="b", share=None, mood=None, spec=None, n=None, at=None, is_on=None)
    insert(connection, name="c", share=0.0, mood="?", n=7)
    insert(connection, name="d", share=1.0)
    measured = measure(connection, RULES)
    assert [item.rule for item in measured] == RULES
    assert {(item.n_rows, item.n_violations, item.error) for item in measured} == {(4, 0, "")}


@pytest.mark.parametrize(
    ("changed", "check", "sample"),
    [
        ({"name": None}, "not_null_name", {"name": None, "day": "2025-01-02"}),
        ({"share": float("nan")}, "finite_share", {**SHOWN, "share": "nan"}),
        ({"share": float("inf")}, "finite_share", {**SHOWN, "share": "inf"}),
        ({"share": -float("inf")}, "finite_share", {**SHOWN, "share": "-inf"}),
        ({"share": 1.01}, "in_range_share", {**SHOWN, "share": 1.01}),
        ({"share": -0.01}, "in_range_share", {**SHOWN, "share": -0.01}),
        ({"n": -1}, "in_range_n", {**SHOWN, "n": -1}),
        ({"mood": "It's fine"}, "allowed_mood", {**SHOWN, "mood": "It's fine"}),
        ({"spec": "{"}, "json_spec", {**SHOWN, "spec": "{"}),
    ],
)
def test_a_bad_value_breaks_its_rule(
    connection: duckdb.DuckDBPyConnection, changed: dict[str, Any], check: str, sample: dict[str, Any]
) -> None:
    """Each kind of bad value is counted once by its rule, and shown with its key."""
    insert(connection, name="sound")
    insert(connection, **changed)
    found = broken(connection)
    assert check in found
    assert (found[check].n_rows, found[check].n_violations, found[check].sample) == (2, 1, [sample])
    if "finite" not in check:
        assert list(found) == [check]


def test_a_key_that_occurs_twice_breaks_two_rows(connection: duckdb.DuckDBPyConnection) -> None:
    """Every row of a repeated key counts."""
    insert(connection)
    insert(connection)
    insert(connection, name="b")
    found = broken(connection)
    assert list(found) == ["unique_key"]
    assert found["unique_key"].n_violations == 2
    assert found["unique_key"].sample[0] == {**SHOWN, "n_rows": 2}


def test_the_sample_holds_the_first_five_rows_in_order(connection: duckdb.DuckDBPyConnection) -> None:
    """The same bad rows always give the same sample, however many there are."""
    for name in "hgfedcba":
        insert(connection, name=name, n=-1)
    sample = broken(connection)["in_range_n"].sample
    assert [row["name"] for row in sample] == list("abcde")


def test_a_missing_column_is_a_broken_check(connection: duckdb.DuckDBPyConnection) -> None:
    """A column that is not there breaks the checks that need it, and the others are still measured."""
    insert(connection, n=-1)
    insert(connection)
    connection.execute("alter table mart.facts drop column share")
    found = broken(connection)
    assert set(found) == {"columns", "finite_share", "in_range_share", "in_range_n", "unique_key"}
    assert found["columns"].sample == [{"column_name": "share", "expected_type": "DOUBLE", "found_type": None}]
    assert found["in_range_share"].n_violations == found["in_range_share"].n_rows == 2
    assert found["in_range_share"].error == "columns ['share'] are missing or of another type, see check 'columns'"


def test_a_missing_key_column_leaves_the_rest_measurable(connection: duckdb.DuckDBPyConnection) -> None:
    """Without the key no sample can be shown, but the count stands."""
    insert(connection, n=-1)
    connection.execute("alter table mart.facts drop column day")
    found = broken(connection)
    assert set(found) == {"columns", "unique_key", "not_null_day", "in_range_n"}
    assert found["in_range_n"].n_violations == 1
    assert 'Referenced column "day" not found' in found["in_range_n"].sample[0]["error"]


def test_a_wrong_type_is_a_broken_check(connection: duckdb.DuckDBPyConnection) -> None:
    """A number column that arrives as text is reported, not compared."""
    insert(connection)
    connection.execute("alter table mart.facts alter column share type varchar using 'much'")
    found = broken(connection)
    assert set(found) == {"columns", "finite_share", "in_range_share"}
    assert found["columns"].sample == [{"column_name": "share", "expected_type": "DOUBLE", "found_type": "VARCHAR"}]


def test_an_additional_column_is_legal(connection: duckdb.DuckDBPyConnection) -> None:
    """Whoever adds a column breaks nobody."""
    connection.execute("alter table mart.facts add column extra integer")
    assert broken(connection) == {}


def test_a_missing_table_breaks_all_its_checks(connection: duckdb.DuckDBPyConnection) -> None:
    """A table that is not there is no crash, and no gate passes because of it."""
    connection.execute("drop table mart.facts")
    found = broken(connection)
    assert set(found) == {rule.check_name for rule in RULES}
    assert all("facts does not exist" in item.error and item.n_rows == 0 for item in found.values())


def test_a_query_that_does_not_fit_breaks_its_check(connection: duckdb.DuckDBPyConnection) -> None:
    """A check whose query fails counts as broken by more rows than its limit; the next check is measured."""
    bad = Rule("bad", "facts", "fail", "select nothing from mart.facts", limit=3, relation="mart.facts")
    words = "select name from mart.facts where name::int > 0"
    overflow = Rule("overflow", "facts", "warn", words, relation="mart.facts")
    good = Rule("good", "facts", "fail", "select name from mart.facts", relation="mart.facts")
    insert(connection)
    measured = measure(connection, [bad, overflow, good])
    assert [item.n_violations for item in measured] == [4, 1, 1]
    assert [bool(item.error) for item in measured] == [True, True, False]
    assert measured[0].sample == [{"error": measured[0].error}]
    assert measured[2].sample == [{"name": "a"}]


def test_row_rules_without_a_columns_check_are_measured_one_by_one(connection: duckdb.DuckDBPyConnection) -> None:
    """One row rule that does not fit does not take the others with it."""
    insert(connection, n=-1)
    connection.execute("alter table mart.facts drop column share")
    rules = [rule for rule in RULES if rule.check_name in ("in_range_share", "in_range_n")]
    share, n = measure(connection, rules)
    assert 'Referenced column "share" not found' in share.error
    assert (n.n_rows, n.n_violations, n.error) == (1, 1, "")


def test_an_empty_table_breaks_nothing(connection: duckdb.DuckDBPyConnection) -> None:
    """No rows, no violations."""
    assert {(item.n_rows, item.n_violations) for item in measure(connection, RULES)} == {(0, 0)}


def test_history_refuses_a_table_that_shrank_or_went_back(connection: duckdb.DuckDBPyConnection) -> None:
    """Seven rows of ten are enough and six are not; an earlier last session is refused."""
    days = "select date '2025-01-01' + i::int as session_date from range(7) r(i)"
    connection.execute(f"create table mart.dated as {days}")

    def verdicts(n_before: int, last: dt.date) -> list[int]:
        return [
            item.n_violations
            for item in measure(connection, history_rules("dated", "mart.dated", n_before=n_before, last_before=last))
        ]

    assert verdicts(10, dt.date(2025, 1, 7)) == [0, 0]
    assert verdicts(11, dt.date(2025, 1, 8)) == [1, 1]
    connection.execute("delete from mart.dated")
    assert verdicts(10, dt.date(2025, 1, 7)) == [1, 1]
    assert verdicts(0, dt.date(2025, 1, 7)) == [0, 1]


class Counting:
    """A connection that counts its statements."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self.statements: list[str] = []

    def execute(self, sql: str) -> duckdb.DuckDBPyConnection:
        """Run a statement."""
        self.statements.append(sql)
        return self.connection.execute(sql)


def test_a_million_rows_cost_two_scans(connection: duckdb.DuckDBPyConnection) -> None:
    """All row rules of a table share a scan and the key takes one more; the shape is read without any."""
    connection.execute(
        "insert into mart.facts (name, day, share) "
        "select 'n' || i // 1000, date '2000-01-01' + (i % 1000)::int, i / 1e6 from range(1000000) r(i)"
    )
    counting = Counting(connection)
    measured = measure(counting, RULES)  # type: ignore[arg-type]
    assert {(item.n_rows, item.n_violations) for item in measured} == {(1_000_000, 0)}
    scans = [sql for sql in counting.statements if "limit 0" not in sql and "describe" not in sql]
    assert len(scans) == 2
    assert len(counting.statements) == 4


def test_measuring_leaves_no_result_open(connection: duckdb.DuckDBPyConnection) -> None:
    """Results are fetched at once, so that measuring inside a transaction reads what it wrote."""
    connection.begin()
    insert(connection, n=-1)
    assert list(broken(connection)) == ["in_range_n"]
    connection.rollback()
    assert broken(connection) == {}

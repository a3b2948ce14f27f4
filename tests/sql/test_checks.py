"""The identity checks of sql/checks, each on a tiny sound world and on that world broken by one statement."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from pipelines.contracts import FCT_RETURNS, MARTS
from pipelines.validation import Rule, sql_rules
from warehouse.checks import measure

CHECKS = Path(__file__).resolve().parents[2] / "sql" / "checks"
WORLD = yaml.safe_load((Path(__file__).parent / "checks" / "world.yaml").read_text(encoding="utf-8"))
CASES = yaml.safe_load((Path(__file__).parent / "checks" / "cases.yaml").read_text(encoding="utf-8"))
RULES = {f"{gate}/{rule.check_name}": rule for gate in ("publish", "study") for rule in sql_rules(CHECKS / gate)}
BREAKS = [(name, case["break"], case["rows"]) for name, cases in CASES.items() for case in cases]


def create_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Create every table that a check may read, empty, with the columns of its contract."""
    connection.execute("create schema mart")
    connection.execute("create schema core")
    for table in MARTS:
        columns = ", ".join(f'"{column.name}" {column.sql}' for column in table.columns)
        connection.execute(f"create table mart.{table.name} ({columns})")
    returns = ", ".join(f'"{column.name}" {column.sql}' for column in FCT_RETURNS.columns)
    for name in ("prices", "returns"):
        connection.execute(f"create table core.{name} ({returns}, return_price double)")


def insert(connection: duckdb.DuckDBPyConnection, table: str, row: dict[str, Any]) -> None:
    """Insert one row; columns it does not name are null."""
    names, marks = ", ".join(row), ", ".join("?" for _ in row)
    connection.execute(f"insert into {table} ({names}) values ({marks})", list(row.values()))


@pytest.fixture(scope="module")
def sound_world() -> Iterator[duckdb.DuckDBPyConnection]:
    """Return a database in which every check passes."""
    with duckdb.connect() as connection:
        create_tables(connection)
        for table, rows in WORLD.items():
            for row in rows:
                insert(connection, table, row)
        yield connection


@pytest.fixture
def world(sound_world: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """Return the sound world; what a test breaks is rolled back."""
    sound_world.begin()
    yield sound_world
    sound_world.rollback()


@pytest.fixture(scope="module")
def empty_world() -> Iterator[duckdb.DuckDBPyConnection]:
    """Return a database with all tables and no rows."""
    with duckdb.connect() as connection:
        create_tables(connection)
        yield connection


def test_every_check_passes_on_the_sound_world(world: duckdb.DuckDBPyConnection) -> None:
    """No check objects to a sound publication."""
    broken = [(item.rule.name, item.sample) for item in measure(world, RULES.values()) if item.n_violations]
    assert broken == []


@pytest.mark.parametrize(("name", "statement", "rows"), BREAKS, ids=[f"{item[0]}-{n}" for n, item in enumerate(BREAKS)])
def test_a_check_returns_the_rows_that_break_it(
    world: duckdb.DuckDBPyConnection, name: str, statement: str, rows: int
) -> None:
    """A check returns exactly the rows that one wrong statement broke."""
    world.execute(statement)
    (found,) = measure(world, [RULES[name]])
    assert (found.error, found.n_violations) == ("", rows)
    assert len(found.sample) == min(rows, 5)


def test_every_check_has_a_case_that_breaks_it() -> None:
    """No check is in sql/checks without a case that shows it can fail, and no case without a check."""
    breakable = {name for name, cases in CASES.items() if any(case["rows"] for case in cases)}
    assert breakable == set(RULES)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_empty_tables_break_nothing_but_presence(empty_world: duckdb.DuckDBPyConnection, rule: Rule) -> None:
    """A table without rows is no crash, and only the presence checks object to it."""
    (found,) = measure(empty_world, [rule])
    assert (found.error, found.n_rows) == ("", 0)
    assert bool(found.n_violations) == (rule.check_name == "prices_are_present")


def test_checks_stay_small() -> None:
    """Every check fits on a screen and stays within the line length."""
    lines = {file: file.read_text(encoding="utf-8").splitlines() for file in CHECKS.rglob("*.sql")}
    assert [str(file) for file, text in lines.items() if len(text) > 60 or max(map(len, text)) > 120] == []

"""Whoever opens the published file with plain DuckDB reads what each table, column and macro means."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from pipelines.contracts import GENERATIONS, PUBLISHED
from pipelines.home import SQL
from tests.end_to_end.conftest import SampleRun
from tests.running import open_marts, reaction_here
from warehouse.macros import load_macros

SHIPPED = {macro.name: macro for macro in load_macros(SQL / "macros")}


@pytest.mark.slow
def test_every_table_has_its_meaning_grain_and_key(sample_run: SampleRun) -> None:
    """The comment is the contract's, word for word."""
    with open_marts(sample_run.home / "published") as connection:
        comments = dict(connection.execute("select table_name, comment from duckdb_tables()").fetchall())
    for table in (*PUBLISHED, GENERATIONS):
        assert comments[table.name] == table.comment
        assert f"Grain: {table.grain}. Key: {', '.join(table.key)}." in table.comment


@pytest.mark.slow
def test_every_column_has_its_meaning_unit_and_words(sample_run: SampleRun) -> None:
    """So is that of each column, with its unit in brackets and the words that it may hold."""
    query = "select table_name, column_name, comment from duckdb_columns() where not internal"
    with open_marts(sample_run.home / "published") as connection:
        comments = {(table, column): comment for table, column, comment in connection.execute(query).fetchall()}
    for table in (*PUBLISHED, GENERATIONS):
        for column in table.columns:
            assert comments[table.name, column.name] == column.comment
    assert comments["fct_event_cars", "car"].endswith("[decimal]")
    assert comments["fct_event_securities", "status"].endswith("; one of: used, pending, excluded")


@pytest.mark.slow
def test_every_macro_says_how_it_is_called(sample_run: SampleRun) -> None:
    """The comment of a macro is its call with the defaults, and what it is for."""
    query = "select function_name, comment from duckdb_functions() where not internal"
    with open_marts(sample_run.home / "published") as connection:
        comments = dict(connection.execute(query).fetchall())
    assert SHIPPED.keys() <= comments.keys()
    for name, macro in SHIPPED.items():
        assert comments[name] == f"{macro.call}: {macro.help}"


@pytest.mark.slow
def test_a_process_that_knows_nothing_of_this_project_reads_them(sample_run: SampleRun) -> None:
    """Plain DuckDB in an isolated interpreter, read-only."""
    script = (
        "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=True); "
        "print(c.execute(\"select comment from duckdb_columns() where column_name = 'bhar'\").fetchall()[0][0])"
    )
    file = sample_run.home / "published" / "marts.duckdb"
    shown = subprocess.run(
        [sys.executable, "-I", "-c", script, str(file)], capture_output=True, text=True, check=True, timeout=60
    )
    assert shown.stdout.strip() == "buy-and-hold abnormal return; null where a day is missing [decimal]"


def test_tables_and_macros_are_listed_and_described(tmp_path: Path) -> None:
    """`--tables` and `--describe` say the same as the contracts, as text and as JSON; nothing need be published."""
    listed = reaction_here("sql", "--tables", "--json", home=tmp_path).json
    assert [table["name"] for table in listed["tables"]][: len(PUBLISHED)] == [table.name for table in PUBLISHED]
    assert {macro["name"] for macro in listed["macros"]} == set(SHIPPED)
    described = reaction_here("sql", "--describe", "fct_event_cars", "--json", home=tmp_path).json
    (contract,) = (table for table in PUBLISHED if table.name == "fct_event_cars")
    assert (described["grain"], described["key"]) == (contract.grain, list(contract.key))
    assert [column["meaning"] for column in described["columns"]] == [column.meaning for column in contract.columns]
    text = reaction_here("sql", "--describe", "fct_event_securities", home=tmp_path).out
    assert "pending: its window is not complete yet; a later run with more prices will use it" in text
    macro = reaction_here("sql", "--describe", "event_study", home=tmp_path).out
    assert "est_from := -260" in macro
    assert "select * from event_study(symbols, event_date)" in macro


def test_what_is_not_there_is_answered_with_what_was_meant(tmp_path: Path) -> None:
    """A wrong name exits with 2."""
    finished = reaction_here("sql", "--describe", "fct_event_car", home=tmp_path)
    assert finished.code == 2
    assert "did you mean fct_event_cars?" in finished.err


def test_units_come_from_the_comments(tmp_path: Path) -> None:
    """A column that is passed on keeps its unit, one that is computed has none of it."""
    file = tmp_path / "published" / "marts.duckdb"
    file.parent.mkdir()
    with duckdb.connect(str(file)) as connection:
        connection.execute("create table t as select 0.5::double as car, 'a' as symbol")
        connection.execute("comment on column t.car is 'sum [decimal]; one of: x'")
    query = "select car, max(car) over () as top, round(car, 2) as rounded from t"
    lines = reaction_here("sql", query, home=tmp_path).out.splitlines()
    assert lines[1].split() == ["decimal", "decimal", "decimal"]
    computed = reaction_here("sql", "select 100 * car as car, count(car) as n from t group by all", home=tmp_path).out
    assert "decimal" not in computed

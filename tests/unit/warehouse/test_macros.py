"""Macros as files: their headers, their order, their comments, and a publication that renews them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from pipelines.contracts import QUALITY_CHECKS, RUNS
from pipelines.errors import WarehouseError
from pipelines.home import SQL
from warehouse.connection import open_file, open_memory
from warehouse.macros import OPTIONS, Macro, load_macros
from warehouse.migrations import create_table
from warehouse.publish import HASHED, publish

NOW = datetime(2025, 1, 28, 1, tzinfo=UTC)
AUDIT = {"runs": RUNS.empty(), "quality_checks": QUALITY_CHECKS.empty()}
HEADER = "-- help: h\n-- grain: g\n-- key: none\n-- reads: {reads}\n-- units: none\n"
PUBLIC = (
    "event_study(symbols, event_date,",
    "event_study_car(symbols, event_date, from_day, to_day,",
    "event_caar(symbols, event_date, from_day, to_day,",
    "event_study_table(events,",
    "event_study_car_table(events, from_day, to_day,",
    "event_caar_table(events, from_day, to_day,",
    "reaction_to(event,",
    "placebo_test(symbols, event_date,",
)


@pytest.fixture
def marts() -> Iterator[duckdb.DuckDBPyConnection]:
    """Return a workspace whose marts are empty."""
    with open_memory() as connection:
        connection.execute("create schema mart")
        for table in HASHED:
            create_table(connection, table, "mart")
        yield connection


def published(connection: duckdb.DuckDBPyConnection, folder: Path, macros: list[Macro], hours: int = 0) -> bool:
    """Publish, and tell whether there is a new generation."""
    moment = NOW + timedelta(hours=hours)
    target = folder / "published"
    return publish(connection, target, run_id="r", published_at=moment, audit=AUDIT, macros=macros).is_new


def written(folder: Path, **texts: str) -> Path:
    """Write macro files."""
    for name, text in texts.items():
        (folder / f"{name}.sql").write_text(text, encoding="utf-8")
    return folder


def test_the_published_file_explains_its_macros(marts: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Each has a comment and a row in macro_help, and takes the options of every study by name."""
    macros = load_macros(SQL / "macros")
    assert published(marts, tmp_path, macros)
    with open_file(tmp_path / "published" / "marts.duckdb", read_only=True) as connection:
        calls = dict(connection.execute("select name, call from macro_help").fetchall())
        comments = dict(
            connection.execute(
                "select function_name, comment from duckdb_functions() where database_name = 'marts'"
            ).fetchall()
        )
    assert set(calls) == set(comments) == {macro.name for macro in macros}
    assert all(comment and comment.startswith(calls[name]) for name, comment in comments.items())
    for call in PUBLIC:
        name = call.partition("(")[0]
        assert calls[name].startswith(call)
        assert all(f"{option} := " in calls[name] for option in OPTIONS)


def test_a_changed_macro_makes_a_new_generation(marts: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """The same macros over the same content leave the live file alone; another definition replaces it."""
    text = "-- value: one(a)\n" + HEADER.format(reads="none") + "select a + 1\n"
    first = load_macros(written(tmp_path, one=text))
    changed = load_macros(written(tmp_path, one=text.replace("+ 1", "+ 2")))
    assert published(marts, tmp_path, first)
    assert not published(marts, tmp_path, first, hours=1)
    assert published(marts, tmp_path, changed, hours=2)
    with open_file(tmp_path / "published" / "marts.duckdb", read_only=True) as connection:
        assert connection.execute("select one(40)").fetchall() == [(42,)]


def test_a_macro_comes_after_those_it_calls(tmp_path: Path) -> None:
    """The header's `reads` gives the order."""
    head = HEADER.format(reads="b")
    written(
        tmp_path,
        a=f"-- value: a(x)\n{head}select b(x)\n",
        b="-- value: b(x)\n" + HEADER.format(reads="none") + "select x\n",
    )
    assert [macro.name for macro in load_macros(tmp_path)] == ["b", "a"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("select 1", "expected header lines '-- table:' or '-- value:' and help, grain, key, reads, units; got none"),
        ("-- value: b(x)\n" + HEADER.format(reads="none") + "select x", "expected a call such as a\\(argument\\)"),
        ("-- value: a(x)\n" + HEADER.format(reads="a") + "select a(x)", "macros call one another in a circle"),
    ],
)
def test_a_wrong_header_says_what_is_expected(tmp_path: Path, text: str, message: str) -> None:
    """A file without its header, with the name of another, or that calls itself."""
    written(tmp_path, a=text)
    with pytest.raises(WarehouseError, match=message):
        load_macros(tmp_path)


MINE = "create table memory.main.my_events as select 'NOPE' as symbol, date '2025-01-27' as event_date"
RECIPES = {
    "search_path": ("set search_path = 'memory.main,published.main'", "my_events"),
    "use": ("use published", "memory.main.my_events"),
}


@pytest.mark.parametrize("recipe", RECIPES)
def test_macros_serve_under_any_name_beside_a_database_of_ones_own(
    marts: duckdb.DuckDBPyConnection, tmp_path: Path, recipe: str
) -> None:
    """The file is attached read-only under another name; the events are the analyst's own table."""
    published(marts, tmp_path, load_macros(SQL / "macros"))
    statement, table = RECIPES[recipe]
    with duckdb.connect() as connection:
        connection.execute(f"attach '{tmp_path / 'published' / 'marts.duckdb'}' as published (read_only)")
        connection.execute(MINE)
        connection.execute(statement)
        assert connection.execute(f"select status from event_study_table('{table}')").fetchall() == [("excluded",)]


def test_the_command_line_client_of_duckdb_runs_a_study(marts: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Another program than ours: the `duckdb` binary beside the interpreter or on the path."""
    client = shutil.which("duckdb", path=str(Path(sys.executable).parent)) or shutil.which("duckdb")
    if client is None:
        pytest.skip("there is no duckdb command here; `uv tool install duckdb-cli` brings one")
    published(marts, tmp_path, load_macros(SQL / "macros"))
    file = tmp_path / "published" / "marts.duckdb"
    query = "select status, reason from event_study('NOPE', date '2025-01-27')"
    ran = subprocess.run([client, "-readonly", "-csv", file, query], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[1] == "excluded,NOPE has no prices in this file (dim_securities)"

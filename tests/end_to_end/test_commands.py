"""Every command: its help, its exit codes, its JSON, what it imports, and what the query command refuses."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.conftest import SampleRun
from tests.running import Finished, environment, reaction, reaction_here, strict_json

HEAVY = (
    "prefect",
    "great_expectations",
    "pandas",
    "polars",
    "duckdb",
    "exchange_calendars",
    "numpy",
    "scipy",
    "pyarrow",
)
FIRST_WORD = re.compile(r"^│ {1,2}([a-z-]+) ", re.MULTILINE)


def commands(home: Path, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Finished]]:
    """Walk the tree of commands by what their own help lists."""
    shown = reaction_here(*path, "--help", home=home)
    _, has_commands, panel = shown.out.partition("─ Commands ─")
    yield path, shown
    if has_commands:
        for word in FIRST_WORD.findall(panel.partition("╰")[0]):
            if not word.startswith("-"):
                yield from commands(home, (*path, word))


def test_every_command_has_help_with_an_example(tmp_path: Path) -> None:
    """Each command and subcommand explains itself, with a line that can be typed; a group lists its commands."""
    found = dict(commands(tmp_path / "home"))
    assert {("run",), ("study",), ("sql",), ("check",), ("status",), ("events",)} <= set(found)
    assert {("events", "list"), ("events", "show"), ("events", "check")} <= set(found)
    assert {("events", "candidates"), ("events", "promote"), ("events", "reject")} <= set(found)
    for path, shown in found.items():
        assert shown.code == 0, path
        assert shown.err == "", path
        assert shown.out.startswith(f"Usage: reaction {' '.join(path)}".rstrip()), path
        if "─ Commands ─" not in shown.out:
            _, _, after_usage = shown.out.partition("\n")
            assert re.search(rf"^ *reaction {' '.join(path)}\b", after_usage, re.MULTILINE), f"{path} has no example"


def modules_after(*arguments: object, home: Path) -> tuple[Finished, set[str]]:
    """Run the command in a new process and return which top-level packages it has imported."""
    finished = reaction(*arguments, home=home, options=("-X", "importtime"))
    names = re.findall(r"^import time:[^|]*\|[^|]*\|\s*(\w+)", finished.err, re.MULTILINE)
    return finished, set(names)


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["study", "--help"], ["sql", "--help"]])
def test_help_imports_nothing_heavy(tmp_path: Path, arguments: list[str]) -> None:
    """Help is quick because it loads neither frames nor databases nor calendars."""
    finished, imported = modules_after(*arguments, home=tmp_path / "home")
    assert finished.code == 0
    assert "cyclopts" in imported
    assert imported.isdisjoint(HEAVY)


@pytest.mark.slow
def test_a_query_imports_nothing_heavy(sample_run: SampleRun) -> None:
    """`reaction sql` starts fast: DuckDB is loaded by the query's own process, and nothing else heavy by either."""
    finished, imported = modules_after("sql", "select 42 as answer", home=sample_run.home)
    assert finished.code == 0
    assert "42" in finished.out
    assert imported.isdisjoint(HEAVY)


USAGE_ERRORS: dict[str, list[object]] = {
    "an unknown command": ["forecast"],
    "an unknown option": ["status", "--colour"],
    "a wrong choice": ["sql", "select 1", "--format", "xml"],
    "no number": ["sql", "select 1", "--timeout", "soon"],
    "a missing option": ["study", "--events", "events.csv"],
    "no file given": ["events", "check"],
    "no prices": ["run", "--no-prefect", "--source", "files"],
    "a query file that is not there": ["sql", "--file", "nowhere.sql"],
    "windows that overlap": [
        "study",
        "--prices",
        "p.csv",
        "--events",
        "e.csv",
        "--benchmark",
        "X",
        "--estimation=-20,5",
    ],
    "no benchmark": ["study", "--prices", "p.csv", "--events", "e.csv"],
}


@pytest.mark.parametrize("arguments", USAGE_ERRORS.values(), ids=USAGE_ERRORS)
def test_a_wrong_call_exits_with_2(tmp_path: Path, arguments: list[object]) -> None:
    """A command that is called wrongly says what is wrong and exits with 2."""
    finished = reaction_here(*arguments, home=tmp_path / "home")
    assert finished.code == 2
    assert "rror" in finished.err + finished.out
    assert "Traceback" not in finished.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sql", "select 1"], "does not exist yet; run `reaction run` first"),
        (["check"], "does not exist yet; run `reaction run` first"),
        (["events", "show", "deepseek-r1-relaese"], "did you mean deepseek-r1-release"),
        (["events", "check", "nowhere.yaml"], "nowhere.yaml: expected a file that can be read"),
    ],
    ids=["sql", "check", "show", "events check"],
)
def test_a_command_that_fails_exits_with_1_and_says_what_to_do(
    tmp_path: Path, arguments: list[str], message: str
) -> None:
    """A failure is exit code 1 and a message that says what next."""
    finished = reaction_here(*arguments, home=tmp_path / "home")
    assert finished.code == 1
    assert finished.out == ""
    assert finished.err.startswith("error: ")
    assert message in finished.err


def test_status_before_the_first_run_says_what_to_do(tmp_path: Path) -> None:
    """`status` on nothing is no failure: it names the home and the first command."""
    finished = reaction_here("status", home=tmp_path / "home")
    assert finished.code == 0
    assert str(tmp_path / "home") in finished.out
    assert "nothing yet; run `reaction run`" in finished.out
    record = reaction_here("status", "--json", home=tmp_path / "home").json
    assert (record["published"], record["runs"]) == (None, [])


def test_events_are_listed_and_shown_as_json(tmp_path: Path) -> None:
    """`events list` and `events show` print JSON that a program can read."""
    listed = reaction_here(
        "events", "list", "--theme", "efficiency_breakthrough", "--json", home=tmp_path / "home"
    ).json
    assert "deepseek-r1-release" in [event["event_id"] for event in listed]
    shown = reaction_here("events", "show", "deepseek-r1-release", "--json", home=tmp_path / "home").json
    assert shown["id"] == "deepseek-r1-release"


@pytest.mark.slow
def test_every_command_with_json_prints_json(sample_run: SampleRun) -> None:
    """`--json` of status, check, sql and study is strict JSON and nothing else."""
    home = sample_run.home
    status = reaction_here("status", "--json", home=home).json
    assert status["published"]["generation_id"] == sample_run.generation.id
    assert [run["status"] for run in status["runs"]] == ["unchanged", "published"]
    checks = reaction_here("check", "--json", home=home).json
    assert all(check["passed"] for check in checks if check["severity"] == "fail")
    assert {"fct_returns", "fct_event_cars"} <= {check["table_name"] for check in checks}
    answer = reaction_here("sql", "select 1 as a, 'nan'::double as b, date '2025-01-27' as c", "--json", home=home)
    assert answer.json == [{"a": 1, "b": None, "c": "2025-01-27"}]


@pytest.mark.slow
def test_the_published_marts_pass_their_check(sample_run: SampleRun) -> None:
    """`reaction check` holds the marts to rules and hashes, and ends with 0."""
    finished = reaction_here("check", home=sample_run.home)
    assert finished.code == 0, finished.err
    assert f"every table is as {sample_run.generation.id} published it" in finished.out


REFUSED: dict[str, str] = {
    "insert": "insert into fct_returns select * from fct_returns",
    "update": "update dim_events set title = ''",
    "delete": "delete from fct_returns",
    "create": "create table mine as select 1",
    "drop": "drop table fct_returns",
    "attach": "attach 'other.duckdb'",
    "copy": "copy fct_returns to 'out.csv'",
    "export": "export database 'out'",
    "install": "install httpfs",
    "set": "set memory_limit = '64GB'",
    "two statements": "select 1; select 2",
    "a statement after a select": "select 1; drop table fct_returns",
    "nothing": "  -- only a remark",
}

FILES: dict[str, str] = {
    "read_csv": "select * from read_csv('{file}')",
    "read_text": "select * from read_text('{file}')",
    "read_parquet": "select * from read_parquet('{file}')",
    "glob": "select * from glob('{file}')",
    "a file as a table": "select * from '{file}'",
    "a file in a nested query": "from query('select * from read_text(''{file}'')')",
}


@pytest.mark.slow
@pytest.mark.parametrize("query", REFUSED.values(), ids=REFUSED)
def test_a_query_that_is_no_single_select_is_refused(sample_run: SampleRun, query: str) -> None:
    """Anything but one select ends with exit code 1 and one line, and changes no published byte."""
    finished = reaction_here("sql", query, home=sample_run.home)
    assert finished.code == 1
    assert finished.out == ""
    assert re.fullmatch(
        r"error: expected exactly one select, got .*; the published marts are read-only\n", finished.err
    )


@pytest.mark.slow
def test_an_explained_write_is_refused_by_the_database(sample_run: SampleRun) -> None:
    """`explain analyze` runs what it explains; a write in it fails on the read-only file."""
    query = "explain analyze insert into fct_returns select * from fct_returns"
    finished = reaction_here("sql", query, home=sample_run.home)
    assert finished.code == 1
    assert "read-only" in finished.err


@pytest.mark.slow
@pytest.mark.parametrize("query", FILES.values(), ids=FILES)
def test_a_query_reads_no_file(sample_run: SampleRun, tmp_path: Path, query: str) -> None:
    """No file of the machine can be read, by any function: exit code 1, no traceback, nothing of the file shown."""
    secret = tmp_path / "secret.csv"
    secret.write_text("word\nxyzzy\n")
    finished = reaction_here("sql", query.format(file=secret), home=sample_run.home)
    assert finished.code == 1
    assert finished.out == ""
    assert finished.err.startswith(
        ("error: Permission Error: Cannot access file", "error: Catalog Error: Table with name")
    )
    assert "xyzzy" not in finished.err
    assert "Traceback" not in finished.err


@pytest.mark.slow
def test_an_endless_query_is_stopped_at_the_timeout(sample_run: SampleRun) -> None:
    """A query without an end is stopped after --timeout seconds, with exit code 1."""
    query = "select count(*) from range(100000000000) as a, range(1000000) as b"
    started = time.monotonic()
    finished = reaction_here("sql", query, "--timeout", "0.5", home=sample_run.home)
    assert finished == Finished(1, "", "error: the query ran longer than 0.5 s and was stopped\n")
    assert time.monotonic() - started < 30


@pytest.mark.slow
def test_a_query_comes_from_the_argument_a_file_or_standard_input(sample_run: SampleRun, tmp_path: Path) -> None:
    """The same select gives the same CSV, however it is handed over."""
    query = "select event_id, kind from dim_events order by event_id limit 3"
    file = tmp_path / "query.sql"
    file.write_text(query)
    by_argument = reaction_here("sql", query, "--format", "csv", home=sample_run.home)
    assert by_argument.code == 0
    assert by_argument.out.startswith("event_id,kind\n")
    assert reaction_here("sql", "--file", file, "--format", "csv", home=sample_run.home) == by_argument
    assert reaction_here("sql", "--format", "csv", home=sample_run.home, stdin=query) == by_argument


HOSTILE = (
    "select chr(27) || '[31mred' as colour, '=HYPERLINK(1)' as formula, chr(8238) || 'txt' as turned, '-3' as number"
)


@pytest.mark.slow
@pytest.mark.parametrize("output", ["table", "csv", "json"])
def test_text_cannot_steer_the_terminal(sample_run: SampleRun, output: str) -> None:
    """Escape codes and marks that turn the direction of text do not reach the terminal raw, in no format."""
    finished = reaction_here("sql", HOSTILE, "--format", output, home=sample_run.home)
    assert finished.code == 0
    assert "red" in finished.out
    assert not set(finished.out) & {"\x1b", "\u202e"}


@pytest.mark.slow
def test_text_in_csv_is_no_formula(sample_run: SampleRun) -> None:
    """A cell or a heading that a spreadsheet would run as a formula gets a quote before it; a number stays a number."""
    finished = reaction_here("sql", f'{HOSTILE}, 1 as "=SUM(A1)"', "--format", "csv", home=sample_run.home)
    heading, cells = csv.reader(io.StringIO(finished.out))
    assert cells == ["[31mred", "'=HYPERLINK(1)", "txt", "-3", "1"]
    assert heading[-1] == "'=SUM(A1)"


@pytest.mark.slow
def test_json_keeps_columns_of_the_same_name(sample_run: SampleRun) -> None:
    """Two columns of one name are two entries of a record."""
    finished = reaction_here("sql", "select 1 as a, 2 as a", "--json", home=sample_run.home)
    assert finished.json == [{"a": 1, "a_1": 2}]


@pytest.mark.slow
def test_the_installed_script_is_the_same_command(sample_run: SampleRun) -> None:
    """The script that the package installs prints what the command prints here."""
    query = ["sql", "select count(*) as n from dim_events", "--json"]
    script = Path(sys.executable).with_name("reaction")
    there = subprocess.run(
        [script, *query], env=environment(sample_run.home), capture_output=True, text=True, check=True, timeout=60
    )
    assert strict_json(there.stdout) == reaction_here(*query, home=sample_run.home).json

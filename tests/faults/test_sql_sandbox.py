"""Ad hoc queries against everything that they must not do, by the command, the shell and the function."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from flows.cli.sql_shell import Shell
from pipelines.errors import QueryError
from pipelines.home import MARTS_FILE, PROJECT
from tests.faults.attacks import ATTACKS, NO_SELECT, TOO_LONG, TOO_MUCH, Attack
from tests.running import Finished, reaction, reaction_here, spawn
from warehouse.query import run_query
from warehouse.sandbox import Sandbox

IDS = [attack.name for attack in ATTACKS]
SECRET = "xyzzy"  # noqa: S105  # the word that must not be seen


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a home with a small published file, and beside it a file with a secret."""
    file = tmp_path / "home" / MARTS_FILE
    file.parent.mkdir(parents=True)
    with duckdb.connect(str(file)) as connection:
        connection.execute("create table t as select range as x from range(3)")
        connection.execute("comment on column t.x is 'number [sessions]'")
    (tmp_path / "secret.csv").write_text(f"word\n{SECRET}\n", encoding="utf-8")
    return tmp_path / "home"


def written(attack: Attack, home: Path) -> str:
    """Return the attack's statement on this home."""
    places = {"secret": home.parent / "secret.csv", "folder": home.parent, "marts": home / MARTS_FILE}
    return re.sub(r"\{(secret|folder|marts)\}", lambda found: str(places[found[1]]), attack.statement)


def files(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("attack", ATTACKS, ids=IDS)
def test_an_attack_ends_as_it_must_and_leaves_nothing(home: Path, attack: Attack) -> None:
    """One line says what happened; no file is read, made or changed; the next query is answered."""
    before = files(home.parent)
    timeout = "1" if TOO_LONG in attack.error else "60"
    finished = reaction_here("sql", written(attack, home), "--timeout", timeout, home=home)
    assert re.search(attack.error, finished.err.removeprefix("error: ")), finished
    assert SECRET not in finished.out + finished.err
    assert "Traceback" not in finished.err
    assert files(home.parent) == before
    assert run_query(home / MARTS_FILE, "select count(*) from t").rows == [(3,)]


@pytest.mark.parametrize(
    "attack", [item for item in ATTACKS if item.error not in {TOO_LONG, TOO_MUCH}][:12], ids=lambda item: item.name
)
def test_the_shell_runs_in_the_same_sandbox(home: Path, attack: Attack, capsys: pytest.CaptureFixture[str]) -> None:
    """What the command refuses the prompt refuses too, and goes on."""
    shell = Shell(home / MARTS_FILE, timeout_seconds=5)
    try:
        assert shell.handle(written(attack, home) + ";")
        assert shell.handle("select count(*) as n from t;")
    finally:
        shell.close()
    shown = capsys.readouterr()
    assert re.search(attack.error, shown.err)
    assert SECRET not in shown.out + shown.err
    assert "3" in shown.out


def test_the_shell_goes_on_after_the_deadline(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A query without an end is stopped; the prompt stays."""
    shell = Shell(home / MARTS_FILE, timeout_seconds=0.5)
    try:
        assert shell.handle(
            "select count(*) from range(1000000000) a, range(1000000000) b where a.range * b.range = 7;"
        )
        assert shell.handle("select 41 + 1;")
    finally:
        shell.close()
    shown = capsys.readouterr()
    assert re.search(TOO_LONG, shown.err)
    assert "42" in shown.out


def test_a_log_to_a_file_is_not_carried_to_the_next_query(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """DuckDB 1.5 takes the call although the configuration is locked; it ends with the process that took it."""
    shell = Shell(home / MARTS_FILE)
    try:
        shell.handle(f"from enable_logging(storage := 'file', storage_path := '{home.parent}/log');")
        assert shell.handle("select 41 + 1;")
    finally:
        shell.close()
    assert "42" in capsys.readouterr().out
    assert not (home.parent / "log").exists()


def test_memory_that_the_database_does_not_count_is_limited_too(home: Path) -> None:
    """A list of a billion numbers takes 8 GB under a memory limit of one; the process may not have them."""
    with pytest.raises(QueryError, match=TOO_MUCH):
        run_query(home / MARTS_FILE, "select list_sum(range(1000000000))")


@pytest.mark.parametrize(
    ("written_as", "kind"),
    [
        ("explain analyze copy t to '/tmp/x.csv'", "copy"),
        ("EXPLAIN  /* a remark */ insert into t values (1)", "nothing|insert"),
        ("explain analyze -- a remark\n delete from t", "nothing|delete"),
        ("explain (format json) drop table t", "drop"),
    ],
)
def test_an_explanation_is_of_a_select_alone(home: Path, written_as: str, kind: str) -> None:
    """`explain analyze` runs what it explains, so that is looked at too."""
    with pytest.raises(QueryError, match=NO_SELECT.replace(".*", f"({kind})")):
        run_query(home / MARTS_FILE, written_as)


@pytest.mark.parametrize(
    "written_as", ["explain select * from t", "-- a remark\nexplain analyze select 1", "explain (format json) select 1"]
)
def test_a_select_can_be_explained(home: Path, written_as: str) -> None:
    """A plan is an answer."""
    assert run_query(home / MARTS_FILE, written_as).columns == ["explain_key", "explain_value"]


def test_a_process_that_dies_is_reported_in_one_sentence(home: Path) -> None:
    """Whatever kills it, the parent lives and says what it was."""
    with Sandbox(home / MARTS_FILE) as sandbox:
        os.kill(sandbox.process_id, signal.SIGSEGV)
        with pytest.raises(QueryError, match=r"the query's process ended by signal SIGSEGV; nothing else was touched"):
            sandbox.ask("select 1")


def test_a_process_that_does_not_heed_the_interrupt_is_killed(home: Path) -> None:
    """A stopped process hears nothing; after the deadline and a grace it is ended."""
    with Sandbox(home / MARTS_FILE, timeout_seconds=3.0) as sandbox:
        answer = sandbox.ask("select range as x, repeat('x', 1000) from range(100000)")
        os.kill(sandbox.process_id, signal.SIGSTOP)
        with pytest.raises(QueryError, match=r"ran longer than 3 s and was stopped"):
            list(answer.rows)
        assert not is_alive(sandbox.process_id)


def test_a_reader_that_takes_its_time_does_not_use_up_the_query_s(home: Path) -> None:
    """The deadline is the query's: what is done between two rows does not count."""
    with Sandbox(home / MARTS_FILE, timeout_seconds=3.0) as sandbox:
        answer = sandbox.ask("select range as x, repeat('x', 1000) from range(20000)")
        first = next(answer.rows)
        time.sleep(3.5)
        assert first[0] == 0
        assert sum(1 for _ in answer.rows) == 19_999


def test_no_process_is_left_when_the_command_is_killed(home: Path) -> None:
    """The query's process notices that nobody waits any more."""
    query = "select count(*) from range(1000000000) a, range(1000000000) b where a.range * b.range = 7"
    with spawn("sql", query, home=home) as command:
        child = wait_for_child(command.pid)
        command.kill()
        command.communicate()
    assert ends(child)


def test_ctrl_c_stops_the_query(home: Path) -> None:
    """An interrupt of the command ends the query and exits with 130."""
    query = "select count(*) from range(1000000000) a, range(1000000000) b where a.range * b.range = 7"
    with spawn("sql", query, home=home) as command:
        child = wait_for_child(command.pid)
        command.send_signal(signal.SIGINT)
        _, err = command.communicate(timeout=30)
    assert command.returncode == 130
    assert "Traceback" not in err
    assert ends(child)


def test_the_process_has_no_secret_in_its_environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the command has in its environment does not reach the process of the query."""
    monkeypatch.setenv("REACTION_TOKEN", SECRET)
    with Sandbox(home / MARTS_FILE) as sandbox:
        given = environment_of(sandbox.process_id)
    assert SECRET not in given
    assert "REACTION" not in given


def test_a_table_is_written_to_parquet_through_the_pipe_alone(home: Path) -> None:
    """The process that makes the file may write none; the parent does, and an error leaves what was there."""
    out = home.parent / "answer.parquet"
    assert reaction_here("sql", "from t", "--out", out, home=home) == Finished(0, "", "")
    assert duckdb.sql(f"select x from '{out}' order by x").fetchall() == [(0,), (1,), (2,)]
    before = out.read_bytes()
    failed = reaction_here("sql", "select error('no') from t", "--out", out, home=home)
    assert failed.code == 1
    assert out.read_bytes() == before
    assert sorted(path.name for path in home.parent.iterdir()) == ["answer.parquet", "home", "secret.csv"]


def test_parquet_goes_to_a_pipe(home: Path, tmp_path: Path) -> None:
    """Without --out the bytes are standard output."""
    out = tmp_path / "piped.parquet"
    command = [sys.executable, "-c", "from flows.cli import main; main()", "sql", "from t", "--format", "parquet"]
    with out.open("wb") as file:
        environment = os.environ | {"REACTION_HOME": str(home)}
        subprocess.run(command, stdout=file, env=environment, cwd=PROJECT, check=True, timeout=60)
    assert duckdb.sql(f"select count(*) from '{out}'").fetchall() == [(3,)]


def test_the_command_loads_no_database_itself(home: Path) -> None:
    """A crash of the database library cannot reach a process that does not have it."""
    finished = reaction("sql", "select 42 as answer", home=home, options=("-X", "importtime"))
    assert finished.code == 0
    assert "42" in finished.out
    assert not re.search(r"\|\s*(_?duckdb|numpy|polars|pandas|pyarrow)\b", finished.err)


def test_the_documentation_shows_every_attack() -> None:
    """`docs/sandbox.md` has a row for each, by its name."""
    rows = (PROJECT / "docs" / "sandbox.md").read_text(encoding="utf-8").splitlines()
    shown = {row.split("|")[1].strip() for row in rows if row.startswith("|")}
    assert set(IDS) <= shown


def is_alive(process_id: int) -> bool:
    """Tell whether a process runs; one that has ended and is not waited for does not."""
    status = Path(f"/proc/{process_id}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


def ends(process_id: int) -> bool:
    """Wait until a process has ended; tell whether it has."""
    for _ in range(100):
        if not is_alive(process_id):
            return True
        time.sleep(0.1)
    return False


def wait_for_child(process_id: int) -> int:
    """Return the first child of a process, as soon as it has one."""
    children = Path(f"/proc/{process_id}/task/{process_id}/children")
    for _ in range(200):
        if found := children.read_text().split():
            time.sleep(0.5)  # until it is in the query
            return int(found[0])
        time.sleep(0.05)
    raise AssertionError("the command started no process")


def environment_of(process_id: int) -> str:
    """Return the environment that a process was started with."""
    return Path(f"/proc/{process_id}/environ").read_bytes().decode()

"""Opening databases, transactions, and what is said when a file cannot be opened."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from pipelines.errors import WarehouseBusyError, WarehouseError
from warehouse.connection import first_row, identifier, open_file, open_memory, quoted, transaction
from warehouse.migrations import migrate
from warehouse.workspace import open_reader

HOLD = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"


@contextmanager
def held(file: Path) -> Iterator[int]:
    """Let another process hold the file, and yield its number."""
    command = [sys.executable, "-c", HOLD, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process.pid
        process.communicate("")


def test_a_file_that_another_process_holds_names_the_process(tmp_path: Path) -> None:
    """The message of a held file names the process and how long it was waited for."""
    file = tmp_path / "held.duckdb"
    open_file(file).close()
    with held(file) as pid:
        message = rf"held\.duckdb is held by process {pid} \(.*python.*\); waited 0\.2 s"
        with pytest.raises(WarehouseBusyError, match=message):
            open_file(file, wait_seconds=0.2)
        with pytest.raises(WarehouseBusyError, match=f"process {pid}"):
            open_file(file, read_only=True, wait_seconds=0)
    open_file(file, wait_seconds=0).close()


def test_a_file_is_opened_as_soon_as_it_is_let_go_of(tmp_path: Path) -> None:
    """Whoever waits gets the file when the other process is done, not only at the end of the wait."""
    file = tmp_path / "held.duckdb"
    open_file(file).close()
    release = HOLD.replace("sys.stdin.read()", "import time; time.sleep(0.5)")
    with subprocess.Popen([sys.executable, "-c", release, str(file)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        start = time.monotonic()
        open_file(file, wait_seconds=60).close()
    assert time.monotonic() - start < 30


def test_a_reader_waits_for_a_writer_and_then_names_it(tmp_path: Path) -> None:
    """A study that meets a commit of a backfill reads when that is done; a writer that stays is named."""
    file = tmp_path / "held.duckdb"
    with open_file(file) as connection:
        migrate(connection)
    with held(file) as pid, pytest.raises(WarehouseBusyError, match=rf"held by process {pid} .*; waited 0\.2 s"):
        open_reader(file, wait_seconds=0.2)
    release = HOLD.replace("sys.stdin.read()", "import time; time.sleep(0.5)")
    with subprocess.Popen([sys.executable, "-c", release, str(file)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with open_reader(file, wait_seconds=60) as connection:
            assert first_row(connection, "select count(*) from raw.batches") == (0,)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    """A file of another kind is an error in one line, without a wait."""
    file = tmp_path / "text.duckdb"
    file.write_text("not a database" * 1000)
    with pytest.raises(
        WarehouseError, match=r"text\.duckdb cannot be opened: .*not a valid DuckDB database file"
    ) as got:
        open_file(file, wait_seconds=60)
    assert not isinstance(got.value, WarehouseBusyError)
    assert "\n" not in str(got.value)


def test_a_missing_file_in_a_folder_called_lock_is_not_busy(tmp_path: Path) -> None:
    """Only a held file is called busy, whatever the folders are called."""
    file = tmp_path / "lock" / "absent.duckdb"
    file.parent.mkdir()
    with pytest.raises(WarehouseError, match="database does not exist") as got:
        open_file(file, read_only=True, wait_seconds=60)
    assert not isinstance(got.value, WarehouseBusyError)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A home that cannot exist is an error that says what to set."""
    (tmp_path / "file").write_text("")
    with pytest.raises(WarehouseError, match=r"file/home cannot be made: .*; set REACTION_HOME to a folder of yours"):
        open_file(tmp_path / "file" / "home" / "warehouse.duckdb")


def test_a_new_file_has_the_storage_version_that_both_releases_read(tmp_path: Path) -> None:
    """Files are written in the format of DuckDB 1.5, and the folders above them are made."""
    file = tmp_path / "new" / "home" / "warehouse.duckdb"
    with open_file(file) as connection:
        connection.execute("create table t as select 1 as x")
        tags = connection.execute("select tags from duckdb_databases() where database_name = 'warehouse'").fetchall()
    assert "v1.5" in str(tags)
    with open_file(file, read_only=True) as connection:
        assert connection.execute("select x from t").fetchall() == [(1,)]
        with pytest.raises(duckdb.InvalidInputException, match="read-only"):
            connection.execute("insert into t values (2)")


def test_instants_are_read_in_utc_wherever_the_machine_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """The zone of a session is UTC, not that of the machine."""
    monkeypatch.setitem(os.environ, "TZ", "Asia/Tokyo")
    with open_memory() as connection:
        query = "select (timestamptz '2025-01-20 23:30:00+00')::date::varchar, current_setting('timezone')"
        assert connection.execute(query).fetchall() == [("2025-01-20", "UTC")]


def test_a_transaction_keeps_all_or_nothing() -> None:
    """What a block wrote stays if it ends, and goes if it raises, whatever it raises."""
    with open_memory() as connection:
        connection.execute("create table t (x integer not null)")
        with transaction(connection):
            connection.execute("insert into t values (1)")
        with pytest.raises(KeyboardInterrupt), transaction(connection):
            connection.execute("insert into t values (2)")
            raise KeyboardInterrupt
        with pytest.raises(WarehouseError, match="refused to write: Constraint Error"), transaction(connection):
            connection.execute("insert into t values (3)")
            connection.execute("insert into t values (null)")
        assert connection.execute("select x from t").fetchall() == [(1,)]


def test_a_transaction_that_ended_by_itself_still_names_its_error() -> None:
    """A failed commit leaves nothing to roll back, and the first error is the one that is shown."""
    with open_memory() as connection, pytest.raises(WarehouseError, match="refused to write"), transaction(connection):
        connection.execute("rollback")


def test_the_first_row_leaves_no_result_open() -> None:
    """After a first row the connection can register a frame, which DuckDB 2 refuses beside an open result."""
    with open_memory() as connection:
        assert first_row(connection, "select * from range(3) order by 1 desc") == (2,)
        assert first_row(connection, "select $1::integer", [7]) == (7,)
        assert first_row(connection, "select 1 where false") is None
        assert connection.sql("select 5 as x").fetchall() == [(5,)]


@pytest.mark.parametrize("text", ["it's", 'a "b" c', "'; drop table t; --", ""])
def test_quoting_holds_any_text(text: str) -> None:
    """A text literal and an identifier hold quotes of both kinds."""
    with open_memory() as connection:
        assert connection.execute(f"select {quoted(text)}").fetchall() == [(text,)]
        if text:
            connection.execute(f"create table {identifier(text)} (x integer)")
            assert connection.execute("select table_name from duckdb_tables()").fetchall() == [(text,)]

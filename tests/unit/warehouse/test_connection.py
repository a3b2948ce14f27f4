"""Opening a database says who holds it and what is wrong with it."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.errors import WarehouseBusyError, WarehouseError
from warehouse.connection import identifier, open_file, quoted
from warehouse.lease import holder, lease

NOW = datetime(2025, 1, 28, 1, tzinfo=UTC)

HOLD = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


def test_a_file_that_another_process_holds_is_named_with_that_process(warehouse_file: Path) -> None:
    """The wait is bounded and the message names the holder."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(warehouse_file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stdin is not None
        assert child.stdout.readline() == b"held\n"
        with pytest.raises(WarehouseBusyError, match=rf"is held by process {child.pid} .*; waited 0\.2 s"):
            open_file(warehouse_file, wait_seconds=0.2)
        child.stdin.close()
    with open_file(warehouse_file) as connection:
        assert connection.execute("select 1").fetchall() == [(1,)]


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """The path is named, and the file stays as it is."""
    file = tmp_path / "notes.duckdb"
    file.write_text("not a database, only some text that is long enough to be looked at" * 100, encoding="utf-8")
    with pytest.raises(WarehouseError, match=r"notes\.duckdb cannot be opened"):
        open_file(file, wait_seconds=0)
    assert file.read_text(encoding="utf-8").startswith("not a database")


def test_texts_and_names_are_quoted() -> None:
    """Neither can break out of the statement it stands in."""
    assert quoted("it's") == "'it''s'"
    assert identifier('a"b') == '"a""b"'


def test_a_lease_keeps_others_out_and_is_free_afterwards(tmp_path: Path) -> None:
    """The second taker is told who holds it and since when."""
    file = tmp_path / "run.lock"
    with lease(file, now=NOW, what="reaction run"):
        described = holder(file)
        assert described is not None
        assert described.startswith("reaction run by process ")
        assert described.endswith("since 2025-01-28T01:00:00+00:00")
        with (
            pytest.raises(WarehouseBusyError, match=r"in use: reaction run by process .*; wait for it, or stop it"),
            lease(file, now=NOW, what="another"),
        ):
            pytest.fail("the lease was given twice")
    assert holder(file) is None
    with lease(file, now=NOW, what="another"):
        assert "another" in (holder(file) or "")


def test_a_lock_file_of_a_dead_process_blocks_nobody(tmp_path: Path) -> None:
    """The operating system took the lock back; what the file says does not matter."""
    file = tmp_path / "run.lock"
    file.write_text('{"pid": 1, "since": "2020-01-01", "what": "reaction run"}', encoding="utf-8")
    with lease(file, now=NOW, what="reaction run"):
        assert "2025-01-28" in (holder(file) or "")

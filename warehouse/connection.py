"""Open DuckDB databases with settings that keep results the same on every machine."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa

from pipelines.errors import WarehouseBusyError, WarehouseError

STORAGE_VERSION = "v1.5.0"
"""Storage format of every file written here; DuckDB 1.5 and 2.0 both read and write it."""

WAIT_SECONDS = 5.0
"""How long another process's lock on a file is waited for, where no setting says otherwise."""

_FRAME = "incoming_rows"
_ROW_GROUP = 122_880
"""Rows that DuckDB stores together."""

_begun: ContextVar[frozenset[int]] = ContextVar("begun", default=frozenset())
"""Connections that have a transaction, by their id."""
_LOCKED = "could not set lock"
_HOLDER = re.compile(r"held in (?P<program>.+?) \(PID (?P<pid>\d+)\)")


def open_memory() -> duckdb.DuckDBPyConnection:
    """Open a database in memory."""
    return _settle(duckdb.connect(":memory:"))


def open_file(path: Path, *, read_only: bool = False, wait_seconds: float = WAIT_SECONDS) -> duckdb.DuckDBPyConnection:
    """Open a database file, waiting a little for another process to let go of it.

    Raises
    ------
    WarehouseBusyError
        If another process still holds the file after `wait_seconds`; the message names the process.
    WarehouseError
        If the file cannot be opened for any other reason.
    """
    if not read_only:
        _make_folder(path.parent)
    return _settle(_patiently(lambda: _connect(path, read_only=read_only), path, wait_seconds))


def attach(connection: duckdb.DuckDBPyConnection, path: Path, name: str, *, wait_seconds: float = WAIT_SECONDS) -> None:
    """Let a connection read another file under a name, waiting a little for another process to let go of it.

    Raises
    ------
    WarehouseBusyError
        If another process still holds the file after `wait_seconds`; the message names the process.
    WarehouseError
        If the file cannot be opened for any other reason.
    """
    statement = f"attach {quoted(path)} as {identifier(name)} (read_only)"
    _patiently(lambda: connection.execute(statement), path, wait_seconds)


def _patiently(
    open_it: Callable[[], duckdb.DuckDBPyConnection], path: Path, wait_seconds: float
) -> duckdb.DuckDBPyConnection:
    """Open a file, again and again for as long as another process holds it and the wait is not over."""
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            return open_it()
        except duckdb.IOException as error:
            if _LOCKED not in str(error).lower():
                raise WarehouseError(f"{path} cannot be opened: {_first_line(error)}") from error
            if time.monotonic() >= deadline:
                holder = _HOLDER.search(str(error))
                who = f"process {holder['pid']} ({holder['program']})" if holder else "another process"
                raise WarehouseBusyError(
                    f"{path} is held by {who}; waited {wait_seconds:g} s. Close it there, or try again later."
                ) from error
            time.sleep(0.1)
        except duckdb.Error as error:
            raise WarehouseError(f"{path} cannot be opened: {_first_line(error)}") from error


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WarehouseError(
            f"{folder} cannot be made: {error.strerror}; set REACTION_HOME to a folder of yours"
        ) from error


def _connect(path: Path, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    if read_only or path.exists():
        return duckdb.connect(str(path), read_only=read_only)
    # A new file is made through ATTACH, the only way to choose its storage version.
    with duckdb.connect(":memory:") as maker:
        maker.execute(f"attach {quoted(path)} as made (storage_version '{STORAGE_VERSION}')")
        maker.execute("checkpoint made")
    return duckdb.connect(str(path))


def _settle(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    connection.execute("set timezone = 'UTC'")
    connection.execute("set preserve_insertion_order = true")
    connection.execute("set enable_progress_bar = false")
    return connection


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Commit what the block wrote, or none of it; inside of another such block it is a part of that one.

    Raises
    ------
    WarehouseError
        If the database refuses a statement or the commit.
    """
    begun = _begun.get()
    if id(connection) in begun:
        yield
        return
    connection.execute("begin")
    token = _begun.set(begun | {id(connection)})
    try:
        yield
        connection.execute("commit")
    except BaseException as error:
        # A failed commit, or a fatal error, has ended the transaction already.
        with suppress(duckdb.Error):
            connection.execute("rollback")
        if isinstance(error, duckdb.Error):
            raise WarehouseError(f"the database refused to write: {_first_line(error)}") from error
        raise
    finally:
        _begun.reset(token)


@contextmanager
def registered(connection: duckdb.DuckDBPyConnection, frame: pl.DataFrame) -> Iterator[str]:
    """Let queries of the block read a frame under the name that is yielded."""
    # In pieces of a row group each, which DuckDB takes in at once; a frame of one piece takes twice as long to store.
    pieces = frame.to_arrow().to_batches(max_chunksize=_ROW_GROUP)
    connection.register(_FRAME, pa.Table.from_batches(pieces, schema=frame.head(0).to_arrow().schema))
    try:
        yield _FRAME
    finally:
        # A failed transaction has taken the name with it; what failed shall not be hidden by that.
        with suppress(duckdb.Error):
            connection.unregister(_FRAME)


def first_row(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: Sequence[object] = ()
) -> tuple[Any, ...] | None:
    """Return the first row of a query and leave no result open, which DuckDB 2 would refuse to work beside."""
    rows: list[tuple[Any, ...]] = connection.execute(query, list(parameters)).fetchall()
    return rows[0] if rows else None


def quoted(value: object) -> str:
    """Return a value as an SQL text literal."""
    return "'" + str(value).replace("'", "''") + "'"


def identifier(name: str) -> str:
    """Return a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]

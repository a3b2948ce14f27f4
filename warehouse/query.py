"""Ad hoc queries on the published marts: read-only, one statement, no files, no extensions, a deadline."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.contracts import PUBLISHED
from pipelines.errors import NothingPublishedError, QueryError, WarehouseError

_SANDBOX: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "python_enable_replacements": "false",
    "memory_limit": "1GB",
    "max_temp_directory_size": "0B",
}


@dataclass(frozen=True, slots=True)
class QueryResult:
    """Column names, DuckDB types, and the rows."""

    columns: list[str]
    types: list[str]
    rows: list[tuple[object, ...]]


def run_query(
    marts_file: Path, sql: str, *, timeout_seconds: float = 60.0, parameters: Sequence[object] = ()
) -> QueryResult:
    """Run one select on the published database.

    Raises
    ------
    NothingPublishedError
        If there are no published marts.
    WarehouseError
        If the published file cannot be opened.
    QueryError
        If the text is not exactly one select, fails, or runs beyond the deadline.
    """
    if not marts_file.exists():
        raise NothingPublishedError(f"{marts_file} does not exist yet; run `reaction run` first")
    with _open(marts_file) as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute("set enable_progress_bar = false")
        connection.execute("set lock_configuration = true")
        _check(connection, sql)
        timer = threading.Timer(timeout_seconds, connection.interrupt)
        timer.start()
        try:
            cursor = connection.execute(sql, list(parameters)) if parameters else connection.execute(sql)
            description = cursor.description or []
            rows = cursor.fetchall()
        except duckdb.InterruptException as error:
            raise QueryError(f"the query ran longer than {timeout_seconds:g} s and was stopped") from error
        except duckdb.Error as error:
            raise QueryError(f"{error}{_why_absent(str(error))}") from error
        finally:
            timer.cancel()
    return QueryResult([item[0] for item in description], [str(item[1]) for item in description], rows)


def _open(marts_file: Path) -> duckdb.DuckDBPyConnection:
    try:
        return duckdb.connect(str(marts_file), read_only=True, config=_SANDBOX)
    except duckdb.Error as error:
        raise WarehouseError(f"{marts_file} cannot be opened: {str(error).splitlines()[0]}") from error


def _why_absent(message: str) -> str:
    """Return what to do about a table that these marts do not have and today's would."""
    found = re.search(r"Table with name (\w+) does not exist", message)
    if found is None or found[1] not in {table.name for table in PUBLISHED}:
        return ""
    return f"\nThese marts are of an older version, which had no {found[1]}; `reaction run` publishes them anew"


def _check(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    try:
        statements = connection.extract_statements(sql)
    except duckdb.Error as error:
        raise QueryError(str(error)) from error
    if len(statements) != 1 or statements[0].type not in (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN):
        kinds = ", ".join(statement.type.name.lower() for statement in statements) or "nothing"
        raise QueryError(f"expected exactly one select, got {kinds}; the published marts are read-only")

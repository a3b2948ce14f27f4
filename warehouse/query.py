"""Ad hoc queries on the published marts: one select, no files, no extensions, limits of time and memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from warehouse.sandbox import MEMORY_MB, Row, Sandbox


@dataclass(frozen=True, slots=True)
class QueryResult:
    """Column names, DuckDB types, and the rows."""

    columns: list[str]
    types: list[str]
    rows: list[Row]


def run_query(
    marts_file: Path,
    sql: str,
    *,
    timeout_seconds: float = 60.0,
    memory_mb: int = MEMORY_MB,
    parameters: Sequence[object] = (),
) -> QueryResult:
    """Run one select on the published database in a process of its own and return all of its rows.

    Raises
    ------
    NothingPublishedError
        If there are no published marts.
    WarehouseError
        If the published file cannot be opened.
    QueryError
        If the text is not exactly one select, fails, or needs more time or memory than it may have.
    """
    with Sandbox(marts_file, timeout_seconds=timeout_seconds, memory_mb=memory_mb) as sandbox:
        answer = sandbox.ask(sql, parameters=parameters)
        return QueryResult(answer.columns, answer.types, list(answer.rows))

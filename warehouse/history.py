"""Read the record of runs: append-only, a row when a run starts and a row when it ends."""

from __future__ import annotations

from typing import Any

import duckdb

from pipelines.contracts import RUNS


def last_runs(connection: duckdb.DuckDBPyConnection, n: int) -> list[dict[str, Any]]:
    """Return the newest runs first, each as it ended, or as it started if it never ended."""
    cursor = connection.execute(
        "select * from audit.runs "
        "qualify row_number() over (partition by run_id order by finished_at desc nulls last) = 1 "
        "order by started_at desc limit $1",
        [n],
    )
    names = [column[0] for column in cursor.description]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    # A warehouse that no run has brought up to date yet lacks the newest columns.
    return [{name: row.get(name) for name in RUNS.names} for row in rows]

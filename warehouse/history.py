"""Read the record of runs: append-only, a row when a run starts and a row when it ends."""

from __future__ import annotations

from typing import Any

import duckdb

from pipelines.contracts import RUNS
from warehouse.connection import identifier


def last_runs(connection: duckdb.DuckDBPyConnection, n: int) -> list[dict[str, Any]]:
    """Return the newest runs first, each as it ended, or as it started if it never ended."""
    names = ", ".join(identifier(name) for name in RUNS.names)
    rows = connection.execute(
        f"select {names} from audit.runs "
        "qualify row_number() over (partition by run_id order by finished_at desc nulls last) = 1 "
        "order by started_at desc limit $1",
        [n],
    ).fetchall()
    return [dict(zip(RUNS.names, row, strict=True)) for row in rows]

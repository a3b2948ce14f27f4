"""The two gates: what is measured in a workspace, and the verdict on it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import duckdb
import polars as pl

from pipelines.contracts import MARTS, QUARANTINE
from pipelines.home import SQL
from pipelines.validation import GateResult, Rule, contract_rules, history_rules, judge, sql_rules
from warehouse.checks import measure
from warehouse.connection import open_file
from warehouse.workspace import read_frame

CONTRACTS = {table.name: table for table in (*MARTS, QUARANTINE)}
GATED: dict[str, dict[str, str]] = {
    "study": {"fct_returns": "core.returns", "dim_events": "core.events", "dim_sessions": "core.sessions"},
    "publish": {name: f"mart.{name}" for name in CONTRACTS},
}
"""Relations each gate holds against a contract."""

SMALL_TABLES = ("dim_securities", "dim_symbols", "dim_events", "dim_studies")
"""Tables that Great Expectations reads whole; the others it judges by what SQL has counted."""


def judged(
    connection: duckdb.DuckDBPyConnection,
    gate: Literal["study", "publish"],
    run_id: str,
    extra: Sequence[Rule] = (),
) -> GateResult:
    """Measure a gate's rules in a workspace and return the verdict."""
    rules = [*sql_rules(SQL / "checks" / gate), *extra]
    for table, relation in GATED[gate].items():
        rules += contract_rules(CONTRACTS[table], relation)
    frames: dict[str, pl.DataFrame] = {}
    if gate == "publish":
        frames = {name: read_frame(connection, f"select * from mart.{name}") for name in SMALL_TABLES}
    measurements = measure(connection, rules)
    return judge(gate, measurements, frames, run_id=run_id, checked_at=datetime.now(UTC))


def history_checks(marts_file: Path, source: str) -> list[Rule]:
    """Return the rules that compare the returns with those published last, if they came from the same source."""
    if not marts_file.exists():
        return []
    with open_file(marts_file, read_only=True) as connection:
        before = connection.execute(
            "select (select count(*) from fct_returns), (select max(session_date) from fct_returns), "
            "(select any_value(source) from dim_securities)"
        ).fetchone()
    if before is None or before[2] != source or not before[0]:
        return []
    return history_rules("fct_returns", "mart.fct_returns", n_before=before[0], last_before=before[1])

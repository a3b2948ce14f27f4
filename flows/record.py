"""The record of runs: a row when a run starts and a row when it ends; nothing in it is changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from flows.run import Run, code_version
from pipelines.contracts import QUALITY_CHECKS, RUNS
from warehouse.connection import open_file, transaction
from warehouse.migrations import migrate
from warehouse.store import insert


@dataclass(frozen=True, slots=True)
class State:
    """How a run is, or how it has ended.

    Attributes
    ----------
    status : str
        A word of RUN_STATUSES.
    message : str, optional
        What went wrong, or what there is to say.
    input_hash : str, optional
        Of every raw version that the run read.
    n_requests : int, optional
        Requests to providers; None if it asks none, or has not yet.
    n_rows : int, optional
        Rows of prices that were new.
    """

    status: str
    finished_at: datetime | None = None
    message: str | None = None
    input_hash: str | None = None
    n_requests: int | None = None
    n_rows: int | None = None


def run_row(run: Run, flow: str, source: str, state: State) -> pl.DataFrame:
    """Return one row of the record of runs."""
    row = {
        "run_id": run.run_id,
        "started_at": run.started_at,
        "finished_at": state.finished_at,
        "flow": flow,
        "source": source,
        "code_version": code_version(),
        "input_hash": state.input_hash,
        "status": state.status,
        "message": state.message,
        "n_requests": state.n_requests,
        "n_rows": state.n_rows,
    }
    return RUNS.conform(pl.DataFrame([row], schema=RUNS.polars_schema))


def record(run: Run, row: pl.DataFrame, checks: Sequence[pl.DataFrame] = (), *, wait_seconds: float = 0.0) -> None:
    """Append a row, and what gates have measured, to the record.

    Parameters
    ----------
    wait_seconds : float
        How long somebody who reads the warehouse is waited for, at least as long as the settings say.
    """
    settings = run.settings
    wait = max(settings.lock_wait_seconds, wait_seconds)
    with open_file(settings.warehouse_file, wait_seconds=wait) as connection:
        migrate(connection)
        with transaction(connection):
            insert(connection, RUNS, "audit", row)
            for frame in checks:
                insert(connection, QUALITY_CHECKS, "audit", QUALITY_CHECKS.conform(frame))


def newest_rows(runs: pl.DataFrame) -> pl.DataFrame:
    """Return one row per run: its end if it has one, else its start."""
    return runs.sort("run_id", "finished_at", nulls_last=False).unique("run_id", keep="last", maintain_order=True)

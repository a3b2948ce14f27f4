"""The body of a run: the stages in order, and the record of how it ended.

`call` applies a stage. The Prefect flow passes one that makes each stage a task; without Prefect it is a plain call, so
that a stopped Prefect server never stops the pipeline.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import duckdb
import polars as pl

from flows import stages
from flows.core import CoreSummary
from flows.progress import announce
from flows.record import State
from flows.run import Run
from flows.stopping import Swallowed, stop_in, swallowed_stops
from pipelines.errors import GateClosedError, WarehouseError
from pipelines.settings import Settings
from pipelines.sources.web.hosts import HOSTS, Hosts
from pipelines.validation import GateResult
from warehouse.lease import lease
from warehouse.publish import Publication


class Call(Protocol):
    """Applies a stage to its arguments."""

    def __call__(self, stage: Callable[..., Any], *args: Any) -> Any:
        """Run the stage and return what it returns."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did."""

    run: Run
    ingested: stages.Ingested
    core: CoreSummary
    studies: list[str]
    gates: list[GateResult]
    publication: Publication

    @property
    def status(self) -> str:
        """Return how the run ended, a word of RUN_STATUSES."""
        return stages.ended(self.ingested, is_new=self.publication.is_new)


STAGES = (
    stages.ingest,
    stages.build_inputs,
    stages.check_inputs,
    stages.run_studies,
    stages.build_marts,
    stages.check_marts,
    stages.publish_marts,
)


def stage_title(stage: Callable[..., Any]) -> str:
    """Return a stage's name in words."""
    return stage.__name__.replace("_", " ")


def plainly(stage: Callable[..., Any], *args: Any) -> Any:
    """Call a stage directly."""
    return stage(*args)


def run_pipeline(
    settings: Settings, call: Call = plainly, as_of: datetime | None = None, hosts: Hosts = HOSTS
) -> Outcome:
    """Run every stage, one writer at a time, and record how it ended.

    As of an instant the run reads what was known then, publishes into a folder of its own, and leaves no record: the
    warehouse and the published marts stay as they are.

    Raises
    ------
    GateClosedError
        If a gate is closed; the published marts stay as they are.
    ReactionError
        If anything else that can be explained goes wrong.
    """
    run = Run.start(settings, as_of, hosts)
    with lease(settings.lock_file, now=run.started_at, what="reaction run"), swallowed_stops() as swallowed:
        gates: list[GateResult] = []
        try:
            stages.clean_up(settings)
            _record(run, stages.run_row(run, State("running")), [])
            outcome = _stages(run, call, gates, swallowed)
        except BaseException as error:
            _record_failure(run, error, gates)
            if (stop := stop_in(error)) is not None:
                raise stop from None  # Prefect does not know a stop that DuckDB has wrapped
            raise
        finally:
            stages.clean_up(settings)
        _record(run, stages.ended_row(run, outcome.ingested, is_new=outcome.publication.is_new), gates)
    return outcome


def _record(run: Run, row: pl.DataFrame, gates: list[GateResult]) -> None:
    """Append to the record of runs; a run as of an instant is no part of it."""
    if run.as_of is None:
        stages.record(run, row, gates)


def _record_failure(run: Run, error: BaseException, gates: list[GateResult]) -> None:
    status = "gate_closed" if isinstance(error, GateClosedError) else "failed"
    message = f"{type(error).__name__}: {error}" if stop_in(error) is None else "stopped by a signal"
    row = stages.run_row(run, State(status, datetime.now(UTC), message))
    # A warehouse that cannot take the record must not hide why the run failed.
    with suppress(WarehouseError, duckdb.Error, OSError):
        _record(run, row, gates)


def _stages(run: Run, call: Call, gates: list[GateResult], swallowed: Swallowed) -> Outcome:
    done = 0

    def step(stage: Callable[..., Any], *args: Any) -> Any:
        nonlocal done
        swallowed.raise_again()
        announce(stage_title(stage), done, len(STAGES))
        result = call(stage, run, *args)
        done += 1
        return result

    ingested = step(stages.ingest)
    core = step(stages.build_inputs, ingested)
    _pass(step(stages.check_inputs), gates)
    studies = step(stages.run_studies)
    step(stages.build_marts)
    _pass(step(stages.check_marts), gates)
    publication = step(stages.publish_marts, ingested, gates)
    announce("done", done, len(STAGES))
    return Outcome(run, ingested, core, studies, gates, publication)


def _pass(result: GateResult, gates: list[GateResult]) -> None:
    gates.append(result)
    result.raise_if_closed()

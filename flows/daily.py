"""The Prefect flow of a scheduled or manual run; importing this imports Prefect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.runtime import deployment
from prefect.states import Completed

from flows.artifacts import Artifacts
from flows.pipeline import STAGES, Outcome, run_pipeline, stage_title
from flows.report import write_report_of_run
from flows.summary import summarise
from pipelines.errors import WarehouseBusyError
from pipelines.settings import load_settings
from warehouse.lease import holder


@flow(
    name="daily",
    description="Ingest prices and events, run the studies, publish validated marts.",
    persist_result=False,
)
def daily(settings: dict[str, Any] | None = None) -> Outcome | State[Any]:
    """Run the pipeline with every stage as a task, and leave artifacts: progress, table, figure, page, link.

    A run of a deployment that meets another run ends as Completed, named "Skipped": the other one does its work.

    Parameters
    ----------
    settings : dict, optional
        Settings that override ``reaction.toml`` and the environment, by name.
    """
    chosen = load_settings(**(settings or {}))
    artifacts = Artifacts()
    try:
        outcome = run_pipeline(chosen, call=_as_tasks(artifacts))
    except WarehouseBusyError as error:
        if deployment.id is None or holder(chosen.lock_file) is None:
            raise
        return Completed(name="Skipped", message=f"Another run is in progress: {error}")
    report = _task("write report", write_report_of_run)(chosen) if chosen.report else None
    artifacts.leave(summarise(chosen.marts_file, outcome), report)
    return outcome


def _as_tasks(artifacts: Artifacts) -> Callable[..., Any]:
    """Return a call that makes each stage a task and keeps the progress artifact up to date."""
    done = 0

    def call(stage: Callable[..., Any], *args: Any) -> Any:
        nonlocal done
        title = stage_title(stage)
        artifacts.show(title, done)
        result = _task(title, stage)(*args)
        done += 1
        if done == len(STAGES):
            artifacts.show(title, done)
        return result

    return call


def _task(title: str, function: Callable[..., Any]) -> Callable[..., Any]:
    made: Callable[..., Any] = task(name=title, cache_policy=NO_CACHE, persist_result=False)(function)
    return made

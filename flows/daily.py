"""The Prefect flow of a scheduled or manual run; importing this imports Prefect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

import polars as pl
import polars.selectors as cs
from prefect import flow, task
from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.runtime import deployment
from prefect.states import Completed

from flows.pipeline import STAGES, Outcome, run_pipeline, stage_title
from flows.summary import Summary, summarise
from pipelines.errors import WarehouseBusyError
from pipelines.settings import Settings, load_settings
from warehouse.lease import holder


@flow(
    name="daily",
    description="Ingest prices and events, run the studies, publish validated marts.",
    persist_result=False,
)
def daily(settings: dict[str, Any] | None = None) -> Outcome | State[Any]:
    """Run the pipeline with every stage as a task, and leave a progress, a table and a markdown artifact.

    A run of a deployment that meets another run ends as Completed, named "Skipped": the other one does its work.

    Parameters
    ----------
    settings : dict, optional
        Settings that override ``reaction.toml`` and the environment, by name.
    """
    chosen = load_settings(**(settings or {}))
    try:
        outcome = run_pipeline(chosen, call=_as_tasks())
    except WarehouseBusyError as error:
        if deployment.id is None or not _another_runs(chosen):
            raise
        return Completed(name="Skipped", message=f"Another run is in progress: {error}")
    _leave_artifacts(summarise(chosen.marts_file, outcome))
    return outcome


def _another_runs(settings: Settings) -> bool:
    return holder(settings.lock_file) is not None


def _as_tasks() -> Callable[..., Any]:
    """Return a call that makes each stage a task and keeps the progress artifact up to date."""
    done = 0
    progress: UUID | None = None

    def call(stage: Callable[..., Any], *args: Any) -> Any:
        nonlocal done, progress
        title = stage_title(stage)
        if progress is None:
            progress = cast(UUID, create_progress_artifact(progress=0.0, key="run-progress", description=title))
        result = task(name=title, cache_policy=NO_CACHE, persist_result=False)(stage)(*args)
        done += 1
        update_progress_artifact(artifact_id=progress, progress=100.0 * done / len(STAGES), description=title)
        return result

    return call


def _leave_artifacts(summary: Summary) -> None:
    create_table_artifact(
        key="strongest-reactions", table=table_rows(summary.reactions), description="strongest reactions on day 0"
    )
    create_markdown_artifact(key="run-summary", markdown=markdown(summary), description="what the run did")


def table_rows(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Return rows of values that JSON has: dates and instants as text, what is no number as null."""
    finite = cs.float().replace([float("nan"), float("inf"), float("-inf")], None)
    return frame.with_columns(finite, cs.temporal().cast(pl.String)).to_dicts()


def markdown(summary: Summary) -> str:
    """Return the summary as a page."""
    return "\n".join(["# Market reaction", "", *(f"- {line}" for line in summary.lines)])

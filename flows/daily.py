"""The Prefect flow of a scheduled or manual run; importing this imports Prefect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

import httpx
import polars as pl
import polars.selectors as cs
from prefect import flow, get_run_logger, task
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
from pipelines.settings import load_settings
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
    artifacts = _Artifacts()
    try:
        outcome = run_pipeline(chosen, call=_as_tasks(artifacts))
    except WarehouseBusyError as error:
        if deployment.id is None or holder(chosen.lock_file) is None:
            raise
        return Completed(name="Skipped", message=f"Another run is in progress: {error}")
    artifacts.leave(summarise(chosen.marts_file, outcome))
    return outcome


def _as_tasks(artifacts: _Artifacts) -> Callable[..., Any]:
    """Return a call that makes each stage a task and keeps the progress artifact up to date."""
    done = 0

    def call(stage: Callable[..., Any], *args: Any) -> Any:
        nonlocal done
        title = stage_title(stage)
        artifacts.show(title, done)
        result = task(name=title, cache_policy=NO_CACHE, persist_result=False)(stage)(*args)
        done += 1
        if done == len(STAGES):
            artifacts.show(title, done)
        return result

    return call


class _Artifacts:
    """What Prefect shows of a run. If its API stops answering that costs the artifacts, not the run."""

    def __init__(self) -> None:
        self._progress: UUID | None = None
        self._answers = True

    def show(self, title: str, done: int) -> None:
        """Move the progress on, and make it when the first stage starts."""
        percent = 100.0 * done / len(STAGES)
        if self._progress is None:
            self._progress = self._make(
                create_progress_artifact, progress=percent, key="run-progress", description=title
            )
        else:
            self._make(update_progress_artifact, artifact_id=self._progress, progress=percent, description=title)

    def leave(self, summary: Summary) -> None:
        """Make the table of the strongest reactions and the page of the run."""
        table = table_rows(summary.reactions)
        self._make(create_table_artifact, key="strongest-reactions", table=table, description="strongest reactions")
        self._make(create_markdown_artifact, key="run-summary", markdown=markdown(summary), description="the run")

    def _make(self, make: Callable[..., Any], **values: Any) -> UUID | None:
        if not self._answers:
            return None
        try:
            return cast(UUID, make(**values))
        except httpx.HTTPError as error:
            self._answers = False
            get_run_logger().warning("artifacts end here, the API does not answer: %s", error)
            return None


def table_rows(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Return rows of values that JSON has: dates and instants as text, what is no number as null."""
    finite = cs.float().replace([float("nan"), float("inf"), float("-inf")], None)
    return frame.with_columns(finite, cs.temporal().cast(pl.String)).to_dicts()


def markdown(summary: Summary) -> str:
    """Return the summary as a page."""
    return "\n".join(["# Market reaction", "", *(f"- {line}" for line in summary.lines)])

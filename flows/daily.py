"""The Prefect flow of a scheduled or manual run; importing this imports Prefect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import polars as pl
from prefect import flow, task
from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.cache_policies import NO_CACHE

from flows.pipeline import STAGES, Outcome, run_pipeline, stage_title
from flows.summary import Summary, summarise
from pipelines.settings import load_settings


@flow(name="daily", description="Ingest prices and events, run the studies, publish validated marts.", log_prints=False)
def daily(settings: dict[str, Any] | None = None) -> Outcome:
    """Run the pipeline with every stage as a task, and leave a progress, a table and a markdown artifact.

    Parameters
    ----------
    settings : dict, optional
        Settings that override ``reaction.toml`` and the environment, by name.
    """
    progress = create_progress_artifact(progress=0.0, key="run-progress", description="stages of the run")
    chosen = load_settings(**(settings or {}))
    outcome = run_pipeline(chosen, call=_as_tasks(progress if isinstance(progress, UUID) else None))
    summary = summarise(chosen.marts_file, outcome)
    reactions = summary.reactions.with_columns(pl.col("session_date").cast(pl.String))
    create_table_artifact(key="strongest-reactions", table=reactions.to_dicts(), description="strongest reactions")
    create_markdown_artifact(key="run-summary", markdown=_markdown(summary), description="what the run did")
    return outcome


def _as_tasks(progress: UUID | None) -> Callable[..., Any]:
    """Return a call that makes each stage a task and moves the progress artifact on."""
    done = 0

    def call(stage: Callable[..., Any], *args: Any) -> Any:
        nonlocal done
        result = task(name=stage_title(stage), cache_policy=NO_CACHE, persist_result=False)(stage)(*args)
        done += 1
        if progress is not None:
            update_progress_artifact(artifact_id=progress, progress=100.0 * done / len(STAGES))
        return result

    return call


def _markdown(summary: Summary) -> str:
    lines = ["# Market reaction", "", *(f"- {line}" for line in summary.lines)]
    return "\n".join(lines)

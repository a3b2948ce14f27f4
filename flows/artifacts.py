"""What Prefect shows of a run: its progress, the strongest reactions as a table and a figure, a page, a link."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

import httpx
import polars as pl
import polars.selectors as cs
from prefect import get_run_logger
from prefect.artifacts import (
    create_image_artifact,
    create_link_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)

from flows.pipeline import STAGES
from flows.report import Report
from flows.summary import Summary, strongest_figure


class Artifacts:
    """The artifacts of a run. If Prefect's API stops answering that costs them, not the run."""

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

    def leave(self, summary: Summary, report: Report | None) -> None:
        """Make the table and the figure of the strongest reactions, the page of the run, the link to the report."""
        table = table_rows(summary.reactions)
        self._make(create_table_artifact, key="strongest-reactions", table=table, description="strongest reactions")
        if (figure := strongest_figure(summary.reactions)) is not None:
            from pipelines.report import figures

            image = f"data:image/svg+xml;base64,{base64.b64encode(figures.svg(figure).encode()).decode()}"
            said = "strongest reactions with their 95 % intervals"
            self._make(create_image_artifact, key="strongest-reactions-figure", image_url=image, description=said)
        self._make(create_markdown_artifact, key="run-summary", markdown=markdown(summary), description="the run")
        if report is not None:
            link = report.start.resolve().as_uri()
            self._make(create_link_artifact, key="report", link=link, description="the published marts as pages")

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

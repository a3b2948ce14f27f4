"""The Prefect flow around the pipeline, without a Prefect server: what it makes a task, what it shows, how it ends."""

from __future__ import annotations

import base64
import importlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import patch
from uuid import UUID

import httpx
import polars as pl
import pytest

from flows.pipeline import STAGES
from flows.prefect_settings import settle
from pipelines.errors import WarehouseBusyError
from pipelines.settings import Settings
from warehouse.lease import lease

PROGRESS = UUID(int=1)
TITLES = [
    "ingest",
    "build inputs",
    "check inputs",
    "run studies",
    "build marts",
    "check marts",
    "publish marts",
]


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """Import the flow with a Prefect home of its own."""
    home = tmp_path_factory.mktemp("home")
    with patch.dict(os.environ):
        os.environ.pop("PREFECT_HOME", None)
        settle(home)
        return importlib.import_module("flows.daily")


@pytest.fixture
def artifacts(module: ModuleType) -> ModuleType:
    """Return the module that makes the artifacts; Prefect has its home by now."""
    del module
    return importlib.import_module("flows.artifacts")


@dataclass
class Shown:
    """What the flow asked Prefect for."""

    tasks: list[str] = field(default_factory=list)
    progress: list[tuple[float, str]] = field(default_factory=list)
    artifacts: dict[str, Any] = field(default_factory=dict)
    fails_from: int = 100
    warnings: list[str] = field(default_factory=list)

    def task(self, *, name: str, **_: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Note the task and leave the function as it is."""
        self.tasks.append(name)
        return lambda stage: stage

    def move(self, *, progress: float, description: str, **_: Any) -> UUID:
        """Note the progress; from the chosen call on the API does not answer."""
        if len(self.progress) >= self.fails_from:
            raise httpx.ConnectError("connection refused")
        self.progress.append((progress, description))
        return PROGRESS

    def show(self, *, key: str, description: str, **content: Any) -> UUID:
        """Note an artifact."""
        assert description
        (self.artifacts[key],) = content.values()
        return UUID(int=2)

    def warning(self, text: str, *values: object) -> None:
        """Note a line of the run's log."""
        self.warnings.append(text % values)


def summary() -> SimpleNamespace:
    """Return what a run found, with values that JSON does not have."""
    reactions = pl.DataFrame(
        {
            "symbol": ["NVDA", "AMD", "ARM"],
            "session_date": [date(2025, 1, 27)] * 3,
            "known_at": [datetime(2025, 1, 27, 21, tzinfo=UTC)] * 3,
            "abnormal_return": [-0.17, -0.05, -0.06],
            "abnormal_return_se": [0.03, 0.02, 0.02],
            "df": [248.0, 248.0, 180.0],
            "p_value": [1e-7, 0.01, 0.06],
            "event_id": "made-up-event",
            "model": "market_adjusted",
            "t_stat": [-5.25, float("nan"), float("-inf")],
            "is_not_outcome": [False, True, None],
        }
    )
    return SimpleNamespace(lines=["prices: 3 rows", "marts: published"], reactions=reactions)


@pytest.fixture
def shown(module: ModuleType, artifacts: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Shown:
    """Stand in for Prefect and for the pipeline, whose stages do nothing here."""
    seen = Shown()
    monkeypatch.setattr(module, "task", seen.task)
    monkeypatch.setattr(artifacts, "get_run_logger", lambda: seen)
    for name in ("create_progress_artifact", "update_progress_artifact"):
        monkeypatch.setattr(artifacts, name, seen.move)
    for kind in ("table", "markdown", "image", "link"):
        monkeypatch.setattr(artifacts, f"create_{kind}_artifact", seen.show)
    monkeypatch.setattr(module, "summarise", lambda *_: summary())
    monkeypatch.setattr(module, "deployment", SimpleNamespace(id=None))

    def pipeline(settings: object, call: Callable[..., Any]) -> str:
        del settings
        for stage in STAGES:
            stand_in: Any = lambda *_: None  # noqa: E731
            stand_in.__name__ = stage.__name__
            call(stand_in, "run")
        return "outcome"

    monkeypatch.setattr(module, "run_pipeline", pipeline)
    return seen


def busy(monkeypatch: pytest.MonkeyPatch, module: ModuleType, deployment: str | None) -> None:
    """Let the pipeline meet a warehouse that somebody holds."""

    def pipeline(*_: object, **__: object) -> None:
        raise WarehouseBusyError("the home is in use: reaction run by process 7")

    monkeypatch.setattr(module, "run_pipeline", pipeline)
    monkeypatch.setattr(module, "deployment", SimpleNamespace(id=deployment))


def test_each_stage_is_one_task(module: ModuleType, shown: Shown, tmp_path: Path) -> None:
    """A run is seven tasks, one per stage and in their order, and returns what the pipeline returns."""
    assert module.daily.fn({"home": str(tmp_path)}) == "outcome"
    assert shown.tasks == TITLES


def test_progress_names_the_stage_at_work_and_ends_at_100(module: ModuleType, shown: Shown, tmp_path: Path) -> None:
    """The progress artifact is made once, moves with each stage and ends at 100 percent: eight calls in all."""
    module.daily.fn({"home": str(tmp_path)})

    assert [title for _, title in shown.progress] == [*TITLES, "publish marts"]
    assert [percent for percent, _ in shown.progress] == pytest.approx([100 * done / 7 for done in range(8)])


def test_artifacts_hold_what_json_has(module: ModuleType, shown: Shown, tmp_path: Path) -> None:
    """The table is JSON without NaN or infinity, days and instants as text; the page holds the run's sentences."""
    module.daily.fn({"home": str(tmp_path)})

    table = json.loads(json.dumps(shown.artifacts["strongest-reactions"], allow_nan=False))
    assert [row["t_stat"] for row in table] == [-5.25, None, None]
    assert table[0]["session_date"] == "2025-01-27"
    assert table[0]["known_at"].startswith("2025-01-27 21:00:00")
    assert [row["is_not_outcome"] for row in table] == [False, True, None]
    assert shown.artifacts["run-summary"] == "# Market reaction\n\n- prices: 3 rows\n- marts: published"


def test_the_figure_is_that_of_the_pages(module: ModuleType, shown: Shown, tmp_path: Path) -> None:
    """The image holds its drawing itself, and its bars are the table's reactions."""
    module.daily.fn({"home": str(tmp_path)})

    head, _, body = shown.artifacts["strongest-reactions-figure"].partition(",")
    assert head == "data:image/svg+xml;base64"
    drawn = base64.b64decode(body).decode()
    for words in ("NVDA 2025-01-27", "AMD 2025-01-27", "ARM 2025-01-27", "market adjusted"):
        assert words in drawn
    assert "report" not in shown.artifacts


def test_a_run_that_is_asked_to_leaves_its_report_and_a_link_to_it(
    module: ModuleType, shown: Shown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report is an eighth task, after the publication, and Prefect shows where it is."""
    made: list[Path] = []

    def write(settings: Settings) -> SimpleNamespace:
        made.append(settings.home)
        return SimpleNamespace(start=settings.report_index)

    monkeypatch.setattr(module, "write_report_of_run", write)
    module.daily.fn({"home": str(tmp_path), "report": True})

    assert made == [tmp_path]
    assert shown.tasks == [*TITLES, "write report"]
    assert shown.artifacts["report"] == (tmp_path / "report" / "all" / "index.html").as_uri()


@pytest.mark.parametrize("fails_from", [0, 3])
def test_an_api_that_stops_answering_costs_the_artifacts_alone(
    module: ModuleType, shown: Shown, tmp_path: Path, fails_from: int
) -> None:
    """When an artifact cannot be stored the run goes on, says so once in its log, and does not ask again."""
    shown.fails_from = fails_from

    assert module.daily.fn({"home": str(tmp_path)}) == "outcome"
    assert shown.tasks == TITLES
    assert len(shown.progress) == fails_from
    assert shown.artifacts == {}
    assert shown.warnings == ["artifacts end here, the API does not answer: connection refused"]


def test_a_scheduled_run_that_meets_another_is_skipped(
    module: ModuleType, shown: Shown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run of a deployment during another run ends as Completed, named Skipped, and says who is at work."""
    busy(monkeypatch, module, deployment="daily")
    with lease(tmp_path / "run.lock", now=datetime.now(UTC), what="reaction run"):
        state = module.daily.fn({"home": str(tmp_path)})

    assert (state.type.value, state.name) == ("COMPLETED", "Skipped")
    assert state.message == "Another run is in progress: the home is in use: reaction run by process 7"
    assert shown.artifacts == {}


def test_a_run_by_hand_that_meets_another_fails(
    module: ModuleType, shown: Shown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks for a run at the terminal is told that it did not happen."""
    busy(monkeypatch, module, deployment=None)
    with (
        lease(tmp_path / "run.lock", now=datetime.now(UTC), what="reaction run"),
        pytest.raises(WarehouseBusyError, match="in use"),
    ):
        module.daily.fn({"home": str(tmp_path)})
    assert shown.artifacts == {}


def test_a_warehouse_held_by_no_run_is_a_failure(
    module: ModuleType, shown: Shown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scheduled run that a notebook keeps out has not been done by anybody else: it fails."""
    busy(monkeypatch, module, deployment="daily")

    with pytest.raises(WarehouseBusyError, match="in use"):
        module.daily.fn({"home": str(tmp_path)})
    assert shown.artifacts == {}

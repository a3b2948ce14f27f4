"""What prefect.yaml promises, read from the file."""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

import pytest
import yaml


@pytest.fixture(scope="module")
def file(root: Path) -> dict[str, Any]:
    """Return prefect.yaml as Prefect reads it."""
    content: dict[str, Any] = yaml.safe_load((root / "prefect.yaml").read_text(encoding="utf-8"))
    return content


def test_daily_runs_after_the_close_one_at_a_time(file: dict[str, Any]) -> None:
    """`daily` starts on weekdays at 18:30 New York time; a run that would overlap is cancelled."""
    (daily,) = [item for item in file["deployments"] if item["name"] == "daily"]
    (schedule,) = daily["schedules"]

    assert (schedule["cron"], schedule["timezone"], schedule["active"]) == ("30 18 * * 1-5", "America/New_York", True)
    assert daily["concurrency_limit"] == {"limit": 1, "collision_strategy": "CANCEL_NEW"}


def test_adhoc_waits_to_be_asked(file: dict[str, Any]) -> None:
    """`adhoc` and `backfill` have no schedule."""
    waiting = [item for item in file["deployments"] if item["name"] in ("adhoc", "backfill")]
    assert [item["schedules"] for item in waiting] == [[], []]


def test_a_deployment_fits_every_checkout(file: dict[str, Any], root: Path) -> None:
    """Settings come from the worker's folder and environment; `daily` alone fixes one, that it writes the report."""
    assert "pull" not in file
    for deployment in file["deployments"]:
        path, _, function = deployment["entrypoint"].partition(":")
        assert (root / path).is_file()
        assert (path, function) in (("flows/daily.py", "daily"), ("flows/backfill_flow.py", "backfill"))
        fixed = {"settings": {"report": True}} if deployment["name"] == "daily" else {}
        assert deployment["parameters"] == fixed
        assert deployment["work_pool"]["name"] == "local"
        assert "working_dir" not in deployment["work_pool"]["job_variables"]


def test_modules_beside_the_entrypoint_hide_nothing(root: Path) -> None:
    """Prefect puts the entrypoint's folder first in the search path, so no file there may bear a library's name."""
    elsewhere = [path for path in sys.path if path and Path(path).resolve() not in {root, root / "flows"}]
    names = {path.stem for path in (root / "flows").iterdir() if path.suffix == ".py" or path.is_dir()} - {
        "__init__",
        "__pycache__",
    }
    assert "daily" in names
    assert {name for name in names if PathFinder.find_spec(name, elsewhere)} == set()
    assert names.isdisjoint(sys.stdlib_module_names)

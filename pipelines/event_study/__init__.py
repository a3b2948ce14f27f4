"""Event studies: from returns and events to abnormal returns, their significance and tests over groups."""

from __future__ import annotations

from pipelines.event_study.engine import run_study
from pipelines.event_study.group_tests import group_tests
from pipelines.event_study.panel import ReturnPanel
from pipelines.event_study.result import StudyResult
from pipelines.event_study.spec import StudySpec, Window, default_min_estimation_obs

__all__ = [
    "ReturnPanel",
    "StudyResult",
    "StudySpec",
    "Window",
    "default_min_estimation_obs",
    "group_tests",
    "run_study",
]

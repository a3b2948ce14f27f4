"""Event studies: from returns and events to abnormal returns, their significance and tests over groups."""

from __future__ import annotations

from pipelines.event_study.cars import PairCars, run_cars
from pipelines.event_study.day_reactions import ReactionRule, day_reactions
from pipelines.event_study.engine import run_study
from pipelines.event_study.group_tests import group_tests
from pipelines.event_study.panel import ReturnPanel
from pipelines.event_study.result import StudyResult
from pipelines.event_study.spec import StudySpec, default_min_estimation_obs
from pipelines.event_study.windows import Window

__all__ = [
    "PairCars",
    "ReactionRule",
    "ReturnPanel",
    "StudyResult",
    "StudySpec",
    "Window",
    "day_reactions",
    "default_min_estimation_obs",
    "group_tests",
    "run_cars",
    "run_study",
]

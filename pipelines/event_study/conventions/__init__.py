"""Definitions of other programs, and statistics by them: to reproduce their numbers and to say why ours differ.

A convention is data: a tuple of `Definition`s, each one a switch of `Definitions`. `statistic` takes any setting of
the switches, so that a difference can be taken apart one definition at a time.
"""

from __future__ import annotations

from typing import Final

from pipelines.errors import SpecError
from pipelines.event_study.conventions.estudy2 import ESTUDY2
from pipelines.event_study.conventions.evaluate import STATISTICS, evaluate, statistic
from pipelines.event_study.conventions.eventstudytools import EVENTSTUDYTOOLS
from pipelines.event_study.conventions.group import Benchmark, Group
from pipelines.event_study.conventions.standardised import mean_correlation
from pipelines.event_study.conventions.switches import (
    MEAN_BHAR,
    TEXTBOOK,
    Convention,
    Definition,
    Definitions,
    together,
)

__all__ = [
    "MEAN_BHAR",
    "OTHERS",
    "STATISTICS",
    "TEXTBOOK",
    "Benchmark",
    "Convention",
    "Definition",
    "Definitions",
    "Group",
    "evaluate",
    "mean_correlation",
    "named",
    "statistic",
    "together",
]

OTHERS: Final = {each.name: each for each in (ESTUDY2, EVENTSTUDYTOOLS)}
"""Every convention beside the textbook's, by name."""


def named(name: str) -> Convention:
    """Return a convention by its name.

    Raises
    ------
    SpecError
        If there is none of that name beside the textbook's.
    """
    if name not in OTHERS:
        raise SpecError(f"expected a convention that differs from the textbook: {', '.join(OTHERS)}; got {name!r}")
    return OTHERS[name]

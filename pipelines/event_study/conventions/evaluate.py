"""Compute a test statistic of one group by any set of definitions; plain, as correctness is all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from pipelines.event_study.arrays import IntArray
from pipelines.event_study.conventions.group import Benchmark, Group
from pipelines.event_study.conventions.means import (
    brown_warner_t,
    cross_sectional_t,
    crude_dependence_t,
    generalized_sign_z,
    lamb_t,
    mean_bhar,
    sign_z,
)
from pipelines.event_study.conventions.ranks import rank_z
from pipelines.event_study.conventions.standardised import bmp_t, bmp_t_adjusted, patell_z
from pipelines.event_study.conventions.switches import MEAN_BHAR, Definitions
from pipelines.event_study.estimates import Estimates
from pipelines.event_study.windows import Window

Statistic = Callable[[Definitions, Group, Window], float]

STATISTICS: Final[dict[str, Statistic]] = {
    "cross_sectional_t": cross_sectional_t,
    "crude_dependence_t": crude_dependence_t,
    "brown_warner_t": brown_warner_t,
    "lamb_t": lamb_t,
    "patell_z": patell_z,
    "patell_csar_z": lambda definitions, group, window: patell_z(definitions, group, window, daily=True),
    "bmp_t": bmp_t,
    "bmp_t_adjusted": bmp_t_adjusted,
    "sign_z": sign_z,
    "generalized_sign_z": generalized_sign_z,
    "corrado_rank_z": lambda definitions, group, window: rank_z(definitions, group, window, "rank"),
    "corrado_zivney_rank_z": lambda definitions, group, window: rank_z(definitions, group, window, "share"),
    "corrado_zivney_sign_z": lambda definitions, group, window: rank_z(definitions, group, window, "sign"),
    MEAN_BHAR: mean_bhar,
}
"""Every test that some convention defines in another way."""


def statistic(definitions: Definitions, estimates: Estimates, rows: IntArray, window: Window, test: str) -> float:
    """Return a test statistic of a group by some definitions.

    Parameters
    ----------
    rows : array, shape (N,)
        Places of the group's pairs among the used pairs.
    window : Window
        A day of the event window, or a CAR window of the study.
    test : str
        A test of STATISTICS.

    Returns
    -------
    float
        NaN where the statistic does not exist.
    """
    return evaluate(definitions, Group(estimates, rows, Benchmark.of(estimates)), window, test)


def evaluate(definitions: Definitions, group: Group, window: Window, test: str) -> float:
    """Return a test statistic of a group whose arrays are at hand; see `statistic`."""
    with np.errstate(invalid="ignore", divide="ignore"):
        found = STATISTICS[test](definitions, group, window)
    return found if np.isfinite(found) else float("nan")

"""Aggregate over pairs: tests that the average (cumulative) abnormal return of a group is zero."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import polars as pl

from pipelines.contracts import FCT_GROUP_TESTS
from pipelines.errors import ContractError
from pipelines.event_study.estimates import Estimates
from pipelines.event_study.group_tests.battery import run_tests
from pipelines.event_study.group_tests.frames import Evaluated, test_frame
from pipelines.event_study.group_tests.residuals import PairResiduals
from pipelines.event_study.group_tests.sample import Batch
from pipelines.event_study.group_tests.segments import Segments
from pipelines.event_study.group_tests.values import GroupValues
from pipelines.event_study.result import StudyResult
from pipelines.event_study.windows import Window
from pipelines.event_study.workers import in_order

__all__ = ["GROUP_COLUMNS", "evaluate_groups", "evaluate_tests", "group_tests"]

GROUP_COLUMNS: Final = ("event_id", "symbol", "group_by", "group_value")
"""Columns of the frame that says which pair belongs to which group."""

BATCH_SIZE: Final = 8_192
"""Pairs of small groups that are worked on together; a larger group is worked on alone."""


def group_tests(result: StudyResult, groups: pl.DataFrame) -> pl.DataFrame:
    """Test the average (cumulative) abnormal return of every group on every day and CAR window.

    Parameters
    ----------
    result : StudyResult
        Estimates of the used pairs; its specification says which tests are run.
    groups : DataFrame
        Columns `event_id`, `symbol`, `group_by`, `group_value`; a pair may be in many groups, and a pair that the
        study does not use is passed over.

    Returns
    -------
    DataFrame
        Contract FCT_GROUP_TESTS, sorted by its key: every test of the study for every group of `groups`, every day
        (d,d) of the event window and every CAR window. Only pairs with a complete window count.

    Raises
    ------
    ContractError
        If a column of `groups` is missing.

    Notes
    -----
    Each test is documented where it is computed: parametric, signs, ranks, cross_correlation, clusters,
    calendar_time, volatility, resampling and placebo. A test whose assumptions fail keeps its value and is not valid,
    and its note says why.
    """
    evaluated = evaluate_groups(result, groups)
    frame = test_frame(result.spec, evaluated)
    return FCT_GROUP_TESTS.conform(frame).sort(FCT_GROUP_TESTS.key)


def evaluate_groups(result: StudyResult, groups: pl.DataFrame) -> Evaluated:
    """Run the study's tests on groups and keep their values as arrays; see `group_tests`."""
    labels, members = _members(result.estimates.pairs.frame, groups)
    windows = tested_windows(result)
    values = evaluate_tests(result.estimates, members, windows) if members.height else None
    return Evaluated(labels, members["group"].unique(maintain_order=True).to_list(), windows, values)


def tested_windows(result: StudyResult) -> tuple[Window, ...]:
    """Return the windows that are tested: every day of the event window and every CAR window."""
    spec = result.spec
    return tuple(sorted({Window(day, day) for day in spec.event.days} | set(spec.car_windows)))


def evaluate_tests(estimates: Estimates, members: pl.DataFrame, windows: Sequence[Window]) -> GroupValues:
    """Run the study's tests on groups of its used pairs.

    Parameters
    ----------
    members : DataFrame
        Columns `group` and `pair` (place among the used pairs), sorted by both, at least one row.

    Returns
    -------
    GroupValues
        Tests in the order of the study's, arrays of shape (groups, windows).
    """
    residuals = PairResiduals.of(estimates, signs="generalized_sign_z" in estimates.spec.tests)
    by_size = batches(members["group"].to_numpy(), members["pair"].to_numpy())
    largest_first = sorted(range(len(by_size)), key=lambda place: -by_size[place].rows.size)

    def run(place: int) -> GroupValues:
        return run_tests(estimates, residuals, by_size[place], tuple(windows))

    done = dict(zip(largest_first, in_order(run, largest_first, estimates.threads), strict=True))
    return GroupValues.joined([done[place] for place in range(len(by_size))], axis=0)


def batches(group: np.ndarray, pair: np.ndarray) -> list[Batch]:
    """Cut members into batches of whole groups; what is in a batch depends on the groups alone."""
    segments = Segments.of_keys(group)
    bounds, filled = [0], 0
    for place, size in enumerate(segments.sizes.tolist()):
        if filled and filled + size > BATCH_SIZE:
            bounds.append(place)
            filled = 0
        filled += size
    bounds.append(segments.n_groups)
    made = []
    for first, last in pairwise(bounds):
        sizes = segments.sizes[first:last]
        start = int(segments.starts[first])
        made.append(Batch(pair[start : start + int(sizes.sum())].astype(np.int64), Segments.of(sizes)))
    return made


def _members(used: pl.DataFrame, groups: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give each group a number, and list the used pairs of each by their place among the used pairs."""
    missing = [name for name in GROUP_COLUMNS if name not in groups.columns]
    if missing:
        raise ContractError(f"groups need the columns {list(GROUP_COLUMNS)}; missing {missing}")
    asked = groups.select(pl.col(name).cast(pl.String) for name in GROUP_COLUMNS)
    nulls = {name: n for name in GROUP_COLUMNS if (n := asked[name].null_count())}
    if nulls:
        raise ContractError(f"a row of groups names a pair and its group; nulls by column: {nulls}")
    labels = asked.select("group_by", "group_value").unique().sort("group_by", "group_value").with_row_index("group")
    pairs = used.select("event_id", "symbol").with_row_index("pair")
    members = asked.join(labels, on=["group_by", "group_value"]).join(pairs, on=["event_id", "symbol"])
    return labels, members.select("group", "pair").unique().sort("group", "pair")

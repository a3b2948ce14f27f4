"""A group's average residuals, of the pairs alone that the test of a window rests on."""

from __future__ import annotations

from functools import cached_property
from typing import Final

import numpy as np

from pipelines.event_study.arrays import FloatArray, IntArray
from pipelines.event_study.estimates import Estimates
from pipelines.event_study.group_tests.residuals import DayMeans, pieces
from pipelines.event_study.group_tests.sample import Batch, Sample
from pipelines.event_study.group_tests.segments import Segments

KEPT_ELEMENTS: Final = 4_000_000
"""Residuals that are kept from window to window; of a larger group they are computed anew for each."""


class WindowMeans:
    """Average abnormal return by day of the estimation window, over the pairs with a complete tested window.

    A mean is held to the deviation of the same pairs' mean: fewer of them vary more. Where a group has every window
    complete that is the group's own series, and nothing is computed again.
    """

    def __init__(self, estimates: Estimates, of_group: DayMeans, sample: Sample) -> None:
        self._estimates, self._of_group, self._sample = estimates, of_group, sample
        n = sample.complete.n
        self._is_partial = (n > 0) & (n < sample.segments.sizes[:, None])

    def is_whole(self, place: int) -> bool:
        """Tell whether every group has all of its pairs in a window, or none."""
        return not self._is_partial[:, place].any()

    def over(self, place: int) -> DayMeans:
        """Return the means for a window."""
        if self.is_whole(place):
            return self._of_group
        partial = self._is_partial[:, place]
        segments = self._sample.segments
        counted = self._sample.complete.known[:, place] & segments.expand(partial)
        groups = np.flatnonzero(partial)
        sizes = segments.sum(counted)[groups].astype(np.int64)
        found = self._added(np.flatnonzero(counted), Segments.of(sizes))
        mean, n = self._of_group.mean.copy(), self._of_group.n.copy()
        mean[groups], n[groups] = found.mean, found.n
        return DayMeans(mean, n)

    @property
    def deviation(self) -> FloatArray:
        """Deviation of the mean over the days; shape (groups, windows)."""
        return self._moments[0]

    @property
    def n_days(self) -> FloatArray:
        """Days with a mean; shape (groups, windows)."""
        return self._moments[1]

    @cached_property
    def _moments(self) -> tuple[FloatArray, FloatArray]:
        n_windows = self._is_partial.shape[1]
        deviation, n_days = (
            np.repeat(values[:, None], n_windows, axis=1)
            for values in (self._of_group.deviation, self._of_group.n_days)
        )
        for place in np.flatnonzero(self._is_partial.any(axis=0)).tolist():
            means = self.over(place)
            deviation[:, place], n_days[:, place] = means.deviation, means.n_days
        return deviation, n_days

    def _added(self, members: IntArray, segments: Segments) -> DayMeans:
        """Add up the residuals of some members of the batch, by group."""
        shape = (segments.n_groups, self._estimates.spec.estimation.length)
        total, count = np.zeros(shape), np.zeros(shape)
        for first, piece, chosen in pieces(Batch(members, segments)):
            span = slice(first, first + piece.n_groups)
            residual = self._residuals(chosen)
            missing = np.isnan(residual)
            total[span] += piece.sum(np.where(missing, 0.0, residual))
            count[span] += piece.sum(~missing)
        return DayMeans.of(total, count)

    def _residuals(self, members: IntArray) -> FloatArray:
        rows = self._sample.batch.rows
        if rows.size * self._estimates.spec.estimation.length > KEPT_ELEMENTS:
            return self._estimates.residuals(rows[members])
        return self._kept[members]

    @cached_property
    def _kept(self) -> FloatArray:
        return self._estimates.residuals(self._sample.batch.rows)

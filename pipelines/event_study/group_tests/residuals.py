"""What the tests need of the estimation window, gathered a few hundred pairs at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.event_study.arrays import FloatArray, IntArray, zero_missing
from pipelines.event_study.estimates import Estimates
from pipelines.event_study.group_tests.sample import Batch, as_slice
from pipelines.event_study.group_tests.segments import Segments
from pipelines.event_study.normal_returns.plain import is_plain
from pipelines.event_study.workers import blocks, in_order

BLOCK_SIZE: Final = 512
"""Pairs whose residuals are looked at together, so that they stay in the processor's cache."""


@dataclass(frozen=True, slots=True, eq=False)
class PairResiduals:
    """What each used pair's residuals come to; every array has shape (pairs,).

    Attributes
    ----------
    positive_share : array
        Share of the estimation days with a positive abnormal return.
    mean, variance : array
        Their sample mean and variance (divisor L1 - 1).
    days : array of uint64
        Hash of the dates of the estimation days; pairs with the same dates have the same one.
    """

    positive_share: FloatArray
    mean: FloatArray
    variance: FloatArray
    days: NDArray[np.uint64]

    @classmethod
    def of(cls, estimates: Estimates, *, signs: bool = True) -> PairResiduals:
        """Take them over all used pairs; without `signs` the positive share is left NaN if that saves the work."""
        n_pairs, fit = estimates.pairs.size, estimates.fit
        found = cls(np.full(n_pairs, np.nan), np.zeros(n_pairs), np.empty(n_pairs), _day_hashes(estimates))
        n = fit.n.astype(np.float64)
        is_centred = is_plain(estimates.spec) and estimates.spec.normal_model.has_intercept
        if is_centred:
            # Least squares with an intercept leaves residuals whose mean is zero.
            with np.errstate(invalid="ignore", divide="ignore"):
                found.variance[:] = fit.sigma**2 * fit.df / (n - 1.0)
            if not signs:
                return found

        def fill(rows: slice) -> None:
            residual = estimates.residuals(rows)
            found.positive_share[rows] = np.count_nonzero(residual > 0, axis=1) / n[rows]
            if is_centred:
                return
            found.mean[rows] = mean = zero_missing(residual).sum(axis=1) / n[rows]
            deviation = zero_missing(residual - mean[:, None])
            with np.errstate(invalid="ignore", divide="ignore"):
                found.variance[rows] = np.einsum("ij,ij->i", deviation, deviation) / (n[rows] - 1.0)

        in_order(fill, blocks(n_pairs, BLOCK_SIZE), estimates.threads)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class DayMeans:
    """Average abnormal return of each group on each day of the estimation window; both of shape (groups, L).

    Attributes
    ----------
    mean : array
        NaN on a day on which no pair has one.
    n : array
        Pairs that have one.
    """

    mean: FloatArray
    n: FloatArray

    @classmethod
    def of(cls, total: FloatArray, n: FloatArray) -> DayMeans:
        """Divide sums over pairs by their number."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return cls(total / n, n)

    @property
    def n_days(self) -> FloatArray:
        """Days on which some pair has an abnormal return; shape (groups,)."""
        days: FloatArray = (self.n > 0).sum(axis=1).astype(np.float64)
        return days

    @property
    def deviation(self) -> FloatArray:
        """Sample standard deviation of the mean over the days; shape (groups,), NaN below two days."""
        known = self.n > 0
        days = self.n_days
        with np.errstate(invalid="ignore", divide="ignore"):
            centre = np.where(known, self.mean, 0.0).sum(axis=1) / days
            squares = np.where(known, self.mean - centre[:, None], 0.0) ** 2
            deviation: FloatArray = np.sqrt(squares.sum(axis=1) / np.where(days > 1, days - 1.0, np.nan))
        return deviation


@dataclass(frozen=True, slots=True, eq=False)
class MeanResiduals:
    """What the residuals of a group's pairs add up to.

    Attributes
    ----------
    day_means : DayMeans
        Average abnormal return by day of the estimation window.
    standardised : array, shape (groups, L)
        Sum over the group of its pairs' residuals, each series centred and scaled to a sum of squares of one.
    """

    day_means: DayMeans
    standardised: FloatArray

    @classmethod
    def of(cls, estimates: Estimates, residuals: PairResiduals, batch: Batch) -> MeanResiduals:
        """Add up the residuals of a batch's groups."""
        shape = (batch.segments.n_groups, estimates.spec.estimation.length)
        total, count, standardised = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        for first, segments, rows in pieces(batch):
            span = slice(first, first + segments.n_groups)
            residual = estimates.residuals(as_slice(rows))
            missing = np.isnan(residual)
            if missing.any():
                residual[missing] = 0.0
                count[span] += segments.sum(~missing)
            else:
                count[span] += segments.sizes[:, None]
            total[span] += segments.sum(residual)
            norm = np.sqrt(residuals.variance[rows] * (estimates.fit.n[rows] - 1.0))
            weight = np.divide(1.0, norm, out=np.zeros_like(norm), where=norm > 0)
            if residuals.mean[rows].any():
                residual -= np.where(missing, 0.0, residuals.mean[rows][:, None])
            residual *= weight[:, None]
            standardised[span] += segments.sum(residual)
        return cls(DayMeans.of(total, count), standardised)


def pieces(batch: Batch, size: int = BLOCK_SIZE) -> Iterator[tuple[int, Segments, IntArray]]:
    """Cut a batch into runs of rows: the first group of the run, its segments, and its pairs.

    A run holds whole groups, or a part of one group that is larger than `size`, cut from the group's own start: what is
    added up of a group does not depend on the groups beside it.
    """
    starts, sizes = batch.segments.starts.tolist(), batch.segments.sizes.tolist()
    first = 0
    while first < len(sizes):
        last, n_rows = first, 0
        while last < len(sizes) and (last == first or n_rows + sizes[last] <= size):
            n_rows += sizes[last]
            last += 1
        for part in blocks(n_rows, max(size, 1)) if last == first + 1 else [slice(0, n_rows)]:
            here = batch.segments.sizes[first:last] if last > first + 1 else np.array([part.stop - part.start])
            yield first, Segments.of(here), batch.rows[starts[first] + part.start : starts[first] + part.stop]
        first = last


def _day_hashes(estimates: Estimates) -> NDArray[np.uint64]:
    """Return the sum over each pair's estimation days of a 64-bit hash of the date (splitmix64); shape (pairs,)."""
    aligned, estimation = estimates.aligned, estimates.spec.estimation
    x = aligned.session_day.astype(np.int64).astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    x = np.where(np.isnan(aligned.response), np.uint64(0), x ^ (x >> np.uint64(31)))
    running = np.concatenate((np.zeros(1, dtype=np.uint64), np.cumsum(x, dtype=np.uint64)))
    start = aligned.layout.start(estimates.pairs.places, estimation)
    hashes: NDArray[np.uint64] = running[start + estimation.length] - running[start]
    return hashes

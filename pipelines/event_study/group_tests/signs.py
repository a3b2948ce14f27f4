"""Sign tests and Wilcoxon's signed-rank test over pairs."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np

from pipelines.event_study.arrays import ROUNDING, BoolArray, FloatArray
from pipelines.event_study.group_tests import assumptions
from pipelines.event_study.group_tests.sample import Sample
from pipelines.event_study.group_tests.values import Remark, TestValues, p_values, z_values
from pipelines.event_study.significance import two_sided_normal

MIN_PAIRS: Final = 6
"""Pairs below which the two-sided p-value of signs cannot fall under 5 %: 2 / 2^5 = 6.25 %."""

MAX_EXACT_PAIRS: Final = 50
"""Pairs up to which Wilcoxon's p-value is exact."""


def sign_z(sample: Sample) -> TestValues:
    """Share of positive values against one half: (w - N/2) / sqrt(N/4), N(0,1)."""
    n, positive = sample.complete.n, _positive(sample)
    with np.errstate(invalid="ignore", divide="ignore"):
        statistic = (positive - 0.5 * n) / np.sqrt(0.25 * n)
    return z_values("sign_z", statistic, n, _remarks(sample))


def generalized_sign_z(sample: Sample, positive_share: FloatArray) -> TestValues:
    """Share of positive values against that of the estimation windows: (w - N p) / sqrt(N p (1 - p)), N(0,1).

    Parameters
    ----------
    positive_share : array, shape (members,)
        Share of each pair's estimation days with a positive abnormal return; p is its mean over the group's pairs.

    References
    ----------
    Cowan, A. R. (1992), Review of Quantitative Finance and Accounting 2, doi:10.1007/BF00939016.
    """
    moments = sample.complete
    n, positive = moments.n, _positive(sample)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = sample.segments.sum(np.where(moments.known, positive_share[:, None], 0.0)) / n
        statistic = (positive - n * share) / np.sqrt(n * share * (1.0 - share))
    text = "every estimation day has the same sign, so the share of positive ones has no variance"
    degenerate = Remark(text, (n > 0) & ((share == 0) | (share == 1)), "no value")
    return z_values("generalized_sign_z", statistic, n, [*_remarks(sample), degenerate])


def wilcoxon_w(sample: Sample) -> TestValues:
    """Sum of the ranks of |x| over the positive x, zeros left out.

    The p-value is exact for at most 50 values without ties, else normal with mean n(n + 1)/4 and variance
    n(n + 1)(2n + 1)/24 less sum(t^3 - t)/48 over ties of t values.

    References
    ----------
    Wilcoxon, F. (1945), Biometrics Bulletin 1, 80-83.
    """
    shape = sample.complete.n.shape
    statistic, p_value, tied = np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape, dtype=np.bool_)
    segments = sample.segments
    for place in range(shape[1]):
        found = _signed_ranks(sample.value[:, place], segments.ids, segments.n_groups)
        statistic[:, place], p_value[:, place], tied[:, place] = found
    remarks = [
        *_remarks(sample, sample.segments.sum(_has_sign(sample))),
        Remark("ties: the p-value is the normal one", tied & (sample.complete.n <= MAX_EXACT_PAIRS), "remark"),
    ]
    return p_values("wilcoxon_w", statistic, p_value, sample.complete.n, remarks)


def _signed_ranks(values: FloatArray, ids: np.ndarray, n_groups: int) -> tuple[FloatArray, FloatArray, np.ndarray]:
    """Return W+, its p-value and whether there are ties, by group; values of shape (members,)."""
    counted = np.flatnonzero(~np.isnan(values) & (np.abs(values) > ROUNDING))
    size = np.abs(values[counted])
    order = counted[np.lexsort((size, ids[counted]))]
    group, size = ids[order], np.abs(values[order])
    n = np.bincount(group, minlength=n_groups).astype(np.float64)
    first_of_group = np.concatenate(([0], np.cumsum(n)[:-1])).astype(np.int64)
    place = np.arange(order.size) - first_of_group[group]
    starts = np.ones(order.size, dtype=np.bool_)
    starts[1:] = (group[1:] != group[:-1]) | (size[1:] != size[:-1])
    run = np.cumsum(starts) - 1
    length = np.bincount(run).astype(np.float64) if order.size else np.zeros(0)
    rank = (place[starts] + (length + 1.0) / 2.0)[run] if order.size else np.zeros(0)
    w_plus = np.bincount(group, np.where(values[order] > 0, rank, 0.0), n_groups)
    ties = np.bincount(group[starts], length**3 - length, n_groups) if order.size else np.zeros(n_groups)
    variance = n * (n + 1.0) * (2.0 * n + 1.0) / 24.0 - ties / 48.0
    with np.errstate(invalid="ignore", divide="ignore"):
        p_value = two_sided_normal((w_plus - n * (n + 1.0) / 4.0) / np.sqrt(variance))
    for each in np.flatnonzero((n > 0) & (n <= MAX_EXACT_PAIRS) & (ties == 0)).tolist():
        p_value[each] = _exact_p(int(n[each]))[int(w_plus[each])]
    return np.where(n > 0, w_plus, np.nan), p_value, ties > 0


@cache
def _exact_p(n: int) -> FloatArray:
    """Return the two-sided p-value of every possible W+ of n values without ties."""
    ways = np.zeros(n * (n + 1) // 2 + 1)
    ways[0] = 1.0
    for rank in range(1, n + 1):
        ways[rank:] = ways[rank:] + ways[:-rank]
    below = np.cumsum(ways) / 2.0**n
    return np.minimum(1.0, 2.0 * np.minimum(below, below[::-1]))


def _positive(sample: Sample) -> FloatArray:
    return sample.segments.sum(sample.complete.known & (sample.value > ROUNDING))


def _has_sign(sample: Sample) -> BoolArray:
    """Tell which values are not zero but for rounding."""
    return sample.complete.known & (np.abs(sample.value) > ROUNDING)


def _remarks(sample: Sample, n: FloatArray | None = None) -> list[Remark]:
    """Return what may be said of a test of signs; `n` is how many pairs have one, if not all."""
    moments = sample.complete
    nowhere = (moments.n > 0) & (sample.segments.sum(_has_sign(sample)) == 0)
    return [
        assumptions.no_pairs(sample),
        Remark("every value is zero", nowhere, "no value"),
        assumptions.cannot_reject(moments.n if n is None else n, MIN_PAIRS),
        assumptions.clustered(sample, moments),
    ]

"""The mean correlation between pairs' residuals, and the tests that it corrects."""

from __future__ import annotations

from typing import Final

import numpy as np

from pipelines.event_study.arrays import ROUNDING, BoolArray, FloatArray, IntArray
from pipelines.event_study.estimates import Estimates
from pipelines.event_study.group_tests import assumptions
from pipelines.event_study.group_tests.parametric import bmp_t, patell_remarks
from pipelines.event_study.group_tests.residuals import MeanResiduals, PairResiduals
from pipelines.event_study.group_tests.sample import Batch, Sample
from pipelines.event_study.group_tests.values import Remark, TestValues, t_values, z_values
from pipelines.event_study.group_tests.window_means import WindowMeans

MIN_COMMON_DAYS: Final = 30
"""Common days below which the correlation of two pairs counts as zero."""

MAX_EXACT_PAIRS: Final = 2_000
"""Pairs up to which every correlation is computed where their days differ; beyond, a sample of them is."""

SAMPLED_CORRELATIONS: Final = 200_000
"""Correlations in that sample; the standard error of their mean is below 0.001."""

LEAST_VARIANCE: Final = 1e-20
"""Product of two series' variances, in units of their mean squares, below which they do not vary."""

SAME_SERIES: Final = 1e-12
"""Distance from 1 at which a mean correlation is 1 but for rounding."""

_ROWS: Final = 256


def mean_correlation(estimates: Estimates, residuals: PairResiduals, series: MeanResiduals, batch: Batch) -> FloatArray:
    """Return the mean over pairs i < j of the correlation of their residuals on common calendar days.

    Returns
    -------
    array, shape (groups,)
        NaN below two pairs. A pair without residual variance has no correlation and no part in the mean.

    Notes
    -----
    Two pairs of fewer than 30 common days count as 0. Where all pairs of a group have residuals on the same N_t days,
    sum over i < j of r_ij = (sum_t (sum_i z_it)^2 - N)/2, with z the residuals centred and scaled to a sum of squares
    of one, so no pair of pairs is looked at. For a group of more than 2,000 pairs whose days differ the mean is
    estimated from 200,000 correlations drawn with a fixed seed.

    References
    ----------
    Kolari and Pynnonen (2010), Review of Financial Studies 23, doi:10.1093/rfs/hhq072.
    """
    segments = batch.segments
    counted = (estimates.fit.sigma[batch.rows] > 0) & (residuals.variance[batch.rows] > 0)
    n = segments.sum(counted)
    squares = np.einsum("gt,gt->g", series.standardised, series.standardised)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = (squares - n) / (n * (n - 1.0))
    days = residuals.days[batch.rows]
    same = segments.largest(days) == segments.least(days)
    same &= segments.largest(estimates.fit.n[batch.rows]) >= MIN_COMMON_DAYS
    for group in np.flatnonzero(~same & (n > 1)).tolist():
        members = slice(segments.starts[group], segments.starts[group] + segments.sizes[group])
        found[group] = _pairwise(estimates, batch.rows[members][counted[members]])
    return np.where(n > 1, np.minimum(found, 1.0), np.nan)


def _pairwise(estimates: Estimates, rows: IntArray) -> FloatArray | float:
    if rows.size > MAX_EXACT_PAIRS:
        return _sampled(estimates, rows)
    values, known = _on_calendar(estimates, rows)
    total = 0.0
    for start in range(0, rows.size, _ROWS):
        mine = slice(start, start + _ROWS)
        correlation = _correlations(values[mine], known[mine], values, known)
        later = np.arange(rows.size)[None, :] > np.arange(rows.size)[mine, None]
        total += float(np.where(later, correlation, 0.0).sum())
    return total / (rows.size * (rows.size - 1) / 2)


def _on_calendar(estimates: Estimates, rows: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return residuals by calendar day, 0 where missing, and 1 where known; both of shape (pairs, days)."""
    residual = estimates.residuals(rows)
    is_known = ~np.isnan(residual)
    calendar, place = np.unique(estimates.estimation_days(rows)[is_known], return_inverse=True)
    values, known = np.zeros((rows.size, calendar.size)), np.zeros((rows.size, calendar.size))
    pair = np.nonzero(is_known)[0]
    values[pair, place] = residual[is_known]
    known[pair, place] = 1.0
    scale = np.sqrt((values**2).sum(axis=1) / np.maximum(known.sum(axis=1), 1.0))
    return values / np.where(scale > 0, scale, 1.0)[:, None], known


def _correlations(a: FloatArray, known_a: FloatArray, b: FloatArray, known_b: FloatArray) -> FloatArray:
    """Return Pearson correlations on the days that both have, 0 below 30 of them; shape (rows of a, rows of b)."""
    n = known_a @ known_b.T
    sum_a, sum_b = a @ known_b.T, known_a @ b.T
    with np.errstate(invalid="ignore", divide="ignore"):
        covariance = a @ b.T - sum_a * sum_b / n
        variance = ((a * a) @ known_b.T - sum_a**2 / n) * (known_a @ (b * b).T - sum_b**2 / n)
        correlation = covariance / np.sqrt(variance)
    return np.where((n >= MIN_COMMON_DAYS) & (variance > LEAST_VARIANCE), correlation, 0.0)


def _sampled(estimates: Estimates, rows: IntArray) -> float:
    """Estimate the mean from correlations of pairs drawn at random, the same ones for the same group."""
    random = np.random.Generator(np.random.Philox(key=rows.size))
    first = random.integers(0, rows.size, SAMPLED_CORRELATIONS)
    second = (first + random.integers(1, rows.size, SAMPLED_CORRELATIONS)) % rows.size
    total = 0.0
    for start in range(0, SAMPLED_CORRELATIONS, _ROWS):
        mine = slice(start, start + _ROWS)
        total += float(_matched(estimates, rows[first[mine]], rows[second[mine]]).sum())
    return total / SAMPLED_CORRELATIONS


def _matched(estimates: Estimates, first: IntArray, second: IntArray) -> FloatArray:
    """Return the correlation of each pair of `first` with its partner in `second`; shape (pairs,)."""
    days = [estimates.estimation_days(rows) for rows in (first, second)]
    residual = [estimates.residuals(rows) for rows in (first, second)]
    known = ~np.isnan(residual[0])
    day0 = days[0].astype(np.int64)
    day1 = np.where(np.isnan(residual[1]), np.int64(2**31), days[1].astype(np.int64))
    offset = np.arange(first.size)[:, None] * np.int64(2**33)
    order = np.argsort(day1, axis=1, kind="stable")
    keys = (np.take_along_axis(day1, order, axis=1) + offset).ravel()
    place = np.minimum(np.searchsorted(keys, (day0 + offset).ravel()), keys.size - 1)
    common = known & (keys[place] == (day0 + offset).ravel()).reshape(day0.shape)
    other = np.take_along_axis(residual[1], order, axis=1).ravel()[place].reshape(day0.shape)
    n = common.sum(axis=1).astype(np.float64)
    a, b = (_centred(values, common, n) for values in (residual[0], other))
    with np.errstate(invalid="ignore", divide="ignore"):
        scale = np.sqrt(np.einsum("ij,ij->i", a, a) * np.einsum("ij,ij->i", b, b))
        correlation = np.einsum("ij,ij->i", a, b) / scale
    return np.where((n >= MIN_COMMON_DAYS) & (scale > 0), correlation, 0.0)


def _centred(values: FloatArray, common: BoolArray, n: FloatArray) -> FloatArray:
    filled = np.where(common, values, 0.0)
    return np.where(common, values - (filled.sum(axis=1) / np.maximum(n, 1.0))[:, None], 0.0)


def patell_z_adjusted(sample: Sample, r_bar: FloatArray) -> TestValues:
    """Patell's Z corrected for cross-correlation: Z / sqrt(1 + (N - 1) r), N(0,1).

    Parameters
    ----------
    r_bar : array, shape (groups,)
        Mean correlation of the pairs' residuals.

    References
    ----------
    Kolari and Pynnonen (2010), Review of Financial Studies 23, doi:10.1093/rfs/hhq072.
    """
    n = sample.standard.n
    factor, more = _inflation(sample, n, r_bar)
    with np.errstate(invalid="ignore", divide="ignore"):
        adjusted = sample.patell / np.sqrt(factor)
    return z_values("patell_z_adjusted", adjusted, n, [*patell_remarks(sample), *more], r_bar=r_bar[:, None])


def bmp_t_adjusted(sample: Sample, r_bar: FloatArray) -> TestValues:
    """BMP test corrected for cross-correlation: t sqrt((1 - r) / (1 + (N - 1) r)), t(N - 1).

    Parameters
    ----------
    r_bar : array, shape (groups,)
        Mean correlation of the pairs' residuals.

    References
    ----------
    Kolari and Pynnonen (2010), Review of Financial Studies 23, doi:10.1093/rfs/hhq072.
    """
    plain = bmp_t(sample)
    n = sample.standard.n
    factor, more = _inflation(sample, n, r_bar)
    with np.errstate(invalid="ignore", divide="ignore"):
        adjusted = plain.statistic * np.sqrt(np.maximum(1.0 - r_bar[:, None], 0.0) / factor)
    remarks = [remark for remark in plain.remarks if remark.effect != "not valid"]
    same = (n > 1) & (r_bar[:, None] >= 1.0 - SAME_SERIES)
    remarks.append(
        Remark("the pairs have the same residuals, and a mean correlation of 1 leaves no t", same, "no value")
    )
    df = np.maximum(n - 1.0, 1.0)
    return t_values("bmp_t_adjusted", adjusted, df, n, [*remarks, *more], r_bar=r_bar[:, None])


def _inflation(sample: Sample, n: FloatArray, r_bar: FloatArray) -> tuple[FloatArray, list[Remark]]:
    """Return 1 + (N - 1) r, NaN where it is not positive, and what is to be said of r."""
    r = np.broadcast_to(r_bar[:, None], n.shape)
    factor = 1.0 + (n - 1.0) * np.where(n > 1, r, 0.0)
    is_sampled = np.broadcast_to((sample.segments.sizes > MAX_EXACT_PAIRS)[:, None], n.shape) & (n > 0)
    remarks = [
        Remark("a mean correlation of {:.4f} leaves no variance for {} pairs", factor <= 0, "no value", (r, n)),
        Remark(
            "the mean correlation is negative ({:.4f}), so the correction enlarges the statistic; compare it with the "
            "uncorrected one",
            (factor > 0) & (n > 1) & (r < 0),
            "remark",
            (r,),
        ),
        Remark(
            f"if the days of its pairs differ, the mean correlation of a group of more than {MAX_EXACT_PAIRS:,} is "
            f"estimated from {SAMPLED_CORRELATIONS:,} of them",
            is_sampled,
            "remark",
        ),
    ]
    return np.where(factor > 0, factor, np.nan), remarks


def crude_dependence_t(sample: Sample, means: WindowMeans) -> TestValues:
    """Mean over the deviation of the group's mean in the estimation window: CAAR / (S sqrt(L2)), t(L1 - 1).

    S is the sample deviation, over the relative days of the estimation window, of the average abnormal return of the
    pairs that are in the mean. What pairs on one date have in common is in S, so independence is not assumed.

    References
    ----------
    Brown and Warner (1980, 1985), Journal of Financial Economics 14, doi:10.1016/0304-405X(85)90042-X.
    """
    moments, deviation = sample.complete, means.deviation
    with np.errstate(invalid="ignore", divide="ignore"):
        statistic = moments.mean / (deviation * np.sqrt(sample.lengths))
    df = np.maximum(means.n_days - 1.0, 1.0)
    return t_values("crude_dependence_t", statistic, df, moments.n, _series_remarks(sample, deviation))


def lamb_t(sample: Sample, means: WindowMeans, estimates: Estimates) -> TestValues:
    """Crude dependence test with a forecast error: sum of AAR_t / (S sqrt(C_t)) over sqrt(L2), N(0,1).

    C_t = 1 + 1/L1 + (Rm_t - mean Rm)^2/Sxx, its mean over the group's pairs.

    References
    ----------
    Lamb, R. P. (1995), Journal of Risk and Insurance 62, doi:10.2307/253695.
    """
    moments, start = sample.complete, estimates.spec.event.start
    deviation = means.deviation
    statistic = np.empty_like(moments.mean)
    days = _EventDays(sample, estimates)
    for place, window in enumerate(sample.windows):
        span = slice(window.start - start, window.end - start + 1)
        mean, factor = days.over(place, span)
        with np.errstate(invalid="ignore", divide="ignore"):
            daily = mean / (deviation[:, place, None] * np.sqrt(factor))
        statistic[:, place] = daily.sum(axis=1) / np.sqrt(window.length)
    return z_values("lamb_t", statistic, moments.n, _series_remarks(sample, deviation))


class _EventDays:
    """Mean abnormal return and mean forecast-error factor of the groups' pairs, day by day."""

    def __init__(self, sample: Sample, estimates: Estimates) -> None:
        rows = sample.batch.place
        sigma = estimates.fit.sigma[rows][:, None]
        self._sample, self._abnormal, self._has_variance = sample, estimates.abnormal(rows), sigma > 0
        with np.errstate(invalid="ignore", divide="ignore"):
            factor = estimates.se[rows] / sigma
        self._factor = factor * factor
        self._same = bool(sample.complete.known.all() and self._has_variance.all())
        self._whole = self._means(self._has_variance, slice(None)) if self._same else None

    def over(self, place: int, span: slice) -> tuple[FloatArray, FloatArray]:
        """Return both over a window's days and the pairs complete in it; each of shape (groups, days)."""
        if self._whole is not None:
            return self._whole[0][:, span], self._whole[1][:, span]
        return self._means(self._sample.complete.known[:, place, None] & self._has_variance, span)

    def _means(self, known: BoolArray, span: slice) -> tuple[FloatArray, FloatArray]:
        segments = self._sample.segments
        n = np.maximum(segments.sum(known), 1.0)
        mean, factor = (
            segments.sum(values[:, span] if self._same else np.where(known, values[:, span], 0.0)) / n
            for values in (self._abnormal, self._factor)
        )
        return mean, factor


def _series_remarks(sample: Sample, deviation: FloatArray) -> list[Remark]:
    still = ~(deviation > ROUNDING) & (sample.complete.n > 0)
    return [
        assumptions.no_pairs(sample),
        Remark("the group's mean does not vary in the estimation window", still, "no value"),
        assumptions.induced_variance(sample),
    ]

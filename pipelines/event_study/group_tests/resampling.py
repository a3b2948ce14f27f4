"""Tests whose reference distribution is drawn: bootstraps over pairs, and permutations of days.

The draws depend on the study's seed, on the test and on how many values are resampled, and on nothing else. They are
the same whatever is computed beside a group, in which order and on how many threads; groups and windows of one size
share them, so the Monte Carlo error is common to them and no comparison between them is blurred by it.

A statistic of a draw that differs from the observed one by rounding alone counts as equal to it, so that a draw that
repeats the sample does not hang on the last digit.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from pipelines.event_study.arrays import FloatArray, IntArray
from pipelines.event_study.estimates import Estimates
from pipelines.event_study.group_tests import assumptions
from pipelines.event_study.group_tests.cross_correlation import crude_dependence_t
from pipelines.event_study.group_tests.parametric import cross_sectional_t, skewness_adjusted, skewness_adjusted_t
from pipelines.event_study.group_tests.sample import Sample
from pipelines.event_study.group_tests.values import Remark, TestValues, p_values
from pipelines.event_study.group_tests.window_means import WindowMeans
from pipelines.event_study.spec import StudySpec

BLOCK_ELEMENTS: Final = 2**20
"""Random numbers that are held at a time."""

TIE: Final = 1e-10
"""Relative distance within which two statistics are equal."""

LEAST_RESAMPLE: Final = 10
"""Pairs that the skewness bootstrap draws at least, or all there are: a quarter of a small group has no skewness."""

MIN_DRAWS: Final = 19
"""Draws below which no two-sided p-value is 5 % or less."""

MIN_CHOICES: Final = 20
"""Choices of days below which none is."""

_BITS: Final = 64


def wild_bootstrap_p(sample: Sample, spec: StudySpec) -> TestValues:
    """Refer the cross-sectional t to its wild-bootstrap distribution with the null imposed.

    Notes
    -----
    A draw is w_i x_i with Rademacher weights, w_i = 1 or -1 with probability 1/2 each: the restricted residual under
    a mean of zero is the value itself, and the weights keep every pair's own variance. With t* the cross-sectional t
    of a draw, p = (1 + #{|t*| >= |t|})/(B + 1). The sum of squares is that of the sample in every draw, so |t*| rises
    with |sum w_i x_i|, and that is what is compared. The p-value is exact if the values are independent and symmetric
    about zero, and at least 2^(1 - N).

    References
    ----------
    Wu, C. F. J. (1986), Annals of Statistics 14, 1261-1295.
    Davidson and Flachaire (2008), Journal of Econometrics 146, 162-169 (Rademacher weights, null imposed).
    """

    def count(values: FloatArray, _: FloatArray) -> IntArray:
        least = np.abs(values.sum(axis=1)) - TIE * np.abs(values).sum(axis=1)
        found = np.zeros(values.shape[0], dtype=np.int64)
        for signs in _signs(spec, values):
            found += (np.abs(values @ signs.T) >= least[:, None]).sum(axis=1)
        return found

    counts = _over_cells(sample, 2, count)
    limits = [assumptions.cannot_reject(sample.complete.n, 6), _few_draws(sample, spec, MIN_DRAWS)]
    return _two_sided("wild_bootstrap_p", cross_sectional_t(sample), counts, spec, limits)


def pairs_bootstrap_p(sample: Sample, spec: StudySpec) -> TestValues:
    """Refer the cross-sectional t to its bootstrap distribution: N pairs drawn with replacement.

    Notes
    -----
    t* = sqrt(N) (mean* - mean)/sd*, centred at the sample's mean, and p = (1 + #{|t*| >= |t|})/(B + 1). A draw of one
    pair N times has no deviation; its |t*| counts as infinite, so p is not below N^(1 - N) or so.

    References
    ----------
    Efron and Tibshirani (1993), An Introduction to the Bootstrap, chapter 16.
    Hall and Wilson (1991), Biometrics 47, 757-762 (centring at the sample, and the pivot).
    """

    def count(values: FloatArray, observed: FloatArray) -> IntArray:
        n = values.shape[1]
        deviation = values - values.mean(axis=1, keepdims=True)
        squares = deviation * deviation
        scale = (1.0 - TIE) * observed[:, None] ** 2
        found = np.zeros(values.shape[0], dtype=np.int64)
        for times in _resamples("pairs_bootstrap_p", spec, values, n):
            of_mean = (deviation @ times.T) ** 2 / n
            within = np.maximum(squares @ times.T - of_mean, 0.0)
            found += ((n - 1.0) * of_mean >= scale * within).sum(axis=1)
        return found

    observed = cross_sectional_t(sample)
    counts = _over_cells(sample, 2, count, observed.statistic)
    limits = [assumptions.cannot_reject(sample.complete.n, 4), _few_draws(sample, spec, MIN_DRAWS)]
    return _two_sided("pairs_bootstrap_p", observed, counts, spec, limits)


def skewness_bootstrap_p(sample: Sample, spec: StudySpec) -> TestValues:
    """Refer the skewness-adjusted t to its bootstrap distribution in resamples of N/4 pairs.

    Notes
    -----
    Both the sample's statistic and those of the resamples, t_b with S_b = (mean_b - mean)/sd_b, are Hall's, which
    rises with S, where the paper takes Johnson's, which need not. A resample has N/4 pairs, but at least 10, or N if
    there are fewer. The test is equal-tailed, as the paper's is: p = 2 min(1 + #{t_b <= t}, 1 + #{t_b >= t})/(B + 1),
    at most 1. A resample without deviation counts in both tails.

    References
    ----------
    Lyon, Barber and Tsai (1999), Journal of Finance 54, 165-201.
    Hall, P. (1992), Journal of the Royal Statistical Society B 54, 221-228.
    """

    def count(values: FloatArray, observed: FloatArray) -> IntArray:
        n = max(values.shape[1] // 4, min(values.shape[1], LEAST_RESAMPLE))
        deviation = values - values.mean(axis=1, keepdims=True)
        squares = deviation * deviation
        cubes = squares * deviation
        tolerance = TIE * (1.0 + np.abs(observed))
        low, high = (observed + tolerance)[:, None], (observed - tolerance)[:, None]
        below, above = np.zeros(values.shape[0], dtype=np.int64), np.zeros(values.shape[0], dtype=np.int64)
        for times in _resamples("skewness_bootstrap_p", spec, values, n):
            statistic = _hall(n, deviation @ times.T, squares @ times.T, cubes @ times.T)
            below += (~(statistic > low)).sum(axis=1)
            above += (~(statistic < high)).sum(axis=1)
        return np.minimum(below, above)

    observed = skewness_adjusted_t(sample)
    counts = _over_cells(sample, 3, count, observed.statistic)
    p_value = np.minimum(2.0 * (1.0 + counts.astype(np.float64)) / (spec.resamples + 1.0), 1.0)
    limits = [assumptions.cannot_reject(sample.complete.n, 4), _few_draws(sample, spec, 2 * MIN_DRAWS + 1)]
    remarks = [*observed.remarks, *limits]
    return p_values("skewness_bootstrap_p", observed.statistic, p_value, sample.complete.n, remarks)


def permutation_p(sample: Sample, means: WindowMeans, estimates: Estimates) -> TestValues:
    """Refer the group's mean in the window to those of days drawn from the estimation and the tested window.

    The group's mean of each of the L1 estimation days with a value, and of the L2 days of the tested window over the
    pairs that have it complete, are pooled; under the null their order tells nothing.

    Notes
    -----
    A draw takes L2 of the L1 + L2 days without replacement as the window and the rest as estimation days; its
    statistic is |mean of the window / s|, s the deviation of the rest (divisor L1 - 1), and
    p = (1 + #{statistic of a draw >= observed})/(B + 1). The column `statistic` is the observed one with its sign,
    times sqrt(L2): the crude dependence t. The days must be exchangeable: neither serially correlated nor of another
    variance in the event window.

    References
    ----------
    Nguyen and Wolf (2023), A Note on Testing AR and CAR for Event Studies, working paper, hdl:10419/280778.
    Phipson and Smyth (2010), Statistical Applications in Genetics and Molecular Biology 9 (the p-value).
    """
    spec = estimates.spec
    observed = crude_dependence_t(sample, means)
    n_days = means.n_days
    counts = np.zeros(observed.statistic.shape, dtype=np.int64)
    for places in _sharing_draws(sample, means):
        mean, days = means.over(int(places[0])).mean, n_days[:, places[0]]
        tested = _window_means(sample, estimates, places)
        for n in np.unique(days[days > 1]).astype(np.int64).tolist():
            groups = np.flatnonzero(days == n)
            before = mean[groups][~np.isnan(mean[groups])].reshape(groups.size, n)
            counts[groups[:, None], places] = _count_permutations(spec, before, tested[:, groups]).T
    choices = _choices(n_days, sample.lengths)
    few = (sample.complete.n > 0) & (n_days > 1) & (choices < MIN_CHOICES)
    text = f"{{}} choices of days cannot reject at 5 %, whatever their values: that takes {MIN_CHOICES}"
    limits = [Remark(text, few, "not valid", (choices,)), _few_draws(sample, spec, MIN_DRAWS)]
    return _two_sided("permutation_p", observed, counts, spec, limits)


def _two_sided(test: str, observed: TestValues, counts: IntArray, spec: StudySpec, limits: list[Remark]) -> TestValues:
    p_value = (1.0 + counts.astype(np.float64)) / (spec.resamples + 1.0)
    n = observed.n.astype(np.float64)
    return p_values(test, observed.statistic, p_value, n, [*observed.remarks, *limits])


def _few_draws(sample: Sample, spec: StudySpec, least: int) -> Remark:
    """Say that so few draws cannot lead to a p-value of 5 % or less."""
    where = (sample.complete.n > 0) & (spec.resamples < least)
    draws = np.full(where.shape, float(spec.resamples))
    return Remark(f"{{}} draws cannot reject at 5 %: that takes {least}", where, "not valid", (draws,))


def _random(spec: StudySpec, test: str, *sizes: int) -> np.random.Generator:
    """Return the generator of a test's draws for samples of these sizes."""
    entropy = (spec.seed, zlib.crc32(test.encode()), *sizes)
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(entropy)))


def _draw_blocks(spec: StudySpec, width: int) -> Iterator[int]:
    """Cut the draws into blocks of rows that are `width` numbers wide; the random numbers do not depend on it."""
    size = max(1, BLOCK_ELEMENTS // max(width, 1))
    for first in range(0, spec.resamples, size):
        yield min(size, spec.resamples - first)


def _signs(spec: StudySpec, values: FloatArray) -> Iterator[FloatArray]:
    """Yield blocks of draws of one Rademacher weight per pair, from 64 bits at a time; shape (draws, pairs)."""
    n_cells, n = values.shape
    words = -(-n // _BITS)
    source = _random(spec, "wild_bootstrap_p", n).bit_generator
    for draws in _draw_blocks(spec, max(n, n_cells)):
        raw = np.asarray(source.random_raw(draws * words), dtype="<u8").view(np.uint8).reshape(draws, -1)
        yield np.unpackbits(raw, axis=1, count=n, bitorder="little").astype(np.float64) * 2.0 - 1.0


def _resamples(test: str, spec: StudySpec, values: FloatArray, size: int) -> Iterator[FloatArray]:
    """Yield blocks of draws of `size` pairs with replacement: how often each pair is in it; shape (draws, pairs)."""
    n_cells, n = values.shape
    random = _random(spec, test, n)
    for draws in _draw_blocks(spec, max(n, n_cells)):
        drawn = (random.random((draws, size)) * n).astype(np.int64)
        place = drawn + n * np.arange(draws)[:, None]
        yield np.bincount(place.ravel(), minlength=draws * n).reshape(draws, n).astype(np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """Groups and windows with the same number of complete pairs.

    Attributes
    ----------
    window, group : array, shape (cells,)
    values : array, shape (cells, n)
        Their ARs or CARs in the order of the pairs.
    """

    window: IntArray
    group: IntArray
    values: FloatArray


def _cells(sample: Sample, least: int) -> Iterator[_Cells]:
    """Yield the cells of every number of complete pairs from `least` on."""
    known = sample.complete.known.T
    flat = sample.value.T[known]
    sizes = sample.complete.n.T.astype(np.int64)
    starts = np.cumsum(sizes).reshape(sizes.shape) - sizes
    for n in np.unique(sizes[sizes >= least]).tolist():
        window, group = np.nonzero(sizes == n)
        yield _Cells(window, group, flat[starts[window, group][:, None] + np.arange(n)])


def _over_cells(
    sample: Sample,
    least: int,
    count: Callable[[FloatArray, FloatArray], IntArray],
    observed: FloatArray | None = None,
) -> IntArray:
    """Return what `count` finds in the values of each group and window and their statistic; (groups, windows)."""
    counts = np.zeros(sample.complete.n.shape, dtype=np.int64)
    statistic = np.full(counts.shape, np.nan) if observed is None else observed
    for cells in _cells(sample, least):
        counts[cells.group, cells.window] = count(cells.values, statistic[cells.group, cells.window])
    return counts


def _hall(n: int, sums: FloatArray, squares: FloatArray, cubes: FloatArray) -> FloatArray:
    """Return Hall's statistic of resamples from their sums of powers; NaN without deviation."""
    mean = sums / n
    within = squares - n * mean * mean
    sd = np.sqrt(np.where(within > TIE * squares, within, np.nan) / (n - 1.0))
    return skewness_adjusted(np.array(float(n)), mean, sd, cubes - 3.0 * mean * squares + 2.0 * n * mean**3)


def _sharing_draws(sample: Sample, means: WindowMeans) -> Iterator[IntArray]:
    """Yield places of windows of one length whose estimation days have the same means."""
    whole = np.array([means.is_whole(place) for place in range(len(sample.windows))])
    for length in np.unique(sample.lengths):
        places = np.flatnonzero((sample.lengths == length) & whole)
        if places.size:
            yield places
    yield from np.flatnonzero(~whole)[:, None]


def _window_means(sample: Sample, estimates: Estimates, places: IntArray) -> FloatArray:
    """Return the mean abnormal return by day, over complete pairs, of windows of one length; (windows, groups, L2)."""
    abnormal = estimates.abnormal(sample.batch.rows)
    means = []
    for place in places.tolist():
        window = sample.windows[place]
        first = window.start - estimates.spec.event.start
        known = sample.complete.known[:, place, None]
        total = sample.segments.sum(np.where(known, abnormal[:, first : first + window.length], 0.0))
        means.append(total / np.maximum(sample.complete.n[:, place, None], 1.0))
    return np.stack(means)


def _count_permutations(spec: StudySpec, before: FloatArray, windows: FloatArray) -> IntArray:
    """Count the draws that are as far out as the window.

    Parameters
    ----------
    before : array, shape (groups, L1)
        Means of the estimation days.
    windows : array, shape (windows, groups, L2)
        Means of the windows' days.

    Returns
    -------
    array of int, shape (windows, groups)
    """
    n, length = before.shape[1], windows.shape[2]
    centre = before.mean(axis=1, keepdims=True)
    estimation, tested = before - centre, windows - centre
    squares, squares_tested = estimation * estimation, tested * tested
    total = tested.sum(axis=2)[..., None]
    total_squares = squares.sum(axis=1, keepdims=True) + squares_tested.sum(axis=2)[..., None]

    def mean_and_variance(place: int, of_day: FloatArray, of_square: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return, but for factors, the squared mean of the drawn days and the variance of the rest."""
        within = total_squares[place] - of_square - (total[place] - of_day) ** 2 / n
        return (centre + of_day / length) ** 2, np.maximum(within, 0.0)

    observed = [
        mean_and_variance(place, of, of2)
        for place, (of, of2) in enumerate(zip(total, squares_tested.sum(axis=2)[..., None], strict=True))
    ]
    found = np.zeros(windows.shape[:2], dtype=np.int64)
    random = _random(spec, "permutation_p", n, length)
    for draws in _draw_blocks(spec, max(n + length, before.shape[0])):
        days = np.argpartition(random.random((draws, n + length)), length - 1, axis=1)[:, :length]
        drawn = np.zeros((draws, n + length))
        np.put_along_axis(drawn, days, 1.0, axis=1)
        from_estimation, from_tested = drawn[:, :n].T, drawn[:, n:].T
        of_estimation, of_squares = estimation @ from_estimation, squares @ from_estimation
        for place, (mean_square, variance) in enumerate(observed):
            of_day = of_estimation + tested[place] @ from_tested
            of_square = of_squares + squares_tested[place] @ from_tested
            drawn_mean_square, rest = mean_and_variance(place, of_day, of_square)
            found[place] += (drawn_mean_square * variance >= (1.0 - TIE) * mean_square * rest).sum(axis=1)
    return found


def _choices(n_days: FloatArray, lengths: FloatArray) -> FloatArray:
    """Return in how many ways L2 of L1 + L2 days can be chosen."""
    from scipy.special import comb

    return np.asarray(comb(n_days + lengths, lengths), dtype=np.float64)

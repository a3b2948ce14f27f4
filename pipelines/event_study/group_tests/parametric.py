"""Parametric tests of a mean over independent pairs."""

from __future__ import annotations

import numpy as np

from pipelines.event_study.arrays import ROUNDING, FloatArray
from pipelines.event_study.group_tests import assumptions
from pipelines.event_study.group_tests.sample import Moments, Sample
from pipelines.event_study.group_tests.values import Remark, TestValues, t_values, z_values


def cross_sectional_t(sample: Sample) -> TestValues:
    """Test the mean by the deviation across pairs: sqrt(N) mean(CAR) / sd(CAR), t(N - 1).

    References
    ----------
    Brown and Warner (1985), Journal of Financial Economics 14, doi:10.1016/0304-405X(85)90042-X.
    """
    return _studentised("cross_sectional_t", sample, sample.complete, [assumptions.no_pairs(sample)])


def bmp_t(sample: Sample) -> TestValues:
    """Standardised cross-sectional test: sqrt(N) mean(SCAR) / sd(SCAR), t(N - 1).

    References
    ----------
    Boehmer, Musumeci and Poulsen (1991), Journal of Financial Economics 30, doi:10.1016/0304-405X(91)90032-F.
    """
    return _studentised("bmp_t", sample, sample.standard, standardised_remarks(sample))


def patell_z(sample: Sample) -> TestValues:
    """Sum of the SCARs over its standard deviation: sum SCAR / sqrt(sum d/(d - 2)), N(0,1); d = L1 - k.

    References
    ----------
    Patell, J. M. (1976), Journal of Accounting Research 14, doi:10.2307/2490543.
    """
    remarks = [*patell_remarks(sample), assumptions.clustered(sample, sample.standard)]
    return z_values("patell_z", sample.patell, sample.standard.n, remarks)


def patell_csar_z(sample: Sample) -> TestValues:
    """Patell's test with the days' standardised returns summed: sum(CSAR / sqrt(d/(d - 2))) / sqrt(N), N(0,1).

    CSAR is sum(SAR)/sqrt(L2), which passes over the covariance of one pair's prediction errors. On one day it is
    patell_z. The form of eventstudytools.com.
    """
    moments = sample.standard
    segments = sample.segments
    with np.errstate(invalid="ignore", divide="ignore"):
        csar = segments.sum(np.where(moments.known, sample.csar / np.sqrt(sample.inflation), 0.0))
        statistic = np.where(sample.lengths == 1.0, sample.patell, csar / np.sqrt(moments.n))
    remarks = [*patell_remarks(sample), assumptions.clustered(sample, moments)]
    return z_values("patell_csar_z", statistic, moments.n, remarks)


def brown_warner_t(sample: Sample, sample_variance: FloatArray) -> TestValues:
    """Mean over the pooled deviations of the estimation windows: CAAR / (sqrt(L2 sum v_i) / N), t(mean L1 - 1).

    Parameters
    ----------
    sample_variance : array, shape (members,)
        Sample variance of each pair's abnormal returns in the estimation window.

    References
    ----------
    Brown and Warner (1980), Journal of Financial Economics 8, doi:10.1016/0304-405X(80)90002-1.
    """
    moments, segments = sample.complete, sample.segments
    known = moments.known
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = segments.sum(np.where(known, sample_variance[:, None], 0.0)) * sample.lengths
        statistic = moments.mean * moments.n / np.sqrt(variance)
        df = segments.sum(np.where(known, sample.n_estimation[:, None], 0.0)) / moments.n - 1.0
    remarks = [
        assumptions.no_pairs(sample),
        Remark("no pair has residual variance", (moments.n > 0) & (variance == 0), "no value"),
        Remark("needs at least 2 estimation sessions for every pair", (moments.n > 0) & np.isnan(variance), "no value"),
        assumptions.clustered(sample, moments),
        assumptions.induced_variance(sample),
    ]
    return t_values("brown_warner_t", statistic, np.maximum(df, 1.0), moments.n, remarks)


def skewness_adjusted_t(sample: Sample) -> TestValues:
    """Cross-sectional test corrected for the skewness of the values, t(N - 1).

    Notes
    -----
    With S = mean/sd and g = N/((N - 1)(N - 2)) sum(((x - mean)/sd)^3):
    t = sqrt(N) (S + g S^2/3 + g^2 S^3/27 + g/(6N)).

    References
    ----------
    Hall, P. (1992), Journal of the Royal Statistical Society B 54, 221-228.
    Lyon, Barber and Tsai (1999), Journal of Finance 54, 165-201.
    """
    moments = sample.complete
    cubes = sample.segments.sum(sample.deviations * sample.deviations * sample.deviations)
    statistic = skewness_adjusted(moments.n, moments.mean, moments.sd, cubes)
    remarks = [
        assumptions.no_pairs(sample),
        assumptions.too_few(moments, 3),
        assumptions.constant(moments),
        assumptions.clustered(sample, moments),
    ]
    return t_values("skewness_adjusted_t", statistic, np.maximum(moments.n - 1.0, 1.0), moments.n, remarks)


def skewness_adjusted(n: FloatArray, mean: FloatArray, sd: FloatArray, cubes: FloatArray) -> FloatArray:
    """Return Hall's statistic from N, mean, deviation and the sum of cubed deviations; NaN below three values."""
    with np.errstate(invalid="ignore", divide="ignore"):
        s = mean / sd
        g = n / np.where(n > 2, (n - 1.0) * (n - 2.0), np.nan) * cubes / sd**3
        return np.sqrt(n) * (s + g * s**2 / 3.0 + g**2 * s**3 / 27.0 + g / (6.0 * n))


def jackknife_t(sample: Sample) -> TestValues:
    """Jackknife of theta = mean/sd: sqrt(N) mean(pseudo) / sd(pseudo) over N theta - (N - 1) theta_(-i), t(N - 1).

    The jackknife of the mean itself is the cross-sectional t to the last digit; of the mean in units of its own
    deviation it is a test that also corrects for the bias of a small sample.

    References
    ----------
    Giaccotto and Sfiridis (1996), Journal of Economics and Business 48, 349-370.
    """
    moments, segments = sample.complete, sample.segments
    n, deviation = moments.n, sample.deviations
    with np.errstate(invalid="ignore", divide="ignore"):
        share = 1.0 / (n - 1.0)
        mean = segments.expand(moments.mean) - deviation * segments.expand(share)
        total = segments.expand((n - 1.0) * moments.sd**2)
        squares = total - deviation * deviation * segments.expand(n * share)
        squares = np.where(squares > ROUNDING * total, squares, np.nan)
        deviation_of_rest = np.sqrt(squares * segments.expand(1.0 / np.where(n > 2, n - 2.0, np.nan)))
        theta = segments.expand(n * moments.mean / moments.sd)
        pseudo = theta - segments.expand(n - 1.0) * mean / deviation_of_rest
        pseudo = np.where(moments.known & (deviation_of_rest > 0), pseudo, np.nan)
        found = Moments.of(pseudo, segments)
        statistic = np.sqrt(found.n) * found.mean / found.sd
    remarks = [
        assumptions.no_pairs(sample),
        assumptions.too_few(moments, 3),
        assumptions.constant(moments),
        Remark("all pairs but one have the same value", (moments.n > 2) & (found.n < moments.n), "no value"),
        assumptions.clustered(sample, moments),
    ]
    return t_values("jackknife_t", statistic, np.maximum(moments.n - 1.0, 1.0), moments.n, remarks)


def _studentised(test: str, sample: Sample, moments: Moments, remarks: list[Remark]) -> TestValues:
    """Return the test of a mean over its cross-sectional standard error."""
    with np.errstate(invalid="ignore", divide="ignore"):
        statistic = np.sqrt(moments.n) * moments.mean / moments.sd
    remarks = [
        *remarks,
        assumptions.too_few(moments, 2),
        assumptions.constant(moments),
        assumptions.clustered(sample, moments),
    ]
    return t_values(test, statistic, np.maximum(moments.n - 1.0, 1.0), moments.n, remarks)


def standardised_remarks(sample: Sample) -> list[Remark]:
    """Return what may be said of any test of standardised values."""
    return [assumptions.no_pairs(sample), assumptions.no_variance(sample), assumptions.left_out(sample)]


def patell_remarks(sample: Sample) -> list[Remark]:
    """Return what may be said of Patell's test beside the dependence of pairs."""
    least = sample.least_df
    text = "needs more than 2 degrees of freedom for every pair, one has {}"
    finite = np.where(np.isfinite(least), least, 0.0)
    return [
        *standardised_remarks(sample),
        Remark(text, (sample.standard.n > 0) & (least <= 2.0), "no value", (finite,)),
        assumptions.induced_variance(sample),
    ]

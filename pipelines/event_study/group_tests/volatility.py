"""Tests that returns vary more in a window than before it."""

from __future__ import annotations

import numpy as np

from pipelines.event_study.arrays import FloatArray
from pipelines.event_study.estimates import Estimates
from pipelines.event_study.group_tests import assumptions
from pipelines.event_study.group_tests.parametric import standardised_remarks
from pipelines.event_study.group_tests.sample import Sample
from pipelines.event_study.group_tests.values import Remark, TestValues, p_values, z_values
from pipelines.event_study.significance import upper_chi2


def volatility_z(sample: Sample) -> TestValues:
    """Squared standardised values u = SCAR^2 against their expectation, N(0,1).

    Notes
    -----
    u ~ F(1, d) under the null, d = L1 - k, with mean d/(d - 2) and variance 2 d^2 (d - 1)/((d - 2)^2 (d - 4)):
    Z = sum(u - d/(d - 2)) / sqrt(sum Var(u)). A large positive value says that the event moved prices, whatever the
    direction. On one day u is Beaver's U.

    References
    ----------
    Beaver, W. H. (1968), Journal of Accounting Research 6, 67-92.
    Patell, J. M. (1976), Journal of Accounting Research 14, doi:10.2307/2490543.
    """
    moments, segments = sample.standard, sample.segments
    d = np.where(sample.df > 4, sample.df, np.nan)[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        excess = segments.sum(np.where(moments.known, sample.scar**2 - d / (d - 2.0), 0.0))
        variance = segments.sum(np.where(moments.known, 2.0 * d**2 * (d - 1.0) / ((d - 2.0) ** 2 * (d - 4.0)), 0.0))
        statistic = excess / np.sqrt(variance)
    text = "needs more than 4 degrees of freedom for every pair"
    short = Remark(text, (moments.n > 0) & np.isnan(variance), "no value")
    remarks = [*standardised_remarks(sample), short, assumptions.clustered(sample, moments)]
    return z_values("volatility_z", statistic, moments.n, remarks)


def volatility_chi2(sample: Sample, estimates: Estimates) -> TestValues:
    """Cross-sectional variance of the abnormal returns against what the models forecast, chi2((N - 1) L2), upper tail.

    Notes
    -----
    M_t = sum_i (N e_it - sum_j e_jt)^2 / (N (N - 2) h_it + sum_j h_jt) / (N - 1), h the variance of prediction;
    the statistic is (N - 1) times the sum of M_t over the window, whose excess over L2 is the cumulative abnormal
    volatility. It is multiplicative: 1 is no change.

    Each of the N terms of M_t has mean 1, so the published statistic has mean N L2 under the null and not (N - 1) L2:
    at 5 % it rejects 8.5 % for ten pairs on one day. The p-value therefore refers (N - 1)/N times the statistic to
    chi2((N - 1) L2), which is exact where the variances of prediction are equal.

    References
    ----------
    Bialkowski, Gottschalk and Wisniewski (2008), Journal of Banking and Finance 32,
    doi:10.1016/j.jbankfin.2007.12.021.
    """
    moments, segments = sample.standard, sample.segments
    n = moments.n
    total = np.zeros_like(n)
    rows = sample.batch.place
    start = estimates.spec.event.start
    abnormal, se = estimates.abnormal(rows), estimates.se[rows]
    for place, window in enumerate(sample.windows):
        known = moments.known[:, place, None]
        span = slice(window.start - start, window.end - start + 1)
        e = np.where(known, abnormal[:, span], 0.0)
        h = np.where(known, se[:, span] ** 2, 0.0)
        total[:, place] = _multiplicative(e, h, known, segments.expand(n[:, place, None]), sample).sum(axis=1)
    statistic = np.where(n > 2, total, np.nan)
    df = np.where(n > 1, (n - 1.0) * sample.lengths, np.nan)
    remarks = [
        *standardised_remarks(sample),
        assumptions.too_few(moments, 3),
        assumptions.clustered(sample, moments),
    ]
    p_value = upper_chi2(statistic * (n - 1.0) / np.maximum(n, 1.0), df)
    return p_values("volatility_chi2", statistic, p_value, n, remarks, df=df)


def _multiplicative(e: FloatArray, h: FloatArray, known: np.ndarray, n: FloatArray, sample: Sample) -> FloatArray:
    """Return (N - 1) M_t of every group; shape (groups, days)."""
    segments = sample.segments
    sum_e, sum_h = segments.expand(segments.sum(e)), segments.expand(segments.sum(h))
    with np.errstate(invalid="ignore", divide="ignore"):
        terms = (n * e - sum_e) ** 2 / (n * (n - 2.0) * h + sum_h)
    return segments.sum(np.where(known & (n > 2), terms, 0.0))

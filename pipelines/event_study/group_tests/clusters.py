"""Tests of a mean that let pairs of one event session, of one security, or of both depend on one another.

The mean is the coefficient of a regression of the CARs on a constant, and its variance sums over clusters c

    V = G/(G - 1) (N - 1)/(N - k) sum over c of (sum of the deviations in c)^2 / N^2,   k = 1,

the usual correction for G clusters (that of Stata and statsmodels), with t(G - 1). With every pair a cluster of its
own it is the cross-sectional t.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.event_study.arrays import ROUNDING, FloatArray
from pipelines.event_study.estimates import Estimates
from pipelines.event_study.group_tests import assumptions
from pipelines.event_study.group_tests.sample import Sample
from pipelines.event_study.group_tests.segments import Segments
from pipelines.event_study.group_tests.values import Remark, TestValues, t_values

_SESSIONS, _SECURITIES = "event session", "security"


def cluster_robust_t_date(sample: Sample) -> TestValues:
    """Test the mean by its standard error clustered by event session, t(sessions - 1).

    Pairs that share their day 0 may be correlated; pairs of different days 0 are taken as independent, although
    their windows may overlap.

    References
    ----------
    Cameron, Gelbach and Miller (2011), Journal of Business and Economic Statistics 29, doi:10.1198/jbes.2010.07136.
    """
    variance, n_clusters = _variance(sample, sample.session)
    remarks = [*_mean_remarks(sample), _one_cluster(sample, n_clusters, _SESSIONS)]
    return _test("cluster_robust_t_date", sample, variance, n_clusters, remarks)


def cluster_robust_t_firm(sample: Sample, estimates: Estimates) -> TestValues:
    """Test the mean by its standard error clustered by security, t(securities - 1).

    Events of one security may be correlated; securities are taken as independent, also where they share a day 0.

    References
    ----------
    Cameron, Gelbach and Miller (2011), Journal of Business and Economic Statistics 29, doi:10.1198/jbes.2010.07136.
    """
    variance, n_clusters = _variance(sample, estimates.pairs.code[sample.batch.rows])
    remarks = [*_mean_remarks(sample), _one_cluster(sample, n_clusters, _SECURITIES)]
    independent = assumptions.clustered(sample, sample.complete)
    return _test("cluster_robust_t_firm", sample, variance, n_clusters, [*remarks, independent])


def cluster_robust_t(sample: Sample, estimates: Estimates) -> TestValues:
    """Test the mean by its standard error clustered by event session and by security, t(fewer of both - 1).

    Notes
    -----
    V = V_security + V_session - V_both, each with the correction for its own number of clusters; V_both has a cluster
    for every security on every session. V need not be positive, and there is no value where it is not.

    References
    ----------
    Cameron, Gelbach and Miller (2011), Journal of Business and Economic Statistics 29, doi:10.1198/jbes.2010.07136.
    """
    security = estimates.pairs.code[sample.batch.rows]
    by_session, n_sessions = _variance(sample, sample.session)
    by_security, n_securities = _variance(sample, security)
    by_both, _ = _variance(sample, sample.session, security)
    remarks = [
        *_mean_remarks(sample),
        _one_cluster(sample, n_sessions, _SESSIONS),
        _one_cluster(sample, n_securities, _SECURITIES),
    ]
    variance = by_security + by_session - by_both
    return _test("cluster_robust_t", sample, variance, np.minimum(n_sessions, n_securities), remarks)


def _test(test: str, sample: Sample, variance: FloatArray, n_clusters: FloatArray, remarks: list[Remark]) -> TestValues:
    moments = sample.complete
    with np.errstate(invalid="ignore", divide="ignore"):
        is_positive = variance > (ROUNDING * (1.0 + np.abs(moments.mean))) ** 2
        statistic = moments.mean / np.sqrt(np.where(is_positive, variance, np.nan))
    least = assumptions.MIN_CLUSTERS
    few = f"{{}} clusters are too few, a standard error robust to them is too small: that takes {least}"
    remarks = [
        *remarks,
        Remark("the variance over clusters is not positive", (n_clusters > 1) & ~is_positive, "no value"),
        Remark(few, (n_clusters > 1) & (n_clusters < least), "not valid", (n_clusters,)),
    ]
    return t_values(test, statistic, np.maximum(n_clusters - 1.0, 1.0), moments.n, remarks)


def _mean_remarks(sample: Sample) -> list[Remark]:
    moments = sample.complete
    return [assumptions.no_pairs(sample), assumptions.too_few(moments, 2), assumptions.constant(moments)]


def _one_cluster(sample: Sample, n_clusters: FloatArray, what: str) -> Remark:
    text = f"all {{}} pairs are of one {what}, and so there are no clusters to compare"
    return Remark(text, (sample.complete.n > 1) & (n_clusters == 1), "no value", (sample.complete.n,))


def _variance(sample: Sample, *keys: NDArray[Any]) -> tuple[FloatArray, FloatArray]:
    """Return the variance of the mean and the number of clusters, pairs that agree in all keys being one.

    Parameters
    ----------
    keys : array, each of shape (members,)

    Returns
    -------
    variance, n_clusters : array, each of shape (groups, windows)
        NaN and 0 or 1 where there are no two clusters.
    """
    moments, segments = sample.complete, sample.segments
    ids = segments.ids
    order = np.lexsort((*keys, ids))
    clusters = Segments.of_keys(ids[order], *(key[order] for key in keys))
    groups = Segments.of_keys(ids[order][clusters.starts])
    if clusters.n_groups == groups.n_groups:
        return np.full_like(moments.mean, np.nan), (moments.n > 0).astype(np.float64)
    sums, n_clusters = sample.deviations[order], moments.n
    if clusters.n_groups < ids.size:
        sums = clusters.sum(sums)
        n_clusters = groups.sum(clusters.sum(moments.known[order]) > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        correction = np.where(n_clusters > 1, n_clusters / (n_clusters - 1.0), np.nan)
        return correction * groups.sum(sums * sums) / moments.n**2, n_clusters

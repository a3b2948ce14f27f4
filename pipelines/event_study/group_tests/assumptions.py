"""What tests assume, and remarks where a group does not meet it."""

from __future__ import annotations

from typing import Final

import numpy as np

from pipelines.event_study.arrays import FloatArray
from pipelines.event_study.group_tests.sample import Moments, Sample
from pipelines.event_study.group_tests.values import Remark
from pipelines.event_study.significance import upper_chi2

INDUCED_VARIANCE_P: Final = 0.001
"""Level of the test that an event changes the variance; low, as returns have fatter tails than the test assumes."""

MIN_INDUCED_VARIANCE_PAIRS: Final = 10
"""Pairs below which a change of variance is not looked for."""

MIN_CLUSTERS: Final = 10
"""Clusters below which a cluster-robust standard error is too small (Cameron, Gelbach and Miller 2008)."""


def no_pairs(sample: Sample) -> Remark:
    """Say that no pair has a complete window."""
    return Remark("no pair has a complete window", sample.complete.n == 0, "no value")


def no_variance(sample: Sample) -> Remark:
    """Say that no pair with a complete window has residual variance."""
    return Remark("no pair has residual variance", (sample.complete.n > 0) & (sample.standard.n == 0), "no value")


def left_out(sample: Sample) -> Remark:
    """Say how many pairs with a complete window a standardised test does without."""
    n, n_standard = sample.complete.n, sample.standard.n
    text = "{} of {} pairs have no residual variance and are left out"
    return Remark(text, (n_standard > 0) & (n_standard < n), "remark", (n - n_standard, n))


def too_few(moments: Moments, least: int) -> Remark:
    """Say that there are fewer pairs than the statistic needs."""
    return Remark(
        f"needs at least {least} pairs, has {{}}", (moments.n > 0) & (moments.n < least), "no value", (moments.n,)
    )


def cannot_reject(n: FloatArray, least: int) -> Remark:
    """Say that so few pairs cannot lead to a p-value below 5 %, whatever they are."""
    text = f"N = {{}} cannot reject at 5 %, whatever the values: that takes {least} pairs"
    return Remark(text, (n > 0) & (n < least), "not valid", (n,))


def constant(moments: Moments) -> Remark:
    """Say that there is no deviation across pairs to divide by."""
    text = "all pairs have the same value, so there is no cross-sectional deviation"
    return Remark(text, (moments.n > 1) & moments.is_constant, "no value")


def clustered(sample: Sample, moments: Moments) -> Remark:
    """Say that more than half of the pairs share one event session, where a test assumes independent pairs."""
    is_standard = moments is sample.standard
    n_together, session = sample.shared_session_of_standard if is_standard else sample.shared_session
    text = (
        "{} of {} pairs share the event session {}: the test assumes independence across pairs, so its p-value is "
        "too small"
    )
    where = (moments.n > 1) & (2.0 * n_together > moments.n)
    return Remark(text, where, "not valid", (n_together, moments.n, session))


def induced_variance(sample: Sample) -> Remark:
    """Say that the pairs vary more on the event than the estimation window implies.

    Notes
    -----
    Under the null the standardised values have the mean variance of d/(d - 2); (N - 1) times the ratio of their
    variance to it is compared with chi2(N - 1).
    """
    moments = sample.standard
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = sample.variance_ratio
        p_value = upper_chi2((moments.n - 1.0) * ratio, np.maximum(moments.n - 1.0, 1.0))
        where = (moments.n >= MIN_INDUCED_VARIANCE_PAIRS) & (p_value < INDUCED_VARIANCE_P)
    text = (
        "the variance across pairs is {:.2f} times what the estimation window implies: an event-induced variance that "
        "the test takes for an effect"
    )
    return Remark(text, where, "not valid", (ratio,))

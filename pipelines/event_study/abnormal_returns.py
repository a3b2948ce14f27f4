"""Abnormal returns: actual minus normal, day by day over the event window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.event_study.arrays import FloatArray, zero_missing
from pipelines.event_study.normal_returns import NormalReturnFit


@dataclass(frozen=True, slots=True, eq=False)
class AbnormalReturns:
    """Returns over the event window; every array has shape (pairs, days) and NaN where a day is missing.

    Attributes
    ----------
    actual, expected, abnormal : array
        Decimal returns; abnormal = actual - expected.
    deviation : array
        Benchmark return minus its mean over the estimation window.
    se : array
        Standard error of prediction.
    standardised : array
        abnormal / se, t(L1 - k) under the null; NaN where the residual variance is zero.
    """

    actual: FloatArray
    expected: FloatArray
    abnormal: FloatArray
    deviation: FloatArray
    se: FloatArray
    standardised: FloatArray

    @property
    def cumulated(self) -> FloatArray:
        """Running sum over the days that have an abnormal return; shape (pairs, days)."""
        total = np.cumsum(zero_missing(self.abnormal), axis=1)
        return np.where(np.isnan(self.abnormal), np.nan, total)


def abnormal_returns(fit: NormalReturnFit, security: FloatArray, benchmark: FloatArray) -> AbnormalReturns:
    """Subtract the fitted normal return from the actual one.

    Parameters
    ----------
    fit : NormalReturnFit
        Models of the pairs.
    security, benchmark : array, shape (pairs, days)
        Decimal returns in the event window; `benchmark` is NaN where either is missing.

    References
    ----------
    MacKinlay, A. C. (1997), Journal of Economic Literature 35, 13-39.
    """
    expected = fit.alpha[:, None] + fit.beta[:, None] * benchmark
    abnormal = security - expected
    deviation = benchmark - fit.mean_x[:, None]
    se = fit.prediction_se(np.ones_like(benchmark), deviation)
    se[np.isnan(benchmark)] = np.nan
    return AbnormalReturns(
        actual=security,
        expected=expected,
        abnormal=abnormal,
        deviation=deviation,
        se=se,
        standardised=standardise(abnormal, se),
    )


def standardise(value: FloatArray, se: FloatArray) -> FloatArray:
    """Divide by the standard error; NaN where it is zero or missing."""
    return np.divide(value, se, out=np.full_like(value, np.nan), where=se > 0)

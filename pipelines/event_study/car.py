"""Aggregate over time: cumulative and buy-and-hold abnormal returns of every pair and window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipelines.event_study.abnormal_returns import AbnormalReturns, standardise
from pipelines.event_study.arrays import FloatArray, IntArray, zero_missing
from pipelines.event_study.normal_returns import NormalReturnFit
from pipelines.event_study.spec import StudySpec, Window


@dataclass(frozen=True, slots=True, eq=False)
class CumulativeReturns:
    """Aggregates over windows; every array has shape (pairs, windows).

    Attributes
    ----------
    windows : tuple of Window
        The windows, sorted.
    car : array
        Sum of the abnormal returns over the window's available days; NaN if there is none.
    se : array
        Its standard error from the exact prediction-error covariance of those days.
    scar : array
        car / se, t(L1 - k) under the null; NaN where the residual variance is zero.
    bhar : array
        Buy-and-hold return minus the normal return held as long; NaN if a day is missing.
    n_days : array of int
        Days of the window that have an abnormal return.
    """

    windows: tuple[Window, ...]
    car: FloatArray
    se: FloatArray
    scar: FloatArray
    bhar: FloatArray
    n_days: IntArray


def cumulate(spec: StudySpec, fit: NormalReturnFit, returns: AbnormalReturns) -> CumulativeReturns:
    """Cumulate abnormal returns over each of the study's CAR windows.

    Parameters
    ----------
    fit, returns
        Models and event-window returns of the pairs.

    Notes
    -----
    A missing day is left out of the CAR, of its variance and of `n_days`; the buy-and-hold return needs every day.
    BHAR is prod(1 + R) - prod(1 + E[R]) for simple returns, exp(sum R) - exp(sum E[R]) for log returns.

    References
    ----------
    Campbell, Lo and MacKinlay (1997), The Econometrics of Financial Markets, chapter 4 (variance of the CAR).
    Barber and Lyon (1997), Journal of Financial Economics 43 (buy-and-hold abnormal returns).
    """
    windows = tuple(sorted(spec.car_windows))
    days = [slice(window.start - spec.event.start, window.end - spec.event.start + 1) for window in windows]
    available = ~np.isnan(returns.abnormal)
    n_days = np.stack([available[:, span].sum(axis=1) for span in days], axis=1)
    car = _sums(zero_missing(returns.abnormal), days)
    se = fit.prediction_se(n_days.astype(np.float64), _sums(zero_missing(returns.deviation), days))
    car[n_days == 0] = np.nan
    se[n_days == 0] = np.nan
    hold = _simple_held if spec.return_type == "simple" else _log_held
    bhar = np.stack([hold(returns.actual[:, span]) - hold(returns.expected[:, span]) for span in days], axis=1)
    return CumulativeReturns(windows, car, se, scar=standardise(car, se), bhar=bhar, n_days=n_days)


def _sums(values: FloatArray, days: Sequence[slice]) -> FloatArray:
    return np.stack([values[:, span].sum(axis=1) for span in days], axis=1)


def _simple_held(returns: FloatArray) -> FloatArray:
    held: FloatArray = np.prod(1.0 + returns, axis=1)
    return held


def _log_held(returns: FloatArray) -> FloatArray:
    held: FloatArray = np.exp(returns.sum(axis=1))
    return held

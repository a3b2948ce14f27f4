"""Aggregate over time: cumulative and buy-and-hold abnormal returns of pairs over windows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.event_study.arrays import BoolArray, FloatArray, IntArray, by_day, multiply_rows, sum_rows, zero_missing
from pipelines.event_study.normal_returns import Prediction
from pipelines.event_study.spec import StudySpec
from pipelines.event_study.windows import Window


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
    bhar : array
        Buy-and-hold return minus the normal return held as long; NaN if a day is missing, or if no return is studied.
    n_days : array of int
        Days of the window that have an abnormal return.
    """

    windows: tuple[Window, ...]
    car: FloatArray
    se: FloatArray
    bhar: FloatArray
    n_days: IntArray

    @classmethod
    def empty(cls, windows: tuple[Window, ...], n_pairs: int) -> CumulativeReturns:
        """Make room for the aggregates of some pairs."""
        shape = (n_pairs, len(windows))
        return cls(windows, np.empty(shape), np.empty(shape), np.empty(shape), np.empty(shape, dtype=np.int64))

    @property
    def scar(self) -> FloatArray:
        """Car / se, t(L1 - k) under the null; NaN where the residual variance is zero."""
        return standardise(self.car, self.se)

    @property
    def is_complete(self) -> BoolArray:
        """Whether every day of the window has an abnormal return."""
        complete: BoolArray = self.n_days == np.array([window.length for window in self.windows])
        return complete

    def fill(
        self,
        rows: slice,
        *,
        spec: StudySpec,
        prediction: Prediction,
        actual: FloatArray,
        expected: FloatArray,
        x: FloatArray,
    ) -> None:
        """Cumulate the abnormal returns of some pairs.

        Parameters
        ----------
        rows : slice
            Where the pairs stand.
        actual, expected : array, shape (pairs, days)
            Event window; NaN on a missing day.
        x : array, shape (k, pairs, days)
            Regressors in the event window.

        Notes
        -----
        A missing day is left out of the CAR, of its variance and of `n_days`; the buy-and-hold return needs every day.
        BHAR is prod(1 + R) - prod(1 + E[R]) for simple returns, exp(sum R) - exp(sum E[R]) for log returns.

        References
        ----------
        Campbell, Lo and MacKinlay (1997), The Econometrics of Financial Markets, chapter 4 (variance of the CAR).
        Barber and Lyon (1997), Journal of Financial Economics 43, doi:10.1016/S0304-405X(96)00890-2 (BHAR).
        """
        available = ~np.isnan(expected)
        abnormal = by_day(zero_missing(actual - expected))
        held = _Held.of(spec, actual, expected)
        known = np.where(available, x, 0.0)
        for place, window in enumerate(self.windows):
            span = slice(window.start - spec.event.start, window.end - spec.event.start + 1)
            n_days = available[:, span].sum(axis=1)
            none = n_days == 0
            self.n_days[rows, place] = n_days
            self.car[rows, place] = np.where(none, np.nan, sum_rows(abnormal[span]))
            self.se[rows, place] = np.where(none, np.nan, prediction.window_se(known, available, span))
            self.bhar[rows, place] = held.over(span)


def standardise(value: FloatArray, se: FloatArray) -> FloatArray:
    """Divide by the standard error; NaN where it is zero or missing."""
    return np.divide(value, se, out=np.full_like(value, np.nan), where=se > 0)


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    """Gross returns by day, of shape (days, pairs), or their logarithms; None if no return is studied."""

    actual: FloatArray | None
    expected: FloatArray | None
    is_log: bool

    @classmethod
    def of(cls, spec: StudySpec, actual: FloatArray, expected: FloatArray) -> _Held:
        if spec.measure != "return":
            return cls(None, None, is_log=False)
        is_log = spec.return_type == "log"
        actual, expected = (by_day(each if is_log else 1.0 + each) for each in (actual, expected))
        return cls(actual, expected, is_log)

    def over(self, span: slice) -> FloatArray | float:
        """Return the buy-and-hold abnormal return over a window; shape (pairs,), NaN where a day is missing."""
        if self.actual is None or self.expected is None:
            return np.nan
        first, second = (
            np.exp(sum_rows(each[span])) if self.is_log else multiply_rows(each[span])
            for each in (self.actual, self.expected)
        )
        difference: FloatArray = first - second
        return difference

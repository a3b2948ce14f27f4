"""A fitted model of the normal return, and how uncertain its predictions are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np

from pipelines.event_study.arrays import BoolArray, FloatArray, IntArray, by_day, sum_rows
from pipelines.event_study.bundles import join_rows, put_rows, take_rows


class Prediction(Protocol):
    """The covariance of a pair's prediction errors over the event window."""

    def day_se(self, x: FloatArray) -> FloatArray:
        """Return the standard error of each day's abnormal return.

        Parameters
        ----------
        x : array, shape (k, pairs, days)
            Regressors in the event window.

        Returns
        -------
        array, shape (pairs, days)
            Not to be used on a day without regressors.
        """
        ...

    def window_se(self, x: FloatArray, available: BoolArray, span: slice) -> FloatArray:
        """Return the standard error of the sum of abnormal returns over the available days of a window.

        Parameters
        ----------
        x : array, shape (k, pairs, days)
            Regressors in the event window, 0 on a day that is not available.
        available : array of bool, shape (pairs, days)
            Days that have an abnormal return.
        span : slice
            The window's days.

        Returns
        -------
        array, shape (pairs,)
        """
        ...

    def parameter_covariance(self) -> FloatArray:
        """Return the covariance of (alpha, slopes); shape (pairs, 1 + k, 1 + k)."""
        ...

    def take(self, rows: IntArray | BoolArray | slice) -> Self:
        """Return the predictions of some pairs."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class NormalReturnFit:
    """Fitted models, one per pair.

    Attributes
    ----------
    alpha : array, shape (pairs,)
        Intercept; 0 in a model without one.
    slopes : array, shape (pairs, k)
        Slope on each regressor of the study; NaN where it cannot be identified.
    sigma : array, shape (pairs,)
        Residual standard deviation, divisor L1 - (estimated parameters); exactly 0 where the residuals are nothing
        but rounding.
    n, df : array of int, shape (pairs,)
        Usable estimation sessions L1, and degrees of freedom.
    prediction : Prediction
        Covariance of the prediction errors.
    """

    alpha: FloatArray
    slopes: FloatArray
    sigma: FloatArray
    n: IntArray
    df: IntArray
    prediction: Prediction

    @property
    def is_identified(self) -> BoolArray:
        """Whether every parameter could be estimated; shape (pairs,)."""
        return ~np.isnan(self.alpha) & ~np.isnan(self.sigma) & ~np.isnan(self.slopes).any(axis=1)

    def take(self, rows: IntArray | BoolArray | slice) -> NormalReturnFit:
        """Return the fits of some pairs."""
        return take_rows(self, rows)

    @staticmethod
    def concat(fits: Sequence[NormalReturnFit]) -> NormalReturnFit:
        """Join the fits of successive blocks of pairs."""
        return join_rows(fits)

    def put(self, rows: IntArray, others: NormalReturnFit) -> NormalReturnFit:
        """Return the fits with those of some pairs exchanged."""
        return put_rows(self, rows, others)

    def expected(self, x: FloatArray) -> FloatArray:
        """Return alpha + slopes x.

        Parameters
        ----------
        x : array, shape (k, pairs, days)

        Returns
        -------
        array, shape (pairs, days), or (pairs, 1) without a regressor
        """
        if not x.shape[0]:
            return self.alpha[:, None]
        total: FloatArray = x[0] * self.slopes[:, 0, None]
        for place in range(1, x.shape[0]):
            total += x[place] * self.slopes[:, place, None]
        total += self.alpha[:, None]
        return total


@dataclass(frozen=True, slots=True, eq=False)
class OlsPrediction:
    """Prediction errors of least squares with independent residuals of one variance.

    Attributes
    ----------
    sigma : array, shape (pairs,)
        Residual standard deviation.
    mean_leverage : array, shape (pairs,)
        1/L1 where an intercept is estimated, else 0.
    mean_x : array, shape (pairs, k)
        Mean of each regressor over the estimation window.
    inverse_sxx : array, shape (pairs, k, k)
        Inverse of the regressors' centred cross-products.

    Notes
    -----
    Var(sum of AR over n days) = sigma^2 (n + n^2/L1 + d' Sxx^-1 d), d the sum over those days of x - mean(x). That is
    1'V1 with V = sigma^2 (I + X*(X'X)^-1 X*'), exact under independent normal errors.

    References
    ----------
    Patell, J. M. (1976), Journal of Accounting Research 14, doi:10.2307/2490543.
    Campbell, Lo and MacKinlay (1997), The Econometrics of Financial Markets, chapter 4.
    """

    sigma: FloatArray
    mean_leverage: FloatArray
    mean_x: FloatArray
    inverse_sxx: FloatArray

    def day_se(self, x: FloatArray) -> FloatArray:
        """Return the standard error of each day's abnormal return; shape (pairs, days), see Prediction."""
        deviations = [x[place] - self.mean_x[:, place, None] for place in range(x.shape[0])]
        leverage = quadratic(self.inverse_sxx, deviations)
        return self.sigma[:, None] * np.sqrt((1.0 + self.mean_leverage)[:, None] + leverage)

    def window_se(self, x: FloatArray, available: BoolArray, span: slice) -> FloatArray:
        """Return the standard error of a sum; shape (pairs,), see Prediction."""
        n = np.count_nonzero(available[:, span], axis=1).astype(np.float64)
        return self.sum_se(n, [sum_rows(by_day(each[:, span])) for each in x])

    def sum_se(self, n: FloatArray, sums: Sequence[FloatArray]) -> FloatArray:
        """Return the standard error of a sum of n days, given the regressors' sums over them; all of shape (pairs,)."""
        deviations = [(total - n * self.mean_x[:, place])[:, None] for place, total in enumerate(sums)]
        leverage = n**2 * self.mean_leverage + quadratic(self.inverse_sxx, deviations)[:, 0]
        return self.sigma * np.sqrt(n + leverage)

    def parameter_covariance(self) -> FloatArray:
        """Return sigma^2 (X'X)^-1; shape (pairs, 1 + k, 1 + k), zero where no intercept is estimated."""
        n_pairs, k = self.mean_x.shape
        covariance = np.empty((n_pairs, 1 + k, 1 + k))
        cross = -times(self.inverse_sxx, self.mean_x)
        covariance[:, 0, 0] = self.mean_leverage
        for j in range(k):
            covariance[:, 0, 0] -= cross[:, j] * self.mean_x[:, j]
        covariance[:, 0, 1:] = covariance[:, 1:, 0] = cross
        covariance[:, 1:, 1:] = self.inverse_sxx
        return covariance * self.sigma[:, None, None] ** 2

    def take(self, rows: IntArray | BoolArray | slice) -> OlsPrediction:
        """Return the predictions of some pairs."""
        return take_rows(self, rows)


@dataclass(frozen=True, slots=True, eq=False)
class GeneralPrediction:
    """Prediction errors whose residuals change in variance or are autocorrelated.

    Attributes
    ----------
    day_variance : array, shape (pairs, days)
        Variance of the residual on each day of the event window.
    autocorrelation : array, shape (pairs, days)
        Correlation of residuals 0, 1, 2 ... days apart; the first is 1.
    covariance : array, shape (pairs, 1 + k, 1 + k)
        Covariance of the estimates of (alpha, slopes).

    Notes
    -----
    Var(sum over W) = sum over s,t in W of sqrt(v_s v_t) rho_|s-t| + g' C g, with g = (days, sum of x over W).
    """

    day_variance: FloatArray
    autocorrelation: FloatArray
    covariance: FloatArray

    def day_se(self, x: FloatArray) -> FloatArray:
        """Return the standard error of each day's abnormal return; shape (pairs, days), see Prediction."""
        ones = np.ones(self.day_variance.shape)
        se: FloatArray = np.sqrt(self.day_variance + quadratic(self.covariance, [ones, *x]))
        return se

    def window_se(self, x: FloatArray, available: BoolArray, span: slice) -> FloatArray:
        """Return the standard error of a sum; shape (pairs,), see Prediction."""
        deviation = by_day(np.sqrt(self.day_variance[:, span]) * available[:, span])
        variance = sum_rows(deviation * deviation)
        for apart in range(1, deviation.shape[0]):
            variance += 2.0 * self.autocorrelation[:, apart] * sum_rows(deviation[apart:] * deviation[:-apart])
        n = available[:, span].sum(axis=1, dtype=np.float64)
        sums = [n[:, None], *(sum_rows(by_day(each[:, span]))[:, None] for each in x)]
        se: FloatArray = np.sqrt(variance + quadratic(self.covariance, sums)[:, 0])
        return se

    def parameter_covariance(self) -> FloatArray:
        """Return the covariance of (alpha, slopes); shape (pairs, 1 + k, 1 + k)."""
        return self.covariance

    def take(self, rows: IntArray | BoolArray | slice) -> GeneralPrediction:
        """Return the predictions of some pairs."""
        return take_rows(self, rows)


def times(matrix: FloatArray, vector: FloatArray) -> FloatArray:
    """Multiply each pair's matrix with its vector, in one order whatever stands beside; (pairs, k, k), (pairs, k)."""
    product = np.zeros_like(vector)
    for j in range(vector.shape[1]):
        for i in range(vector.shape[1]):
            product[:, j] += matrix[:, j, i] * vector[:, i]
    return product


def quadratic(matrix: FloatArray, columns: Sequence[FloatArray]) -> FloatArray:
    """Return d' M d for each pair's symmetric M; d_j of shape (pairs, m), 0 of shape (1, 1) without any."""
    total = np.zeros((1, 1))
    for j, first in enumerate(columns):
        for i, second in enumerate(columns[: j + 1]):
            weight = matrix[:, j, i, None] * (1.0 if i == j else 2.0)
            total = total + weight * (first * second)
    return total

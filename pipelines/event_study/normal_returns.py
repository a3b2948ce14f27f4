"""Fit: the normal-return model of every pair at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from pipelines.event_study.arrays import BoolArray, FloatArray, IntArray, is_rounding
from pipelines.event_study.spec import StudySpec


@dataclass(frozen=True, slots=True, eq=False)
class NormalReturnFit:
    """Fitted normal-return models, one per pair; every array has shape (pairs,).

    Attributes
    ----------
    alpha, beta : array
        Expected return is alpha + beta * x, x the matched benchmark return. Market-adjusted: 0 and 1. Constant mean:
        the mean and 0.
    sigma : array
        Residual standard deviation, divisor L1 - k; exactly 0 where the residuals are nothing but rounding.
    n, df : array of int
        Usable estimation sessions L1, and L1 - k.
    mean_x, sxx : array
        Mean and centred sum of squares of x over the usable sessions; infinite sxx where no slope is estimated.
    mean_leverage : array
        1/L1 where an intercept is estimated, else 0.
    """

    alpha: FloatArray
    beta: FloatArray
    sigma: FloatArray
    n: IntArray
    df: IntArray
    mean_x: FloatArray
    sxx: FloatArray
    mean_leverage: FloatArray

    def take(self, rows: IntArray | BoolArray) -> NormalReturnFit:
        """Return the fits of some pairs."""
        return NormalReturnFit(*(getattr(self, each.name)[rows] for each in fields(self)))

    @classmethod
    def concat(cls, fits: Sequence[NormalReturnFit]) -> NormalReturnFit:
        """Join the fits of successive blocks of pairs."""
        return cls(*(np.concatenate([getattr(fit, each.name) for fit in fits]) for each in fields(cls)))

    def prediction_se(self, n_days: FloatArray, sum_deviation: FloatArray) -> FloatArray:
        """Return the standard error of prediction of a sum of abnormal returns.

        Parameters
        ----------
        n_days : array, shape (pairs, m)
            Days summed; 1 for the abnormal return of one day.
        sum_deviation : array, shape (pairs, m)
            Sum over those days of x - mean_x.

        Returns
        -------
        array, shape (pairs, m)

        Notes
        -----
        sigma * sqrt(n + n^2/L1 + (sum of deviations)^2/Sxx), which is the square root of 1'V1 with
        V = sigma^2 (I + X*(X'X)^-1 X*'), exact under independent normal errors. Without an intercept the second term
        is absent, without a slope the third.

        References
        ----------
        Patell, J. M. (1976), Journal of Accounting Research 14, doi:10.2307/2490543.
        Campbell, Lo and MacKinlay (1997), The Econometrics of Financial Markets, chapter 4.
        """
        leverage = n_days**2 * self.mean_leverage[:, None] + sum_deviation**2 / self.sxx[:, None]
        return self.sigma[:, None] * np.sqrt(n_days + leverage)


def fit_normal_returns(spec: StudySpec, security: FloatArray, benchmark: FloatArray) -> NormalReturnFit:
    """Fit the study's model to every pair's estimation window.

    Parameters
    ----------
    security, benchmark : array, shape (pairs, L)
        Decimal returns in the estimation window. A day counts where `benchmark` is not NaN, which alignment allows
        only where both returns exist. Each pair needs more usable days than the model has parameters.

    Returns
    -------
    NormalReturnFit
        A market model whose benchmark does not move has a beta of NaN: it cannot be identified.

    Notes
    -----
    All sums are over deviations from the mean. The market-adjusted variance is about zero with L1 degrees of freedom.

    References
    ----------
    MacKinlay, A. C. (1997), Journal of Economic Literature 35, 13-39 (market model, constant mean).
    Brown and Warner (1980), Journal of Financial Economics 8, doi:10.1016/0304-405X(80)90002-1 (market-adjusted).
    """
    usable = ~np.isnan(benchmark)
    n = usable.sum(axis=1)
    y = np.where(usable, security, 0.0)
    x = np.where(usable, benchmark, 0.0)
    if spec.model == "market":
        return _fit_market(spec, y, x, usable, n)
    if spec.model == "constant_mean":
        return _fit_constant_mean(spec, y, usable, n)
    return _fit_market_adjusted(spec, y, x, n)


def _fit_market(spec: StudySpec, y: FloatArray, x: FloatArray, usable: BoolArray, n: IntArray) -> NormalReturnFit:
    mean_y, dy = _centre(y, usable, n)
    mean_x, dx = _centre(x, usable, n)
    sxx = _dot(dx, dx)
    moves = ~is_rounding(sxx, n, _dot(x, x))
    beta = np.divide(_dot(dx, dy), sxx, out=np.full_like(sxx, np.nan), where=moves)
    residual = dy - beta[:, None] * dx
    return NormalReturnFit(
        alpha=mean_y - beta * mean_x,
        beta=beta,
        sigma=_sigma(spec, residual, y, n),
        n=n,
        df=n - spec.n_parameters,
        mean_x=mean_x,
        sxx=sxx,
        mean_leverage=1.0 / n,
    )


def _fit_constant_mean(spec: StudySpec, y: FloatArray, usable: BoolArray, n: IntArray) -> NormalReturnFit:
    mean_y, residual = _centre(y, usable, n)
    return NormalReturnFit(
        alpha=mean_y,
        beta=np.zeros_like(mean_y),
        sigma=_sigma(spec, residual, y, n),
        n=n,
        df=n - spec.n_parameters,
        mean_x=np.zeros_like(mean_y),
        sxx=np.full_like(mean_y, np.inf),
        mean_leverage=1.0 / n,
    )


def _fit_market_adjusted(spec: StudySpec, y: FloatArray, x: FloatArray, n: IntArray) -> NormalReturnFit:
    sigma = _sigma(spec, y - x, y, n)
    return NormalReturnFit(
        alpha=np.zeros_like(sigma),
        beta=np.ones_like(sigma),
        sigma=sigma,
        n=n,
        df=n - spec.n_parameters,
        mean_x=np.zeros_like(sigma),
        sxx=np.full_like(sigma, np.inf),
        mean_leverage=np.zeros_like(sigma),
    )


def _centre(values: FloatArray, usable: BoolArray, n: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return the mean over the usable days and the deviations from it, 0 on the others."""
    mean = values.sum(axis=1) / n
    return mean, np.where(usable, values - mean[:, None], 0.0)


def _sigma(spec: StudySpec, residual: FloatArray, y: FloatArray, n: IntArray) -> FloatArray:
    squares = _dot(residual, residual)
    return np.where(is_rounding(squares, n, _dot(y, y)), 0.0, np.sqrt(squares / (n - spec.n_parameters)))


def _dot(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return the inner product of each pair's rows; shape (pairs,)."""
    product: FloatArray = np.einsum("ij,ij->i", a, b)
    return product

"""Regression with AR(1) residuals by Prais and Winsten, the normal model of trading volume."""

from __future__ import annotations

import numpy as np

from pipelines.event_study.arrays import BoolArray, FloatArray, is_rounding, zero_missing
from pipelines.event_study.normal_returns.fit import GeneralPrediction, NormalReturnFit, times
from pipelines.event_study.normal_returns.least_squares import least_squares
from pipelines.event_study.normal_returns.moments import window_moments


def fit_autoregressive(y: FloatArray, x: FloatArray, n_days: int) -> NormalReturnFit:
    """Regress y on an intercept and x by estimated generalised least squares with AR(1) residuals.

    Parameters
    ----------
    y : array, shape (pairs, L)
        Log volume in the estimation window, NaN on an unusable day.
    x : array, shape (k, pairs, L)
        Regressors; k may be 0.
    n_days : int
        Length of the event window in days.

    Returns
    -------
    NormalReturnFit
        df = L1 - k - 1. sigma is the standard deviation of the residual itself, s_eps/sqrt(1 - rho^2), not that of
        its innovation. Parameters are NaN where the regressors do not move or are collinear.

    Notes
    -----
    rho = sum e_t e_(t-1) / sum e_t^2 of the least-squares residuals (Yule-Walker), the numerator over usable days that
    follow a usable day; |rho| < 1 always. The regression is then that of y_t - rho y_(t-1) on the regressors
    transformed alike, with the first day of every run of usable days multiplied by sqrt(1 - rho^2): a gap starts the
    series anew. One such step is taken, the two-step estimator, without iteration to convergence.

    s_eps^2 = SSE/(L1 - k - 1) of the transformed regression, Cov(a, b) = s_eps^2 (X*'X*)^-1; residuals j days apart
    have the covariance s_eps^2 rho^j/(1 - rho^2).

    References
    ----------
    Prais and Winsten (1954), Cowles Commission Discussion Paper 383.
    Ajinkya and Jain (1989), Journal of Accounting and Economics 11, 331-359.
    Campbell and Wasley (1996), Review of Quantitative Finance and Accounting 6, 309-326.
    """
    moments = window_moments(y, x)
    first_step = least_squares(moments, has_intercept=True)
    rho = _first_autocorrelation(y - first_step.expected(x), moments.yy)
    dy = y - moments.mean_y[:, None]
    dx = np.concatenate([np.ones((1, *y.shape)), x - moments.mean_x.T[:, :, None]])
    usable = ~np.isnan(y)
    response, design = _prais_winsten(dy, rho, usable), _prais_winsten(dx, rho, usable)
    inverse, parameters = _solve(design, response, first_step.is_identified)
    residual = response.copy()
    for j, column in enumerate(design):
        residual -= column * parameters[:, j, None]
    squares = np.einsum("pt,pt->p", residual, residual)
    n, df = first_step.n, first_step.df
    variance = np.divide(squares, df, out=np.full_like(squares, np.nan), where=df > 0)
    variance = np.where(is_rounding(squares, n, moments.yy), 0.0, variance)
    shift = _shift(moments.mean_x)
    parameters = times(shift, parameters)
    prediction = GeneralPrediction(
        day_variance=np.repeat((variance / (1.0 - rho**2))[:, None], n_days, axis=1),
        autocorrelation=rho[:, None] ** np.arange(n_days),
        covariance=variance[:, None, None] * (shift @ inverse @ shift.transpose(0, 2, 1)),
    )
    sigma = np.sqrt(variance / (1.0 - rho**2))
    return NormalReturnFit(moments.mean_y + parameters[:, 0], parameters[:, 1:], sigma, n, df, prediction)


def _first_autocorrelation(residual: FloatArray, total_squares: FloatArray) -> FloatArray:
    """Return rho of residuals that are NaN on unusable days, 0 where they are nothing but rounding; shape (pairs,)."""
    n = (~np.isnan(residual)).sum(axis=1)
    filled = zero_missing(residual)
    squares: FloatArray = np.einsum("pt,pt->p", filled, filled)
    products = np.einsum("pt,pt->p", filled[:, 1:], filled[:, :-1])
    varies = ~is_rounding(squares, n, total_squares)
    rho: FloatArray = np.divide(products, squares, out=np.zeros(n.shape), where=varies)
    return rho


def _prais_winsten(values: FloatArray, rho: FloatArray, usable: BoolArray) -> FloatArray:
    """Return values less rho times the day before, the first of a run scaled, and 0 on unusable days.

    Parameters
    ----------
    values : array, shape (..., pairs, L)
    rho : array, shape (pairs,)
    usable : array of bool, shape (pairs, L)
    """
    follows = usable.copy()
    follows[:, 0] = False
    follows[:, 1:] &= usable[:, :-1]
    before = np.zeros_like(values)
    before[..., 1:] = values[..., :-1]
    scaled = values * np.sqrt(1.0 - rho**2)[:, None]
    return np.where(follows, values - rho[:, None] * before, np.where(usable, scaled, 0.0))


def _solve(design: FloatArray, response: FloatArray, identified: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Return (X'X)^-1, shape (pairs, 1 + k, 1 + k), and (X'X)^-1 X'y, shape (pairs, 1 + k); NaN where unidentified."""
    k = design.shape[0]
    gram = np.empty((response.shape[0], k, k))
    products = np.empty((response.shape[0], k))
    for j in range(k):
        products[:, j] = np.einsum("pt,pt->p", design[j], response)
        for i in range(k):
            gram[:, j, i] = np.einsum("pt,pt->p", design[j], design[i])
    scale = np.sqrt(np.where(identified[:, None], np.einsum("pjj->pj", gram), 1.0))
    outer = scale[:, :, None] * scale[:, None, :]
    correlation = np.where(identified[:, None, None], gram / outer, np.eye(k))
    inverse = np.where(identified[:, None, None], np.linalg.inv(correlation) / outer, np.nan)
    inverse = (inverse + inverse.transpose(0, 2, 1)) / 2.0
    return inverse, times(inverse, products)


def _shift(mean_x: FloatArray) -> FloatArray:
    """Return the matrix that turns an intercept at the regressors' means into one at 0; shape (pairs, 1+k, 1+k)."""
    n_pairs, k = mean_x.shape
    shift = np.broadcast_to(np.eye(1 + k), (n_pairs, 1 + k, 1 + k)).copy()
    shift[:, 0, 1:] = -mean_x
    return shift

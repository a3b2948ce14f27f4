"""Least squares from sufficient statistics, for every pair at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from pipelines.event_study.arrays import BoolArray, FloatArray, IntArray, is_rounding
from pipelines.event_study.normal_returns.fit import NormalReturnFit, OlsPrediction, times
from pipelines.event_study.normal_returns.moments import Moments

LARGEST_CONDITION: Final = 1e12
"""Condition number of the regressors' correlations above which their slopes are not told apart."""


def least_squares(moments: Moments, *, has_intercept: bool) -> NormalReturnFit:
    """Regress y on the regressors.

    Parameters
    ----------
    moments : Moments
        Of pairs with more usable days than parameters.
    has_intercept : bool
        Whether an intercept is estimated; without one there are no regressors either, and the residual is y itself.

    Returns
    -------
    NormalReturnFit
        Slopes are NaN where the regressors do not move or are collinear.

    Notes
    -----
    b = Sxx^-1 Sxy, a = mean(y) - b mean(x), s^2 = (Syy - b Sxy)/(L1 - k). A market-adjusted variance is about zero
    with L1 degrees of freedom.

    References
    ----------
    MacKinlay, A. C. (1997), Journal of Economic Literature 35, 13-39 (market model, constant mean).
    Brown and Warner (1980), Journal of Financial Economics 8, doi:10.1016/0304-405X(80)90002-1 (market-adjusted).
    """
    k = moments.mean_x.shape[1]
    n_pairs = moments.n.size
    n = moments.n.astype(np.int64)
    df = n - k - int(has_intercept)
    if not has_intercept:
        squares = moments.syy + moments.n * moments.mean_y**2
        sigma = _sigma(squares, n, df, moments.yy)
        nothing = np.zeros(n_pairs)
        prediction = OlsPrediction(sigma, nothing, np.empty((n_pairs, 0)), np.empty((n_pairs, 0, 0)))
        return NormalReturnFit(nothing, np.empty((n_pairs, 0)), sigma, n, df, prediction)
    inverse, slopes = _solved(moments, n)
    squares = residual_squares(moments, slopes)
    sigma = _sigma(squares, n, df, moments.yy)
    alpha = moments.mean_y.copy()
    for j in range(k):
        alpha -= slopes[:, j] * moments.mean_x[:, j]
    with np.errstate(divide="ignore"):
        prediction = OlsPrediction(sigma, 1.0 / moments.n, moments.mean_x, inverse)
    return NormalReturnFit(alpha, slopes, sigma, n, df, prediction)


def with_residual_squares(fit: NormalReturnFit, squares: FloatArray, total_squares: FloatArray) -> NormalReturnFit:
    """Return the fit with its residual deviation taken from a sum of squares that lost no digits.

    Parameters
    ----------
    squares, total_squares : array, shape (pairs,)
        Sums of the squared residuals and of the squared responses.
    """
    sigma = _sigma(squares, fit.n, fit.df, total_squares)
    if not isinstance(fit.prediction, OlsPrediction):
        raise TypeError(f"expected a least-squares fit, got a prediction of type {type(fit.prediction).__name__}")
    return replace(fit, sigma=sigma, prediction=replace(fit.prediction, sigma=sigma))


def residual_squares(moments: Moments, slopes: FloatArray) -> FloatArray:
    """Return the residual sum of squares Syy - b Sxy, not below 0; shape (pairs,)."""
    squares = moments.syy.copy()
    for j in range(slopes.shape[1]):
        squares -= slopes[:, j] * moments.sxy[:, j]
    return np.maximum(squares, 0.0)


def _solved(moments: Moments, n: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return Sxx^-1 and the slopes, NaN where the regressors do not move or are collinear."""
    n_pairs, k = moments.mean_x.shape
    if k == 0:
        return np.empty((n_pairs, 0, 0)), np.empty((n_pairs, 0))
    diagonal = np.einsum("pjj->pj", moments.sxx)
    moves: BoolArray = np.all([~is_rounding(diagonal[:, j], n, moments.xx[:, j]) for j in range(k)], axis=0)
    if k == 1:
        inverse = np.divide(1.0, diagonal, out=np.full((n_pairs, 1), np.nan), where=moves[:, None])
        return inverse[:, :, None], inverse * moments.sxy
    scale = np.sqrt(np.where(moves[:, None], diagonal, 1.0))
    correlation = np.where(moves[:, None, None], moments.sxx / (scale[:, :, None] * scale[:, None, :]), np.eye(k))
    identified = moves & _is_well_conditioned(correlation)
    correlation = np.where(identified[:, None, None], correlation, np.eye(k))
    inverse = np.linalg.inv(correlation) / (scale[:, :, None] * scale[:, None, :])
    inverse = np.where(identified[:, None, None], (inverse + inverse.transpose(0, 2, 1)) / 2.0, np.nan)
    return inverse, times(inverse, moments.sxy)


def _is_well_conditioned(correlation: FloatArray) -> BoolArray:
    eigenvalues = np.linalg.eigvalsh(correlation)
    return eigenvalues[:, 0] * LARGEST_CONDITION > eigenvalues[:, -1]


def _sigma(squares: FloatArray, n: IntArray, df: IntArray, total_squares: FloatArray) -> FloatArray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(is_rounding(squares, n, total_squares), 0.0, np.sqrt(squares / df))

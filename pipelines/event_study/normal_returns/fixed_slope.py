"""Models whose slope on the benchmark is not the least-squares one: Scholes-Williams, and Dimson's sum of slopes."""

from __future__ import annotations

import numpy as np

from pipelines.event_study.arrays import BoolArray, FloatArray, IntArray, is_rounding
from pipelines.event_study.normal_returns.fit import NormalReturnFit, OlsPrediction
from pipelines.event_study.normal_returns.moments import window_moments


def fit_with_slope(y: FloatArray, x: FloatArray, slope: FloatArray, n_parameters: int) -> NormalReturnFit:
    """Fit the intercept and the residual variance of a model whose slope is given.

    Parameters
    ----------
    y : array, shape (pairs, L)
        Decimal returns in the estimation window, NaN on an unusable day.
    x : array, shape (pairs, L)
        Same-day benchmark returns; a day without one is unusable too.
    slope : array, shape (pairs,)
        Slope on x, NaN where it could not be identified.
    n_parameters : int
        Parameters that were estimated, the slope's own and the intercept included.

    Returns
    -------
    NormalReturnFit
        One slope; parameters and sigma are NaN where the slope is.

    Notes
    -----
    a = mean(y) - b mean(x), s^2 = sum (y - a - b x)^2/(L1 - n_parameters). The prediction error takes the variance
    1 + 1/L1 + (x - mean(x))^2/Sxx of the market model, all of it on usable days.

    References
    ----------
    Patell, J. M. (1976), Journal of Accounting Research 14, doi:10.2307/2490543.
    """
    y = np.where(np.isnan(x), np.nan, y)
    return _fit_given_slope(y, x, slope, n_parameters, averaged=~np.isnan(y))


def fit_scholes_williams(y: FloatArray, neighbours: FloatArray) -> NormalReturnFit:
    """Fit a market model whose slope allows for prices that are not taken at the same time.

    Parameters
    ----------
    y : array, shape (pairs, L)
        Decimal returns in the estimation window, NaN on an unusable day.
    neighbours : array, shape (3, pairs, L)
        Benchmark returns one session later, of the same session, and one session earlier.

    Returns
    -------
    NormalReturnFit
        Two parameters. The slope is NaN where the benchmark does not move, or where rho_m <= -1/2 leaves the sum of
        the slopes without a limit.

    Notes
    -----
    b = (b- + b0 + b+)/(1 + 2 rho_m), with b-, b0, b+ the slopes of three simple regressions of y on the benchmark's
    return of the earlier, the same and the later session. Each takes the usable days that have that return, so a day
    whose later session is unknown still counts in the other two. rho_m is the correlation of the benchmark's return
    with its own return one session earlier, over the usable days that have both.

    a = mean(y) - b mean(x), the means over the usable days t = 2..L1-1, without the first and the last of them. The
    residual variance is over all usable days, divisor L1 - 2.

    References
    ----------
    Scholes and Williams (1977), Journal of Financial Economics 5, 309-327.
    """
    later, same, earlier = neighbours
    total = _simple_slope(y, earlier) + _simple_slope(y, same) + _simple_slope(y, later)
    inflation = 1.0 + 2.0 * _correlation(np.where(np.isnan(y), np.nan, same), earlier)
    slope = np.divide(total, inflation, out=np.full_like(total, np.nan), where=inflation > 0.0)
    y = np.where(np.isnan(same), np.nan, y)
    return _fit_given_slope(y, same, slope, n_parameters=2, averaged=_interior(~np.isnan(y)))


def fit_summed_slope(y: FloatArray, x: FloatArray, slopes: FloatArray) -> NormalReturnFit:
    """Fit Dimson's market model in its summed form: all leads and lags of the benchmark put on the same day.

    Parameters
    ----------
    y : array, shape (pairs, L)
        Decimal returns in the estimation window, NaN on an unusable day, among them those on which a lead or a lag
        is missing.
    x : array, shape (pairs, L)
        Benchmark returns of the same session.
    slopes : array, shape (pairs, p)
        Slopes of one multiple regression of y on the p leads and lags, the same session among them.

    Returns
    -------
    NormalReturnFit
        p + 1 parameters.

    Notes
    -----
    b = sum of the slopes; a and s^2 as in `fit_with_slope`.

    References
    ----------
    Dimson, E. (1979), Journal of Financial Economics 7, 197-226.
    """
    return fit_with_slope(y, x, slopes.sum(axis=1), n_parameters=slopes.shape[1] + 1)


def _fit_given_slope(
    y: FloatArray, x: FloatArray, slope: FloatArray, n_parameters: int, averaged: BoolArray
) -> NormalReturnFit:
    """Fit the rest of a model, the means of the intercept taken over the `averaged` days; shape (pairs, L)."""
    moments = window_moments(y, x[None])
    n = moments.n.astype(np.int64)
    alpha = _mean(y, averaged) - slope * _mean(x, averaged)
    residual = np.where(np.isnan(y), 0.0, y - alpha[:, None] - slope[:, None] * x)
    sigma = _sigma(np.einsum("ij,ij->i", residual, residual), n, n - n_parameters, moments.yy)
    sxx = moments.sxx[:, 0, 0]
    inverse = np.divide(1.0, sxx, out=np.full_like(sxx, np.nan), where=~is_rounding(sxx, n, moments.xx[:, 0]))
    leverage = np.divide(1.0, moments.n, out=np.full_like(sxx, np.nan), where=n > 0)
    prediction = OlsPrediction(sigma, leverage, moments.mean_x, inverse[:, None, None])
    return NormalReturnFit(alpha, slope[:, None], sigma, n, n - n_parameters, prediction)


def _simple_slope(y: FloatArray, x: FloatArray) -> FloatArray:
    """Return the slope of y on x over the days that have both, NaN where x does not move; shape (pairs,)."""
    moments = window_moments(np.where(np.isnan(x), np.nan, y), x[None])
    sxx = moments.sxx[:, 0, 0]
    moves = ~is_rounding(sxx, moments.n.astype(np.int64), moments.xx[:, 0])
    return np.divide(moments.sxy[:, 0], sxx, out=np.full_like(sxx, np.nan), where=moves)


def _correlation(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return the correlation over the days that have both, NaN where one does not move; shape (pairs,)."""
    moments = window_moments(np.where(np.isnan(second), np.nan, first), second[None])
    sxx, n = moments.sxx[:, 0, 0], moments.n.astype(np.int64)
    moves = ~is_rounding(sxx, n, moments.xx[:, 0]) & ~is_rounding(moments.syy, n, moments.yy)
    scale = np.sqrt(sxx * moments.syy)
    return np.divide(moments.sxy[:, 0], scale, out=np.full_like(sxx, np.nan), where=moves)


def _interior(usable: BoolArray) -> BoolArray:
    """Return the usable days but the first and the last of each pair; shape (pairs, L)."""
    place = np.cumsum(usable, axis=1)
    return usable & (place > 1) & (place < place[:, -1:])


def _mean(values: FloatArray, chosen: BoolArray) -> FloatArray:
    """Return the mean over the chosen days, NaN where there are none; shape (pairs,)."""
    n = chosen.sum(axis=1)
    total = np.where(chosen, values, 0.0).sum(axis=1)
    mean: FloatArray = np.divide(total, n, out=np.full(n.shape, np.nan), where=n > 0)
    return mean


def _sigma(squares: FloatArray, n: IntArray, df: IntArray, total_squares: FloatArray) -> FloatArray:
    variance = np.divide(squares, df, out=np.full_like(squares, np.nan), where=df > 0)
    return np.where(is_rounding(squares, n, total_squares), 0.0, np.sqrt(variance))

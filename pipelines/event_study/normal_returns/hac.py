"""Newey-West: least squares whose residuals may change in variance and be autocorrelated."""

from __future__ import annotations

import numpy as np

from pipelines.event_study.arrays import FloatArray, IntArray
from pipelines.event_study.normal_returns.fit import GeneralPrediction, NormalReturnFit, OlsPrediction


def newey_west(
    y: FloatArray, x: FloatArray, fit: NormalReturnFit, n_days: int, lags: int | None = None
) -> GeneralPrediction:
    """Return the prediction errors of a least-squares fit that are consistent under autocorrelation.

    Parameters
    ----------
    y : array, shape (pairs, L)
        Decimal returns in the estimation window, NaN on an unusable day.
    x : array, shape (k, pairs, L)
        Regressors.
    fit : NormalReturnFit
        Least squares of y on an intercept and x.
    n_days : int
        Length of the event window in days.
    lags : int, optional
        Lags of the kernel; by default floor(4 (L1/100)^(2/9)), for every pair by its own L1.

    Returns
    -------
    GeneralPrediction
        The same residual variance on every day; NaN where the fit is, and zero where its sigma is.

    Notes
    -----
    Unusable days are skipped: the usable ones count as consecutive, as a regression of them alone would have it.
    With w_j = 1 - j/(lags + 1), the covariance of the parameters is (X'X)^-1 S (X'X)^-1 with
    S = G_0 + sum_j w_j (G_j + G_j'), G_j = sum_t x_t e_t e_(t-j) x_(t-j)'. No small-sample factor is applied: it is
    OLS(...).fit(cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": False}) of statsmodels.

    A day's residual variance is SSE/df. Residuals j days apart correlate by w_j r_j up to `lags` and by 0 beyond,
    r_j = sum_t e_t e_(t-j) / sum_t e_t^2. Weighted in this way no window's variance can be negative.

    References
    ----------
    Newey and West (1987), Econometrica 55, 703-708 (kernel).
    Newey and West (1994), Review of Economic Studies 61, 631-653 (number of lags).
    """
    if not isinstance(fit.prediction, OlsPrediction):
        raise TypeError(f"expected a least-squares fit, got a prediction of type {type(fit.prediction).__name__}")
    weights = _bartlett(default_lags(fit.n) if lags is None else np.full(fit.n.size, lags, dtype=np.int64))
    residual, centred = _consecutive_days(y, x, fit, fit.prediction)
    middle = _long_run_cross_products(centred * residual[:, None, :], weights)
    return GeneralPrediction(
        day_variance=np.repeat(fit.sigma[:, None] ** 2, n_days, axis=1),
        autocorrelation=_autocorrelation(residual, weights, n_days),
        covariance=_sandwich(middle, fit.prediction),
    )


def default_lags(n: IntArray) -> IntArray:
    """Return floor(4 (n/100)^(2/9)), the lags for n observations; shape (pairs,)."""
    lags: IntArray = np.floor(4.0 * (n / 100.0) ** (2.0 / 9.0)).astype(np.int64)
    return lags


def _bartlett(lags: IntArray) -> FloatArray:
    """Return the weights of the lags 0, 1, ... up to the largest of any pair; shape (pairs, lags + 1)."""
    apart = np.arange(lags.max(initial=0) + 1)
    weights: FloatArray = np.maximum(1.0 - apart / (lags[:, None] + 1.0), 0.0)
    return weights


def _consecutive_days(
    y: FloatArray, x: FloatArray, fit: NormalReturnFit, prediction: OlsPrediction
) -> tuple[FloatArray, FloatArray]:
    """Return residuals, shape (pairs, L), and (1, x - mean(x)), shape (pairs, 1 + k, L), the usable days first.

    Both are 0 after the last usable day, and so are residuals that are nothing but rounding.
    """
    usable = ~np.isnan(y)
    order = np.argsort(~usable, axis=1, kind="stable")
    used = np.take_along_axis(usable, order, axis=1)
    residual = np.take_along_axis(y - fit.expected(x), order, axis=1)
    deviations = np.take_along_axis(x - prediction.mean_x.T[:, :, None], order[None], axis=2)
    centred = np.concatenate([np.ones((1, *y.shape)), deviations]).transpose(1, 0, 2)
    kept = used & (fit.sigma != 0.0)[:, None]
    return np.where(kept, residual, 0.0), np.where(used[:, None, :], centred, 0.0)


def _long_run_cross_products(scores: FloatArray, weights: FloatArray) -> FloatArray:
    """Return G_0 + sum_j w_j (G_j + G_j') of scores of shape (pairs, 1 + k, L); shape (pairs, 1 + k, 1 + k)."""
    total: FloatArray = np.einsum("pjt,plt->pjl", scores, scores)
    for lag in range(1, min(weights.shape[1], scores.shape[2])):
        apart = np.einsum("pjt,plt->pjl", scores[:, :, lag:], scores[:, :, :-lag])
        total += weights[:, lag, None, None] * (apart + apart.transpose(0, 2, 1))
    return total


def _sandwich(middle: FloatArray, prediction: OlsPrediction) -> FloatArray:
    """Return (X'X)^-1 S (X'X)^-1 for (alpha, slopes), given S for regressors about their means."""
    n_pairs, k = prediction.mean_x.shape
    bread = np.zeros((n_pairs, 1 + k, 1 + k))
    bread[:, 0, 0] = prediction.mean_leverage
    bread[:, 1:, 1:] = prediction.inverse_sxx
    bread[:, 0, 1:] = -np.einsum("pj,pjl->pl", prediction.mean_x, prediction.inverse_sxx)
    covariance = bread @ middle @ bread.transpose(0, 2, 1)
    return (covariance + covariance.transpose(0, 2, 1)) / 2.0


def _autocorrelation(residual: FloatArray, weights: FloatArray, n_days: int) -> FloatArray:
    """Return the weighted autocorrelations at lags 0..n_days-1, shape (pairs, n_days); 1, 0, 0, ... of no residuals."""
    correlation = np.zeros((residual.shape[0], n_days))
    correlation[:, 0] = 1.0
    squares = np.einsum("pt,pt->p", residual, residual)
    squares = np.where(squares == 0.0, 1.0, squares)
    for lag in range(1, min(n_days, weights.shape[1], residual.shape[1])):
        products = np.einsum("pt,pt->p", residual[:, lag:], residual[:, :-lag])
        correlation[:, lag] = weights[:, lag] * products / squares
    return correlation

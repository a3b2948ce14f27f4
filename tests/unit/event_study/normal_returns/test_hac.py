"""Newey-West prediction errors."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.event_study.normal_returns.fit import NormalReturnFit
from pipelines.event_study.normal_returns.hac import default_lags, newey_west
from pipelines.event_study.normal_returns.least_squares import least_squares
from pipelines.event_study.normal_returns.moments import window_moments

NAN = np.nan
NO_REGRESSOR = np.empty((0, 1, 4))


def fitted(y: np.ndarray, x: np.ndarray) -> NormalReturnFit:
    """Return least squares of y on an intercept and x."""
    return least_squares(window_moments(y, x), has_intercept=True)


def test_mean_by_hand() -> None:
    """The variance of a mean weighs the autocovariances of the residuals."""
    # y = 1 2 4 5: mean 3, residuals -2 -1 1 2, squares 10, products one day apart 2 - 1 + 2 = 3, two apart -2 - 2 = -4
    # one lag: weight 1/2 -> S = 10 + 2 * 3/2 = 13, Var(mean) = 13/4^2; r_1 = 3/10, weighted .15; sigma^2 = 10/3
    y = np.array([[1.0, 2.0, 4.0, 5.0]])
    prediction = newey_west(y, NO_REGRESSOR, fitted(y, NO_REGRESSOR), n_days=3, lags=1)
    assert prediction.covariance[0, 0, 0] == pytest.approx(13 / 16, rel=1e-15)
    np.testing.assert_allclose(prediction.autocorrelation, [[1.0, 0.15, 0.0]], rtol=1e-14)
    np.testing.assert_allclose(prediction.day_variance, [[10 / 3] * 3], rtol=1e-15)
    # two lags: weights 2/3, 1/3 -> S = 10 + 2 (2 - 4/3) = 34/3; correlations .2, -.4/3
    prediction = newey_west(y, NO_REGRESSOR, fitted(y, NO_REGRESSOR), n_days=3, lags=2)
    assert prediction.covariance[0, 0, 0] == pytest.approx(34 / 48, rel=1e-15)
    np.testing.assert_allclose(prediction.autocorrelation, [[1.0, 0.2, -0.4 / 3]], rtol=1e-14)


def test_no_lags_leave_whites_covariance() -> None:
    """With no lags the covariance allows for unequal variances alone, and days are uncorrelated."""
    # x = -1 -1 1 1, y = 0 2 1 7 -> mean 2.5, slope (0 - 2 + 1 + 7)/4 = 1.5, residuals -1 1 -3 3
    # Var(slope) = sum x^2 e^2/16 = 20/16, Var(alpha) = sum e^2/16, Cov = sum x e^2/16 = (-1 - 1 + 9 + 9)/16
    y, x = np.array([[0.0, 2.0, 1.0, 7.0]]), np.array([[[-1.0, -1.0, 1.0, 1.0]]])
    prediction = newey_west(y, x, fitted(y, x), n_days=2, lags=0)
    np.testing.assert_allclose(prediction.covariance[0], [[1.25, 1.0], [1.0, 1.25]], rtol=1e-14)
    assert prediction.autocorrelation.tolist() == [[1.0, 0.0]]


def test_unusable_days_are_skipped() -> None:
    """A fit with gaps is that of the usable days set side by side, whatever the regressors hold on the others."""
    rng = np.random.default_rng(11)
    y, x = rng.normal(0, 0.01, (1, 60)), rng.normal(0, 0.01, (2, 1, 60))
    gap = rng.random(60) < 0.2
    shorter = newey_west(y[:, ~gap], x[:, :, ~gap], fitted(y[:, ~gap], x[:, :, ~gap]), 5, lags=3)
    y[:, gap], x[0, :, gap], x[1, :, gap] = NAN, NAN, 99.0
    longer = newey_west(y, x, fitted(y, x), 5, lags=3)
    np.testing.assert_allclose(longer.covariance, shorter.covariance, rtol=1e-12)
    np.testing.assert_allclose(longer.autocorrelation, shorter.autocorrelation, rtol=1e-12)


@pytest.mark.parametrize(("n", "lags"), [(1, 1), (99, 3), (100, 4), (250, 4), (300, 5), (1000, 6)])
def test_number_of_lags(n: int, lags: int) -> None:
    """The default is floor(4 (n/100)^(2/9))."""
    assert default_lags(np.array([n])).tolist() == [lags]


def test_lags_follow_each_pairs_own_days() -> None:
    """Pairs with more or fewer usable days than others have the lags, and the bits, that they have alone."""
    rng = np.random.default_rng(12)
    y, x = rng.normal(0, 0.01, (4, 320)), rng.normal(0, 0.01, (2, 4, 320))
    y[1, 90:] = y[3, :200] = NAN
    whole = newey_west(y, x, fitted(y, x), 8)
    for pair in range(4):
        rows = slice(pair, pair + 1)
        alone = newey_west(y[rows], x[:, rows], fitted(y[rows], x[:, rows]), 8)
        np.testing.assert_array_equal(alone.covariance, whole.covariance[rows])
        np.testing.assert_array_equal(alone.autocorrelation, whole.autocorrelation[rows])
    assert (whole.autocorrelation[1, 4:] == 0.0).all()
    assert whole.autocorrelation[0, 5] != 0.0


def test_longer_kernel_or_window_than_the_days_there_are() -> None:
    """Lags beyond the usable days add nothing."""
    y = np.array([[1.0, 2.0, 4.0, 5.0]])
    prediction = newey_west(y, NO_REGRESSOR, fitted(y, NO_REGRESSOR), n_days=9, lags=20)
    assert np.isfinite(prediction.covariance).all()
    assert (prediction.autocorrelation[0, 4:] == 0.0).all()


def test_constant_returns_predict_without_error() -> None:
    """Residuals that are nothing but rounding have no variance and no autocorrelation."""
    y, x = np.full((1, 50), 0.1), np.random.default_rng(13).normal(0, 0.01, (1, 1, 50))
    prediction = newey_west(y, x, fitted(y, x), n_days=3)
    assert (prediction.covariance == 0.0).all()
    assert prediction.autocorrelation.tolist() == [[1.0, 0.0, 0.0]]
    assert prediction.day_se(np.zeros((1, 1, 3))).tolist() == [[0.0] * 3]


def test_benchmark_that_does_not_move_has_no_covariance() -> None:
    """What cannot be identified has a covariance of NaN."""
    y, x = np.random.default_rng(14).normal(0, 0.01, (1, 50)), np.zeros((1, 1, 50))
    assert np.isnan(newey_west(y, x, fitted(y, x), n_days=3).covariance).any()


def test_no_window_has_a_negative_variance() -> None:
    """The weighted autocorrelations are positive semi-definite even when residuals alternate."""
    y = np.tile([0.01, -0.01], 30)[None, :]
    x = np.empty((0, 1, 60))
    prediction = newey_west(y, x, fitted(y, x), n_days=30, lags=12)
    apart = np.abs(np.arange(30)[:, None] - np.arange(30))
    assert np.linalg.eigvalsh(prediction.autocorrelation[0, apart]).min() > -1e-12


def test_other_predictions_are_refused() -> None:
    """A fit that is not least squares has no such standard errors."""
    y = np.array([[1.0, 2.0, 4.0, 5.0]])
    fit = fitted(y, NO_REGRESSOR)
    general = newey_west(y, NO_REGRESSOR, fit, 2)
    other = NormalReturnFit(fit.alpha, fit.slopes, fit.sigma, fit.n, fit.df, general)
    with pytest.raises(TypeError, match="expected a least-squares fit, got a prediction of type GeneralPrediction"):
        newey_west(y, NO_REGRESSOR, other, 2)

"""Regression with AR(1) residuals, for volume."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.event_study.normal_returns.autoregressive import fit_autoregressive
from pipelines.event_study.normal_returns.fit import GeneralPrediction, NormalReturnFit

NAN = np.nan


def general(fit: NormalReturnFit) -> GeneralPrediction:
    """Return the prediction of a model with autocorrelated residuals."""
    assert isinstance(fit.prediction, GeneralPrediction)
    return fit.prediction


def autoregressive(rng: np.random.Generator, rho: float, size: tuple[int, int]) -> np.ndarray:
    """Return stationary AR(1) series along the second axis."""
    noise = rng.normal(0, 1, size)
    noise[:, 0] /= np.sqrt(1 - rho**2)
    for day in range(1, size[1]):
        noise[:, day] += rho * noise[:, day - 1]
    return noise


def test_mean_by_hand() -> None:
    """One Prais-Winsten step of a mean."""
    # y = 1 2 4 5: mean 3, e = -2 -1 1 2, rho = (2 - 1 + 2)/10 = .3
    # transformed about the mean: c = .91^.5 -2*.91^.5 | .7 -1 + .6 = -.4 | .7 1 + .3 = 1.3 | .7 2 - .3 = 1.7
    # b = (-2 * .91 + .7 (-.4 + 1.3 + 1.7))/(.91 + 3 * .49) = (-1.82 + 1.82)/2.38 = 0 -> alpha = 3
    # SSE = 4 * .91 + .16 + 1.69 + 2.89 = 8.38, s_eps^2 = 8.38/3, Var(alpha) = 8.38/3/2.38
    fit = fit_autoregressive(np.array([[1.0, 2.0, 4.0, 5.0]]), np.empty((0, 1, 4)), n_days=3)
    prediction = general(fit)
    assert fit.alpha[0] == pytest.approx(3.0, rel=1e-15)
    np.testing.assert_allclose(prediction.autocorrelation, [[1.0, 0.3, 0.09]], rtol=1e-14)
    np.testing.assert_allclose(prediction.day_variance, [[8.38 / 3 / 0.91] * 3], rtol=1e-14)
    assert prediction.covariance[0, 0, 0] == pytest.approx(8.38 / 3 / 2.38, rel=1e-14)
    assert fit.sigma[0] == pytest.approx(np.sqrt(8.38 / 3 / 0.91), rel=1e-14)
    assert (fit.n[0], fit.df[0], fit.slopes.shape) == (4, 3, (1, 0))


def test_gap_starts_the_series_anew() -> None:
    """The day after a gap is scaled as a first day and pairs with no day before it."""
    # y = 1 2 . 4 5: the product across the gap (-1 * 1) is gone, rho = (2 + 2)/10 = .4; two runs of two days
    # transformed about the mean: -2 r, -1 + .8, 1 r, 2 - .4 with r^2 = .84; c = r, .6, r, .6
    # b = (.84 (-2 + 1) + .6 (-.2 + 1.6))/(2 * .84 + 2 * .36) = 0/2.4 -> alpha = 3; SSE = .84 * 5 + .04 + 2.56 = 6.8
    fit = fit_autoregressive(np.array([[1.0, 2.0, NAN, 4.0, 5.0]]), np.empty((0, 1, 5)), n_days=2)
    prediction = general(fit)
    assert fit.alpha[0] == pytest.approx(3.0, rel=1e-14)
    np.testing.assert_allclose(prediction.autocorrelation, [[1.0, 0.4]], rtol=1e-14)
    assert prediction.covariance[0, 0, 0] == pytest.approx(6.8 / 3 / 2.4, rel=1e-14)
    assert fit.n.tolist() == [4]


def test_parameters_and_autocorrelation_are_recovered() -> None:
    """A long series gives back what it was made with."""
    rng = np.random.default_rng(21)
    x = rng.normal(-6, 0.5, (1, 1, 40_000))
    fit = fit_autoregressive(0.5 + 1.2 * x[0] + 0.3 * autoregressive(rng, 0.6, (1, 40_000)), x, n_days=2)
    assert fit.slopes[0, 0] == pytest.approx(1.2, abs=0.01)
    assert general(fit).autocorrelation[0, 1] == pytest.approx(0.6, abs=0.02)
    assert fit.sigma[0] == pytest.approx(0.3 / 0.8, rel=0.02)


def test_regressors_of_unusable_days_are_not_looked_at() -> None:
    """What the regressors hold on a day without volume is of no account."""
    rng = np.random.default_rng(22)
    y, x = rng.normal(0, 1, (1, 40)), rng.normal(0, 1, (2, 1, 40))
    y[0, [0, 7, 8, 30]] = NAN
    first = fit_autoregressive(y, x, 3)
    x[0, 0, [0, 7]], x[1, 0, [8, 30]] = NAN, 1e6
    second = fit_autoregressive(y, x, 3)
    np.testing.assert_array_equal(first.slopes, second.slopes)
    np.testing.assert_array_equal(first.sigma, second.sigma)


def test_constant_volume_has_no_residual() -> None:
    """A series that does not vary is predicted without error."""
    fit = fit_autoregressive(np.full((1, 30), -7.3), np.random.default_rng(23).normal(0, 1, (1, 1, 30)), n_days=3)
    prediction = general(fit)
    assert fit.alpha[0] == pytest.approx(-7.3)
    assert fit.sigma.tolist() == [0.0]
    assert prediction.autocorrelation.tolist() == [[1.0, 0.0, 0.0]]
    assert (prediction.covariance == 0.0).all()


def test_benchmark_that_does_not_move_has_no_slope() -> None:
    """A constant panel mean identifies nothing."""
    fit = fit_autoregressive(np.random.default_rng(24).normal(0, 1, (1, 30)), np.full((1, 1, 30), -6.0), n_days=2)
    assert not fit.is_identified.any()
    assert np.isnan(general(fit).day_variance).all()


def test_trend_keeps_the_autocorrelation_below_one() -> None:
    """Residuals that only rise have an autocorrelation near one, never at it."""
    fit = fit_autoregressive(np.arange(200.0)[None, :], np.empty((0, 1, 200)), n_days=2)
    assert 0.95 < general(fit).autocorrelation[0, 1] < 1.0
    assert fit.is_identified.all()


def test_pairs_do_not_know_one_another() -> None:
    """The same pair has the same bits in any company."""
    rng = np.random.default_rng(25)
    y, x = autoregressive(rng, 0.5, (9, 80)), rng.normal(0, 1, (1, 9, 80))
    y[rng.random(y.shape) < 0.1] = NAN
    whole = fit_autoregressive(y, x, 4)
    for pair in range(9):
        alone = fit_autoregressive(y[pair : pair + 1], x[:, pair : pair + 1], 4)
        for name in ("alpha", "slopes", "sigma", "n"):
            np.testing.assert_array_equal(getattr(alone, name), getattr(whole, name)[pair : pair + 1])
        np.testing.assert_array_equal(general(alone).covariance, general(whole).covariance[pair : pair + 1])

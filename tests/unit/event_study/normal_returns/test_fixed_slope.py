"""Models with a slope that is not the least-squares one: Scholes-Williams and Dimson's sum."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.event_study.normal_returns.fit import NormalReturnFit, OlsPrediction
from pipelines.event_study.normal_returns.fixed_slope import fit_scholes_williams, fit_summed_slope, fit_with_slope

NAN = np.nan
BENCHMARK = np.array([[1.0, 2.0, 3.0, 4.0]])


def neighbours(benchmark: list[float]) -> np.ndarray:
    """Return later, same and earlier returns of a benchmark known one session beyond both ends; shape (3, 1, L)."""
    series = np.array(benchmark)
    return np.stack([series[2:], series[1:-1], series[:-2]])[:, None, :]


def ols(fit: NormalReturnFit) -> OlsPrediction:
    """Return the prediction of a model with independent residuals."""
    assert isinstance(fit.prediction, OlsPrediction)
    return fit.prediction


def test_given_slope_leaves_intercept_and_variance() -> None:
    """The intercept meets the means, and the residual variance has the divisor L1 - n_parameters."""
    # mean(y) = 3, mean(x) = 2.5, slope 1 -> alpha 0.5; residuals -.5, 1.5, -.5, -.5: sum of squares 3, 3/(4 - 2) = 1.5
    fit = fit_with_slope(np.array([[1.0, 4.0, 3.0, 4.0]]), BENCHMARK, np.array([1.0]), n_parameters=2)
    assert fit.alpha.tolist() == [0.5]
    assert fit.slopes.tolist() == [[1.0]]
    assert fit.sigma[0] == pytest.approx(np.sqrt(1.5), rel=1e-15)
    assert (fit.n.tolist(), fit.df.tolist()) == ([4], [2])
    # Sxx = 1.5^2 + .5^2 + .5^2 + 1.5^2 = 5; Var(AR) at x = 4.5 is 1.5 (1 + 1/4 + 2^2/5) = 3.075
    assert ols(fit).inverse_sxx.tolist() == [[[0.2]]]
    assert fit.prediction.day_se(np.array([[[4.5]]]))[0, 0] == pytest.approx(np.sqrt(3.075), rel=1e-15)


def test_days_without_either_return_are_left_out() -> None:
    """A day that lacks y or x takes part in nothing."""
    full = fit_with_slope(np.array([[1.0, 4.0, 3.0, 4.0]]), BENCHMARK, np.array([1.0]), 2)
    y = np.array([[NAN, 1.0, 4.0, 9.0, 3.0, 4.0]])
    x = np.array([[7.0, 1.0, 2.0, NAN, 3.0, 4.0]])
    gaps = fit_with_slope(y, x, np.array([1.0]), 2)
    assert (gaps.n[0], gaps.alpha[0], gaps.sigma[0]) == (4, full.alpha[0], pytest.approx(full.sigma[0], rel=1e-15))
    assert ols(gaps).mean_x.tolist() == [[2.5]]


def test_scholes_williams_by_hand() -> None:
    """The slope is the sum of three simple slopes over 1 + 2 rho, the intercept from the inner days."""
    # Days t=1..4, y = 0 4 2 6, mean 3, deviations -3 1 -1 3.
    # same    0  2  0  2: mean 1, deviations -1 1 -1 1, Sxx 4, Sxy 3+1+1+3 = 8    -> b0 = 2
    # earlier 2  0  2  0: deviations 1 -1 1 -1, Sxx 4, Sxy -8                     -> b- = -2
    # later   2  0  2  4: mean 2, deviations 0 -2 0 2, Sxx 8, Sxy -2 + 6 = 4      -> b+ = .5
    # rho = -1 -> 1 + 2 rho < 0: the estimator has no value
    y = np.array([[0.0, 4.0, 2.0, 6.0]])
    assert np.isnan(fit_scholes_williams(y, neighbours([2, 0, 2, 0, 2, 4])).slopes).all()
    # same    1  2  2  3: mean 2, deviations -1 0 0 1, Sxx 2, Sxy 3 + 3 = 6       -> b0 = 3
    # earlier 2  1  2  2: mean 1.75, deviations .25 -.75 .25 .25, Sxx .75, Sxy -.75 - .75 - .25 + .75 = -1 -> b- = -4/3
    # later   2  2  3  2: mean 2.25, deviations -.25 -.25 .75 -.25, Sxx .75, Sxy .75 - .25 - .75 - .75 = -1 -> b+ = -4/3
    # rho = (-.25 + .25)/sqrt(2 * .75) = 0 -> b = 3 - 8/3 = 1/3; inner days 2, 3: mean y 3, mean x 2 -> a = 3 - 2/3
    fit = fit_scholes_williams(y, neighbours([2, 1, 2, 2, 3, 2]))
    assert fit.slopes[0, 0] == pytest.approx(1 / 3, rel=1e-14)
    assert fit.alpha[0] == pytest.approx(7 / 3, rel=1e-14)
    # residuals y - 7/3 - x/3: -8/3, 1, -1, 8/3 -> squares 64/9 + 1 + 1 + 64/9 = 146/9, over 4 - 2
    assert fit.sigma[0] == pytest.approx(np.sqrt(73 / 9), rel=1e-14)
    assert (fit.n[0], fit.df[0]) == (4, 2)


def test_uncorrelated_neighbours_leave_the_least_squares_slope() -> None:
    """A security that moves with the same session only has about its least-squares slope."""
    rng = np.random.default_rng(1)
    market = rng.normal(0, 0.01, 50_002)
    y = 1.5 * market[None, 1:-1] + rng.normal(0, 0.001, (1, 50_000))
    assert fit_scholes_williams(y, neighbours(market.tolist())).slopes[0, 0] == pytest.approx(1.5, abs=0.05)


def test_late_trading_is_undone() -> None:
    """A security that shows half of its move a session late gets its whole slope back."""
    rng = np.random.default_rng(2)
    market = rng.normal(0, 0.01, 50_002)
    y = (0.75 * market[1:-1] + 0.75 * market[:-2])[None, :]
    assert fit_scholes_williams(y, neighbours(market.tolist())).slopes[0, 0] == pytest.approx(1.5, abs=0.05)


def test_unknown_later_session_costs_only_the_slope_on_it() -> None:
    """A day whose later session is unknown still counts in the intercept, the variance and the other slopes."""
    rng = np.random.default_rng(3)
    regressors, y = neighbours(rng.normal(0, 0.01, 42).tolist()), rng.normal(0, 0.02, (1, 40))
    known = fit_scholes_williams(y, regressors)
    regressors[0, 0, -1] = NAN
    unknown = fit_scholes_williams(y, regressors)
    assert unknown.n[0] == 40
    assert ols(unknown).mean_x == ols(known).mean_x
    assert unknown.slopes[0, 0] != known.slopes[0, 0]


@pytest.mark.parametrize("value", [0.0, 0.001])
def test_benchmark_that_does_not_move_has_no_slope(value: float) -> None:
    """Nothing is identified by a constant benchmark."""
    fit = fit_scholes_williams(np.random.default_rng(4).normal(0, 0.01, (1, 30)), np.full((3, 1, 30), value))
    assert not fit.is_identified.any()
    assert np.isnan(fit.sigma).all()


def test_too_few_days_give_nothing() -> None:
    """A pair with fewer than three usable days has no inner day, and no error either."""
    y = np.array([[NAN] * 4, [0.01, NAN, NAN, 0.02]])
    fit = fit_scholes_williams(y, np.arange(24.0).reshape(3, 2, 4) ** 2)
    assert not fit.is_identified.any()


def test_rounding_is_no_residual() -> None:
    """A security that is a multiple of its benchmark has a sigma of exactly 0."""
    x = np.random.default_rng(5).normal(0, 0.01, (1, 60))
    assert fit_with_slope(0.001 + 1.1 * x, x, np.array([1.1]), 2).sigma.tolist() == [0.0]


def test_summed_slope_counts_every_lead_and_lag() -> None:
    """Dimson's slope is the sum, and each of the p slopes takes a degree of freedom."""
    y, x = np.random.default_rng(6).normal(0, 0.01, (2, 1, 30))
    fit = fit_summed_slope(y, x, np.array([[0.25, 0.5, 0.125]]))
    same = fit_with_slope(y, x, np.array([0.875]), n_parameters=4)
    assert (fit.slopes[0, 0], fit.df[0]) == (0.875, 26)
    assert fit.sigma == same.sigma


def test_pairs_do_not_know_one_another() -> None:
    """The same pair has the same bits in any company."""
    rng = np.random.default_rng(7)
    y, regressors = rng.normal(0, 0.02, (9, 80)), rng.normal(0, 0.01, (3, 9, 80))
    y[rng.random(y.shape) < 0.1] = NAN
    whole = fit_scholes_williams(y, regressors)
    for pair in range(9):
        alone = fit_scholes_williams(y[pair : pair + 1], regressors[:, pair : pair + 1])
        for name in ("alpha", "slopes", "sigma", "n"):
            np.testing.assert_array_equal(getattr(alone, name), getattr(whole, name)[pair : pair + 1])

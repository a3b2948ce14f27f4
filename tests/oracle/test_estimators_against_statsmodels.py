"""Estimators that are not ordinary least squares, against statsmodels, arch and plain loops."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from arch import arch_model
from arch.univariate.base import ARCHModelResult
from scipy.linalg import toeplitz
from statsmodels.regression.linear_model import GLS, GLSAR, OLS

from pipelines.event_study.normal_returns.autoregressive import fit_autoregressive
from pipelines.event_study.normal_returns.fit import GeneralPrediction, NormalReturnFit
from pipelines.event_study.normal_returns.fixed_slope import fit_scholes_williams
from pipelines.event_study.normal_returns.garch import fit_garch
from pipelines.event_study.normal_returns.hac import default_lags, newey_west
from pipelines.event_study.normal_returns.least_squares import least_squares
from pipelines.event_study.normal_returns.moments import window_moments

RTOL = 1e-9
GARCH_RTOL = 1e-6
SCALE = 100.0

SEEDS = [41, 42, 43]


def general(fit: NormalReturnFit) -> GeneralPrediction:
    """Return the prediction of a model whose residuals are not alike and independent."""
    assert isinstance(fit.prediction, GeneralPrediction)
    return fit.prediction


def regression(seed: int, k: int, length: int, missing: float, rho: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return y (3, L) with gaps, x (k, 3, L) and which days are usable; residuals are AR(1) of unequal variance."""
    rng = np.random.default_rng(seed)
    x = rng.normal(0.0005, 0.01, (k, 3, length))
    noise = rng.normal(0, 0.015, (3, length)) * (1 + np.sin(np.arange(length) / 15) ** 2)
    for day in range(1, length):
        noise[:, day] += rho * noise[:, day - 1]
    y = 0.001 + np.einsum("k,kpt->pt", np.linspace(0.5, 1.2, k), x) + noise
    y[rng.random(y.shape) < missing] = np.nan
    return y, x, ~np.isnan(y)


def design_of(x: np.ndarray, pair: int, usable: np.ndarray) -> np.ndarray:
    """Return an intercept and the regressors of a pair's usable days; shape (L1, 1 + k)."""
    return np.column_stack([np.ones(usable[pair].sum()), *x[:, pair, usable[pair]]])


@pytest.mark.parametrize("k", [0, 1, 3])
@pytest.mark.parametrize("lags", [None, 0, 1, 7])
@pytest.mark.parametrize("missing", [0.0, 0.1])
@pytest.mark.parametrize("seed", SEEDS)
def test_newey_west_agrees(k: int, lags: int | None, missing: float, seed: int) -> None:
    """The HAC covariance is that of statsmodels, and the residual variance and autocorrelations those of its OLS."""
    y, x, usable = regression(seed, k, 180, missing, rho=0.3)
    prediction = newey_west(y, x, least_squares(window_moments(y, x), has_intercept=True), 9, lags)
    for pair in range(3):
        maxlags = int(default_lags(usable.sum(axis=1))[pair]) if lags is None else lags
        fit = OLS(y[pair, usable[pair]], design_of(x, pair, usable)).fit(
            cov_type="HAC", cov_kwds={"maxlags": maxlags, "use_correction": False}
        )
        expected = np.atleast_2d(fit.cov_params())
        np.testing.assert_allclose(prediction.covariance[pair], expected, rtol=RTOL, atol=RTOL * expected[0, 0])
        np.testing.assert_allclose(prediction.day_variance[pair], fit.mse_resid, rtol=RTOL)
        e = fit.resid
        correlations = [
            sum(e[t] * e[t - j] for t in range(j, e.size)) / sum(e**2) * (1 - j / (maxlags + 1))
            if j <= maxlags
            else 0.0
            for j in range(9)
        ]
        np.testing.assert_allclose(prediction.autocorrelation[pair], correlations, rtol=RTOL, atol=1e-13)


@pytest.mark.parametrize("k", [0, 1, 2])
@pytest.mark.parametrize("missing", [0.0, 0.1])
@pytest.mark.parametrize("seed", SEEDS)
def test_prais_winsten_agrees(k: int, missing: float, seed: int) -> None:
    """One Prais-Winsten step is the GLS of statsmodels under rho^|s-t| within runs of usable days, 0 between them."""
    y, x, usable = regression(seed, k, 150, missing, rho=0.5)
    fit = fit_autoregressive(y, x, n_days=6)
    prediction = general(fit)
    for pair in range(3):
        design, response = design_of(x, pair, usable), y[pair, usable[pair]]
        day = np.flatnonzero(usable[pair])
        run = np.cumsum(np.diff(day, prepend=day[0]) > 1)
        e = OLS(response, design).fit().resid
        rho = sum(e[t] * e[t - 1] for t in range(1, e.size) if run[t] == run[t - 1]) / sum(e**2)
        omega = toeplitz(rho ** np.arange(e.size)) * (run[:, None] == run) / (1 - rho**2)
        gls = GLS(response, design, sigma=omega).fit()
        np.testing.assert_allclose([fit.alpha[pair], *fit.slopes[pair]], gls.params, rtol=RTOL)
        np.testing.assert_allclose(prediction.covariance[pair], np.atleast_2d(gls.cov_params()), rtol=RTOL)
        np.testing.assert_allclose(prediction.day_variance[pair], gls.scale / (1 - rho**2), rtol=RTOL)
        np.testing.assert_allclose(prediction.autocorrelation[pair], rho ** np.arange(6), rtol=RTOL)
        assert fit.df[pair] == gls.df_resid


def test_prais_winsten_is_near_cochrane_orcutt() -> None:
    """In a long series the first day, which statsmodels' GLSAR drops, hardly matters."""
    y, x, _ = regression(44, 1, 5000, 0.0, rho=0.5)
    fit = fit_autoregressive(y, x, n_days=2)
    for pair in range(3):
        model = GLSAR(y[pair], np.column_stack([np.ones(5000), x[0, pair]]), rho=general(fit).autocorrelation[pair, 1])
        np.testing.assert_allclose(fit.slopes[pair, 0], model.fit().params[1], rtol=1e-3)
        np.testing.assert_allclose(np.sqrt(general(fit).covariance[pair, 1, 1]), model.fit().bse[1], rtol=1e-3)


def scholes_williams_loop(y: np.ndarray, neighbours: np.ndarray) -> tuple[float, float, float]:
    """Return alpha, slope and sigma of one pair, day by day; y (L,), neighbours (3, L)."""

    def slope(first: list[float], second: list[float]) -> float:
        mean_1, mean_2 = sum(first) / len(first), sum(second) / len(second)
        return sum((a - mean_1) * (b - mean_2) for a, b in zip(first, second, strict=True)) / sum(
            (b - mean_2) ** 2 for b in second
        )

    days = [t for t in range(y.size) if not np.isnan(y[t])]
    total = 0.0
    for x in neighbours:
        known = [t for t in days if not np.isnan(x[t])]
        total += slope([y[t] for t in known], [x[t] for t in known])
    _, same, earlier = neighbours
    both = [t for t in days if not np.isnan(earlier[t])]
    now, before = [same[t] for t in both], [earlier[t] for t in both]
    forwards, backwards = slope(now, before), slope(before, now)
    rho = np.sign(forwards) * np.sqrt(forwards * backwards)
    b = total / (1 + 2 * rho)
    inner = days[1:-1]
    a = sum(y[t] for t in inner) / len(inner) - b * sum(same[t] for t in inner) / len(inner)
    return a, b, float(np.sqrt(sum((y[t] - a - b * same[t]) ** 2 for t in days) / (len(days) - 2)))


@pytest.mark.parametrize("missing", [0.0, 0.1])
@pytest.mark.parametrize("seed", SEEDS)
def test_scholes_williams_agrees(missing: float, seed: int) -> None:
    """Slope, intercept and residual deviation are those of a plain loop, with gaps in returns and in the benchmark."""
    rng = np.random.default_rng(seed)
    market = rng.normal(0.0005, 0.01, (4, 202))
    market[:, 1:] += 0.2 * market[:, :-1]
    y = 0.001 + 0.9 * market[:, 1:-1] + 0.3 * market[:, :-2] + rng.normal(0, 0.02, (4, 200))
    y[rng.random(y.shape) < missing] = np.nan
    neighbours = np.stack([market[:, 2:], market[:, 1:-1], market[:, :-2]])
    neighbours[0, :, -1] = np.nan
    neighbours[2, :, 0] = np.nan
    fit = fit_scholes_williams(y, neighbours)
    for pair in range(4):
        expected = scholes_williams_loop(y[pair], neighbours[:, pair])
        np.testing.assert_allclose([fit.alpha[pair], fit.slopes[pair, 0], fit.sigma[pair]], expected, rtol=RTOL)


def garch_series(seed: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a return series with GARCH(1,1) residuals, and its benchmark; shape (L,)."""
    rng = np.random.default_rng(seed)
    x, noise, variance = rng.normal(0, 0.01, length), np.empty(length), 4e-4
    for day in range(length):
        noise[day] = np.sqrt(variance) * rng.normal()
        variance = 4e-5 + 0.15 * noise[day] ** 2 + 0.75 * variance
    return 0.0005 + 1.1 * x + noise, x


def arch_fit(y: np.ndarray, x: np.ndarray) -> ARCHModelResult:
    """Return arch's own fit of returns in percent, to the last digit that its derivatives give."""
    model = arch_model(SCALE * y, SCALE * x[:, None], mean="LS", vol="GARCH", p=1, q=1, rescale=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(disp="off", show_warning=False, options={"ftol": 1e-15, "maxiter": 1000})


@pytest.mark.parametrize("seed", [51, 52, 53, 54, 55])
def test_garch_agrees(seed: int) -> None:
    """Parameters of the mean and forecasts of the variance are those of arch."""
    y, x = garch_series(seed, 400)
    fit, converged = fit_garch(y[None], x[None, None], np.array([1, 2, 11, 30]))
    oracle = arch_fit(y, x)
    assert converged.all()
    intercept, slope = oracle.params.iloc[:2]
    np.testing.assert_allclose(fit.slopes[0, 0], slope, rtol=GARCH_RTOL)
    np.testing.assert_allclose(fit.alpha[0], intercept / SCALE, rtol=GARCH_RTOL, atol=GARCH_RTOL * fit.sigma[0])
    forecast = oracle.forecast(horizon=30, x=np.zeros(30)).residual_variance.to_numpy()[-1] / SCALE**2
    np.testing.assert_allclose(general(fit).day_variance[0], forecast[[0, 1, 10, 29]], rtol=GARCH_RTOL)
    volatility = oracle.conditional_volatility / SCALE
    np.testing.assert_allclose(fit.sigma[0], np.sqrt(np.mean(volatility**2)), rtol=GARCH_RTOL)


@pytest.mark.parametrize("seed", [51, 52, 53])
def test_garch_forecast_is_the_recursion(seed: int) -> None:
    """Forecasts continue h = w + p e^2 + q h from the first usable day, and covariance and sigma follow from that h."""
    y, x = garch_series(seed, 400)
    fit, _ = fit_garch(y[None], x[None, None], np.arange(1, 8))
    a, b, w, p, q = arch_fit(y, x).params.to_numpy() * [1 / SCALE, 1, SCALE**-2, 1, 1]
    ols = OLS(y, np.column_stack([np.ones_like(x), x])).fit().resid
    weights = 0.94 ** np.arange(75)
    h = [float(w + (p + q) * (weights @ ols[:75] ** 2) / weights.sum())]
    e = [float(value) for value in y - a - b * x]
    change = [np.zeros(2)]
    for t in range(1, y.size):
        h.append(w + p * e[t - 1] ** 2 + q * h[t - 1])
        change.append(-2 * p * e[t - 1] * np.array([1.0, x[t - 1]]) + q * change[t - 1])
    path = [w + p * e[-1] ** 2 + q * h[-1]]
    while len(path) < 7:
        path.append(w + (p + q) * path[-1])
    np.testing.assert_allclose(general(fit).day_variance[0], path, rtol=GARCH_RTOL)
    np.testing.assert_allclose(fit.sigma[0], np.sqrt(sum(h) / len(h)), rtol=GARCH_RTOL)

    information, outer = np.zeros((2, 2)), np.zeros((2, 2))
    for t in range(y.size):
        regressors = np.array([1.0, x[t]])
        information += np.outer(regressors, regressors) / h[t] + np.outer(change[t], change[t]) / (2 * h[t] ** 2)
        score = regressors * e[t] / h[t] + change[t] * (e[t] ** 2 / h[t] - 1) / (2 * h[t])
        outer += np.outer(score, score)
    inverse = np.linalg.inv(information)
    np.testing.assert_allclose(general(fit).covariance[0], inverse @ outer @ inverse, rtol=10 * GARCH_RTOL)


@pytest.mark.parametrize("seed", [51, 52, 53, 54, 55])
def test_garch_standard_errors_are_near_archs(seed: int) -> None:
    """Away from the boundary, standard errors agree with the full numerical sandwich of arch within a tenth."""
    y, x = garch_series(seed, 1500)
    fit, _ = fit_garch(y[None], x[None, None], np.array([1]))
    expected = arch_fit(y, x).std_err.to_numpy()[:2] * [1 / SCALE, 1]
    np.testing.assert_allclose(np.sqrt(np.diag(general(fit).covariance[0])), expected, rtol=0.1)

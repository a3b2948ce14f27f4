"""The market model with GARCH(1,1) residuals."""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from pipelines.event_study.normal_returns import garch
from pipelines.event_study.normal_returns.fit import GeneralPrediction, NormalReturnFit
from pipelines.event_study.normal_returns.garch import fit_garch

NAN = np.nan
STEPS = np.arange(1, 6)


def general(fit: NormalReturnFit) -> GeneralPrediction:
    """Return the prediction of a model whose variance changes."""
    assert isinstance(fit.prediction, GeneralPrediction)
    return fit.prediction


def garch_returns(seed: int, n_pairs: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Return y = .0005 + 1.1 x + e, e GARCH with w = 2e-5, p = .1, q = .85; shapes (pairs, L) and (1, pairs, L)."""
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 0.01, (1, n_pairs, length))
    noise, variance = np.empty((n_pairs, length)), np.full(n_pairs, 4e-4)
    for day in range(length):
        noise[:, day] = np.sqrt(variance) * rng.normal(0, 1, n_pairs)
        variance = 2e-5 + 0.1 * noise[:, day] ** 2 + 0.85 * variance
    return 0.0005 + 1.1 * x[0] + noise, x


def assert_equal(first: NormalReturnFit, second: NormalReturnFit) -> None:
    """Assert that two fits have the same bits."""
    for name in ("alpha", "slopes", "sigma", "n", "df"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
    for name in ("day_variance", "autocorrelation", "covariance"):
        np.testing.assert_array_equal(getattr(general(first), name), getattr(general(second), name))


def test_forecast_by_hand() -> None:
    """The variance of the next session is given; from then on h = w + (p + q) h."""
    # first 4, w = 1, p + q = .5: 4, 1 + 2 = 3, 1 + 1.5 = 2.5, 1 + 1.25 = 2.25
    assert garch._forecast(4.0, 1.0, 0.5, np.array([1, 2, 4])).tolist() == [4.0, 3.0, 2.25]
    assert garch._forecast(4.0, 1.0, 1.0, np.array([3])).tolist() == [6.0]


def test_parameters_are_recovered() -> None:
    """A long series gives back its slope, and its forecasts return to the variance 4e-4 of the long run."""
    y, x = garch_returns(31, 2, 6000)
    fit, converged = fit_garch(y, x, np.array([1, 400]))
    assert converged.all()
    np.testing.assert_allclose(fit.slopes, 1.1, atol=0.06)
    np.testing.assert_allclose(general(fit).day_variance[:, 1], 4e-4, rtol=0.15)
    np.testing.assert_allclose(fit.sigma**2, 4e-4, rtol=0.15)
    assert fit.df.tolist() == [5998, 5998]


def test_same_input_gives_the_same_bits() -> None:
    """A fit is repeatable, and the same for a pair alone as among others, in one thread as in several."""
    y, x = garch_returns(32, 4, 120)
    whole, _ = fit_garch(y, x, STEPS)
    assert_equal(fit_garch(y, x, STEPS)[0], whole)

    def alone(pair: int) -> NormalReturnFit:
        return fit_garch(y[pair : pair + 1], x[:, pair : pair + 1], STEPS)[0]

    with ThreadPoolExecutor(4) as pool:
        for pair, fit in enumerate(pool.map(alone, range(4))):
            assert_equal(fit, whole.take(slice(pair, pair + 1)))


def test_unusable_days_are_skipped() -> None:
    """A fit with gaps, also at the end, is that of the usable days."""
    y, x = garch_returns(33, 1, 150)
    gap = np.isin(np.arange(150), [0, 40, 41, 90, 148, 149])
    shorter, _ = fit_garch(y[:, ~gap], x[:, :, ~gap], STEPS)
    y[:, gap], x[0, :, gap] = NAN, NAN
    longer, converged = fit_garch(y, x, STEPS)
    assert converged.all()
    assert_equal(longer, shorter)


def test_unit_of_returns_does_not_matter() -> None:
    """Returns a thousand times smaller have standard errors a thousand times smaller and the same slope."""
    y, x = garch_returns(34, 3, 200)
    fit, _ = fit_garch(y, x, STEPS)
    small, converged = fit_garch(y / 1000, x / 1000, STEPS)
    assert converged.all()
    np.testing.assert_allclose(small.slopes, fit.slopes, rtol=1e-5)
    np.testing.assert_allclose(general(small).day_variance * 1e6, general(fit).day_variance, rtol=1e-4)


def test_equal_variances_leave_ordinary_standard_errors() -> None:
    """Where p = 0 leaves q unidentified, standard errors stay near those of least squares."""
    rng = np.random.default_rng(35)
    x = rng.normal(0, 0.01, (1, 40, 200))
    fit, converged = fit_garch(x[0] + rng.normal(0, 0.02, (40, 200)), x, STEPS)
    assert converged.all()
    ratio = np.sqrt(general(fit).covariance[:, 1, 1]) / (0.02 / (0.01 * np.sqrt(200)))
    assert 0.7 < ratio.min() < ratio.max() < 1.4
    assert np.linalg.eigvalsh(general(fit).covariance).min() > 0.0


def test_days_are_uncorrelated() -> None:
    """Residuals of different days do not correlate."""
    fit, _ = fit_garch(*garch_returns(36, 2, 100), STEPS)
    assert general(fit).autocorrelation.tolist() == [[1.0, 0.0, 0.0, 0.0, 0.0]] * 2


@pytest.mark.parametrize(
    ("y", "x"),
    [
        (np.full(60, 0.001), np.sin(np.arange(60.0))),
        (0.001 + 1.3 * np.sin(np.arange(60.0)), np.sin(np.arange(60.0))),
        (np.cos(np.arange(60.0)), np.full(60, 0.001)),
        (np.where(np.arange(60) < 5, np.cos(np.arange(60.0)), NAN), np.sin(np.arange(60.0))),
        (np.full(60, NAN), np.full(60, NAN)),
    ],
    ids=["constant returns", "no residual", "still benchmark", "five days", "no day"],
)
def test_what_cannot_be_fitted_is_not_a_number(y: np.ndarray, x: np.ndarray) -> None:
    """A pair without a likelihood has parameters of NaN, and its neighbours have theirs."""
    good_y, good_x = garch_returns(37, 1, 60)
    fit, converged = fit_garch(np.vstack([y, good_y[0]]), np.stack([x, good_x[0, 0]])[None], STEPS)
    assert converged.tolist() == [False, True]
    assert fit.is_identified.tolist() == [False, True]
    assert np.isnan(general(fit).day_variance[0]).all()
    assert_equal(fit.take(slice(1, 2)), fit_garch(good_y, good_x, STEPS)[0])


def test_optimiser_without_success_is_no_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pair whose optimiser stops at its limit of iterations did not converge, and no warning says so."""
    monkeypatch.setattr(garch, "MAX_ITERATIONS", 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit, converged = fit_garch(*garch_returns(38, 1, 60), STEPS)
    assert not converged.any()
    assert np.isnan(fit.alpha).all()


def test_filters_of_warnings_are_left_as_they_were() -> None:
    """A fit puts the filters of the whole process back, which arch changes."""
    before = list(warnings.filters)
    fit_garch(*garch_returns(39, 1, 60), STEPS)
    assert list(warnings.filters) == before


def test_no_pairs() -> None:
    """A study without pairs has a fit without rows."""
    fit, converged = fit_garch(np.empty((0, 60)), np.empty((1, 0, 60)), STEPS)
    assert (fit.slopes.shape, converged.size, general(fit).day_variance.shape) == ((0, 1), 0, (0, 5))

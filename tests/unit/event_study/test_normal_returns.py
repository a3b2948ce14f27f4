"""Normal-return models are fitted to each pair's own usable days."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.event_study.abnormal_returns import abnormal_returns, standardise
from pipelines.event_study.arrays import is_rounding
from pipelines.event_study.car import cumulate
from pipelines.event_study.normal_returns import NormalReturnFit, fit_normal_returns
from pipelines.event_study.spec import Window
from tests.event_study_inputs import a_spec

NAN = np.nan
MARKET = np.array([[0.01, -0.02, 0.03, 0.00, 0.02, -0.01]])
SECURITY = np.array([[0.02, -0.03, 0.05, 0.01, 0.01, -0.02]])


def test_unusable_days_are_left_out_of_every_sum() -> None:
    """A fit with missing days equals the fit of the days that are left."""
    gaps = np.array([[False, True, False, False, True, False]])
    with_gaps = fit_normal_returns(a_spec(), np.where(gaps, NAN, SECURITY), np.where(gaps, NAN, MARKET))
    without = fit_normal_returns(a_spec(), SECURITY[~gaps][None, :], MARKET[~gaps][None, :])
    assert with_gaps.n.tolist() == [4]
    assert with_gaps.df.tolist() == [2]
    for name in ("alpha", "beta", "sigma", "mean_x", "sxx", "mean_leverage"):
        np.testing.assert_allclose(getattr(with_gaps, name), getattr(without, name), rtol=1e-13)


def test_day_with_only_one_of_the_returns_is_not_usable() -> None:
    """A day on which only the security has a return is not part of the fit."""
    fit = fit_normal_returns(a_spec(), SECURITY, np.where(np.arange(6) == 2, NAN, MARKET))
    assert fit.n.tolist() == [5]


def test_large_common_level_does_not_cost_digits() -> None:
    """Sums over deviations keep the slope exact when returns share a large level."""
    fit = fit_normal_returns(a_spec(), 0.5 * MARKET + 1e6, MARKET + 1e6)
    assert fit.beta[0] == pytest.approx(0.5, rel=1e-8)


def test_benchmark_without_variation_has_no_beta() -> None:
    """A benchmark that does not move, or moves by rounding only, has a beta of NaN."""
    still = np.full_like(MARKET, 0.001)
    wobbling = still + np.array([[0, 1, 0, 1, 0, 1]]) * 1e-17
    for market in (still, wobbling):
        assert np.isnan(fit_normal_returns(a_spec(), SECURITY, market).beta).all()


def test_fits_are_taken_apart_and_joined() -> None:
    """Fits of blocks joined are the fits of the whole."""
    security, market = np.vstack([SECURITY, 2 * SECURITY, -SECURITY]), np.vstack([MARKET] * 3)
    whole = fit_normal_returns(a_spec(), security, market)
    parts = [fit_normal_returns(a_spec(), security[rows], market[rows]) for rows in (slice(0, 1), slice(1, 3))]
    np.testing.assert_array_equal(NormalReturnFit.concat(parts).beta, whole.beta)
    np.testing.assert_array_equal(whole.take(np.array([2, 0])).alpha, whole.alpha[[2, 0]])


@pytest.mark.parametrize("model", ["market", "constant_mean", "market_adjusted"])
def test_standard_error_of_a_sum_is_that_of_the_covariance_matrix(model: str) -> None:
    """The closed form of Var(CAR) equals 1'V1 with V = s^2 (I + X*(X'X)^-1 X*')."""
    market = MARKET if model != "constant_mean" else np.zeros_like(MARKET)
    spec = a_spec(model=model, event=Window(0, 2), car_windows=(Window(0, 2), Window(1, 2)))
    fit = fit_normal_returns(spec, SECURITY, market)
    event = np.array([[0.04, -0.01, 0.02]]) if model != "constant_mean" else np.zeros((1, 3))
    returns = abnormal_returns(fit, np.array([[0.05, 0.01, -0.03]]), event)

    columns = {"market": 2, "constant_mean": 1, "market_adjusted": 0}[model]
    design = np.column_stack([np.ones(6), market[0]])[:, :columns]
    star = np.column_stack([np.ones(3), event[0]])[:, :columns]
    covariance = fit.sigma[0] ** 2 * (np.eye(3) + star @ np.linalg.pinv(design.T @ design) @ star.T)
    np.testing.assert_allclose(returns.se[0], np.sqrt(np.diag(covariance)), rtol=1e-12)
    expected = [np.sqrt(covariance.sum()), np.sqrt(covariance[1:, 1:].sum())]
    np.testing.assert_allclose(cumulate(spec, fit, returns).se[0], expected, rtol=1e-12)


def test_zero_standard_error_standardises_nothing() -> None:
    """Dividing by a standard error of zero, or by a missing one, gives NaN and no warning."""
    np.testing.assert_array_equal(
        standardise(np.array([[1.0, 1.0, 1.0]]), np.array([[0.0, NAN, 2.0]])), [[NAN, NAN, 0.5]]
    )


@pytest.mark.parametrize(("deviation", "expected"), [(1e-16, True), (1e-14, True), (1e-12, False), (1e-6, False)])
def test_rounding_is_measured_against_gross_returns(deviation: float, expected: bool) -> None:
    """Deviations of about the machine epsilon are rounding, however small the returns; larger ones are not."""
    n = np.array([250])
    assert is_rounding(n * deviation**2, n, n * 1e-10).tolist() == [expected]

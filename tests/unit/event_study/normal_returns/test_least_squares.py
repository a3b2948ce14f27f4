"""Least squares, from prefix sums and from windows laid out in full."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.event_study.arrays import FloatArray, is_rounding
from pipelines.event_study.car import standardise
from pipelines.event_study.layout import Layout
from pipelines.event_study.normal_returns.fit import NormalReturnFit
from pipelines.event_study.normal_returns.least_squares import least_squares, residual_squares
from pipelines.event_study.normal_returns.moments import PrefixSums, is_noisy, window_moments
from pipelines.event_study.pairs import Places
from pipelines.event_study.windows import Window

NAN = np.nan
MARKET = np.array([[0.01, -0.02, 0.03, 0.00, 0.02, -0.01]])
SECURITY = np.array([[0.02, -0.03, 0.05, 0.01, 0.01, -0.02]])
FIELDS = ("alpha", "slopes", "sigma", "n", "df")


def fitted(y: FloatArray, *x: FloatArray) -> NormalReturnFit:
    """Fit windows of shape (pairs, L)."""
    regressors = np.stack(x) if x else np.empty((0, *y.shape))
    return least_squares(window_moments(y, regressors), has_intercept=True)


def test_unusable_days_are_left_out_of_every_sum() -> None:
    """A fit with missing days equals the fit of the days that are left."""
    gaps = np.array([[False, True, False, False, True, False]])
    with_gaps = fitted(np.where(gaps, NAN, SECURITY), MARKET)
    without = fitted(SECURITY[~gaps][None, :], MARKET[~gaps][None, :])
    assert with_gaps.n.tolist() == [4]
    assert with_gaps.df.tolist() == [2]
    for name in FIELDS:
        np.testing.assert_allclose(getattr(with_gaps, name), getattr(without, name), rtol=1e-13)


def test_large_common_level_does_not_cost_digits() -> None:
    """Sums over deviations keep the slope exact when returns share a large level."""
    assert fitted(0.5 * MARKET + 1e6, MARKET + 1e6).slopes[0, 0] == pytest.approx(0.5, rel=1e-8)


def test_regressor_without_variation_has_no_slope() -> None:
    """A benchmark that does not move, or moves by rounding only, has a slope of NaN, alone or beside another."""
    still = np.full_like(MARKET, 0.001)
    wobbling = still + np.array([[0, 1, 0, 1, 0, 1]]) * 1e-17
    for market in (still, wobbling):
        assert not fitted(SECURITY, market).is_identified.any()
        assert not fitted(SECURITY, MARKET, market).is_identified.any()


def test_collinear_regressors_have_no_slopes() -> None:
    """Two factors of which one is the double of the other cannot be told apart."""
    assert not fitted(SECURITY, MARKET, 2.0 * MARKET).is_identified.any()


def test_two_factors_by_hand() -> None:
    """Y = 1 + 2u - 3v with u = (1,-1,0,0), v = (0,0,1,-1) and a residual of (.5,.5,-.5,-.5) orthogonal to both.

    The intercept is the mean 1, the slopes 2 and -3; SSE = 1 with 4 - 3 = 1 degree of freedom, so sigma is 1.
    """
    u, v = np.array([[1.0, -1.0, 0.0, 0.0]]), np.array([[0.0, 0.0, 1.0, -1.0]])
    fit = fitted(1.0 + 2.0 * u - 3.0 * v + np.array([[0.5, 0.5, -0.5, -0.5]]), u, v)
    np.testing.assert_allclose([fit.alpha[0], *fit.slopes[0], fit.sigma[0]], [1.0, 2.0, -3.0, 1.0], rtol=1e-14)
    np.testing.assert_allclose(fit.prediction.parameter_covariance()[0], np.diag([0.25, 0.5, 0.5]), atol=1e-15)


def test_fits_are_taken_apart_exchanged_and_joined() -> None:
    """Fits of blocks joined are the fits of the whole; exchanged rows are the others' rows."""
    security, market = np.vstack([SECURITY, 2 * SECURITY, -SECURITY]), np.vstack([MARKET] * 3)
    whole = fitted(security, market)
    joined = NormalReturnFit.concat([fitted(security[rows], market[rows]) for rows in (slice(0, 1), slice(1, 3))])
    exchanged = whole.put(np.array([0]), whole.take(np.array([2])))
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(joined, name), getattr(whole, name))
        np.testing.assert_array_equal(getattr(exchanged, name), getattr(whole, name)[[2, 1, 2]])
    np.testing.assert_array_equal(exchanged.prediction.sigma, whole.sigma[[2, 1, 2]])


@pytest.mark.parametrize("k", [0, 1, 2])
def test_standard_error_of_a_sum_is_that_of_the_covariance_matrix(k: int) -> None:
    """The closed form of Var(CAR) equals 1'V1 with V = s^2 (I + X*(X'X)^-1 X*'), over the days that are there."""
    random = np.random.default_rng(4)
    x, event = random.normal(size=(k, 1, 6)), random.normal(size=(k, 1, 3))
    fit = fitted(SECURITY, *x)
    design = np.column_stack([np.ones(6), *x[:, 0]])
    star = np.column_stack([np.ones(3), *event[:, 0]])
    covariance = fit.sigma[0] ** 2 * (np.eye(3) + star @ np.linalg.inv(design.T @ design) @ star.T)
    days = np.broadcast_to(fit.prediction.day_se(event)[0], 3)
    np.testing.assert_allclose(days, np.sqrt(np.diag(covariance)), rtol=1e-12)
    available = np.array([[True, False, True]])
    known = np.where(available, event, 0.0)
    found = fit.prediction.window_se(known, available, slice(0, 3))[0]
    assert found == pytest.approx(np.sqrt(covariance[np.ix_([0, 2], [0, 2])].sum()), rel=1e-12)


def two_listings() -> tuple[Layout, FloatArray, FloatArray]:
    """Return a layout of two listings of 60 and 40 sessions, with a gap in the first, and padding of 30."""
    random = np.random.default_rng(5)
    layout = Layout(np.array([30, 120, 190]), np.array([0, 7, 0]), np.array([60, 40, 0]), 30, 220)
    response, regressors = np.full(220, NAN), np.full((1, 220), NAN)
    for first, n in ((30, 60), (120, 40)):
        regressors[0, first : first + n] = random.normal(0, 0.01, n)
        response[first : first + n] = 0.7 * regressors[0, first : first + n] + random.normal(0, 0.02, n)
    response[50] = NAN
    return layout, response, regressors


def test_prefix_sums_give_the_moments_of_the_windows() -> None:
    """Any window as a difference of running sums has the moments of the window itself, at the edges too."""
    layout, response, regressors = two_listings()
    sums = PrefixSums.of(layout, response, regressors)
    places = Places(np.array([0, 0, 0, 1, 1]), np.array([25, 40, 70, 30, 50]))
    window = Window(-22, -3)
    start = layout.start(places, window)
    rows = start[:, None] + np.arange(window.length)
    whole = window_moments(response[rows], regressors[:, rows])
    quick = sums.moments(places, window)
    for name in ("n", "mean_y", "mean_x", "syy", "sxy", "sxx"):
        np.testing.assert_allclose(getattr(quick, name), getattr(whole, name), rtol=1e-11, atol=1e-18, err_msg=name)


def test_prefix_sums_of_a_listing_do_not_depend_on_the_others() -> None:
    """A large return of one listing changes no bit of another."""
    layout, response, regressors = two_listings()
    before = PrefixSums.of(layout, response, regressors).sums[120:161].copy()
    response[40] = 1e9
    np.testing.assert_array_equal(PrefixSums.of(layout, response, regressors).sums[120:161], before)


def test_sums_too_coarse_for_a_window_are_noticed() -> None:
    """After a return of 1e6 the running sums cannot carry residuals of 0.02, and say so; before it they can."""
    layout, response, regressors = two_listings()
    response[31] = 1e6
    sums = PrefixSums.of(layout, response, regressors)
    moments = sums.moments(Places(np.array([0, 1]), np.array([50, 30])), Window(-22, -3))
    fit = least_squares(moments, has_intercept=True)
    assert is_noisy(moments, fit.slopes, residual_squares(moments, fit.slopes)).tolist() == [True, False]


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

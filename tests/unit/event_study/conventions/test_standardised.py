"""Patell's test, the BMP test and its correction by other definitions, worked by hand on a market model with gaps.

The market moves by -1, 1, -1, 1 ... percent, by 0 on day 0 and by 2 on day 1, so its mean is 0 and its sum
of squares is the number of days. Residuals (percent) are orthogonal to it, alpha is 0 and beta is 1:

    A  1  1 -1 -1  1  1 -1 -1 | AR 0 3    L1 = 8, SSE = 8,  L1 - 2 = 6
    B  .  .  2  2 -2 -2  0  0 | AR 0 4    L1 = 6, SSE = 16, L1 - 2 = 4, listed later
    C  3  3 -3 -3  3  3 -3 -3 | no price on day 1, L1 = 8, SSE = 72

Variance of prediction over s^2 on day 1: A 1 + 1/8 + 4/8 = 13/8; B by its own days 1 + 1/6 + 4/6 = 11/6, with the
market's mean and sum of squares over the whole window 1 + 1/6 + 4/8 = 5/3.
"""

from __future__ import annotations

from math import isnan, sqrt

import numpy as np
import pytest

from pipelines.event_study import StudyResult, Window
from tests.unit.event_study.conventions.hand_panels import found, study_of

MARKET = [-1.0, 1.0] * 4
RESIDUALS: dict[str, list[float | None]] = {
    "A": [1, 1, -1, -1, 1, 1, -1, -1],
    "B": [None, None, 2, 2, -2, -2, 0, 0],
    "C": [3, 3, -3, -3, 3, 3, -3, -3],
}


DAY_1 = Window(1, 1)


def market_study(symbols: str = "AB") -> StudyResult:
    """Run the market model on some of the securities; after day 1 every return is zero."""
    of_day_1 = {"A": 2.0 + 3.0, "B": 2.0 + 4.0, "C": None}
    percents: dict[str, list[float | None]] = {"MKT": [*MARKET, 0.0, 2.0, 0.0]}
    for symbol in symbols:
        estimation = [None if e is None else m + e for m, e in zip(MARKET, RESIDUALS[symbol], strict=True)]
        percents[symbol] = [*estimation, 0.0, of_day_1[symbol], 0.0]
    return study_of(percents, n_estimation=8, last_day=2)


def test_the_panel_is_what_is_worked_by_hand() -> None:
    """Alpha 0, beta 1, the residual deviations and the abnormal returns of day 1."""
    estimates = market_study("ABC").estimates
    np.testing.assert_allclose(estimates.fit.alpha, 0.0, atol=1e-15)
    np.testing.assert_allclose(estimates.fit.slopes[:, 0], 1.0, rtol=1e-12)
    np.testing.assert_allclose(estimates.fit.sigma, 0.01 * np.sqrt([8 / 6, 16 / 4, 72 / 6]), rtol=1e-12)
    np.testing.assert_allclose(estimates.abnormal()[:, 1], [0.03, 0.04, np.nan], rtol=1e-12)


def test_patell_by_each_definition() -> None:
    """The sum of the standardised returns over the root of the sum of (L-2)/(L-4) = 6/4 and 4/2."""
    result = market_study()
    a, b = 3.0 / sqrt(8 / 6 * 13 / 8), 4.0 / sqrt(4 * 11 / 6)
    assert found(result, "patell_z", DAY_1) == pytest.approx((a + b) / sqrt(1.5 + 2.0), rel=1e-12)
    sample = 3.0 / sqrt(8 / 7 * 13 / 8) + 4.0 / sqrt(16 / 5 * 11 / 6)
    assert found(result, "patell_z", DAY_1, sigma="sample") == pytest.approx(sample / sqrt(3.5), rel=1e-12)
    full = a + 4.0 / sqrt(4 * 5 / 3)
    assert found(result, "patell_z", DAY_1, market_moments="full_window") == pytest.approx(full / sqrt(3.5), rel=1e-12)
    rows = found(result, "patell_z", DAY_1, patell_length="rows")
    assert rows == pytest.approx((a + b) / sqrt(1.5 + 1.5), rel=1e-12)
    estudy2 = (3.0 / sqrt(8 / 7 * 13 / 8) + 4.0 / sqrt(16 / 5 * 5 / 3)) / sqrt(3.5)
    both = found(result, "patell_z", DAY_1, sigma="sample", market_moments="full_window")
    assert both == pytest.approx(estudy2, rel=1e-12)


def test_a_pair_without_a_return_on_the_day_is_left_out_averaged_or_zero() -> None:
    """C has no return on day 1: its (L-2)/(L-4) = 6/4 counts where it is not left out."""
    result = market_study("ABC")
    a, b = 3.0 / sqrt(8 / 6 * 13 / 8), 4.0 / sqrt(4 * 11 / 6)
    assert found(result, "patell_z", DAY_1) == pytest.approx((a + b) / sqrt(3.5), rel=1e-12)
    averaged = (a + b) / 2 * 3 / sqrt(1.5 + 2.0 + 1.5)
    assert found(result, "patell_z", DAY_1, absent="averaged") == pytest.approx(averaged, rel=1e-12)
    assert found(result, "patell_z", DAY_1, absent="zero") == pytest.approx((a + b) / sqrt(5.0), rel=1e-12)


def test_patell_of_a_window_sums_its_days_or_takes_the_exact_error() -> None:
    """Over days 1 and 2 the abnormal returns are (3, 0) and (4, 0): the market is at rest on day 2."""
    result = market_study()
    window = Window(1, 2)
    # Var(CAR)/s^2 = 2 + 4/L1 + (2 - 0)^2/Sxx: A 2 + 4/8 + 4/8, B 2 + 4/6 + 4/6
    exact = 3.0 / sqrt(8 / 6 * 3.0) + 4.0 / sqrt(4 * (2 + 8 / 6))
    assert found(result, "patell_z", window) == pytest.approx(exact / sqrt(3.5), rel=1e-12)
    full = 3.0 / sqrt(8 / 6 * 3.0) + 4.0 / sqrt(4 * (2 + 4 / 6 + 4 / 8))
    found_full = found(result, "patell_z", window, market_moments="full_window")
    assert found_full == pytest.approx(full / sqrt(3.5), rel=1e-12)
    a, b = (each / sqrt(2.0) for each in (3.0 / sqrt(8 / 6 * 13 / 8), 4.0 / sqrt(4 * 11 / 6)))
    summed = (a / sqrt(1.5) + b / sqrt(2.0)) / sqrt(2.0)
    assert found(result, "patell_z", window, window_form="daily_sum") == pytest.approx(summed, rel=1e-12)
    assert found(result, "patell_csar_z", window) == pytest.approx(summed, rel=1e-12)


def test_bmp_with_and_without_the_forecast_error() -> None:
    """Two values x and y have sqrt(2) mean/sd = (x + y)/|x - y|."""
    result = market_study()
    x, y = 3.0 / sqrt(8 / 6 * 13 / 8), 4.0 / sqrt(4 * 11 / 6)
    assert found(result, "bmp_t", DAY_1) == pytest.approx((x + y) / abs(x - y), rel=1e-12)
    x, y = 3.0 / sqrt(8 / 6), 4.0 / 2.0
    assert found(result, "bmp_t", DAY_1, bmp_error="none") == pytest.approx((x + y) / abs(x - y), rel=1e-12)
    over_window = found(result, "bmp_t", Window(1, 2), bmp_error="none")
    assert over_window == pytest.approx((x + y) / abs(x - y), rel=1e-12)


def test_correlation_by_calendar_or_by_relative_day() -> None:
    """Six common days are too few by calendar; by relative day r is that of B and A on B's days.

    A on them: -1 -1 1 1 -1 -1, mean -1/3, squares 6 - 6/9 = 16/3; with B 2 2 -2 -2 0 0 the products sum to -8, so
    r = -8/sqrt(16/3 * 16) = -sqrt(3)/2 and the factor is (1 - r)/(1 + r).
    """
    result = market_study()
    plain = found(result, "bmp_t", DAY_1)
    assert found(result, "bmp_t_adjusted", DAY_1) == pytest.approx(plain, rel=1e-12)
    r = -sqrt(3.0) / 2.0
    relative = found(result, "bmp_t_adjusted", DAY_1, correlation="relative_day")
    assert relative == pytest.approx(plain * sqrt((1 - r) / (1 + r)), rel=1e-9)


def test_a_market_adjusted_deviation_about_zero_or_about_the_mean() -> None:
    """Returns less the market's of 3 3 1 1 percent: about zero s^2 = 20/4, about their mean 2 it is 4/3."""
    result = study_of(
        {"MKT": [1.0, -1.0, 1.0, -1.0, 2.0], "A": [4.0, 2.0, 2.0, 0.0, 5.0]},
        n_estimation=4,
        model="market_adjusted",
    )
    zero, mean = 3.0 / sqrt(5.0), 3.0 / sqrt(4 / 3)
    assert found(result, "patell_z") == pytest.approx(zero / sqrt(4 / 2), rel=1e-12)
    about_mean = found(result, "patell_z", adjusted_sigma="about_mean")
    assert about_mean == pytest.approx(mean / sqrt(4 / 2), rel=1e-12)
    # with the forecast error of a mean 1 + 1/4, and one parameter: d = 3
    error = found(result, "patell_z", adjusted_sigma="about_mean", adjusted_error="mean")
    assert error == pytest.approx(mean / sqrt(1.25) / sqrt(3.0), rel=1e-12)
    assert isnan(found(result, "bmp_t"))

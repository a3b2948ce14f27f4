"""Means and signs by other definitions, worked by hand on constant-mean studies with gaps.

A  1 -1  1 -1 | AR 0  3 1    L1 = 4, sample variance 4/3
B  .  2 -2  0 | AR 0 -1 2    L1 = 3, sample variance 4
C  3 -3  3 -3 | AR 0, no price on day 1, so no return on days 1 and 2
"""

from __future__ import annotations

from math import log, sqrt

import pytest

from pipelines.event_study import StudyResult, Window
from tests.unit.event_study.conventions.hand_panels import found, study_of

DAY_1 = Window(1, 1)
WINDOW = Window(1, 2)


def mean_study(symbols: str = "ABC") -> StudyResult:
    """Run the constant-mean model on some of the securities, event window of days 0 to 2."""
    percents: dict[str, list[float | None]] = {
        "A": [1, -1, 1, -1, 0, 3, 1, 0],
        "B": [None, 2, -2, 0, 0, -1, 2, 0],
        "C": [3, -3, 3, -3, 0, None, 0, 0],
    }
    percents = {symbol: percents[symbol] for symbol in symbols}
    return study_of(percents, n_estimation=4, last_day=2, model="constant_mean", benchmark_symbol=None)


def test_brown_warner_leaves_out_or_averages_an_absent_pair() -> None:
    """Mean 1 over two pairs of variances 4/3 and 4, or over three with C's 12."""
    result = mean_study()
    assert found(result, "brown_warner_t", DAY_1) == pytest.approx(1.0 * 2 / sqrt(4 / 3 + 4), rel=1e-12)
    averaged = 1.0 * 3 / sqrt(4 / 3 + 4 + 12)
    assert found(result, "brown_warner_t", DAY_1, absent="averaged") == pytest.approx(averaged, rel=1e-12)


def test_signs_leave_out_or_average_an_absent_pair() -> None:
    """One of two is positive; averaged, it is 1.5 of which only N = 2 are taken off."""
    result = mean_study()
    assert found(result, "sign_z", DAY_1) == 0.0
    averaged = found(result, "sign_z", DAY_1, absent="averaged")
    assert averaged == pytest.approx((1.5 - 1.0) / sqrt(0.5), rel=1e-12)


def test_the_expected_share_of_positive_returns_by_pair_pooled_or_by_security() -> None:
    """A has 2 of 4 positive, B 1 of 3, C 2 of 4: pairs with a value (A, B) have 5/12, pooled 5/11, securities 4/9."""
    result = mean_study()
    for switches, share in (
        ({}, 5 / 12),
        ({"positive_share": "pooled"}, 5 / 11),
        ({"positive_share": "securities"}, 4 / 9),
    ):
        expected = (1 - 2 * share) / sqrt(2 * share * (1 - share))
        assert found(result, "generalized_sign_z", DAY_1, **switches) == pytest.approx(expected, rel=1e-12)


def test_several_events_of_a_security_are_taken_together() -> None:
    """A twice (1 of 4 and 3 of 4 positive) and B (4 of 8 days): pairs 1/2, securities (4/8 + B)/2."""
    returns = {"A": [3, -1, -1, -1, 4, 1, 1, -3, 5.0], "B": [2, -1, -1, 0, 4, 1, 1, -3, 5.0]}
    events = [("e1", "A", 5), ("e2", "A", 9), ("e1", "B", 5)]
    result = study_of(returns, n_estimation=4, events=events, model="constant_mean", benchmark_symbol=None)
    # e2 x A: returns 4 1 1 -3 less their mean 3/4: three positive; e1 x B: 2 -1 -1 0, one positive
    pairs, securities = (1 / 4 + 3 / 4 + 1 / 4) / 3, (4 / 8 + 1 / 4) / 2
    for switches, share in (({}, pairs), ({"positive_share": "securities"}, securities)):
        expected = (3 - 3 * share) / sqrt(3 * share * (1 - share))
        assert found(result, "generalized_sign_z", **switches) == pytest.approx(expected, rel=1e-12)


def test_a_cross_sectional_test_with_missing_days_as_zero() -> None:
    """CARs 4 and 1; C has no day, so with zeros the CARs are 4, 1, 0, the CAAR 1 + 1.5 and N is 2 on the last day."""
    result = mean_study()
    assert found(result, "cross_sectional_t", WINDOW) == pytest.approx(5 / 3, rel=1e-12)
    sd = sqrt(((4 - 5 / 3) ** 2 + (1 - 5 / 3) ** 2 + (5 / 3) ** 2) / 2)
    zero = found(result, "cross_sectional_t", WINDOW, absent="zero")
    assert zero == pytest.approx(sqrt(2) * 2.5 / sd, rel=1e-12)


def test_the_mean_of_a_window_by_complete_pairs_or_day_by_day() -> None:
    """Mean residuals of A and B are 1, 1/2, -1/2, -1/2: S^2 = (49 + 9 + 25 + 25)/64/3.

    Both pairs have both days, so both definitions give 2.5 over S sqrt(2).
    """
    result = mean_study("AB")
    s = sqrt(((1 - 1 / 8) ** 2 + (1 / 2 - 1 / 8) ** 2 + 2 * (1 / 2 + 1 / 8) ** 2) / 3)
    for switches in ({}, {"window_mean": "daily_means"}):
        assert found(result, "crude_dependence_t", WINDOW, **switches) == pytest.approx(2.5 / s / sqrt(2), rel=1e-12)


def test_a_day_that_few_pairs_have_is_left_out_of_daily_means() -> None:
    """B has no price on day 2: by complete pairs A alone counts, day by day the mean of day 1, (3 - 1)/2, alone."""
    percents: dict[str, list[float | None]] = {"A": [1, -1, 1, -1, 0, 3, 1, 0], "B": [2, -2, 0, 0, 0, -1, None, 0]}
    result = study_of(percents, n_estimation=4, last_day=2, model="constant_mean", benchmark_symbol=None)
    of_a, of_both = sqrt(4 / 3), sqrt((1.5**2 + 1.5**2 + 0.5**2 + 0.5**2) / 3)
    assert found(result, "crude_dependence_t", WINDOW) == pytest.approx(4 / of_a / sqrt(2), rel=1e-12)
    by_group = found(result, "crude_dependence_t", WINDOW, series_pairs="group")
    assert by_group == pytest.approx(4 / of_both / sqrt(2), rel=1e-12)
    by_day = found(result, "crude_dependence_t", WINDOW, series_pairs="group", window_mean="daily_means")
    assert by_day == pytest.approx(1 / of_both, rel=1e-12)


def test_lamb_takes_the_mean_of_one_over_l1_or_one_over_the_mean() -> None:
    """Forecast error of a constant mean: 1 + (1/4 + 1/3)/2, or 1 + 1/3.5."""
    result = mean_study("AB")
    s = sqrt(((1 - 1 / 8) ** 2 + (1 / 2 - 1 / 8) ** 2 + 2 * (1 / 2 + 1 / 8) ** 2) / 3)
    assert found(result, "lamb_t", DAY_1) == pytest.approx(1 / s / sqrt(1 + 7 / 24), rel=1e-12)
    inverse = found(result, "lamb_t", DAY_1, lamb_length="inverse_of_mean")
    assert inverse == pytest.approx(1 / s / sqrt(1 + 2 / 7), rel=1e-12)


@pytest.mark.parametrize("returns", ["simple", "log"])
def test_buy_and_hold_against_the_model_or_the_benchmark(returns: str) -> None:
    """Log returns compound as exp of their sum; taken for simple ones they give another number."""
    percents = {"MKT": [1.0, -1.0, 1.0, -1.0, 0.0, 2.0, 1.0], "A": [1.0, -1.0, 1.0, -1.0, 0.0, 5.0, 4.0]}
    result = study_of(percents, n_estimation=4, last_day=2, model="market_adjusted", return_type=returns)
    whole = 1.05 * 1.04 - 1.02 * 1.01
    assert found(result, "mean_bhar", WINDOW) == pytest.approx(whole, rel=1e-9)
    assert found(result, "mean_bhar", WINDOW, bhar_normal="benchmark") == pytest.approx(whole, rel=1e-9)
    a, m = ([log(each) if returns == "log" else each - 1 for each in gross] for gross in ((1.05, 1.04), (1.02, 1.01)))
    simple = (1 + a[0]) * (1 + a[1]) - (1 + m[0]) * (1 + m[1])
    assert found(result, "mean_bhar", WINDOW, bhar_compounding="simple") == pytest.approx(simple, rel=1e-9)
    assert (abs(simple - whole) < 1e-12) == (returns == "simple")


def test_buy_and_hold_of_a_market_model_with_an_alpha() -> None:
    """A is the market plus 1 percent, so the model expects 3 and 2 percent where the benchmark has 2 and 1."""
    market = [1.0, -1.0, 1.0, -1.0, 0.0, 2.0, 1.0]
    own = [*(each + 1.0 for each in market[:4]), 0.0, 5.0, 4.0]
    result = study_of({"MKT": market, "A": own}, n_estimation=4, last_day=2)
    assert found(result, "mean_bhar", WINDOW) == pytest.approx(1.05 * 1.04 - 1.03 * 1.02, rel=1e-9)
    against_benchmark = found(result, "mean_bhar", WINDOW, bhar_normal="benchmark")
    assert against_benchmark == pytest.approx(1.05 * 1.04 - 1.02 * 1.01, rel=1e-9)


def test_lamb_over_a_window_by_complete_pairs_or_day_by_day() -> None:
    """B has no price on day 2: A alone over both days, or the mean of day 1 alone, (3 - 1)/2; both have L1 = 4."""
    percents: dict[str, list[float | None]] = {"A": [1, -1, 1, -1, 0, 3, 1, 0], "B": [2, -2, 0, 0, 0, -1, None, 0]}
    result = study_of(percents, n_estimation=4, last_day=2, model="constant_mean", benchmark_symbol=None)
    of_a, of_both = sqrt(4 / 3), sqrt((1.5**2 + 1.5**2 + 0.5**2 + 0.5**2) / 3)
    assert found(result, "lamb_t", WINDOW) == pytest.approx((3 + 1) / of_a / sqrt(5 / 4) / sqrt(2), rel=1e-12)
    by_group = found(result, "lamb_t", WINDOW, series_pairs="group")
    assert by_group == pytest.approx((3 + 1) / of_both / sqrt(5 / 4) / sqrt(2), rel=1e-12)
    by_day = found(result, "lamb_t", WINDOW, series_pairs="group", window_mean="daily_means")
    assert by_day == pytest.approx(1 / of_both / sqrt(5 / 4), rel=1e-12)

"""Parametric tests of a mean: statistics, references and degrees of freedom worked by hand."""

from __future__ import annotations

import math

import pytest

from pipelines.event_study import Window
from tests.unit.event_study.group_tests.hand_studies import (
    DAY_0,
    a_study,
    has_no_value,
    on_one_date,
    one_day,
    p_normal,
    p_t,
    row_of,
    rows_of,
    swings,
    verdict,
)

SAME_VALUE = "all pairs have the same value, so there is no cross-sectional deviation"


def test_cross_sectional_t_by_hand() -> None:
    """AR 1, 2, 6: mean 3, squared deviations 4 + 1 + 9, sd = sqrt 7; t = 3 sqrt 3/sqrt 7, p = 1 - t/sqrt(2 + t^2)."""
    row = row_of(one_day([1, 2, 6], tests=("cross_sectional_t",)), "cross_sectional_t")
    t = 3 * math.sqrt(3) / math.sqrt(7)
    assert row["statistic"] == pytest.approx(t, rel=1e-12)
    assert row["p_value"] == pytest.approx(1 - t / math.sqrt(2 + t * t), rel=1e-10)
    assert row["caar"] == pytest.approx(0.03, rel=1e-12)
    assert (row["df"], row["n"], *verdict(row)) == (2.0, 3, True, None)


def test_cross_sectional_t_of_a_window_takes_the_cars() -> None:
    """Two days 1 + 0, 1 + 1 and 2 + 4 make the CARs 1, 2 and 6 of the case above."""
    result = a_study([swings(1)] * 3, [[1, 0], [1, 1], [2, 4]], tests=("cross_sectional_t",))
    row = row_of(result, "cross_sectional_t", Window(0, 1))
    assert row["statistic"] == pytest.approx(3 * math.sqrt(3) / math.sqrt(7), rel=1e-12)
    assert row["caar"] == pytest.approx(0.03, rel=1e-12)


def test_bmp_t_by_hand() -> None:
    """AR 1, 2, 6 over sigma 1, 1, 2 are SAR 1, 2, 3: mean 2, sd 1, t = 2 sqrt 3, df 2, p = 1 - sqrt(12/14)."""
    row = row_of(one_day([1, 2, 6], [1, 1, 2], tests=("bmp_t",)), "bmp_t")
    assert row["statistic"] == pytest.approx(2 * math.sqrt(3), rel=1e-12)
    assert row["p_value"] == pytest.approx(1 - math.sqrt(12 / 14), rel=1e-10)
    assert (row["df"], row["n"], *verdict(row)) == (2.0, 3, True, None)


def test_patell_z_by_hand_with_unequal_estimation_windows() -> None:
    """SAR 1, 2, 3, 6 with d = 3, 4, 4, 4: d/(d - 2) = 3, 2, 2, 2 sum to 9, and z = 12/3 = 4."""
    before = [[1, -1, 1], *([swings(1, 4)] * 3)]
    row = row_of(a_study(before, [[1], [2], [3], [6]], tests=("patell_z",)), "patell_z")
    assert row["statistic"] == pytest.approx(4, rel=1e-12)
    assert row["p_value"] == pytest.approx(p_normal(4), rel=1e-10)
    assert (row["df"], row["n"], *verdict(row)) == (None, 4, True, None)


def test_patell_z_of_a_window_takes_the_variance_of_the_car() -> None:
    """Four days: Var(CAR) = 4 sigma^2, so CARs 4 and 8 are SCARs 2 and 4; with d = 4 twice z = 6/sqrt 4 = 3."""
    result = a_study([swings(1, 4)] * 2, [[1, 1, 1, 1], [2, 2, 2, 2]], tests=("patell_z", "patell_csar_z"))
    rows = rows_of(result, window=Window(0, 3))
    assert rows["patell_z"]["statistic"] == pytest.approx(3, rel=1e-12)
    assert rows["patell_csar_z"]["statistic"] == pytest.approx(3, rel=1e-12)


def test_patell_csar_z_passes_over_the_covariance_of_prediction_errors() -> None:
    """Constant mean of 3, -1, -1, -1: s^2 = 12/3 = 4, d = 3, d/(d - 2) = 3; CARs 5, 10, 15 over four days.

    A day has variance 4 (1 + 1/4) = 5, so CSAR = CAR/(sqrt 5 sqrt 4) and z = 30/(2 sqrt 5)/sqrt 3/sqrt 3 = sqrt 5. The
    CAR itself has variance 4 (4 + 16/4) = 32, so the exact z = 30/sqrt 32/sqrt 9 = 10/sqrt 32.
    """
    days = [[5, 0, 0, 0], [0, 10, 0, 0], [5, 5, 5, 0]]
    result = a_study([[3, -1, -1, -1]] * 3, days, model="constant_mean", min_estimation_obs=4)
    rows = rows_of(result, window=Window(0, 3))
    assert rows["patell_csar_z"]["statistic"] == pytest.approx(math.sqrt(5), rel=1e-12)
    assert rows["patell_z"]["statistic"] == pytest.approx(10 / math.sqrt(32), rel=1e-12)
    first = rows_of(result, window=DAY_0)
    assert first["patell_csar_z"]["statistic"] == first["patell_z"]["statistic"]


def test_patell_needs_more_than_two_degrees_of_freedom_of_every_pair() -> None:
    """A t variable with two degrees of freedom has no variance, so neither form of the test has a value."""
    rows = rows_of(a_study([swings(1, 2), swings(1, 10)], [[1], [2]]))
    for name in ("patell_z", "patell_csar_z", "patell_z_adjusted"):
        assert has_no_value(rows[name])
        assert rows[name]["note"] == "needs more than 2 degrees of freedom for every pair, one has 2"
    assert rows["bmp_t"]["is_valid"]


def test_brown_warner_t_by_hand() -> None:
    """Sample variances 9 and 16: CAAR 5 over sqrt(9 + 16)/2 = 2.5 is t = 2, df = mean L1 - 1 = 3."""
    # 1.5 and 2 times (3, -1, -1, -1), whose squares sum to 12: 27/3 = 9 and 48/3 = 16.
    before = [[4.5, -1.5, -1.5, -1.5], [6, -2, -2, -2]]
    row = row_of(a_study(before, [[4], [6]], tests=("brown_warner_t",)), "brown_warner_t")
    assert row["statistic"] == pytest.approx(2, rel=1e-12)
    assert row["p_value"] == pytest.approx(p_t(2, 3), rel=1e-10)
    assert (row["df"], row["n"], *verdict(row)) == (3.0, 2, True, None)


def test_brown_warner_t_of_a_window_divides_by_the_root_of_its_days() -> None:
    """The same pairs over four days: 5/(2.5 sqrt 4) = 1."""
    before = [[4.5, -1.5, -1.5, -1.5], [6, -2, -2, -2]]
    result = a_study(before, [[1, 1, 1, 1], [6, 0, 0, 0]], tests=("brown_warner_t",))
    assert row_of(result, "brown_warner_t", Window(0, 3))["statistic"] == pytest.approx(1, rel=1e-12)


def test_brown_warner_t_takes_the_mean_of_unequal_estimation_windows() -> None:
    """L1 = 4 and 6 give df = 5 - 1 = 4; variances 4/3 and 6/5 sum to 38/15, and z = (2 + 4)/sqrt(38/15)."""
    row = row_of(a_study([swings(1, 4), swings(1, 6)], [[2], [4]], tests=("brown_warner_t",)), "brown_warner_t")
    assert row["df"] == 4.0
    assert row["statistic"] == pytest.approx(6 / math.sqrt(38 / 15), rel=1e-12)


def test_brown_warner_t_needs_two_estimation_days() -> None:
    """A pair of one estimation day has no sample variance; a missing statistic has its reason."""
    assert has_no_value(row_of(a_study([[1], [1]], [[1], [2]], tests=("brown_warner_t",)), "brown_warner_t"))


def test_skewness_adjusted_t_by_hand() -> None:
    """AR 0, 0, 0, 4: mean 1, sd 2, S = 1/2, cubes -3 + 27 = 24, g = 4/(3 2) 24/8 = 2.

    t = sqrt 4 (1/2 + 2 (1/4)/3 + 4 (1/8)/27 + 2/24) = 1 + 1/3 + 1/27 + 1/6 = 83/54, df 3.
    """
    row = row_of(one_day([0, 0, 0, 4], tests=("skewness_adjusted_t",)), "skewness_adjusted_t")
    assert row["statistic"] == pytest.approx(83 / 54, rel=1e-12)
    assert row["p_value"] == pytest.approx(p_t(83 / 54, 3), rel=1e-10)
    assert (row["df"], row["n"], *verdict(row)) == (3.0, 4, True, None)


def test_skewness_adjusted_t_of_symmetric_values_is_the_cross_sectional_one() -> None:
    """AR 1, 2, 3 are symmetric, g = 0, and both are 2 sqrt 3."""
    rows = rows_of(one_day([1, 2, 3]))
    assert rows["skewness_adjusted_t"]["statistic"] == pytest.approx(2 * math.sqrt(3), rel=1e-12)
    assert rows["cross_sectional_t"]["statistic"] == pytest.approx(2 * math.sqrt(3), rel=1e-12)


def test_jackknife_t_by_hand() -> None:
    """AR 1, 2, 3: theta = mean/sd = 2; without one of them 5/sqrt 2, 2/sqrt 2 and 3/sqrt 2.

    The means of the rest are 5/2, 2, 3/2 and its deviations 1/sqrt 2, sqrt 2, 1/sqrt 2. The pseudo-values
    6 - 5 sqrt 2, 6 - 2 sqrt 2 and 6 - 3 sqrt 2 have mean 6 - 10/3 sqrt 2 and squared deviations
    2 (25 + 16 + 1)/9 = 28/3, sd^2 = 14/3; t = sqrt 3 (6 - 10/3 sqrt 2)/sqrt(14/3) = (18 - 10 sqrt 2)/sqrt 14.
    """
    row = row_of(one_day([1, 2, 3], tests=("jackknife_t",)), "jackknife_t")
    assert row["statistic"] == pytest.approx((18 - 10 * math.sqrt(2)) / math.sqrt(14), rel=1e-12)
    assert row["p_value"] == pytest.approx(p_t((18 - 10 * math.sqrt(2)) / math.sqrt(14), 2), rel=1e-10)
    assert (row["df"], row["n"], *verdict(row)) == (2.0, 3, True, None)


@pytest.mark.parametrize(
    "values",
    [
        [1, 1, 1, 5],
        [0, 0, 0, 4],
    ],
)
def test_jackknife_t_needs_deviation_without_any_one_pair(values: list[float]) -> None:
    """Without the last pair the rest is all the same and has no deviation."""
    row = row_of(one_day(values, tests=("jackknife_t",)), "jackknife_t")
    assert has_no_value(row)
    assert row["note"] == "all pairs but one have the same value"


@pytest.mark.parametrize(
    ("name", "least"),
    [("cross_sectional_t", 2), ("bmp_t", 2), ("skewness_adjusted_t", 3), ("jackknife_t", 3)],
)
def test_too_few_pairs_have_no_deviation(name: str, least: int) -> None:
    """With one pair less than the statistic needs there is no value, and the note says how many it takes."""
    values = [1.0, 3.0, 4.0]
    few = row_of(one_day(values[: least - 1], tests=(name,)), name)
    assert has_no_value(few)
    assert few["note"] == f"needs at least {least} pairs, has {least - 1}"
    assert row_of(one_day(values[:least], tests=(name,)), name)["is_valid"]


def test_one_pair_is_enough_for_patell_and_brown_warner() -> None:
    """SAR 2 with d = 4 is z = 2/sqrt 2; the same AR over sd sqrt(4/3) is t = 2/sqrt(4/3)."""
    rows = rows_of(one_day([2], n=4))
    assert rows["patell_z"]["statistic"] == pytest.approx(math.sqrt(2), rel=1e-12)
    assert rows["brown_warner_t"]["statistic"] == pytest.approx(math.sqrt(3), rel=1e-12)
    assert verdict(rows["patell_z"]) == verdict(rows["brown_warner_t"]) == (True, None)


@pytest.mark.parametrize("name", ["cross_sectional_t", "bmp_t", "skewness_adjusted_t", "jackknife_t"])
def test_equal_values_have_no_cross_sectional_deviation(name: str) -> None:
    """If all pairs have the same value there is nothing to divide by."""
    row = row_of(one_day([2, 2, 2], tests=(name,)), name)
    assert has_no_value(row)
    assert row["note"] == SAME_VALUE


def test_pairs_without_residual_variance_leave_the_standardised_tests_alone() -> None:
    """A pair whose returns never moved has no SAR: SAR 1 and 3 remain, z = 4/sqrt(2 10/8), and the note counts."""
    rows = rows_of(one_day([1, 5, 3], [1, 0, 1]))
    for name in ("bmp_t", "patell_z", "patell_csar_z"):
        assert rows[name]["n"] == 2
        assert verdict(rows[name]) == (True, "1 of 3 pairs have no residual variance and are left out")
    assert rows["patell_z"]["statistic"] == pytest.approx(4 / math.sqrt(2.5), rel=1e-12)
    assert (rows["cross_sectional_t"]["n"], rows["cross_sectional_t"]["note"]) == (3, None)


@pytest.mark.parametrize("name", ["bmp_t", "patell_z", "patell_csar_z", "brown_warner_t"])
def test_no_pair_with_residual_variance_leaves_nothing_to_divide_by(name: str) -> None:
    """If no security moved before its event, tests that take their deviation from there have no value."""
    row = row_of(one_day([1, 3], [0, 0], tests=(name,)), name)
    assert has_no_value(row)
    assert row["note"] == "no pair has residual variance"


def test_two_of_three_pairs_on_one_date_are_not_independent_and_one_of_two_is() -> None:
    """More than half of the pairs on one event session make the p-value invalid; the value stands."""
    shared = row_of(one_day([1, 3, 2], at=[11, 11, 12], tests=("bmp_t",)), "bmp_t")
    assert shared["statistic"] == pytest.approx(2 * math.sqrt(3), rel=1e-12)
    assert verdict(shared) == (
        False,
        "2 of 3 pairs share the event session 2024-01-12: the test assumes independence across pairs, so its p-value "
        "is too small",
    )
    assert verdict(row_of(one_day([1, 3], at=[11, 12], tests=("bmp_t",)), "bmp_t")) == (True, None)


def test_standardised_tests_count_only_the_pairs_they_rest_on_when_they_look_for_a_shared_date() -> None:
    """Of four pairs two share a date; the two others have no residual variance, so for bmp_t all do."""
    result = one_day([1, 3, 2, 4], [1, 1, 0, 0], at=[11, 11, 12, 13])
    rows = rows_of(result)
    assert rows["cross_sectional_t"]["is_valid"]
    assert rows["bmp_t"]["note"].startswith("2 of 2 pairs share the event session 2024-01-12")


def test_event_induced_variance_misleads_tests_that_take_their_deviation_from_before() -> None:
    """Ten SAR of -3 and 3 by turns: variance 90/9 = 10 where 10/8 is implied, 8 times as much; chi2 72 with df 9."""
    rows = rows_of(one_day([3, -3] * 5))
    said = (
        "the variance across pairs is 8.00 times what the estimation window implies: an event-induced variance that "
        "the test takes for an effect"
    )
    for name in ("patell_z", "patell_csar_z", "brown_warner_t"):
        assert verdict(rows[name]) == (False, said)
    for name in ("bmp_t", "cross_sectional_t"):
        assert verdict(rows[name]) == (True, None)
    assert rows_of(one_day([3, -3] * 4 + [3]))["patell_z"]["is_valid"]  # nine pairs are too few to tell


def test_every_pair_on_one_date_is_named_as_such() -> None:
    """Tests of independent pairs are not valid for an event that all pairs share."""
    rows = rows_of(one_day([1, 3, 8], at=on_one_date(3)))
    independent = ("cross_sectional_t", "bmp_t", "patell_z", "patell_csar_z", "brown_warner_t", "jackknife_t")
    for name in (*independent, "skewness_adjusted_t"):
        assert rows[name]["note"].startswith("3 of 3 pairs share the event session 2024-01-12")
        assert not rows[name]["is_valid"]

"""Tests that returns vary more in a window than before it, by hand."""

from __future__ import annotations

import math

import pytest

from pipelines.event_study import Window
from tests.unit.event_study.group_tests.hand_studies import (
    a_study,
    has_no_value,
    on_one_date,
    one_day,
    p_normal,
    row_of,
    rows_of,
    swings,
    verdict,
)

VOLATILITY = ("volatility_z", "volatility_chi2")


def test_volatility_z_by_hand() -> None:
    """SAR 1, 2, 3, 2.5, 1.5 with d = 6: squares sum to 22.5, each has mean 6/4 and variance 2 36 5/(16 2) = 11.25.

    Z = (22.5 - 5 1.5)/sqrt(5 11.25) = 15/7.5 = 2.
    """
    row = row_of(one_day([1, 2, 3, 2.5, 1.5], n=6, tests=("volatility_z",)), "volatility_z")
    assert row["statistic"] == pytest.approx(2, rel=1e-12)
    assert row["p_value"] == pytest.approx(p_normal(2), rel=1e-10)
    assert (row["df"], row["n"], *verdict(row)) == (None, 5, True, None)


def test_volatility_z_of_a_window_squares_the_scar() -> None:
    """Four days with CARs 2, 4, 6, 5, 3 and sigma 1: SCAR = CAR/2 as above, whatever their sign."""
    event = [[2, 0, 0, 0], [1, 1, 1, 1], [-6, 0, 0, 0], [5, 0, 0, 0], [0, 0, 0, -3]]
    row = row_of(a_study([swings(1, 6)] * 5, event), "volatility_z", Window(0, 3))
    assert row["statistic"] == pytest.approx(2, rel=1e-12)


def test_volatility_z_sums_over_unequal_degrees_of_freedom() -> None:
    """D = 6 and 8: means 3/2 and 4/3, variances 45/4 and 2 64 7/(36 4) = 56/9; SAR 2 twice."""
    row = row_of(a_study([swings(1, 6), swings(1, 8)], [[2], [2]]), "volatility_z")
    assert row["statistic"] == pytest.approx((8 - 1.5 - 4 / 3) / math.sqrt(45 / 4 + 56 / 9), rel=1e-12)


def test_quiet_event_has_a_negative_volatility_z() -> None:
    """No return at all: (0 - 5 1.5)/7.5 = -1."""
    row = row_of(one_day([0] * 5, n=6, tests=("volatility_z",)), "volatility_z")
    assert row["statistic"] == pytest.approx(-1, rel=1e-12)
    assert row["is_valid"]


def test_volatility_z_needs_more_than_four_degrees_of_freedom_of_every_pair() -> None:
    """The square of a t variable with four degrees of freedom has no variance."""
    row = row_of(a_study([swings(1, 4), swings(1, 10)], [[1], [2]]), "volatility_z")
    assert has_no_value(row)
    assert row["note"] == "needs more than 4 degrees of freedom for every pair"


def test_volatility_chi2_by_hand() -> None:
    """AR 1, 2, 6 with variances 1, 1, 4 (sum 6): (3 AR - 9)^2 = 36, 9, 81 over 3 h + 6 = 9, 9, 18.

    The sum is 4 + 1 + 4.5 = 9.5; its mean is N = 3 under the null, so 2/3 of it, 19/3, goes to chi2 with df
    (3 - 1) 1 = 2, whose upper tail is exp(-19/6).
    """
    row = row_of(one_day([1, 2, 6], [1, 1, 2], tests=("volatility_chi2",)), "volatility_chi2")
    assert row["statistic"] == pytest.approx(9.5, rel=1e-12)
    assert row["p_value"] == pytest.approx(math.exp(-19 / 6), rel=1e-10)
    assert (row["df"], row["n"], *verdict(row)) == (2.0, 3, True, None)


def test_volatility_chi2_of_equal_variances_is_the_sample_variance_over_theirs() -> None:
    """AR 1, 2, 6 with variance 1: N sum(dev^2)/((N - 1) h) = 3 14/2 = 21."""
    row = row_of(one_day([1, 2, 6], tests=("volatility_chi2",)), "volatility_chi2")
    assert row["statistic"] == pytest.approx(21, rel=1e-12)
    # 2/3 of it is sum(dev^2)/h = 14, which is chi2 with df 2 if the values are normal with variance h.
    assert row["p_value"] == pytest.approx(math.exp(-7), rel=1e-10)


def test_volatility_chi2_of_a_window_adds_its_days_and_their_degrees_of_freedom() -> None:
    """Day 0 as above 21, day 1 of 0, 1, -1 3 2/2 = 3: 24, of which 2/3 with df 4 has the tail exp(-8) (1 + 8)."""
    row = row_of(a_study([swings(1)] * 3, [[1, 0], [2, 1], [6, -1]]), "volatility_chi2", Window(0, 1))
    assert row["statistic"] == pytest.approx(24, rel=1e-12)
    assert row["df"] == 4.0
    assert row["p_value"] == pytest.approx(9 * math.exp(-8), rel=1e-10)


def test_volatility_chi2_looks_at_the_upper_tail_alone() -> None:
    """Equal returns vary less than any forecast: the statistic is 0 and its p-value 1."""
    row = row_of(one_day([2, 2, 2], tests=("volatility_chi2",)), "volatility_chi2")
    assert row["statistic"] == pytest.approx(0, abs=1e-20)
    assert row["p_value"] == pytest.approx(1, rel=1e-12)
    assert row["is_valid"]


def test_two_pairs_have_no_volatility_chi2() -> None:
    """The denominator takes three pairs, as N (N - 2) is zero for two."""
    row = row_of(one_day([1, 3], tests=("volatility_chi2",)), "volatility_chi2")
    assert has_no_value(row)
    assert row["note"] == "needs at least 3 pairs, has 2"
    assert row["n"] == 2


def test_pairs_of_one_date_do_not_vary_independently() -> None:
    """Both tests take the pairs' variation as independent."""
    rows = rows_of(one_day([1, 3, 8], at=on_one_date(3), tests=VOLATILITY))
    for name in VOLATILITY:
        assert rows[name]["statistic"] is not None
        assert not rows[name]["is_valid"]
        assert rows[name]["note"].startswith("3 of 3 pairs share the event session 2024-01-12: ")


def test_pairs_without_residual_variance_are_left_out_of_either() -> None:
    """A forecast of zero variance cannot be exceeded in proportion: such a pair is left out and counted."""
    rows = rows_of(one_day([1, 2, 6, 9], [1, 1, 2, 0], tests=VOLATILITY))
    assert rows["volatility_chi2"]["statistic"] == pytest.approx(9.5, rel=1e-12)
    for name in VOLATILITY:
        assert rows[name]["n"] == 3
        assert verdict(rows[name]) == (True, "1 of 4 pairs have no residual variance and are left out")
    none = rows_of(one_day([1, 2, 6], [0, 0, 0], tests=VOLATILITY))
    for name in VOLATILITY:
        assert has_no_value(none[name])
        assert none[name]["note"] == "no pair has residual variance"

"""Sign tests and Wilcoxon's signed-rank test, counted by hand."""

from __future__ import annotations

import itertools
import math

import pytest

from pipelines.event_study import Window
from pipelines.event_study.group_tests import signs
from tests.unit.event_study.group_tests.hand_studies import (
    a_study,
    has_no_value,
    on_one_date,
    one_day,
    p_normal,
    row_of,
    swings,
    verdict,
)

SIGN_TESTS = ("sign_z", "generalized_sign_z", "wilcoxon_w")


def test_sign_z_by_hand() -> None:
    """Seven of nine values are positive: (7 - 4.5)/sqrt(9/4) = 5/3."""
    row = row_of(one_day([1, 2, 3, 4, 5, 6, 7, -8, -9]), "sign_z")
    assert row["statistic"] == pytest.approx(5 / 3, rel=1e-12)
    assert row["p_value"] == pytest.approx(p_normal(5 / 3), rel=1e-10)
    assert (row["df"], row["n"], *verdict(row)) == (None, 9, True, None)


def test_zero_is_not_positive() -> None:
    """Two zeros among nine values are counted, and not as positive: (7 - 4.5)/1.5 once more."""
    row = row_of(one_day([1, 2, 3, 4, 5, 6, 7, 0, 0]), "sign_z")
    assert row["statistic"] == pytest.approx(5 / 3, rel=1e-12)
    assert row["n"] == 9


def test_sign_z_of_a_window_counts_the_cars() -> None:
    """Every pair has -1 on day 0 and 2 on day 1, so no return is positive on day 0 and every CAR is."""
    result = a_study([swings(1)] * 9, [[-1, 2]] * 9, tests=("sign_z",))
    assert row_of(result, "sign_z")["statistic"] == pytest.approx(-3, rel=1e-12)
    assert row_of(result, "sign_z", Window(0, 1))["statistic"] == pytest.approx(3, rel=1e-12)


def test_generalized_sign_z_averages_the_share_over_pairs_not_over_days() -> None:
    """Six pairs rise on 1 of 2 days, six on 0 of 4: p = 1/4 (of all days it is 1/6); w = 6 of 12.

    z = (6 - 12/4)/sqrt(12 1/4 3/4) = 3/1.5 = 2.
    """
    before = [*([swings(1, 2)] * 6), *([[-1, -1, -1, -1]] * 6)]
    row = row_of(a_study(before, [[1], [-1]] * 6), "generalized_sign_z")
    assert row["statistic"] == pytest.approx(2, rel=1e-12)
    assert row["p_value"] == pytest.approx(p_normal(2), rel=1e-10)
    assert (row["df"], row["n"], *verdict(row)) == (None, 12, True, None)


def test_generalized_sign_z_is_the_sign_test_if_half_of_the_days_rise() -> None:
    """With p = 1/2 the two agree: (7 - 4.5)/1.5."""
    row = row_of(one_day([1, 2, 3, 4, 5, 6, 7, -8, -9]), "generalized_sign_z")
    assert row["statistic"] == pytest.approx(5 / 3, rel=1e-12)


@pytest.mark.parametrize("each_day", [1.0, -1.0, 0.0])
def test_generalized_sign_z_needs_days_of_either_sign(each_day: float) -> None:
    """If every estimation day has one sign, p (1 - p) = 0."""
    row = row_of(a_study([[each_day] * 4] * 6, [[1]] * 6), "generalized_sign_z")
    assert has_no_value(row)
    assert row["note"] == "every estimation day has the same sign, so the share of positive ones has no variance"


def test_wilcoxon_w_by_hand() -> None:
    """1, -2, 3, 4, 5, 6: W+ = 21 - 2 = 19; the negative ranks sum to 2 or less in 3 of 64 ways, p = 2 3/64."""
    row = row_of(one_day([1, -2, 3, 4, 5, 6]), "wilcoxon_w")
    assert row["statistic"] == 19.0
    assert row["p_value"] == pytest.approx(6 / 64, rel=1e-12)
    assert (row["df"], row["n"], *verdict(row)) == (None, 6, True, None)


@pytest.mark.parametrize("signs_of", [(1, 1, 1, 1, 1, 1), (-1, 1, -1, 1, -1, 1, 1), (1, -1, -1, -1, -1, 1, 1, -1)])
def test_wilcoxon_p_is_the_share_of_all_sign_patterns(signs_of: tuple[int, ...]) -> None:
    """The exact p-value is twice the smaller tail of W+ over all 2^N signs, at most 1."""
    n = len(signs_of)
    row = row_of(one_day([sign * rank for rank, sign in enumerate(signs_of, start=1)]), "wilcoxon_w")
    all_w = [sum(chosen) for size in range(n + 1) for chosen in itertools.combinations(range(1, n + 1), size)]
    tails = [sum(w <= row["statistic"] for w in all_w), sum(w >= row["statistic"] for w in all_w)]
    assert row["p_value"] == pytest.approx(min(1.0, 2 * min(tails) / 2**n), rel=1e-12)


def test_wilcoxon_leaves_zeros_out_of_the_ranks() -> None:
    """A zero takes no rank: W+ and its p-value are those of the six others."""
    row = row_of(one_day([0, 1, -2, 3, 4, 5, 6]), "wilcoxon_w")
    assert (row["statistic"], row["n"]) == (19.0, 7)
    assert row["p_value"] == pytest.approx(6 / 64, rel=1e-12)


def test_wilcoxon_ties_share_their_mean_rank_and_take_the_normal_p() -> None:
    """1, -1, 2, 3, 4, 5: ranks 1.5, 1.5, 3, 4, 5, 6, W+ = 19.5, mean 10.5, variance 22.75 - (8 - 2)/48 = 22.625."""
    row = row_of(one_day([1, -1, 2, 3, 4, 5]), "wilcoxon_w")
    assert row["statistic"] == 19.5
    assert row["p_value"] == pytest.approx(p_normal(9 / math.sqrt(22.625)), rel=1e-10)
    assert verdict(row) == (True, "ties: the p-value is the normal one")


def test_wilcoxon_p_is_exact_up_to_fifty_pairs_and_normal_beyond() -> None:
    """All of 50 positive: p = 2/2^50. All of 51: W+ = 1326, mean 663, variance 51 52 103/24."""
    exact = row_of(one_day(range(1, 51), tests=("wilcoxon_w",)), "wilcoxon_w")
    assert (exact["statistic"], exact["p_value"]) == (1275.0, pytest.approx(2 / 2**50, rel=1e-12))
    normal = row_of(one_day(range(1, 52), tests=("wilcoxon_w",)), "wilcoxon_w")
    assert normal["statistic"] == 1326.0
    assert normal["p_value"] == pytest.approx(p_normal(663 / math.sqrt(51 * 52 * 103 / 24)), rel=1e-9)
    assert signs.MAX_EXACT_PAIRS == 50


def test_wilcoxon_of_nothing_but_zeros_has_no_value() -> None:
    """Without a value that is not zero there is no rank."""
    row = row_of(one_day([0] * 6), "wilcoxon_w")
    assert has_no_value(row)
    assert row["note"] == "every value is zero"


@pytest.mark.parametrize("name", SIGN_TESTS)
def test_five_pairs_cannot_reject_and_six_can(name: str) -> None:
    """The two-sided p-value of five signs is 2/2^5 = 6.25 % at least, that of six 3.125 %."""
    five = row_of(one_day([1, 2, 3, 4, 5], tests=(name,)), name)
    assert five["statistic"] is not None
    assert verdict(five) == (False, "N = 5 cannot reject at 5 %, whatever the values: that takes 6 pairs")
    assert verdict(row_of(one_day([1, 2, 3, 4, 5, 6], tests=(name,)), name)) == (True, None)


def test_wilcoxon_of_four_values_that_are_not_zero_cannot_reject() -> None:
    """Seven pairs, three of them zero: p is at least 2/2^4 whatever the four others are."""
    row = row_of(one_day([1, 2, 3, 4, 0, 0, 0]), "wilcoxon_w")
    assert row["p_value"] == pytest.approx(2 / 16, rel=1e-12)
    assert not row["is_valid"]


@pytest.mark.parametrize("name", SIGN_TESTS)
def test_pairs_of_one_date_are_not_independent_signs(name: str) -> None:
    """Signs of pairs that share their day 0 are not independent."""
    row = row_of(one_day([1, 2, 3, 4, 5, -6], at=on_one_date(6), tests=(name,)), name)
    assert row["statistic"] is not None
    assert not row["is_valid"]
    assert row["note"].startswith("6 of 6 pairs share the event session 2024-01-12: ")


@pytest.mark.parametrize("name", SIGN_TESTS)
def test_equal_values_have_signs(name: str) -> None:
    """Equal values have no deviation and are positive nevertheless: the sign tests have a value."""
    row = row_of(one_day([2] * 9, tests=(name,)), name)
    assert row["statistic"] == pytest.approx(45 if name == "wilcoxon_w" else 3, rel=1e-12)
    assert row["is_valid"]


@pytest.mark.parametrize("name", SIGN_TESTS)
def test_values_that_are_zero_but_for_rounding_have_no_sign(name: str) -> None:
    """A security held against itself leaves rounding, some of it positive, and no sign of anything."""
    row = row_of(one_day([1e-15, -1e-15, 2e-15, 1e-15, -1e-15, 1e-15], tests=(name,)), name)
    assert has_no_value(row)
    assert row["note"] == "every value is zero"

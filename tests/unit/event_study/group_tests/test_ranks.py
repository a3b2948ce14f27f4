"""Rank tests, ranked by hand over a tiny estimation window.

Two pairs of three estimation days each serve most cases. With their event above all else the ranks are

    A: -1  1  2 | 4th      1  2  3  4      centred  -1.5  -0.5   0.5   1.5
    B:  2 -1  1 | 4th      3  1  2  4      centred   0.5  -1.5  -0.5   1.5      mean  -0.5  -1  0  1.5
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
import pytest

from pipelines.event_study import StudyResult, Window, group_tests
from pipelines.event_study.group_tests import rank_sums, residuals
from pipelines.event_study.group_tests.ranks import RANK_TESTS
from tests.unit.event_study.group_tests.hand_studies import (
    PerPair,
    a_study,
    everyone,
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

A, B = [-1, 1, 2], [2, -1, 1]
CORRADO = RANK_TESTS[:3]
GRANK = RANK_TESTS[3:]
ONE_OBSERVATION = (
    "a rank test of one pair on one observation cannot reject at 5 %: however large it is, |Z| stays below the square "
    "root of 3"
)


def ranked(before: PerPair, event: PerPair, **changes: Any) -> StudyResult:
    """Run a study with the rank tests alone."""
    return a_study(before, event, tests=RANK_TESTS, **changes)


def test_corrado_rank_z_by_hand() -> None:
    """Mean centred ranks -0.5, -1, 0, 1.5: S^2 = (0.25 + 1 + 0 + 2.25)/4 = 7/8, Z = 1.5/sqrt(7/8) = sqrt(18/7)."""
    row = row_of(ranked([A, B], [[3], [3]]), "corrado_rank_z")
    assert row["statistic"] == pytest.approx(math.sqrt(18 / 7), rel=1e-12)
    assert row["p_value"] == pytest.approx(p_normal(math.sqrt(18 / 7)), rel=1e-10)
    assert (row["df"], row["n"], *verdict(row)) == (None, 2, True, None)


def test_corrado_zivney_rank_z_is_the_same_without_a_missing_return() -> None:
    """U is the centred rank over M + 1 = 5 for either pair, and a common factor cancels."""
    row = row_of(ranked([A, B], [[3], [3]]), "corrado_zivney_rank_z")
    assert row["statistic"] == pytest.approx(math.sqrt(18 / 7), rel=1e-12)
    assert (row["df"], row["n"], *verdict(row)) == (None, 2, True, None)


def test_missing_return_weighs_the_ranks() -> None:
    """A lacks its first day: its centred ranks are (-), -1, 0, 1 of M = 3, and U = (-), -1/4, 0, 1/4.

    Corrado: means 1/2, -5/4, -1/4, 5/4, squares (4 + 25 + 1 + 25)/16 = 55/16, Z = (5/4)/sqrt(55/64) = sqrt(20/11).
    Corrado-Zivney: sums 1/10, -11/20, -1/10, 11/20 over the roots of 1, 2, 2, 2: squares
    (4 + 60.5 + 2 + 60.5)/400 = 127/400, Z = sqrt(60.5/400)/sqrt(127/1600) = sqrt(242/127).
    """
    rows = rows_of(ranked([[None, 1, 2], B], [[3], [3]]))
    assert rows["corrado_rank_z"]["statistic"] == pytest.approx(math.sqrt(20 / 11), rel=1e-12)
    assert rows["corrado_zivney_rank_z"]["statistic"] == pytest.approx(math.sqrt(242 / 127), rel=1e-12)


def test_corrado_zivney_sign_z_by_hand() -> None:
    """Signs about the median 1.5: A - - + +, B + - - +; sums 0, -2, 0, 2, S^2 = (4/2 + 4/2)/4 = 1, Z = 2/sqrt 2."""
    row = row_of(ranked([A, B], [[3], [3]]), "corrado_zivney_sign_z")
    assert row["statistic"] == pytest.approx(math.sqrt(2), rel=1e-12)
    assert row["p_value"] == pytest.approx(p_normal(math.sqrt(2)), rel=1e-10)
    assert (row["df"], row["n"], *verdict(row)) == (None, 2, True, None)


@pytest.mark.parametrize("name", CORRADO)
def test_window_sums_its_days_over_the_root_of_their_number(name: str) -> None:
    """A: -1 1 | 2 3, B: 1 -1 | 3 2: mean centred ranks -1, -1, 1, 1 (signs alike), S = 1, Z = 2/sqrt 2."""
    result = ranked([[-1, 1], [1, -1]], [[2, 3], [3, 2]])
    assert row_of(result, name, Window(0, 1))["statistic"] == pytest.approx(math.sqrt(2), rel=1e-12)


def test_ranks_are_over_the_estimation_window_and_the_tested_window_alone() -> None:
    """Day 0 is tested among M = L1 + 1 returns: a day 1 that is larger still does not move its rank."""
    alone, beside = ranked([A, B], [[3], [3]]), ranked([A, B], [[3, 9], [3, 9]])
    for name in CORRADO:
        assert row_of(beside, name)["statistic"] == row_of(alone, name)["statistic"]


def test_ties_share_their_mean_rank() -> None:
    """1, 1, 2 | 2: ranks 1.5, 1.5, 3.5, 3.5, centred -1, -1, 1, 1, and Z = 1."""
    row = row_of(ranked([[1, 1, 2]], [[2]]), "corrado_rank_z")
    assert row["statistic"] == pytest.approx(1, rel=1e-12)


def test_grank_by_hand() -> None:
    """SAR 5/sqrt 2 and 3/sqrt 2 (sigma^2 = 6/3): their sd is 1, so SCAR* is SCAR and ranks 4th of 4 in either pair.

    Z = sqrt(18/7) as above; t = Z sqrt((L1 - 1)/(L1 - Z^2)) = sqrt(18/7 2/(3/7)) = sqrt 12 with df 2. The variance of
    independent ranks is 2 (3/5)/(12 4) = 1/40, and the mean of U_0 is 1.5/5: z = 0.3 sqrt 40 = sqrt 3.6.
    """
    rows = rows_of(ranked([A, B], [[5], [3]]))
    assert rows["grank_t"]["statistic"] == pytest.approx(math.sqrt(12), rel=1e-12)
    assert rows["grank_t"]["p_value"] == pytest.approx(1 - math.sqrt(12 / 14), rel=1e-10)
    assert rows["grank_z"]["statistic"] == pytest.approx(math.sqrt(3.6), rel=1e-12)
    assert rows["grank_z"]["p_value"] == pytest.approx(p_normal(math.sqrt(3.6)), rel=1e-10)
    assert (rows["grank_t"]["df"], rows["grank_z"]["df"]) == (2.0, None)
    for name in GRANK:
        assert (rows[name]["n"], *verdict(rows[name])) == (2, True, None)


def test_missing_return_weighs_the_generalised_ranks() -> None:
    """A lacks its first day: U is (-), -1/4, 0 | 1/4 of T = 3 and 1/10, -3/10, -1/10 | 3/10 of T = 4, means over N_t.

    S^2 = (1/2 0.1^2 + 0.275^2 + 0.05^2 + 0.275^2)/4 and Z^2 = 242/127 with L1 = 3, so t^2 = Z^2 2/(3 - Z^2) = 484/139.
    The variance of independent ranks is (2/4 + 3/5)/(12 4), so z = 0.275/sqrt(1.1/48).
    """
    rows = rows_of(ranked([[None, 1, 2], B], [[5], [3]]))
    assert rows["grank_t"]["statistic"] == pytest.approx(22 / math.sqrt(139), rel=1e-12)
    assert rows["grank_z"]["statistic"] == pytest.approx(0.275 / math.sqrt(1.1 / 48), rel=1e-12)


def test_grank_scales_the_event_by_its_deviation_across_pairs() -> None:
    """AR 24 and 64: SAR differ by 40/sqrt 2, sd 20, so SCAR* sigma is 1.2 and 3.2: 3rd of 4 in A, 4th in B.

    Centred ranks A -1.5, -0.5, 1.5 | 0.5, B 0.5, -1.5, -0.5 | 1.5: means -0.5, -1, 0.5 | 1, S^2 = 2.5/4, Z^2 = 1.6,
    t^2 = 1.6 2/(3 - 1.6) = 16/7.
    """
    row = row_of(ranked([A, B], [[24], [64]]), "grank_t")
    assert row["statistic"] == pytest.approx(4 / math.sqrt(7), rel=1e-12)


def test_grank_takes_a_window_as_one_observation() -> None:
    """CARs 10 and 6 over four days are SCARs 5/sqrt 2 and 3/sqrt 2: the case of one day, with the same df."""
    row = row_of(ranked([A, B], [[1, 2, 3, 4], [6, 0, 0, 0]]), "grank_t", Window(0, 3))
    assert row["statistic"] == pytest.approx(math.sqrt(12), rel=1e-12)
    assert row["p_value"] == pytest.approx(p_t(math.sqrt(12), 2), rel=1e-10)


@pytest.mark.parametrize(("length", "largest"), [(120, 1.7178), (240, 1.7249)])
def test_one_pair_cannot_reject_however_large_its_return(length: int, largest: float) -> None:
    """The largest of T = L1 + 1 ranks is Z = sqrt(3 (T - 1)/(T + 1)), 1.72 at most; grank_t is sqrt 3 for any T."""
    rows = rows_of(ranked([[float(number) for number in range(length)]], [[10_000]]))
    assert rows["corrado_rank_z"]["statistic"] == pytest.approx(largest, abs=5e-5)
    assert rows["grank_t"]["statistic"] == pytest.approx(math.sqrt(3), rel=1e-10)
    for name in RANK_TESTS:
        assert verdict(rows[name]) == (False, ONE_OBSERVATION)
        assert rows[name]["p_value"] > 0.05


def test_one_pair_over_several_days_can_reject_but_for_grank() -> None:
    """1 to 8 and then 9 to 12: centred ranks 2.5, 3.5, 4.5, 5.5 sum to 16, S^2 = (12^2 - 1)/12, Z = 16/sqrt(4 S^2)."""
    rows = rows_of(ranked([[1, 2, 3, 4, 5, 6, 7, 8]], [[9, 10, 11, 12]]), window=Window(0, 3))
    assert rows["corrado_rank_z"]["statistic"] == pytest.approx(16 / math.sqrt(143 / 3), rel=1e-12)
    assert rows["corrado_rank_z"]["p_value"] < 0.05
    for name in CORRADO:
        assert verdict(rows[name]) == (True, None)
    for name in GRANK:
        assert verdict(rows[name]) == (False, ONE_OBSERVATION)


def test_ranks_of_pairs_on_one_date_are_dependent_for_grank_z_alone() -> None:
    """Corrado's deviation and that of grank_t are over the days of the group's mean and hold the dependence."""
    rows = rows_of(ranked([A, B], [[5], [3]], at=on_one_date(2, 3)))
    assert verdict(rows["grank_z"]) == (
        False,
        "2 of 2 pairs share the event session 2024-01-05: the test assumes independence across pairs, so its p-value "
        "is too small",
    )
    for name in (*CORRADO, "grank_t"):
        assert verdict(rows[name]) == (True, None)


@pytest.mark.parametrize("name", GRANK)
def test_equal_values_cannot_be_scaled_for_grank(name: str) -> None:
    """SCARs without deviation leave nothing to divide them by; Corrado's ranks exist nevertheless."""
    rows = rows_of(ranked([A, A], [[3], [3]]))
    assert has_no_value(rows[name])
    assert rows[name]["note"] == "all pairs have the same value"
    assert all(rows[corrado]["is_valid"] for corrado in CORRADO)


def test_pairs_without_residual_variance_leave_grank_alone() -> None:
    """A security that never moved has a rank, and no standardised return."""
    rows = rows_of(ranked([A, B, [0, 0, 0]], [[5], [3], [1]]))
    for name in GRANK:
        assert (rows[name]["n"], rows[name]["is_valid"]) == (2, True)
        assert rows[name]["note"] == "1 of 3 pairs have no residual variance and are left out"
    assert rows["corrado_rank_z"]["n"] == 3
    none = rows_of(ranked([[0, 0, 0]] * 2, [[5], [3]]))
    for name in GRANK:
        assert has_no_value(none[name])
        assert none[name]["note"] == "no pair has residual variance"


def test_only_pair_with_residual_variance_is_ranked_as_it_is() -> None:
    """Beside a security that never moved A is alone: SAR 3/sqrt 2 is above all of its days, Z^2 = 3 3/5, t = sqrt 3."""
    rows = rows_of(ranked([A, [0, 0, 0]], [[3], [1]]))
    assert rows["grank_t"]["statistic"] == pytest.approx(math.sqrt(3), rel=1e-12)
    for name in GRANK:
        assert rows[name]["n"] == 1
        assert rows[name]["note"].startswith(ONE_OBSERVATION)


def test_event_induced_variance_misleads_the_ranks_and_not_the_signs() -> None:
    """Ten SAR of -3 and 3 vary 8 times as much as d = 10 implies."""
    rows = rows_of(one_day([3, -3] * 5, tests=RANK_TESTS))
    for name in ("corrado_rank_z", "corrado_zivney_rank_z"):
        assert not rows[name]["is_valid"]
        assert rows[name]["note"].startswith("the variance across pairs is 8.00 times")
    for name in ("corrado_zivney_sign_z", *GRANK):
        assert verdict(rows[name]) == (True, None)


def test_grank_t_of_days_whose_mean_rank_is_the_same_has_no_value() -> None:
    """1, -1 and -1, 1 have the same mean rank on either day: all of S is the event's, Z^2 = L1, and t has no end."""
    assert has_no_value(row_of(ranked([[1, -1], [-1, 1]], [[5], [3]]), "grank_t"))


def test_grank_t_of_one_estimation_day_has_no_degrees_of_freedom() -> None:
    """L1 - 1 = 0."""
    assert has_no_value(row_of(ranked([[1], [1]], [[5], [3]]), "grank_t"))


@pytest.mark.parametrize("name", CORRADO)
def test_ranks_of_returns_that_are_all_the_same_have_no_deviation(name: str) -> None:
    """If no return of either window differs from another, every rank is the middle one and S = 0."""
    assert has_no_value(row_of(ranked([[0, 0, 0]] * 2, [[0], [0]]), name))


def many(seed: int = 3) -> StudyResult:
    """Return a study of thirty pairs and three days, some pairs with a gap or a tie."""
    random = np.random.default_rng(seed)
    before = random.normal(size=(30, 12)).round(2).tolist()
    before[3][4] = before[7][0] = None
    before[9][2] = before[9][5]
    return ranked(before, random.normal(size=(30, 3)).tolist(), car_windows=(Window(0, 2), Window(1, 2)))


def test_ranks_added_up_as_small_integers_are_those_ranked_window_by_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """The quick way for pairs without gaps and ties gives what ranking every window anew gives."""
    result = many()
    quick = group_tests(result, everyone(result))
    monkeypatch.setattr(rank_sums._Piece, "is_plain", property(lambda piece: np.zeros(piece.group.size, dtype=bool)))
    slow = group_tests(result, everyone(result))
    assert quick.drop("statistic", "p_value", "p_holm", "p_bh").equals(
        slow.drop("statistic", "p_value", "p_holm", "p_bh")
    )
    np.testing.assert_allclose(quick["statistic"], slow["statistic"], rtol=1e-12)


def test_blocks_of_pairs_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sums over blocks of seven pairs are those over all at once."""
    result = many()
    whole = group_tests(result, everyone(result))
    monkeypatch.setattr(rank_sums, "pieces", lambda batch: residuals.pieces(batch, 7))
    parts = group_tests(result, everyone(result))
    np.testing.assert_allclose(parts["statistic"], whole["statistic"], rtol=1e-12)
    assert parts.select(pl.exclude("statistic", "^p_.*$")).equals(whole.select(pl.exclude("statistic", "^p_.*$")))


def test_reversed_returns_reverse_every_rank_statistic() -> None:
    """The ranks of -x are M + 1 less those of x."""
    before: list[list[float]] = [[*A], [*B], swings(3, 3)]
    event = [[5], [3], [-1]]
    plain = rows_of(ranked(before, event))
    turned = rows_of(ranked([[-each for each in row] for row in before], [[-each for each in row] for row in event]))
    for name in RANK_TESTS:
        assert turned[name]["statistic"] == pytest.approx(-plain[name]["statistic"], rel=1e-12)

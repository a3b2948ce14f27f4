"""Standard errors clustered by event session and by security, by hand.

Four pairs have AR 1, 2, 4, 5: mean 3, deviations -2, -1, 1, 2. V = G/(G - 1) (sum over clusters of squared sums)/16.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from pipelines.event_study import StudyResult, Window
from tests.unit.event_study.group_tests.hand_studies import (
    a_study,
    has_no_value,
    one_day,
    p_t,
    row_of,
    rows_of,
    swings,
    verdict,
)

CLUSTER_TESTS = ("cluster_robust_t_date", "cluster_robust_t_firm", "cluster_robust_t")
FEW = "2 clusters are too few, a standard error robust to them is too small: that takes 10"
FIRST, SECOND = 11, 40
"""Two sessions far enough apart for two events of one security."""


def clustered(values: Sequence[float], symbols: Sequence[str], at: Sequence[int]) -> StudyResult:
    """Run a study of pairs with these securities and sessions."""
    event = [[value] for value in values]
    return a_study([swings(1)] * len(values), event, symbols=symbols, at=at, tests=CLUSTER_TESTS)


def two_by_two(values: Sequence[float]) -> StudyResult:
    """Run a study of securities A and B on the first session, then on the second."""
    return clustered(values, ["A", "B", "A", "B"], [FIRST, FIRST, SECOND, SECOND])


def test_two_sessions_of_two_pairs_by_hand() -> None:
    """Sums -3 and 3 by session: V = 2 18/16 = 9/4, t = 3/(3/2) = 2, df 1, p = 1 - 2/pi arctan 2."""
    row = row_of(clustered([1, 2, 4, 5], list("ABCD"), [11, 11, 12, 12]), "cluster_robust_t_date")
    assert row["statistic"] == pytest.approx(2, rel=1e-12)
    assert row["p_value"] == pytest.approx(1 - 2 / math.pi * math.atan(2), rel=1e-10)
    assert (row["df"], row["n"], *verdict(row)) == (1.0, 4, False, FEW)


def test_two_securities_of_two_pairs_by_hand() -> None:
    """By security the sums are -2 + 1 and -1 + 2: V = 2 2/16 = 1/4, t = 3/(1/2) = 6."""
    row = row_of(two_by_two([1, 2, 4, 5]), "cluster_robust_t_firm")
    assert row["statistic"] == pytest.approx(6, rel=1e-12)
    assert (row["df"], *verdict(row)) == (1.0, False, FEW)


def test_both_ways_by_hand() -> None:
    """V = 1/4 by security + 9/4 by session - 4/3 10/16 by both = 5/3, t = 3/sqrt(5/3), df min(2, 2) - 1."""
    row = row_of(two_by_two([1, 2, 4, 5]), "cluster_robust_t")
    assert row["statistic"] == pytest.approx(3 / math.sqrt(5 / 3), rel=1e-12)
    assert row["p_value"] == pytest.approx(p_t(3 / math.sqrt(5 / 3), 1), rel=1e-10)
    assert (row["df"], row["n"], *verdict(row)) == (1.0, 4, False, FEW)


def test_unequal_clusters_take_the_fewer_for_the_degrees_of_freedom() -> None:
    """Three securities on two sessions, A twice: 1, 2 | 3, 6, mean 3, deviations -2, -1, 0, 3.

    By session -3, 3: V = 2 18/16 = 9/4. By security A -2, B -1, C 3: V = 3/2 14/16 = 21/16. By both 4/3 14/16 = 7/6.
    """
    rows = rows_of(clustered([1, 2, 3, 6], ["A", "B", "A", "C"], [FIRST, FIRST, SECOND, SECOND]))
    assert rows["cluster_robust_t_date"]["statistic"] == pytest.approx(3 / 1.5, rel=1e-12)
    assert rows["cluster_robust_t_firm"]["statistic"] == pytest.approx(3 / math.sqrt(21 / 16), rel=1e-12)
    assert rows["cluster_robust_t"]["statistic"] == pytest.approx(3 / math.sqrt(9 / 4 + 21 / 16 - 7 / 6), rel=1e-12)
    assert [rows[name]["df"] for name in CLUSTER_TESTS] == [1.0, 2.0, 1.0]


def test_every_pair_its_own_cluster_is_the_cross_sectional_t() -> None:
    """With ten securities on ten sessions each of the three is the cross-sectional t, and valid."""
    rows = rows_of(one_day([1, 2, -3, 4, 5, 6, -7, 8, 9, 11]))
    plain = rows["cross_sectional_t"]
    for name in CLUSTER_TESTS:
        assert rows[name]["statistic"] == pytest.approx(plain["statistic"], rel=1e-12)
        assert rows[name]["p_value"] == pytest.approx(plain["p_value"], rel=1e-10)
        assert (rows[name]["df"], *verdict(rows[name])) == (9.0, True, None)


def test_nine_clusters_are_too_few() -> None:
    """Below ten clusters the value stands and is not valid."""
    row = row_of(one_day([1, 2, -3, 4, 5, 6, -7, 8, 9]), "cluster_robust_t_date")
    assert verdict(row) == (
        False,
        "9 clusters are too few, a standard error robust to them is too small: that takes 10",
    )


def test_window_counts_clusters_with_a_complete_pair_alone() -> None:
    """The pair of the third session lacks a day, so its session is a cluster on day 0 and not over the window."""
    event = [[1, 0, 0], [2, 0, 0], [4, 0, 0], [5, None, 0]]
    result = a_study([swings(1)] * 4, event, at=[11, 11, 12, 13])
    assert row_of(result, "cluster_robust_t_date")["df"] == 2.0
    row = row_of(result, "cluster_robust_t_date", Window(0, 2))
    assert (row["df"], row["n"]) == (1.0, 3)
    # 1, 2 | 4: mean 7/3, sums -5/3 and 5/3, V = 2 (50/9)/9.
    assert row["statistic"] == pytest.approx(7 / 3 / math.sqrt(100 / 81), rel=1e-12)


def test_order_of_the_pairs_does_not_matter() -> None:
    """Clusters are found wherever their pairs stand."""
    plain = rows_of(two_by_two([1, 2, 4, 5]))
    mixed = rows_of(clustered([1, 5, 2, 4], ["A", "B", "B", "A"], [FIRST, SECOND, FIRST, SECOND]))
    for name in CLUSTER_TESTS:
        assert mixed[name]["statistic"] == pytest.approx(plain[name]["statistic"], rel=1e-12)


@pytest.mark.parametrize("name", ["cluster_robust_t_date", "cluster_robust_t"])
def test_variance_over_clusters_that_is_not_positive_has_no_value(name: str) -> None:
    """4, 2 | 2, 4: sums by session are zero, and both ways V = 0 + 0 - 4/3 4/16 is negative."""
    row = row_of(two_by_two([4, 2, 2, 4]), name)
    assert has_no_value(row)
    assert row["note"] == "the variance over clusters is not positive"


def test_pairs_of_one_session_make_no_clusters() -> None:
    """All pairs on one date: nothing to compare by session, nor both ways; by security they are not independent."""
    rows = rows_of(clustered([1, 2, 6], list("ABC"), [11, 11, 11]))
    for name in ("cluster_robust_t_date", "cluster_robust_t"):
        assert has_no_value(rows[name])
        assert rows[name]["note"] == "all 3 pairs are of one event session, and so there are no clusters to compare"
    firm = rows["cluster_robust_t_firm"]
    assert firm["statistic"] == pytest.approx(3 * math.sqrt(3) / math.sqrt(7), rel=1e-12)
    assert not firm["is_valid"]
    assert firm["note"] == (
        "3 of 3 pairs share the event session 2024-01-12: the test assumes independence across pairs, so its p-value "
        "is too small; 3 clusters are too few, a standard error robust to them is too small: that takes 10"
    )


def test_pairs_of_one_security_make_no_clusters() -> None:
    """All pairs of one security: nothing to compare by security, nor both ways; by session there is."""
    rows = rows_of(clustered([1, 2, 6], ["A", "A", "A"], [11, 40, 70]))
    for name in ("cluster_robust_t_firm", "cluster_robust_t"):
        assert has_no_value(rows[name])
        assert rows[name]["note"] == "all 3 pairs are of one security, and so there are no clusters to compare"
    assert rows["cluster_robust_t_date"]["statistic"] == pytest.approx(3 * math.sqrt(3) / math.sqrt(7), rel=1e-12)


@pytest.mark.parametrize("name", CLUSTER_TESTS)
def test_one_pair_and_equal_pairs_have_no_variance_over_clusters(name: str) -> None:
    """One pair is no sample, and equal values have no deviation however they cluster."""
    one = row_of(one_day([1], tests=(name,)), name)
    assert has_no_value(one)
    assert one["note"] == "needs at least 2 pairs, has 1"
    same = row_of(one_day([2, 2, 2], tests=(name,)), name)
    assert has_no_value(same)
    assert same["note"].startswith("all pairs have the same value, so there is no cross-sectional deviation")

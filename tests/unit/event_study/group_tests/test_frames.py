"""The table of tests: its rows and columns, adjustment for many groups, and who is in a group."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from pipelines.contracts import FCT_GROUP_TESTS
from pipelines.contracts.vocabulary import TESTS
from pipelines.errors import ContractError
from pipelines.event_study import StudyResult, Window, group_tests
from tests.unit.event_study.group_tests.hand_studies import (
    a_study,
    everyone,
    group,
    has_no_value,
    one_day,
    rows_of,
    swings,
    values_of,
)

WILCOXON = ("wilcoxon_w",)
POSITIVE = [1, 2, 3, 4, 5, 6]
"""All of n positive: Wilcoxon's exact p is 2/2^n, that is 1/32, 1/16, 1/8 for 6, 5, 4 pairs."""
NO_PAIR = "no pair has a complete window"


def adjusted(result: StudyResult, groups: pl.DataFrame) -> dict[str, tuple[float | None, float | None, float | None]]:
    """Return p_value, p_holm and p_bh of day 0 by group."""
    frame = group_tests(result, groups).filter(window_start=0, window_end=0)
    return {row["group_value"]: (row["p_value"], row["p_holm"], row["p_bh"]) for row in frame.iter_rows(named=True)}


def test_p_values_are_adjusted_over_the_groups_of_a_family() -> None:
    """P = 1/32, 1/16, 1/8. Holm: 3/32, 2/16, 1/8. Benjamini-Hochberg: 3/32, (3/2)/16, 1/8, that is 3/32, 3/32, 1/8."""
    result = one_day(POSITIVE, tests=WILCOXON)
    groups = pl.concat([group(result, range(n), str(n)) for n in (4, 5, 6)])
    found = adjusted(result, groups)
    assert found["6"] == pytest.approx((1 / 32, 3 / 32, 3 / 32), rel=1e-12)
    assert found["5"] == pytest.approx((1 / 16, 1 / 8, 3 / 32), rel=1e-12)
    assert found["4"] == pytest.approx((1 / 8, 1 / 8, 1 / 8), rel=1e-12)


def test_families_are_apart() -> None:
    """One group alone in its group_by keeps its p-value, whatever groups others have."""
    result = one_day(POSITIVE, tests=WILCOXON)
    groups = pl.concat([group(result, range(n), str(n)) for n in (4, 5)] + [everyone(result)])
    found = adjusted(result, groups)
    assert found["all"] == pytest.approx((1 / 32, 1 / 32, 1 / 32), rel=1e-12)
    assert found["5"] == pytest.approx((1 / 16, 1 / 8, 1 / 8), rel=1e-12)
    assert found["4"] == pytest.approx((1 / 8, 1 / 8, 1 / 8), rel=1e-12)


def test_windows_are_families_of_their_own() -> None:
    """Day 0 has values of either sign, so its p is another; the window of both days is adjusted without it."""
    result = a_study([swings(1)] * 6, [[-value, 3 * value] for value in POSITIVE], tests=WILCOXON)
    frame = group_tests(result, pl.concat([group(result, range(n), str(n)) for n in (5, 6)]))
    for start, end in ((0, 0), (0, 1), (1, 1)):
        rows = frame.filter(window_start=start, window_end=end).sort("group_value")
        assert rows["p_holm"].to_list() == pytest.approx([1 / 16, 1 / 16], rel=1e-12)


def test_group_without_a_value_is_no_member_of_the_family() -> None:
    """A group whose pair has no complete window is not counted: two p-values are adjusted, not three."""
    event = [*([[value, value, value] for value in POSITIVE]), [1, None, 1]]
    result = a_study([swings(1)] * 7, event, tests=WILCOXON)
    groups = pl.concat([group(result, range(6), "6"), group(result, range(5), "5"), group(result, [6], "gap")])
    frame = group_tests(result, groups).filter(window_start=0, window_end=2)
    assert frame["group_value"].to_list() == ["5", "6", "gap"]
    assert frame["p_holm"].to_list()[:2] == pytest.approx([1 / 16, 1 / 16], rel=1e-12)
    assert frame["p_bh"].to_list()[:2] == pytest.approx([1 / 16, 1 / 16], rel=1e-12)
    gap = frame.row(2, named=True)
    assert has_no_value(gap)
    assert (gap["n"], gap["caar"], gap["note"]) == (0, None, NO_PAIR)


def test_rows_have_the_contract_and_its_order() -> None:
    """Every test of every group once for every day and CAR window; a window of one day is that day's test."""
    windows = (Window(-1, 1), Window(0, 0), Window(0, 1))
    spans: dict[str, Any] = {"estimation": Window(-10, -2), "event": Window(-1, 1), "car_windows": windows}
    result = a_study([swings(1)] * 3, [[1, 2], [3, -1], [2, 2]], **spans)
    groups = pl.concat([everyone(result), group(result, [0, 1], "b"), group(result, [1, 2], "a")])
    frame = group_tests(result, groups)
    assert frame.schema == FCT_GROUP_TESTS.polars_schema
    assert frame.equals(frame.sort(FCT_GROUP_TESTS.key))
    assert not frame.select(FCT_GROUP_TESTS.key).is_duplicated().any()
    assert frame.select("window_start", "window_end").unique(maintain_order=True).rows() == [
        (-1, -1),
        (-1, 1),
        (0, 0),
        (0, 1),
        (1, 1),
    ]
    assert frame.height == 3 * 5 * len(result.spec.all_tests)
    assert frame["study_id"].unique().to_list() == ["test"]


def test_study_runs_the_tests_it_names_and_those_it_gives_draws_and_dates() -> None:
    """All tests of the vocabulary have rows if a study asks for all; one that names two has two."""
    all_of_them = one_day([1, 2, 4], resamples=19, placebo_dates=3)
    assert sorted(rows_of(all_of_them)) == sorted(TESTS)
    two = one_day([1, 2, 4], tests=("sign_z", "bmp_t"))
    assert sorted(rows_of(two)) == ["bmp_t", "sign_z"]
    assert sorted(rows_of(one_day([1, 2, 4], tests=(), placebo_dates=3))) == ["placebo_p"]


def test_mean_is_that_of_the_pairs_with_a_complete_window_for_every_test() -> None:
    """Caar is the same in the rows of all tests: (1 + 2 + 6)/3, though one pair has no residual variance."""
    rows = rows_of(one_day([1, 2, 6], [1, 1, 0]))
    for row in rows.values():
        assert row["caar"] == pytest.approx(0.03, rel=1e-12)


def test_pair_with_a_missing_day_counts_in_the_windows_without_it() -> None:
    """The second pair lacks day 1: it counts on days 0 and 2 and in no window that holds day 1."""
    event = [[1, 2, 3], [5, None, 7], [3, 2, 1]]
    result = a_study([swings(1)] * 3, event, car_windows=(Window(0, 2), Window(0, 1)), tests=("cross_sectional_t",))
    frame = group_tests(result, everyone(result))
    assert frame.select("window_start", "window_end", "n").rows() == [
        (0, 0, 3),
        (0, 1, 2),
        (0, 2, 2),
        (1, 1, 2),
        (2, 2, 3),
    ]
    assert frame["caar"].to_list() == pytest.approx([0.03, 0.04, 0.06, 0.02, 11 / 300], rel=1e-12)


def test_group_without_a_used_pair_has_rows_without_values() -> None:
    """A group of a pair that no study knows is reported with n = 0 instead of vanishing."""
    result = one_day([1, 2, 4], resamples=19, placebo_dates=3)
    unknown = pl.DataFrame({"event_id": ["x"], "symbol": ["X"], "group_by": ["event"], "group_value": ["x"]})
    rows = rows_of(result, unknown)
    assert sorted(rows) == sorted(TESTS)
    for row in rows.values():
        assert has_no_value(row)
        assert (row["n"], row["caar"], row["r_bar"], row["note"]) == (0, None, None, NO_PAIR)


def test_empty_group_changes_nothing_for_the_others() -> None:
    """Beside a group without a used pair the others have the rows they have without it."""
    result = one_day([1, 2, 4])
    unknown = pl.DataFrame({"event_id": ["x"], "symbol": ["X"], "group_by": ["all"], "group_value": ["aaa"]})
    both = group_tests(result, pl.concat([unknown, everyone(result)]))
    assert both["group_value"].unique().sort().to_list() == ["aaa", "all"]
    assert both.filter(group_value="all").equals(group_tests(result, everyone(result)))


def test_pairs_that_the_study_does_not_use_are_passed_over() -> None:
    """A pair without a return on day 0 is excluded, and its group is that of the others."""
    result = one_day([1, None, 4], tests=("sign_z",))
    assert group_tests(result, everyone(result))["n"].to_list() == [2]


def test_no_groups_give_an_empty_frame() -> None:
    """Without groups there is nothing to test."""
    result = one_day([1])
    assert group_tests(result, everyone(result).clear()).equals(FCT_GROUP_TESTS.empty())


def test_study_without_a_used_pair_has_rows_without_values() -> None:
    """If no pair can be used every group is empty."""
    result = one_day([None, None], tests=("sign_z", "bmp_t"))
    frame = group_tests(result, everyone(result))
    assert frame.select("test", "n", "note").rows() == [("bmp_t", 0, NO_PAIR), ("sign_z", 0, NO_PAIR)]


def test_pair_may_be_in_many_groups_and_counts_once_in_each() -> None:
    """A pair counts in every group that lists it, and once if a group lists it twice."""
    result = one_day([1, 2, 6])
    plain = pl.concat([everyone(result), group(result, [0, 1], "half")])
    frame = group_tests(result, pl.concat([plain, everyone(result), group(result, [1], "half")]))
    assert frame.equals(group_tests(result, plain))
    assert frame.filter(test="sign_z").select("group_value", "n").rows() == [("all", 3), ("half", 2)]


def test_same_pairs_under_two_names_have_the_same_values() -> None:
    """Two groups of the same pairs agree bit for bit, in a family of their own or in one."""
    result = one_day([1, 2, 6], resamples=19, placebo_dates=3)
    frame = group_tests(result, pl.concat([group(result, range(3), name) for name in ("a", "b")]))
    left, right = (values_of(frame.filter(group_value=name)).drop("group_value") for name in ("a", "b"))
    assert left.equals(right)


def test_values_of_groups_may_be_numbers() -> None:
    """A group value of another type is written as text."""
    result = one_day([1, 2, 6], tests=("sign_z",))
    groups = everyone(result).with_columns(group_value=pl.Series([2023, 2023, 2024]))
    assert group_tests(result, groups)["group_value"].to_list() == ["2023", "2024"]


def test_groups_that_name_no_group_are_refused() -> None:
    """Groups without a column or with a null are refused."""
    result = one_day([1])
    with pytest.raises(ContractError, match=r"missing \['group_value'\]"):
        group_tests(result, everyone(result).drop("group_value"))
    with pytest.raises(ContractError, match=r"nulls by column: \{'group_value': 1\}"):
        group_tests(result, everyone(result).with_columns(group_value=pl.lit(None, pl.String)))

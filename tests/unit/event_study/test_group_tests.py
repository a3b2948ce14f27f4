"""Tests over groups: the statistics by hand, who counts, and when a p-value must not be believed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date

import polars as pl
import pytest

from pipelines.contracts import FCT_GROUP_TESTS
from pipelines.errors import ContractError, SpecError
from pipelines.event_study import StudyResult, StudySpec, Window, group_tests, run_study
from tests.event_study_inputs import a_spec, day, panel_of, random_returns, resolved_pairs, with_returns

NAMES = ["bmp_t", "cross_sectional_t", "patell_csar_z", "patell_z"]
ONE_DAY = a_spec(event=Window(0, 0), car_windows=(Window(0, 0),), min_estimation_obs=4)


def one_day_result(
    abnormal: Sequence[float | None],
    se: Sequence[float],
    n_obs: Sequence[int],
    sessions: Sequence[date] | None = None,
    spec: StudySpec = ONE_DAY,
) -> StudyResult:
    """Return a result of pairs A, B, C ... on one day, with these abnormal returns and standard errors."""
    n_pairs = len(abnormal)
    returns = pl.DataFrame(
        {
            "study_id": spec.study_id,
            "event_id": "e",
            "symbol": [chr(ord("A") + number) for number in range(n_pairs)],
            "event_session": sessions or [day(number) for number in range(n_pairs)],
            "abnormal_return": abnormal,
            "abnormal_return_se": se,
            "n_estimation_obs": n_obs,
            "status": "used",
            "window_start": 0,
            "window_end": 0,
            "relative_day": 0,
        }
    ).with_columns(
        session_date="event_session",
        std_abnormal_return=pl.when(pl.col("abnormal_return_se") > 0).then(
            pl.col("abnormal_return") / pl.col("abnormal_return_se")
        ),
        car="abnormal_return",
        n_days=pl.col("abnormal_return").is_not_null().cast(pl.Int64),
        is_complete=pl.col("abnormal_return").is_not_null(),
    )
    absent = ("reason", "alpha", "beta", "sigma", "actual_return", "expected_return", "p_value", "cum_abnormal_return")
    cars = ("car_se", "scar", "t_stat", "bhar", "df")
    frame = returns.with_columns(pl.lit(None).alias(name) for name in (*absent, *cars))
    return StudyResult(spec, frame, frame, frame)


def everyone(result: StudyResult) -> pl.DataFrame:
    """Return one group of all pairs of a result."""
    return result.securities.select("event_id", "symbol", group_by=pl.lit("all"), group_value=pl.lit("all"))


def by_test(result: StudyResult, groups: pl.DataFrame | None = None) -> dict[str, dict[str, object]]:
    """Return the rows of day 0 by the name of the test."""
    frame = group_tests(result, everyone(result) if groups is None else groups)
    rows = frame.filter(window_start=0, window_end=0).iter_rows(named=True)
    return {str(row["test"]): row for row in rows}


def test_patell_z_by_hand() -> None:
    """Two firms with 18 degrees of freedom: z = (.02/.044 + .02/.088) / sqrt(2 * 18/16)."""
    # .4545... + .22727... = .6818...; sqrt(36/16) = 1.5; z = .45454...
    tests = by_test(one_day_result([0.02, 0.02], [0.044, 0.088], [20, 20]))
    assert tests["patell_z"]["statistic"] == pytest.approx(0.454545454545, abs=1e-12)
    assert tests["patell_csar_z"]["statistic"] == tests["patell_z"]["statistic"]
    assert tests["patell_z"]["p_value"] == pytest.approx(math.erfc(0.45454545454545453 / math.sqrt(2)), rel=1e-12)
    assert (tests["patell_z"]["df"], tests["patell_z"]["n"], tests["patell_z"]["is_valid"]) == (None, 2, True)


def test_cross_sectional_and_bmp_t_by_hand() -> None:
    """Mean over standard error: of the abnormal returns, and of the standardised ones."""
    # AR .01, .02, .06: mean .03, squared deviations 4 + 1 + 9 = 14 e-4, sd = sqrt(7e-4); t = sqrt(3) .03/sqrt(7e-4).
    # SAR 1, 2, 3 (se .01, .01, .02): mean 2, sd 1; t = 2 sqrt(3).
    tests = by_test(one_day_result([0.01, 0.02, 0.06], [0.01, 0.01, 0.02], [20, 20, 20]))
    assert tests["cross_sectional_t"]["statistic"] == pytest.approx(math.sqrt(3) * 0.03 / math.sqrt(7e-4), rel=1e-12)
    assert tests["bmp_t"]["statistic"] == pytest.approx(2 * math.sqrt(3), rel=1e-12)
    # Two degrees of freedom: p = 1 - t/sqrt(2 + t^2) = 1 - sqrt(12/14).
    assert tests["bmp_t"]["p_value"] == pytest.approx(1 - math.sqrt(12 / 14), rel=1e-12)
    assert [tests[name]["caar"] for name in NAMES] == pytest.approx([0.03] * 4, rel=1e-12)
    assert [tests[name]["df"] for name in NAMES] == [2.0, 2.0, None, None]


def test_unequal_degrees_of_freedom_are_summed() -> None:
    """Patell's variance is the sum of d/(d-2) over the pairs' own degrees of freedom."""
    # d = 4 and 10: 4/2 + 10/8 = 3.25; SAR 1 and 2.
    tests = by_test(one_day_result([0.01, 0.02], [0.01, 0.01], [6, 12]))
    assert tests["patell_z"]["statistic"] == pytest.approx(3 / math.sqrt(3.25), rel=1e-12)
    assert tests["patell_csar_z"]["statistic"] == tests["patell_z"]["statistic"]


def test_one_pair_has_no_cross_section_but_a_patell_z() -> None:
    """A single pair gives no standard deviation over pairs; Patell's test needs none."""
    tests = by_test(one_day_result([0.02], [0.01], [20]))
    for name in ("cross_sectional_t", "bmp_t"):
        assert (tests[name]["statistic"], tests[name]["p_value"], tests[name]["df"]) == (None, None, None)
        assert (tests[name]["is_valid"], tests[name]["note"]) == (False, "needs at least 2 pairs, has 1")
    assert tests["patell_z"]["statistic"] == pytest.approx(2 / math.sqrt(18 / 16), rel=1e-12)
    assert (tests["patell_z"]["is_valid"], tests["patell_z"]["note"]) == (True, None)


def test_two_degrees_of_freedom_are_too_few_for_patell() -> None:
    """A t variable with two degrees of freedom has no variance, so Patell's tests have no value."""
    tests = by_test(one_day_result([0.01, 0.03], [0.01, 0.01], [4, 20]))
    for name in ("patell_z", "patell_csar_z"):
        assert (tests[name]["statistic"], tests[name]["is_valid"]) == (None, False)
        assert tests[name]["note"] == "needs more than 2 degrees of freedom for every pair, one has 2"
    assert tests["bmp_t"]["is_valid"]


def test_pairs_without_residual_variance_are_left_out_and_counted() -> None:
    """A pair without a standardised return leaves the standardised tests, and the note says so."""
    tests = by_test(one_day_result([0.01, 0.03, 0.05], [0.01, 0.0, 0.01], [20, 20, 20]))
    for name in ("bmp_t", "patell_z", "patell_csar_z"):
        assert tests[name]["n"] == 2
        assert tests[name]["note"] == "1 of 3 pairs have no residual variance and are left out"
        assert tests[name]["is_valid"]
    assert (tests["cross_sectional_t"]["n"], tests["cross_sectional_t"]["note"]) == (3, None)


def test_no_pair_with_residual_variance_leaves_only_the_cross_section() -> None:
    """If no pair has a standardised return, the standardised tests have no value."""
    tests = by_test(one_day_result([0.01, 0.03], [0.0, 0.0], [20, 20]))
    for name in ("bmp_t", "patell_z", "patell_csar_z"):
        assert (tests[name]["statistic"], tests[name]["n"], tests[name]["is_valid"]) == (None, 0, False)
        assert str(tests[name]["note"]).startswith("no pair has residual variance")
    assert tests["cross_sectional_t"]["is_valid"]


def test_equal_values_have_no_cross_sectional_deviation() -> None:
    """If all pairs have the same value there is nothing to divide by."""
    tests = by_test(one_day_result([0.02, 0.02, 0.02], [0.01, 0.01, 0.01], [20, 20, 20]))
    for name in ("bmp_t", "cross_sectional_t"):
        assert (tests[name]["statistic"], tests[name]["is_valid"]) == (None, False)
        assert tests[name]["note"] == "all pairs have the same value, so there is no cross-sectional deviation"


def test_a_session_that_most_pairs_share_is_not_valid_either() -> None:
    """Two of three pairs on one session are enough; one of two is not."""
    days = [date(2020, 3, 16), date(2020, 3, 16), date(2021, 5, 3)]
    clustered = by_test(one_day_result([0.01, 0.03, 0.02], [0.01] * 3, [20] * 3, days))
    assert clustered["bmp_t"]["note"].startswith("2 of 3 pairs share the event session 2020-03-16: ")
    assert not clustered["bmp_t"]["is_valid"]
    spread = by_test(one_day_result([0.01, 0.03], [0.01] * 2, [20] * 2, days[1:]))
    assert spread["bmp_t"]["is_valid"]


def test_one_common_event_session_is_not_valid_though_it_has_a_value() -> None:
    """Pairs that share their event session are not independent: the value stands, marked as not valid."""
    tests = by_test(one_day_result([0.01, 0.03], [0.01, 0.01], [20, 20], [date(2020, 3, 16)] * 2))
    for name in NAMES:
        assert tests[name]["statistic"] is not None
        assert not tests[name]["is_valid"]
        assert tests[name]["note"] == (
            "all 2 pairs share the event session 2020-03-16: the test assumes independence across pairs, "
            "so its p-value is too small"
        )


def test_only_pairs_with_a_complete_window_count() -> None:
    """A pair with a missing day counts on the other days, and not in the windows that hold that day."""
    spec = a_spec(event=Window(-1, 1), car_windows=(Window(-1, 1),))
    gap = (pl.col("symbol") == "S0") & (pl.col("session_index") == 82)
    returns = with_returns(random_returns(13).filter(~gap))
    asked = [("a", "S0", 81), ("b", "S1", 80), ("c", "S2", 82)]
    result = run_study(spec, panel_of(returns), resolved_pairs(returns, asked))
    tests = group_tests(result, everyone(result)).filter(test="cross_sectional_t")
    assert tests.select("window_start", "window_end", "n").rows() == [(-1, -1, 3), (-1, 1, 2), (0, 0, 3), (1, 1, 2)]
    whole = result.cars.filter(pl.col("is_complete"))
    assert tests["caar"][1] == pytest.approx(whole["car"].mean(), rel=1e-14)


def test_group_without_a_complete_window_has_rows_without_values() -> None:
    """A group whose pairs are all unused is reported with n = 0 instead of vanishing."""
    result = one_day_result([0.02], [0.01], [20])
    groups = pl.DataFrame({"event_id": ["x"], "symbol": ["X"], "group_by": ["event"], "group_value": ["x"]})
    tests = by_test(result, groups)
    assert sorted(tests) == NAMES
    for row in tests.values():
        assert (row["n"], row["statistic"], row["caar"], row["is_valid"]) == (0, None, None, False)
        assert str(row["note"]).startswith("no pair has a complete window")


def test_pair_may_be_in_many_groups_and_counts_once_in_each() -> None:
    """A pair counts in every group that lists it, and once if a group lists it twice."""
    result = one_day_result([0.01, 0.02, 0.06], [0.01, 0.01, 0.02], [20, 20, 20])
    pairs = everyone(result)
    two = pairs.filter(symbol="A").with_columns(group_by=pl.lit("half")).vstack(pairs).vstack(pairs.head(1))
    tests = group_tests(result, two).filter(test="cross_sectional_t")
    assert tests.select("group_by", "group_value", "n").rows() == [("all", "all", 3), ("half", "all", 1)]


def test_rows_have_the_contract_every_window_once_and_are_sorted() -> None:
    """Every day and CAR window is tested once by every test; a CAR window of one day is that day's test."""
    returns = random_returns(14)
    result = run_study(
        a_spec(), panel_of(returns), resolved_pairs(returns, [("a", "S0", 70), ("b", "S1", 80), ("b", "S2", 80)])
    )
    groups = result.securities.select("event_id", "symbol", group_by=pl.lit("event"), group_value="event_id")
    tests = group_tests(result, pl.concat([groups, everyone(result)]))
    assert tests.schema == FCT_GROUP_TESTS.polars_schema
    assert tests.equals(tests.sort(FCT_GROUP_TESTS.key))
    assert not tests.select(FCT_GROUP_TESTS.key).is_duplicated().any()
    assert tests.height == 3 * (11 + 2) * 4
    assert sorted(tests["test"].unique()) == NAMES


def test_no_groups_give_an_empty_frame() -> None:
    """Without groups there is nothing to test."""
    result = one_day_result([0.01], [0.01], [20])
    assert group_tests(result, everyone(result).clear()).equals(FCT_GROUP_TESTS.empty())


def test_result_of_another_study_is_refused() -> None:
    """A result must be tested with the study that made it."""
    result = one_day_result([0.01], [0.01], [20])
    with pytest.raises(SpecError, match="the result comes from study 'test', not from 'other'"):
        group_tests(a_spec(study_id="other"), result, everyone(result))


def test_groups_that_name_no_group_are_refused() -> None:
    """Groups without a column or with a null are refused."""
    result = one_day_result([0.01], [0.01], [20])
    with pytest.raises(ContractError, match=r"missing \['group_value'\]"):
        group_tests(result, everyone(result).drop("group_value"))
    with pytest.raises(ContractError, match=r"nulls by column: \{'group_value': 1\}"):
        group_tests(result, everyone(result).with_columns(group_value=pl.lit(None, pl.String)))

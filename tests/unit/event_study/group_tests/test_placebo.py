"""Placebo dates on panels whose quiet days are written down."""

from __future__ import annotations

import math
from typing import Any

import pytest

from pipelines.event_study import StudyResult, Window, group_tests
from pipelines.event_study.group_tests import placebo
from tests.unit.event_study.group_tests.hand_studies import (
    DAY_0,
    PerPair,
    a_study,
    everyone,
    group,
    has_no_value,
    row_of,
    swings,
    verdict,
)

NAME = "placebo_p"


def with_history(history: PerPair, event: PerPair, dates: int = 50, **changes: Any) -> StudyResult:
    """Run a study with an estimation window of two days, and all of the history to look for dates in."""
    fields: dict[str, Any] = {
        "estimation": Window(-2, -1),
        "min_estimation_obs": 2,
        "tests": (),
        "placebo_dates": dates,
    }
    return a_study(history, event, **(fields | changes))


def dates(n: int) -> str:
    """Return the remark on how many dates the p-value is from."""
    return f"from {n} dates without an event"


def too_few(n: int) -> str:
    """Return what is said of fewer than 19 dates."""
    return f"{n} dates without an event cannot reject at 5 %: that takes 19; {dates(n)}"


def test_p_counts_the_dates_that_are_as_far_out() -> None:
    """Twenty dates of 1 or -1 but for one 5 and one -4; day 0 is 4: two dates are as far out, p = 3/21.

    The root mean square is sqrt((18 + 25 + 16)/20), and 4 over it the statistic. The first two days are estimation.
    """
    history = [1, -1, *swings(1, 20)]
    history[5], history[10] = 5, -4
    row = row_of(with_history([history], [[4]]), NAME)
    assert row["p_value"] == pytest.approx(3 / 21, rel=1e-12)
    assert row["statistic"] == pytest.approx(4 / math.sqrt(59 / 20), rel=1e-12)
    assert (row["df"], row["n"], *verdict(row)) == (None, 1, True, dates(20))


def test_p_is_never_zero() -> None:
    """No date is as far out as 50: p = 1/21."""
    row = row_of(with_history([swings(1, 22)], [[50]]), NAME)
    assert row["p_value"] == pytest.approx(1 / 21, rel=1e-12)


def test_study_may_ask_for_fewer_dates() -> None:
    """With five dates only the last five days are looked at, and none of them can reject."""
    history = [9.0] * 10 + [1, 2, 3, 4, 5]
    row = row_of(with_history([history], [[4]], dates=5), NAME)
    assert row["p_value"] == pytest.approx(3 / 6, rel=1e-12)
    assert row["statistic"] == pytest.approx(4 / math.sqrt(55 / 5), rel=1e-12)
    assert verdict(row) == (False, too_few(5))


def test_nineteen_dates_are_enough_and_eighteen_are_not() -> None:
    """With D dates p is at least 1/(D + 1)."""
    assert verdict(row_of(with_history([swings(1, 21)], [[4]]), NAME)) == (True, dates(19))
    assert verdict(row_of(with_history([swings(1, 20)], [[4]]), NAME)) == (False, too_few(18))


def test_dates_lie_one_event_window_apart() -> None:
    """Windows of three days back from day 0: CARs 3 + 3 + 3, 2 + 2 + 2, 1 + 1 + 1 after two days of estimation."""
    result = with_history([[8, 8, 1, 1, 1, 2, 2, 2, 3, 3, 3]], [[4, 1, 1]])
    row = row_of(result, NAME, Window(0, 2))
    assert row["p_value"] == pytest.approx((1 + 2) / 4, rel=1e-12)
    assert row["statistic"] == pytest.approx(6 / math.sqrt((81 + 36 + 9) / 3), rel=1e-12)
    # On day 0 alone the same dates count with their own first day: 3, 2 and 1 against 4.
    assert row_of(result, NAME)["p_value"] == pytest.approx(1 / 4, rel=1e-12)


def test_model_is_fitted_anew_on_each_date() -> None:
    """Constant mean of the two days before: returns that rise by 1 lie 1.5 above it on every date, day 0 (10) 3.5."""
    result = with_history([[1, 2, 3, 4, 5, 6, 7]], [[10]], model="constant_mean", min_estimation_obs=2)
    row = row_of(result, NAME)
    assert row["statistic"] == pytest.approx(3.5 / 1.5, rel=1e-12)
    assert (row["p_value"], row["note"]) == (pytest.approx(1 / 6, rel=1e-12), too_few(5))


def test_group_takes_the_mean_of_its_pairs_on_each_date() -> None:
    """Opposite histories cancel: 2 and -2 have mean 0 on every date but the latest, where 6 and -2 have mean 2."""
    first, second = swings(2, 7), swings(-2, 7)
    first[-1] = 6
    row = row_of(with_history([first, second], [[1], [3]]), NAME)
    assert row["statistic"] == pytest.approx(2 / math.sqrt(4 / 5), rel=1e-12)
    assert row["p_value"] == pytest.approx(2 / 6, rel=1e-12)


@pytest.mark.parametrize(("apart", "n_left"), [(3, 5), (4, 4), (5, 4), (6, 5), (7, 4)])
def test_date_whose_window_overlaps_with_an_event_of_the_security_does_not_count(apart: int, n_left: int) -> None:
    """Windows of three days, dates 3, 6, 9 ... 18 sessions back, another event of A some sessions back.

    An event 3 or 6 back hides that date alone, one 4 or 5 back the dates at 3 and at 6, one 7 back those at 6 and at 9.
    """
    quiet, event = [1.0] * 20, [[2, 0, 0], [4, 4, 4]]
    alone = row_of(with_history([quiet], event[1:], at=[25], symbols=["A"]), NAME, Window(0, 2))
    assert alone["note"] == too_few(6)
    first = [1.0] * (20 - apart)
    history = [first, [*first, 2, 0, 0, *([1.0] * (apart - 3))]]
    result = with_history(history, event, at=[25 - apart, 25], symbols=["A", "A"])
    later = group_tests(result, group(result, [1], "later")).filter(window_end=2, window_start=0)
    assert later["note"].to_list() == [too_few(n_left)]
    assert later["p_value"].to_list() == [pytest.approx(1 / (n_left + 1), rel=1e-12)]


def test_event_of_another_security_rules_out_no_date() -> None:
    """The other event is of B: all six dates of A count."""
    history = [[1.0] * 20, [1.0] * 20]
    result = with_history(history, [[2, 0, 0], [4, 4, 4]], at=[21, 25], symbols=["B", "A"])
    later = group_tests(result, group(result, [1], "later")).filter(window_end=2, window_start=0)
    assert later["note"].to_list() == [too_few(6)]


def test_young_listing_does_not_rule_out_dates_of_ten_pairs() -> None:
    """Nine of ten pairs are 90 %: dates before the tenth is listed count, as the mean of the nine."""
    history = [*([swings(1, 22)] * 9), [1, 1, 1, 1]]
    row = row_of(with_history(history, [[4]] * 10), NAME)
    assert row["note"] == dates(20)
    # Two dates with the young one: (9 swing + 1)/10 is 1 where the nine rise and -0.8 where they fall.
    assert row["statistic"] == pytest.approx(4 / math.sqrt((18 + 1 + 0.64) / 20), rel=1e-12)


def test_young_listing_rules_out_dates_of_nine_pairs() -> None:
    """Eight of nine pairs are less than 90 %: only the two dates count on which all take part."""
    history = [*([swings(1, 22)] * 8), [1, 1, 1, 1]]
    assert row_of(with_history(history, [[4]] * 9), NAME)["note"] == too_few(2)


def test_missing_day_rules_out_the_windows_that_hold_it() -> None:
    """Of ten dates one has no price, and two more only one day of estimation where two are needed."""
    history: list[float | None] = [1.0] * 12
    history[6] = None
    assert row_of(with_history([history], [[4]]), NAME)["note"] == too_few(7)
    # With one day enough, those two count, and the second session as well, which has one day before it.
    assert row_of(with_history([history], [[4]], min_estimation_obs=1), NAME)["note"] == too_few(10)


def test_no_earlier_date_has_no_value() -> None:
    """A history as long as the estimation window leaves no other date."""
    row = row_of(with_history([[1, -1]], [[4]]), NAME)
    assert has_no_value(row)
    assert row["note"] == "no earlier date on which 90 % of the pairs have an estimation and a tested window"


def test_dates_without_any_return_have_no_value() -> None:
    """If nothing moved on any date there is nothing to compare with."""
    row = row_of(with_history([[0.0] * 22], [[4]]), NAME)
    assert has_no_value(row)
    assert row["note"] == "the mean is zero on every date without an event"


def test_means_that_are_zero_but_for_rounding_have_no_value() -> None:
    """10 + 20 - 30 percent are 0 on every date, though not to the last bit."""
    assert has_no_value(row_of(with_history([[10] * 22, [20] * 22, [-30] * 22], [[1], [2], [3]]), NAME))


def test_event_induced_variance_is_not_in_the_distribution_of_quiet_dates() -> None:
    """Ten SAR of -3 and 3: the estimation windows of L1 = 10 imply an eighth of that variance."""
    history, event = [swings(1, 30)] * 10, [[3], [-3]] * 5
    result = with_history(history, event, estimation=Window(-10, -1), min_estimation_obs=10)
    row = row_of(result, NAME)
    assert not row["is_valid"]
    assert row["note"].startswith("the variance across pairs is 8.00 times what the estimation window implies")


def test_dates_fitted_a_few_at_a_time_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """How many dates are fitted together does not show."""
    history, event = [[1, 4, -2, 3, 5, -1, 2, 2, 1], swings(2, 9)], [[4, 1], [-3, 6]]
    result = with_history(history, event, model="market_adjusted")
    whole = group_tests(result, everyone(result))
    monkeypatch.setattr(placebo, "FIT_SIZE", 1)
    assert group_tests(result, everyone(result)).equals(whole)


def test_only_pairs_that_are_complete_on_the_event_take_part_on_the_dates() -> None:
    """B lacks a day of its event window: over the window the dates are A's alone."""
    history = [[1.0] * 8, [5.0] * 8]
    result = with_history(history, [[4, 4, 4], [4, None, 4]])
    row = row_of(result, NAME, Window(0, 2))
    assert (row["n"], row["statistic"]) == (1, pytest.approx(12 / 3, rel=1e-12))
    assert row_of(result, NAME, DAY_0)["statistic"] == pytest.approx(4 / 3, rel=1e-12)

"""The calendar-time portfolio, its days listed by hand."""

from __future__ import annotations

import math

import pytest

from pipelines.event_study import Window, group_tests, run_study
from tests.event_study_inputs import a_spec, day, panel_of, resolved_pairs
from tests.unit.event_study.group_tests.hand_studies import (
    a_study,
    group,
    has_no_value,
    on_one_date,
    p_t,
    paths_of,
    returns_of,
    row_of,
    swings,
    verdict,
)

NAME = "calendar_time_t"
ONLY = (NAME,)
WINDOW = Window(0, 2)
QUIET = [swings(1)] * 2


def few(n_days: int) -> str:
    """Return what is said of too few calendar days."""
    return f"only {n_days} calendar days: the deviation over fewer than 10 says little"


def test_two_pairs_that_overlap_on_two_days_by_hand() -> None:
    """A 1, 2, 3 and B 4, 5, 6 a day later: days 1, (2 + 4)/2, (3 + 5)/2, 6, mean 3.5, squared deviations 13.

    t = sqrt 4 3.5/sqrt(13/3) = 7/sqrt(13/3) with df 3.
    """
    row = row_of(a_study(QUIET, [[1, 2, 3], [4, 5, 6]], tests=ONLY), NAME, WINDOW)
    t = 7 / math.sqrt(13 / 3)
    assert row["statistic"] == pytest.approx(t, rel=1e-12)
    assert row["p_value"] == pytest.approx(p_t(t, 3), rel=1e-10)
    assert (row["df"], row["n"], *verdict(row)) == (3.0, 2, False, few(4))
    assert row["caar"] == pytest.approx(0.105, rel=1e-12)


def test_pairs_apart_make_a_day_each() -> None:
    """Days 1 to 6 of two pairs five sessions apart: mean 3.5, squared deviations 17.5, t = 3.5 sqrt 6/sqrt 3.5."""
    row = row_of(a_study(QUIET, [[1, 2, 3], [4, 5, 6]], at=[11, 16], tests=ONLY), NAME, WINDOW)
    assert row["statistic"] == pytest.approx(3.5 * math.sqrt(6) / math.sqrt(3.5), rel=1e-12)
    assert (row["df"], row["note"]) == (5.0, few(6))


def test_pairs_of_one_date_make_one_portfolio() -> None:
    """A 1, 2, 3 and B 3, 6, 9 on the same days: 2, 4, 6, mean 4, sd 2, t = 4 sqrt 3/2."""
    row = row_of(a_study(QUIET, [[1, 2, 3], [3, 6, 9]], at=on_one_date(2), tests=ONLY), NAME, WINDOW)
    assert row["statistic"] == pytest.approx(2 * math.sqrt(3), rel=1e-12)
    assert (row["df"], row["n"]) == (2.0, 2)


def test_ten_calendar_days_are_enough() -> None:
    """A window of ten days of one pair is valid, one of nine is not."""
    days = [1, 2, 3, 4, 5, 6, 7, 8, 9, 11]
    row = row_of(a_study([swings(1)], [days], tests=ONLY), NAME, Window(0, 9))
    assert verdict(row) == (True, None)
    # Mean 5.6, sum of squares 406, squared deviations 406 - 10 31.36 = 92.4.
    assert row["statistic"] == pytest.approx(math.sqrt(10) * 5.6 / math.sqrt(92.4 / 9), rel=1e-12)
    nine = row_of(a_study([swings(1)], [days[:9]], tests=ONLY), NAME, Window(0, 8))
    assert verdict(nine) == (False, few(9))


def test_one_common_day_has_no_deviation() -> None:
    """Day 0 of pairs on one date is one calendar day."""
    row = row_of(a_study(QUIET, [[1], [4]], at=on_one_date(2), tests=ONLY), NAME)
    assert has_no_value(row)
    assert row["note"] == "all pairs' windows are the same calendar day, and one day has no deviation"


def test_portfolio_with_one_return_on_every_day_has_no_deviation() -> None:
    """Two pairs of 2 percent on different days."""
    row = row_of(a_study(QUIET, [[2], [2]], tests=ONLY), NAME)
    assert has_no_value(row)
    assert row["note"] == "the portfolio has the same abnormal return on every day"


def test_pair_whose_window_is_not_complete_is_not_held() -> None:
    """B lacks its second day, so only A's 1, 2, 4 are left over the window: mean 7/3, squared deviations 14/3."""
    result = a_study(QUIET, [[1, 2, 4], [4, None, 6]], tests=ONLY)
    row = row_of(result, NAME, WINDOW)
    assert row["statistic"] == pytest.approx(7 / 3 * math.sqrt(3) / math.sqrt(7 / 3), rel=1e-12)
    assert (row["df"], row["n"]) == (2.0, 1)
    # Day 0 of either pair is complete: 1 and 4 on two days.
    assert row_of(result, NAME)["statistic"] == pytest.approx(2.5 * math.sqrt(2) / math.sqrt(4.5), rel=1e-12)


def test_portfolio_goes_by_date_where_securities_count_sessions_differently() -> None:
    """Both have their day 0 on one date; B's exchange is closed on the next, so its 5 and 6 fall a day after A's.

    Days (1 + 4)/2, 2, (3 + 5)/2, 6: mean 14.5/4, and the squares sum to 6.25 + 4 + 16 + 36 = 62.25.
    """
    paths = paths_of(QUIET, [[1, 2, 3], [4, 5, 6]], ["A", "B"], [11, 11])
    returns = returns_of(paths, lambda symbol, index: day(index + (symbol == "B" and index > 11)))
    spec = a_spec(model="market_adjusted", estimation=Window(-10, -1), event=WINDOW, car_windows=(WINDOW,), tests=ONLY)
    pairs = resolved_pairs(returns, [("e", "A", 11), ("e", "B", 11)])
    row = row_of(run_study(spec, panel_of(returns), pairs), NAME, WINDOW)
    mean = 14.5 / 4
    assert row["statistic"] == pytest.approx(2 * mean / math.sqrt((62.25 - 4 * mean * mean) / 3), rel=1e-12)
    assert row["df"] == 3.0


def test_group_in_a_batch_of_many_has_the_days_that_it_has_alone() -> None:
    """Calendar days are numbered by group: another group's pairs on the same days are not in the portfolio."""
    result = a_study([swings(1)] * 4, [[1, 2, 3], [4, 5, 6], [7, 7, 9], [9, 8, 0]], tests=ONLY)
    both = group_tests(result, group(result, [0, 1], "a").vstack(group(result, [2, 3], "b")))
    alone = group_tests(result, group(result, [0, 1], "a"))
    columns = ["statistic", "p_value", "df", "n", "note"]
    assert both.filter(group_value="a").select(columns).equals(alone.select(columns))
    found = both.filter(group_value="a", window_start=0, window_end=2)["statistic"].to_list()
    assert found == [pytest.approx(7 / math.sqrt(13 / 3), rel=1e-12)]

"""Which sessions are due, and what of an answer is a bar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl

from pipelines.freshness import OVERLAP_SESSIONS, due_sessions, sort_bars
from pipelines.sources.live import BAR_COLUMNS

MONDAY = date(2025, 1, 20)  # Martin Luther King's day: no session
FIRST = date(2025, 1, 13)


def instant(day: date, hour: int, minute: int = 0) -> datetime:
    """Return an instant in UTC."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


def calendar(first: date = FIRST, n_days: int = 14) -> pl.DataFrame:
    """Return New York's sessions, 14:30 to 21:00 UTC on weekdays but the holiday."""
    days = [first + timedelta(number) for number in range(n_days)]
    days = [day for day in days if day.weekday() < 5 and day != MONDAY]
    return pl.DataFrame(
        {
            "session_date": days,
            "open_at": [instant(day, 14, 30) for day in days],
            "close_at": [instant(day, 21) for day in days],
        },
        schema={"session_date": pl.Date, "open_at": pl.Datetime("us", "UTC"), "close_at": pl.Datetime("us", "UTC")},
    )


def bar(day: date, close: float | None, stamp: datetime | None = None) -> dict[str, object]:
    """Return a row of an answer."""
    return {"date": day, "opened_at": stamp or instant(day, 14, 30), "close": close}


def answer(*rows: dict[str, object]) -> pl.DataFrame:
    """Return rows as a frame of bars."""
    return pl.DataFrame([dict.fromkeys(BAR_COLUMNS) | row for row in rows], schema=BAR_COLUMNS)


def test_a_session_is_missing_once_it_is_over_and_running_before() -> None:
    """At noon in New York yesterday's bar is missing and today's is running; the holiday is neither."""
    held = calendar().filter(pl.col("session_date") < date(2025, 1, 21))["session_date"].to_list()
    due = due_sessions(calendar(), held, instant(date(2025, 1, 22), 17), first=FIRST)
    assert due.missing == (date(2025, 1, 21),)
    assert due.running == date(2025, 1, 22)
    assert due.overlap == tuple(held)
    assert due.days == (FIRST, date(2025, 1, 22))


def test_on_a_holiday_nothing_is_asked_for() -> None:
    """Friday's bar is held and Monday is a holiday: a run on that Monday has nothing to do."""
    held = calendar().filter(pl.col("session_date") < MONDAY)["session_date"].to_list()
    due = due_sessions(calendar(), held, instant(MONDAY, 23), first=FIRST)
    assert due.is_complete
    assert due.days is None


def test_a_close_is_final_after_the_grace_time_alone() -> None:
    """At the close itself the session still runs, half an hour later it is missing."""
    day = date(2025, 1, 21)
    at_close = due_sessions(calendar(), [], instant(day, 21), first=day)
    later = due_sessions(calendar(), [], instant(day, 21, 30), first=day)
    assert (at_close.missing, at_close.running) == ((), day)
    assert (later.missing, later.running) == ((day,), None)


def test_a_gap_in_the_middle_is_asked_for_with_the_sessions_before_it() -> None:
    """The overlap lies before the first missing session, and holds ten sessions at most."""
    sessions = calendar(date(2025, 1, 1), 45)
    days = sessions["session_date"].to_list()
    gap = days[20]
    due = due_sessions(sessions, [day for day in days if day != gap], instant(days[-1], 23), first=days[0])
    assert due.missing == (gap,)
    assert due.overlap == tuple(days[20 - OVERLAP_SESSIONS : 20])
    assert due.days == (days[10], gap)


def test_an_empty_answer_on_sessions_is_missing_and_on_a_holiday_is_not() -> None:
    """What should be there is asked of the calendar, not of the answer."""
    at = instant(date(2025, 1, 22), 23)
    expected = [date(2025, 1, 21), date(2025, 1, 22)]
    assert sort_bars(answer(), calendar(), at, expected).missing == tuple(expected)
    assert sort_bars(answer(), calendar(), at, []).missing == ()


def test_a_bar_fetched_before_the_close_is_provisional() -> None:
    """Today's bar stands apart; tomorrow it is final."""
    day = date(2025, 1, 22)
    rows = answer(bar(date(2025, 1, 21), 100.0), bar(day, 101.0))
    noon = sort_bars(rows, calendar(), instant(day, 17), [])
    evening = sort_bars(rows, calendar(), instant(day, 22), [])
    assert noon.final["close"].to_list() == [100.0]
    assert noon.provisional["close"].to_list() == [101.0]
    assert evening.final["close"].to_list() == [100.0, 101.0]
    assert evening.provisional.is_empty()


def test_of_a_live_row_and_the_final_bar_of_one_day_the_final_bar_counts() -> None:
    """The stamp of the final bar is the open, that of the live row is "now"."""
    day = date(2025, 1, 22)
    final, live = bar(day, 101.0), bar(day, 102.0, instant(day, 21, 5))
    for rows in (answer(final, live), answer(live, final)):
        found = sort_bars(rows, calendar(), instant(day, 22), [day])
        assert found.final["close"].to_list() == [101.0]
        assert found.n_doubled == 1


def test_a_row_without_a_close_is_no_bar() -> None:
    """Null and not-a-number are counted and missing, never a price."""
    first, second = date(2025, 1, 21), date(2025, 1, 22)
    found = sort_bars(
        answer(bar(first, None), bar(second, float("nan"))), calendar(), instant(second, 22), [first, second]
    )
    assert found.final.is_empty()
    assert found.n_empty == 2
    assert found.missing == (first, second)


def test_a_row_that_is_dated_by_no_session_is_kept_and_not_moved() -> None:
    """A bar on the holiday stays under its own date; the session next to it is still missing."""
    found = sort_bars(answer(bar(MONDAY, 100.0)), calendar(), instant(date(2025, 1, 21), 22), [date(2025, 1, 21)])
    assert found.final["date"].to_list() == [MONDAY]
    assert found.missing == (date(2025, 1, 21),)

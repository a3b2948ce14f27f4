"""The hours of sessions: half days, changes of the clock, markets that never close."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from pipelines.sessions import ALWAYS_OPEN, OVERRIDES, build_sessions, hours_of, rests_at_midday


def hours(mic: str, first: date, last: date) -> pl.DataFrame:
    """Return the hours of an exchange between two days."""
    return hours_of(build_sessions([mic], first, last, OVERRIDES.empty()).sessions)


def openings(mic: str, day: date) -> list[str]:
    """Return the hours and minutes of UTC at which the hours of a session open."""
    return [f"{at:%H:%M}" for at in hours(mic, day, day)["open_at"]]


def test_a_session_of_new_york_has_seven_hours_the_last_of_which_is_half_of_one() -> None:
    """From 09:30 to 16:00 on the clock of New York."""
    day = date(2024, 6, 6)
    found = hours("XNYS", day, day)
    assert openings("XNYS", day) == ["13:30", "14:30", "15:30", "16:30", "17:30", "18:30", "19:30"]
    assert (found["close_at"] - found["open_at"]).to_list() == [timedelta(hours=1)] * 6 + [timedelta(minutes=30)]
    assert found["session_date"].unique().to_list() == [day]


def test_a_half_day_has_four() -> None:
    """3 July 2024 ended at 13:00 in New York."""
    found = hours("XNYS", date(2024, 7, 3), date(2024, 7, 3))
    assert openings("XNYS", date(2024, 7, 3)) == ["13:30", "14:30", "15:30", "16:30"]
    assert found["close_at"][-1] == datetime(2024, 7, 3, 17, tzinfo=UTC)


def test_hours_move_with_the_clock() -> None:
    """New York put its clock forward on 10 March 2024, London on 31 March."""
    assert openings("XNYS", date(2024, 3, 8))[0] == "14:30"
    assert openings("XNYS", date(2024, 3, 11))[0] == "13:30"
    assert openings("XLON", date(2024, 3, 28)) == [f"{n:02}:00" for n in range(8, 17)]
    assert openings("XLON", date(2024, 4, 2)) == [f"{n:02}:00" for n in range(7, 16)]


def test_a_market_that_never_closes_has_24_hours_a_day() -> None:
    """Every hour of UTC."""
    assert hours(ALWAYS_OPEN, date(2024, 3, 9), date(2024, 3, 10)).height == 48


def test_no_sessions_have_no_hours() -> None:
    """A weekend."""
    assert hours("XNYS", date(2024, 6, 8), date(2024, 6, 9)).is_empty()


@pytest.mark.parametrize("mic", ["XTKS", "XHKG", "XSHG"])
def test_tokyo_hong_kong_and_shanghai_rest_at_midday(mic: str) -> None:
    """Their hours are not those since the open."""
    assert rests_at_midday(mic)


@pytest.mark.parametrize("mic", ["XNYS", "XNAS", "XLON", "XETR", "XKRX", "XASX", "XTAI", ALWAYS_OPEN])
def test_others_do_not(mic: str) -> None:
    """Seoul did until 2000."""
    assert not rests_at_midday(mic)

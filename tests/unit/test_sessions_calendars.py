"""Sessions of exchanges: right days and times, stable numbers, and a text where a calendar ends."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from pipelines.contracts import DIM_SESSIONS
from pipelines.errors import ConfigurationError
from pipelines.sessions import EPOCH, OVERRIDES, build_sessions, time_zone

NONE = OVERRIDES.empty()


def sessions(mic: str, start: date, end: date) -> pl.DataFrame:
    """Return one exchange's sessions, without corrections."""
    return build_sessions([mic], start, end, NONE).sessions


def test_frame_follows_the_contract() -> None:
    """The frame has exactly the contract's columns and types and is sorted by its key, whatever the order asked for."""
    frame = build_sessions(["XTKS", "24/7", "XNYS", "XNYS"], date(2024, 1, 1), date(2024, 12, 31), NONE).sessions
    assert frame.schema == DIM_SESSIONS.polars_schema
    assert frame.equals(frame.sort("exchange_mic", "session_date"))
    assert frame.select(pl.struct(DIM_SESSIONS.key).is_unique().all()).item()
    assert frame["exchange_mic"].unique().sort().to_list() == ["24/7", "XNYS", "XTKS"]
    assert (frame["open_at"] < frame["close_at"]).all()


def test_no_exchange_gives_an_empty_typed_frame() -> None:
    """Without any exchange the frame is empty and still typed."""
    built = build_sessions([], date(2024, 1, 1), date(2024, 12, 31), NONE)
    assert built.sessions.height == 0
    assert built.sessions.schema == DIM_SESSIONS.polars_schema
    assert built.warnings == ()


@pytest.mark.parametrize(
    "day",
    ["2025-01-01", "2025-01-09", "2025-01-20", "2018-12-05", "2012-10-29", "2012-10-30", "2001-09-11", "2022-06-20"],
)
def test_new_york_is_closed(day: str) -> None:
    """New York had no session on holidays, days of mourning and storm days."""
    closed = date.fromisoformat(day)
    open_days = set(sessions("XNYS", date(2001, 1, 1), date(2026, 12, 31))["session_date"])
    assert closed not in open_days
    assert {closed - timedelta(days=7), closed + timedelta(days=7)} & open_days


@pytest.mark.parametrize(
    ("mic", "day", "opens", "closes"),
    [
        ("XNYS", "2025-01-27", "09:30", "16:00"),
        ("XNYS", "2024-07-03", "09:30", "13:00"),
        ("XNYS", "2024-11-29", "09:30", "13:00"),
        ("XNYS", "2024-12-24", "09:30", "13:00"),
        ("XTKS", "2024-11-01", "09:00", "15:00"),
        ("XTKS", "2024-11-05", "09:00", "15:30"),
        ("XKRX", "2025-01-31", "09:00", "15:30"),
        ("XHKG", "2025-01-27", "09:30", "16:00"),
        ("XTAI", "2025-02-03", "09:00", "13:30"),
        ("XSHG", "2025-01-27", "09:30", "15:00"),
        ("XAMS", "2025-07-01", "09:00", "17:30"),
        ("XLON", "2025-07-01", "08:00", "16:30"),
    ],
)
def test_opening_and_close_in_local_time(mic: str, day: str, opens: str, closes: str) -> None:
    """A session opens and closes at the exchange's hours, early closes and changes of hours included."""
    session = date.fromisoformat(day)
    zone = ZoneInfo(time_zone(mic))
    row = sessions(mic, session, date(2026, 12, 31)).row(0, named=True)
    assert row["session_date"] == session
    assert row["open_at"] == datetime.combine(session, time.fromisoformat(opens), zone)
    assert row["close_at"] == datetime.combine(session, time.fromisoformat(closes), zone)


def test_nasdaq_has_the_sessions_of_new_york() -> None:
    """XNAS and XNYS differ in nothing but the name."""
    both = build_sessions(["XNAS", "XNYS"], date(2024, 1, 1), date(2025, 12, 31), NONE).sessions
    nasdaq, nyse = (both.filter(exchange_mic=mic).drop("exchange_mic") for mic in ("XNAS", "XNYS"))
    assert nasdaq.height > 490
    assert nasdaq.equals(nyse)


def test_market_that_never_closes_has_one_session_per_utc_day() -> None:
    """24/7: from midnight to midnight UTC, weekends included."""
    frame = sessions("24/7", date(2024, 2, 28), date(2024, 3, 2))
    assert frame["session_date"].to_list() == [date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1), date(2024, 3, 2)]
    assert frame["open_at"][1] == datetime(2024, 2, 29, tzinfo=UTC)
    assert frame["close_at"][1] == datetime(2024, 3, 1, tzinfo=UTC)
    assert frame["close_at"][:-1].to_list() == frame["open_at"][1:].to_list()


@pytest.mark.parametrize("mic", ["XNYS", "XTKS", "XSHG", "24/7"])
def test_session_index_does_not_depend_on_the_range(mic: str) -> None:
    """A later run with a longer range gives every session the number it had before."""
    reference = sessions(mic, date(1998, 1, 1), date(2026, 6, 30))
    for start, end in [
        (date(2015, 3, 1), date(2025, 12, 31)),
        (date(1998, 6, 1), date(1999, 6, 1)),
        (date(1999, 12, 25), date(2000, 1, 10)),
        (EPOCH, EPOCH),
    ]:
        part = sessions(mic, start, end)
        assert part.equals(reference.filter(pl.col("session_date").is_between(start, end)))
    assert reference["session_index"].diff().drop_nulls().unique().to_list() == [1]
    assert reference.filter(session_index=0)["session_date"][0] >= EPOCH
    assert reference.filter(session_index=-1)["session_date"][0] < EPOCH


def test_last_session_of_a_range_has_its_usual_hours() -> None:
    """Seoul's last session asked for opens at 09:00, whatever day the range ends on.

    exchange_calendars 4.13.2 moves the opening of the last session of the range it is given to 10:00.
    """
    for end in (date(2026, 1, 30), date(2026, 12, 30)):
        last = sessions("XKRX", date(2026, 1, 20), end).row(-1, named=True)
        assert last["session_date"] == end
        assert last["open_at"] == datetime(end.year, end.month, end.day, tzinfo=UTC)


def test_range_may_start_on_a_holiday_before_the_first_session() -> None:
    """A start that is no session gives the sessions from the next one on."""
    frame = sessions("XNYS", date(2025, 1, 1), date(2025, 1, 3))
    assert frame["session_date"].to_list() == [date(2025, 1, 2), date(2025, 1, 3)]
    assert sessions("XNYS", date(2025, 1, 4), date(2025, 1, 5)).height == 0


def test_calendar_that_ends_is_clipped_with_a_text() -> None:
    """Days beyond a calendar's end are left out, and a text says where it ends and what to do."""
    built = build_sessions(["XNYS", "XSHG"], date(2025, 1, 1), date(2027, 6, 30), NONE)
    last = built.sessions.group_by("exchange_mic").agg(pl.col("session_date").max()).sort("exchange_mic")
    assert last["session_date"].to_list() == [date(2027, 6, 30), date(2026, 12, 31)]
    assert len(built.warnings) == 1
    assert built.warnings[0].startswith("XSHG: the calendar ends on 2026-12-31; sessions to 2027-06-30")


@pytest.mark.parametrize(
    ("mic", "start", "end", "text"),
    [
        ("XSHG", date(2027, 1, 1), date(2028, 1, 1), "ends on 2026-12-31"),
        ("XTKS", date(1990, 1, 1), date(1996, 1, 1), "begins on 1997-01-01"),
        ("XSAU", date(2005, 1, 1), date(2010, 1, 1), "begins on 2021-01-01"),
    ],
)
def test_range_outside_the_calendar_gives_no_sessions_and_a_text(mic: str, start: date, end: date, text: str) -> None:
    """A range wholly outside a calendar is no crash: no sessions, and a text."""
    built = build_sessions([mic], start, end, NONE)
    assert built.sessions.height == 0
    assert len(built.warnings) == 1
    assert text in built.warnings[0]


def test_unknown_exchange_is_named() -> None:
    """An exchange the library does not know is refused by name, with what to do instead."""
    with pytest.raises(ConfigurationError, match=r"exchange 'XFOO' is not known; expected an ISO 10383 code.*leave it"):
        build_sessions(["XNYS", "XFOO"], date(2025, 1, 1), date(2025, 2, 1), NONE)
    with pytest.raises(ConfigurationError, match="'XFOO' is not known"):
        time_zone("XFOO")


def test_start_after_end_is_refused() -> None:
    """A range that runs backwards is refused with both days."""
    with pytest.raises(ConfigurationError, match="from 2025-02-01 to 2025-01-01"):
        build_sessions(["XNYS"], date(2025, 2, 1), date(2025, 1, 1), NONE)


def test_calendar_the_library_cannot_build_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure inside the library names the exchange, the range and the way out."""
    import exchange_calendars

    def broken(*_: Any, **__: Any) -> None:
        raise NotImplementedError("implemented by subclasses")

    monkeypatch.setattr(exchange_calendars, "get_calendar", broken)
    with pytest.raises(
        ConfigurationError, match=r"cannot build the calendar XLON from 2000-01-01.*implemented by subclas"
    ):
        build_sessions(["XLON"], date(2025, 1, 1), date(2025, 2, 1), NONE)


def test_import_loads_neither_pandas_nor_the_calendar_library() -> None:
    """Importing the package stays cheap: pandas and exchange_calendars are loaded by the first calendar only."""
    code = (
        "import sys, datetime, pipelines.sessions as s\n"
        "s.build_sessions(['24/7'], datetime.date(2024, 1, 1), datetime.date(2024, 2, 1), s.OVERRIDES.empty())\n"
        "print(sorted({'pandas', 'exchange_calendars'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

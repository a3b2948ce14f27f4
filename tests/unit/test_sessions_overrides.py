"""Corrections of calendars: applied as written, harmless where they say nothing new, refused where they are wrong."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.errors import ConfigurationError
from pipelines.sessions import OVERRIDES, build_sessions

SEED = "sql/seeds/calendar_overrides.csv"


@pytest.fixture(scope="module")
def seed(root: Path) -> pl.DataFrame:
    """Return the corrections that ship."""
    return pl.read_csv(root / SEED, schema_overrides=OVERRIDES.polars_schema)


def row(
    mic: str, day: str, action: str, opens: str | None = None, closes: str | None = None, **other: Any
) -> dict[str, Any]:
    """Return one correction."""
    return {
        "exchange_mic": mic,
        "session_date": date.fromisoformat(day),
        "action": action,
        "open_at_local": opens,
        "close_at_local": closes,
        "reason": "test",
        "evidence": "test",
    } | other


def frame(*rows: dict[str, Any]) -> pl.DataFrame:
    """Return corrections as a frame."""
    return pl.DataFrame(rows, schema=OVERRIDES.polars_schema)


def one(mic: str, day: str, overrides: pl.DataFrame) -> dict[str, Any] | None:
    """Return the session of a day, or nothing; one range for all, so that each calendar is built once."""
    built = build_sessions([mic], date(2020, 1, 1), date(2026, 12, 31), overrides).sessions
    found = built.filter(session_date=date.fromisoformat(day))
    return found.row(0, named=True) if found.height else None


@pytest.mark.parametrize(
    ("mic", "day"),
    [
        ("XHKG", "2023-09-01"),
        ("XHKG", "2023-09-08"),
        ("XTAI", "2024-10-31"),
        ("XTAI", "2022-02-04"),
        ("XTAI", "2023-01-18"),
    ],
)
def test_seed_closes_days_the_library_has_open(mic: str, day: str, seed: pl.DataFrame) -> None:
    """Storm closures and holidays the library does not know are no sessions once the seed is applied."""
    assert one(mic, day, OVERRIDES.empty()) is not None
    assert one(mic, day, seed) is None


@pytest.mark.parametrize("day", ["2021-11-18", "2022-11-17", "2023-11-16", "2024-11-14", "2025-11-13"])
def test_seed_moves_the_exam_days_of_seoul(day: str, seed: pl.DataFrame) -> None:
    """On the day of the college entrance exam Seoul trades from 10:00 to 16:30 KST."""
    session = one("XKRX", day, seed)
    assert session is not None
    midnight = datetime.fromisoformat(day).replace(tzinfo=UTC)
    assert session["open_at"] == midnight.replace(hour=1)
    assert session["close_at"] == midnight.replace(hour=7, minute=30)


def test_seed_is_valid_sorted_and_evidenced(seed: pl.DataFrame) -> None:
    """Every correction that ships has a reason and evidence, and takes effect or is harmless."""
    assert seed.equals(seed.sort("exchange_mic", "session_date"))
    assert (seed["evidence"].str.len_chars() > 20).all()
    built = build_sessions(seed["exchange_mic"].unique().to_list(), date(2020, 1, 1), date(2026, 12, 31), seed)
    assert built.warnings == ()


def test_prices_confirm_the_corrected_calendars(seed: pl.DataFrame, shared: Path) -> None:
    """Listings of Hong Kong and Seoul have a bar on exactly the corrected sessions; Taipei lacks two bars."""
    prices = pl.read_parquet(shared / "data" / "prices.parquet").with_columns(pl.col("date").cast(pl.Date))
    for symbol, mic, absent in [
        ("0700.HK", "XHKG", []),
        ("005930.KS", "XKRX", []),
        ("8035.T", "XTKS", []),
        ("2330.TW", "XTAI", [date(2021, 4, 6), date(2025, 8, 1)]),
    ]:
        own = prices.filter(symbol=symbol)["date"].sort()
        built = build_sessions([mic], own[0], date(2026, 12, 31), seed).sessions
        calendar = built.filter(pl.col("session_date") <= own[-1])["session_date"]
        assert set(own) <= set(calendar), symbol
        assert sorted(set(calendar) - set(own)) == absent, symbol


def test_closed_day_moves_the_numbers_after_it() -> None:
    """A closure takes one number away from every later session, and none from an earlier one."""
    window = (date(2024, 10, 28), date(2024, 11, 4))
    plain = build_sessions(["XTAI"], *window, OVERRIDES.empty()).sessions
    closed = build_sessions(["XTAI"], *window, frame(row("XTAI", "2024-10-31", "closed"))).sessions
    joined = plain.join(closed, on="session_date", how="inner", suffix="_closed")
    moved = joined["session_index"] - joined["session_index_closed"]
    assert moved.to_list() == [0 if day < date(2024, 10, 31) else 1 for day in joined["session_date"]]


def test_closure_before_the_range_counts_too() -> None:
    """A number does not depend on whether the corrected day lies inside the range asked for."""
    overrides = frame(row("XTAI", "2024-10-31", "closed"))
    long = build_sessions(["XTAI"], date(2024, 1, 1), date(2025, 6, 30), overrides).sessions
    short = build_sessions(["XTAI"], date(2025, 1, 1), date(2025, 3, 31), overrides).sessions
    assert short.equals(long.filter(pl.col("session_date").is_between(date(2025, 1, 1), date(2025, 3, 31))))


def test_open_adds_a_session_even_beyond_the_calendars_end() -> None:
    """A day marked open is a session: on a weekend, and after the library's calendar has ended."""
    overrides = frame(
        row("XSHG", "2027-01-04", "open", "09:30", "15:00"), row("XNYS", "2025-01-25", "open", "09:30", "12:00")
    )
    built = build_sessions(["XSHG", "XNYS"], date(2025, 1, 24), date(2027, 1, 31), overrides)
    shanghai = built.sessions.filter(exchange_mic="XSHG")
    assert shanghai["session_date"][-1] == date(2027, 1, 4)
    assert shanghai["close_at"][-1] == datetime(2027, 1, 4, 7, 0, tzinfo=UTC)
    assert shanghai["session_index"][-1] == shanghai["session_index"][-2] + 1
    saturday = built.sessions.filter(exchange_mic="XNYS", session_date=date(2025, 1, 25)).row(0, named=True)
    assert saturday["open_at"] == datetime(2025, 1, 25, 14, 30, tzinfo=UTC)


def test_early_close_keeps_the_opening() -> None:
    """An early close moves the close alone."""
    plain = one("XAMS", "2025-01-27", OVERRIDES.empty())
    early = one("XAMS", "2025-01-27", frame(row("XAMS", "2025-01-27", "early_close", None, "14:05")))
    assert plain is not None
    assert early == plain | {"close_at": datetime(2025, 1, 27, 13, 5, tzinfo=UTC)}


def test_override_that_changes_nothing_is_harmless() -> None:
    """Saying what the calendar says already changes no row, and other exchanges' rows are passed over."""
    overrides = frame(
        row("XNYS", "2025-01-20", "closed"),
        row("XNYS", "2025-01-21", "open", "09:30", "16:00"),
        row("XNYS", "2024-11-29", "early_close", None, "13:00"),
        row("XKRX", "2025-01-21", "closed"),
        row("XNYS", "2031-01-21", "closed"),
    )
    window = (date(2024, 11, 1), date(2025, 2, 1))
    plain = build_sessions(["XNYS"], *window, OVERRIDES.empty())
    again = build_sessions(["XNYS"], *window, overrides)
    assert again.sessions.equals(plain.sessions)
    assert again.warnings == ()


def test_override_of_a_day_that_is_no_session_is_reported() -> None:
    """A late open on a holiday changes nothing, and a text says so."""
    built = build_sessions(
        ["XNYS"], date(2025, 1, 17), date(2025, 1, 22), frame(row("XNYS", "2025-01-20", "late_open", "11:00"))
    )
    assert date(2025, 1, 20) not in built.sessions["session_date"]
    assert built.warnings == ("XNYS: 2025-01-20 is no session, so the override 'late_open' changes nothing",)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (row("XNYS", "2025-01-21", "shut"), "action 'shut' is not one of closed, open, late_open, early_close"),
        (row("XNYS", "2025-01-21", "late_open"), "'late_open' needs open_at_local"),
        (row("XNYS", "2025-01-21", "early_close", "09:30"), "'early_close' needs close_at_local"),
        (row("XNYS", "2025-01-21", "open", "09:30"), "'open' needs close_at_local"),
        (row("XNYS", "2025-01-21", "late_open", "ten"), "open_at_local 'ten' is no time; write HH:MM"),
        (row("XNYS", "2025-01-21", "late_open", "25:00"), "open_at_local '25:00' is no time"),
        (row("XNYS", "2025-01-21", "late_open", "10:00:00"), "open_at_local '10:00:00' is no time"),
        (row("XNYS", "2025-01-21", "closed", "09:30"), "'closed' takes no times"),
        (row("XNYS", "2025-01-21", "open", "16:00", "09:30"), "16:00 is not before close_at_local 09:30"),
        (row("XNYS", "2025-01-21", "closed", evidence=None), "evidence must be given"),
        (row("XNYS", "2025-01-21", "closed", reason="", exchange_mic=None), "exchange_mic, reason must be given"),
        (
            row("XNYS", "2025-01-21", "late_open", "17:00"),
            "of 2025-01-21 makes the session open at 22:00Z and close at",
        ),
    ],
)
def test_bad_row_is_refused(bad: dict[str, Any], message: str) -> None:
    """A row that cannot be right is refused with what is wrong."""
    with pytest.raises(ConfigurationError, match=message):
        build_sessions(["XNYS"], date(2025, 1, 1), date(2025, 2, 1), frame(bad))


def test_every_bad_row_is_listed() -> None:
    """The message lists all bad rows by number, and two corrections of one day."""
    with pytest.raises(ConfigurationError, match=r"(?s)row 1: .*'shut'.*row 3: XNYS 2025-01-21 is corrected twice"):
        build_sessions(
            ["XNYS"],
            date(2025, 1, 1),
            date(2025, 2, 1),
            frame(
                row("XNYS", "2025-01-22", "shut"),
                row("XNYS", "2025-01-21", "closed"),
                row("XNYS", "2025-01-21", "closed"),
            ),
        )


def test_missing_column_is_refused() -> None:
    """A frame without the agreed columns is a configuration error that names them."""
    with pytest.raises(ConfigurationError, match=r"overrides cannot be read.*missing \['evidence'\]"):
        build_sessions(["XNYS"], date(2025, 1, 1), date(2025, 2, 1), OVERRIDES.empty().drop("evidence"))

"""Corrections of the exchange calendars, held as data: a storm closure, a late open, an extra session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from pipelines.contracts import DIM_SESSIONS, Column, Table
from pipelines.errors import ConfigurationError, ContractError

ACTIONS = {
    "closed": "the day is no session; takes no times",
    "open": "the day is a session; needs both times",
    "late_open": "the session opens later than usual; needs open_at_local",
    "early_close": "the session closes earlier than usual; needs close_at_local",
}

OVERRIDES = Table(
    name="calendar_overrides",
    grain="one row per exchange and corrected day",
    key=("exchange_mic", "session_date"),
    meaning="Days on which the calendar library is wrong, each with the evidence",
    columns=(
        DIM_SESSIONS.column("exchange_mic"),
        Column("session_date", "date", "exchange-local date that is corrected"),
        Column("action", "text", "what is corrected", allowed=tuple(ACTIONS)),
        Column("open_at_local", "text", "opening, HH:MM in the exchange's time zone", nullable=True),
        Column("close_at_local", "text", "close, HH:MM in the exchange's time zone", nullable=True),
        Column("reason", "text", "what happened"),
        Column("evidence", "text", "how it is known"),
    ),
)

_NEEDS = {
    "closed": (),
    "open": ("open_at_local", "close_at_local"),
    "late_open": ("open_at_local",),
    "early_close": ("close_at_local",),
}
_INSTANT = DIM_SESSIONS.column("open_at").polars


@dataclass(frozen=True, slots=True)
class Override:
    """One correction, its times read."""

    exchange_mic: str
    session_date: date
    action: str
    open_local: time | None
    close_local: time | None

    def instant(self, local: time | None, zone: ZoneInfo) -> datetime | None:
        """Return the UTC instant of a local time on the corrected day."""
        return None if local is None else datetime.combine(self.session_date, local, zone).astimezone(UTC)


def read_overrides(frame: pl.DataFrame) -> list[Override]:
    """Check every row of an override frame and read its times.

    Raises
    ------
    ConfigurationError
        If a column is missing, or any row is not valid; the message lists every bad row.
    """
    try:
        rows = OVERRIDES.conform(frame).rows(named=True)
    except ContractError as error:
        raise ConfigurationError(f"the calendar overrides cannot be read: {error}") from error
    overrides: list[Override] = []
    problems: list[str] = []
    seen: set[tuple[str, date]] = set()
    for number, row in enumerate(rows, start=1):
        override, found = _read_row(row)
        if override is not None:
            key = (override.exchange_mic, override.session_date)
            found += [f"{key[0]} {key[1]} is corrected twice; keep one row per exchange and day"] if key in seen else []
            seen.add(key)
            overrides.append(override)
        problems += [f"row {number}: {problem}" for problem in found]
    if problems:
        raise ConfigurationError("the calendar overrides are not valid:\n  " + "\n  ".join(problems))
    return overrides


def _read_row(row: Mapping[str, Any]) -> tuple[Override | None, list[str]]:
    """Return one row's override, if it can be read, and everything that is wrong with it."""
    empty = [column.name for column in OVERRIDES.columns if not column.nullable and not row[column.name]]
    if empty:
        return None, [f"{', '.join(empty)} must be given"]
    if row["action"] not in ACTIONS:
        return None, [f"action {row['action']!r} is not one of {', '.join(ACTIONS)}"]
    times: dict[str, time | None] = {}
    problems: list[str] = []
    for name in ("open_at_local", "close_at_local"):
        try:
            times[name] = _clock(row[name])
        except ValueError:
            problems.append(f"{name} {row[name]!r} is no time; write HH:MM as in 10:00")
    missing = [name for name in _NEEDS[row["action"]] if not row[name]]
    if missing:
        problems.append(f"action {row['action']!r} needs {' and '.join(missing)}")
    if row["action"] == "closed" and (row["open_at_local"] or row["close_at_local"]):
        problems.append("action 'closed' takes no times; use 'late_open' or 'early_close' for a shorter session")
    if problems:
        return None, problems
    opening, close = times["open_at_local"], times["close_at_local"]
    if opening and close and opening >= close:
        return None, [f"open_at_local {row['open_at_local']} is not before close_at_local {row['close_at_local']}"]
    return Override(row["exchange_mic"], row["session_date"], row["action"], opening, close), []


def _clock(text: str | None) -> time | None:
    """Read HH:MM; an empty cell is no time."""
    if not text:
        return None
    hours, minutes = text.split(":")
    return time(int(hours), int(minutes))


def apply_overrides(
    sessions: pl.DataFrame, overrides: Sequence[Override], zone: ZoneInfo
) -> tuple[pl.DataFrame, list[str]]:
    """Return one exchange's sessions with its corrections applied, and a text for each that changes nothing.

    Parameters
    ----------
    sessions : DataFrame
        ``session_date, open_at, close_at`` of one exchange.
    overrides : sequence of Override
        Corrections of that exchange. One that says what the calendar says already is harmless.
    zone : ZoneInfo
        The exchange's time zone.

    Raises
    ------
    ConfigurationError
        If a corrected session would not open before it closes.
    """
    closed = pl.Series("session_date", [o.session_date for o in overrides if o.action == "closed"], pl.Date).to_frame()
    changes = pl.DataFrame(
        [
            (o.session_date, o.action, o.instant(o.open_local, zone), o.instant(o.close_local, zone))
            for o in overrides
            if o.action != "closed"
        ],
        schema={"session_date": pl.Date, "action": pl.String, "new_open_at": _INSTANT, "new_close_at": _INSTANT},
        orient="row",
    )
    joined = sessions.join(closed, on="session_date", how="anti").join(
        changes, on="session_date", how="full", coalesce=True
    )
    is_session = pl.col("open_at").is_not_null() | (pl.col("action") == "open")
    idle = joined.filter(~is_session)
    corrected = joined.filter(is_session).select(
        "session_date",
        pl.coalesce("new_open_at", "open_at").alias("open_at"),
        pl.coalesce("new_close_at", "close_at").alias("close_at"),
    )
    _refuse_reversed(corrected)
    notes = [
        f"{day} is no session, so the override {action!r} changes nothing"
        for day, action, *_ in idle.select("session_date", "action").sort("session_date").iter_rows()
    ]
    return corrected.sort("session_date"), notes


def _refuse_reversed(sessions: pl.DataFrame) -> None:
    """Raise if a correction moved an opening to or after its close."""
    for day, opening, close in sessions.filter(pl.col("open_at") >= pl.col("close_at")).iter_rows():
        raise ConfigurationError(
            f"the calendar override of {day} makes the session open at {opening:%H:%MZ} and close at {close:%H:%MZ}; "
            "give both open_at_local and close_at_local"
        )

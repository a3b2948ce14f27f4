"""Build the trading sessions of exchanges from exchange_calendars, corrected by data."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from pipelines.contracts import DIM_SESSIONS
from pipelines.errors import ConfigurationError
from pipelines.sessions.overrides import Override, apply_overrides, read_overrides

ALWAYS_OPEN = "24/7"
"""Name of the market that never closes: one session per UTC day."""

EPOCH = date(2000, 1, 1)
"""First session on or after this day has index 0 on every exchange.

A fixed anchor keeps a session's number the same whatever range is asked for; earlier sessions count backwards from it.
2000 rather than 1990 because every calendar is built from the anchor on, and the one slow calendar (XKRX) takes 3 s
from 2000 and 4 s from 1990; the others take 0.1 to 0.4 s from either.
"""

_MONTH = timedelta(days=31)
_INSTANT = DIM_SESSIONS.column("open_at").polars


@dataclass(frozen=True, slots=True)
class Calendars:
    """Sessions and what a reader should know about them.

    Attributes
    ----------
    sessions : DataFrame
        Contract ``dim_sessions``, sorted by its key.
    warnings : tuple of str
        One text for each thing asked for that could not be given, such as days beyond the end of a calendar.
    """

    sessions: pl.DataFrame
    warnings: tuple[str, ...]


def build_sessions(mics: Sequence[str], start: date, end: date, overrides: pl.DataFrame) -> Calendars:
    """Return the sessions of the exchanges between two days, both included.

    Parameters
    ----------
    mics : sequence of str
        Names that exchange_calendars knows, or ``24/7`` for a market that never closes.
    start, end : date
        Exchange-local days. Days that a calendar does not cover are left out, with a warning text.
    overrides : DataFrame
        Corrections, columns of ``OVERRIDES``; a row counts for the exchange it names and for no alias of it.

    Returns
    -------
    Calendars
        ``session_index`` counts the exchange's sessions from `EPOCH` on, after the corrections, so it does not depend
        on `start` and `end`.

    Raises
    ------
    ConfigurationError
        If an exchange is not known, a calendar cannot be built, an override is not valid, or `start` is after `end`.
    """
    if start > end:
        raise ConfigurationError(f"sessions from {start} to {end} were asked for; the start must not be after the end")
    corrections = read_overrides(overrides)
    frames = [DIM_SESSIONS.empty()]
    texts: list[str] = []
    for mic in sorted(set(mics)):
        frame, found = _exchange(mic, start, end, [row for row in corrections if row.exchange_mic == mic])
        frames.append(DIM_SESSIONS.conform(frame))
        texts += [f"{mic}: {text}" for text in found]
    return Calendars(pl.concat(frames), tuple(texts))


def time_zone(mic: str) -> str:
    """Return the IANA name of the exchange's time zone.

    Raises
    ------
    ConfigurationError
        If the exchange is not known.
    """
    return "UTC" if mic == ALWAYS_OPEN else str(calendar_class(mic).tz)


def _exchange(mic: str, start: date, end: date, corrections: list[Override]) -> tuple[pl.DataFrame, list[str]]:
    """Return one exchange's sessions within the days asked for, and its warnings."""
    first, last = _bounds(mic)
    low = max(min(start, EPOCH), first)
    high = min(max(end, low + _MONTH, EPOCH), last)
    plain = _always_open(low, high) if mic == ALWAYS_OPEN else _from_library(mic, low, high, last)
    reach = [row for row in corrections if min(start, EPOCH) <= row.session_date <= max(end, EPOCH)]
    corrected, notes = apply_overrides(plain, reach, ZoneInfo(time_zone(mic)))
    before = corrected.filter(pl.col("session_date") < EPOCH).height
    numbered = corrected.with_columns(
        pl.lit(mic).alias("exchange_mic"),
        (pl.int_range(pl.len(), dtype=pl.Int64) - before).alias("session_index"),
    )
    return numbered.filter(pl.col("session_date").is_between(start, end)), _outside(start, end, first, last) + notes


def _outside(start: date, end: date, first: date, last: date) -> list[str]:
    """Return a text for each end at which more was asked for than the calendar covers."""
    texts = []
    if start < first:
        texts.append(f"the calendar begins on {first}; sessions from {start} on were asked for")
    if end > last:
        texts.append(
            f"the calendar ends on {last}; sessions to {end} were asked for. "
            "Update exchange-calendars, or add the days as overrides with action 'open'"
        )
    return texts


def _bounds(mic: str) -> tuple[date, date]:
    """Return the first and last day the calendar may be asked for."""
    if mic == ALWAYS_OPEN:
        return date.min, date.max
    calendar = calendar_class(mic)
    first, last = calendar.bound_min(), calendar.bound_max()
    return first.date() if first is not None else date.min, last.date() if last is not None else date.max


def _always_open(low: date, high: date) -> pl.DataFrame:
    """Return one session per UTC day, from midnight to midnight."""
    days = pl.DataFrame({"session_date": pl.date_range(low, high, eager=True)})
    opening = pl.col("session_date").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return days.with_columns(opening.alias("open_at"), (opening + timedelta(days=1)).alias("close_at"))


def _from_library(mic: str, low: date, high: date, last: date) -> pl.DataFrame:
    """Return the sessions of exchange_calendars between two days.

    The range is always given, because the library's own depends on today's date, and it reaches a month beyond the
    year asked for: exchange_calendars 4.13.2 opens the very last session of XKRX an hour late.
    """
    with warnings.catch_warnings():
        # The library calls pandas functions that newer pandas deprecates; nothing a user can act on.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", FutureWarning)
        import exchange_calendars as xc

        try:
            reach = min(date(high.year + 1, 1, 31), last)
            calendar = xc.get_calendar(mic, start=low.isoformat(), end=reach.isoformat())
        except (ValueError, NotImplementedError, xc.errors.CalendarError) as error:
            raise ConfigurationError(
                f"exchange_calendars {xc.__version__} cannot build the calendar {mic} from {low} to {high}: "
                f"{str(error)[:200]}. Leave the exchange empty: sessions are then the dates of the own prices"
            ) from error
        columns = {
            "session_date": calendar.sessions.to_numpy().astype("datetime64[D]"),
            "open_at": calendar.opens_nanos // 1000,
            "close_at": calendar.closes_nanos // 1000,
        }
    frame = pl.DataFrame(columns).cast({"open_at": _INSTANT, "close_at": _INSTANT})
    return frame.filter(pl.col("session_date") <= high)


def calendar_class(mic: str) -> Any:
    """Return the library's class of an exchange; asking the class costs nothing, building a calendar does."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from exchange_calendars import calendar_utils

    if mic not in calendar_utils.get_calendar_names():
        raise ConfigurationError(
            f"exchange {mic!r} is not known; expected an ISO 10383 code that exchange_calendars knows (XNYS, XKRX ...) "
            f"or {ALWAYS_OPEN!r} for a market that never closes. Where the exchange is not known, leave it empty: "
            "sessions are then the dates of the security's own prices"
        )
    return calendar_utils._default_calendar_factories[calendar_utils.resolve_alias(mic)]

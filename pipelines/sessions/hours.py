"""The hours of trading sessions: what bars of an hour there must be."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import polars as pl

from pipelines.sessions.calendars import ALWAYS_OPEN, calendar_class

HOUR: Final = timedelta(hours=1)


def hours_of(sessions: pl.DataFrame) -> pl.DataFrame:
    """Return the hours of sessions, counted from each session's open; the last one ends with its session.

    Parameters
    ----------
    sessions : DataFrame
        `session_date`, `open_at`, `close_at` of one exchange, one row per session.

    Returns
    -------
    DataFrame
        `session_date`, `open_at`, `close_at` of each hour, in order: seven a day in New York, four of a half day, the
        last of either half an hour long.
    """
    openings = pl.datetime_ranges("open_at", "close_at", interval="1h", closed="left")
    hours = sessions.select("session_date", openings.alias("open_at"), pl.col("close_at").alias("ends_at"))
    return (
        hours.explode("open_at")
        .drop_nulls("open_at")
        .select("session_date", "open_at", pl.min_horizontal(pl.col("open_at") + HOUR, "ends_at").alias("close_at"))
        .sort("open_at")
    )


def rests_at_midday(mic: str) -> bool:
    """Tell whether an exchange rests at midday, so that its hours are not counted from the open alone.

    Raises
    ------
    ConfigurationError
        If the exchange is not known.
    """
    if mic == ALWAYS_OPEN:
        return False
    starts = calendar_class(mic).break_start_times
    # A calendar with breaks has a tuple of (first day, time or None), the class of one without them a property.
    return isinstance(starts, tuple) and starts[-1][1] is not None

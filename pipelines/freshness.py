"""Which sessions a listing lacks, and what of an answer is a bar: the calendar decides, never the provider.

A session that is over must have a bar: an answer without it is a failure to be asked for again, a holiday is none. The
bar of a session that still runs is provisional, and a row without a close is no bar at all.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import polars as pl

OVERLAP_SESSIONS: Final = 10
"""Final sessions that are asked for again with every fetch, to see whether history was restated."""

GRACE: Final = timedelta(minutes=30)
"""Time after a close from which on its bar is final; closing auctions and corrections come in until then."""


@dataclass(frozen=True, slots=True)
class Due:
    """What a listing lacks.

    Attributes
    ----------
    missing : tuple of date
        Sessions that are over and have no final bar.
    running : date or None
        Session that has begun and is not final yet.
    overlap : tuple of date
        The last final sessions that are held, before the first missing one.
    """

    missing: tuple[date, ...]
    running: date | None
    overlap: tuple[date, ...]

    @property
    def is_complete(self) -> bool:
        """Whether there is nothing to ask for."""
        return not self.missing and self.running is None

    @property
    def days(self) -> tuple[date, date] | None:
        """First and last day to ask for, the overlap included; None if there is nothing to ask for."""
        wanted = [*self.missing, *((self.running,) if self.running else ())]
        return (min([*self.overlap, *wanted]), max(wanted)) if wanted else None


def due_sessions(
    sessions: pl.DataFrame,
    held: Collection[date],
    now: datetime,
    *,
    first: date,
    last: date | None = None,
    grace: timedelta = GRACE,
) -> Due:
    """Compare the sessions of a listing's exchange with the final bars that are held.

    Parameters
    ----------
    sessions : DataFrame
        `session_date`, `open_at`, `close_at` of the exchange, one row per session.
    held : collection of date
        Sessions with a final bar.
    now : datetime
        Instant with a zone; what lies after it has not happened.
    first, last : date
        Sessions that are wanted, both included; by default up to `now`.
    grace : timedelta
        How long after its close a session counts as over.
    """
    wanted = sessions.filter(pl.col("session_date") >= first, pl.col("open_at") <= now).sort("session_date")
    if last is not None:
        wanted = wanted.filter(pl.col("session_date") <= last)
    over = pl.col("close_at") + grace <= now
    missing = [day for day in wanted.filter(over)["session_date"].to_list() if day not in held]
    running = wanted.filter(~over)["session_date"].to_list()
    overlap = sorted(day for day in held if not missing or day < missing[0])[-OVERLAP_SESSIONS:]
    return Due(tuple(missing), running[-1] if running else None, tuple(overlap))


@dataclass(frozen=True, slots=True)
class SortedBars:
    """The rows of an answer by what they are.

    Attributes
    ----------
    final, provisional : DataFrame
        Bars of sessions that were over when the answer came, and of those that were not; one row per session of the
        calendar. A row whose date is no session stands under `final` as it came, for the rules on rows to reject.
    missing : tuple of date
        Sessions that were asked for, were over, and have no bar.
    n_empty, n_doubled : int
        Rows without a close, and rows of a session that another row states better.
    """

    final: pl.DataFrame
    provisional: pl.DataFrame
    missing: tuple[date, ...]
    n_empty: int
    n_doubled: int


def sort_bars(
    bars: pl.DataFrame,
    sessions: pl.DataFrame,
    fetched_at: datetime,
    expected: Sequence[date],
    *,
    grace: timedelta = GRACE,
) -> SortedBars:
    """Tell final bars from provisional ones, and say what is missing.

    Parameters
    ----------
    bars : DataFrame
        `date`, `opened_at`, `close` and whatever else, as a provider sent them.
    sessions : DataFrame
        `session_date`, `open_at`, `close_at` of the exchange.
    fetched_at : datetime
        When the answer came.
    expected : sequence of date
        Sessions that should be there if they were over.

    Notes
    -----
    A provider that shows the running session may send it beside the final bar of the same day. The row whose stamp is
    the session's open is the final one; among others the latest counts.
    """
    filled = bars.filter(pl.col("close").is_not_null() & pl.col("close").is_not_nan())
    calendar = sessions.select("session_date", "open_at", "close_at")
    known = filled.join(calendar, left_on="date", right_on="session_date", how="left", maintain_order="left")
    is_session = pl.col("close_at").is_not_null()
    inside = known.filter(is_session).sort(
        "date", pl.col("opened_at") == pl.col("open_at"), "opened_at", nulls_last=False, maintain_order=True
    )
    single = inside.unique("date", keep="last", maintain_order=True)
    over = pl.col("close_at") + grace <= fetched_at
    final = single.filter(over).drop("open_at", "close_at")
    outside = known.filter(~is_session).drop("open_at", "close_at")
    held = set(final["date"].to_list())
    ended = set(calendar.filter(over)["session_date"].to_list())
    return SortedBars(
        final=pl.concat([final, outside]).sort("date", nulls_last=True, maintain_order=True),
        provisional=single.filter(~over).drop("open_at", "close_at"),
        missing=tuple(day for day in expected if day in ended and day not in held),
        n_empty=bars.height - filled.height,
        n_doubled=inside.height - single.height,
    )

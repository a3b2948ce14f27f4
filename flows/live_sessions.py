"""Trading sessions up to now for the symbols of a live source, also where a calendar has ended."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Final

import polars as pl

from flows.calendar_cache import cached_sessions
from flows.run import seeds_folder
from pipelines.contracts import DIM_SESSIONS
from pipelines.settings import Settings

_SATURDAY: Final = 6
_LONGEST_REST: Final = 12
"""Days: Shanghai rests ten in a row at the longest."""


class Sessions:
    """Sessions of exchanges, built once each, and what a reader should know about them."""

    def __init__(self, settings: Settings, first: date, now: datetime) -> None:
        self._folder = settings.calendar_folder
        # Whole years, so that a calendar that was built once serves for the year.
        self._range = (date(first.year, 1, 1), date(now.year, 12, 31))
        self._now = now
        self._known: dict[str, tuple[pl.DataFrame, date | None]] = {}
        self.warnings: list[str] = []

    def of(self, mic: str) -> tuple[pl.DataFrame, date | None]:
        """Return an exchange's sessions, and the day from which on they are assumed: see `Wanted`."""
        if mic not in self._known:
            built = cached_sessions(self._folder, [mic], *self._range, self._overrides)
            sessions, assumed_from = extended(built.sessions, self._now)
            self._known[mic] = (sessions, assumed_from)
            if assumed_from is not None:
                self.warnings += [f"{text}; until then every weekday may be a session" for text in built.warnings]
        return self._known[mic]

    @cached_property
    def _overrides(self) -> pl.DataFrame:
        rows = pl.read_csv(seeds_folder() / "calendar_overrides.csv", infer_schema=False)
        return rows.with_columns(pl.col("session_date").str.to_date())


def extended(sessions: pl.DataFrame, now: datetime) -> tuple[pl.DataFrame, date | None]:
    """Add the weekdays up to now to a calendar that ends before, with the hours of its last session.

    Returns
    -------
    tuple
        The sessions, and the first day that was added; None if none was. A calendar ends before now if a week has
        passed since its last session: no exchange rests so long without its calendar knowing.
    """
    if sessions.is_empty():
        return sessions, None
    last = sessions.row(-1, named=True)
    span = (now.date() - last["session_date"]).days
    if span <= _LONGEST_REST:
        return sessions, None
    days = [n for n in range(1, span + 1) if (last["session_date"] + timedelta(days=n)).isoweekday() < _SATURDAY]
    rows = [
        last
        | {"session_date": last["session_date"] + timedelta(days=n), "session_index": last["session_index"] + i}
        | {name: last[name] + timedelta(days=n) for name in ("open_at", "close_at")}
        for i, n in enumerate(days, 1)
    ]
    return pl.concat([sessions, DIM_SESSIONS.conform(pl.DataFrame(rows))]), rows[0]["session_date"]

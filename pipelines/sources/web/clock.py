"""Time as the client sees it, so that tests need none."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What tells the time and waits."""

    def monotonic(self) -> float:
        """Return seconds that never run back."""
        ...

    def now(self) -> datetime:
        """Return the instant, in UTC."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """The clock of the machine."""

    def monotonic(self) -> float:
        """Return seconds that never run back."""
        return time.monotonic()

    def now(self) -> datetime:
        """Return the instant, in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


class SetClock:
    """A clock whose instant is set, for invented markets; it waits as the machine does.

    Attributes
    ----------
    at : datetime
        Now. Every reading is a microsecond later than the one before, so that no two things happen at once.
    """

    def __init__(self, at: datetime) -> None:
        self.at = at

    def monotonic(self) -> float:
        """Return seconds that never run back."""
        return time.monotonic()

    def now(self) -> datetime:
        """Return the instant that is set."""
        self.at += timedelta(microseconds=1)
        return self.at

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

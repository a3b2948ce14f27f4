"""A clock that takes no time, and chance that leaves nothing to it."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

NOON = datetime(2025, 1, 27, 12, tzinfo=UTC)


class FakeClock:
    """Time that passes only in `sleep`, which returns at once.

    Attributes
    ----------
    slept : list of float
        Every wait, in order.
    """

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.passed = 1000.0

    def monotonic(self) -> float:
        """Return the seconds that were slept, from 1000 on."""
        return self.passed

    def now(self) -> datetime:
        """Return noon of 27 January 2025, and what was slept since."""
        return NOON + timedelta(seconds=self.passed - 1000)

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        assert seconds >= 0
        self.slept.append(seconds)
        self.passed += seconds


class Drawn(random.SystemRandom):
    """Draws the upper end of every range, and keeps what it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.ranges: list[tuple[float, float]] = []

    def uniform(self, a: float, b: float) -> float:
        """Return b."""
        self.ranges.append((a, b))
        return b

"""How long to wait before a request is repeated."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

LONGEST_WAIT: Final = 86_400.0
"""Seconds that a host is obeyed for at most: beyond a day, Retry-After is a mistake."""


@dataclass(frozen=True, slots=True)
class Retries:
    """How often and how far apart a request is made.

    Attributes
    ----------
    attempts : int
        Requests in all, the first one included.
    first, longest : float
        Seconds: the n-th wait is drawn from 0 to min(longest, first * 2**(n - 1)), which is called full jitter.
    """

    attempts: int = 4
    first: float = 1.0
    longest: float = 30.0

    def wait(self, attempt: int, rng: random.Random) -> float:
        """Return seconds to wait after attempt 1, 2, ..."""
        return rng.uniform(0, min(self.longest, self.first * 2.0 ** min(attempt - 1, 32)))


def retry_after(text: str | None, now: datetime) -> float | None:
    """Return the seconds that a Retry-After header asks for, from 0 to `LONGEST_WAIT`; None if it cannot be read.

    Parameters
    ----------
    text : str or None
        Seconds, or an HTTP date.
    now : datetime
        Instant of the answer, for a date: preferably the server's own Date, since our clock may differ.
    """
    text = (text or "").strip()
    try:
        seconds = float(text) if text[:1].isdecimal() else (_instant(text) - now).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(0.0, seconds), LONGEST_WAIT) if math.isfinite(seconds) else None


def server_time(text: str | None, now: datetime) -> datetime:
    """Return the instant of a Date header, or `now` if there is none."""
    try:
        return _instant((text or "").strip())
    except (ValueError, TypeError, OverflowError):
        return now


def _instant(text: str) -> datetime:
    instant = parsedate_to_datetime(text)
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant

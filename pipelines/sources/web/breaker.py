"""When to stop asking a host that only fails."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from pipelines.sources.web.clock import Clock


@dataclass(frozen=True, slots=True)
class Patience:
    """How much a host may fail.

    Attributes
    ----------
    failures : int
        Attempts in a row, over all symbols and threads, after which the host is left alone.
    pause, longest_pause : float
        Seconds for which it is left alone at first, doubled each time that it still fails, and the most.
    """

    failures: int = 8
    pause: float = 60.0
    longest_pause: float = 960.0


class Breaker:
    """A circuit breaker for one host, shared by all threads of the process.

    After `Patience.failures` failures in a row it is open: nobody asks. After the pause it is half open: one attempt is
    let through, whose end closes it or opens it for twice as long.
    """

    def __init__(self, patience: Patience, clock: Clock) -> None:
        self._patience = patience
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._pause = patience.pause
        self._opens_at: float | None = None  # end of the pause; None while closed
        self._is_probed = False

    def refuses_for(self) -> float:
        """Return 0 if an attempt may be made, and counts as begun; else the seconds after which to ask again."""
        with self._lock:
            if self._opens_at is None:
                return 0.0
            left = self._opens_at - self._clock.monotonic()
            if left > 0:
                return left
            if self._is_probed:
                return 1.0
            self._is_probed = True
            return 0.0

    def succeeded(self) -> None:
        """Close: the host answers."""
        with self._lock:
            self._failures = 0
            self._pause = self._patience.pause
            self._opens_at = None
            self._is_probed = False

    def failed(self) -> None:
        """Count a failure, and open if it is one too many."""
        with self._lock:
            self._failures += 1
            if self._is_probed:
                self._pause = min(2 * self._pause, self._patience.longest_pause)
            if self._is_probed or (self._opens_at is None and self._failures >= self._patience.failures):
                self._opens_at = self._clock.monotonic() + self._pause
            self._is_probed = False

    def abandoned(self) -> None:
        """Take back an attempt that was begun and never made."""
        with self._lock:
            self._is_probed = False

"""How often a host may be asked: a token bucket that a throttle empties and slows down."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Final

from pipelines.sources.web.clock import Clock

SLOWEST: Final = 1 / 32
"""Part of its rate that a bucket never falls below."""

_LOWER, _RAISE = 0.5, 1.1


@dataclass(frozen=True, slots=True)
class Rate:
    """Requests that a host bears.

    Attributes
    ----------
    per_second : float
        In the long run.
    burst : int
        At once, after a pause.
    """

    per_second: float
    burst: int = 1

    def __post_init__(self) -> None:
        if not (self.per_second > 0 and self.burst >= 1):
            raise ValueError(f"expected a rate above 0 and a burst of at least 1, got {self}")


class Limiter:
    """A token bucket for one host, shared by all threads of the process.

    After a throttle nothing is let through until the time that the host named; from then on requests come one by one
    at half of the rate, which grows back by a tenth with each success. Bursts are allowed again at the full rate.
    """

    def __init__(self, rate: Rate, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._full = rate
        self._per_second = rate.per_second
        self._tokens = float(rate.burst)
        self._counted_at = clock.monotonic()
        self._throttles = 0

    @property
    def per_second(self) -> float:
        """Requests per second that are let through now."""
        return self._per_second

    def acquire(self, deadline: float) -> bool:
        """Wait for a turn.

        Parameters
        ----------
        deadline : float
            Monotonic second by which the turn must come.

        Returns
        -------
        bool
            False, at once, if it would come later; then no turn is taken.
        """
        while True:
            with self._lock:
                throttles = self._throttles
                wait = self._reserve()
                if self._clock.monotonic() + wait > deadline:
                    self._tokens += 1
                    return False
            if wait > 0:
                self._clock.sleep(wait)
            with self._lock:
                if throttles == self._throttles:
                    return True  # else the host has throttled another thread meanwhile, and turns were dealt anew

    def lower(self, seconds: float) -> None:
        """Let nothing through for so long, and then less than before."""
        with self._lock:
            self._throttles += 1
            self._per_second = max(self._per_second * _LOWER, self._full.per_second * SLOWEST)
            # Time is counted from the end of the pause on, with the one turn that is due then.
            self._counted_at = max(self._counted_at, self._clock.monotonic() + seconds)
            self._tokens = 1.0

    def ease(self) -> None:
        """Come back, a little, to the full rate; called after a success."""
        with self._lock:
            self._refill()
            self._per_second = min(self._per_second * _RAISE, self._full.per_second)

    def slow_to(self, rate: Rate) -> None:
        """Take over the lower of two rates, where two users of one host name different ones."""
        with self._lock:
            burst = min(rate.burst, self._full.burst)
            self._full = Rate(min(rate.per_second, self._full.per_second), burst)
            self._per_second = min(self._per_second, self._full.per_second)
            self._tokens = min(self._tokens, float(burst))

    def _reserve(self) -> float:
        """Take a token, a future one if need be, and return the seconds until it is there."""
        self._refill()
        self._tokens -= 1
        until_counted = max(0.0, self._counted_at - self._clock.monotonic())
        return until_counted + max(0.0, -self._tokens) / self._per_second

    def _refill(self) -> None:
        now = self._clock.monotonic()
        if now > self._counted_at:
            capacity = self._full.burst if self._per_second >= self._full.per_second else 1
            self._tokens = min(capacity, self._tokens + (now - self._counted_at) * self._per_second)
            self._counted_at = now

"""The limiter and the breaker of every host that this process asks."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from pipelines.sources.web.breaker import Breaker, Patience
from pipelines.sources.web.clock import Clock, SystemClock
from pipelines.sources.web.limiter import Limiter, Rate


@dataclass(frozen=True, slots=True)
class Host:
    """What all clients of one host share."""

    limiter: Limiter
    breaker: Breaker


class Hosts:
    """One `Host` per name and port, made when it is first asked for."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._lock = threading.Lock()
        self._hosts: dict[str, Host] = {}

    def of(self, netloc: str, rate: Rate, patience: Patience) -> Host:
        """Return what the host's clients share; the lower rate and the first patience count."""
        with self._lock:
            host = self._hosts.get(netloc)
            if host is None:
                host = self._hosts[netloc] = Host(Limiter(rate, self.clock), Breaker(patience, self.clock))
        host.limiter.slow_to(rate)
        return host


HOSTS = Hosts(SystemClock())
"""The hosts of this process."""

"""What the sources that ask Yahoo Finance have in common: yfinance's client, by Yahoo's manners."""

from __future__ import annotations

import random
from typing import Final

from pipelines.sources.web.hosts import HOSTS, Hosts
from pipelines.sources.web.limiter import Rate
from pipelines.sources.web.manners import Limits, Manners
from pipelines.sources.web.retry import Retries

MANNERS: Final = Manners(rate=Rate(0.5), retries=Retries(4, 2.0, 60.0), limits=Limits(max_bytes=16 << 20))
"""How Yahoo is asked: once in two seconds."""


class YahooSource:
    """A source that is to be closed after use; safe to share between threads.

    Parameters
    ----------
    base_url : str or None
        A server to ask in place of Yahoo, such as a fake one; it finds the name of Yahoo's host in the header Host.
    manners : Manners
        How often and how long to ask.
    hosts : Hosts
        Limiters and breakers of the process, and its clock.
    rng : Random or None
        Draws the waits before repetitions.
    """

    def __init__(
        self,
        base_url: str | None = None,
        *,
        manners: Manners = MANNERS,
        hosts: Hosts = HOSTS,
        rng: random.Random | None = None,
    ) -> None:
        from pipelines.sources.yahoo_web import YahooWeb  # imports yfinance, and pandas with it

        self._web = YahooWeb(base_url, manners, hosts, rng)
        self._clock = hosts.clock

    def close(self) -> None:
        """Give connections back."""
        self._web.close()

"""What a source of prices that is asked over the web has in common with the others: its client, by its manners."""

from __future__ import annotations

import random
from typing import ClassVar

from pipelines.sources.web.client import WebClient
from pipelines.sources.web.hosts import HOSTS, Hosts
from pipelines.sources.web.manners import Manners


class WebSource:
    """A source that is to be closed after use.

    Attributes
    ----------
    default_url, default_manners
        Where and how it is asked unless it is told otherwise.
    """

    default_url: ClassVar[str]
    default_manners: ClassVar[Manners]

    def __init__(
        self,
        base_url: str | None = None,
        *,
        manners: Manners | None = None,
        hosts: Hosts = HOSTS,
        rng: random.Random | None = None,
    ) -> None:
        url = self.default_url if base_url is None else base_url
        self._client = WebClient(url, manners or self.default_manners, hosts=hosts, rng=rng)

    def close(self) -> None:
        """Give connections back."""
        self._client.close()

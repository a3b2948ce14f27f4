"""Pages of the world's news that GDELT crawls, without a key; free with a citation of the GDELT Project.

A query of names, ``nvidia|deepseek``, reads the files of every fifteen minutes, which go back to 18 February 2015. One
that begins with ``doc:`` asks the search of articles in its own words, ``doc:"nvidia" sourcelang:eng``, which reaches
three months back and is often busy.
"""

from __future__ import annotations

import random
from typing import Final

from pipelines.sources import gdelt_doc, gdelt_files
from pipelines.sources.news import NewsAnswer, NewsRequest
from pipelines.sources.web.client import WebClient
from pipelines.sources.web.hosts import HOSTS, Hosts
from pipelines.sources.web.manners import Manners

SOURCE: Final = "gdelt"
SEARCH: Final = "doc:"
"""Beginning of a query for the search of articles."""


class GdeltNews:
    """Pages by the names in them, or by a query of GDELT's own.

    Parameters
    ----------
    base_url, doc_base_url : str or None
        Servers to ask in place of those of the files and of the search.
    with_events : bool
        Read the events that GDELT found on the pages too.
    """

    name = SOURCE

    def __init__(
        self,
        base_url: str | None = None,
        *,
        doc_base_url: str | None = None,
        manners: Manners = gdelt_files.MANNERS,
        doc_manners: Manners = gdelt_doc.MANNERS,
        hosts: Hosts = HOSTS,
        rng: random.Random | None = None,
        with_events: bool = True,
    ) -> None:
        self._clients = (
            WebClient(base_url or gdelt_files.BASE_URL, manners, hosts=hosts, rng=rng),
            WebClient(doc_base_url or gdelt_doc.BASE_URL, doc_manners, hosts=hosts, rng=rng),
        )
        self._files = gdelt_files.GdeltFiles(self._clients[0], with_events=with_events)
        self._search = gdelt_doc.GdeltDoc(self._clients[1])

    def fetch(self, request: NewsRequest) -> NewsAnswer:
        """Ask for the pages that were crawled in a window; without one, for the newest."""
        if request.query.startswith(SEARCH):
            return self._search.fetch(request, request.query.removeprefix(SEARCH))
        return self._files.fetch(request)

    def close(self) -> None:
        """Give connections back."""
        for client in self._clients:
            client.close()

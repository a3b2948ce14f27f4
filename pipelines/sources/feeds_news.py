"""Entries of any RSS or Atom feed: newsrooms, wires, releases on GitHub. A query is the address of the feed.

A feed holds its newest ten to fifty entries and has no history: what was not seen while it stood there cannot be had
later. A second request is conditional, so that a feed in which nothing is new costs its server nothing; but only after
somebody has said (`stored`) that the answer before it is safe, since its entries may not come again.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from pipelines.sources.feed_entries import Feed, items_of, read_feed
from pipelines.sources.live import Outcome
from pipelines.sources.news import NewsAnswer, NewsRequest
from pipelines.sources.web.addresses import AddressClient, Resolver, resolve, why_not_web
from pipelines.sources.web.client import Page
from pipelines.sources.web.hosts import HOSTS, Hosts
from pipelines.sources.web.items import answered, failed
from pipelines.sources.web.judge import Expected, Verdict, judge, unchanged
from pipelines.sources.web.limiter import Rate
from pipelines.sources.web.manners import Limits, Manners
from pipelines.sources.web.retry import Retries
from pipelines.sources.web.shaped import shaped

SOURCE: Final = "feeds"
MANNERS: Final = Manners(
    Rate(per_second=0.5, burst=2),
    Retries(3, 2.0, 30.0),
    limits=Limits(total=90.0, max_bytes=8 << 20),
    headers={"Accept": "application/atom+xml, application/rss+xml, application/xml;q=0.9, text/xml;q=0.8, */*;q=0.1"},
)
"""How every server is asked; a feed itself wants to be polled every 5 to 15 minutes at most."""

_STARTS: Final = (b"<?xml", b"<rss", b"<feed", b"<rdf:rdf")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Validators:
    """By what a server knows which version of a feed was seen."""

    etag: str = ""
    last_modified: str = ""

    def headers(self) -> dict[str, str]:
        """Return the headers of a conditional request."""
        named = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in named.items() if value}


class FeedsNews:
    """Entries of feeds; safe to share between threads.

    Parameters
    ----------
    validators : mapping
        Of the versions that are stored already, by address; `NewsAnswer.extra` has them as ``etag`` and
        ``last_modified``.
    """

    name = SOURCE

    def __init__(
        self,
        validators: Mapping[str, Validators] | None = None,
        *,
        manners: Manners = MANNERS,
        hosts: Hosts = HOSTS,
        rng: random.Random | None = None,
        resolve: Resolver = resolve,
    ) -> None:
        self._client = AddressClient(manners, hosts=hosts, rng=rng, resolve=resolve)
        self._stored = dict(validators or {})

    def fetch(self, request: NewsRequest) -> NewsAnswer:
        """Ask for what a feed holds now; EMPTY if that is nothing, or nothing new."""
        reason = why_not_web(request.query)
        if request.first is not None or request.last is not None:
            reason = "expected a request without a window, got one with: a feed has its newest entries and no history"
        if reason:
            return NewsAnswer(request, Outcome.REFUSED, self._client.clock.now(), request.query[:200], reason)
        headers = self._stored.get(request.query, Validators()).headers()
        page = self._client.get(request.query, Expected("xml", read=read_feed, first=_whatever_its_type), headers)
        if page.outcome is not Outcome.OK:
            return failed(request, page)
        return shaped(request, page, lambda: _answer(request, page))

    def stored(self, answer: NewsAnswer) -> None:
        """Take note that an answer is safe: from now on only another version of its feed is asked for."""
        if answer.outcome in (Outcome.OK, Outcome.EMPTY) and (
            "etag" in answer.extra or "last_modified" in answer.extra
        ):
            known = Validators(answer.extra.get("etag", ""), answer.extra.get("last_modified", ""))
            self._stored[answer.request.query] = known

    def close(self) -> None:
        """Give connections back."""
        self._client.close()


def _answer(request: NewsRequest, page: Page) -> NewsAnswer:
    feed: Feed = page.data
    items, left_out = items_of(feed, request.query, page.url, page.fetched_at)
    told = {"etag": page.headers.get("etag", ""), "last_modified": page.headers.get("last-modified", "")}
    return answered(request, page, SOURCE, items, left_out | {name: text for name, text in told.items() if text})


def _whatever_its_type(status: int, headers: Mapping[str, str], body: bytes) -> Verdict | None:
    """Judge what begins like a feed without its content type: many feeds are called text/html."""
    if status != HTTPStatus.OK:
        return unchanged(status, headers, body)
    if not body.removeprefix(_BOM).lstrip()[:8].lower().startswith(_STARTS):
        return None
    return judge(status, {}, body, Expected("xml", read=read_feed))

"""From pages to answers of news: what all sources that are asked over the web do alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from pipelines.sources.live import Outcome
from pipelines.sources.news import NewsAnswer, NewsItem, NewsRequest, items_frame
from pipelines.sources.web.client import Page, WebClient

KEPT: Final = 4000
"""Characters of a body that could not be read."""


def not_asked(request: NewsRequest, client: WebClient, reason: str) -> NewsAnswer:
    """Return the answer to a request that was not sent."""
    return NewsAnswer(request, Outcome.REFUSED, client.clock.now(), client.base_url, reason)


def failed(
    request: NewsRequest,
    page: Page,
    reason: str = "",
    outcome: Outcome | None = None,
    extra: Mapping[str, str] | None = None,
) -> NewsAnswer:
    """Return the answer for a page that has no items, by default with the page's own reason and outcome."""
    return NewsAnswer(
        request,
        outcome or page.outcome,
        page.fetched_at,
        page.url,
        reason or page.reason,
        body=page.body[:KEPT].decode("utf-8", "replace"),
        extra={"status": str(page.status), **(extra or {})},
    )


def answered(
    request: NewsRequest,
    page: Page,
    source: str,
    items: Iterable[NewsItem],
    extra: Mapping[str, str] | None = None,
) -> NewsAnswer:
    """Return the answer for items that were read; EMPTY if there are none."""
    frame = items_frame(source, items)
    facts = dict(extra or {})
    if frame.is_empty():
        reason = f"expected items of {request.query!r}, got an answer without any"
        return NewsAnswer(request, Outcome.EMPTY, page.fetched_at, page.url, reason, extra=facts)
    return NewsAnswer(request, Outcome.OK, page.fetched_at, page.url, items=frame, extra=facts)

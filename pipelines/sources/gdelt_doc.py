"""GDELT's search of articles (DOC 2.0), for the last three months: second to its files, which have everything.

It refuses and throttles in plain text with status 200, sheds load with a 429 after a dozen seconds, and writes JSON
that is none. `seendate` is when the page was crawled, on a grid of fifteen minutes: an upper bound of its publication.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

from pipelines.sources.gdelt_rows import STAMP
from pipelines.sources.live import Outcome
from pipelines.sources.news import NewsAnswer, NewsItem, NewsRequest
from pipelines.sources.news_text import one_line, pages_of, whole_text
from pipelines.sources.news_times import read_time
from pipelines.sources.web.client import Page, WebClient
from pipelines.sources.web.items import answered, failed, not_asked
from pipelines.sources.web.judge import Expected, Verdict
from pipelines.sources.web.limiter import Rate
from pipelines.sources.web.manners import Limits, Manners
from pipelines.sources.web.retry import Retries
from pipelines.sources.web.shaped import shaped
from pipelines.sources.web.windows import in_parts

SOURCE: Final = "gdelt"
BASE_URL: Final = "https://api.gdeltproject.org"
MANNERS: Final = Manners(Rate(per_second=1 / 60), Retries(2, 5.0, 30.0), limits=Limits(read=40.0, total=300.0))
"""One request in five seconds is allowed, and one in sixty is answered."""

MOST_ARTICLES: Final = 250
LONGEST_QUERY: Final = 250
MOST_REQUESTS: Final = 30
BEGAN: Final = datetime(2017, 1, 1, tzinfo=UTC)
PAUSE: Final = 60.0
"""Seconds for which GDELT is left alone after it asked for fewer requests."""

_LONGEST_EXCUSE: Final = 500
_DASHED = re.compile(r"domain(?:is)?:\S*-", re.IGNORECASE)
_ESCAPE = re.compile(r'\\(?:(["\\/bfnrt]|u[0-9a-fA-F]{4})|)')


class GdeltDoc:
    """Articles by a query in GDELT's words."""

    def __init__(self, client: WebClient) -> None:
        self._client = client

    def fetch(self, request: NewsRequest, query: str) -> NewsAnswer:
        """Ask for the articles that were crawled in a window; without one, in the last day."""
        reason = _unaskable(request, query)
        if reason:
            return not_asked(request, self._client, reason)
        if request.first is None and request.last is None:
            page = self._ask(query, {"sort": "datedesc", "timespan": "1d"})
            return failed(request, page) if page.outcome is not Outcome.OK else _shaped(request, [page])
        first, last = request.first or BEGAN, request.last or self._client.clock.now()
        parts = in_parts(
            int(first.timestamp()),
            int(last.timestamp()),
            lambda b, e: self._window(query, b, e),
            _is_cut,
            MOST_REQUESTS,
        )
        return failed(request, parts.failure) if parts.failure else _shaped(request, parts.pages)

    def _window(self, query: str, begin: int, end: int) -> Page:
        first, last = (datetime.fromtimestamp(second, UTC).strftime(STAMP) for second in (begin, end))
        return self._ask(query, {"sort": "dateasc", "startdatetime": first, "enddatetime": last})

    def _ask(self, query: str, more: Mapping[str, str]) -> Page:
        params = {"query": query, "mode": "artlist", "format": "json", "maxrecords": str(MOST_ARTICLES), **more}
        return self._client.get("/api/v2/doc/doc", params, Expected("json", first=_verdict))


def _unaskable(request: NewsRequest, query: str) -> str:
    if not query.strip() or len(query) > LONGEST_QUERY:
        return f"expected a query of 1 to {LONGEST_QUERY} characters, got {len(query)}"
    if _DASHED.search(query):
        return f"expected a domain without a dash, got {query!r}: for others GDELT always answers that there is nothing"
    if request.first and request.last and request.first > request.last:
        return f"expected a first instant that is not after the last, got {request.first} and {request.last}"
    return ""


def _verdict(status: int, headers: Mapping[str, str], body: bytes) -> Verdict | None:
    """Return what GDELT means by an answer with status 200."""
    del headers
    if status != HTTPStatus.OK:
        return None
    text = body.decode("utf-8", "replace").lstrip("\ufeff").strip()
    if text.startswith("Please limit requests"):
        return Verdict(Outcome.THROTTLED, f"told to slow down: {text[:100]!r}", pause=PAUSE)
    if text[:1] in ("", "<"):
        return None
    if not text.startswith("{"):
        is_excuse = len(text) <= _LONGEST_EXCUSE
        reason = f"expected articles, got {text[:200]!r}"
        return Verdict(Outcome.REFUSED if is_excuse else Outcome.BROKEN, reason, may_retry=not is_excuse)
    articles = _articles(text)
    if articles is None:
        return Verdict(Outcome.BROKEN, f"expected a list of articles, got {text[:80]!r}", may_retry=True)
    return Verdict(Outcome.OK, data=articles)


def _articles(text: str) -> list[dict[str, Any]] | None:
    """Return the articles of an answer in which titles may hold control characters and backslashes."""
    for attempt in (text, _ESCAPE.sub(lambda found: found[0] if found[1] else "", text)):
        try:
            data = json.loads(attempt, strict=False)
            break
        except (ValueError, RecursionError):
            data = None
    articles = data.get("articles", []) if isinstance(data, dict) else None
    if not isinstance(articles, list) or not all(_is_article(each) for each in articles):
        return None
    whole: list[dict[str, Any]] = whole_text(articles)
    return whole


def _is_article(each: Any) -> bool:
    return isinstance(each, dict) and all(isinstance(each.get(name), str) for name in ("url", "title", "seendate"))


def _is_cut(page: Page) -> bool:
    return len(page.data) >= MOST_ARTICLES


def _shaped(request: NewsRequest, pages: list[Page]) -> NewsAnswer:
    return shaped(request, pages[-1], lambda: _answer(request, pages))


def _answer(request: NewsRequest, pages: list[Page]) -> NewsAnswer:
    last = pages[-1]
    articles = [article for page in pages for article in page.data]
    names = pages_of([article["url"] for article in articles])
    items: dict[str, NewsItem] = {}
    for article, page in zip(articles, names, strict=True):
        item = _item(article, page or article["url"], last.fetched_at)
        if item is not None and item.item_id not in items:
            items[item.item_id] = item
    extra = {"pages": str(len(pages)), "items_repeated_or_undated": str(len(articles) - len(items))}
    if request.first is not None or request.last is not None:
        extra["parts_cut"] = str(sum(_is_cut(page) for page in pages))
    return answered(request, last, SOURCE, items.values(), extra)


def _item(article: dict[str, Any], identity: str, seen_at: datetime) -> NewsItem | None:
    crawled = read_time(article["seendate"], is_midnight_a_day=False)
    if crawled.instant is None:
        return None
    return NewsItem(
        item_id=identity,
        url=article["url"],
        title=one_line(article["title"]) or one_line(article["url"]),
        kind="headline",
        time_basis="crawl",
        time_text=article["seendate"],
        occurred_at=crawled.instant,
        precision="minute",
        available_at=min(crawled.instant, seen_at),
        publisher=article.get("domain"),
        attributes={"language": article.get("language"), "source_country": article.get("sourcecountry")},
    )

"""Stories of Hacker News, through Algolia's search by date, without a key; all of them since 2006.

A query reaches its first 1,000 hits, whatever page is asked for, so a window with more is halved until each part has
fewer. Points and comments are those of the moment of asking, not of the past, and so are attributes and never a filter:
whoever picks old stories by them looks ahead. A page that is submitted twice is two stories; one that moderators give
a second chance gets a new time, which is later than its first.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar, Final

from pipelines.sources.live import Outcome
from pipelines.sources.news import NewsAnswer, NewsItem, NewsRequest
from pipelines.sources.news_text import one_line, plain_text, whole_text
from pipelines.sources.news_times import read_epoch
from pipelines.sources.web.client import Page
from pipelines.sources.web.items import answered, failed, not_asked
from pipelines.sources.web.judge import Expected, ShapeError
from pipelines.sources.web.limiter import Rate
from pipelines.sources.web.manners import Manners
from pipelines.sources.web.shaped import shaped
from pipelines.sources.web.source import WebSource
from pipelines.sources.web.windows import in_parts

SOURCE: Final = "hackernews"
BASE_URL: Final = "https://hn.algolia.com"
MANNERS: Final = Manners(Rate(per_second=2, burst=5))
"""10,000 requests an hour are allowed, which is fewer than three a second."""

REACHABLE: Final = 1000
"""Hits of a query that can be had."""

BEGAN: Final = datetime(2006, 10, 9, tzinfo=UTC)
"""Day of the first story."""

MOST_REQUESTS: Final = 1000
_PAGE: Final = "https://news.ycombinator.com/item?id="
_OWN_TAGS = ("author_", "story_")


class HackerNewsStories(WebSource):
    """Stories by words of title, address and text; a query without words means all."""

    name = SOURCE

    default_url: ClassVar[str] = BASE_URL
    default_manners: ClassVar[Manners] = MANNERS

    def fetch(self, request: NewsRequest) -> NewsAnswer:
        """Ask for the stories of a window; without one, for the newest `REACHABLE`."""
        now = self._client.clock.now()
        first, last = request.first or BEGAN, request.last or now
        if first > last:
            reason = f"expected a first instant that is not after the last, got {first} and {last}"
            return not_asked(request, self._client, reason)
        if request.first is None and request.last is None:
            page = self._ask(request.query, None)
            return failed(request, page) if page.outcome is not Outcome.OK else _shaped(request, [page])
        begin, end = -int(-first.timestamp() // 1), int(last.timestamp())
        parts = in_parts(begin, end, lambda b, e: self._ask(request.query, (b, e)), _is_cut, MOST_REQUESTS)
        return failed(request, parts.failure) if parts.failure else _shaped(request, parts.pages)

    def _ask(self, query: str, window: tuple[int, int] | None) -> Page:
        params = {"query": query, "tags": "story", "hitsPerPage": str(REACHABLE), "page": "0"}
        if window:
            params["numericFilters"] = f"created_at_i>={window[0]},created_at_i<={window[1]}"
        return self._client.get("/api/v1/search_by_date", params, Expected("json", read=_hits))


def _hits(data: Any) -> dict[str, Any]:
    """Return hits and their number, with what every hit needs."""
    found, hits = data["nbHits"], whole_text(data["hits"])
    if not isinstance(found, int) or not isinstance(hits, list):
        raise ShapeError(f"expected a number of hits and a list of them, got {found!r:.40} and {hits!r:.40}")
    for hit in hits:
        identity, stamp = hit["objectID"], hit["created_at_i"]
        if not isinstance(identity, str) or isinstance(stamp, bool) or not isinstance(stamp, int):
            raise ShapeError(f"expected objectID and created_at_i of a story, got {identity!r:.40} and {stamp!r:.40}")
    return {"found": found, "hits": hits}


def _is_cut(page: Page) -> bool:
    return bool(page.data["found"] > len(page.data["hits"]))


def _shaped(request: NewsRequest, pages: list[Page]) -> NewsAnswer:
    return shaped(request, pages[-1], lambda: _answer(request, pages))


def _answer(request: NewsRequest, pages: list[Page]) -> NewsAnswer:
    """Put pages together; what lies outside the window or has no title is left out and counted."""
    stories = {hit["objectID"]: hit for page in pages for hit in page.data["hits"]}
    within = [hit for hit in stories.values() if _lies_within(request, hit)]
    titled = [hit for hit in within if isinstance(hit.get("title"), str) and hit["title"].strip()]
    extra = {
        "pages": str(len(pages)),
        "items_outside": str(len(stories) - len(within)),
        "items_without_title": str(len(within) - len(titled)),
    }
    unreachable = sum(page.data["found"] - len(page.data["hits"]) for page in pages if _is_cut(page))
    if unreachable:
        extra["items_unreachable"] = str(unreachable)
    last = pages[-1]
    items = [
        _item(hit, last.fetched_at) for hit in sorted(titled, key=lambda hit: (hit["created_at_i"], hit["objectID"]))
    ]
    return answered(request, last, SOURCE, items, extra)


def _lies_within(request: NewsRequest, hit: dict[str, Any]) -> bool:
    created = read_epoch(hit["created_at_i"]).instant
    return created is None or (
        (request.first is None or request.first <= created) and (request.last is None or created <= request.last)
    )


def _item(hit: dict[str, Any], seen_at: datetime) -> NewsItem:
    reading = read_epoch(hit["created_at_i"], hit.get("created_at"))
    identity = hit["objectID"]
    return NewsItem(
        item_id=identity,
        url=hit.get("url") or _PAGE + identity,
        title=one_line(hit["title"]),
        kind="story",
        time_basis=reading.basis,
        time_text=reading.text,
        occurred_at=reading.instant,
        precision=reading.precision,
        available_at=reading.available_at(seen_at),
        summary=plain_text(hit.get("story_text") or ""),
        publisher="Hacker News",
        attributes={
            "author": hit.get("author"),
            "points": hit.get("points"),
            "num_comments": hit.get("num_comments"),
            "discussion": _PAGE + identity,
            "tags": [tag for tag in hit.get("_tags") or () if not tag.startswith(_OWN_TAGS)],
        },
    )

"""News of Yahoo Finance on one symbol, through yfinance's client; advertisements in between are left out.

There are the last tens and no history. Yahoo shows an item under a symbol for reasons of its own; the securities of an
item are those that the item itself names. The interface is unofficial and for personal use: what it answers is kept
and never passed on.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final

from pipelines.sources.live import Outcome
from pipelines.sources.news import SUMMARY_CHARACTERS, NewsAnswer, NewsItem, NewsRequest
from pipelines.sources.news_text import one_line, plain_text, unescaped, whole_text
from pipelines.sources.news_times import read_time
from pipelines.sources.web.client import Page
from pipelines.sources.web.items import answered, failed
from pipelines.sources.web.judge import ShapeError
from pipelines.sources.web.shaped import shaped
from pipelines.sources.yahoo_answers import judge_answer
from pipelines.sources.yahoo_session import NEWS, NEWS_HOST
from pipelines.sources.yahoo_source import YahooSource

SOURCE: Final = "yahoo_news"
MOST_ITEMS: Final = 50
_LONGEST_SYMBOL: Final = 32


class YahooNews(YahooSource):
    """The newest items on a symbol."""

    name = SOURCE

    def fetch(self, request: NewsRequest) -> NewsAnswer:
        """Ask for the newest `MOST_ITEMS` on a symbol by Yahoo's name."""
        symbol = request.query.strip()
        reason = ""
        if not 0 < len(symbol) <= _LONGEST_SYMBOL:
            reason = f"expected a symbol of up to {_LONGEST_SYMBOL} characters, got {request.query[:80]!r}"
        elif request.first is not None or request.last is not None:
            reason = "expected a request without a window, got one with: Yahoo has its newest items and no history"
        if reason:
            return NewsAnswer(request, Outcome.REFUSED, self._clock.now(), "", reason)
        params = {"queryRef": "latestNews", "serviceKey": "ncp_fin"}
        body = {"serviceConfig": {"snippetCount": MOST_ITEMS, "s": [symbol]}}
        judge = partial(judge_answer, "news", _stream)
        page = self._web.post(NEWS_HOST, NEWS, params, body, judge=judge, what="news")
        if page.outcome is not Outcome.OK:
            return failed(request, page)
        return shaped(request, page, lambda: _answer(request, page))


def _stream(data: Any) -> list[dict[str, Any]]:
    stream = data["data"]["tickerStream"]["stream"]
    if not isinstance(stream, list) or not all(isinstance(entry, dict) for entry in stream):
        raise ShapeError(f"expected a list of items, got {stream!r:.80}")
    entries: list[dict[str, Any]] = whole_text(stream)
    return entries


def _answer(request: NewsRequest, page: Page) -> NewsAnswer:
    told = [entry for entry in page.data if not entry.get("ad")]
    items = {item.item_id: item for entry in told if (item := _item(entry, page.fetched_at))}
    extra = {
        "advertisements": str(len(page.data) - len(told)),
        "entries_without_link_or_title": str(len(told) - len(items)),
    }
    return answered(request, page, SOURCE, items.values(), extra)


def _item(entry: Mapping[str, Any], seen_at: datetime) -> NewsItem | None:
    """Return an entry as an item; None if it has no name, no link or no title."""
    content = entry.get("content") or {}
    identity = str(entry.get("id") or content.get("id") or "")
    link = next((url for name in ("canonicalUrl", "clickThroughUrl") if (url := _inner(content, name, "url"))), "")
    title = one_line(unescaped(str(content.get("title") or "")))
    if not identity or not link or not title:
        return None
    text = content.get("pubDate")
    published = read_time(text if isinstance(text, str) else None)
    return NewsItem(
        item_id=identity,
        url=link,
        title=title,
        kind="headline",
        time_basis=published.basis,
        time_text=published.text,
        occurred_at=published.instant,
        precision=published.precision,
        available_at=published.available_at(seen_at),
        summary=plain_text(str(content.get("summary") or content.get("description") or ""), SUMMARY_CHARACTERS),
        publisher=_inner(content, "provider", "displayName") or None,
        symbols=_tickers(content),
        attributes={"content_type": content.get("contentType")},
    )


def _inner(content: Mapping[str, Any], name: str, inner: str) -> str:
    part = content.get(name)
    return str(part.get(inner) or "") if isinstance(part, Mapping) else ""


def _tickers(content: Mapping[str, Any]) -> list[str]:
    finance = content.get("finance")
    tickers = finance.get("stockTickers") if isinstance(finance, Mapping) else None
    found = [str(each.get("symbol") or "") for each in tickers or () if isinstance(each, Mapping)]
    return list(dict.fromkeys(symbol for symbol in found if symbol))

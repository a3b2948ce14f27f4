"""Dates of results in Yahoo Finance's calendar, through yfinance's client.

An item says that a date is planned, not what will come; it is known from when it was first seen. A date that is moved
is another version of its item. Past dates stay in the calendar with the reported earnings per share, as of now. What
changes every minute, such as the market's value, is left out. yfinance's own `Calendars` makes frames of pandas, takes
a page of HTML for an empty calendar and answers a second time from memory; so its client asks, and the rows are read
here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from urllib.parse import quote

from pipelines.sources.live import Outcome
from pipelines.sources.news import NewsAnswer, NewsItem, NewsRequest
from pipelines.sources.news_text import one_line, unescaped, whole_text
from pipelines.sources.news_times import TimeReading, read_time
from pipelines.sources.web.client import Page
from pipelines.sources.web.items import answered, failed
from pipelines.sources.web.judge import ShapeError
from pipelines.sources.web.shaped import shaped
from pipelines.sources.yahoo_answers import judge_answer
from pipelines.sources.yahoo_session import CALENDAR, CALENDAR_HOST
from pipelines.sources.yahoo_source import YahooSource

SOURCE: Final = "yahoo_earnings"
PER_PAGE: Final = 100
MOST_PAGES: Final = 50
AHEAD: Final = timedelta(days=90)
"""Days of a request without a window, from now on."""

TIMINGS: Final = {"BMO": "before the open", "AMC": "after the close"}
"""Words that say when on the day; any other, such as TNS and TAS, says that it is not known."""

_FIELDS: Final = (
    "ticker",
    "companyshortname",
    "eventname",
    "startdatetime",
    "startdatetimetype",
    "epsestimate",
    "epsactual",
    "epssurprisepct",
)
_LABELS: Final = ("Symbol", "Company Name", "Event Name", "Event Start Date", "Timing", "EPS Estimate", "Reported EPS")
_QUARTER = re.compile(r"\bQ[1-4]\s+\d{4}\b")


class YahooEarnings(YahooSource):
    """Planned and past dates of results."""

    name = SOURCE

    def fetch(self, request: NewsRequest) -> NewsAnswer:
        """Ask for the dates of symbols (``NVDA,AMD``), or without any of all companies of the USA, in a window."""
        now = self._clock.now()
        first = request.first or now
        last = request.last or first + AHEAD
        if first > last:
            reason = f"expected a first instant that is not after the last, got {first} and {last}"
            return NewsAnswer(request, Outcome.REFUSED, now, "", reason)
        rows: list[dict[str, Any]] = []
        while len(rows) < MOST_PAGES * PER_PAGE:
            page = self._page(request.query, first, last, len(rows))
            if page.outcome is not Outcome.OK:
                return failed(request, page)
            rows += page.data
            if len(page.data) < PER_PAGE:
                return shaped(request, page, partial(_answer, request, page, rows, first, last))
        reason = f"expected at most {len(rows)} dates, got more; ask for a part of the window"
        return failed(request, page, reason, Outcome.REFUSED)

    def _page(self, query: str, first: datetime, last: datetime, offset: int) -> Page:
        body = {
            "sortType": "ASC",
            "entityIdType": "sp_earnings",
            "sortField": "startdatetime",
            "includeFields": list(_FIELDS),
            "size": PER_PAGE,
            "offset": offset,
            "query": _query(query, first, last),
        }
        params = {"lang": "en-US", "region": "US"}
        judge = partial(judge_answer, "a calendar", _rows)
        return self._web.post(CALENDAR_HOST, CALENDAR, params, body, judge=judge, what="a calendar")


def _query(query: str, first: datetime, last: datetime) -> dict[str, Any]:
    """Return the question in the calendar's words: days, the last of which begins when it is over."""
    symbols = [symbol for each in query.split(",") if (symbol := each.strip().upper())]
    chosen = [_operator("EQ", "ticker", symbol) for symbol in symbols] or [_operator("EQ", "region", "us")]
    kinds = [_operator("EQ", "eventtype", kind) for kind in ("EAD", "ERA")]
    return _operator(
        "AND",
        _operator("OR", *chosen),
        _operator("OR", *kinds),
        _operator("GTE", "startdatetime", first.date().isoformat()),
        _operator("LTE", "startdatetime", (last + timedelta(days=1)).date().isoformat()),
    )


def _operator(name: str, *operands: Any) -> dict[str, Any]:
    return {"operator": name, "operands": list(operands)}


def _rows(data: Any) -> list[dict[str, Any]]:
    """Return rows by the labels of their columns, of which two are called Event Start Date."""
    finance = data["finance"]
    if finance.get("error"):
        raise ShapeError(f"expected a calendar, got the error {str(finance['error'])[:200]}")
    documents = finance["result"][0]["documents"]
    if not documents:
        return []
    labels = [
        "Timing" if column["label"] == "Event Start Date" and column["type"] == "STRING" else column["label"]
        for column in documents[0]["columns"]
    ]
    missing = [label for label in _LABELS if label not in labels]
    if missing:
        raise ShapeError(f"expected the columns {list(_LABELS)}, got none called {missing}")
    rows = whole_text([dict(zip(labels, row, strict=True)) for row in documents[0]["rows"]])
    if not all(isinstance(row["Symbol"], str) and row["Symbol"] for row in rows):
        raise ShapeError(f"expected a symbol in every row, got {rows!r:.80}")
    dates: list[dict[str, Any]] = rows
    return dates


def _answer(
    request: NewsRequest, page: Page, rows: list[dict[str, Any]], first: datetime, last: datetime
) -> NewsAnswer:
    read = [(row, _start(row)) for row in rows]
    within = [(row, start) for row, start in read if _lies_within(start, first, last)]
    read_items = [_item(row, start, page.fetched_at) for row, start in within]
    items = {item.item_id: item for item in read_items}
    extra = {"rows_outside": str(len(rows) - len(within)), "rows_repeated": str(len(within) - len(items))}
    return answered(request, page, SOURCE, items.values(), extra)


def _start(row: Mapping[str, Any]) -> TimeReading:
    text = row["Event Start Date"]
    return read_time(text if isinstance(text, str) else None)


def _lies_within(start: TimeReading, first: datetime, last: datetime) -> bool:
    return start.day is not None and first.date() <= start.day <= last.date()


def _item(row: Mapping[str, Any], start: TimeReading, seen_at: datetime) -> NewsItem:
    symbol = row["Symbol"]
    event = one_line(unescaped(str(row["Event Name"] or "")), 200)
    quarter = _QUARTER.search(event)
    timing = str(row["Timing"] or "") or None
    when = f" {TIMINGS[timing]}" if timing in TIMINGS else ""
    company = one_line(unescaped(str(row["Company Name"] or symbol)), 200)
    return NewsItem(
        item_id=f"{symbol}:{' '.join(quarter[0].split()) if quarter else start.day}",
        url=f"https://finance.yahoo.com/quote/{quote(symbol, safe='')}",
        title=f"{company}: {event or 'results'} on {start.day}{when}",
        kind="calendar",
        time_basis="first_seen",
        time_text=start.text,
        occurred_at=start.instant,
        precision=start.precision,
        available_at=seen_at,
        publisher="Yahoo Finance",
        symbols=[symbol],
        attributes={
            "day": str(start.day),
            "timing": timing,
            "eps_estimate": row["EPS Estimate"],
            "eps_actual": row["Reported EPS"],
        },
    )

"""A local Yahoo Finance that has news and a calendar of results, behind the same cookie and crumb as its chart."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pipelines.fake_providers.market import Market
from pipelines.fake_providers.server import Reply, Request
from pipelines.fake_providers.yahoo import FakeYahoo

NEWS = "/xhr/ncp"
CALENDAR = "/v1/finance/visualization"
_COLUMNS = (
    ("Symbol", "STRING"),
    ("Company Name", "STRING"),
    ("Event Name", "STRING"),
    ("Event Start Date", "DATE"),
    ("Event Start Date", "STRING"),
    ("EPS Estimate", "NUMBER"),
    ("Reported EPS", "NUMBER"),
    ("Surprise (%)", "NUMBER"),
)


class FakeYahooNews(FakeYahoo):
    """Yahoo with news and dates beside its charts.

    Attributes
    ----------
    news : dict
        Entries made by `story`, by symbol.
    dates : list of list
        Rows of the calendar: symbol, company, event, start, timing, three numbers.
    asked : list of dict
        Bodies of the requests, in order.
    """

    def __init__(self, market: Market) -> None:
        self.news: dict[str, list[dict[str, Any]]] = {}
        self.dates: list[list[Any]] = []
        self.asked: list[dict[str, Any]] = []
        super().__init__(market)

    def _route(self, request: Request) -> Reply:
        if request.path not in (NEWS, CALENDAR):
            return super()._route(request)
        barred = self._barred(request, request.headers.get("host", ""), request.headers.get("cookie", ""))
        if barred:
            return barred
        body = json.loads(request.body)
        self.asked.append(body)
        if request.path == NEWS:
            config = body["serviceConfig"]
            stream = self.news.get(config["s"][0], [])[: config["snippetCount"]]
            return _json({"data": {"tickerStream": {"stream": stream}}, "status": "OK"})
        return _json(self._calendar(body))

    def _calendar(self, body: dict[str, Any]) -> dict[str, Any]:
        found = [row for row in self.dates if _holds(body["query"], row)]
        found.sort(key=lambda row: str(row[3]))
        rows = found[body["offset"] : body["offset"] + min(body["size"], 100)]
        columns = [{"label": label, "type": kind} for label, kind in _COLUMNS]
        result = [{"total": len(found), "documents": [{"columns": columns, "rows": rows}]}]
        return {"finance": {"result": result, "error": None}}


def story(identity: str, title: str, published: datetime | str, **content: Any) -> dict[str, Any]:
    """Return an entry of the stream of news."""
    stamp = published if isinstance(published, str) else published.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "id": identity,
        "content": {
            "id": identity,
            "contentType": "STORY",
            "title": title,
            "summary": "What it says.",
            "pubDate": stamp,
            "displayTime": stamp,
            "provider": {"displayName": "Reuters", "url": "http://www.reuters.com/"},
            "canonicalUrl": {"url": f"https://finance.yahoo.com/news/{identity}.html", "site": "finance"},
            "clickThroughUrl": None,
            **content,
        },
    }


def _holds(query: dict[str, Any], row: Sequence[Any]) -> bool:
    operator, operands = query["operator"], query["operands"]
    if operator in ("AND", "OR"):
        return (all if operator == "AND" else any)(_holds(each, row) for each in operands)
    field, value = operands
    if operator == "EQ":
        return bool(value == {"ticker": row[0], "region": "us", "eventtype": "EAD"}[field])
    start, bound = str(row[3]), str(value)
    return start >= bound if operator == "GTE" else start <= bound


def _json(data: Any) -> Reply:
    return Reply(json.dumps(data).encode(), content_type="application/json;charset=utf-8")

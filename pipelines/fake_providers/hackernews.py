"""A fake of Algolia's search of Hacker News by date."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from pipelines.fake_providers.server import FakeServer, Reply, Request

REACHABLE = 1000
_FILTER = re.compile(r"created_at_i(>=|<=|>|<)(\d+)")


class FakeHackerNews(FakeServer):
    """Answers ``/api/v1/search_by_date``: the newest first, and nothing beyond the first 1,000 hits.

    Attributes
    ----------
    stories : list of dict
        Made by `story`.
    """

    def __init__(self, stories: Sequence[dict[str, Any]] = ()) -> None:
        self.stories = list(stories)
        super().__init__(self._search)

    def _search(self, request: Request) -> Reply:
        if request.path != "/api/v1/search_by_date":
            return _json({"message": "Path not found", "status": 404}, HTTPStatus.NOT_FOUND)
        filters = [each for each in request.query.get("numericFilters", "").split(",") if each]
        bounds = [_FILTER.fullmatch(each) for each in filters]
        if None in bounds:
            text = f"Invalid numericFilters: {request.query['numericFilters']}"
            return _json({"message": text, "status": 400}, HTTPStatus.BAD_REQUEST)
        words = request.query.get("query", "").lower().split()
        found = [
            hit
            for hit in sorted(self.stories, key=lambda hit: -int(hit["created_at_i"]))
            if all(word in f"{hit['title']} {hit.get('url', '')}".lower() for word in words)
            and all(_holds(hit["created_at_i"], bound) for bound in bounds if bound)
        ]
        size, page = int(request.query.get("hitsPerPage", "20")), int(request.query.get("page", "0"))
        shown = found[:REACHABLE][page * size : (page + 1) * size]
        return _json({"hits": shown, "page": page, "nbHits": len(found), "nbPages": 1, "hitsPerPage": size})


def story(number: int, created_at: datetime, title: str | None = None, **fields: Any) -> dict[str, Any]:
    """Return a story as Algolia words it; without `url` it is a question to the readers."""
    identity = str(number)
    return {
        "objectID": identity,
        "created_at": created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "created_at_i": int(created_at.timestamp()),
        "author": "someone",
        "title": f"Story {identity}" if title is None else title,
        "points": 1,
        "num_comments": 0,
        "story_id": number,
        "story_text": None,
        "_tags": ["story", "author_someone", f"story_{identity}"],
        "_highlightResult": {},
        **fields,
    }


def _holds(stamp: int, bound: re.Match[str]) -> bool:
    sign, limit = bound[1], int(bound[2])
    return {">": stamp > limit, ">=": stamp >= limit, "<": stamp < limit, "<=": stamp <= limit}[sign]


def _json(data: Any, status: int = 200) -> Reply:
    return Reply(json.dumps(data).encode(), status, "application/json; charset=utf-8")

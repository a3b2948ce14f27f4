"""A fake of the Hugging Face Hub: models of an author page by page, and their commits."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from pipelines.fake_providers.server import FakeServer, Reply, Request


class FakeHuggingFace(FakeServer):
    """Answers ``/api/models`` and ``/api/models/<id>/commits/main``.

    Attributes
    ----------
    models : list of dict
        Made by `model`.
    commits : dict
        Of a model's `id`, the newest first.
    left : int
        Requests that are left in the window of five minutes; every answer takes one.
    until : int
        Seconds to the end of that window.
    """

    def __init__(self, models: Sequence[dict[str, Any]] = ()) -> None:
        self.models = list(models)
        self.commits: dict[str, list[dict[str, Any]]] = {}
        self.left = 500
        self.until = 120
        super().__init__(self._route)

    def _route(self, request: Request) -> Reply:
        if self.left <= 0:
            return self._json({"error": "We had to rate limit your IP"}, status=HTTPStatus.TOO_MANY_REQUESTS)
        self.left -= 1
        match request.path.split("/"):
            case ["", "api", "models"]:
                return self._list(request)
            case ["", "api", "models", owner, name, "commits", "main"] if f"{owner}/{name}" in self.commits:
                return self._json(self.commits[f"{owner}/{name}"])
            case ["", "api", "models", *_]:
                return self._json({"error": "Invalid username or password."}, status=HTTPStatus.UNAUTHORIZED)
            case _:
                return self._json({"error": "Sorry, we can't find the page"}, status=HTTPStatus.NOT_FOUND)

    def _list(self, request: Request) -> Reply:
        author, limit = request.query.get("author", ""), int(request.query.get("limit", "1000"))
        found = [each for each in self.models if each["author"] == author]
        found.sort(key=lambda each: str(each.get("createdAt")), reverse=True)
        start = int(base64.b64decode(request.query.get("cursor", "")) or b"0")
        shown = found[start : start + limit]
        if request.query.get("full") != "true":
            shown = [
                {name: value for name, value in each.items() if name not in ("sha", "lastModified", "author")}
                for each in shown
            ]
        link = {}
        if start + limit < len(found):
            cursor = base64.b64encode(str(start + limit).encode()).decode()
            link = {"Link": f'<{self.base_url}/api/models?author={author}&limit={limit}&cursor={cursor}>; rel="next"'}
        return self._json(shown, link)

    def _json(self, data: Any, headers: dict[str, str] | None = None, status: int = 200) -> Reply:
        limits = {
            "RateLimit": f'"api";r={self.left};t={self.until}',
            "RateLimit-Policy": '"fixed window";"api";q=500;w=300',
        }
        return Reply(json.dumps(data).encode(), status, headers={**limits, **(headers or {})})


def model(number: int, name: str, created_at: datetime, **fields: Any) -> dict[str, Any]:
    """Return a model as the Hub words it; its name is ``owner/name``."""
    stamp = created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return {
        "_id": f"{number:024x}",
        "id": name,
        "modelId": name,
        "author": name.partition("/")[0],
        "sha": f"{number:040x}",
        "lastModified": stamp,
        "createdAt": stamp,
        "private": False,
        "gated": False,
        "likes": 0,
        "downloads": 0,
        "tags": ["transformers", "license:mit"],
        "pipeline_tag": "text-generation",
        "library_name": "transformers",
        **fields,
    }

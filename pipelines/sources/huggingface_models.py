"""Models that an organisation puts on the Hugging Face Hub, without a key.

`createdAt` is when the repository was made, which may have been private for days: Llama-3.3-70B was made on 26 November
2024 and public on 6 December, DeepSeek-V3 a day before its weights. It is what the source claims (`occurred_at`) and
says nothing of when anybody could read it: that is when a poll of ours first saw the model (basis ``first_seen``). A
backfill therefore finds models and no instants. Where commits are asked for, those of a repository narrow it down: it
was of no use before the last of the first day's, and they are as private as it was.

An edit of the README moves `lastModified`, a rename changes `id`; the item is known by `_id`, which stays.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any, ClassVar, Final
from urllib.parse import parse_qs, quote, urlsplit

import httpx

from pipelines.sources.live import Outcome
from pipelines.sources.news import NewsAnswer, NewsItem, NewsRequest
from pipelines.sources.news_text import one_line, whole_text
from pipelines.sources.news_times import TimeReading, read_time
from pipelines.sources.web.client import Page
from pipelines.sources.web.hosts import HOSTS, Hosts
from pipelines.sources.web.items import answered, failed, not_asked
from pipelines.sources.web.judge import Expected, ShapeError, Verdict
from pipelines.sources.web.limiter import Rate
from pipelines.sources.web.manners import Manners
from pipelines.sources.web.shaped import shaped
from pipelines.sources.web.source import WebSource

SOURCE: Final = "huggingface"
BASE_URL: Final = "https://huggingface.co"
MANNERS: Final = Manners(Rate(per_second=1, burst=5))
"""500 requests in five minutes are allowed."""

PER_PAGE: Final = 100
MOST_PAGES: Final = 50
MOST_COMMITS: Final = 100
"""Models of an answer whose commits are asked for, the newest of them."""

BEFORE_DATES: Final = "2022-03-02T23:29:04"
"""`createdAt` of every repository that is older than the field."""

_NEXT = re.compile(r'<([^<>]*)>\s*;\s*rel="next"')
_LEFT = re.compile(r"\br=(\d+)")
_UNTIL = re.compile(r"\bt=(\d+)")
_MOST_TAGS = 50


class HuggingFaceModels(WebSource):
    """Models of one organisation or user, such as ``deepseek-ai``.

    Parameters
    ----------
    with_commits : bool
        Ask for the commits of each model too: one more request for each.
    """

    name = SOURCE

    default_url: ClassVar[str] = BASE_URL
    default_manners: ClassVar[Manners] = MANNERS

    def __init__(
        self,
        base_url: str | None = None,
        *,
        manners: Manners | None = None,
        hosts: Hosts = HOSTS,
        rng: random.Random | None = None,
        with_commits: bool = False,
    ) -> None:
        super().__init__(base_url, manners=manners, hosts=hosts, rng=rng)
        chosen = manners or self.default_manners
        netloc = httpx.URL(self._client.base_url).netloc.decode()
        self._limiter = hosts.of(netloc, chosen.rate, chosen.patience).limiter
        self._with_commits = with_commits

    def fetch(self, request: NewsRequest) -> NewsAnswer:
        """Ask for the models whose repositories were made in a window, the newest first."""
        if not request.query.strip():
            return not_asked(request, self._client, "expected the name of an organisation or user, got none")
        if request.first and request.last and request.first > request.last:
            reason = f"expected a first instant that is not after the last, got {request.first} and {request.last}"
            return not_asked(request, self._client, reason)
        models: dict[str, dict[str, Any]] = {}
        cursor: str | None = ""
        pages = 0
        while cursor is not None:
            page = self._page(request.query, cursor)
            if page.outcome is not Outcome.OK:
                return failed(request, page)
            pages += 1
            for model in page.data:
                models.setdefault(model["_id"], model)
            cursor = None if _is_past(request.first, page.data) else _cursor(page.headers.get("link", ""))
            if pages == MOST_PAGES and cursor is not None:
                reason = f"expected at most {MOST_PAGES} pages, got more; ask for a window that begins later"
                return failed(request, page, reason, Outcome.REFUSED)
        return shaped(request, page, lambda: self._answer(request, page, list(models.values()), pages))

    def _page(self, author: str, cursor: str) -> Page:
        params = {"author": author, "sort": "createdAt", "direction": "-1", "limit": str(PER_PAGE), "full": "true"}
        return self._get(
            "/api/models", params | ({"cursor": cursor} if cursor else {}), Expected("json", _models, first=_told)
        )

    def _get(self, path: str, params: Mapping[str, str], expected: Expected) -> Page:
        """Ask, and if that was the last request of the provider's window, let none follow within it."""
        page = self._client.get(path, params, expected)
        until = _used_up(page.headers)
        if page.outcome is Outcome.OK and until:
            self._limiter.lower(until)
        return page

    def _answer(self, request: NewsRequest, page: Page, models: list[dict[str, Any]], pages: int) -> NewsAnswer:
        within = [model for model in models if _lies_within(request, model)]
        extra = {"pages": str(pages), "items_outside": str(len(models) - len(within))}
        commits: dict[str, list[dict[str, Any]]] = {}
        for model in within[:MOST_COMMITS] if self._with_commits else ():
            asked = self._get(
                f"/api/models/{quote(model['id'])}/commits/main", {}, Expected("json", _commits, first=_told)
            )
            if asked.outcome not in (Outcome.OK, Outcome.REFUSED):  # refused: it is gated
                return failed(request, asked)
            commits[model["_id"]] = asked.data or []
        items = [_item(model, commits.get(model["_id"]), page.fetched_at) for model in within]
        return answered(request, page, SOURCE, items, extra)


def _told(status: int, headers: Mapping[str, str], body: bytes) -> Verdict | None:
    """Return how long to wait after a 429, which the header RateLimit says."""
    del body
    pause = _until(headers) if status == HTTPStatus.TOO_MANY_REQUESTS else 0.0
    if not pause:
        return None
    return Verdict(
        Outcome.THROTTLED, f"told that the requests of {pause:.0f} s are used up", may_retry=True, pause=pause
    )


def _until(headers: Mapping[str, str]) -> float:
    """Return seconds to the end of the provider's window, 0 if it does not say."""
    found = _UNTIL.search(headers.get("ratelimit", ""))
    return min(float(found[1]), 3600.0) if found else 0.0


def _used_up(headers: Mapping[str, str]) -> float:
    """Return seconds to the end of the window if no request is left in it."""
    left = _LEFT.search(headers.get("ratelimit", ""))
    return _until(headers) if left and int(left[1]) == 0 else 0.0


def _models(data: Any) -> list[dict[str, Any]]:
    if not isinstance(data, list):
        raise ShapeError(f"expected a list of models, got {data!r:.80}")
    for model in data:
        if not isinstance(model, dict) or not all(isinstance(model.get(name), str) for name in ("_id", "id")):
            raise ShapeError(f"expected a model with _id and id, got {model!r:.80}")
    models: list[dict[str, Any]] = whole_text(data)
    return models


def _commits(data: Any) -> list[dict[str, Any]]:
    if not isinstance(data, list) or not all(isinstance(commit, dict) for commit in data):
        raise ShapeError(f"expected a list of commits, got {data!r:.80}")
    commits: list[dict[str, Any]] = whole_text(data)
    return commits


def _cursor(link: str) -> str | None:
    """Return the cursor of the next page. Nothing else of its address counts: it is asked for where the first was."""
    found = _NEXT.search(link)
    return parse_qs(urlsplit(found[1]).query).get("cursor", [None])[0] if found else None


def _created(model: Mapping[str, Any]) -> TimeReading:
    text = model.get("createdAt")
    reading = read_time(text if isinstance(text, str) else None, is_midnight_a_day=False)
    return TimeReading(text, "first_seen") if reading.text and reading.text.startswith(BEFORE_DATES) else reading


def _is_past(first: datetime | None, models: list[dict[str, Any]]) -> bool:
    """Return whether all that follows was made before a window: the newest come first."""
    made = [_created(model).instant for model in models]
    return first is not None and bool(made) and made[-1] is not None and made[-1] < first


def _lies_within(request: NewsRequest, model: Mapping[str, Any]) -> bool:
    made = _created(model).instant
    if made is None:
        return request.first is None
    return (request.first is None or request.first <= made) and (request.last is None or made <= request.last)


def _item(model: dict[str, Any], commits: list[dict[str, Any]] | None, seen_at: datetime) -> NewsItem:
    created = _created(model)
    name = model["id"]
    facts = {
        "hf_id": name,
        "sha": model.get("sha"),
        "last_modified": model.get("lastModified"),
        "gated": model.get("gated"),
        "likes": model.get("likes"),
        "downloads": model.get("downloads"),
        "pipeline_tag": model.get("pipeline_tag"),
        "library_name": model.get("library_name"),
        "tags": [tag for tag in model.get("tags") or () if isinstance(tag, str)][:_MOST_TAGS],
    }
    if commits is not None:
        facts["commits"] = _history(commits)
    return NewsItem(
        item_id=model["_id"],
        url=f"{BASE_URL}/{quote(name)}",
        title=one_line(name),
        kind="model_release",
        time_basis="first_seen",
        time_text=created.text,
        occurred_at=created.instant,
        precision=created.precision,
        available_at=seen_at,
        publisher=model.get("author") or name.partition("/")[0],
        attributes=facts,
    )


def _history(commits: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return time and title of the first commits, the earliest first."""
    dated = sorted(commits, key=lambda commit: str(commit.get("date")))
    return [{"date": commit.get("date"), "title": one_line(str(commit.get("title")), 200)} for commit in dated[:20]]

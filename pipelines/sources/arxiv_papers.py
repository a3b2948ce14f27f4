"""Papers of arXiv, through its search, without a key.

`published` is when the first version was submitted, which nobody else sees; a paper is public from its announcement on
(`pipelines.sources.arxiv_announcements`). A window is one of submission, so a poll reaches back some days: four lie
between a submission before a long weekend and its announcement, and the search knows a paper about a day after that.

Until November 2025 the answer had another form: what is read here is in both.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import Any, ClassVar, Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml import ElementTree

from pipelines.sources.arxiv_announcements import announced_at
from pipelines.sources.live import Outcome
from pipelines.sources.news import SUMMARY_CHARACTERS, NewsAnswer, NewsItem, NewsRequest
from pipelines.sources.news_text import one_line
from pipelines.sources.news_times import read_time
from pipelines.sources.web.client import Page
from pipelines.sources.web.items import answered, failed, not_asked
from pipelines.sources.web.judge import Expected, ShapeError, Verdict
from pipelines.sources.web.limiter import Rate
from pipelines.sources.web.manners import Limits, Manners
from pipelines.sources.web.retry import Retries
from pipelines.sources.web.shaped import shaped
from pipelines.sources.web.source import WebSource
from pipelines.sources.web.windows import in_parts

SOURCE: Final = "arxiv"
BASE_URL: Final = "https://export.arxiv.org"
MANNERS: Final = Manners(Rate(per_second=1 / 3), Retries(5, 3.0, 30.0), limits=Limits(read=60.0, total=180.0))
"""One request in three seconds, over one connection."""

PER_PAGE: Final = 1000
"""Papers of a page; twice as many are allowed."""

NEWEST: Final = 200
"""Papers of a poll without a window."""

REACHABLE: Final = 30_000
"""Papers of a query that can be had."""

BEGAN: Final = datetime(1991, 8, 1, tzinfo=UTC)
"""Month of the first paper."""

MOST_REQUESTS: Final = 200
BY_ID: Final = "id:"
"""Beginning of a query that is a list of identifiers."""

_ATOM, _ARXIV, _SEARCH = (
    "{http://www.w3.org/2005/Atom}",
    "{http://arxiv.org/schemas/atom}",
    "{http://a9.com/-/spec/opensearch/1.1/}",
)
_ID = re.compile(
    r"https?://arxiv\.org/abs/(?P<id>(?P<yymm>\d{4})\.\d{4,5}|[a-z-]+(?:\.[A-Za-z-]+)?/\d{7})(?:v(?P<v>\d+))?"
)
_ERRORS = re.compile(rb"<id>\s*https?://arxiv\.org/api/errors")
_MOST_AUTHORS = 20
_MINUTE = 60


class ArxivPapers(WebSource):
    """Papers by a query in arXiv's words (``cat:cs.LG AND all:deepseek``) or by ``id:2501.12948,2412.19437``."""

    name = SOURCE

    default_url: ClassVar[str] = BASE_URL
    default_manners: ClassVar[Manners] = MANNERS

    def fetch(self, request: NewsRequest) -> NewsAnswer:
        """Ask for the papers that were submitted in a window; without one, for the newest `NEWEST`."""
        first, last = request.first or BEGAN, request.last or self._client.clock.now()
        if first > last or not request.query.strip():
            reason = f"expected a query, and a first instant that is not after the last, got {request}"
            return not_asked(request, self._client, reason)
        if request.query.startswith(BY_ID) or (request.first is None and request.last is None):
            page = self._newest(request.query)
            return failed(request, page) if page.outcome is not Outcome.OK else _shaped(request, [page])
        # The query's step is a minute, of which it may mean the beginning: one more is asked for.
        begin, end = int(first.timestamp()) // _MINUTE, int(last.timestamp()) // _MINUTE + 1
        ask = partial(self._window, request.query)
        parts = in_parts(
            begin, end, lambda b, e: ask((b, e), 0), lambda page: page.data.total > REACHABLE, MOST_REQUESTS
        )
        if parts.failure:
            return failed(request, parts.failure)
        pages = []
        for page in parts.pages:
            more, failure = self._rest(request.query, page)
            if failure:
                return failed(request, failure)
            pages += [page, *more]
        return _shaped(request, pages)

    def _newest(self, query: str) -> Page:
        if query.startswith(BY_ID):
            params = {"id_list": query.removeprefix(BY_ID), "start": "0", "max_results": str(PER_PAGE)}
            return self._get(params, 0, may_be_empty=True)
        order = {"sortBy": "submittedDate", "sortOrder": "descending"}
        return self._get({"search_query": query, "start": "0", "max_results": str(NEWEST), **order}, 0)

    def _window(self, query: str, window: tuple[int, int], start: int) -> Page:
        """Ask for a page of a window, the earliest papers first: new ones then come after those that were read."""
        begin, end = (datetime.fromtimestamp(minute * _MINUTE, UTC).strftime("%Y%m%d%H%M") for minute in window)
        params = {
            "search_query": f"({query}) AND submittedDate:[{begin} TO {end}]",
            "start": str(start),
            "max_results": str(PER_PAGE),
            "sortBy": "submittedDate",
            "sortOrder": "ascending",
        }
        return self._get(params, start, window=window)

    def _rest(self, query: str, page: Page) -> tuple[list[Page], Page | None]:
        """Return the further pages of a window, or the one that failed."""
        pages: list[Page] = []
        seen = len(page.data.entries)
        while seen < page.data.total:
            further = self._window(query, page.data.window, seen)
            if further.outcome is not Outcome.OK:
                return pages, further
            if not further.data.entries:
                break  # there are fewer now
            pages.append(further)
            seen += len(further.data.entries)
        return pages, None

    def _get(
        self, params: Mapping[str, str], start: int, *, may_be_empty: bool = False, window: tuple[int, int] = (0, 0)
    ) -> Page:
        read = partial(_feed, start=start, may_be_empty=may_be_empty, window=window)
        busy = frozenset({HTTPStatus.SERVICE_UNAVAILABLE.value})
        return self._client.get("/api/query", params, Expected("xml", read=read, bans=busy, first=_refusal))


class _Feed:
    """A page: its papers, their number in all, and the window that was asked for, in minutes."""

    __slots__ = ("entries", "total", "window")

    def __init__(self, entries: list[Element], total: int, window: tuple[int, int]) -> None:
        self.entries, self.total, self.window = entries, total, window


def _refusal(status: int, headers: Mapping[str, str], body: bytes) -> Verdict | None:
    """Return arXiv's own words on a query that it cannot read: a feed of one entry, with status 400 or 200."""
    del headers
    if status not in (HTTPStatus.OK, HTTPStatus.BAD_REQUEST) or not _ERRORS.search(body):
        return None
    try:
        entry = _parsed(body).find(f"{_ATOM}entry")
    except ShapeError as error:
        return Verdict(Outcome.BROKEN, str(error), may_retry=True)
    said = "" if entry is None else one_line(entry.findtext(f"{_ATOM}summary") or "", 200)
    return Verdict(Outcome.REFUSED, f"expected a query that arXiv understands, got its error {said!r}")


def _parsed(content: bytes) -> Element:
    try:
        root: Element = ElementTree.fromstring(content, forbid_dtd=True)
    except (ParseError, ValueError) as error:
        raise ShapeError(f"expected XML without a document type, got {type(error).__name__}: {error!s:.200}") from error
    return root


def _feed(content: bytes, *, start: int, may_be_empty: bool, window: tuple[int, int]) -> _Feed:
    root = _parsed(content)
    if root.tag != f"{_ATOM}feed":
        raise ShapeError(f"expected an Atom feed, got <{root.tag[:80]}>")
    total = int(root.findtext(f"{_SEARCH}totalResults") or "")
    # Of an identifier that does not exist there was, in the older form, an entry with nothing in it.
    entries = [entry for entry in root.findall(f"{_ATOM}entry") if entry.find(f"{_ATOM}published") is not None]
    for entry in entries:
        if _ID.fullmatch(entry.findtext(f"{_ATOM}id") or "") is None:
            raise ShapeError(f"expected the address of a paper, got {entry.findtext(f'{_ATOM}id')!r:.80}")
    if not entries and total > start and not may_be_empty:
        raise ShapeError(f"expected papers from {start} on, since there are {total}, got a page without any")
    return _Feed(entries, total, window)


def _shaped(request: NewsRequest, pages: list[Page]) -> NewsAnswer:
    return shaped(request, pages[-1], lambda: _answer(request, pages))


def _answer(request: NewsRequest, pages: list[Page]) -> NewsAnswer:
    """Put pages together; papers of another time of submission are left out and counted."""
    last = pages[-1]
    read = [_item(entry, last.fetched_at) for page in pages for entry in page.data.entries]
    papers = list({item.item_id: item for item in read}.values())
    within = [paper for paper in papers if _lies_within(request, paper.occurred_at)]
    extra = {"pages": str(len(pages)), "items_outside": str(len(papers) - len(within))}
    return answered(request, last, SOURCE, within, extra)


def _lies_within(request: NewsRequest, submitted_at: datetime | None) -> bool:
    return submitted_at is None or (
        (request.first is None or request.first <= submitted_at)
        and (request.last is None or submitted_at <= request.last)
    )


def _item(entry: Element, seen_at: datetime) -> NewsItem:
    found = _ID.fullmatch(entry.findtext(f"{_ATOM}id") or "")
    assert found is not None  # noqa: S101  # `_feed` saw to it
    identity = found["id"]
    submitted = read_time(entry.findtext(f"{_ATOM}published"), is_midnight_a_day=False)
    due = None if submitted.instant is None else announced_at(submitted.instant)
    held_until = None if due is None else _end_of_month_if_held(found["yymm"], due)
    public = held_until or due
    return NewsItem(
        item_id=identity,
        url=f"https://arxiv.org/abs/{identity}",
        title=one_line(entry.findtext(f"{_ATOM}title") or identity),
        kind="paper",
        time_basis=submitted.basis if due is None else "schedule",
        time_text=submitted.text,
        occurred_at=submitted.instant,
        precision="day" if held_until else submitted.precision,
        available_at=seen_at if public is None else min(public, seen_at),
        summary=one_line(entry.findtext(f"{_ATOM}summary") or "", SUMMARY_CHARACTERS) or None,
        publisher="arXiv",
        attributes=_attributes(entry, found, is_held=held_until is not None),
    )


def _attributes(entry: Element, found: re.Match[str], *, is_held: bool) -> dict[str, Any]:
    authors = [one_line(author.findtext(f"{_ATOM}name") or "", 200) for author in entry.findall(f"{_ATOM}author")]
    primary = entry.find(f"{_ARXIV}primary_category")
    return {
        "version": int(found["v"] or 1),
        "updated": entry.findtext(f"{_ATOM}updated"),
        "authors": authors[:_MOST_AUTHORS],
        "n_authors": len(authors),
        "primary_category": None if primary is None else primary.get("term"),
        "categories": [category.get("term") for category in entry.findall(f"{_ATOM}category")],
        "is_held": is_held,
    }


def _end_of_month_if_held(yymm: str | None, due: datetime) -> datetime | None:
    """Return the end of the month of an identifier that was given after the month in which it was due.

    Months are those of UTC: the announcement on the last evening of a month belongs to the next.
    """
    if yymm is None:
        return None
    year, month = 2000 + int(yymm[:2]), int(yymm[2:])
    if not 1 <= month <= 12 or (year, month) <= (due.year, due.month):  # noqa: PLR2004
        return None
    return datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)

"""GDELT's files of fifteen minutes: every page it crawled, those kept that name what was asked for.

The time of a page is that of the file it is in: an upper bound of its publication, on a grid of fifteen minutes. Some
files were never made (404) and are named in the answer; one that is not there yet makes the answer incomplete.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from pipelines.sources.gdelt_rows import STAMP, Names, Pages, names_of, page_items, read_events, read_gkg, url_of
from pipelines.sources.live import Outcome
from pipelines.sources.news import NewsAnswer, NewsRequest
from pipelines.sources.web.client import Page, WebClient
from pipelines.sources.web.items import answered, failed, not_asked
from pipelines.sources.web.judge import Expected, ShapeError
from pipelines.sources.web.limiter import Rate
from pipelines.sources.web.manners import Limits, Manners
from pipelines.sources.web.shaped import shaped

SOURCE: Final = "gdelt"
BASE_URL: Final = "https://storage.googleapis.com/data.gdeltproject.org"
"""The mirror of data.gdeltproject.org that throttles nobody and has a certificate of its own name."""

MANNERS: Final = Manners(Rate(per_second=2, burst=4), limits=Limits(read=60.0, total=240.0, max_bytes=128 << 20))
STEP: Final = timedelta(minutes=15)
BEGAN: Final = datetime(2015, 2, 18, 23, tzinfo=UTC)
"""The first file."""

MOST_FILES: Final = 96
"""Files of one request: those of a day, about 700 MB."""

LATE: Final = timedelta(hours=1)
"""Age under which a file that is missing may still come."""

_LATEST: Final = "/gdeltv2/lastupdate.txt"
_LINE = re.compile(r"(\d+) ([0-9a-f]{32}) \S*/(\d{14})\.(gkg\.csv|export\.CSV|mentions\.CSV)\.zip")


@dataclass(frozen=True, slots=True)
class _Files:
    """The files of one stamp, and what their MD5 must be where that is known."""

    stamp: datetime
    md5s: Mapping[str, str]


class GdeltFiles:
    """Pages that name one of some words.

    Parameters
    ----------
    with_events : bool
        Read the events that GDELT found on the pages too: a second file for each that has such pages.
    """

    def __init__(self, client: WebClient, *, with_events: bool) -> None:
        self._client = client
        self._with_events = with_events

    def fetch(self, request: NewsRequest) -> NewsAnswer:
        """Ask for the files of a window; without one, for the newest."""
        names = names_of(request.query)
        if names is None:
            return not_asked(request, self._client, "expected names such as 'nvidia|deepseek', got none")
        if request.first is None and request.last is None:
            page = self._client.get(_LATEST, {}, Expected("text", read=_latest))
            return failed(request, page) if page.outcome is not Outcome.OK else self._read(request, names, [page.data])
        now = self._client.clock.now()
        stamps = _stamps(max(request.first or BEGAN, BEGAN), min(request.last or now, now))
        if not 0 < len(stamps) <= MOST_FILES:
            reason = f"expected a window with 1 to {MOST_FILES} quarters of an hour since {BEGAN}, got {len(stamps)}"
            return not_asked(request, self._client, reason)
        return self._read(request, names, [_Files(stamp, {}) for stamp in stamps])

    def _read(self, request: NewsRequest, names: Names, wanted: list[_Files]) -> NewsAnswer:
        """Read files in turn; those that are missing are asked for once more at the end."""
        found: list[tuple[_Files, Page]] = []
        missing: list[_Files] = []
        for round_of in (wanted, missing):
            for files in list(round_of):
                page = self._file(files, "gkg.csv", partial(read_gkg, names=names))
                if page.status == HTTPStatus.NOT_FOUND:
                    missing += [files] if round_of is wanted else []
                    continue
                if page.outcome is not Outcome.OK:
                    return failed(request, page)
                found.append((files, page))
                if round_of is missing:
                    missing.remove(files)
        late = [files for files in missing if files.stamp > self._client.clock.now() - LATE]
        if late or not found:
            reason = f"expected the file of {(late or missing)[0].stamp}, got 404; it may be late"
            return failed(request, page, reason, Outcome.BROKEN)
        return shaped(request, found[-1][1], lambda: self._answer(request, found, missing))

    def _answer(self, request: NewsRequest, found: list[tuple[_Files, Page]], missing: list[_Files]) -> NewsAnswer:
        found.sort(key=lambda each: each[0].stamp)
        read: list[Pages] = [page.data for _, page in found]
        events, n_without, failure = self._events(found)
        if failure:
            return failed(request, failure)
        last = found[-1][1]
        items, undated = page_items([row for pages in read for row in pages.rows], events, last.fetched_at)
        extra = {
            "files": str(len(found)),
            "files_missing": ",".join(files.stamp.strftime(STAMP) for files in missing),
            "files_without_events": str(n_without),
            "records": str(sum(pages.read for pages in read)),
            "records_broken": str(sum(pages.broken for pages in read) + undated),
        }
        return answered(request, last, SOURCE, items, extra)

    def _events(self, found: list[tuple[_Files, Page]]) -> tuple[dict[str, list[dict[str, Any]]], int, Page | None]:
        """Return the events of pages by address, and how many files of them there are not."""
        events: dict[str, list[dict[str, Any]]] = {}
        n_without = 0
        for files, page in found if self._with_events else ():
            urls = frozenset(url_of(row) for row in page.data.rows)
            if not urls:
                continue
            asked = self._file(files, "export.CSV", partial(read_events, urls=urls))
            if asked.status == HTTPStatus.NOT_FOUND:
                n_without += 1
            elif asked.outcome is not Outcome.OK:
                return events, n_without, asked
            else:
                events |= asked.data
        return events, n_without, None

    def _file(self, files: _Files, kind: str, read: Any) -> Page:
        def checked(content: bytes) -> Any:
            md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
            if md5 != files.md5s.get(kind, md5):
                raise ShapeError(f"expected a file with the MD5 {files.md5s[kind]}, got {md5}")
            return read(content)

        path = f"/gdeltv2/{files.stamp.strftime(STAMP)}.{kind}.zip"
        return self._client.get(path, {}, Expected("zip", read=checked))


def _latest(text: str) -> _Files:
    """Return the newest files. Of their addresses only the names count: they are asked for where this list was."""
    lines = [found for line in text.splitlines() if (found := _LINE.fullmatch(line.strip()))]
    kinds = {line[4]: line for line in lines}
    if "gkg.csv" not in kinds:
        raise ShapeError(f"expected lines of size, MD5 and address, one of them of a gkg.csv.zip, got {text[:80]!r}")
    stamp = datetime.strptime(kinds["gkg.csv"][3], STAMP).replace(tzinfo=UTC)
    same = {kind: line[2] for kind, line in kinds.items() if line[3] == kinds["gkg.csv"][3]}
    return _Files(stamp, same)


def _stamps(first: datetime, last: datetime) -> list[datetime]:
    """Return the quarters of an hour from one instant to another, both included, and a few more than may be asked."""
    seconds = STEP.total_seconds()
    begin = -int(-first.timestamp() // seconds)
    end = min(int(last.timestamp() // seconds), begin + MOST_FILES)
    return [datetime.fromtimestamp(number * seconds, UTC) for number in range(begin, end + 1)]

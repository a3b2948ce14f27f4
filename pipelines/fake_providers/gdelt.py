"""A fake of GDELT: its files of fifteen minutes, and its search of articles with all its moods."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from http import HTTPStatus

from pipelines.fake_providers.server import FakeServer, Reply, Request

MOST_ARTICLES = 250
STAMP = "%Y%m%d%H%M%S"
_FILES = "/gdeltv2/"
_SEARCH = "/api/v2/doc/doc"


@dataclass(frozen=True, slots=True)
class Crawled:
    """A page as GDELT found it.

    Attributes
    ----------
    at : datetime
        On the grid of fifteen minutes: of the file that it is in.
    extras : str
        XML beside the title.
    """

    at: datetime
    url: str
    title: str = ""
    organisations: Sequence[str] = ()
    themes: Sequence[str] = ("ECON_STOCKMARKET",)
    domain: str = "example.com"
    extras: str = ""
    n_events: int = 0


@dataclass(slots=True)
class Moods:
    """How the fake behaves.

    Attributes
    ----------
    missing : set of str
        Names of files, such as ``20250127143000.gkg.csv.zip``, that are not there.
    returning : dict
        Number of requests, by name of a file, for which it is not there yet.
    has_wrong_md5 : bool
        List MD5s of other files.
    elsewhere : str
        Host that the list of the newest files names.
    junk : bytes
        Put between the first two lines of every file.
    """

    missing: set[str] = field(default_factory=set)
    returning: dict[str, int] = field(default_factory=dict)
    has_wrong_md5: bool = False
    elsewhere: str = "http://data.gdeltproject.org"
    junk: bytes = b""


class FakeGdelt(FakeServer):
    """Answers ``/gdeltv2/...`` and ``/api/v2/doc/doc``; the search matches words of titles.

    Attributes
    ----------
    pages : list of Crawled
        What was found.
    last : datetime
        Stamp of the newest files; there are files for every stamp up to it.
    """

    def __init__(self, pages: Sequence[Crawled], last: datetime) -> None:
        self.pages = list(pages)
        self.last = last
        self.moods = Moods()
        super().__init__(self._route)

    def _route(self, request: Request) -> Reply:
        if request.path == _FILES + "lastupdate.txt":
            return Reply(self._latest(), content_type="text/plain")
        if request.path.startswith(_FILES):
            return self._file(request.path.removeprefix(_FILES))
        if request.path == _SEARCH:
            return self._search(request)
        return Reply(b"<html>not found</html>", HTTPStatus.NOT_FOUND, "text/html")

    def _latest(self) -> bytes:
        lines = []
        for kind in ("export.CSV", "mentions.CSV", "gkg.csv"):
            name = f"{self.last.strftime(STAMP)}.{kind}.zip"
            content = self._zip(name)
            md5 = hashlib.md5(b"other" if self.moods.has_wrong_md5 else content, usedforsecurity=False).hexdigest()
            lines.append(f"{len(content)} {md5} {self.moods.elsewhere}{_FILES}{name}")
        return ("\n".join(lines) + "\n").encode()

    def _file(self, name: str) -> Reply:
        left = self.moods.returning.get(name, 0)
        self.moods.returning[name] = max(0, left - 1)
        stamp = name.partition(".")[0]
        if left or name in self.moods.missing or stamp > self.last.strftime(STAMP):
            body = b"<?xml version='1.0' encoding='UTF-8'?><Error><Code>NoSuchKey</Code></Error>"
            return Reply(body, HTTPStatus.NOT_FOUND, "application/xml; charset=UTF-8")
        return Reply(self._zip(name), content_type="application/zip")

    def _zip(self, name: str) -> bytes:
        stamp, _, kind = name.removesuffix(".zip").partition(".")
        pages = [page for page in self.pages if page.at.strftime(STAMP) == stamp]
        if kind == "gkg.csv":
            lines = [gkg_line(page, number) for number, page in enumerate(pages)]
        else:
            lines = [event_line(page, number) for page in pages for number in range(page.n_events)]
        content = b"\n".join([*lines[:1], *([self.moods.junk] if self.moods.junk else []), *lines[1:], b""])
        return zipped(content, name.removesuffix(".zip"))

    def _search(self, request: Request) -> Reply:
        query = request.query.get("query", "")
        if len(query) < 3:  # noqa: PLR2004
            return _excuse("Your query was too short or too long.")
        if " OR " in query and "(" not in query:
            return _excuse("Queries containing OR'd terms must be surrounded by ().")
        begin = request.query.get("startdatetime", "0")
        end = request.query.get("enddatetime", "9")
        words = [word for word in query.lower().replace('"', "").split() if ":" not in word]
        found = [
            page
            for page in self.pages
            if begin <= page.at.strftime(STAMP) <= end and all(word in page.title.lower() for word in words)
        ]
        found.sort(key=lambda page: page.at, reverse=request.query.get("sort") == "datedesc")
        shown = found[: min(int(request.query.get("maxrecords", "75")), MOST_ARTICLES)]
        body = {"articles": [_article(page) for page in shown]} if shown else {}
        return Reply(json.dumps(body).encode(), content_type="application/json; charset=utf-8")


def zipped(content: bytes, name: str) -> bytes:
    """Return a zip with one file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name, (2025, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def gkg_line(page: Crawled, number: int) -> bytes:
    """Return a page as a line of 27 cells."""
    cells = [""] * 27
    stamp = page.at.strftime(STAMP)
    cells[0], cells[1], cells[2], cells[3], cells[4] = f"{stamp}-{number}", stamp, "1", page.domain, page.url
    cells[7], cells[8] = ";".join(page.themes), ";".join(f"{theme},{10 * n}" for n, theme in enumerate(page.themes))
    cells[13] = ";".join(name.lower() for name in page.organisations)
    cells[14] = ";".join(f"{name},{20 * n}" for n, name in enumerate(page.organisations))
    cells[15] = "-2.5,1.0,3.5,4.5,20.1,0,250"
    shown = escape(page.title).encode("ascii", "xmlcharrefreplace").decode()
    title = f"<PAGE_TITLE>{shown}</PAGE_TITLE>" if shown else ""
    cells[26] = title + page.extras
    return "\t".join(cells).encode()


def event_line(page: Crawled, number: int) -> bytes:
    """Return an event on a page as a line of 61 cells."""
    cells = [""] * 61
    cells[0], cells[26], cells[30], cells[31] = f"10000{number}", "036", "4.0", "10"
    cells[59], cells[60] = page.at.strftime(STAMP), page.url
    return "\t".join(cells).encode()


def _article(page: Crawled) -> dict[str, str]:
    return {
        "url": page.url,
        "url_mobile": "",
        "title": page.title,
        "seendate": page.at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ"),
        "socialimage": "",
        "domain": page.domain,
        "language": "English",
        "sourcecountry": "United States",
    }


def _excuse(text: str) -> Reply:
    """Return what GDELT says instead of data, with status 200."""
    return Reply(text.encode() + b"\n", content_type="text/html; charset=utf-8")

"""Read GDELT's files of fifteen minutes: pages of the graph of knowledge that name what was asked for, and events.

The files are tab-separated without a header and without quotes, in UTF-8 with bytes of other encodings in between.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO, Any, Final

from pipelines.sources.news import NewsItem
from pipelines.sources.news_text import one_line, pages_of
from pipelines.sources.web.judge import ShapeError
from pipelines.sources.web.unzip import single_member

GKG_COLUMNS: Final = 27
EXPORT_COLUMNS: Final = 61
STAMP: Final = "%Y%m%d%H%M%S"

_MAX_BYTES: Final = 512 << 20
_LONGEST_LINE: Final = 4 << 20
_ID, _DATE, _SOURCE, _URL, _THEMES, _ORGANISATIONS, _TONE, _TRANSLATION, _EXTRAS = 0, 1, 3, 4, 8, 14, 15, 25, 26
_EVENT_ID, _EVENT_CODE, _GOLDSTEIN, _MENTIONS, _EVENT_URL = 0, 26, 30, 31, 60
_TITLE = re.compile(r"<PAGE_TITLE>(.*?)</PAGE_TITLE>", re.DOTALL)
_PRECISE = re.compile(r"<PAGE_PRECISEPUBTIMESTAMP>(\d{14})</PAGE_PRECISEPUBTIMESTAMP>")
_LANGUAGE = re.compile(r"srclc:(\w+)")
_MOST_NAMES: Final = 50
_MOST_EVENTS: Final = 20


@dataclass(frozen=True, slots=True)
class Names:
    """What a page must name one of, as whole words in any case.

    Attributes
    ----------
    words : sequence of str
        Not empty, in lower case.
    pattern : re.Pattern
        Finds any of them.
    markers : tuple of bytes
        One of which is in every line that names any of them: found quickly, before a line is taken apart.
    """

    words: Sequence[str]
    pattern: re.Pattern[str] = field(init=False)
    markers: tuple[bytes, ...] = field(init=False)

    def __post_init__(self) -> None:
        alternatives = "|".join(re.escape(word) for word in self.words)
        object.__setattr__(self, "pattern", re.compile(rf"(?<![^\W_])(?:{alternatives})(?![^\W_])", re.IGNORECASE))
        object.__setattr__(self, "markers", tuple(_marker(word) for word in self.words))


def _marker(word: str) -> bytes:
    """Return the longest part of a word that is written the same in a line, whatever is escaped there."""
    parts = re.findall(r"[a-z0-9]+", word) if word.isascii() else []
    return max(parts, key=len, default="").encode()


def names_of(query: str) -> Names | None:
    """Return the names of a query such as ``nvidia|deepseek``; None if there are none."""
    words = tuple(word for each in query.lower().split("|") if (word := " ".join(each.split())))
    return Names(words) if words else None


@dataclass(frozen=True, slots=True)
class Pages:
    """What a file has.

    Attributes
    ----------
    rows : list of list of str
        The pages that name what was asked for.
    read, broken : int
        Lines, and those among them that have other columns than they should.
    """

    rows: list[list[str]]
    read: int
    broken: int


def read_gkg(content: bytes, names: Names) -> Pages:
    """Return the pages of a zipped file that name what is asked for in title, address or organisations.

    Raises
    ------
    ShapeError
        If it is no zip of one such file, or most of its lines have other columns.
    """
    rows, read, broken = [], 0, 0
    with single_member(content, ".gkg.csv", _MAX_BYTES) as file:
        for line in _lines(file):
            read += 1
            if line.count(b"\t") != GKG_COLUMNS - 1:
                broken += 1
                continue
            lower = line.lower()
            if any(marker in lower for marker in names.markers):
                row = line.decode("utf-8", "replace").split("\t")
                address = row[_URL].partition("?")[0]
                if names.pattern.search(f"{page_title(row)}\n{address}\n{row[_ORGANISATIONS]}"):
                    rows.append(row)
    if broken * 2 > read:
        raise ShapeError(f"expected {GKG_COLUMNS} columns, got others in {broken} of {read} lines")
    return Pages(rows, read, broken)


def read_events(content: bytes, urls: frozenset[str]) -> dict[str, list[dict[str, Any]]]:
    """Return the events of a zipped file that were found on some pages, by address.

    Raises
    ------
    ShapeError
        If it is no zip of one such file.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    with single_member(content, ".export.csv", _MAX_BYTES) as file:
        for line in _lines(file):
            row = line.decode("utf-8", "replace").split("\t")
            if (
                len(row) == EXPORT_COLUMNS
                and row[_EVENT_URL] in urls
                and len(found.get(row[_EVENT_URL], ())) < _MOST_EVENTS
            ):
                event = {
                    "id": row[_EVENT_ID],
                    "code": row[_EVENT_CODE],
                    "goldstein": row[_GOLDSTEIN],
                    "mentions": row[_MENTIONS],
                }
                found.setdefault(row[_EVENT_URL], []).append(event)
    return found


def url_of(row: Sequence[str]) -> str:
    """Return the address of a page."""
    return row[_URL]


def page_title(row: Sequence[str]) -> str:
    """Return the title of a page; empty if GDELT has none."""
    found = _TITLE.search(row[_EXTRAS])
    return one_line(html.unescape(found[1])) if found else ""


def page_items(
    rows: Sequence[Sequence[str]], events: Mapping[str, list[dict[str, Any]]], seen_at: datetime
) -> tuple[list[NewsItem], int]:
    """Return pages as items, each once and the earliest of it, and the number of those without a time."""
    items: dict[str, NewsItem] = {}
    undated = 0
    pages = pages_of([row[_URL] for row in rows])
    for row, page in zip(rows, pages, strict=True):
        crawled_at = _crawled_at(row[_DATE])
        if crawled_at is None:
            undated += 1
            continue
        item = _item(row, page or row[_ID], crawled_at, seen_at, events.get(row[_URL]))
        items.setdefault(item.item_id, item)
    return list(items.values()), undated


def _item(
    row: Sequence[str], identity: str, crawled_at: datetime, seen_at: datetime, events: list[dict[str, Any]] | None
) -> NewsItem:
    precise, language = _PRECISE.search(row[_EXTRAS]), _LANGUAGE.search(row[_TRANSLATION])
    return NewsItem(
        item_id=identity,
        url=row[_URL],
        title=page_title(row) or one_line(row[_URL]),
        kind="headline",
        time_basis="crawl",
        time_text=row[_DATE],
        occurred_at=crawled_at,
        precision="minute",
        available_at=min(crawled_at, seen_at),
        publisher=one_line(row[_SOURCE], 200) or None,
        attributes={
            "record": row[_ID],
            "themes": _names(row[_THEMES]),
            "organisations": _names(row[_ORGANISATIONS]),
            "tone": row[_TONE].partition(",")[0] or None,
            "language": language[1] if language else "eng",
            "page_published": precise[1] if precise else None,
            "events": events or [],
        },
    )


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    """Yield lines without their end; one without end is no line of GDELT's."""
    while line := file.readline(_LONGEST_LINE):
        if len(line) == _LONGEST_LINE:
            raise ShapeError(f"expected lines of less than {_LONGEST_LINE} bytes, got a longer one")
        stripped = line.rstrip(b"\r\n")
        if stripped:
            yield stripped


def _crawled_at(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None


def _names(cell: str) -> list[str]:
    """Return the names of a cell ``name,place;name,place``, each once, in their order."""
    names = (each.rpartition(",")[0] or each for each in cell.split(";") if each)
    return list(dict.fromkeys(names))[:_MOST_NAMES]

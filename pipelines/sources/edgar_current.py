"""Read the feed of the newest filings: Atom whose entries repeat, once for each filer and again as pages shift."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from http import HTTPStatus
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from pipelines.sources.edgar_acceptance import Acceptance
from pipelines.sources.edgar_submissions import ACCESSION
from pipelines.sources.live import Outcome
from pipelines.sources.news_times import read_time
from pipelines.sources.web.judge import ShapeError, Verdict

_ATOM: Final = "{http://www.w3.org/2005/Atom}"
_ID: Final = "accession-number="
_TITLE = re.compile(r"(.*?) - (.*) \((\d{1,10})\) \(([^()]*)\)", re.DOTALL)
_ITEM = re.compile(r"\bItem (\d{1,2}\.\d{2})\b")
_FILED = re.compile(r"Filed:\s*(?:</b>)?\s*(\d{4}-\d\d-\d\d)")


@dataclass(frozen=True, slots=True)
class Party:
    """Who a filing concerns, and as what: Filer, Subject, Issuer, Reporting, Filed by."""

    cik: int
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One filing, with everybody whom its entries name."""

    accession: str
    form: str
    url: str
    accepted: Acceptance
    filing_date: date | None
    items: tuple[str, ...]
    parties: tuple[Party, ...]


@dataclass(frozen=True, slots=True)
class Feed:
    """Entries of pages of the feed, and how many others lack what names and dates a filing."""

    entries: list[Entry]
    n_unreadable: int = 0

    @property
    def n_entries(self) -> int:
        """Entries of either kind."""
        return len(self.entries) + self.n_unreadable


def read_feed(body: bytes) -> Feed:
    """Return the entries of a page, repetitions included.

    Raises
    ------
    ShapeError
        If it is no Atom feed, defines entities, or no entry of it names and dates a filing.
    """
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except DefusedXmlException as error:
        raise ShapeError(f"expected Atom, got XML that defines types or entities ({type(error).__name__})") from error
    except (ParseError, LookupError) as error:
        raise ShapeError(f"expected whole Atom, got XML that cannot be read: {error}") from error
    if root.tag != f"{_ATOM}feed":
        raise ShapeError(f"expected an Atom feed, got <{root.tag[:60]}>")
    entries: list[Entry] = []
    faults: list[str] = []
    for entry in root.findall(f"{_ATOM}entry"):
        try:
            entries.append(_entry(entry))
        except ValueError as error:  # one odd name of a filer must not hide the filings of all others
            faults.append(str(error))
    if faults and not entries:
        raise ShapeError(faults[0])
    return Feed(entries, len(faults))


def merged(entries: Iterable[Entry]) -> list[Entry]:
    """Return one entry per filing, in the order of their first appearance, with the parties of all of its entries."""
    found: dict[str, Entry] = {}
    for entry in entries:
        first = found.setdefault(entry.accession, entry)
        new = tuple(party for party in entry.parties if party not in first.parties)
        found[entry.accession] = replace(first, parties=(*first.parties, *new))
    return list(found.values())


def end_of_feed(status: int, headers: Mapping[str, str], body: bytes) -> Verdict | None:
    """Return EMPTY for the page after the last one, which is "File Unavailable" with status 503."""
    del body
    is_page = "html" in headers.get("content-type", "").lower()
    if status != HTTPStatus.SERVICE_UNAVAILABLE or not is_page:
        return None
    return Verdict(Outcome.EMPTY, "there are no further pages")


def _entry(entry: Element) -> Entry:
    accession = _text(entry, "id").partition(_ID)[2]
    category = entry.find(f"{_ATOM}category")
    link = entry.find(f"{_ATOM}link")
    title = _TITLE.fullmatch(" ".join(_text(entry, "title").split()))
    updated = read_time(_text(entry, "updated"), is_midnight_a_day=False)
    if not ACCESSION.fullmatch(accession) or title is None or category is None or link is None:
        raise ShapeError(f"expected an entry with accession number, title, category and link, got {accession!r:.40}")
    if updated.instant is None or updated.basis != "offset":
        raise ShapeError(f"filing {accession}: expected a time with an offset, got {updated.text!r:.40}")
    summary = _text(entry, "summary")
    filed = _FILED.search(summary)
    return Entry(
        accession=accession,
        form=category.get("term", ""),
        url=link.get("href", ""),
        accepted=Acceptance(updated.text or "", updated.instant, "offset"),
        filing_date=date.fromisoformat(filed[1]) if filed else None,
        items=tuple(dict.fromkeys(_ITEM.findall(summary))),
        parties=(Party(int(title[3]), title[2], title[4]),),
    )


def _text(entry: Element, name: str) -> str:
    child = entry.find(f"{_ATOM}{name}")
    return "" if child is None or child.text is None else child.text

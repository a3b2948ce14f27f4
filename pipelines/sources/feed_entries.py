"""Read the entries of a feed: what each is called, when it says that it came out, and by what it is known.

An entry is known by its link, in the form of `pipelines.urls`. A GUID would be the standard's choice, but real
feeds reuse one for another item, which would then look as if it had been public since the first, or give an item that
was edited a new one. It counts where a link names no item of its own: if several entries share it, if it is the front
page, or if there is none.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import feedparser  # type: ignore[import-untyped]

from pipelines.sources.feed_bytes import checked_bytes
from pipelines.sources.news import NewsItem
from pipelines.sources.news_text import is_front_page, one_line, pages_of, plain_text, unescaped, whole_text
from pipelines.sources.news_times import TimeReading, read_time
from pipelines.sources.web.judge import ShapeError

PRESS_HOSTS: Final = ("prnewswire.com", "globenewswire.com", "businesswire.com", "nvidianews.nvidia.com")
"""Where companies say something to the press."""

FIXED_CLOCK: Final = 5
"""Entries on at least three days that all show one time of day, after which it is no time of publication."""

_GITHUB: Final = "tag:github.com,2008:"
_COMMIT: Final = "tag:github.com,2008:Grit::Commit/"
_CLOCK = re.compile(r"\b\d{1,2}:\d\d(?::\d\d)?\b", re.ASCII)
_FEWEST_DAYS: Final = 3
_TIMED: Final = ("minute", "hour")
_MOST_TAGS: Final = 20


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed as it was read.

    Attributes
    ----------
    title : str or None
        Of the feed.
    entries : list of dict
        As feedparser names their parts.
    """

    title: str | None
    entries: list[dict[str, Any]]


def read_feed(content: bytes) -> Feed:
    """Read RSS or Atom.

    Raises
    ------
    ShapeError
        If it is neither.
    """
    headers = {"content-type": "application/xml"}
    parsed = feedparser.parse(
        checked_bytes(content), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
    )
    if not parsed.get("version"):
        raise ShapeError(f"expected RSS or Atom, got another document: {content[:80]!r}")
    head = dict(parsed.get("feed") or {})
    title = one_line(unescaped(str(head.get("title") or "")), 200)
    return Feed(title or None, [whole_text(dict(entry)) for entry in parsed.entries])


def items_of(feed: Feed, asked: str, url: str, seen_at: datetime) -> tuple[list[NewsItem], dict[str, str]]:
    """Return the items of a feed, and how many of its entries were left out.

    Parameters
    ----------
    asked, url : str
        Address that was asked for, whose host makes GUIDs unique, and where the feed was found after redirects, to
        which its links may be relative.
    """
    told = [entry for entry in feed.entries if _title(entry)]
    links = [_link(entry, url) for entry in told]
    identities = _identities(told, links, urlsplit(asked).hostname or "")
    readings = _without_fixed_clock([_time(entry) for entry in told])
    items: dict[str, NewsItem] = {}
    for entry, link, identity, reading in zip(told, links, identities, readings, strict=True):
        item = _item(entry, feed.title, link or url, reading, seen_at)
        items.setdefault(identity, replace(item, item_id=identity))
    left_out = {
        "entries_without_text": str(len(feed.entries) - len(told)),
        "entries_repeated": str(len(told) - len(items)),
    }
    return list(items.values()), left_out


def _item(
    entry: Mapping[str, Any], feed_title: str | None, link: str, reading: TimeReading, seen_at: datetime
) -> NewsItem:
    """Return an entry as an item that has no name yet."""
    guid = str(entry.get("id") or "")
    is_commit = guid.startswith(_COMMIT)  # dated by whoever made it, before it was there to be read
    source = entry.get("source")
    publisher = source.get("title") if isinstance(source, Mapping) else None
    return NewsItem(
        item_id="",
        url=link,
        title=_title(entry),
        kind=_kind(guid, link),
        time_basis="first_seen" if is_commit else reading.basis,
        time_text=reading.text,
        occurred_at=reading.instant,
        precision=reading.precision,
        available_at=seen_at if is_commit else reading.available_at(seen_at),
        summary=plain_text(_markup(entry)),
        publisher=one_line(str(publisher or feed_title or urlsplit(link).hostname), 200),
        attributes={
            "guid": guid or None,
            "updated": entry.get("updated"),
            "author": one_line(str(entry.get("author") or ""), 200) or None,
            "tags": [str(tag.get("term")) for tag in entry.get("tags") or () if tag.get("term")][:_MOST_TAGS],
        },
    )


def _kind(guid: str, link: str) -> str:
    host = urlsplit(link).hostname or ""
    is_press = any(host == each or host.endswith(f".{each}") for each in PRESS_HOSTS)
    return "release" if is_press or guid.startswith(_GITHUB) else "headline"


def _title(entry: Mapping[str, Any]) -> str:
    """Return the headline, or the beginning of the text of an entry that has none; empty if it says nothing."""
    title = str(entry.get("title") or "")
    detail = entry.get("title_detail")
    # Atom says when a title is markup; in RSS, feedparser guesses, and what looks like a tag may be the news.
    is_markup = isinstance(detail, Mapping) and detail.get("type") == "application/xhtml+xml"
    shown = plain_text(title) or "" if is_markup else one_line(unescaped(title))
    return shown or plain_text(_markup(entry), 200) or ""


def _markup(entry: Mapping[str, Any]) -> str:
    content = entry.get("content")
    first = content[0].get("value") if isinstance(content, list) and content else ""
    return str(entry.get("summary") or first or "")


def _link(entry: Mapping[str, Any], url: str) -> str | None:
    """Return where an entry leads, if that is an address; a GUID that is called a link need not be one."""
    link = str(entry.get("link") or "").strip()
    if not link or (entry.get("guidislink") and "://" not in link):
        return None
    try:
        return urljoin(url, link)
    except ValueError:
        return None


def _identities(entries: Sequence[Mapping[str, Any]], links: Sequence[str | None], host: str) -> list[str]:
    pages = pages_of([link or "" for link in links])
    shared = Counter(page for page in pages if page)
    guids = [str(entry.get("id") or "") for entry in entries]
    named = Counter(guids)
    found = []
    for entry, page, guid in zip(entries, pages, guids, strict=True):
        if page and shared[page] == 1 and not is_front_page(page):
            found.append(page)
        elif guid and named[guid] == 1:
            found.append(f"{host}#{guid}")
        else:
            text = "\n".join((page or "", guid, _title(entry)))
            found.append(f"{host}#{hashlib.sha256(text.encode()).hexdigest()[:24]}")
    return found


def _time(entry: Mapping[str, Any]) -> TimeReading:
    """Read the time of an entry from its own text: feedparser's reading of it takes what has no zone for UTC."""
    text = next((entry[name] for name in ("published", "updated", "created") if entry.get(name)), None)
    return read_time(text if isinstance(text, str) else None)


def _without_fixed_clock(readings: Sequence[TimeReading]) -> list[TimeReading]:
    """Return readings, as days if all of them show one time of day on several days: a system put it there."""
    timed = [reading for reading in readings if reading.precision in _TIMED]
    clocks = {found[0] for reading in timed if (found := _CLOCK.search(reading.text or ""))}
    days = {reading.day for reading in timed}
    if len(timed) < FIXED_CLOCK or len(clocks) != 1 or len(days) < _FEWEST_DAYS:
        return list(readings)
    return [
        replace(each, basis="fixed_clock", precision="day", instant=None) if each.precision in _TIMED else each
        for each in readings
    ]

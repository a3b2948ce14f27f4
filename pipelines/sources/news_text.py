"""Text and addresses of news as sources write them, brought into one form and otherwise left alone.

A headline is data, whatever it says: markup, formulas and control characters stay in it, and whoever shows it makes
them harmless there.
"""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from html.parser import HTMLParser
from typing import Any, Final
from urllib.parse import urlsplit

import polars as pl

from pipelines.sources.news import SUMMARY_CHARACTERS
from pipelines.urls import canonical_urls

TITLE_CHARACTERS: Final = 1000
"""Length to which a title is cut."""

_READ = 20 * SUMMARY_CHARACTERS  # characters of markup that are read for a summary
_UNSEEN = frozenset({"script", "style", "template", "noscript"})
_BLOCKS = frozenset({"p", "br", "div", "li", "tr", "td", "th", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote"})


def one_line(text: str, characters: int = TITLE_CHARACTERS) -> str:
    """Return text without line ends and repeated blanks, cut to a length."""
    return " ".join(text.split())[:characters].rstrip()


def plain_text(markup: str, characters: int = SUMMARY_CHARACTERS) -> str | None:
    """Return what a piece of HTML says, without scripts and styles; None if that is nothing."""
    reader = _Reader()
    reader.feed(markup[:_READ])
    reader.close()
    return one_line("".join(reader.said), characters) or None


def unescaped(title: str) -> str:
    """Return a title without the HTML entities that many feeds leave in one, since they escape twice."""
    return html.unescape(title)


def whole_text(data: Any) -> Any:
    """Return parsed JSON that can be written again.

    Half of a surrogate pair, which no UTF-8 can hold, is a question mark; what is no finite number, which no JSON can
    hold although Python reads it, is null.
    """
    if isinstance(data, float):
        return data if math.isfinite(data) else None
    if isinstance(data, str):
        return data if data.isascii() else data.encode("utf-8", "replace").decode("utf-8")
    if isinstance(data, list):
        return [whole_text(each) for each in data]
    if isinstance(data, dict):
        return {whole_text(name): whole_text(each) for name, each in data.items()}
    return data


def pages_of(urls: Sequence[str]) -> list[str | None]:
    """Return the addresses by which links to one page are known as such; None for what is no address of the web."""
    found: list[str] = canonical_urls(pl.Series(list(urls), dtype=pl.String())).to_list()
    return [url if url.startswith("https://") else None for url in found]


def is_front_page(url: str) -> bool:
    """Return whether an address names a site and no page of it."""
    parts = urlsplit(url)
    return parts.path in ("", "/") and not parts.query


class _Reader(HTMLParser):
    """Collects what a reader of the page would see."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin an element."""
        del attrs
        self._hidden += tag in _UNSEEN
        if tag in _BLOCKS:
            self.said.append(" ")

    def handle_endtag(self, tag: str) -> None:
        """End an element."""
        self._hidden = max(0, self._hidden - (tag in _UNSEEN))
        if tag in _BLOCKS:
            self.said.append(" ")

    def handle_data(self, data: str) -> None:
        """Keep text that is seen."""
        if not self._hidden:
            self.said.append(data)

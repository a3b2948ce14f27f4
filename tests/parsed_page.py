"""A page of a report, read with the standard library: its elements, scripts, styles, data and cells."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any


class Parsed(HTMLParser):
    """Elements, scripts, styles and the texts of table cells of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.inline: dict[str, list[str]] = {"script": [], "style": []}
        self.data: dict[str, Any] = {}
        self.rows: dict[str, list[list[str]]] = {}
        self._grid, self._inside, self._is_cell = "", "", False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        found = dict(attrs)
        self.elements.append((tag, found))
        self._grid = found.get("data-grid") or self._grid
        if tag in self.inline:
            self._inside = "data" if found.get("type") == "application/json" else tag
        if tag == "tbody":
            self.rows[self._grid] = []
        if tag == "tr" and self._grid in self.rows:
            self.rows[self._grid].append([])
        if tag in {"td", "th"} and self.rows.get(self._grid):
            self.rows[self._grid][-1].append("")
            self._is_cell = True

    def handle_endtag(self, tag: str) -> None:
        """Leave an element."""
        if tag in self.inline:
            self._inside = ""
        if tag in {"td", "th"}:
            self._is_cell = False

    def handle_data(self, data: str) -> None:
        """Keep a text where it belongs."""
        if self._inside == "data":
            self.data = json.loads(data)
        elif self._inside:
            self.inline[self._inside].append(data)
        elif self._is_cell:
            self.rows[self._grid][-1][-1] += data

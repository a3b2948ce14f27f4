"""Lay out the answer of a query for reading: units under the names, numbers in line, nulls that show."""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from flows.cli.output import plain

Layout = Literal["auto", "columns", "records"]

NULL = "NULL"
LONGEST_CELL = 100
"""Characters of a cell in columns; records show all of it."""

WHOLE_NUMBERS = frozenset({"usd", "shares", "rows"})
"""Units of which thousands are counted, and no fraction."""

_GAP = "   "
_LARGE, _LARGEST = 1e6, 1e15


@dataclass(frozen=True, slots=True)
class Shown:
    """An answer as read so far: names, units, rows, and how many rows there are beyond."""

    columns: Sequence[str]
    units: Sequence[str]
    rows: Sequence[Sequence[object]]
    more: int = 0


def lay_out(
    answer: Shown, *, layout: Layout = "auto", width: int | None = None, longest: int = LONGEST_CELL
) -> list[str]:
    """Return the lines that show an answer.

    Parameters
    ----------
    layout
        A line per row, a line per value, or by itself the second where the first is wider than `width`.
    width
        Columns of the terminal; None for any.
    longest
        Characters of a cell in columns; a longer one is cut, and a line says so.
    """
    if list(answer.columns) == ["explain_key", "explain_value"]:
        return [plain(line) for row in answer.rows for line in str(row[1]).splitlines()]
    if layout == "records":
        return [*_records(answer), *_foot(answer)]
    lines = _columns(answer, longest)
    if layout == "auto" and width is not None and max(map(text_width, lines)) > width:
        return [*_records(answer), *_foot(answer)]
    texts = (cell_text(value, unit) for row in answer.rows for value, unit in zip(row, answer.units, strict=True))
    is_cut = any(text_width(text) > longest for text in texts)
    note = [f"(cells end at {longest} characters; --layout records shows them whole)"] if is_cut else []
    return [*lines, *_foot(answer), *note]


def cell_text(value: object, unit: str = "") -> str:
    """Return a value as text: six digits, thousands of dollars and shares, dates in ISO form."""
    if value is None or isinstance(value, bool):
        return {None: NULL, True: "true", False: "false"}[value]
    if isinstance(value, int):
        return f"{value:,}" if unit in WHOLE_NUMBERS else str(value)
    if isinstance(value, float):
        return _float_text(value, unit)
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S") + ("Z" if value.tzinfo is not None else "")
    return plain(json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value)


def _float_text(value: float, unit: str) -> str:
    if not math.isfinite(value):
        return str(value)
    if unit in WHOLE_NUMBERS or _LARGE <= abs(value) < _LARGEST:
        return f"{value:,.0f}"
    digits = f"{value:.6f}" if unit == "decimal" else f"{value:.6g}"
    return digits if float(digits) != 0 or value == 0 else f"{value:.6g}"


def text_width(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(unicodedata.combining(char) != 0 for char in text)


def is_number(value: object) -> bool:
    """Tell whether a value belongs to the right."""
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _columns(answer: Shown, longest: int) -> list[str]:
    blocks = [
        _column(name, unit, [row[i] for row in answer.rows], longest)
        for i, (name, unit) in enumerate(zip(answer.columns, answer.units, strict=True))
    ]
    lines = [(" " + _GAP.join(parts)).rstrip() for parts in zip(*blocks, strict=True)]
    n_heads = 2 if any(answer.units) else 1
    heads = lines[:n_heads]
    rule = " " + "─" * (sum(text_width(block[0]) for block in blocks) + len(_GAP) * (len(blocks) - 1))
    return [*heads, rule, *lines[2:]]


def _column(name: str, unit: str, values: Sequence[object], longest: int) -> list[str]:
    """Return a column's name, unit and values as texts of one width, numbers with their points in line."""
    to_right = any(map(is_number, values))
    texts = [_cut(cell_text(value, unit), longest) for value in values]
    if to_right:
        texts = _points_in_line(texts, values)
    heads = [plain(name), unit]
    width = max(map(text_width, [*heads, *texts]))
    return [_pad(text, width, to_right=to_right) for text in [*heads, *texts]]


def _points_in_line(texts: Sequence[str], values: Sequence[object]) -> list[str]:
    """Put blanks after numbers, so that their points are above each other when they end together."""
    after = [len(text) - _point(text) if is_number(value) else 0 for text, value in zip(texts, values, strict=True)]
    longest = max(after)
    return [
        text + " " * (longest - behind) if is_number(value) else text
        for text, behind, value in zip(texts, after, values, strict=True)
    ]


def _point(text: str) -> int:
    """Return where the digits before the point end."""
    return next((i for i, char in enumerate(text) if char in ".e"), len(text))


def _cut(text: str, longest: int) -> str:
    return text if text_width(text) <= longest else text[: longest - 1] + "…"


def _pad(text: str, width: int, *, to_right: bool) -> str:
    blank = " " * (width - text_width(text))
    return blank + text if to_right else text + blank


def _records(answer: Shown) -> list[str]:
    names = [plain(name) for name in answer.columns]
    width = max(map(text_width, names), default=0)
    lines = []
    for number, row in enumerate(answer.rows, start=1):
        lines.append(f"── row {number} " + "─" * 20)
        for name, unit, value in zip(names, answer.units, row, strict=True):
            shown = "" if value is None or not unit else f" {unit}"
            lines.append(f" {_pad(name, width, to_right=False)}  {cell_text(value, unit)}{shown}")
    return lines


def _foot(answer: Shown) -> list[str]:
    n = len(answer.rows)
    if answer.more:
        return [f"({n:,} of {n + answer.more:,} rows; --limit {n + answer.more} shows {answer.more:,} more)"]
    return [f"({n:,} row{'' if n == 1 else 's'})"]

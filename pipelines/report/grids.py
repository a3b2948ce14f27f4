"""A table of a page: its columns come from the contracts, its cells hold the value and what is shown of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

import polars as pl
from markupsafe import Markup

from pipelines.contracts import Column, Table
from pipelines.report.reading import name_of_test
from pipelines.report.text import (
    DASH,
    MINUS,
    billions,
    clean,
    cut,
    day,
    few,
    instant,
    number,
    p_value,
    percent,
    records,
    share,
    words,
)

FIRST_ROWS: Final = 25
"""Rows of a table that stand in the page; a script shows the others, a page of them at a time."""

PRINTED_ROWS: Final = 150
"""Rows that are printed of a table that a reader of paper needs whole."""

Cell = tuple[Any, ...]
"""Value, text that is shown, and a link or the reason of a null where there is one.

The text is 0, or is left out at the end, where it is the value itself: half of a page would be said twice."""

Rows = list[tuple[Cell, ...]]

_FIRST_CELL, _CELL = Markup('th scope="row"'), Markup("td")
"""Elements of a row: the first names it."""

_NULL: Final[Cell] = (None, DASH)

_SHOWN: Final[dict[str, Callable[[Any], str]]] = {
    "text": lambda value: cut(clean(value)),
    "long": lambda value: cut(clean(value), 1000),
    "word": words,
    "test": name_of_test,
    "few": lambda value: few(clean(value)),
    "records": lambda value: cut(records(value), 300),
    "percent": percent,
    "share": share,
    "number": number,
    "signed": lambda value: number(value, signed=True),
    "count": lambda value: number(value, 0),
    "steps": lambda value: number(value, 0, signed=True),
    "billions": billions,
    "worth": lambda value: number(value / 1e9),
    "p": p_value,
    "day": day,
    "instant": instant,
    "sign": lambda value: {"+": "up", "-": "down"}.get(value, "either"),
    "flag": lambda value: "yes" if value else "no",
}
_NUMERIC: Final = frozenset({
    "percent", "share", "number", "signed", "count", "steps", "billions", "worth", "p",
})  # fmt: skip
_MEASURED: Final = _NUMERIC - {"count", "steps"}
_UNITS: Final = {"billions": "bn USD", "worth": "bn USD"}
_IDS: Final = frozenset({"study_id", "symbol", "table_name"})
"""Columns of names, which are not broken at their hyphens."""

_LONG: Final = frozenset({"title", "reason", "why", "symbols", "sample"})
"""Columns of sentences, which are wide and broken into lines."""


@dataclass(frozen=True, slots=True)
class Link:
    """Where the cells of a column lead.

    Attributes
    ----------
    column : str
        Column of the frame that decides it.
    address : callable
        Gives the address for a value of that column, None where there is none.
    """

    column: str
    address: Callable[[Any], str | None]


@dataclass(frozen=True, slots=True)
class Shown:
    """A cell as the template writes it.

    Attributes
    ----------
    head : Markup
        Start of the element, with its class and column.
    title, text, href : str
        What is told on hover, what is shown, and the address it leads to.
    is_null : bool
    """

    head: Markup
    title: str
    text: str
    href: str
    is_null: bool


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a grid.

    Attributes
    ----------
    name : str
        Column of the frame.
    kind : str
        How it is shown.
    label, meaning, unit : str
        Head of the column, what it says on hover, and the unit under it.
    link : Link, optional
        Gives the address a cell leads to.
    why : str, optional
        Column that says why a cell is null.
    glossary : mapping of str to str
        What the column's coded words mean, told on hover.
    """

    name: str
    kind: str
    label: str
    meaning: str = ""
    unit: str = ""
    link: Link | None = None
    why: str | None = None
    glossary: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_numeric(self) -> bool:
        """Whether the cells stand right."""
        return self.kind in _NUMERIC

    @property
    def css(self) -> str:
        """Class of the cells."""
        if self.is_numeric:
            return "num"
        is_short = self.kind in {"word", "test", "day", "instant", "flag", "sign"} or self.name in _IDS
        return "word" if is_short else "long" if self.name in _LONG else ""

    def cells(self, frame: pl.DataFrame) -> list[Cell]:
        """Return the cells of the frame's rows."""
        values = frame[self.name].to_list()
        if self.link is not None:
            return self._linked(values, frame[self.link.column].to_list(), self.link.address)
        if self.why is not None:
            reasons = zip(values, frame[self.why].to_list(), strict=True)
            return [self._null(reason) if value is None else self._told(value) for value, reason in reasons]
        if self.kind in _MEASURED:
            return [_NULL if value is None else self._told(value) for value in values]
        # Words and days come again and again, measured numbers hardly ever.
        told = {value: _NULL if value is None else self._told(value) for value in set(values)}
        return [told[value] for value in values]

    def _linked(self, values: list[Any], keys: list[Any], address: Callable[[Any], str | None]) -> list[Cell]:
        told: dict[tuple[Any, Any], Cell] = {}
        for pair in set(zip(values, keys, strict=True)):
            value, key = pair
            cell = _NULL if value is None else self._told(value)
            leads = address(key) if value is not None else None
            told[pair] = (cell[0], cell[1] if cell[1:] else 0, leads) if leads else cell
        return [told[pair] for pair in zip(values, keys, strict=True)]

    def _told(self, value: Any) -> Cell:
        shown, raw = _SHOWN[self.kind](value), _raw(value)
        # A sign or a per cent is no part of a value: the dear comparison is for the others.
        is_same = shown[-1:] != "%" and shown[:1] not in {"+", MINUS} and shown == str(raw)
        return (raw,) if is_same else (raw, shown)

    @staticmethod
    def _null(reason: Any) -> Cell:
        return (None, DASH, cut(clean(reason), 300)) if reason else _NULL

    def shown(self, cell: Cell, head: Markup) -> Shown:
        """Return a cell for the template; `head` is the start of its element."""
        value, text, *more = whole(cell)
        extra = more[0] if more else ""
        title = extra if value is None else self.glossary.get(value, "")
        return Shown(head, title, text, "" if value is None else extra, is_null=value is None)


def of(
    table: Table,
    name: str,
    kind: str,
    label: str,
    *,
    link: Link | None = None,
    why: str | None = None,
    glossary: Mapping[str, str] | None = None,
) -> Field:
    """Return a grid's column that says what the contract says of it."""
    column: Column = table.column(name)
    return Field(name, kind, label, column.comment, _UNITS.get(kind, ""), link, why, glossary or {})


def _raw(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    return value.isoformat() if isinstance(value, date | datetime) else value


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of a page.

    Attributes
    ----------
    id : str
        Id of the element.
    caption : str
        What the rows are.
    fields : sequence of Field
    sets : mapping of str to list of rows of cells
        Rows by the choice of the page's selectors; a grid that follows no selector has one set, named "".
    by : tuple of str
        Selectors that the grid follows.
    empty : str
        What is said where there are no rows.
    first : str
        The choice that the page opens with.
    remarks : mapping of str to list of str
        By choice, the remarks that stand once below the table; its cells have their numbers.
    is_printed_whole : bool
        Whether paper has all of its rows, and not only those that stand in the page.
    """

    id: str
    caption: str
    fields: Sequence[Field]
    sets: Mapping[str, Rows]
    by: tuple[str, ...] = ()
    empty: str = "nothing to show"
    first: str = ""
    remarks: Mapping[str, list[str]] = field(default_factory=dict)
    is_printed_whole: bool = False

    @property
    def first_remarks(self) -> list[str]:
        """The remarks on the rows of the first choice."""
        return self.remarks.get(self.first, [])

    @property
    def rows(self) -> Rows:
        """The rows of the first choice."""
        return self.sets.get(self.first, [])

    @property
    def first_rows(self) -> list[list[Shown]]:
        """The rows that stand in the page without its script."""
        heads = [
            Markup('<{} class="{}" data-column="{}"').format(_CELL if place else _FIRST_CELL, each.css, each.name)
            for place, each in enumerate(self.fields)
        ]
        columns = [*zip(self.fields, heads, strict=True)]
        return [
            [each.shown(cell, head) for (each, head), cell in zip(columns, row, strict=True)]
            for row in self.rows[: self.size]
        ]

    @property
    def longest(self) -> int:
        """The most rows that a choice has."""
        return max(map(len, self.sets.values()), default=0)

    @property
    def size(self) -> int:
        """Rows that are shown at a time."""
        return FIRST_ROWS

    @property
    def record(self) -> dict[str, Any]:
        """What the script of the page reads."""
        columns = [
            {"name": each.name, "numeric": each.is_numeric, "class": each.css}
            | ({"glossary": each.glossary} if each.glossary else {})
            for each in self.fields
        ]
        record = {"by": self.by, "columns": columns, "sets": self.sets, "empty": self.empty, "size": self.size}
        record["paper"] = PRINTED_ROWS if self.is_printed_whole else self.size
        return record | ({"remarks": self.remarks} if self.remarks else {})


def whole(cell: Cell) -> Cell:
    """Return a cell with its text."""
    return (cell[0], cell[1] if cell[1:] and cell[1] != 0 else str(cell[0]), *cell[2:])


def grid(
    id: str,
    caption: str,
    fields: Sequence[Field],
    rows: pl.DataFrame,
    *,
    empty: str = "nothing to show",
    is_printed_whole: bool = False,
) -> Grid:
    """Return a grid of one set of rows."""
    return Grid(id, caption, fields, {"": cells(fields, rows)}, empty=empty, is_printed_whole=is_printed_whole)


def cells(fields: Sequence[Field], rows: pl.DataFrame) -> Rows:
    """Return the cells of the rows."""
    return [*zip(*(each.cells(rows) for each in fields), strict=True)]


def remarked(sets: Mapping[str, Rows], place: int) -> tuple[dict[str, Rows], dict[str, list[str]]]:
    """Put numbers in place of a column's sentences, and return these by choice: each is told once, below the table.

    The cell keeps the sentence as its value, which is what a table copied as CSV has.
    """
    told, remarks = {}, {}
    for key, rows in sets.items():
        number_of: dict[str, int] = {}
        told[key] = [
            row
            if row[place][0] is None
            else (*row[:place], (row[place][0], str(_number(whole(row[place])[1], number_of))), *row[place + 1 :])
            for row in rows
        ]
        remarks[key] = list(number_of)
    return told, remarks


def _number(sentence: str, number_of: dict[str, int]) -> int:
    return number_of.setdefault(sentence, len(number_of) + 1)

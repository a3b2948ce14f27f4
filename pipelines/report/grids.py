"""A table of a page: its columns come from the contracts, its cells hold the value and what is shown of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from pipelines.contracts import Column, Table
from pipelines.report.reading import name_of_test
from pipelines.report.text import (
    DASH,
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

Cell = list[Any]
"""Value, text that is shown, and a link or the reason of a null where there is one."""

Rows = list[list[Cell]]

Link = Callable[[Mapping[str, Any]], str | None]

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
_UNITS: Final = {"billions": "bn USD", "worth": "bn USD"}
_IDS: Final = frozenset({"study_id", "symbol", "table_name"})
"""Columns of names, which are not broken at their hyphens."""

_LONG: Final = frozenset({"title", "reason", "why", "symbols", "sample"})
"""Columns of sentences, which are wide and broken into lines."""


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
    link : callable, optional
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

    def cell(self, row: Mapping[str, Any]) -> Cell:
        """Return the cell of a row."""
        value = row[self.name]
        if value is None:
            reason = row.get(self.why) if self.why else None
            return [None, DASH, cut(clean(reason), 300)] if reason else [None, DASH]
        shown = _SHOWN[self.kind](value)
        raw = _raw(value)
        address = self.link(row) if self.link else None
        return [raw, shown, address] if address else [raw, shown]


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
    def first_rows(self) -> Rows:
        """The rows that stand in the page without its script."""
        return self.rows[: self.size]

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
        sets = {key: [[_brief(cell) for cell in row] for row in rows] for key, rows in self.sets.items()}
        record = {"by": self.by, "columns": columns, "sets": sets, "empty": self.empty, "size": self.size}
        record["paper"] = PRINTED_ROWS if self.is_printed_whole else self.size
        return record | ({"remarks": self.remarks} if self.remarks else {})


def _brief(cell: Cell) -> Cell:
    """Return a cell for the script, with 0 for a text that is the value itself: half of a page would be said twice."""
    if cell[0] is None or cell[1] != str(cell[0]):
        return cell
    return [cell[0], 0, cell[2]] if cell[2:] else cell[:1]


def grid(
    id: str,
    caption: str,
    fields: Sequence[Field],
    rows: Iterable[Mapping[str, Any]],
    *,
    empty: str = "nothing to show",
    is_printed_whole: bool = False,
) -> Grid:
    """Return a grid of one set of rows."""
    return Grid(id, caption, fields, {"": cells(fields, rows)}, empty=empty, is_printed_whole=is_printed_whole)


def cells(fields: Sequence[Field], rows: Iterable[Mapping[str, Any]]) -> Rows:
    """Return the cells of the rows."""
    return [[each.cell(row) for each in fields] for row in rows]


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
            else [*row[:place], [row[place][0], str(_number(row[place][1], number_of))], *row[place + 1 :]]
            for row in rows
        ]
        remarks[key] = list(number_of)
    return told, remarks


def _number(sentence: str, number_of: dict[str, int]) -> int:
    return number_of.setdefault(sentence, len(number_of) + 1)

"""Print tables for people and for programs; text from outside never reaches the terminal raw."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal, TextIO

from warehouse.names import distinct

if TYPE_CHECKING:
    from rich.console import Console

Format = Literal["table", "csv", "json"]

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\n", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""First characters that make a spreadsheet run a text, the full-width ones too (OWASP, CSV injection)."""

_QUOTED = (",", '"', "\n", "\r")


def console(*, stderr: bool = False) -> Console:
    """Return a console; on a pipe it is wide, so that nothing is cut."""
    from rich.console import Console

    file = sys.stderr if stderr else sys.stdout
    return Console(file=file, width=None if file.isatty() else 200, highlight=False)


def plain(value: object) -> str:
    """Return a value as text without control and direction characters."""
    text = "" if value is None else " ".join(str(value).splitlines())
    return "".join(char for char in text if char.isprintable() or char == " ")


def cell(value: object, digits: int = 6) -> str:
    """Return a value as a table shows it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.{digits}g}"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S") + ("Z" if value.tzinfo is not None else "")
    return plain(value)


def print_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    title: str | None = None,
    formats: Mapping[str, Any] | None = None,
    to_right: Sequence[str] = (),
) -> None:
    """Print an aligned table; numbers to the right, and so the columns named in `to_right`."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    rows = list(rows)
    numeric = {i for i, name in enumerate(columns) if name in to_right or any(_is_numeric(row[i]) for row in rows)}
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for i, name in enumerate(columns):
        table.add_column(Text(plain(name)), justify="right" if i in numeric else "left", overflow="fold")
    for row in rows:
        shown = []
        for name, value in zip(columns, row, strict=True):
            template = (formats or {}).get(name)
            shown.append(Text(template.format(value) if template and value is not None else cell(value)))
        table.add_row(*shown)
    if title is not None:
        print(title)  # a title of the table itself would be folded to the table's width
    console().print(table)


def print_rows(columns: Sequence[str], rows: Iterable[Sequence[object]], output: Format) -> None:
    """Print rows as a table, as CSV or as JSON; the last two as they come."""
    if output == "json":
        print_records(columns, rows)
    elif output == "csv":
        print_csv(columns, rows)
    else:
        print_table(columns, rows)


def print_csv(columns: Sequence[str], rows: Iterable[Sequence[object]], file: TextIO | None = None) -> None:
    """Print rows as CSV: nothing between two commas is a null, an empty text is quoted."""
    for row in chain([columns], rows):
        print(",".join(map(_csv_cell, row)), file=file)


def print_records(columns: Sequence[str], rows: Iterable[Sequence[object]], file: TextIO | None = None) -> None:
    """Print rows as a JSON list of records."""
    names = distinct(columns)
    before = "["
    for row in rows:
        record = json_text(dict(zip(names, row, strict=True)))
        print(before + "\n " + record.replace("\n", "\n "), end="", file=file)
        before = ","
    print("[]" if before == "[" else "\n]", file=file)


def _is_numeric(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def print_json(record: object) -> None:
    """Print a record as strict JSON: dates in ISO form, null for what is no number."""
    print(json_text(record))


def json_text(record: object) -> str:
    """Return a record as strict JSON."""
    return json.dumps(_json_cell(record), default=jsonable, allow_nan=False, indent=1)


def _json_cell(value: object) -> object:
    """Return a value JSON has: what is no number becomes null, a decimal a number, also inside of lists and structs."""
    if isinstance(value, Mapping):
        return {str(name): _json_cell(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json_cell(item) for item in value]
    if isinstance(value, Decimal):
        return _json_cell(float(value))
    return None if isinstance(value, float) and not math.isfinite(value) else value


def jsonable(value: object) -> object:
    """Return dates and instants in ISO form, anything else as text."""
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value)


def _csv_cell(value: object) -> str:
    """Keep a text from steering a terminal, and from being read as a formula by a spreadsheet."""
    if value is None:
        return ""
    if not isinstance(value, str):
        text = value.isoformat() if isinstance(value, date | datetime) else _csv_text(value)
    else:
        text = "".join(char for char in value if char.isprintable() or char in "\n\t")
        if text.startswith(FORMULA_STARTS) and not _is_number(text):
            text = "'" + text
    is_quoted = not text or any(char in text for char in _QUOTED)
    return '"' + text.replace('"', '""') + '"' if is_quoted else text


def _csv_text(value: object) -> str:
    """Return a value that is no text; a list or a struct as JSON, of which a spreadsheet runs nothing."""
    return json.dumps(_json_cell(value), default=jsonable) if isinstance(value, list | Mapping) else str(value)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True

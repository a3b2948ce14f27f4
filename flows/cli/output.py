"""Print tables for people and for programs; text from outside never reaches the terminal raw."""

from __future__ import annotations

import csv
import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from rich.console import Console

Format = Literal["table", "csv", "json"]

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\n")


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


def print_rows(columns: Sequence[str], rows: Sequence[Sequence[object]], output: Format) -> None:
    """Print rows as a table, as CSV or as JSON."""
    if output == "json":
        names = _distinct(columns)
        print_json([dict(zip(names, row, strict=True)) for row in rows])
    elif output == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow([_csv_cell(name) for name in columns])
        writer.writerows([_csv_cell(value) for value in row] for row in rows)
    else:
        print_table(columns, rows)


def _is_numeric(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _distinct(names: Sequence[str]) -> list[str]:
    """Return the names, numbered where they occur again, so that a record keeps every column."""
    found: list[str] = []
    for name in names:
        number, own = 1, name
        while own in found:
            own, number = f"{name}_{number}", number + 1
        found.append(own)
    return found


def print_json(record: object) -> None:
    """Print a record as strict JSON: dates in ISO form, null for what is no number."""
    print(json.dumps(_json_cell(record), default=jsonable, allow_nan=False, indent=1))


def _json_cell(value: object) -> object:
    """Return a value JSON has: what is no number becomes null, also inside of lists and structs."""
    if isinstance(value, Mapping):
        return {str(name): _json_cell(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json_cell(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def jsonable(value: object) -> object:
    """Return dates and instants in ISO form, anything else as text."""
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value)


def _csv_cell(value: object) -> object:
    """Keep a text from steering a terminal, and from being read as a formula by a spreadsheet."""
    if not isinstance(value, str):
        return value.isoformat() if isinstance(value, date | datetime) else value
    text = "".join(char for char in value if char.isprintable() or char in "\n\t")
    return "'" + text if text.startswith(FORMULA_STARTS) and not _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True

"""Store the macros of ``sql/macros/`` in a database: event studies that any DuckDB client calls, without Python.

A file is one ``select`` with a header of six words, a line each: ``table`` or ``value`` (how the macro is called: one
of rows or one of a value), ``help``, ``grain``, ``key``, ``reads`` and ``units``. Three dots among the arguments stand
for the options that every study has.

Bodies name tables and other macros without a database: they serve under whatever name the file is opened or attached,
as long as the database is on the reader's search path.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Final

import duckdb
import polars as pl

from pipelines.contracts import MACRO_HELP
from pipelines.errors import WarehouseError
from warehouse.connection import first_row, identifier, quoted, registered

OPTIONS: Final = {
    "model": "'market'",
    "benchmark": "null",
    "est_from": "-260",
    "est_to": "-11",
    "day_from": "-10",
    "day_to": "10",
    "min_obs": "null",
    "return_type": "'simple'",
}
"""Named arguments of every study and their defaults, those of ``reaction study``."""

_WINDOW: Final = ("from_day", "to_day")
"""Arguments of a macro that names its own window; its event window is that one and day 0 unless it is given."""

_HEADER: Final = ("help", "grain", "key", "reads", "units")


@dataclass(frozen=True, slots=True)
class Macro:
    """One file of ``sql/macros/``.

    Attributes
    ----------
    name : str
    arguments : str
        Arguments as ``create macro`` takes them.
    is_table : bool
        Whether it gives rows.
    help, grain, units : str
        What it is for, what a row of its result is, and the units of its columns.
    reads : tuple of str
        Tables and other macros that its body names.
    body : str
        The select, or the expression of a macro that gives one value.
    """

    name: str
    arguments: str
    is_table: bool
    help: str
    grain: str
    units: str
    reads: tuple[str, ...]
    body: str

    @property
    def call(self) -> str:
        """The macro as it is called."""
        return f"{self.name}({self.arguments})"


def load_macros(folder: Path) -> list[Macro]:
    """Read every macro of the folder, sorted so that each comes after those it calls.

    Raises
    ------
    WarehouseError
        If a header is incomplete or the macros call one another in a circle.
    """
    macros = {macro.name: macro for macro in map(_load, sorted(folder.glob("*.sql")))}
    graph = {macro.name: [name for name in macro.reads if name in macros] for macro in macros.values()}
    try:
        return [macros[name] for name in TopologicalSorter(graph).static_order()]
    except CycleError as error:
        raise WarehouseError(f"macros call one another in a circle: {' -> '.join(error.args[1])}") from error


def _load(path: Path) -> Macro:
    text = path.read_text(encoding="utf-8")
    header: dict[str, str] = {}
    for word, line in re.findall(r"^-- (\w+):[ \t]*(\S.*)$", text, flags=re.MULTILINE):
        header[word] = f"{header[word]} {line}" if word in header else line
    kinds = [word for word in ("table", "value") if word in header]
    missing = [word for word in _HEADER if word not in header]
    if len(kinds) != 1 or missing:
        raise WarehouseError(
            f"{path}: expected header lines '-- table:' or '-- value:' and {', '.join(_HEADER)}; "
            f"got {', '.join(header) or 'none'}"
        )
    call = re.fullmatch(r"(\w+)\((.*)\)", header[kinds[0]])
    if call is None or call[1] != path.stem:
        raise WarehouseError(f"{path}: expected a call such as {path.stem}(argument), got {header[kinds[0]]!r}")
    body = "\n".join(line for line in text.splitlines() if not line.startswith("-- ")).strip()
    return Macro(
        name=path.stem,
        arguments=_arguments(call[2]),
        is_table=kinds[0] == "table",
        help=header["help"],
        grain=header["grain"],
        units=header["units"],
        reads=tuple(name.strip() for name in header["reads"].split(",")),
        body=body if kinds[0] == "table" else body.removeprefix("select").strip(),
    )


def _arguments(written: str) -> str:
    """Write the options of a study in place of three dots."""
    has_window = all(name in written for name in _WINDOW)
    defaults = OPTIONS | (dict.fromkeys(("day_from", "day_to"), "null") if has_window else {})
    return written.replace("...", ", ".join(f"{name} := {value}" for name, value in defaults.items()))


def create_macros(connection: duckdb.DuckDBPyConnection, catalog: str, macros: Sequence[Macro]) -> None:
    """Store the macros in an attached database whose tables stand, each with its help as a comment."""
    before = first_row(connection, "select current_database(), current_schema()")
    if before is None:
        raise WarehouseError("the connection has no current database to return to")
    # A body is looked up when its macro is made, so the tables it names must be on the search path.
    connection.execute(f"use {identifier(catalog)}.main")
    try:
        for macro in macros:
            kind = "macro table" if macro.is_table else "macro"
            body = macro.body if macro.is_table else f"({macro.body})"
            connection.execute(f"create macro {macro.call} as {'table ' if macro.is_table else ''}{body}")
            connection.execute(f"comment on {kind} {macro.name} is {quoted(f'{macro.call}: {macro.help}')}")
        with registered(connection, stored_form(macros)) as relation:
            connection.execute(f"create table {MACRO_HELP.name} as select * from {relation}")
    finally:
        connection.execute(f"use {identifier(before[0])}.{identifier(before[1])}")


def stored_form(macros: Sequence[Macro]) -> pl.DataFrame:
    """Return the macros as the rows of ``macro_help``, by name."""
    rows = [{name: getattr(macro, name) for name in MACRO_HELP.names} for macro in macros]
    return MACRO_HELP.conform(pl.DataFrame(rows, schema=MACRO_HELP.polars_schema)).sort("name")


def holds_macros(connection: duckdb.DuckDBPyConnection, macros: Sequence[Macro]) -> bool:
    """Tell whether a published database holds exactly these macros."""
    try:
        stored = connection.sql(f"select * from {MACRO_HELP.name} order by name").pl()
    except duckdb.CatalogException:
        return False  # published before there were macros
    return stored.equals(stored_form(macros))

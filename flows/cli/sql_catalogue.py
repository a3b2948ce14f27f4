"""What can be queried: tables and macros by their contracts, and the queries that ship as examples."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from flows.cli.answers import Shown, lay_out
from flows.cli.output import print_json
from flows.cli.pager import show, terminal_width
from pipelines.errors import ConfigurationError
from pipelines.home import SQL

EXAMPLES = SQL / "examples"

_NOTE = re.compile(r"^-- (question|look at|needs):[ \t]*(.*(?:\n--[ \t]{3,}.*)*)", re.MULTILINE)


def print_catalogue(
    name: str | None = None, *, examples: bool = False, as_json: bool = False, paged: bool = True
) -> None:
    """Print all tables and macros, one of them, or the list of examples."""
    if examples:
        found: Any = example_records()
        lines = _list([(item["name"], item["question"]) for item in found], "example", "question")
    elif name is None:
        found = {"tables": table_records(), "macros": macro_records()}
        lines = tables_lines()
    else:
        found = record_of(name)
        lines = describe_lines(found)
    if as_json:
        print_json(found)
    else:
        show(lines, paged=paged)


def table_records() -> list[dict[str, Any]]:
    """Return what the contracts say of every published table."""
    from pipelines.contracts import GENERATIONS, MACRO_HELP, PUBLISHED
    from pipelines.contracts.describe import table_record

    return [table_record(table) for table in (*PUBLISHED, GENERATIONS, MACRO_HELP)]


def macro_records() -> list[dict[str, Any]]:
    """Return every macro: its arguments with their defaults, what it is for, and what it gives.

    A macro that others are made of, and that nobody needs to call, is a part.
    """
    from warehouse.macros import load_macros

    macros = load_macros(SQL / "macros")
    read = {name for macro in macros for name in macro.reads}
    records = [
        {
            "name": macro.name,
            "kind": "table macro" if macro.is_table else "macro",
            "is_part": macro.name in read,
            "meaning": macro.help,
            "arguments": macro.arguments.split(", ") if macro.arguments else [],
            "grain": macro.grain,
            "units": macro.units,
        }
        for macro in macros
    ]
    return sorted(records, key=lambda record: (record["is_part"], record["name"]))


def record_of(name: str) -> dict[str, Any]:
    """Return what there is to say of a table or a macro.

    Raises
    ------
    ConfigurationError
        If there is none of that name.
    """
    records = {record["name"]: record for record in [*table_records(), *macro_records()]}
    wanted = name.strip().lower().removesuffix("()")
    if wanted not in records:
        raise ConfigurationError(
            f"there is no table and no macro {name!r}{_close(wanted, records)}; --tables lists them"
        )
    return records[wanted]


def tables_lines() -> list[str]:
    """Return the list of tables and macros."""
    tables = [(record["name"], record["grain"], record["meaning"]) for record in table_records()]
    macros = macro_records()
    called = [(record["name"], record["grain"], record["meaning"]) for record in macros if not record["is_part"]]
    parts = ", ".join(record["name"] for record in macros if record["is_part"])
    heads = ("table", "grain", "meaning")
    lines = _list(tables, *heads)
    if called:
        lines += ["", *_list(called, "macro", *heads[1:]), f" parts of these: {parts}" if parts else ""]
    return [*lines, "", " --describe NAME shows the columns of a table or the arguments of a macro"]


def describe_lines(record: dict[str, Any]) -> list[str]:
    """Return the text that describes a table or a macro."""
    lines = [f" {record['name']}, {record['kind']}: {record['meaning']}", f" grain: {record['grain']}"]
    if "columns" not in record:
        arguments = "".join(f"\n     {argument}" for argument in record["arguments"]).splitlines()[1:]
        before = "select * from " if record["kind"] == "table macro" else "select "
        names = ", ".join(argument for argument in record["arguments"] if ":=" not in argument)
        return [
            *lines,
            f" units: {record['units']}",
            f" call:  {before}{record['name']}({names})",
            " arguments:",
            *arguments,
        ]
    lines.append(f" key:   {', '.join(record['key'])}")
    rows = [
        (column["name"], column["type"], column["unit"] or "", "yes" if column["nullable"] else "", column["meaning"])
        for column in record["columns"]
    ]
    lines += ["", *_list(rows, "column", "type", "unit", "null", "meaning")]
    for column in record["columns"]:
        if column["allowed"]:
            words = [f"   {word}{f': {meaning}' if meaning else ''}" for word, meaning in column["allowed"].items()]
            lines += ["", f" {column['name']} is one of", *words]
    return lines


def example_records() -> list[dict[str, str]]:
    """Return the examples with their questions."""
    return [
        {"name": file.stem, "question": notes(file.read_text(encoding="utf-8")).get("question", "")}
        for file in sorted(EXAMPLES.glob("*.sql"))
    ]


def example_text(name: str) -> str:
    """Return the query of an example, with its comments.

    Raises
    ------
    ConfigurationError
        If there is none of that name.
    """
    files: dict[str, Path] = {file.stem: file for file in EXAMPLES.glob("*.sql")}
    wanted = name.removesuffix(".sql")
    if wanted not in files:
        raise ConfigurationError(f"there is no example {name!r}{_close(wanted, files)}; `--example list` lists them")
    return files[wanted].read_text(encoding="utf-8")


def notes(text: str) -> dict[str, str]:
    """Return what the head of an example says: its question, what to look at, and what it needs."""
    return {
        word: " ".join(line.removeprefix("--").strip() for line in said.splitlines())
        for word, said in _NOTE.findall(text)
    }


def _close(wanted: str, names: Any) -> str:
    close = get_close_matches(wanted, list(names), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _list(rows: Sequence[tuple[str, ...]], *heads: str) -> list[str]:
    """Return a table; as records where the terminal is narrow."""
    lines = lay_out(Shown(heads, [""] * len(heads), rows), width=terminal_width(), longest=1000)
    return lines[:-1]

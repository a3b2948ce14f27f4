"""Checks across tables, kept as SQL files.

A file holds a header of comment lines and one select that returns the rows that break the rule::

    -- check: cars_are_sums
    -- table: mart.fct_event_cars
    -- severity: fail
    -- limit: 0
    -- why: A sentence; further lines of it are indented by at least
    --      two blanks.
    select ...
"""

from __future__ import annotations

from pathlib import Path
from typing import cast

from pipelines.contracts.rules import Rule, Severity, quoted
from pipelines.contracts.vocabulary import SEVERITIES
from pipelines.errors import ConfigurationError

_REQUIRED = ("check", "table", "severity", "why")
_KEYS = (*_REQUIRED, "limit")


def sql_rules(folder: Path) -> list[Rule]:
    """Read every check of a folder, in the order of their names.

    Raises
    ------
    ConfigurationError
        If the folder holds no check, or a file's header or statement is malformed; names file and line.
    """
    files = sorted(folder.glob("*.sql"))
    if not files:
        raise ConfigurationError(f"expected checks (*.sql) in {folder}, found none: a gate needs some")
    return [sql_rule(file) for file in files]


def sql_rule(file: Path) -> Rule:
    """Read one check.

    Raises
    ------
    ConfigurationError
        If the header or the statement is malformed; names file and line.
    """
    lines = file.read_text(encoding="utf-8").splitlines()
    n_header = next((n for n, line in enumerate(lines) if not line.startswith("--")), len(lines))
    header, at = _header(file, lines[:n_header])
    if header["check"] != file.stem:
        raise _error(file, at["check"], f"the check is named as its file, {file.stem!r}, got {header['check']!r}")
    if header["severity"] not in SEVERITIES:
        raise _error(file, at["severity"], f"severity is one of {SEVERITIES}, got {header['severity']!r}")
    return Rule(
        check_name=header["check"],
        table_name=header["table"].rpartition(".")[2],
        severity=cast(Severity, header["severity"]),
        sql=_statement(file, lines, n_header),
        limit=_limit(file, at.get("limit", 1), header.get("limit", "0")),
        relation=quoted(header["table"]),
        why=header["why"],
    )


def _header(file: Path, lines: list[str]) -> tuple[dict[str, str], dict[str, int]]:
    """Return the header's values and the line each stands in."""
    values: dict[str, str] = {}
    at: dict[str, int] = {}
    last = ""
    for number, line in enumerate(lines, start=1):
        text = line.removeprefix("--")
        if last and text.startswith("  "):
            values[last] += " " + text.strip()
            continue
        key, colon, value = text.strip().partition(":")
        if not colon or key not in _KEYS:
            raise _error(file, number, f"a header line is '-- <key>: <value>' with a key of {_KEYS}, got {line!r}")
        if key in values:
            raise _error(file, number, f"{key!r} is given twice")
        if not value.strip():
            raise _error(file, number, f"{key!r} has no value")
        values[key], at[key], last = value.strip(), number, key
    missing = [key for key in _REQUIRED if key not in values]
    if missing:
        raise _error(file, len(lines) + 1, f"the header lacks {missing}")
    return values, at


def _limit(file: Path, line: int, text: str) -> float:
    """Return the limit; whole numbers and fractions of a row alike, from 0 on."""
    try:
        limit = float(text)
    except ValueError:
        limit = -1.0
    if not 0 <= limit < float("inf"):
        raise _error(file, line, f"limit is a number of rows from 0 on, got {text!r}")
    return limit


def _statement(file: Path, lines: list[str], start: int) -> str:
    """Return the select below the header, without its final semicolon."""
    sql = "\n".join(lines[start:]).strip().removesuffix(";").rstrip()
    words = sql.split(maxsplit=1)
    if not words or words[0].lower() not in ("select", "with"):
        got = words[0] if words else "nothing"
        raise _error(file, start + 1, f"expected one select (or with ... select) below the header, got {got!r}")
    for number, line in enumerate(lines[start:], start=start + 1):
        if ";" in line.rstrip().removesuffix(";") or (line.rstrip().endswith(";") and any(lines[number:])):
            raise _error(file, number, "expected one statement; a semicolon may only end the file")
    return sql


def _error(file: Path, line: int, message: str) -> ConfigurationError:
    return ConfigurationError(f"{file}:{line}: {message}; see sql/checks for examples")

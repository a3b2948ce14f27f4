"""Say what a table is, for people and for programs: all of it comes from the table's contract."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.contracts import vocabulary
from pipelines.contracts.model import Column, Table

_MEANINGS: dict[tuple[str, ...], Mapping[str, str]] = {
    tuple(words): words for words in vars(vocabulary).values() if isinstance(words, dict)
}
"""The vocabulary's words with their meanings, by the words."""


def allowed_words(column: Column) -> dict[str, str]:
    """Return the words that a column may hold, each with its meaning; an empty one where the word speaks for itself."""
    return dict(_MEANINGS.get(column.allowed, dict.fromkeys(column.allowed, "")))


def column_record(column: Column) -> dict[str, Any]:
    """Return everything the contract says of a column."""
    return {
        "name": column.name,
        "type": column.sql,
        "unit": column.unit or None,
        "nullable": column.nullable,
        "meaning": column.meaning,
        "allowed": allowed_words(column) or None,
    }


def table_record(table: Table) -> dict[str, Any]:
    """Return everything the contract says of a table."""
    return {
        "name": table.name,
        "kind": "table",
        "meaning": table.meaning,
        "grain": table.grain,
        "key": list(table.key),
        "columns": [column_record(column) for column in table.columns],
    }

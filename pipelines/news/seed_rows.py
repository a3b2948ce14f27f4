"""Rows of the two data files that news is read by, and one error that names everything wrong with a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from pipelines.errors import NewsRulesError
from pipelines.news.text import has_word

_SHOWN = 20


@dataclass(slots=True)
class Problems:
    """What is wrong with a file, by row."""

    file: str
    found: list[str] = field(default_factory=list)

    def add(self, line: int, what: str) -> None:
        """Note that a line of the file does not hold what it should."""
        self.found.append(f"  line {line}: {what}")

    def stop_if_any(self) -> None:
        """Raise an error that lists all that was noted.

        Raises
        ------
        NewsRulesError
            If anything was noted.
        """
        if self.found:
            more = len(self.found) - _SHOWN
            rest = [f"  and {more} more"] if more > 0 else []
            count = f"{len(self.found)} mistake{'s' if len(self.found) > 1 else ''}"
            raise NewsRulesError(
                "\n".join([f"{self.file} has {count}; correct the file:", *self.found[:_SHOWN], *rest])
            )


def text_rows(rows: pl.DataFrame, columns: Sequence[str], file: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the rows as text without outer blanks, each with its line in the file; an empty cell is an empty text.

    Raises
    ------
    NewsRulesError
        If a column is missing.
    """
    missing = [name for name in columns if name not in rows.columns]
    if missing:
        raise NewsRulesError(f"{file}: expected the columns {', '.join(columns)}, got {', '.join(rows.columns)}")
    cells = rows.select(pl.col(name).cast(pl.String).fill_null("").str.strip_chars() for name in columns)
    yield from enumerate(cells.iter_rows(named=True), start=2)


def terms_of(
    cell: str, problems: Problems, line: int, column: str, lists: Mapping[str, tuple[str, ...]] | None = None
) -> tuple[str, ...]:
    """Return the terms of a cell, separated by ``|``, with those of a list in the place of its name.

    A term without a letter or number and a list that nobody knows are noted as mistakes.
    """
    terms: list[str] = []
    for term in (part.strip() for part in cell.split("|") if cell):
        if term.startswith("@") and lists is not None:
            if term[1:] not in lists:
                problems.add(line, f"{column}: expected a list of {', '.join(lists) or 'an earlier row'}, got {term!r}")
            terms.extend(lists.get(term[1:], ()))
        elif has_word(term):
            terms.append(term)
        else:
            problems.add(line, f"{column}: expected words between the marks |, got {term!r}; take it out")
    return tuple(dict.fromkeys(terms))

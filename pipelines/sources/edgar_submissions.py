"""Read the list of a filer's filings: columns side by side, newest first, and files with the older ones."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from pipelines.sources.edgar_acceptance import earliest_claim
from pipelines.sources.web.judge import ShapeError

COLUMNS: Final = ("accessionNumber", "filingDate", "reportDate", "acceptanceDateTime", "form", "items")
"""Columns that are needed; others come and go."""

ACCESSION: Final = re.compile(r"\d{10}-\d{2}-\d{6}", re.ASCII)
_OLDER_NAME = re.compile(r"CIK\d{10}-submissions-\d{3,}\.json", re.ASCII)


@dataclass(frozen=True, slots=True)
class Filing:
    """One filing as the list states it.

    Attributes
    ----------
    accepted : str
        ``acceptanceDateTime``, which cannot be trusted.
    report_date : str
        Day of the event or end of the period; days before anybody could know.
    """

    accession: str
    form: str
    filing_date: date
    report_date: str
    accepted: str
    items: tuple[str, ...]
    document: str


@dataclass(frozen=True, slots=True)
class Older:
    """A file with older filings."""

    name: str
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Filer:
    """A filer, its newest filings (at least a year or 1,000), and where the older ones are."""

    cik: int
    name: str
    tickers: tuple[str, ...]
    filings: tuple[Filing, ...]
    older: tuple[Older, ...]


def read_filer(content: Any, cik: int) -> Filer:
    """Read the submissions of a filer.

    Raises
    ------
    ShapeError
        If they are of another filer, or the columns have not one length.
    """
    if int(content["cik"]) != cik:
        raise ShapeError(f"expected the filings of CIK {cik}, got those of {content['cik']!r:.20}")
    filings = content["filings"]
    return Filer(
        cik=cik,
        name=str(content["name"]),
        tickers=tuple(str(ticker) for ticker in content["tickers"] or () if ticker),
        filings=read_filings(filings["recent"]),
        older=tuple(_older(file) for file in filings["files"] or ()),
    )


def read_filings(columns: Any) -> tuple[Filing, ...]:
    """Read filings that stand in columns, as the recent ones and the older files do.

    Raises
    ------
    ShapeError
        If a column that is needed is missing, or the columns have not one length: then no cell can be trusted to
        belong to its row.
    """
    missing = [name for name in COLUMNS if name not in columns]
    if missing:
        raise ShapeError(f"expected the columns {', '.join(COLUMNS)}, got none called {', '.join(missing)}")
    lengths = {name: len(values) for name, values in columns.items() if isinstance(values, list)}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ShapeError(f"expected columns of one length, got {shown}")
    return tuple(map(_filing, _rows(columns, lengths["accessionNumber"])))


def _rows(columns: Mapping[str, Any], length: int) -> Iterator[dict[str, str]]:
    documents = columns.get("primaryDocument") or [""] * length
    for cells in zip(*(columns[name] for name in COLUMNS), documents, strict=True):
        yield dict(zip((*COLUMNS, "primaryDocument"), map(str, cells), strict=True))


def _filing(row: Mapping[str, str]) -> Filing:
    accession = row["accessionNumber"]
    if not ACCESSION.fullmatch(accession):
        raise ShapeError(f"expected an accession number such as 0001045810-25-000228, got {accession!r:.40}")
    earliest_claim(row["acceptanceDateTime"])  # refuses what is no time
    return Filing(
        accession=accession,
        form=row["form"],
        filing_date=_day(row["filingDate"]),
        report_date=row["reportDate"],
        accepted=row["acceptanceDateTime"],
        items=tuple(item.strip() for item in row["items"].split(",") if item.strip()),
        document=row["primaryDocument"],
    )


def _older(file: Mapping[str, Any]) -> Older:
    name = str(file["name"])
    if not _OLDER_NAME.fullmatch(name):
        raise ShapeError(f"expected a file such as CIK0001045810-submissions-001.json, got {name!r:.60}")
    return Older(name, _day(file["filingFrom"]), _day(file["filingTo"]))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ShapeError(f"expected a day YYYY-MM-DD, got {text!r:.40}") from error

"""A user's own files of daily factor returns: CSV or Parquet, a column of dates and one column per factor.

A factor is named by its column, in lower case and with ``_`` for all that is neither letter nor digit; the spellings
that differ in more than that are those of `OTHER_NAMES`. The column of dates is called ``date``, ``factor_date`` or
``session_date``, or is the first one and has no name, as the French data library and pandas write it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from pipelines.contracts import FILES_FACTORS
from pipelines.errors import SourceError, SourceFormatError
from pipelines.sources.batch import RawBatch
from pipelines.sources.cells import dates, expect_dates, expect_numbers, number, unreadable
from pipelines.sources.tables import expand, read_table, shown, without_null_words

SOURCE = "files_factors"
DATE_NAMES = ("date", "factor_date", "session_date")
OTHER_NAMES = {
    "mktrf": "mkt_rf",
    "rmrf": "mkt_rf",
    "rm_rf": "mkt_rf",
    "umd": "mom",
    "wml": "mom",
    "momentum": "mom",
}
"""Our name for what a factor is called elsewhere; ``Mkt-RF``, ``SMB``, ``Mom`` and the like need no row."""

_EXPECTED = "expected a header line, then a date and one decimal or percent return per factor in each line"


@dataclass(frozen=True, slots=True)
class FactorsRequest:
    """What to read and how.

    Attributes
    ----------
    date_format : str or None
        strptime format of text dates; None reads ISO dates and YYYYMMDD.
    """

    paths: Sequence[Path]
    date_format: str | None = None


def fetch(request: FactorsRequest, fetched_at: datetime) -> list[RawBatch]:
    """Read the files into one batch per factor.

    Raises
    ------
    SourceError
        If a file or folder cannot be read.
    SourceFormatError
        If a file lacks a column of dates or of a factor, two of its columns are one factor, or a column has a type
        that is no return.
    """
    if not request.paths:
        return []
    rows = pl.concat(_long(_table(path), path, request) for path in expand(request.paths))
    columns = [name for name in FILES_FACTORS.names if name not in ("batch_id", "row_number")]
    return [
        RawBatch(
            source=SOURCE,
            object=str(factor),
            url=shown(part["file"]),
            frame=part.select(pl.int_range(pl.len()).alias("row_number"), *columns),
            fetched_at=fetched_at,
        )
        for (factor,), part in rows.partition_by("factor", as_dict=True, maintain_order=True).items()
    ]


def factor_name(column: str) -> str:
    """Return our name for the factor that a column holds."""
    once = re.sub(r"_duplicated_\d+$", "", column)  # polars numbers a name that a header has twice
    plain = re.sub(r"[^a-z0-9]+", "_", once.lower()).strip("_")
    return OTHER_NAMES.get(plain, plain)


def _table(path: Path) -> pl.DataFrame:
    try:
        return read_table(path)
    except SourceFormatError:
        raise
    except SourceError as error:
        raise SourceError(f"{error}; {_EXPECTED}. Delete lines of text before the header and after the data") from error


def _long(frame: pl.DataFrame, path: Path, request: FactorsRequest) -> pl.DataFrame:
    """Give each factor of a file rows of its own; what cannot be read stands as text in ``unreadable``."""
    date, factors = _columns(frame.columns, path)
    expect_dates(path, date, frame.schema[date])
    for column in factors:
        expect_numbers(path, column, frame.schema[column])
    frame = frame.with_columns(without_null_words(pl.col(name)) for name in _text_columns(frame))
    day = pl.lit(dates(frame[date], request.date_format))
    lost_date = {} if frame.schema[date].is_temporal() else {"date": _lost(date, day)}
    parts = []
    for column, factor in factors.items():
        value = number(column, frame.schema[column])
        lost_value = {} if frame.schema[column].is_numeric() else {"value": _lost(column, value)}
        parts.append(
            frame.select(
                day.alias("factor_date"),
                pl.lit(factor).alias("factor"),
                value.alias("value"),
                unreadable(lost_date | lost_value).alias("unreadable"),
                pl.lit(path.name).alias("file"),
            )
        )
    return pl.concat(parts)


def _columns(columns: Sequence[str], path: Path) -> tuple[str, dict[str, str]]:
    """Return the column of dates, and each other column with the factor that it holds."""
    names = {column: factor_name(column) for column in columns}
    found = [column for column, name in names.items() if name in DATE_NAMES]
    if not found and not names[columns[0]]:
        found = [columns[0]]
    if not found:
        raise SourceFormatError(
            f"{path}: expected a column {' or '.join(DATE_NAMES)}, got {list(columns)}; name the column of dates so, "
            "in the first line of the file"
        )
    if len(found) > 1:
        raise SourceFormatError(f"{path}: expected one column of dates, got {found}; delete all but one")
    factors = {column: name for column, name in names.items() if column != found[0]}
    if not factors:
        raise SourceFormatError(
            f"{path}: expected a column of returns per factor such as Mkt-RF, SMB, HML and RF beside {found[0]!r}, "
            f"got no other column; add them, or check the mark between the columns"
        )
    _expect_names(factors, path)
    return found[0], factors


def _expect_names(factors: dict[str, str], path: Path) -> None:
    for factor in dict.fromkeys(factors.values()):
        same = [column for column, name in factors.items() if name == factor]
        if not factor:
            raise SourceFormatError(f"{path}: expected every column to be named, got {same}; name the factor")
        if len(same) > 1:
            raise SourceFormatError(
                f"{path}: expected one column per factor, got {same}, which are all {factor}; keep one or rename one"
            )


def _text_columns(frame: pl.DataFrame) -> list[str]:
    return [name for name, dtype in frame.schema.items() if dtype == pl.String]


def _lost(column: str, value: pl.Expr) -> pl.Expr:
    """Return the text of the cells that could not be read."""
    return pl.when(value.is_null()).then(pl.col(column).cast(pl.String))

"""Read the cells of a user's table file as dates and numbers; a cell that cannot be read is null and kept as text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from pipelines.errors import SourceFormatError

DATE_FORMATS = ("%Y-%m-%d", "%Y%m%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S")
_ZONE = r"(:\d\d)(\.\d+)?(Z|[+-]\d\d:?\d\d)?$"


def expect_dates(path: Path, name: str, dtype: pl.DataType) -> None:
    """Refuse a column whose type cannot hold dates."""
    _expect(path, name, dtype, "a date", fits=dtype in (pl.Date, pl.Datetime, pl.String) or dtype.is_integer())


def expect_numbers(path: Path, name: str, dtype: pl.DataType) -> None:
    """Refuse a column whose type cannot hold numbers; a column of nothing but nulls has no type."""
    _expect(path, name, dtype, "numbers", fits=dtype in (pl.String, pl.Null) or dtype.is_numeric())


def expect_tickers(path: Path, name: str, dtype: pl.DataType) -> None:
    """Refuse a column whose type cannot hold tickers."""
    fits = dtype in (pl.String, pl.Categorical, pl.Enum, pl.Null) or dtype.is_integer()
    _expect(path, name, dtype, "tickers", fits=fits)


def _expect(path: Path, name: str, dtype: pl.DataType, expected: str, *, fits: bool) -> None:
    if not fits:
        raise SourceFormatError(f"{path}: column {name!r} should hold {expected}, but its type is {dtype}")


def number(name: str, dtype: pl.DataType) -> pl.Expr:
    """Return the column's cells as numbers, null where one cannot be read."""
    cell = pl.col(name).str.strip_chars() if dtype == pl.String else pl.col(name)
    return cell.cast(pl.Float64, strict=False)


def dates(cells: pl.Series, date_format: str | None) -> pl.Series:
    """Return the days that the cells name, null where one cannot be read.

    Parameters
    ----------
    cells : Series
        Dates, instants (the day on the clock of their zone), text, or whole numbers YYYYMMDD.
    date_format : str or None
        strptime format of text; None reads ISO dates and YYYYMMDD.
    """
    if isinstance(cells.dtype, pl.Datetime):
        return cells.dt.replace_time_zone(None).cast(pl.Date)
    if cells.dtype.is_temporal():
        return cells.cast(pl.Date)
    # Every symbol has the same dates, so each text is read once.
    texts = cells.cast(pl.String).rename("text").to_frame()
    days = texts.unique().with_columns(_day(date_format).alias("day"))
    return texts.join(days, on="text", how="left", maintain_order="left")["day"]


def _day(date_format: str | None) -> pl.Expr:
    text = pl.col("text").str.strip_chars()
    if date_format is None:
        text = text.str.replace(_ZONE, "${1}")
    formats = (date_format,) if date_format else DATE_FORMATS
    return pl.coalesce(text.str.to_datetime(fmt, strict=False, exact=True).cast(pl.Date) for fmt in formats)


def unreadable(texts: Mapping[str, pl.Expr]) -> pl.Expr:
    """Return the cells of each row that could not be read as JSON, by column; null for a row without one.

    Parameters
    ----------
    texts : mapping of str to Expr
        Text of the cells that could not be read, null elsewhere, by column.
    """
    if not texts:
        return pl.lit(None, pl.String)
    cells = pl.struct(expr.alias(name) for name, expr in texts.items()).struct.json_encode()
    is_bad = pl.any_horizontal(expr.is_not_null() for expr in texts.values())
    return pl.when(is_bad).then(cells)

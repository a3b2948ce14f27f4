"""A user's own price files: CSV or Parquet, one file or a folder, long, wide, or one file per symbol.

Columns are found by name: ``symbol, date, open, high, low, close, adj_close, volume``, whatever their case, with spaces
for underscores and with the usual other names (``ticker``, ``Adj Close``, ``<VOL>``); any other name is mapped by the
setting ``columns``. A long file needs ``date`` and one of ``close`` and ``adj_close``; without a ``symbol`` column the
file's name is the symbol. A wide file has ``date`` and one column of adjusted closes per symbol.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

import polars as pl

from pipelines.contracts import FILES_PRICES
from pipelines.errors import SourceFormatError
from pipelines.sources.batch import RawBatch
from pipelines.sources.tables import expand, read_table

SOURCE = "files_prices"
NUMBERS = ("open", "high", "low", "close", "adj_close", "volume")
OTHER_NAMES = {
    "ticker": "symbol",
    "session_date": "date",
    "adjclose": "adj_close",
    "adjusted_close": "adj_close",
    "vol": "volume",
}
DATE_FORMATS = ("%Y-%m-%d", "%Y%m%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S")


@dataclass(frozen=True, slots=True)
class FilesRequest:
    """What to read and how.

    Attributes
    ----------
    columns : mapping of str to str
        Column in the files, by our name for it.
    date_format : str or None
        strptime format of text dates; None reads ISO dates and YYYYMMDD.
    """

    paths: Sequence[Path]
    columns: Mapping[str, str] = field(default_factory=dict)
    layout: Literal["auto", "long", "wide"] = "auto"
    date_format: str | None = None


def fetch(request: FilesRequest, fetched_at: datetime) -> list[RawBatch]:
    """Read the files into one batch per symbol.

    Raises
    ------
    SourceError
        If a file or folder cannot be read.
    SourceFormatError
        If a file lacks a column, or a column has a type that is no price.
    """
    frames = [_typed(_labelled(read_table(path), path, request), path, request) for path in expand(request.paths)]
    rows = pl.concat(frames)
    columns = [name for name in FILES_PRICES.names if name not in ("batch_id", "row_number")]
    where = ", ".join(str(path) for path in request.paths)
    return [
        RawBatch(
            source=SOURCE,
            object=str(symbol) if symbol is not None else "(no symbol)",
            url=where,
            frame=part.select(pl.int_range(pl.len()).alias("row_number"), *columns),
            fetched_at=fetched_at,
        )
        for (symbol,), part in rows.partition_by("symbol", as_dict=True, maintain_order=True).items()
    ]


def _labelled(frame: pl.DataFrame, path: Path, request: FilesRequest) -> pl.DataFrame:
    """Give the columns our names and turn a wide file into a long one."""
    frame = frame.rename(_names(frame.columns, path, request.columns))
    if "date" not in frame.columns:
        raise _lacks(path, "date", frame.columns)
    is_long = "symbol" in frame.columns or "close" in frame.columns or "adj_close" in frame.columns
    if request.layout == "wide" or (request.layout == "auto" and not is_long and frame.width > 1):
        wide = frame.unpivot(index="date", variable_name="symbol", value_name="adj_close")
        return wide.filter(pl.col("adj_close").is_not_null())
    if not {"close", "adj_close"} & set(frame.columns):
        raise _lacks(path, "close or adj_close", frame.columns)
    if "symbol" not in frame.columns:
        return frame.with_columns(pl.lit(path.name.split(".")[0].upper()).alias("symbol"))
    return frame


def _names(columns: Sequence[str], path: Path, mapping: Mapping[str, str]) -> dict[str, str]:
    unknown = sorted(set(mapping) - {"symbol", "date", *NUMBERS})
    if unknown:
        raise SourceFormatError(
            f"columns: expected our names {('symbol', 'date', *NUMBERS)} on the left, got {unknown}"
        )
    absent = sorted(set(mapping.values()) - set(columns))
    if absent:
        raise SourceFormatError(f"{path}: the mapped columns {absent} are not in the file; it has {list(columns)}")
    names = {theirs: ours for ours, theirs in mapping.items()}
    for column in columns:
        plain = column.strip().strip("<>").strip().lower().replace(" ", "_").replace("-", "_")
        ours = OTHER_NAMES.get(plain, plain)
        is_free = ours not in names.values() and column not in names
        if is_free and ours in ("symbol", "date", *NUMBERS):
            names[column] = ours
    clash = {column: f"{column} (unused)" for column in columns if column in names.values() and column not in names}
    return names | clash


def _lacks(path: Path, what: str, columns: Sequence[str]) -> SourceFormatError:
    return SourceFormatError(
        f"{path}: expected a column {what}, got {list(columns)}; "
        f"name it with --column {what.split(maxsplit=1)[0]}=THEIR_NAME or under [columns] in reaction.toml"
    )


def _typed(frame: pl.DataFrame, path: Path, request: FilesRequest) -> pl.DataFrame:
    """Read the cells as dates and numbers; what cannot be read stands as text in ``unreadable``."""
    texts: dict[str, pl.Expr] = {}
    values = [pl.col("symbol").cast(pl.String).str.strip_chars().alias("symbol")]
    for name in ("date", *NUMBERS):
        if name not in frame.columns:
            values.append(pl.lit(None, FILES_PRICES.column(name).polars).alias(name))
            continue
        dtype = frame.schema[name]
        _check_type(path, name, dtype)
        value = (
            _date(name, dtype, request.date_format) if name == "date" else pl.col(name).cast(pl.Float64, strict=False)
        )
        values.append(value.alias(name))
        if not (dtype.is_temporal() or (dtype.is_numeric() and name != "date")):
            texts[name] = pl.when(value.is_null()).then(pl.col(name).cast(pl.String))
    typed = frame.select(*values, _unreadable(texts).alias("unreadable"), pl.lit(path.name).alias("file"))
    return typed.with_columns(pl.col("symbol").replace("", None))


def _check_type(path: Path, name: str, dtype: pl.DataType) -> None:
    expected = "a date" if name == "date" else "numbers"
    is_number = dtype.is_numeric() or dtype == pl.String
    is_date = dtype in (pl.Date, pl.Datetime, pl.String) or dtype.is_integer()
    if not (is_date if name == "date" else is_number):
        raise SourceFormatError(f"{path}: column {name!r} should hold {expected}, but its type is {dtype}")


def _date(name: str, dtype: pl.DataType, date_format: str | None) -> pl.Expr:
    if dtype.is_temporal():
        return pl.col(name).cast(pl.Date)
    text = pl.col(name).cast(pl.String).str.strip_chars()
    formats = (date_format,) if date_format else DATE_FORMATS
    return pl.coalesce(text.str.to_datetime(fmt, strict=False, exact=True).cast(pl.Date) for fmt in formats)


def _unreadable(texts: Mapping[str, pl.Expr]) -> pl.Expr:
    if not texts:
        return pl.lit(None, pl.String)
    cells = pl.struct(expr.alias(name) for name, expr in texts.items()).struct.json_encode()
    is_bad = pl.any_horizontal(expr.is_not_null() for expr in texts.values())
    return pl.when(is_bad).then(cells)

"""A user's own price files: CSV or Parquet, one file or a folder, long, wide, or one file per symbol.

Columns are found by name: ``symbol, date, open, high, low, close, adj_close, volume``, whatever their case, with spaces
for underscores and with the usual other names (``ticker``, ``Adj Close``, ``<VOL>``); any other name is mapped by the
setting ``columns``. A long file needs ``date`` and one of ``close`` and ``adj_close``; without a ``symbol`` column the
file's name is the symbol. A wide file has ``date`` and one column of adjusted closes per symbol, under its own name.
A date is the day on the clock of whoever wrote the file: of an instant with a zone it is the day in that zone.
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
from pipelines.sources.cells import dates, expect_dates, expect_numbers, expect_tickers, number, unreadable
from pipelines.sources.tables import expand, read_table, shown, stem, without_null_words

SOURCE = "files_prices"
NUMBERS = ("open", "high", "low", "close", "adj_close", "volume")
OTHER_NAMES = {
    "ticker": "symbol",
    "session_date": "date",
    "adjclose": "adj_close",
    "adjusted_close": "adj_close",
    "vol": "volume",
}
BARS = frozenset({"open", "high", "low", "volume"})
MOST_BARS = 3
"""So many of these columns make a file without a close a long one that lacks it; LOW and OPEN are symbols, too."""


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
    frames = [_typed(_labelled(_read(path, request), path, request), path, request) for path in expand(request.paths)]
    rows = pl.concat(frames)
    columns = [name for name in FILES_PRICES.names if name not in ("batch_id", "row_number")]
    return [
        RawBatch(
            source=SOURCE,
            object=str(symbol) if symbol is not None else "(no symbol)",
            url=shown(part["file"]),
            frame=part.select(pl.int_range(pl.len()).alias("row_number"), *columns),
            fetched_at=fetched_at,
        )
        for (symbol,), part in rows.partition_by("symbol", as_dict=True, maintain_order=True).items()
    ]


def _read(path: Path, request: FilesRequest) -> pl.DataFrame:
    def numbers(columns: Sequence[str]) -> list[str]:
        return [theirs for theirs, ours in _names(columns, path, request.columns).items() if ours in NUMBERS]

    return read_table(path, numbers)


def _labelled(frame: pl.DataFrame, path: Path, request: FilesRequest) -> pl.DataFrame:
    """Give the columns our names and turn a wide file into a long one."""
    names = _names(frame.columns, path, request.columns)
    frame = frame.with_columns(without_null_words(pl.col(name)) for name in _text_columns(frame, names))
    ours = set(names.values())
    if "date" not in ours:
        raise _lacks(path, "date", frame.columns)
    is_long = bool(ours & {"symbol", "close", "adj_close"}) or len(ours & BARS) >= MOST_BARS
    if request.layout == "wide" or (request.layout == "auto" and not is_long and frame.width > 1):
        date = next(theirs for theirs, our in names.items() if our == "date")
        panel = frame.rename({date: "date"})
        for name in panel.drop("date").columns:
            expect_numbers(path, name, panel.schema[name])
        wide = panel.unpivot(index="date", variable_name="symbol", value_name="adj_close")
        return wide.filter(pl.col("adj_close").is_not_null())
    if not {"close", "adj_close"} & ours:
        raise _lacks(path, "close or adj_close", frame.columns)
    frame = frame.rename(names)
    if "symbol" not in frame.columns:
        return frame.with_columns(pl.lit(stem(path).upper()).alias("symbol"))
    return frame


def _text_columns(frame: pl.DataFrame, names: Mapping[str, str]) -> list[str]:
    """Return the columns of text that hold no symbols: there, NA is a missing value and not a ticker."""
    return [name for name, dtype in frame.schema.items() if dtype == pl.String and names.get(name) != "symbol"]


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
    plain = {
        column: column.strip().strip("<>").strip().lower().replace(" ", "_").replace("-", "_") for column in columns
    }
    # A column that has our name goes before one that has another name for the same.
    for column in sorted(columns, key=lambda column: plain[column] in OTHER_NAMES):
        ours = OTHER_NAMES.get(plain[column], plain[column])
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
    expect_tickers(path, "symbol", frame.schema["symbol"])
    values = [pl.col("symbol").cast(pl.String).str.strip_chars().alias("symbol")]
    for name in ("date", *NUMBERS):
        if name not in frame.columns:
            values.append(pl.lit(None, FILES_PRICES.column(name).polars).alias(name))
            continue
        dtype = frame.schema[name]
        (expect_dates if name == "date" else expect_numbers)(path, name, dtype)
        value = pl.lit(dates(frame[name], request.date_format)) if name == "date" else number(name, dtype)
        values.append(value.alias(name))
        if not (dtype.is_temporal() or (dtype.is_numeric() and name != "date")):
            texts[name] = pl.when(value.is_null()).then(pl.col(name).cast(pl.String))
    typed = frame.select(*values, unreadable(texts).alias("unreadable"), pl.lit(path.name).alias("file"))
    return typed.with_columns(pl.col("symbol").replace("", None))

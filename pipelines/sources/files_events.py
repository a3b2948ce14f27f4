"""A user's own event list: one row per event and security, with ``event_date`` or ``occurred_at``.

``event_id`` and ``symbol`` are required. ``title`` and ``expected_sign`` are read if present; every other column is
kept by its name in lower case and can be grouped by.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import polars as pl

from pipelines.contracts import FILES_EVENTS
from pipelines.errors import SourceFormatError
from pipelines.sources.batch import RawBatch
from pipelines.sources.tables import read_table, without_null_words

SOURCE = "files_events"
_OWN = ("event_id", "symbol", "event_date", "occurred_at", "title", "expected_sign")


def fetch(paths: Sequence[Path], fetched_at: datetime) -> list[RawBatch]:
    """Read event lists into one batch per file.

    Raises
    ------
    SourceError
        If a file cannot be read.
    SourceFormatError
        If a file lacks ``event_id``, ``symbol``, or both of ``event_date`` and ``occurred_at``, or two of its columns
        differ in case alone.
    """
    return [_fetch(path, fetched_at) for path in paths]


def _fetch(path: Path, fetched_at: datetime) -> RawBatch:
    frame = _plainly_named(read_table(path), path)
    missing = [name for name in ("event_id", "symbol") if name not in frame.columns]
    if missing:
        raise SourceFormatError(f"{path}: expected the columns event_id and symbol, got {frame.columns}")
    if not {"event_date", "occurred_at"} & set(frame.columns):
        raise SourceFormatError(f"{path}: expected a column event_date or occurred_at, got {frame.columns}")
    others = [name for name in frame.columns if name not in _OWN]
    attributes = pl.struct(others).struct.json_encode() if others else pl.lit("{}")
    own = [_text(frame, name).alias(name) if name in frame.columns else _null(name) for name in _OWN]
    rows = frame.select(*own, attributes.alias("attributes")).with_row_index("row_number")
    columns = [name for name in FILES_EVENTS.names if name != "batch_id"]
    return RawBatch(
        source=SOURCE,
        object=str(path),
        url=str(path),
        frame=rows.select(pl.col(name).cast(FILES_EVENTS.column(name).polars) for name in columns),
        fetched_at=fetched_at,
    )


def _plainly_named(frame: pl.DataFrame, path: Path) -> pl.DataFrame:
    names = {name: name.strip().lower() for name in frame.columns}
    plain = {name.replace(" ", "_").replace("-", "_"): name for name in names.values()}
    ours = {plain[name]: name for name in _OWN if name in plain and name not in names.values()}
    names = {theirs: ours.get(name, name) for theirs, name in names.items()}
    twice = sorted({name for name in names.values() if list(names.values()).count(name) > 1})
    if twice:
        raise SourceFormatError(f"{path}: expected each column once, got {frame.columns}; {twice} stand there twice")
    return frame.rename(names)


def _text(frame: pl.DataFrame, name: str) -> pl.Expr:
    """Write a cell as text; an instant with a zone becomes ISO 8601 in UTC, one without a zone stays without."""
    dtype = frame.schema[name]
    if isinstance(dtype, pl.Datetime):
        if name == "event_date":
            return pl.col(name).dt.strftime("%Y-%m-%d")
        if dtype.time_zone:
            return pl.col(name).dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
        return pl.col(name).dt.strftime("%Y-%m-%dT%H:%M:%S")
    cell = pl.col(name).cast(pl.String).str.strip_chars()
    return cell.replace("", None) if name in ("event_id", "symbol") else without_null_words(cell)


def _null(name: str) -> pl.Expr:
    return pl.lit(None, pl.String).alias(name)

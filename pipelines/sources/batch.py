"""What every source hands over: one version of one object, and a hash of what it holds."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from pipelines.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

# A multiple of 8, so that a block's packed null mask never shares a byte with the next block's.
_BLOCK_ROWS = 1 << 20

# Names of the types as they enter the hash: ours, so that no release of polars can change a stored hash.
_NAMES: dict[pl.DataType, str] = {
    pl.Int8(): "int8",
    pl.Int16(): "int16",
    pl.Int32(): "int32",
    pl.Int64(): "int64",
    pl.UInt8(): "uint8",
    pl.UInt16(): "uint16",
    pl.UInt32(): "uint32",
    pl.UInt64(): "uint64",
    pl.Float32(): "float32",
    pl.Float64(): "float64",
    pl.Boolean(): "boolean",
    pl.Date(): "date",
    pl.String(): "text",
}


@dataclass(frozen=True, slots=True)
class RawBatch:
    """One version of one object of one source, as it came.

    Attributes
    ----------
    source : str
        Source: the word that names its module, its raw table and its staging view.
    object : str
        What the batch is a version of: a symbol, a dataset, an event file.
    url : str
        Where it came from.
    frame : polars.DataFrame
        The columns of the raw table's contract except ``batch_id``.
    fetched_at : datetime
        When it was fetched, with a zone.
    """

    source: str
    object: str
    url: str
    frame: pl.DataFrame
    fetched_at: datetime


def content_hash(frame: pl.DataFrame) -> str:
    """Return the sha256 of a frame's column names, types and values.

    Parameters
    ----------
    frame : polars.DataFrame
        Columns of text, numbers, booleans, dates or instants.

    Returns
    -------
    str
        64 hexadecimal digits. Equal for equal frames, however their rows are chunked in memory and whichever release
        of Polars made them. The order of rows and of columns counts; a null differs from 0 and from an empty text.

    Raises
    ------
    ContractError
        If a column has another type.
    """
    digest = hashlib.sha256()
    digest.update(_framed(f"{frame.height} rows, {frame.width} columns"))
    for column in frame.get_columns():
        digest.update(_framed(column.name))
        digest.update(_framed(_type_name(column)))
        for part in _parts(column):
            digest.update(part)
    return digest.hexdigest()


def _framed(text: str) -> bytes:
    """Return the text's bytes after their number, so that two neighbours can never be read as one."""
    content = text.encode()
    return len(content).to_bytes(8, "little") + content


def _type_name(column: pl.Series) -> str:
    dtype = column.dtype
    if isinstance(dtype, pl.Datetime):
        return f"instant {dtype.time_unit} {dtype.time_zone or 'no zone'}"
    if dtype not in _NAMES:
        raise ContractError(
            f"column {column.name!r}: expected a type of {sorted(_NAMES.values())} or an instant, got {dtype}; "
            "cast it before the batch is made"
        )
    return _NAMES[dtype]


def _parts(column: pl.Series) -> Iterator[bytes | memoryview]:
    """Yield the column block by block: which values are null, then the values."""
    for start in range(0, column.len(), _BLOCK_ROWS):
        block = column.slice(start, _BLOCK_ROWS)
        yield _null_mask(block)
        if block.dtype == pl.String:
            texts = block.fill_null("") if block.null_count() else block
            yield _little(texts.str.len_bytes().to_numpy())
            yield texts.str.join("").item().encode()
        else:
            yield _little(_numbers(block))


def _null_mask(block: pl.Series) -> bytes:
    """Return one bit per row, set where it is null; most blocks have none, and a batch is hashed on every run."""
    if not block.null_count():
        return bytes(-(-block.len() // 8))
    return np.packbits(block.is_null().to_numpy()).tobytes()


def _numbers(block: pl.Series) -> np.ndarray[Any, np.dtype[Any]]:
    """Return the block as plain numbers with 0 at nulls and one bit pattern for every NaN."""
    if block.dtype == pl.Boolean:
        block = block.cast(pl.UInt8)
    plain = block if block.dtype.is_numeric() else block.to_physical()
    values = (plain.fill_null(0) if plain.null_count() else plain).to_numpy()
    if values.dtype.kind == "f":
        is_nan = np.isnan(values)
        return np.where(is_nan, values.dtype.type(np.nan), values) if is_nan.any() else values
    return values


def _little(values: np.ndarray[Any, np.dtype[Any]]) -> memoryview:
    """Return the numbers' bytes in little-endian order, whatever the machine."""
    return np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<")).data.cast("B")

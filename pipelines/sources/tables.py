"""Read a user's table file (CSV, TSV, text or Parquet) with errors that name the file and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from pipelines.errors import SourceError, SourceFormatError

SUFFIXES = {".csv": ",", ".txt": ",", ".tsv": "\t", ".gz": ",", ".parquet": None, ".pq": None}
NULL_WORDS = ("", "NA", "N/A", "null", "NULL", ".")


def expand(paths: Sequence[Path]) -> list[Path]:
    """Return the table files that the paths name, folders searched to the bottom, in the order of their names.

    Raises
    ------
    SourceError
        If a path does not exist, or a folder holds no table file.
    """
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            found = sorted(file for file in path.rglob("*") if file.is_file() and file.suffix.lower() in SUFFIXES)
            if not found:
                raise SourceError(f"{path}: the folder holds no file that ends in {', '.join(SUFFIXES)}")
            files.extend(found)
        elif path.exists():
            files.append(path)
        else:
            raise SourceError(f"{path}: there is no such file or folder")
    return files


def read_table(path: Path) -> pl.DataFrame:
    """Read one file; text files with every cell as text, Parquet with its own types.

    Raises
    ------
    SourceError
        If the file is not a table file or cannot be read.
    SourceFormatError
        If it holds no rows.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise SourceError(f"{path}: expected a file that ends in {', '.join(SUFFIXES)}, got {suffix or 'no ending'!r}")
    try:
        frame = _read(path, SUFFIXES[suffix])
    except pl.exceptions.NoDataError as error:
        raise SourceFormatError(f"{path}: the file is empty; expected a header line and at least one row") from error
    except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError) as error:
        kind = "Parquet" if SUFFIXES[suffix] is None else "CSV"
        raise SourceError(f"{path}: cannot be read as {kind}: {str(error).splitlines()[0]}") from error
    if frame.is_empty():
        raise SourceFormatError(f"{path}: the file has a header and no rows; expected at least one row")
    return frame


def _read(path: Path, separator: str | None) -> pl.DataFrame:
    if separator is None:
        return pl.read_parquet(path)
    first = path.open("rb").read(4096) if path.suffix.lower() != ".gz" else b""
    if b";" in first.split(b"\n", 1)[0] and b"," not in first.split(b"\n", 1)[0]:
        separator = ";"
    return pl.read_csv(path, separator=separator, infer_schema=False, null_values=list(NULL_WORDS))

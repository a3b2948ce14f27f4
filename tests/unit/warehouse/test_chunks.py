"""The ledger of backfills: one transaction with the rows it speaks of, and days that are done."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import duckdb
import polars as pl
import pytest

from pipelines.contracts import BACKFILL_CHUNKS, REQUESTS
from pipelines.errors import WarehouseError
from warehouse.chunks import Delivery, deliver, done_days
from warehouse.connection import open_memory, transaction
from warehouse.migrations import migrate

NOW = datetime(2025, 1, 31, tzinfo=UTC)


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an empty warehouse."""
    with open_memory() as opened:
        migrate(opened)
        yield opened


def chunk(first: int, last: int, outcome: str = "ok", symbol: str = "NVDA") -> pl.DataFrame:
    """Return the ledger row of the days from `first` to `last` of January 2024."""
    days = (date(2024, 1, first), date(2024, 1, last))
    row = ["run", "yahoo_prices", symbol, *days, outcome, None, 1, 0, NOW]
    return pl.DataFrame([row], schema={c.name: c.polars for c in BACKFILL_CHUNKS.columns}, orient="row")


def request(outcome: str, n_rows: int | None) -> pl.DataFrame:
    """Return the record of a request."""
    row = ["run", "yahoo_prices", "NVDA", date(2024, 1, 1), date(2024, 1, 9), outcome, None, "u", NOW, n_rows]
    return pl.DataFrame([row], schema={c.name: c.polars for c in REQUESTS.columns}, orient="row")


def test_days_that_touch_are_one_range(connection: duckdb.DuckDBPyConnection) -> None:
    """Chunks of any size that follow one another cover what they cover together; failures cover nothing."""
    rows = [chunk(1, 5), chunk(6, 9, "empty"), chunk(3, 7, "refused"), chunk(20, 21)]
    failures = [chunk(10, 19, outcome) for outcome in ("throttled", "broken", "quarantined")]
    rows += [*failures, chunk(2, 2, symbol="AMD")]
    deliver(connection, Delivery((), REQUESTS.empty(), pl.concat(rows)), "run")

    assert done_days(connection) == {
        ("yahoo_prices", "NVDA"): [(date(2024, 1, 1), date(2024, 1, 9)), (date(2024, 1, 20), date(2024, 1, 21))],
        ("yahoo_prices", "AMD"): [(date(2024, 1, 2), date(2024, 1, 2))],
    }


def test_a_delivery_is_stored_whole_or_not_at_all(connection: duckdb.DuckDBPyConnection) -> None:
    """A request that may not be recorded takes its ledger rows with it, and the next delivery goes through."""
    with pytest.raises(WarehouseError, match="outcome broken with n_rows 3"):
        deliver(connection, Delivery((), pl.concat([request("ok", 9), request("broken", 3)]), chunk(1, 5)), "run")
    assert connection.execute("select count(*) from raw.requests").fetchall() == [(0,)]
    assert done_days(connection) == {}

    deliver(connection, Delivery((), request("ok", 9), chunk(1, 5)), "run")
    assert connection.execute("select count(*) from raw.requests").fetchall() == [(1,)]
    assert len(done_days(connection)) == 1


def test_a_transaction_within_another_ends_with_the_outer_one(connection: duckdb.DuckDBPyConnection) -> None:
    """What an inner block wrote goes when the outer one fails, and another connection has a transaction of its own."""
    with pytest.raises(ZeroDivisionError), transaction(connection):
        deliver(connection, Delivery((), REQUESTS.empty(), chunk(1, 5)), "run")
        with open_memory() as other, transaction(other):
            other.execute("create table t as select 1")
        raise ZeroDivisionError
    assert done_days(connection) == {}

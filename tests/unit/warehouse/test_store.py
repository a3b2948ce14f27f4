"""The raw store: what is appended, what is known already, and what a failure leaves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import duckdb
import polars as pl
import pytest

from pipelines.contracts import FILES_EVENTS, FILES_PRICES, SAMPLE_PRICES, Table
from pipelines.errors import ContractError, WarehouseError
from pipelines.sources.batch import content_hash
from warehouse.connection import open_memory
from warehouse.migrations import migrate
from warehouse.store import Incoming, StoreResult, append

NOW = datetime(2025, 2, 1, 21, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


@pytest.fixture
def store() -> Iterator[duckdb.DuckDBPyConnection]:
    """Return an empty raw store."""
    with open_memory() as connection:
        migrate(connection)
        yield connection


def rows(table: Table, **columns: Sequence[object]) -> pl.DataFrame:
    """Return rows of a raw table without their batch; columns not given are null."""
    n = len(next(iter(columns.values())))
    given = {"row_number": range(n), **columns}
    names = [name for name in table.names if name != "batch_id"]
    data = {name: given.get(name, [None] * n) for name in names}
    return pl.DataFrame(data, schema={name: table.column(name).polars for name in names})


def prices(*closes: float, name: str = "NVDA", at: datetime = NOW, source: str = "files_prices") -> Incoming:
    """Return a version of a symbol's prices."""
    frame = rows(FILES_PRICES, symbol=[name] * len(closes), close=closes)
    return Incoming(source, name, "a.csv", content_hash(frame), at, frame)


def ledger(store: duckdb.DuckDBPyConnection, columns: str) -> list[tuple[object, ...]]:
    """Return columns of the ledger in the order of storing."""
    return store.execute(f"select {columns} from raw.batches order by known_from, object").fetchall()


def test_new_known_and_changed_versions(store: duckdb.DuckDBPyConnection) -> None:
    """A new version is stored, the same again is known, and a changed one is stored beside the first."""
    assert append(store, [prices(1, 2), prices(5, name="AMD")], "run-1") == StoreResult(2, 0, 3)
    assert append(store, [prices(1, 2, at=LATER), prices(5, name="AMD", at=LATER)], "run-2") == StoreResult(0, 2, 0)
    assert append(store, [prices(1, 3, at=LATER), prices(5, name="AMD", at=LATER)], "run-3") == StoreResult(1, 1, 2)
    assert ledger(store, "object, n_rows, run_id") == [("AMD", 1, "run-1"), ("NVDA", 2, "run-1"), ("NVDA", 2, "run-3")]
    closes = "select list(close order by row_number) from raw.files_prices group by batch_id order by batch_id"
    assert store.execute(closes).fetchall() == [([5.0],), ([1.0, 2.0],), ([1.0, 3.0],)]


def test_a_version_that_comes_back_is_stored_again(store: duckdb.DuckDBPyConnection) -> None:
    """A provider that goes back to an older version makes a third one, so that the newest is what it says now."""
    for n, close in enumerate((1.0, 2.0, 1.0)):
        append(store, [prices(close, at=NOW + timedelta(days=n))], f"run-{n}")
    assert [n for (n,) in ledger(store, "run_id")] == ["run-0", "run-1", "run-2"]


def test_the_ledger_counts_and_names_what_is_stored(store: duckdb.DuckDBPyConnection) -> None:
    """Each ledger row has the count and the hash of its rows, and each row a ledger row."""
    batches = [prices(1, 2, 3), prices(4, name="AMD")]
    append(store, batches, "run")
    assert ledger(store, "object, content_hash") == [(item.object, item.content_hash) for item in batches[::-1]]
    for batch_id, n_rows, wanted in ledger(store, "batch_id, n_rows, content_hash"):
        columns = [name for name in FILES_PRICES.names if name != "batch_id"]
        query = f"select {', '.join(columns)} from raw.files_prices where batch_id = '{batch_id}' order by row_number"
        stored = store.sql(query).pl()
        assert (stored.height, content_hash(stored)) == (n_rows, wanted)


def test_known_from_never_runs_backwards(store: duckdb.DuckDBPyConnection) -> None:
    """A clock that was set back, or did not move, still makes a later version."""
    for n, at in enumerate((NOW, NOW - timedelta(days=365), NOW, LATER)):
        append(store, [prices(float(n + 1), at=at)], f"run-{n}")
    assert [n for (n,) in ledger(store, "run_id")] == ["run-0", "run-1", "run-2", "run-3"]
    instants = [at for (at,) in ledger(store, "known_from")]
    assert instants == [NOW, NOW + timedelta(microseconds=1), NOW + timedelta(microseconds=2), LATER]
    assert [at for (at,) in ledger(store, "fetched_at")] == [NOW, NOW - timedelta(days=365), NOW, LATER]
    assert len({name for (name,) in ledger(store, "batch_id")}) == 4


def test_nothing_is_stored_when_one_insert_fails(store: duckdb.DuckDBPyConnection) -> None:
    """If the rows of one batch do not fit, no batch of the call is stored, and the store works on."""
    bad = rows(SAMPLE_PRICES, dataset=[None], close=["1"])
    broken = Incoming("sample_prices", "NVDA", "", content_hash(bad), NOW, bad)
    with pytest.raises(WarehouseError, match=r"refused to write: Constraint Error: NOT NULL .*sample_prices\.dataset"):
        append(store, [prices(1), broken], "run-1")
    assert ledger(store, "*") == store.execute("select * from raw.files_prices").fetchall() == []
    assert append(store, [prices(1)], "run-2").n_new == 1


def test_a_frame_that_lacks_a_column_stores_nothing(store: duckdb.DuckDBPyConnection) -> None:
    """A batch that does not have its table's columns is refused before a row of it is written."""
    frame = prices(1).rows.drop("close")
    batch = Incoming("files_prices", "NVDA", "", content_hash(frame), NOW, frame)
    with pytest.raises(ContractError, match=r"table files_prices: .*missing \['close'\]"):
        append(store, [batch], "run")
    assert ledger(store, "*") == []


def test_a_source_without_a_table_is_refused(store: duckdb.DuckDBPyConnection) -> None:
    """A source that the warehouse does not know is named beside those it knows."""
    with pytest.raises(WarehouseError, match=r"sources \['tape'\] have no raw table; known are .*'files_prices'"):
        append(store, [prices(1), prices(1, source="tape")], "run")
    assert ledger(store, "*") == []


def test_an_object_named_twice_is_stored_once(store: duckdb.DuckDBPyConnection) -> None:
    """The same file given twice is one version; two versions of one object at once are refused."""
    assert append(store, [prices(1), prices(1)], "run") == StoreResult(1, 1, 1)
    with pytest.raises(
        WarehouseError, match=r"files_prices 'NVDA' comes in two versions at once, from a\.csv and a\.csv"
    ):
        append(store, [prices(2), prices(3)], "run")
    assert len(ledger(store, "*")) == 1


def test_one_name_in_two_sources_is_two_objects(store: duckdb.DuckDBPyConnection) -> None:
    """Versions are counted by source and object, so that a symbol and an event file may share a name."""
    frame = rows(FILES_EVENTS, event_id=["e"], symbol=["NVDA"], attributes=["{}"])
    events = Incoming("files_events", "NVDA", "", content_hash(frame), NOW, frame)
    assert append(store, [prices(1), events], "run").n_new == 2
    assert append(store, [events], "run").n_known == 1


def test_appending_nothing_is_a_no_op(store: duckdb.DuckDBPyConnection) -> None:
    """No batches, no rows, no error."""
    assert append(store, [], "run") == StoreResult(0, 0, 0)

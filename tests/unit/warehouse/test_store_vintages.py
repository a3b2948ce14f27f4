"""Vintages: what continues one, what begins another, and what changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import duckdb
import polars as pl
import pytest

from pipelines.contracts import LIVE_PRICES, REQUESTS, YAHOO_PRICES, Table
from pipelines.errors import WarehouseError
from pipelines.sources.batch import content_hash
from pipelines.sources.live import ACTION_COLUMNS, BAR_COLUMNS, Outcome
from warehouse.connection import open_memory
from warehouse.migrations import migrate
from warehouse.store import Incoming, Kind, StoreResult, append, record_requests

NOW = datetime(2025, 2, 3, 21, tzinfo=UTC)
FIRST = date(2025, 1, 2)


@pytest.fixture
def store() -> Iterator[duckdb.DuckDBPyConnection]:
    """Return an empty raw store."""
    with open_memory() as connection:
        migrate(connection)
        yield connection


def bars(
    kind: Kind, closes: dict[int, float], *, day: int = 0, name: str = "NVDA", vintage: str | None = None
) -> Incoming:
    """Return a batch of closes by day of January 2025, fetched on a day counted from NOW."""
    columns = {column.name: column.polars for column in YAHOO_PRICES.columns if column.name != "batch_id"}
    rows = [
        {
            "row_number": n,
            "symbol": name,
            "date": date(2025, 1, number),
            "close": close,
            "is_final": kind != "provisional",
        }
        for n, (number, close) in enumerate(closes.items())
    ]
    frame = pl.DataFrame(rows, schema=columns)
    at = NOW + timedelta(days=day)
    return Incoming("yahoo_prices", name, "https://example.org", content_hash(frame), at, frame, kind, vintage)


def ledger(store: duckdb.DuckDBPyConnection) -> list[tuple[str, bool]]:
    """Return kind of each batch in the order of storing, and whether it belongs to the newest vintage."""
    return store.execute(
        "select kind, vintage = max_by(batch_id, known_from) filter (where kind = 'full') over () "
        "from raw.batches order by known_from, kind"
    ).fetchall()


def vintage_of(store: duckdb.DuckDBPyConnection) -> str:
    """Return the newest vintage."""
    rows = store.execute("select max_by(batch_id, known_from) from raw.batches where kind = 'full'").fetchall()
    return str(rows[0][0])


@pytest.mark.parametrize("table", LIVE_PRICES, ids=lambda table: table.name)
def test_a_live_table_has_the_columns_of_an_answer(table: Table) -> None:
    """Every provider's raw table holds what an answer's bars hold, in the same types."""
    held = {column.name: column.polars for column in table.columns}
    assert {name: held[name] for name in BAR_COLUMNS} == BAR_COLUMNS
    assert set(held) - set(BAR_COLUMNS) == {"batch_id", "row_number", "symbol", "is_final"}
    assert set(ACTION_COLUMNS) == {"date", "kind", "value"}


def test_outcomes_are_those_of_the_sources() -> None:
    """The ledger of requests knows the outcomes that a source may have, and no others."""
    assert set(REQUESTS.column("outcome").allowed) == set(Outcome)


def test_a_full_batch_names_itself_and_others_name_it(store: duckdb.DuckDBPyConnection) -> None:
    """A vintage is the name of its full batch; what continues it carries that name."""
    append(store, [bars("full", {2: 10, 3: 11}), bars("provisional", {6: 12})], "run-1")
    vintage = vintage_of(store)
    append(store, [bars("append", {6: 12.5}, day=1, vintage=vintage)], "run-2")
    rows = store.execute("select kind, vintage, n_rows from raw.batches order by known_from, kind").fetchall()
    assert rows == [("full", vintage, 2), ("provisional", vintage, 1), ("append", vintage, 1)]


def test_a_basis_change_leaves_the_old_vintage_as_it_was(store: duckdb.DuckDBPyConnection) -> None:
    """A second full batch begins a vintage; the batches of the first keep theirs."""
    append(store, [bars("full", {2: 10, 3: 11})], "run-1")
    append(store, [bars("append", {6: 12}, day=1)], "run-2")
    append(store, [bars("full", {2: 5, 3: 5.5, 6: 6}, day=2)], "run-3")
    append(store, [bars("append", {7: 6.5}, day=3)], "run-4")
    assert ledger(store) == [("full", False), ("append", False), ("full", True), ("append", True)]


@pytest.mark.parametrize(
    ("steps", "n_stored"),
    [
        ([("full", 10.0), ("full", 10.0)], 1),
        ([("full", 10.0), ("provisional", 11.0), ("full", 10.0)], 2),
        ([("full", 10.0), ("append", 11.0), ("append", 11.0)], 2),
        ([("full", 10.0), ("append", 11.0), ("append", 12.0), ("append", 11.0)], 3),
        ([("full", 10.0), ("append", 11.0), ("full", 10.0)], 3),
        ([("full", 10.0), ("revision", 11.0), ("revision", 12.0), ("revision", 11.0)], 4),
        ([("full", 10.0), ("provisional", 11.0), ("provisional", 11.0)], 2),
        ([("full", 10.0), ("provisional", 11.0), ("provisional", 12.0), ("provisional", 11.0)], 4),
        ([("full", 10.0), ("full", 11.0), ("append", 12.0), ("full", 10.0), ("append", 12.0)], 5),
    ],
)
def test_what_changes_nothing_is_not_stored(
    store: duckdb.DuckDBPyConnection, steps: list[tuple[Kind, float]], n_stored: int
) -> None:
    """Content that a vintage has is a no-op; what takes a revision or a whole history back is not."""
    for day, (kind, close) in enumerate(steps):
        append(store, [bars(kind, {6: close}, day=day)], f"run-{day}")
    assert len(ledger(store)) == n_stored


def test_a_retry_of_everything_is_a_no_op(store: duckdb.DuckDBPyConnection) -> None:
    """A run that was killed after its commit stores the same batches again: nothing happens."""
    append(store, [bars("full", {2: 10})], "run-1")
    batches = [bars("append", {3: 11}, day=1), bars("revision", {2: 10.2}, day=1), bars("provisional", {6: 12}, day=1)]
    assert append(store, batches, "run-2") == StoreResult(3, 0, 3)
    assert append(store, batches, "run-3") == StoreResult(0, 3, 0)


@pytest.mark.parametrize("vintage", [None, "yahoo_prices:NVDA:nobody"])
def test_nothing_continues_what_does_not_exist(store: duckdb.DuckDBPyConnection, vintage: str | None) -> None:
    """A batch that continues no vintage is refused."""
    with pytest.raises(WarehouseError, match=r"kind append continues vintage .*, but the newest one is ''"):
        append(store, [bars("append", {2: 10}, vintage=vintage)], "run")
    assert ledger(store) == []


def test_nothing_continues_a_vintage_that_has_been_replaced(store: duckdb.DuckDBPyConnection) -> None:
    """Bars that were compared with an old basis do not get into the new one, and nothing else of the call does."""
    append(store, [bars("full", {2: 10})], "run-1")
    old = vintage_of(store)
    append(store, [bars("full", {2: 5}, day=1)], "run-2")
    batches = [bars("full", {2: 1}, name="AMD", day=2), bars("append", {3: 11}, day=2, vintage=old)]
    with pytest.raises(WarehouseError, match=r"compare with what is stored now, then store again"):
        append(store, batches, "run-3")
    assert len(ledger(store)) == 2


def request(outcome: str, n_rows: int | None) -> pl.DataFrame:
    """Return one row of the record of requests."""
    row = {
        "run_id": "run",
        "source": "yahoo_prices",
        "object": "NVDA",
        "first_date": FIRST,
        "last_date": FIRST,
        "outcome": outcome,
        "reason": None if outcome == "ok" else "expected bars, got none",
        "url": "https://example.org",
        "fetched_at": NOW,
        "n_rows": n_rows,
    }
    return pl.DataFrame([row], schema=REQUESTS.polars_schema)


def test_requests_are_recorded_however_they_ended(store: duckdb.DuckDBPyConnection) -> None:
    """An answer without bars counts 0, and what was not measured counts nothing."""
    for outcome, n_rows in (("ok", 10), ("empty", 0), ("throttled", None), ("refused", None), ("broken", None)):
        record_requests(store, request(outcome, n_rows))
    rows = store.execute("select outcome, n_rows from raw.requests order by rowid").fetchall()
    assert rows == [("ok", 10), ("empty", 0), ("throttled", None), ("refused", None), ("broken", None)]


@pytest.mark.parametrize(("outcome", "n_rows"), [("throttled", 0), ("broken", 3), ("ok", None), ("empty", None)])
def test_throttled_is_unmeasured_never_zero(store: duckdb.DuckDBPyConnection, outcome: str, n_rows: int | None) -> None:
    """A number of rows where nothing was measured, or none where something was, is refused."""
    with pytest.raises(WarehouseError, match=rf"outcome {outcome} with n_rows {n_rows}; expected a number of rows"):
        record_requests(store, request(outcome, n_rows))

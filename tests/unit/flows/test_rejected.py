"""Answers of which nothing is stored: what is kept of them, once, and how much."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import duckdb
import polars as pl
import pytest

from flows import rejected as flow
from flows.live import State, SymbolResult
from flows.rejected import rejected
from pipelines.sources.live import ACTION_COLUMNS, BAR_COLUMNS, Answer, BarsRequest, Outcome
from warehouse.connection import open_memory
from warehouse.migrations import migrate
from warehouse.rejected import keep, newest_rejected

AT = datetime(2024, 6, 7, 22, tzinfo=UTC)
REQUEST = BarsRequest("NVDA", date(2024, 6, 3), date(2024, 6, 7))


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    """Return an empty warehouse in memory."""
    with open_memory() as opened:
        migrate(opened)
        yield opened


def bars(n: int, close: float = 100.0) -> pl.DataFrame:
    """Return so many bars, one of them with what is no finite number."""
    days = [date(2024, 6, 3) + timedelta(days=number) for number in range(n)]
    rows = [(day, None, close, float("inf"), float("nan"), close, None, 1.0) for day in days]
    return pl.DataFrame(rows, schema=BAR_COLUMNS, orient="row")


def result(answer: Answer, state: State = State.QUARANTINED) -> SymbolResult:
    """Return the result of a symbol whose answer was not stored."""
    return SymbolResult("NVDA", state, "close moved by a factor of 100", (answer,))


def test_bars_and_actions_are_kept_as_they_came(warehouse: duckdb.DuckDBPyConnection) -> None:
    """NaN and infinity too, for they may be why; actions stand with the answer."""
    actions = pl.DataFrame([(date(2024, 6, 7), "split", 10.0)], schema=ACTION_COLUMNS, orient="row")
    answer = Answer(REQUEST, Outcome.OK, AT, "http://x", bars=bars(5), actions=actions)
    keep(warehouse, rejected("run-1", "yahoo", [result(answer)]))
    [row] = warehouse.execute(
        "select run_id, source, object, first_date, state, reason, actions, n_bars from audit.rejected_answers"
    ).fetchall()
    assert row[:5] == ("run-1", "yahoo_prices", "NVDA", REQUEST.first, "quarantined")
    assert row[5:] == ("close moved by a factor of 100", '[["2024-06-07", "split", 10.0]]', 5)
    kept = warehouse.execute(
        "select bars.* exclude (content_hash, row_number) from audit.rejected_bars as bars "
        "join audit.rejected_answers using (content_hash) order by row_number"
    ).pl()
    assert kept.equals(bars(5))


def test_the_same_content_is_kept_once(warehouse: duckdb.DuckDBPyConnection) -> None:
    """A symbol that is asked for every day is a row a day; its bars are there once until they change."""
    first = Answer(REQUEST, Outcome.OK, AT, "http://x", bars=bars(5))
    for number in range(3):
        later = replace(first, fetched_at=AT + timedelta(days=number))
        keep(warehouse, rejected(f"run-{number}", "yahoo", [result(later)]))
    keep(warehouse, rejected("run-4", "yahoo", [result(replace(first, bars=bars(5, 101.0)))]))
    assert warehouse.execute("select count(*) from audit.rejected_answers").fetchall() == [(4,)]
    assert warehouse.execute("select count(*) from audit.rejected_bars").fetchall() == [(10,)]
    total, newest = newest_rejected(warehouse, 2)
    assert (total, [row["fetched_at"] for row in newest]) == (4, [AT + timedelta(days=2), AT + timedelta(days=1)])


def test_of_very_many_bars_the_newest_are_kept(
    warehouse: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How many there were stands with the answer."""
    monkeypatch.setattr(flow, "MOST_BARS", 3)
    keep(warehouse, rejected("run-1", "yahoo", [result(Answer(REQUEST, Outcome.OK, AT, "http://x", bars=bars(5)))]))
    assert warehouse.execute("select n_bars from audit.rejected_answers").fetchall() == [(5,)]
    rows = warehouse.execute("select row_number from audit.rejected_bars order by 1").fetchall()
    assert rows == [(2,), (3,), (4,)]


@pytest.mark.parametrize("state", [State.STORED, State.UP_TO_DATE, State.THROTTLED, State.REFUSED, State.MISSING])
def test_what_was_stored_or_not_answered_is_not_kept(warehouse: duckdb.DuckDBPyConnection, state: State) -> None:
    """Only answers that were read and not stored, or not read."""
    keep(warehouse, rejected("run-1", "yahoo", [result(Answer(REQUEST, Outcome.OK, AT, "u", bars=bars(1)), state)]))
    assert newest_rejected(warehouse, 5) == (0, [])

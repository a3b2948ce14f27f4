"""What a run reads from stored news: tables that are there without news too, attention without false bursts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import polars as pl
import pytest

from flows.inputs import incoming
from flows.news_reading import write_news
from flows.run import models, seeds_folder
from pipelines.contracts import READ_NEWS, REQUESTS
from pipelines.sources.batch import RawBatch
from pipelines.sources.news import NewsItem, items_frame
from warehouse.models import run_ready
from warehouse.store import append, record_requests
from warehouse.vintages import NEWEST
from warehouse.workspace import load_seeds, open_memory_workspace, read_frame, set_variables, write_table

START = date(2025, 1, 1)
BATCHES = ("staging.stg_symbol_reuses", "staging.stg_batches")
"""Models that say which batches a run reads."""

NOON = datetime(2025, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """Return a workspace without anything in it."""
    with open_memory_workspace() as workspace:
        yield workspace


def told(n: int, at: datetime, title: str = "DeepSeek trains a model at a fraction of the cost") -> NewsItem:
    """Return a story that has a theme; each is another one."""
    name = hashlib.sha256(str(n).encode()).hexdigest()[:16].translate(str.maketrans("0123456789", "ghjklmnpqr"))
    return NewsItem(f"{n}", f"https://x.example/{n}", f"{name}: {title}", "story", "epoch", occurred_at=at,
                    precision="minute", available_at=at)  # fmt: skip


def store(connection: duckdb.DuckDBPyConnection, name: str, items: Sequence[NewsItem], at: datetime) -> None:
    """Store one answer."""
    frame = items_frame("hackernews", items).with_row_index("row_number")
    append(connection, [incoming(RawBatch("news_items", name, "https://x.example/", frame, at))], "r")


def ask(connection: duckdb.DuckDBPyConnection, name: str, first: date, last: date, outcome: str = "ok") -> None:
    """Record one request, answered when its last day was over."""
    at = datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(days=1, minutes=5)
    row: dict[str, Any] = {
        "run_id": "r",
        "source": "news_items",
        "object": name,
        "first_date": first,
        "last_date": last,
    }
    row |= {"outcome": outcome, "reason": None, "url": "u", "fetched_at": at, "n_rows": 0 if outcome == "ok" else None}
    record_requests(connection, pl.DataFrame([row], schema=REQUESTS.polars_schema))


def read(connection: duckdb.DuckDBPyConnection) -> dict[str, pl.DataFrame]:
    """Read what is stored and return the tables."""
    objects = read_frame(connection, "select distinct source, object from raw.batches")
    write_table(connection, "raw.inputs", objects)
    set_variables(connection, {"as_of": NEWEST, "price_source": "sample"})
    load_seeds(connection, seeds_folder())
    run_ready(connection, [model for model in models() if "news" in model.name or model.name in BATCHES])
    write_news(connection)
    return {table.name: read_frame(connection, f"select * from core.{table.name}") for table in READ_NEWS}


def test_without_news_the_tables_are_there_and_empty(connection: duckdb.DuckDBPyConnection) -> None:
    """A run that has no news writes typed tables without rows, for the models that read them."""
    tables = read(connection)
    assert {name: frame.height for name, frame in tables.items()} == dict.fromkeys(
        ("news_items", "news_links", "news_themes", "news_attention"), 0
    )
    for table in READ_NEWS:
        assert table.conform(tables[table.name]).schema == table.polars_schema


def test_a_quiet_source_has_attention_without_items(connection: duckdb.DuckDBPyConnection) -> None:
    """Who was asked and had nothing was measured: zero items, not an unknown number."""
    ask(connection, "hackernews:x", START, START)
    days = read(connection)["news_attention"].filter(pl.col("theme") == "demand")
    measured = days.filter("is_measured")
    assert measured.select("date", "n_items").rows() == [(START, 0)]


def test_what_is_throttled_is_unknown_and_never_zero(connection: duckdb.DuckDBPyConnection) -> None:
    """A day of which a source did not answer has no count, though other sources told something."""
    store(connection, "hackernews:x", [told(1, NOON)], NOON + timedelta(days=2))
    ask(connection, "hackernews:x", START, START)
    ask(connection, "hackernews:x", START + timedelta(days=1), START + timedelta(days=1), "throttled")
    days = read(connection)["news_attention"].filter(pl.col("theme") == "efficiency_breakthrough")
    found = {row["date"]: (row["n_items"], row["is_measured"]) for row in days.iter_rows(named=True)}
    assert found[START] == (1, True)
    assert found[START + timedelta(days=1)] == (None, False)


def daily(first: date, n_days: int, per_day: int, number: int = 0) -> list[NewsItem]:
    """Return stories of so many days."""
    at = datetime(first.year, first.month, first.day, 12, tzinfo=UTC)
    return [told(number + d * per_day + i, at + timedelta(days=d, minutes=i)) for d in range(n_days)
            for i in range(per_day)]  # fmt: skip


def test_a_source_that_joins_is_no_burst(connection: duckdb.DuckDBPyConnection) -> None:
    """A query that is followed from some day on does not make that day a burst, and counts after a baseline."""
    last, joined = START + timedelta(days=79), START + timedelta(days=40)
    end = datetime(2025, 3, 22, tzinfo=UTC)
    store(connection, "hackernews:one", daily(START, 80, 1), end)
    store(connection, "hackernews:two", daily(joined, 40, 12, 1000), end)
    ask(connection, "hackernews:one", START, last)
    ask(connection, "hackernews:two", joined, last)
    days = read(connection)["news_attention"].filter(pl.col("theme") == "efficiency_breakthrough", "is_measured")
    assert days.filter("is_burst").is_empty()
    counts = dict(days.select("date", "n_items").iter_rows())
    assert counts[joined] == 1
    assert counts[joined + timedelta(days=30)] == 1
    assert counts[joined + timedelta(days=31)] == 13
    baseline = dict(days.select("date", "baseline").iter_rows())
    assert baseline[joined + timedelta(days=31)] == pytest.approx(13.0)


def test_a_burst_is_seen_with_its_deviate(connection: duckdb.DuckDBPyConnection) -> None:
    """Twenty stories after a month of one a day are a burst, far from what is usual."""
    store(connection, "hackernews:one", [*daily(START, 40, 1), *daily(START + timedelta(days=40), 1, 20, 500)],
          datetime(2025, 3, 22, tzinfo=UTC))  # fmt: skip
    ask(connection, "hackernews:one", START, START + timedelta(days=40))
    days = read(connection)["news_attention"].filter(pl.col("theme") == "efficiency_breakthrough")
    bursts = days.filter("is_burst")
    assert bursts["date"].to_list() == [START + timedelta(days=40)]
    assert bursts["n_items"].to_list() == [20]
    assert bursts["z"].item() > 6
    assert days.filter(pl.col("z").is_infinite()).is_empty()

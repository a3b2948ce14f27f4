"""Rows of raw.news_items for tests, with what a test does not care about filled in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from pipelines.contracts import NEWS_ITEMS

NOON = datetime(2025, 1, 27, 12, tzinfo=UTC)


def minutes(n: float) -> datetime:
    """Return noon of 27 January 2025 and some minutes."""
    return NOON + timedelta(minutes=n)


def raw_items(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Return rows with ``fetched_at``; an item has a number and minute of its own unless the row says otherwise."""
    made = [
        {
            "batch_id": f"b{number:09}",
            "row_number": 0,
            "source": "feeds",
            "item_id": f"guid-{number}",
            "url": f"https://example.com/{row.get('item_id', number)}",
            "title": f"Headline {number}",
            "summary": None,
            "publisher": None,
            "occurred_at": minutes(number),
            "time_text": None,
            "time_basis": "stated",
            "precision": "minute",
            "available_at": row.get("occurred_at", minutes(number)),
            "symbols": "[]",
            "kind": "headline",
            "attributes": "{}",
            "fetched_at": minutes(number + 1),
            **row,
        }
        for number, row in enumerate(rows)
    ]
    schema = {**NEWS_ITEMS.polars_schema, "fetched_at": pl.Datetime("us", "UTC")}
    return pl.DataFrame(made, schema=schema, orient="row")


def titled(*titles: str) -> pl.DataFrame:
    """Return items as `read_text` takes them, one per title."""
    return pl.DataFrame({"title": list(titles)}, schema={"title": pl.String}).select(
        pl.format("feeds:{}", pl.int_range(pl.len())).alias("news_id"),
        "title",
        pl.lit(None, pl.String).alias("summary"),
        pl.lit("[]").alias("symbols"),
        pl.lit("{}").alias("attributes"),
    )

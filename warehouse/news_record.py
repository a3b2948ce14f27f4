"""What the warehouse knows of news: what was asked, what an item said before, and by what a feed is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import duckdb
import polars as pl

from pipelines.contracts import FEED_VALIDATORS, NEWS_ITEMS
from warehouse.connection import identifier, registered
from warehouse.store import insert
from warehouse.workspace import read_frame

SOURCE: Final = NEWS_ITEMS.name
"""Name of the raw table, under which requests and batches of news are recorded."""

_SPANS = """
    select
        object,
        first_date::timestamp at time zone 'UTC' as first_at,
        max(least((last_date + 1)::timestamp at time zone 'UTC', fetched_at)) as last_at
    from raw.requests
    where source = $1 and outcome in ('ok', 'empty')
    group by object, first_date
    order by object, first_date
"""

_ANSWERED = """
    select object, max(fetched_at)
    from raw.requests
    where source = $1 and outcome in ('ok', 'empty')
    group by object
"""

_SAID = """
    select {columns}
    from raw.news_items as items
    semi join {relation} as incoming on items.source = incoming.source and items.item_id = incoming.item_id
"""

_VALIDATORS = """
    select address, etag, last_modified
    from raw.feed_validators
    qualify row_number() over (partition by address order by fetched_at desc) = 1
"""

_ACCEPTED = """
    select item_id, any_value(time_text)
    from raw.news_items
    where source = 'edgar' and time_text is not null and (attributes ->> '$.tz_status') = 'verified'
    group by item_id
"""

_FRESHNESS = """
    with

    asked as (
        select
            split_part(object, ':', 1) as source,
            count(distinct object) as n_followed,
            max(fetched_at) filter (where outcome in ('ok', 'empty')) as answered_at,
            arg_max(outcome, fetched_at) as last_outcome,
            arg_max(reason, fetched_at) filter (where outcome not in ('ok', 'empty')) as last_failure
        from raw.requests
        where source = 'news_items'
        group by 1
    ),

    told as (
        select
            source,
            count(distinct item_id) as n_items,
            max(available_at) as newest_item_at
        from raw.news_items
        group by source
    )

    select
        asked.source,
        n_followed,
        answered_at,
        last_outcome,
        coalesce(n_items, 0) as n_items,
        newest_item_at,
        last_failure
    from asked
    left join told on asked.source = told.source
    order by asked.source
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for before, by object.

    Attributes
    ----------
    spans : mapping
        Windows that were answered, as far as the answer could know them.
    answered_at : mapping
        Newest answer.
    """

    spans: dict[str, list[tuple[datetime, datetime]]]
    answered_at: dict[str, datetime]


def asked_for_news(connection: duckdb.DuckDBPyConnection) -> Asked:
    """Return what was asked for before."""
    spans: dict[str, list[tuple[datetime, datetime]]] = {}
    for name, first, last in connection.execute(_SPANS, [SOURCE]).fetchall():
        if first < last:
            spans.setdefault(name, []).append((first.astimezone(UTC), last.astimezone(UTC)))
    answered = connection.execute(_ANSWERED, [SOURCE]).fetchall()
    return Asked(spans, {name: instant.astimezone(UTC) for name, instant in answered})


def said_before(connection: duckdb.DuckDBPyConnection, items: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """Return columns of every stored version of some items.

    Parameters
    ----------
    items : DataFrame
        ``source``, ``item_id``.
    """
    names = ", ".join(f"items.{identifier(name)}" for name in columns)
    with registered(connection, items.select("source", "item_id").unique()) as relation:
        return read_frame(connection, _SAID.format(columns=names, relation=relation))


def feed_validators(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, str]]:
    """Return etag and time of the stored version of each feed, by address."""
    rows = connection.execute(_VALIDATORS).fetchall()
    return {address: (etag or "", modified or "") for address, etag, modified in rows}


def keep_validators(connection: duckdb.DuckDBPyConnection, rows: pl.DataFrame) -> None:
    """Append to the record of versions of feeds, in the transaction that stores what they held.

    Parameters
    ----------
    rows : DataFrame
        Contract ``feed_validators``.
    """
    if rows.height:
        insert(connection, FEED_VALIDATORS, "raw", FEED_VALIDATORS.conform(rows))


def accepted_filings(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Return the times of filings that were read from the filings themselves, by accession number."""
    return dict(connection.execute(_ACCEPTED).fetchall())


def news_freshness(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Return how fresh the news of each source is: what is followed, newest answer, newest item, last failure."""
    return read_frame(connection, _FRESHNESS)

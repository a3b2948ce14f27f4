"""Read stored news into core tables: items and their stories, securities, themes, and the attention to each theme.

All news that was known is read again in every run, a million headlines in less than a minute: what is read is then a
function of what is stored and of the rules as they are now, whatever runs there were before.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Final

import duckdb
import numpy as np
import polars as pl
from scipy import special

from flows.run import seeds_folder
from pipelines.contracts.news import READ_ATTENTION, READ_ITEMS, READ_NEWS, READ_THEMES
from pipelines.contracts.vocabulary import EVENT_THEMES
from pipelines.news import AttentionSpec, Dictionary, NewsReading, ThemeRules, attention, read_news
from pipelines.news.attention import ATTENTION
from warehouse.workspace import read_frame, write_table

SMALLEST_P: Final = 1e-300
"""Probability under which `z` does not grow any more: 37 standard deviations."""

_OBJECTS: Final = """
    select items.source || ':' || items.item_id as news_id, min(objects.joined_date) as joined_date
    from staging.stg_news__items as items
    inner join core.news_objects as objects using (object)
    where items.kind != 'calendar'
    group by all
"""


def write_news(connection: duckdb.DuckDBPyConnection) -> None:
    """Write the tables of `READ_NEWS` from what staging holds; empty ones if nothing is stored."""
    rows = read_frame(connection, "select * from staging.stg_news__items")
    days = read_frame(connection, "select date, is_measured from core.news_days order by date")
    if rows.is_empty():
        tables = [table.empty() for table in READ_NEWS[:-1]]
        no_items = pl.DataFrame(schema={"news_id": pl.String(), "joined_date": pl.Date()})
        tables.append(_attention(READ_THEMES.empty(), READ_ITEMS.empty(), no_items, days))
    else:
        reading = _read(rows, _ciks(connection))
        themes = _ranked(reading.themes)
        joined = read_frame(connection, _OBJECTS)
        tables = [reading.items, reading.links, themes, _attention(themes, reading.items, joined, days)]
    for table, frame in zip(READ_NEWS, tables, strict=True):
        write_table(connection, f"core.{table.name}", table.conform(frame).sort(table.key))


def _read(rows: pl.DataFrame, ciks: pl.DataFrame) -> NewsReading:
    dictionary = Dictionary.of(_seed("news_aliases"), _seed("securities"))
    rules = ThemeRules.of(_seed("news_themes"), _seed("news_term_lists"))
    return read_news(rows, dictionary, rules, ciks)


def _seed(name: str) -> pl.DataFrame:
    return pl.read_csv(seeds_folder() / f"{name}.csv", infer_schema=False)


def _ciks(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Return the filers of our securities, as the SEC's map of tickers has them that the run has read."""
    return read_frame(
        connection,
        "select tickers.cik, tickers.symbol from raw.edgar_tickers as tickers "
        "semi join staging.stg_batches using (batch_id) semi join seed.securities using (symbol)",
    )


def _ranked(themes: pl.DataFrame) -> pl.DataFrame:
    """Return the themes with their place among those of their item."""
    place = pl.col("theme").cast(pl.Enum(EVENT_THEMES)).rank("ordinal").over("news_id")
    return themes.with_columns(theme_rank=place.cast(pl.Int64))


def _attention(themes: pl.DataFrame, items: pl.DataFrame, joined: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """Return the attention to each theme on each day.

    What is asked for from some day on would look like a burst on that day. So it counts from when it has been there
    for a whole baseline; what was there from the very first day counts at once.

    Parameters
    ----------
    joined : DataFrame
        ``news_id``, ``joined_date``: first day that was asked of the feed, filer or query that told the item.
    days : DataFrame
        ``date``, ``is_measured``.
    """
    spec = AttentionSpec()
    wait = timedelta(days=spec.baseline_days + spec.guard_days + 1)
    starts = joined["joined_date"].unique().sort().to_list()
    counted_from = [*starts[:1], *(start + wait for start in starts[1:])] or days["date"].to_list()[:1]
    told = themes.join(joined, on="news_id")
    parts = [READ_ATTENTION.empty()]
    for number, (begin, end) in enumerate(pairwise([*counted_from, None])):
        counted = told.filter(pl.col("joined_date") <= starts[number]) if starts else told
        part = attention(counted.select("news_id", "theme"), items, days, spec)
        ends = pl.lit(value=True) if end is None else pl.col("date") < end
        parts.append(_deviates(part.filter((pl.col("date") >= begin) | (number == 0), ends), days))
    return pl.concat(parts)


def _deviates(part: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """Return attention as the contract has it: with the deviate of each probability and whether its day is measured."""
    tail = part["p_value"].to_numpy()
    with np.errstate(invalid="ignore"):
        z = -special.ndtri(np.clip(tail, SMALLEST_P, 1.0))
    return READ_ATTENTION.conform(
        part.select(list(ATTENTION))
        .rename({"expected": "baseline"})
        .with_columns(z=pl.when(pl.Series(np.isfinite(z))).then(pl.Series(z)))
        .join(days, on="date")
    )

"""One item per id, whatever it was changed to later, and every version of it.

A feed edits its items: the title, the time, sometimes the story behind an id. What an item is about is read from its
first version alone, so that nothing written later tells a study what could be known before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import polars as pl
from rapidfuzz import fuzz, process

from pipelines.contracts import NEWS_ITEMS
from pipelines.errors import ContractError
from pipelines.urls import canonical_urls

OTHER_STORY: Final = 50.0
"""Similarity of two titles (token sort ratio, 0 to 100) under which one is no edit of the other, if it also has another
address: an id that a feed gave away twice. Titles without a common word score 20 to 45 by their letters alone."""

CONTENT: Final = ("title", "summary", "url", "occurred_at")
"""What makes a version: points, likes and comments change with every poll and say nothing new."""

SAID: Final = ("source", "item_id", *CONTENT, "available_at")
"""What must be known of a stored version to tell whether an item says something new."""

AT_LATEST: Final = ("crawl", "zone_unverified")
"""How times are read that are at latest the right one, by the clock of a machine and not by the word of a publisher: an
earlier one of an item that says the same is better known, not edited."""

_TEXT: Final = ("title", "summary", "url")
_CLOCK: Final = ("occurred_at", "time_basis", "precision")
_KEPT: Final = (
    "source",
    "item_id",
    "kind",
    "title",
    "summary",
    "url",
    "canonical_url",
    "publisher",
    "symbols",
    "attributes",
)


@dataclass(frozen=True, slots=True)
class Folded:
    """Items and their versions.

    Attributes
    ----------
    items : DataFrame
        One row per ``news_id`` (source and item id), sorted by it. Text, address and symbols are those of the first
        version. ``first_seen_at`` is when it was fetched first. ``available_at`` is the earliest instant at which the
        first version is said to have been public, at latest ``first_seen_at``: no edit moves it, neither to a later
        nor to an earlier time. ``occurred_at``, ``time_basis`` and ``precision`` belong to it. ``n_versions``,
        ``latest_title`` and ``changed_at`` tell of the edits.
    versions : DataFrame
        One row per ``news_id`` and ``version`` (from 1): its content, ``known_at`` (the first version: the item's
        ``available_at``; a later one: when it was fetched, for an edit does not say when it was made) and
        ``is_other_story`` (the id was given to another story).
    """

    items: pl.DataFrame
    versions: pl.DataFrame


def fold(rows: pl.DataFrame) -> Folded:
    """Fold rows of ``raw.news_items`` into items and versions.

    Parameters
    ----------
    rows : DataFrame
        Columns of the contract NEWS_ITEMS and ``fetched_at`` of their batches, in any order.

    Raises
    ------
    ContractError
        If a column is missing.
    """
    if "fetched_at" not in rows.columns:
        raise ContractError(f"news items: expected the column fetched_at of their batches, got {rows.columns}")
    told = NEWS_ITEMS.conform(rows).select(
        pl.concat_str("source", pl.lit(":"), "item_id").alias("news_id"), pl.all(), rows["fetched_at"]
    )
    told = told.sort("news_id", "fetched_at", "batch_id", "row_number")
    versions = _versions(told)
    edits = versions.group_by("news_id").agg(
        n_versions=pl.len(), latest_title=pl.col("title").last(), changed_at=pl.col("fetched_at").last()
    )
    items = (
        versions.filter(pl.col("version") == 1)
        .select("news_id", *_KEPT, first_seen_at="fetched_at")
        .join(_clocks(told), on="news_id")
        .join(edits, on="news_id")
        .sort("news_id")
    )
    first = pl.col("version") == 1
    known_at = pl.when(first).then("available_at").otherwise("fetched_at")
    return Folded(
        items,
        versions.drop("available_at")
        .join(items.select("news_id", "available_at"), on="news_id")
        .select("news_id", "version", *CONTENT, "canonical_url", "fetched_at", "is_other_story", known_at=known_at)
        .sort("news_id", "version"),
    )


def new_versions(items: pl.DataFrame, stored: pl.DataFrame) -> pl.DataFrame:
    """Return the items that say something new, each content once, in their order.

    New is what no stored version says, and an earlier time at which the same was public: by a better reading of the
    same text, or in an older file that is asked for later.

    Parameters
    ----------
    items : DataFrame
        ``source``, ``item_id``, `CONTENT` and ``available_at``, among others.
    stored : DataFrame
        `SAID` of the versions that are stored.
    """
    said = [name for name in SAID if name != "available_at"]
    known = stored.group_by(said).agg(known_at=pl.col("available_at").min(), is_known=pl.lit(value=True))
    earlier = pl.col("available_at") < pl.col("known_at").fill_null(datetime.max.replace(tzinfo=UTC))
    return (
        items.unique(said, keep="first", maintain_order=True)
        .join(known, on=said, how="left", nulls_equal=True, maintain_order="left")
        .filter(pl.col("is_known").is_null() | earlier)
        .select(items.columns)
    )


def _clocks(told: pl.DataFrame) -> pl.DataFrame:
    """Return the earliest time of each item that speaks of its first version.

    An unknown time is at latest the time at which the item was seen; so is a time that lies after it.
    """
    first = {name: pl.col(name).first().over("news_id") for name in ("fetched_at", "time_basis", *CONTENT)}
    is_unchanged = pl.all_horizontal(pl.col(name).eq_missing(first[name]) for name in _TEXT)
    is_not_redated = pl.col("occurred_at").eq_missing(first["occurred_at"]) | first["time_basis"].is_in(AT_LATEST)
    return (
        told.filter(is_unchanged & is_not_redated)
        .select("news_id", *_CLOCK, available_at=pl.min_horizontal("available_at", first["fetched_at"]))
        .sort("news_id", "available_at", maintain_order=True)
        .unique("news_id", keep="first", maintain_order=True)
    )


def _versions(told: pl.DataFrame) -> pl.DataFrame:
    """Return the first row of each content of each item, in the order in which they were fetched."""
    distinct = told.unique(["news_id", *CONTENT], keep="first", maintain_order=True).with_columns(
        version=pl.int_range(1, pl.len() + 1).over("news_id")
    )
    return _with_other_stories(distinct.with_columns(canonical_urls(distinct["url"]).alias("canonical_url")))


def _with_other_stories(versions: pl.DataFrame) -> pl.DataFrame:
    """Mark the versions that tell another story than the first: another address and another title."""
    first = pl.col("title", "canonical_url").first().over("news_id").name.prefix("first_")
    marked = versions.with_columns(first)
    moved = marked.filter(pl.col("canonical_url") != pl.col("first_canonical_url"))
    scores = process.cpdist(moved["title"].to_list(), moved["first_title"].to_list(), scorer=fuzz.token_sort_ratio)
    others = moved.select("news_id", "version").filter(pl.Series(scores) < OTHER_STORY)
    return (
        versions.join(others.with_columns(is_other_story=pl.lit(value=True)), on=["news_id", "version"], how="left")
        .with_columns(pl.col("is_other_story").fill_null(value=False))
        .sort("news_id", "version")
    )

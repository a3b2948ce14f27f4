"""Read raw news items: what is one item, what is one story, which securities and themes it is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from pipelines.news.clusters import cluster
from pipelines.news.dictionary import Dictionary
from pipelines.news.items import fold
from pipelines.news.links import LINKS, link
from pipelines.news.text import item_words
from pipelines.news.themes import THEMES, ThemeRules, theme

_SLICE: Final = 100_000
"""Items that are looked through at once: what is kept in memory besides the items stays some hundred megabytes."""


@dataclass(frozen=True, slots=True)
class NewsReading:
    """What was read from raw items.

    Attributes
    ----------
    items : DataFrame
        One row per item, see `items.Folded`, with ``cluster_id``.
    versions : DataFrame
        One row per item and version, see `items.Folded`.
    links : DataFrame
        One row per item and security, see `links.LINKS`.
    themes : DataFrame
        One row per item and theme, see `themes.THEMES`.
    clusters : DataFrame
        One row per cluster: ``cluster_id``, ``title``, ``first_available_at``, ``last_available_at``, ``n_items``,
        ``n_sources``.
    """

    items: pl.DataFrame
    versions: pl.DataFrame
    links: pl.DataFrame
    themes: pl.DataFrame
    clusters: pl.DataFrame


def read_news(
    rows: pl.DataFrame, dictionary: Dictionary, rules: ThemeRules, ciks: pl.DataFrame | None = None
) -> NewsReading:
    """Read rows of ``raw.news_items``.

    Parameters
    ----------
    rows : DataFrame
        Columns of the contract NEWS_ITEMS and ``fetched_at``; every batch that was known at the instant of the reading.
    dictionary : Dictionary
        Names of securities.
    rules : ThemeRules
        Rules of themes.
    ciks : DataFrame, optional
        ``cik``, ``symbol``: securities by their filer's number at the SEC.
    """
    folded = fold(rows)
    items = folded.items.join(cluster(folded.items), on="news_id").sort("news_id")
    links, themes = read_text(items, dictionary, rules, ciks)
    return NewsReading(items, folded.versions, links, themes, _clusters(items))


def read_text(
    items: pl.DataFrame, dictionary: Dictionary, rules: ThemeRules, ciks: pl.DataFrame | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return links and themes of items, which depend on nothing but the item.

    Parameters
    ----------
    items : DataFrame
        ``news_id``, ``title``, ``summary``, ``symbols``, ``attributes``.
    """
    links = [LINKS.to_frame()]
    themes = [THEMES.to_frame()]
    for part in items.iter_slices(_SLICE):
        words = part.select(item_words()).to_series()
        links.append(link(part, words, dictionary, ciks))
        themes.append(theme(part, words, rules, links[-1]))
    return pl.concat(links).sort("news_id", "symbol"), pl.concat(themes).sort("news_id", "theme")


def _clusters(items: pl.DataFrame) -> pl.DataFrame:
    counts = items.group_by("cluster_id").agg(
        first_available_at=pl.col("available_at").min(),
        last_available_at=pl.col("available_at").max(),
        n_items=pl.len(),
        n_sources=pl.col("source").n_unique(),
    )
    named = items.select(cluster_id="news_id", title="title")
    return (
        counts.join(named, on="cluster_id")
        .select("cluster_id", "title", pl.exclude("cluster_id", "title"))
        .sort("cluster_id")
    )

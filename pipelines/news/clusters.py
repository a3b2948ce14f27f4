"""Near-identical headlines within some days are one cluster, called after its first item.

An item joins a cluster by what came before it alone: a later item never changes the cluster of an earlier one. Members
are compared with the first one, so that a cluster does not drift from story to story, and it ends `WINDOW` after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

import numpy as np
import polars as pl
from rapidfuzz import fuzz, process

from pipelines.news.candidates import candidate_pairs
from pipelines.news.text import shown, words

WINDOW: Final = timedelta(days=3)
"""Longest time from the first item of a cluster to its last. Wires repeat a story for a day or two, over a weekend for
three; the headlines of columns come again every day of the week ("Stocks to watch")."""

ALIKE: Final = 80.0
"""Least similarity of two headlines' sorted words (Levenshtein ratio of Indel distance, 0 to 100). A publisher's name
behind a headline of 60 letters costs 10 to 17."""

SAME_WORD: Final = 75.0
"""Least similarity of two words that are one word in two forms or with a slip of the pen: shares, share."""

DENIALS: Final = frozenset(
    {"not", "no", "never", "denies", "deny", "denied", "false", "without", "isn", "doesn", "won"}
)
"""Words that turn a headline around."""

_SLICE: Final = 200_000


def cluster(items: pl.DataFrame, window: timedelta = WINDOW) -> pl.DataFrame:
    """Return the cluster of each item.

    Parameters
    ----------
    items : DataFrame
        ``news_id``, ``title``, ``available_at``; in any order. An item without a time is a cluster of its own.

    Returns
    -------
    DataFrame
        ``news_id``, ``cluster_id`` (the news_id of the cluster's first item), sorted by news_id.
    """
    timed = (
        items.select("news_id", "available_at", title=shown(words(pl.col("title")).str.to_lowercase()))
        .filter(pl.col("available_at").is_not_null())
        .sort("available_at", "news_id")
    )
    length = int(window / timedelta(microseconds=1))
    leaders = _leaders(timed, length)
    found = timed.select("news_id", cluster_id=timed["news_id"].gather(leaders))
    alone = items.filter(pl.col("available_at").is_null()).select("news_id", cluster_id="news_id")
    return pl.concat([found, alone]).sort("news_id")


def _leaders(timed: pl.DataFrame, window: int) -> pl.Series:
    """Return the place of each item's first item: the same words first, then words nearly the same."""
    at = timed["available_at"].cast(pl.Datetime("us", "UTC")).to_physical().to_numpy()
    same = _same_words(timed, at, window)
    units = np.flatnonzero(same == np.arange(same.size))
    titles = timed["title"].gather(units)
    of_unit = _near_words(titles, at[units], window)
    place = np.empty(same.size, dtype=np.int64)
    place[units] = np.arange(units.size)
    return pl.Series(units[of_unit[place[same]]])


def _same_words(timed: pl.DataFrame, at: np.ndarray, window: int) -> np.ndarray:
    """Return the place of the first item with the same words that is not older than the window."""
    leaders = np.arange(timed.height)
    repeated = (
        timed.select("title")
        .with_row_index("place")
        .filter((pl.len().over("title") > 1) & (pl.col("title") != ""))
        .group_by("title")
        .agg("place")
    )
    for (places,) in repeated.select(pl.col("place").list.sort()).iter_rows():
        rows = np.asarray(places)
        times = at[rows]
        start = 0
        while start < rows.size:
            end = int(np.searchsorted(times, times[start] + window, side="right"))
            leaders[rows[start:end]] = rows[start]
            start = end
    return leaders


def _near_words(titles: pl.Series, at: np.ndarray, window: int) -> np.ndarray:
    """Return the place of each title's first one: itself, or the first of an earlier one that it is alike to."""
    leader = list(range(titles.len()))
    texts = [" ".join(sorted(title.split())) for title in titles.to_list()]
    times = at.tolist()
    for later, earlier in _alike(texts, candidate_pairs(titles, at, window)):
        if leader[later] != later:
            continue
        first = leader[earlier]
        if times[later] - times[first] <= window and is_same_story(texts[later], texts[first]):
            leader[later] = first
    return np.asarray(leader, dtype=np.int64)


def _alike(texts: Sequence[str], pairs: pl.DataFrame) -> Iterator[tuple[int, int]]:
    """Yield the pairs whose sorted words are alike, by the later title and, for one, the earliest partner first."""
    for part in pairs.iter_slices(_SLICE):
        later, earlier = part["later"].to_list(), part["earlier"].to_list()
        scores = process.cpdist(
            [texts[place] for place in later],
            [texts[place] for place in earlier],
            scorer=fuzz.ratio,
            score_cutoff=ALIKE,
            workers=2,
        )
        kept = np.flatnonzero(scores).tolist()
        yield from ((later[place], earlier[place]) for place in kept)


def is_same_story(one: str, other: str) -> bool:
    """Tell whether two headlines differ by additions or spelling alone, and not by another name, number or a denial.

    Parameters
    ----------
    one, other : str
        Sorted words in small letters with single blanks.
    """
    if fuzz.ratio(one, other, score_cutoff=ALIKE) == 0:
        return False
    first, second = set(one.split()), set(other.split())
    if (first ^ second) & DENIALS:
        return False
    fewer, more = sorted((first - second, second - first), key=len)
    return all(any(_is_same_word(word, match) for match in more) for word in fewer)


def _is_same_word(one: str, other: str) -> bool:
    if any(letter.isdigit() for letter in one + other):
        return False
    return fuzz.ratio(one, other) >= SAME_WORD

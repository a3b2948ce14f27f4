"""Look up thousands of phrases in millions of texts, in one pass over each text.

Polars does the search with an Aho-Corasick automaton (Aho and Corasick 1975, doi:10.1145/360825.360855), whose time
grows with the text and not with the number of phrases.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from pipelines.news.text import phrases

HITS = pl.Schema({"row": pl.UInt32(), "pattern": pl.String(), "found": pl.String()})
"""A phrase in a text: number of the text, the phrase as it is looked up, and how the text has it."""


def longest_hits(words: pl.Series, patterns: Iterable[str]) -> pl.DataFrame:
    """Return where phrases stand, from left to right, the longest of those that begin together and no two that overlap.

    Parameters
    ----------
    words : Series
        Texts in the form of `text.words`.
    patterns : iterable of str
        Phrases in the form of `text.phrase`, in lower case. The case of ASCII letters does not count.
    """
    ordered = sorted(set(patterns), key=lambda pattern: (-len(pattern), pattern))
    return _hits(words, ordered, leftmost=True)


def all_hits(words: pl.Series, patterns: Iterable[str]) -> pl.DataFrame:
    """Return where phrases stand, each for itself, also inside of one another."""
    return _hits(words, sorted(set(patterns)), leftmost=False)


def _hits(words: pl.Series, patterns: list[str], *, leftmost: bool) -> pl.DataFrame:
    if not patterns or words.is_empty():
        return HITS.to_frame()
    found = pl.col("words").str.extract_many(
        pl.lit(pl.Series([patterns])), ascii_case_insensitive=True, leftmost=leftmost, overlapping=not leftmost
    )
    return (
        words.alias("words")
        .to_frame()
        .with_row_index("row")
        .select("row", found=found)
        .filter(pl.col("found").list.len() > 0)
        .explode("found")
        .select("row", pl.col("found").str.to_lowercase().alias("pattern"), "found")
    )


LINKED: Final = "@linked"
"""Stands for the name of any security that a text is linked to."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What a text must hold: a phrase of each group, and none of the excluded ones."""

    groups: tuple[tuple[str, ...], ...]
    excluded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Conditions:
    """Conditions by number, ready to be looked up together."""

    parts: pl.DataFrame
    n_groups: pl.DataFrame

    @classmethod
    def of(cls, conditions: Mapping[int, Condition]) -> Conditions:
        """Prepare the conditions; their phrases are text as a person writes it."""
        parts = [
            (number, group, term)
            for number, condition in conditions.items()
            for group, terms in [*enumerate(condition.groups), (-1, condition.excluded)]
            for term in terms
        ]
        patterns = {
            term: LINKED if term == LINKED else pattern.lower()
            for (_, _, term), pattern in zip(parts, phrases([term for _, _, term in parts]), strict=True)
        }
        looked_up = [(number, group, patterns[term]) for number, group, term in parts]
        counts = [(number, len(condition.groups)) for number, condition in conditions.items()]
        return cls(
            pl.DataFrame(
                looked_up, {"number": pl.Int32, "group": pl.Int8, "pattern": pl.String}, orient="row"
            ).unique(),
            pl.DataFrame(counts, {"number": pl.Int32, "n_groups": pl.Int8}, orient="row"),
        )

    def touched(self, words: pl.Series, linked: pl.DataFrame | None = None) -> pl.DataFrame:
        """Return the phrases of the conditions in the texts: ``row``, ``number``, ``group``, ``found``.

        Parameters
        ----------
        linked : DataFrame, optional
            ``row``, ``found``: texts that are linked to a security, and by what words.
        """
        hits = all_hits(words, self.parts["pattern"])
        if linked is not None:
            hits = pl.concat([hits, linked.select("row", pl.lit(LINKED).alias("pattern"), "found")])
        once = hits.unique(["row", "pattern"], keep="first", maintain_order=True)
        return once.join(self.parts, on="pattern").select("row", "number", "group", "found")

    def met(self, touched: pl.DataFrame) -> pl.DataFrame:
        """Return which conditions the texts fulfil, of those that touch them: ``row``, ``number``."""
        return self._judged(touched).filter("is_met").select("row", "number")

    def hold(self, touched: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
        """Return the asked pairs of ``row`` and ``number`` that hold; one that only excludes holds untouched."""
        excluding = self.n_groups.filter(pl.col("n_groups") == 0).select("number", holds_untouched=pl.lit(value=True))
        return (
            asked.join(self._judged(touched), on=["row", "number"], how="left")
            .join(excluding, on="number", how="left")
            .filter(pl.coalesce("is_met", "holds_untouched").fill_null(value=False))
            .select(asked.columns)
        )

    def _judged(self, touched: pl.DataFrame) -> pl.DataFrame:
        seen = touched.group_by("row", "number").agg(
            n_found=pl.col("group").filter(pl.col("group") >= 0).n_unique(), is_excluded=(pl.col("group") < 0).any()
        )
        is_met = (pl.col("n_found") == pl.col("n_groups")) & ~pl.col("is_excluded")
        return seen.join(self.n_groups, on="number").select("row", "number", is_met=is_met)

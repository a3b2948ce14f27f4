"""Score links and themes against headlines that a person has labelled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polars as pl

from pipelines.contracts.vocabulary import EVENT_THEMES
from pipelines.news import Dictionary, ThemeRules
from pipelines.news.reading import read_text

ROOT = Path(__file__).resolve().parents[2]
SEEDS = ROOT / "sql" / "seeds"
LABELLED = Path(__file__).parent / "labelled_headlines.csv"
SETS = {
    "tuned": "rules were corrected by these",
    "held_out": "written before the rules, never looked at when rules were corrected; by the author of the rules",
    "unseen": "written after the rules were fixed, by the author of the rules, in words of other days and desks",
    "unseen_second": "written after the last change of the rules, by the author of that change; scored once",
}


@dataclass(frozen=True, slots=True)
class Score:
    """Hits, false alarms and misses of one label or of all."""

    name: str
    n_true: int
    n_false: int
    n_missed: int

    @property
    def precision(self) -> float:
        """Share of what was found that is right; 1 if nothing was found."""
        found = self.n_true + self.n_false
        return self.n_true / found if found else 1.0

    @property
    def recall(self) -> float:
        """Share of what is right that was found; 1 if there is nothing to find."""
        right = self.n_true + self.n_missed
        return self.n_true / right if right else 1.0


def seed(name: str) -> pl.DataFrame:
    """Return a file of the seeds as text."""
    return pl.read_csv(SEEDS / name, infer_schema=False)


@cache
def dictionary() -> Dictionary:
    """Return the shipped names."""
    return Dictionary.of(seed("news_aliases.csv"), seed("securities.csv"))


@cache
def theme_rules() -> ThemeRules:
    """Return the shipped rules."""
    return ThemeRules.of(seed("news_themes.csv"), seed("news_term_lists.csv"))


def labelled(name: str | None = None) -> pl.DataFrame:
    """Return the labelled headlines, or those of one set."""
    rows = pl.read_csv(LABELLED, infer_schema=False).with_columns(pl.col("symbols", "themes", "note").fill_null(""))
    return rows.filter(pl.col("half") == name) if name else rows


def read(headlines: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return links and themes of headlines, a title each."""
    items = headlines.select(
        news_id="headline_id",
        title="title",
        summary=pl.lit(None, pl.String),
        symbols=pl.lit("[]"),
        attributes=pl.lit("{}"),
    )
    return read_text(items, dictionary(), theme_rules())


def scores(name: str) -> tuple[Score, Score, list[Score]]:
    """Return the scores of links, of themes, and of each theme on one set of headlines."""
    headlines = labelled(name)
    links, themes = read(headlines)
    found = set(themes.select("news_id", pl.col("theme").cast(pl.String)).iter_rows())
    expected = set(pairs(headlines, "themes"))
    by_theme = [
        _score(theme, {p for p in expected if p[1] == theme}, {p for p in found if p[1] == theme})
        for theme in EVENT_THEMES
    ]
    named = set(links.select("news_id", "symbol").iter_rows())
    return _score("links", set(pairs(headlines, "symbols")), named), _score("themes", expected, found), by_theme


def pairs(headlines: pl.DataFrame, column: str) -> Iterator[tuple[str, str]]:
    """Yield headline and label."""
    for headline, cell in headlines.select("headline_id", column).iter_rows():
        yield from ((headline, label) for label in cell.split("|") if label)


def _score(name: str, expected: set[tuple[str, str]], found: set[tuple[str, str]]) -> Score:
    return Score(name, len(expected & found), len(found - expected), len(expected - found))

"""Print how well headlines are linked to securities and themes, on labelled headlines.

    uv run python tests/benchmarks/news_quality.py               precision and recall by set, micro and per theme
    uv run python tests/benchmarks/news_quality.py --wrong       every mistake on the tuned set, with its rule

The headlines are made up for the purpose (tests/news/labelled_headlines.csv); a link is one of a headline and a
security, a theme one of a headline and a theme, and precision and recall are over all of them (micro). Mistakes are
shown for the tuned set alone: rules that are corrected by the other sets would no longer be measured by them. The last
table is of titles of the event catalogue, which somebody else labelled with one theme each: only recall can be told.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from types import ModuleType
from typing import Final

import polars as pl

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
sys.modules["tests"] = ModuleType("tests")  # a package of that name is installed by one of the dependencies
sys.modules["tests"].__path__ = [str(ROOT / "tests")]

from pipelines.sources.catalogue_events import catalogue_files, load_events  # noqa: E402
from tests.news.scoring import SEEDS, SETS, Score, labelled, pairs, read, scores  # noqa: E402


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wrong", action="store_true", help="list the mistakes on the tuned set")
    if parser.parse_args().wrong:
        mistakes()
        return
    for name, meaning in SETS.items():
        links, themes, by_theme = scores(name)
        print(f"\n{name}: {labelled(name).height} headlines; {meaning}")
        print(f"{'':32}{'precision':>10}{'recall':>8}{'labels':>8}")
        for score in (links, themes, *by_theme):
            show(score, indent=0 if score in (links, themes) else 2)
    catalogue()


def show(score: Score, indent: int) -> None:
    """Print one line."""
    name = " " * indent + score.name
    print(f"{name:32}{score.precision:10.3f}{score.recall:8.3f}{score.n_true + score.n_missed:8}")


def catalogue() -> None:
    """Print the recall of themes on titles of the event catalogue."""
    events = [event for event in load_events(catalogue_files(SEEDS)) if event.theme]
    titles = pl.DataFrame({"headline_id": [event.id for event in events], "title": [event.title for event in events]})
    found = set(read(titles)[1].select("news_id", pl.col("theme").cast(pl.String)).iter_rows())
    hit = [(event.theme, (event.id, event.theme) in found) for event in events]
    share = sum(is_hit for _, is_hit in hit) / len(hit)
    print(f"\ncatalogue: {len(hit)} titles of events, each with one theme; themes found: {share:.3f}")
    for theme in sorted({theme for theme, _ in hit if theme}):
        own = [is_hit for name, is_hit in hit if name == theme]
        print(f"  {theme:30}{'':10}{sum(own) / len(own):8.3f}{len(own):8}")


def mistakes() -> None:
    """Print what is wrong on the tuned set: false alarms with their rule, and misses."""
    headlines = labelled("tuned")
    titles = dict(headlines.select("headline_id", "title").iter_rows())
    for column, label, found in zip(("symbols", "themes"), ("symbol", "theme"), read(headlines), strict=True):
        why = {(row["news_id"], row[label]): (row["rule"], row["matched_text"]) for row in found.iter_rows(named=True)}
        expected = set(pairs(headlines, column))
        for pair in sorted(why.keys() - expected):
            print(f"false {pair[1]}: {titles[pair[0]]!r} by {why[pair][0]}, {why[pair][1]!r}")
        for pair in sorted(expected - why.keys()):
            print(f"missed {pair[1]}: {titles[pair[0]]!r}")


if __name__ == "__main__":
    main()

"""Which lines of argument an item belongs to, by the rules of `sql/seeds/news_themes.csv`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import polars as pl

from pipelines.contracts.vocabulary import EVENT_THEMES
from pipelines.news.phrases import LINKED, Condition, Conditions
from pipelines.news.seed_rows import Problems, terms_of, text_rows
from pipelines.news.text import shown

THEME_COLUMNS: Final = ("rule", "theme", "all_of", "any_of", "with_any_of", "none_of", "comment")

LIST_COLUMNS: Final = ("list", "terms", "comment")

THEMES: Final = pl.Schema(
    {"news_id": pl.String(), "theme": pl.Enum(EVENT_THEMES), "rule": pl.String(), "matched_text": pl.String()}
)
"""One row per item and theme: the first rule of the file that gives the theme, and the text it matched, sorted."""

_RULE_ID: Final = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class ThemeRules:
    """Rules, ready to be looked up.

    Attributes
    ----------
    names : DataFrame
        ``number`` (order of the file), ``rule``, ``theme``.
    conditions : Conditions
        What a text must hold, by the rule's number.
    """

    names: pl.DataFrame
    conditions: Conditions

    @classmethod
    def of(
        cls,
        rows: pl.DataFrame,
        lists: pl.DataFrame,
        file: str = "news_themes.csv",
        list_file: str = "news_term_lists.csv",
    ) -> ThemeRules:
        """Read the rows of the file of rules.

        Parameters
        ----------
        rows : DataFrame
            Columns of `THEME_COLUMNS`, as text. A text has the theme if it holds every phrase of ``all_of``, one of
            ``any_of``, one of ``with_any_of`` and none of ``none_of``; phrases are separated by ``|``, one that ends
            in ``*`` is the beginning of a word, ``@name`` stands for one phrase of that list, ``@linked`` for the name
            of a security, and an empty cell asks for nothing.
        lists : DataFrame
            Columns of `LIST_COLUMNS`, as text; a list may hold those above it.
        file, list_file : str
            What to call the files in an error.

        Raises
        ------
        NewsRulesError
            If a row is not valid; the message lists every one.
        """
        known = _lists(lists, list_file)
        problems = Problems(file)
        lines: dict[str, int] = {}
        names = []
        conditions = {}
        for number, (line, row) in enumerate(text_rows(rows, THEME_COLUMNS, file)):
            _check(row, problems, line)
            if lines.setdefault(row["rule"], line) != line:
                problems.add(
                    line, f"rule: expected each name once, got {row['rule']!r} as on line {lines[row['rule']]}"
                )
            every = [terms_of(part, problems, line, "all_of", known) for part in row["all_of"].split("|")]
            choices = [terms_of(row[name], problems, line, name, known) for name in ("any_of", "with_any_of")]
            none = terms_of(row["none_of"], problems, line, "none_of", known)
            conditions[number] = Condition(tuple(filter(None, every + choices)), none)
            names.append((number, row["rule"], row["theme"]))
        problems.stop_if_any()
        schema = pl.Schema({"number": pl.Int32(), "rule": pl.String(), "theme": THEMES["theme"]})
        return cls(pl.DataFrame(names, schema, orient="row"), Conditions.of(conditions))


def _lists(rows: pl.DataFrame, file: str) -> dict[str, tuple[str, ...]]:
    """Return the terms of each list, those of the lists that it holds among them."""
    problems = Problems(file)
    known: dict[str, tuple[str, ...]] = {LINKED[1:]: (LINKED,)}
    for line, row in text_rows(rows, LIST_COLUMNS, file):
        if not _RULE_ID.fullmatch(row["list"]) or row["list"] in known:
            problems.add(line, f"list: expected a new name of small letters, digits and _, got {row['list']!r}")
        known[row["list"]] = terms_of(row["terms"], problems, line, "terms", known)
        if not known[row["list"]]:
            problems.add(line, f"terms: expected phrases separated by |, got {row['terms']!r}")
    problems.stop_if_any()
    return known


def _check(row: dict[str, str], problems: Problems, line: int) -> None:
    if not _RULE_ID.fullmatch(row["rule"]):
        problems.add(line, f"rule: expected a name of small letters, digits and _, got {row['rule']!r}")
    if row["theme"] not in EVENT_THEMES:
        problems.add(line, f"theme: expected one of {', '.join(EVENT_THEMES)}, got {row['theme']!r}")
    if not (row["all_of"] or row["any_of"]):
        problems.add(line, "all_of, any_of: expected phrases in one of them, got nothing; a rule must ask for a word")
    if not row["comment"]:
        problems.add(line, "comment: expected what the rule is about, got nothing")


def theme(items: pl.DataFrame, words: pl.Series, rules: ThemeRules, links: pl.DataFrame) -> pl.DataFrame:
    """Return the themes of items.

    Parameters
    ----------
    items : DataFrame
        ``news_id``.
    words : Series
        Their texts in the form of `text.item_words`, in the same order.
    links : DataFrame
        Their securities, columns of `links.LINKS`.

    Returns
    -------
    DataFrame
        Columns of `THEMES`.
    """
    rows = items.select("news_id").with_row_index("row")
    touched = rules.conditions.touched(words, links.join(rows, on="news_id").select("row", found="matched_text"))
    first = (
        rules.conditions.met(touched)
        .join(rules.names, on="number")
        .sort("row", "theme", "number")
        .unique(["row", "theme"], keep="first", maintain_order=True)
    )
    parts = (
        touched.filter(pl.col("group") >= 0)
        .join(first, on=["row", "number"], how="semi")
        .with_columns(shown(pl.col("found")))
        .sort("row", "number", "group", "found")
        .unique(["row", "number", "group"], keep="first", maintain_order=True)
        .group_by("row", "number", maintain_order=True)
        .agg(matched_text=pl.col("found").str.join(" + "))
    )
    return first.join(parts, on=["row", "number"]).join(rows, on="row").select(list(THEMES)).sort("news_id", "theme")

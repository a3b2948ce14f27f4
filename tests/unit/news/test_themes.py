"""Themes by rules: what a rule asks for, and how a hit is explained."""

from __future__ import annotations

import polars as pl
import pytest

from pipelines.errors import NewsRulesError
from pipelines.news import ThemeRules
from pipelines.news.links import LINKS
from pipelines.news.text import item_words
from pipelines.news.themes import LIST_COLUMNS, THEME_COLUMNS, THEMES, theme
from tests.news.raw_items import titled

RULES = [
    ("export", "regulation", "", "export control*|export ban", "china|chips", "coffee", "export rules"),
    ("china_rules", "regulation", "china|rule*", "", "", "", "any rule of China"),
    ("orders", "demand", "@hardware", "order*|backlog", "", "", "orders of hardware"),
    ("results", "earnings", "@linked", "results", "", "trial results", "results of a company"),
]
LISTS = [("chips", "chip*|gpu*", "chips"), ("hardware", "server*|@chips", "all hardware")]


def frame(rows: list[tuple[str, ...]], columns: tuple[str, ...]) -> pl.DataFrame:
    """Return the rows of a data file."""
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")


def rules(*rows: tuple[str, ...], lists: list[tuple[str, ...]] = LISTS) -> ThemeRules:
    """Return rules, those of this file unless others are given."""
    return ThemeRules.of(frame(list(rows) or RULES, THEME_COLUMNS), frame(lists, LIST_COLUMNS), "r.csv", "l.csv")


def found(title: str, linked: str | None = None) -> list[tuple[str, str, str]]:
    """Return theme, rule and matched text of one title, which may be linked to a security by a word."""
    items = titled(title)
    links = LINKS.to_frame()
    if linked:
        links = pl.DataFrame([("feeds:0", "NVDA", "word", linked)], schema=LINKS, orient="row")
    hits = theme(items, items.select(item_words()).to_series(), rules(), links)
    return hits.select("theme", "rule", "matched_text").rows()


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("New export controls for chips", [("regulation", "export", "export control + chips")]),
        ("EXPORT BAN: China replies", [("regulation", "export", "EXPORT BAN + China")]),
        ("Export-control list, China version", [("regulation", "export", "Export control + China")]),
        ("Export ban on coffee to China", []),
        ("Export ban", []),
        ("China changes its rules", [("regulation", "china_rules", "China + rule")]),
        ("China export ban ends by new rules", [("regulation", "export", "export ban + China")]),
        ("Servers: orders up", [("demand", "orders", "Server + order")]),
        ("GPU backlog", [("demand", "orders", "GPU + backlog")]),
        ("Results are out", []),
        ("A chipmunk ordered lunch", [("demand", "orders", "chip + order")]),
    ],
)
def test_a_rule_asks_for_all_for_one_of_each_and_for_none(title: str, expected: list[tuple[str, str, str]]) -> None:
    """The first rule of a theme explains it; a star is the beginning of a word, for better or worse."""
    assert found(title) == [(name, rule, text) for name, rule, text in expected]


def test_a_rule_may_ask_for_a_security() -> None:
    """The name that linked the item is part of the explanation, and what speaks against the rule still does."""
    assert found("Nvidia results", "Nvidia") == [("earnings", "results", "Nvidia + results")]
    assert found("Nvidia trial results", "Nvidia") == []


def test_no_items_have_no_themes() -> None:
    """The frame is typed all the same."""
    items = titled()
    hits = theme(items, items.select(item_words()).to_series(), rules(), LINKS.to_frame())
    assert hits.schema == THEMES
    assert hits.height == 0


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("Export", "regulation", "", "x", "", "", "c"), "rule: expected a name of small letters"),
        (("export", "politics", "", "x", "", "", "c"), "theme: expected one of architectural_innovation"),
        (
            ("export", "regulation", "", "", "x", "", "c"),
            "all_of, any_of: expected phrases in one of them, got nothing",
        ),
        (("export", "regulation", "", "x|??", "", "", "c"), "any_of: expected words between the marks |, got '??'"),
        (("export", "regulation", "", "@none", "", "", "c"), "any_of: expected a list of linked, chips, hardware"),
        (("export", "regulation", "", "x", "", "", ""), "comment: expected what the rule is about"),
    ],
)
def test_a_bad_rule_is_named_with_its_line(row: tuple[str, ...], message: str) -> None:
    """What was expected, what was got, and on which line."""
    with pytest.raises(NewsRulesError) as raised:
        rules(row)
    assert f"r.csv has 1 mistake; correct the file:\n  line 2: {message}" in str(raised.value)


def test_a_rule_has_a_name_of_its_own() -> None:
    """A hit names its rule, so two rules cannot share a name."""
    with pytest.raises(NewsRulesError, match="got 'export' as on line 2"):
        rules(RULES[0], RULES[0])


@pytest.mark.parametrize(
    ("lists", "message"),
    [
        ([("chips", "@later", "c"), ("later", "x", "c")], "line 2: terms: expected a list of linked, got '@later'"),
        ([("chips", "chip*", "c"), ("chips", "x", "c")], "line 3: list: expected a new name"),
        ([("linked", "x", "c")], "line 2: list: expected a new name"),
        ([("chips", "", "c")], "line 2: terms: expected phrases"),
    ],
)
def test_a_bad_list_is_named_with_its_line(lists: list[tuple[str, ...]], message: str) -> None:
    """A list knows those above it alone, so that no list can hold itself."""
    with pytest.raises(NewsRulesError) as raised:
        rules(lists=lists)
    assert "l.csv has " in str(raised.value)
    assert message in str(raised.value)

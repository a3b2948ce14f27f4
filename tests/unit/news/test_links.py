"""Names of securities in texts: which rule links them, and which words only look like them."""

from __future__ import annotations

import polars as pl
import pytest

from pipelines.errors import NewsRulesError
from pipelines.news import Dictionary
from pipelines.news.links import LINKS, link
from pipelines.news.text import item_words
from tests.news.raw_items import titled
from tests.news.scoring import dictionary, seed

SECURITIES = pl.DataFrame({"symbol": ["AAPL", "ARM", "GE", "GEV", "NVDA", "005930.KS", "^GSPC"]})
ALIASES = [
    ("NVDA", "Nvidia", "word", "", "", "name"),
    ("AAPL", "Apple", "cased", "", "orchard*", "name and fruit"),
    ("AAPL", "apple", "word", "iphone*|shares", "", "name in small letters"),
    ("ARM", "Arm", "cased", "chip*|shares", "injur*", "name and limb"),
    ("GE", "GE", "cased", "", "", "ticker"),
    ("GEV", "GE Vernova", "word", "", "", "another company"),
    ("005930.KS", "삼성전자", "word", "", "", "name in Korean"),
    ("^GSPC", "S&P 500", "word", "", "", "index"),
    ("", "Apple pie", "never", "", "", "a cake"),
]
COLUMNS = ("symbol", "alias", "match", "needs", "unless", "evidence")


def aliases(*rows: tuple[str, ...]) -> pl.DataFrame:
    """Return the rows of a file of aliases."""
    return pl.DataFrame(list(rows), schema=dict.fromkeys(COLUMNS, pl.String), orient="row")


def links_of(items: pl.DataFrame, ciks: pl.DataFrame | None = None) -> pl.DataFrame:
    """Return the links of items by the aliases of this file."""
    dictionary = Dictionary.of(aliases(*ALIASES), SECURITIES)
    return link(items, items.select(item_words()).to_series(), dictionary, ciks)


def found(title: str) -> list[tuple[str, str, str]]:
    """Return symbol, rule and matched text of one title."""
    return links_of(titled(title)).select("symbol", "rule", "matched_text").rows()


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("NVIDIA's chips sell out", [("NVDA", "word", "NVIDIA")]),
        ("nvidia, again", [("NVDA", "word", "nvidia")]),
        ("Nvidiafication of everything", []),
        ("Über-Nvidia\u200b?", [("NVDA", "word", "Nvidia")]),
        ("Nvi\u00addia in soft hyphens", [("NVDA", "word", "Nvidia")]),
        ("\uff2e\uff36\uff29\uff24\uff29\uff21 in full width", [("NVDA", "word", "NVIDIA")]),
        ("Nvidiá is another word", []),
        ("Apple opens a store", [("AAPL", "cased_in_context", "Apple")]),
        ("apple opens a store", []),
        ("apple shares drop", [("AAPL", "word_in_context", "apple")]),
        ("Apple orchards in bloom", []),
        ("Apple pie beats Apple crumble", [("AAPL", "cased_in_context", "Apple")]),
        ("Apple Pie contest", []),
        ("Arm shares drop", [("ARM", "cased_in_context", "Arm")]),
        ("Arm of the law", []),
        ("Arm chip designer nurses an injury", []),
        ("GE Vernova is spun off", [("GEV", "word", "GE Vernova")]),
        ("GE and GE Vernova part", [("GE", "cased", "GE"), ("GEV", "word", "GE Vernova")]),
        ("삼성전자가 오른다", [("005930.KS", "word", "삼성전자")]),
        ("S&P 500 and s&p-500", [("^GSPC", "word", "S P 500")]),
        ("$NVDA $arm", [("ARM", "cashtag", "$arm"), ("NVDA", "cashtag", "$NVDA")]),
        ("Great quarter (NASDAQ: NVDA)", [("NVDA", "cashtag", "$NVDA")]),
        ("Great quarter (NYSE:GE) for them", [("GE", "cashtag", "$GE")]),
        ("$NVDAX is no ticker of ours", []),
        ("US$ARMS", []),
        ("Nvidia $NVDA nvidia", [("NVDA", "cashtag", "$NVDA")]),
        ("", []),
    ],
)
def test_a_name_is_a_whole_word_that_its_rule_accepts(title: str, expected: list[tuple[str, str, str]]) -> None:
    """Case, context, longer names and word boundaries in Unicode; the surest rule explains a link."""
    assert found(title) == expected


def test_the_beginning_of_the_summary_is_read_too() -> None:
    """A name that stands far down a long text is not what the item is about."""
    items = titled("One", "Two").with_columns(summary=pl.Series(["By Nvidia.", "x " * 300 + "Nvidia"]))
    assert links_of(items).rows() == [("feeds:0", "NVDA", "word", "Nvidia")]


def test_what_the_source_names_comes_first_and_only_as_a_symbol() -> None:
    """Text that is no symbol by its form is never passed on as one."""
    named = '["NVDA","ZZZZ","\'; DROP TABLE x","<script>","=HYPERLINK(1)"]'
    items = titled("Nvidia").with_columns(symbols=pl.lit(named))
    assert links_of(items).select("symbol", "rule").rows() == [("NVDA", "source"), ("ZZZZ", "source")]


def test_a_filer_is_linked_by_its_number() -> None:
    """With and without leading zeros, as text and as a number; an unknown one is linked to nothing."""
    items = titled("a", "b", "c", "d").with_columns(
        attributes=pl.Series(['{"cik": "0001045810"}', '{"form":"8-K","cik":1045810}', '{"cik":"99"}', None])
    )
    ciks = pl.DataFrame({"cik": [1045810], "symbol": ["NVDA"]})
    expected = [("feeds:0", "NVDA", "cik", "0001045810"), ("feeds:1", "NVDA", "cik", "1045810")]
    assert links_of(items, ciks).rows() == expected


def test_no_items_are_no_links() -> None:
    """The frame is typed all the same."""
    assert links_of(titled()).schema == LINKS


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("NVDA", "Nvidia", "fuzzy", "", "", "name"), "match: expected one of word, cased, never, got 'fuzzy'"),
        (("XXX", "Nvidia", "word", "", "", "name"), "symbol: expected one of securities.csv, got 'XXX'"),
        (("", "Nvidia", "word", "", "", "name"), "symbol: expected one of securities.csv, got ''"),
        (("NVDA", "!!", "word", "", "", "name"), "alias: expected a name with a letter or number, got '!!'"),
        (("NVDA", "Nvidia", "word", "", "", ""), "evidence: expected why 'Nvidia' is matched this way"),
        (("NVDA", "Apple pie", "never", "", "", "cake"), "a row that matches never has no symbol"),
        (("NVDA", "Nvidia", "word", "chip||gpu", "", "name"), "needs: expected words between the marks |, got ''"),
    ],
)
def test_a_bad_row_is_named_with_its_line(row: tuple[str, ...], message: str) -> None:
    """The line is that of the file, whose first line is the header."""
    with pytest.raises(NewsRulesError) as raised:
        Dictionary.of(aliases(ALIASES[0], row), SECURITIES, "names.csv")
    assert "names.csv has " in str(raised.value)
    assert f"line 3: {message}" in str(raised.value)


def test_every_bad_row_is_named_at_once() -> None:
    """Whoever edits the file corrects it in one go; a long list is cut."""
    rows = [("XXX", f"Name {i}", "word", "", "", "name") for i in range(30)]
    with pytest.raises(NewsRulesError, match="has 30 mistakes") as raised:
        Dictionary.of(aliases(*rows), SECURITIES)
    assert "and 10 more" in str(raised.value)


def test_an_alias_stands_once_for_a_symbol() -> None:
    """A name that is spelled otherwise is the same name, unless its spelling counts."""
    with pytest.raises(NewsRulesError, match="as on line 2"):
        Dictionary.of(aliases(ALIASES[0], ("NVDA", "NVIDIA", "word", "", "", "name")), SECURITIES)


def test_a_missing_column_is_named() -> None:
    """The message lists what was expected and what was got."""
    with pytest.raises(NewsRulesError, match="expected the columns symbol, alias"):
        Dictionary.of(aliases(*ALIASES).drop("needs"), SECURITIES)


def test_every_security_of_the_seeds_can_be_named() -> None:
    """A name of the file, or a cashtag; a company is never without a name."""
    names = dictionary().names.filter(pl.col("symbol").is_not_null())
    securities = seed("securities.csv")
    assert set(securities["symbol"]) <= set(names["symbol"])
    listed = seed("news_aliases.csv").filter(pl.col("match") != "never")
    companies = securities.filter(pl.col("asset_class").is_in(["equity", "crypto"]))
    assert set(companies["symbol"]) - set(listed["symbol"]) <= {"GOOG"}


def test_ambiguous_tickers_are_matched_behind_a_mark_alone() -> None:
    """Tickers that are words in capitals or small letters: NOW, APP, SNOW, LITE, COST, ON."""
    titles = titled("NOW is the TIME for an APP in SNOW at LITE COST", "$NOW $APP", "ServiceNow (NYSE: NOW)")
    found = link(titles, titles.select(item_words()).to_series(), dictionary())
    assert found.select("news_id", "symbol").rows() == [("feeds:1", "APP"), ("feeds:1", "NOW"), ("feeds:2", "NOW")]

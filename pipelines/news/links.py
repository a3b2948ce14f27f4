"""Which securities an item is about, and by what word of it."""

from __future__ import annotations

from typing import Final

import polars as pl

from pipelines.contracts.vocabulary import NEWS_LINK_RULES
from pipelines.news.dictionary import Dictionary
from pipelines.news.phrases import longest_hits
from pipelines.news.text import shown

LINKS: Final = pl.Schema(
    {"news_id": pl.String(), "symbol": pl.String(), "rule": pl.Enum(list(NEWS_LINK_RULES)), "matched_text": pl.String()}
)
"""One row per item and security: the surest rule that links them and the text it matched, sorted."""

SYMBOL: Final = r"^[A-Z0-9^][A-Z0-9.=^-]{0,14}$"
"""What may be a symbol; anything else that a source names as one is text that somebody else wrote."""

_FOUND: Final = pl.Schema(
    {"row": pl.UInt32(), "symbol": pl.String(), "rule": LINKS["rule"], "matched_text": pl.String()}
)


def link(
    items: pl.DataFrame, words: pl.Series, dictionary: Dictionary, ciks: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Return the securities of items.

    Parameters
    ----------
    items : DataFrame
        ``news_id``, ``symbols`` (JSON list of what the source names) and, for `ciks`, ``attributes`` (JSON that may
        hold ``cik``).
    words : Series
        Their texts in the form of `text.item_words`, in the same order.
    ciks : DataFrame, optional
        ``cik`` (number or digits, with or without leading zeros), ``symbol``.

    Returns
    -------
    DataFrame
        Columns of `LINKS`.
    """
    rows = items.with_row_index("row")
    found = [_named(words, dictionary), _of_source(rows)]
    if ciks is not None:
        found.append(_of_filer(rows, ciks))
    return (
        pl.concat(found)
        .sort("row", "symbol", "rule", "matched_text")
        .unique(["row", "symbol"], keep="first", maintain_order=True)
        .join(rows.select("row", "news_id"), on="row")
        .select(list(LINKS))
        .sort("news_id", "symbol")
    )


def _named(words: pl.Series, dictionary: Dictionary) -> pl.DataFrame:
    """Return the aliases that stand in the texts and fulfil their conditions."""
    hits = longest_hits(words, dictionary.names["pattern"]).with_columns(matched_text=shown(pl.col("found")))
    named = (
        hits.join(dictionary.names.filter(pl.col("symbol").is_not_null()), on="pattern")
        .filter(pl.col("spelling").is_null() | (pl.col("spelling") == pl.col("matched_text")))
        .select("row", "number", "symbol", "matched_text", "is_conditional", pl.col("rule").cast(LINKS["rule"]))
    )
    rest = named.filter("is_conditional")
    kept = [named.filter(~pl.col("is_conditional"))]
    if rest.height:
        kept.append(_in_context(rest, words, dictionary))
    return pl.concat(kept).select(list(_FOUND))


def _in_context(named: pl.DataFrame, words: pl.Series, dictionary: Dictionary) -> pl.DataFrame:
    """Return the aliases whose texts have a word that they need and none that speaks against them."""
    rows = named["row"].unique().sort()
    near = pl.DataFrame({"place": range(rows.len()), "row": rows}, schema_overrides={"place": pl.UInt32})
    touched = dictionary.conditions.touched(words.gather(rows)).rename({"row": "place"}).join(near, on="place")
    return dictionary.conditions.hold(touched, named)


def _of_source(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the securities that the sources name, if they are symbols by their form."""
    listed = rows.filter(pl.col("symbols").is_not_null() & (pl.col("symbols") != "[]")).select("row", "symbols")
    return (
        listed.with_columns(symbol=pl.col("symbols").str.extract_all(r'"([^"\\]*)"'))
        .select("row", "symbol")
        .explode("symbol")
        .with_columns(pl.col("symbol").str.strip_chars('"'))
        .filter(pl.col("symbol").str.contains(SYMBOL))
        .select("row", "symbol", pl.lit("source", LINKS["rule"]).alias("rule"), matched_text="symbol")
    )


def _of_filer(rows: pl.DataFrame, ciks: pl.DataFrame) -> pl.DataFrame:
    """Return the securities of the filers."""
    known = ciks.select(cik=_number(pl.col("cik").cast(pl.String)), symbol=pl.col("symbol").cast(pl.String)).unique()
    written = pl.col("attributes").str.extract(r'"cik"\s*:\s*"?(\d{1,10})\b')
    return (
        rows.select("row", matched_text=written)
        .drop_nulls()
        .with_columns(cik=_number(pl.col("matched_text")))
        .join(known.drop_nulls(), on="cik")
        .select("row", "symbol", pl.lit("cik", LINKS["rule"]).alias("rule"), "matched_text")
    )


def _number(digits: pl.Expr) -> pl.Expr:
    return digits.str.strip_chars_start("0")

"""The form of a text in which words can be looked up.

Between two words stand two blanks and around the text stand two, so that a phrase with one blank before and after it
is a phrase of whole words, and two phrases that follow one another do not need the same blank.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

MOST_SUMMARY: Final = 400
"""Characters of a summary that are read. What an article is about stands at its beginning; the end of an abstract or a
press release names partners, competitors and the market it is listed on."""

MOST_TEXT: Final = 2_000
"""Characters of a title that are read; no headline is longer, and text without end is no headline."""

_INVISIBLE: Final = r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\p{Cf}\p{Co}\p{Cn}]+"
"""Orders to a terminal, marks of direction, joiners, soft hyphens, and what is no letter to anybody."""

_NO_WORD: Final = r"[^\p{L}\p{N}\p{M}$]+"
_MARKED_TICKER: Final = (
    r"(?:NASDAQ(?:GS|GM|CM)?|Nasdaq|NYSE ?(?:Arca|ARCA|American|AMERICAN)?|NYSEARCA)\s*:\s*([A-Z]{1,5})\b"
)
UNSPACED: Final = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]"
"""Scripts in which a word does not end at a blank: Chinese and Japanese have none, Korean puts particles behind."""


def plain(text: pl.Expr) -> pl.Expr:
    """Return text in compatibility form (NFKC) without invisible characters, such as marks of direction."""
    return text.str.slice(0, MOST_TEXT).str.normalize("NFKC").str.replace_all(_INVISIBLE, "")


def words(text: pl.Expr) -> pl.Expr:
    """Return the words of a text, two blanks between them and around; letters keep their case.

    A ticker behind the name of its exchange, as press releases write it, becomes a cashtag: ``(NASDAQ: NVDA)`` reads
    like ``$NVDA``. The dollar belongs to the word it stands in.
    """
    marked = plain(text).str.replace_all(_MARKED_TICKER, " $$${1} ")
    return "  " + marked.str.replace_all(_NO_WORD, "  ").str.strip_chars(" ") + "  "


def item_words() -> pl.Expr:
    """Return the words of the columns ``title`` and ``summary``, the summary's beginning only."""
    summary = pl.col("summary").str.slice(0, MOST_SUMMARY)
    return words(
        pl.concat_str(
            pl.col("title").str.slice(0, MOST_TEXT - MOST_SUMMARY - 1), summary, separator=" ", ignore_nulls=True
        )
    )


def phrases(texts: Sequence[str]) -> list[str]:
    """Return the forms in which phrases are looked up in `words`; empty for one that has no word.

    A phrase that ends in ``*`` is the beginning of a word. One in a script without blanks stands anywhere.
    """
    text = pl.col("text")
    inner = words(text).str.strip_chars(" ")
    form = (
        pl.when((inner == "") | text.str.contains(UNSPACED))
        .then(inner)
        .when(text.str.ends_with("*"))
        .then(" " + inner)
        .otherwise(" " + inner + " ")
    )
    return pl.DataFrame({"text": texts}, schema={"text": pl.String}).select(form).to_series().to_list()


def has_word(text: str) -> bool:
    """Tell whether a text has a letter or a number."""
    return any(letter.isalnum() for letter in text)


def shown(words_found: pl.Expr) -> pl.Expr:
    """Return words as a reader would write them: one blank between, none around."""
    return words_found.str.replace_all(r" +", " ").str.strip_chars(" ")

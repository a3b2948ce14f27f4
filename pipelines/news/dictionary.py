"""The names by which headlines call securities, as `sql/seeds/news_aliases.csv` lists them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, TypeAlias

import polars as pl

from pipelines.news.phrases import Condition, Conditions
from pipelines.news.seed_rows import Problems, terms_of, text_rows
from pipelines.news.text import has_word, phrases, shown

ALIAS_COLUMNS: Final = ("symbol", "alias", "match", "needs", "unless", "evidence")
MATCHES: Final = ("word", "cased", "never")
"""How an alias is compared: in any spelling, in exactly this one, or only to say that what it covers is no name."""

_CASHTAG: Final = re.compile(r"[A-Z]{1,5}")


@dataclass(frozen=True, slots=True)
class Dictionary:
    """Aliases, ready to be looked up.

    Attributes
    ----------
    names : DataFrame
        One row per alias and security: ``number`` (order of the file), ``pattern`` (as it is looked up), ``spelling``
        (the only one that counts, or null), ``symbol`` (null if it is no name of any), ``rule``, ``is_conditional``.
    conditions : Conditions
        What must or must not stand beside an alias, by its number.
    """

    names: pl.DataFrame
    conditions: Conditions

    @classmethod
    def of(cls, aliases: pl.DataFrame, securities: pl.DataFrame, file: str = "news_aliases.csv") -> Dictionary:
        """Read the rows of the file of aliases.

        Parameters
        ----------
        aliases : DataFrame
            Columns of `ALIAS_COLUMNS`, as text. ``needs`` and ``unless`` are phrases separated by ``|``: one of the
            first must stand in the text, and none of the second may.
        securities : DataFrame
            ``symbol``. Each whose symbol is made of letters has its cashtag without a row.
        file : str
            What to call the file in an error.

        Raises
        ------
        NewsRulesError
            If a row is not valid; the message lists every one.
        """
        problems = Problems(file)
        known = set(securities["symbol"])
        names = []
        conditions = {}
        lines: dict[tuple[str, str, str], int] = {}
        for number, (line, row) in enumerate(text_rows(aliases, ALIAS_COLUMNS, file)):
            _check(row, known, problems, line)
            key = (row["symbol"], row["match"], row["alias"] if row["match"] == "cased" else row["alias"].lower())
            if lines.setdefault(key, line) != line:
                problems.add(
                    line, f"expected each alias of a symbol once, got {row['alias']!r} as on line {lines[key]}"
                )
            needs = terms_of(row["needs"], problems, line, "needs")
            unless = terms_of(row["unless"], problems, line, "unless")
            if needs or unless:
                conditions[number] = Condition((needs,) if needs else (), unless)
            names.append(_name(row, is_conditional=bool(needs or unless)))
        problems.stop_if_any()
        names += [
            (f"${symbol}", False, symbol, "cashtag", False) for symbol in sorted(known) if _CASHTAG.fullmatch(symbol)
        ]
        return cls(_looked_up(names), Conditions.of(conditions))


_Name: TypeAlias = tuple[str, bool, str | None, str | None, bool]
_NAMES: Final = {
    "alias": pl.String(),
    "is_cased": pl.Boolean(),
    "symbol": pl.String(),
    "rule": pl.String(),
    "is_conditional": pl.Boolean(),
}


def _name(row: dict[str, str], *, is_conditional: bool) -> _Name:
    rule = f"{row['match']}_in_context" if is_conditional else row["match"]
    named = (row["symbol"], rule) if row["symbol"] else (None, None)
    return row["alias"], row["match"] == "cased", *named, is_conditional


def _looked_up(names: list[_Name]) -> pl.DataFrame:
    """Return the names with their numbers and the forms in which they are looked up."""
    frame = pl.DataFrame(names, _NAMES, orient="row").with_row_index("number")
    form = pl.Series("form", phrases(frame["alias"].to_list()), dtype=pl.String)
    return frame.with_columns(form).select(
        pl.col("number").cast(pl.Int32),
        pl.col("form").str.to_lowercase().alias("pattern"),
        pl.when("is_cased").then(shown(pl.col("form"))).alias("spelling"),
        "symbol",
        "rule",
        "is_conditional",
    )


def _check(row: dict[str, str], known: set[str], problems: Problems, line: int) -> None:
    if row["match"] not in MATCHES:
        problems.add(line, f"match: expected one of {', '.join(MATCHES)}, got {row['match']!r}")
    if not has_word(row["alias"]):
        problems.add(line, f"alias: expected a name with a letter or number, got {row['alias']!r}")
    if row["match"] == "never":
        if row["symbol"] or row["needs"] or row["unless"]:
            problems.add(line, "a row that matches never has no symbol, needs or unless; empty these cells")
    elif row["symbol"] not in known:
        problems.add(line, f"symbol: expected one of securities.csv, got {row['symbol']!r}; add the security first")
    if not row["evidence"]:
        problems.add(line, f"evidence: expected why {row['alias']!r} is matched this way, got nothing")

"""The names by which headlines call securities, as `sql/seeds/news_aliases.csv` lists them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import polars as pl

from pipelines.contracts.vocabulary import NEWS_LINK_RULES
from pipelines.news.phrases import Condition, Conditions
from pipelines.news.seed_rows import Problems, terms_of, text_rows
from pipelines.news.text import phrase, shown

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
            names.append(_name(number, row, is_conditional=bool(needs or unless)))
        problems.stop_if_any()
        names += [
            _cashtag(len(names) + i, symbol) for i, symbol in enumerate(sorted(filter(_CASHTAG.fullmatch, known)))
        ]
        frame = pl.DataFrame(names, _NAMES, orient="row").with_columns(shown(pl.col("spelling")))
        return cls(frame, Conditions.of(conditions))


_NAMES: Final = pl.Schema(
    {
        "number": pl.Int32(),
        "pattern": pl.String(),
        "spelling": pl.String(),
        "symbol": pl.String(),
        "rule": pl.String(),
        "is_conditional": pl.Boolean(),
    }
)


def _check(row: dict[str, str], known: set[str], problems: Problems, line: int) -> None:
    if row["match"] not in MATCHES:
        problems.add(line, f"match: expected one of {', '.join(MATCHES)}, got {row['match']!r}")
    if not phrase(row["alias"]):
        problems.add(line, f"alias: expected a name with a letter or number, got {row['alias']!r}")
    if row["match"] == "never":
        if row["symbol"] or row["needs"] or row["unless"]:
            problems.add(line, "a row that matches never has no symbol, needs or unless; empty these cells")
    elif row["symbol"] not in known:
        problems.add(line, f"symbol: expected one of securities.csv, got {row['symbol']!r}; add the security first")
    if not row["evidence"]:
        problems.add(line, f"evidence: expected why {row['alias']!r} is matched this way, got nothing")


def _name(
    number: int, row: dict[str, str], *, is_conditional: bool
) -> tuple[int, str, str | None, str | None, str | None, bool]:
    found = phrase(row["alias"])
    rule = f"{row['match']}_in_context" if is_conditional else row["match"]
    spelling = found if row["match"] == "cased" else None
    is_never = row["match"] == "never"
    return number, found.lower(), spelling, row["symbol"] or None, None if is_never else rule, is_conditional


def _cashtag(number: int, symbol: str) -> tuple[int, str, str | None, str | None, str | None, bool]:
    return number, phrase(f"${symbol}").lower(), None, symbol, "cashtag", False


RULE_ORDER: Final = tuple(NEWS_LINK_RULES)
"""Rules from the surest to the least sure; a link is explained by the surest that made it."""

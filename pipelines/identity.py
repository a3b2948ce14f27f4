"""What only people know of securities: which one a symbol named when, and which restatements of a vendor are real.

Both are seeds. Only exceptions need rows: a symbol without one names a security of its own, whose id is the symbol.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby, pairwise
from pathlib import Path
from typing import Final, TypeVar

from pipelines.contracts.vocabulary import LIVE_SOURCES, SYMBOL_REASONS
from pipelines.errors import ConfigurationError

SYMBOLS_FILE: Final = "security_symbols.csv"
ACCEPTED_FILE: Final = "accepted_restatements.csv"
FACTOR_TOLERANCE: Final = 0.01
"""Relative. A price that comes in another unit is rounded anew."""

_SYMBOL_COLUMNS: Final = (
    "symbol",
    "security_id",
    "first_date",
    "last_date",
    "reason",
    "share_class",
    "issuer",
    "evidence",
)
_ACCEPTED_COLUMNS: Final = ("source", "symbol", "accepted_date", "factor", "reason", "evidence")
_SURPLUS: Final = "surplus"
Row = TypeVar("Row")
_REASONS: Final = tuple(word for word in SYMBOL_REASONS if word != "default")


@dataclass(frozen=True, slots=True)
class SymbolPeriod:
    """A time in which a symbol named a security.

    Attributes
    ----------
    first_date, last_date : date or None
        Both included; None where the period has no known beginning, or goes on.
    reason : str
        A word of SYMBOL_REASONS.
    """

    symbol: str
    security_id: str
    first_date: date | None
    last_date: date | None
    reason: str

    @property
    def begins(self) -> date:
        """The first day, before all others where it is not known."""
        return self.first_date or date.min

    def holds(self, day: date) -> bool:
        """Tell whether the symbol named the security on a day."""
        return self.begins <= day <= (self.last_date or date.max)


@dataclass(frozen=True, slots=True)
class AcceptedRestatement:
    """A factor by which a source has moved a whole history, and which somebody has found to be right."""

    source: str
    symbol: str
    accepted_date: date
    factor: float
    reason: str


@dataclass(frozen=True, slots=True)
class Exceptions:
    """The rows of both files."""

    periods: Mapping[str, tuple[SymbolPeriod, ...]] = field(default_factory=dict)
    accepted: tuple[AcceptedRestatement, ...] = ()

    def holder(self, symbol: str, day: date) -> SymbolPeriod | None:
        """Return the period of a symbol that holds a day; None if no row does."""
        return next((period for period in self.periods.get(symbol, ()) if period.holds(day)), None)

    def successor(self, symbol: str, day: date) -> str | None:
        """Return the symbol under which a renamed security trades, if a day is past the last period of its old one."""
        periods = self.periods.get(symbol, ())
        if not periods or periods[-1].last_date is None or periods[-1].last_date >= day:
            return None
        security = periods[-1].security_id
        rest = [one for held in self.periods.values() for one in held if one.security_id == security]
        newest = max(rest, key=lambda one: one.begins)
        return newest.symbol if newest.symbol != symbol else None

    def related(self, symbols: Collection[str]) -> set[str]:
        """Return symbols with all others of the securities that they named at any time."""
        named = {period.security_id for symbol in symbols for period in self.periods.get(symbol, ())}
        held = (period for periods in self.periods.values() for period in periods)
        return {*symbols, *(period.symbol for period in held if period.security_id in named)}

    def present(self, symbols: Collection[str]) -> dict[str, str]:
        """Return the present symbol of each, which for a renamed security is another one."""
        return {symbol: self.successor(symbol, date.max) or symbol for symbol in symbols}

    def accepts(self, source: str, symbol: str, factor: float, day: date) -> AcceptedRestatement | None:
        """Return the row that accepts a factor from its day on; None if none does."""
        for row in self.accepted:
            is_it = (row.source, row.symbol) == (source, symbol) and row.accepted_date <= day
            if is_it and abs(factor / row.factor - 1) <= FACTOR_TOLERANCE:
                return row
        return None


def read_exceptions(folder: Path) -> Exceptions:
    """Read both files of the seeds' folder.

    Raises
    ------
    ConfigurationError
        If a file lacks a column, or a row is not valid; the message names file and line.
    """
    periods = _rows(folder / SYMBOLS_FILE, _SYMBOL_COLUMNS, _period)
    accepted = _rows(folder / ACCEPTED_FILE, _ACCEPTED_COLUMNS, _accepted)
    ordered = sorted((period for _, period in periods), key=lambda one: (one.symbol, one.begins))
    by_symbol = {symbol: tuple(group) for symbol, group in groupby(ordered, key=lambda one: one.symbol)}
    where = {period: f"{SYMBOLS_FILE}, line {line}" for line, period in periods}
    for held in by_symbol.values():
        _check_symbol(held, where)
    for security in {one.security_id for one in ordered}:
        _check_security([one for one in ordered if one.security_id == security], where)
    return Exceptions(by_symbol, tuple(row for _, row in accepted))


def _rows(path: Path, columns: Sequence[str], read: Callable[[Mapping[str, str], str], Row]) -> list[tuple[int, Row]]:
    """Return the rows of a file with their lines."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, restkey=_SURPLUS, strict=True)
            if tuple(reader.fieldnames or ()) != tuple(columns):
                raise ConfigurationError(
                    f"{path.name}: expected the columns {','.join(columns)}, got {','.join(reader.fieldnames or ())}"
                )
            return [(reader.line_num, _read(row, f"{path.name}, line {reader.line_num}", read)) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError(f"{path}: expected a CSV file in UTF-8; {error}") from error


def _read(row: Mapping[str, str], where: str, read: Callable[[Mapping[str, str], str], Row]) -> Row:
    if _SURPLUS in row or None in row.values():
        raise ConfigurationError(
            f"{where}: expected as many cells as the header has; a comma inside a cell needs quotes around it"
        )
    for name in ("symbol", "evidence"):
        if not row[name].strip():
            raise ConfigurationError(f"{where}: expected {name}, got nothing")
    return read(row, where)


def _period(row: Mapping[str, str], where: str) -> SymbolPeriod:
    first, last = _day(row, "first_date", where), _day(row, "last_date", where)
    if first is not None and last is not None and first > last:
        raise ConfigurationError(f"{where}: first_date {first} lies after last_date {last}; swap them")
    if row["reason"] not in _REASONS:
        raise ConfigurationError(f"{where}: reason: expected one of {', '.join(_REASONS)}, got {row['reason']!r}")
    if not row["security_id"].strip():
        raise ConfigurationError(f"{where}: expected security_id, got nothing; the symbol itself will do")
    if row["reason"] == "delisting" and last is None:
        raise ConfigurationError(f"{where}: a delisting needs the last_date on which {row['symbol']} traded")
    return SymbolPeriod(row["symbol"], row["security_id"], first, last, row["reason"])


def _accepted(row: Mapping[str, str], where: str) -> AcceptedRestatement:
    if row["source"] not in LIVE_SOURCES:
        raise ConfigurationError(f"{where}: source: expected one of {', '.join(LIVE_SOURCES)}, got {row['source']!r}")
    day = _day(row, "accepted_date", where)
    try:
        factor = float(row["factor"])
    except ValueError:
        factor = 0.0
    if day is None or not 0 < factor < float("inf"):
        raise ConfigurationError(
            f"{where}: expected accepted_date and a positive factor, new over stored price such as 0.01; "
            f"got {row['accepted_date']!r} and {row['factor']!r}"
        )
    return AcceptedRestatement(row["source"], row["symbol"], day, factor, row["reason"])


def _day(row: Mapping[str, str], name: str, where: str) -> date | None:
    text = row[name].strip()
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise ConfigurationError(f"{where}: {name}: expected a day such as 2022-06-09, got {text!r}") from error


def _check_symbol(held: Sequence[SymbolPeriod], where: Mapping[SymbolPeriod, str]) -> None:
    """Refuse periods of a symbol that overlap: nobody could say which security it named."""
    for one, other in pairwise(held):
        if one.last_date is None or one.last_date >= other.begins:
            raise ConfigurationError(
                f"{where[other]}: {other.symbol} names {other.security_id} from {other.first_date or 'ever'} on, and "
                f"by {where[one]} it names {one.security_id} to {one.last_date or 'this day'}; "
                "let the earlier period end before the later one begins"
            )
    for earlier, period in zip((None, *held), held, strict=False):
        if period.reason == "reuse" and earlier is None:
            raise ConfigurationError(
                f"{where[period]}: a reuse needs a row of whom {period.symbol} named before, with its last_date"
            )


def _check_security(held: Sequence[SymbolPeriod], where: Mapping[SymbolPeriod, str]) -> None:
    """Refuse a security that has two symbols at once, or that loses its symbol without a word."""
    ordered = sorted(held, key=lambda one: one.begins)
    for one, other in pairwise(ordered):
        if one.last_date is None or one.last_date >= other.begins:
            raise ConfigurationError(
                f"{where[other]}: {other.security_id} is named by {one.symbol} and {other.symbol} at once; "
                "share classes are securities of their own: give each its security_id, and one issuer"
            )
    if ordered[0].reason == "rename":
        raise ConfigurationError(
            f"{where[ordered[0]]}: a rename needs the row of the symbol that {ordered[0].security_id} had before"
        )
    last = ordered[-1]
    if last.last_date is not None and last.reason != "delisting":
        raise ConfigurationError(
            f"{where[last]}: {last.security_id} has no symbol after {last.last_date}; add the row of its new symbol, "
            "or give delisting as the reason"
        )

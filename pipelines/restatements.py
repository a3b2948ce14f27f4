"""Tell what an answer says of history that is stored already: the same, another price basis, a revision, or nonsense.

Every fetch asks again for the last final sessions that are stored. The ratio of each fetched price to the stored one
says what happened in between: a vendor that rescales its history after a split or dividend moves every day alike, one
that corrects a bar moves a few, and one that was caught half-way moves some. Nothing is appended to bars of another
basis: a basis change is answered by fetching the whole history anew, as a vintage of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.ratios import Action, Day, Shape, Step, shape_of

__all__ = ["Changes", "Judgement", "Remedy", "Verdict", "changes", "judge"]

PRICE_TOLERANCE: Final = 1e-4
"""Relative. Vendors send prices as 32-bit floats or to the cent, which moves a price of 50 by 1e-4 at most; the
smallest returns that a study calls abnormal are a hundred times larger."""

VOLUME_TOLERANCE: Final = 0.01
"""Relative. Late trades and corrections of the tape move a day's volume by a few tenths of a percent."""

ALERT_SIZE: Final = 0.01
"""A close that a vendor moves by more than 1 % is of the size of the returns that are studied."""

RECENT: Final = timedelta(days=21)
"""Before the last common session. Vendors apply a split or dividend within days of it, so that an older one is in what
is stored; it is looked at only where prices have moved."""

UNIT_LOG: Final = 0.0043
"""Decimal logarithm of 1.01: a price in another unit is a hundred times itself to 1 %, for it may be rounded."""

_KEY: Final = ("symbol", "date")
_VALUES: Final = ("close", "adj_close", "volume")
_MOMENTS: Final = 1 << 27
"""More than there are days, or minutes until 2225, so that symbol and date make one number."""

_Integers = NDArray[np.int64]

_PRICES: Final = ("open", "high", "low", "close", "adj_close")


class Verdict(StrEnum):
    """What an answer says of the stored history."""

    FIRST = "first"  # nothing is stored
    APPEND = "append"  # the history is as it was
    BASIS_CHANGE = "basis_change"  # all of it was rescaled, as a split or dividend does
    REVISION = "revision"  # some bars were corrected
    UNIT_SWITCH = "unit_switch"  # prices come in another unit, such as pence for pounds
    INCONSISTENT = "inconsistent"  # a part was rescaled and a part was not
    GAP = "gap"  # the answer does not reach back to what is stored


class Remedy(StrEnum):
    """What to do with the answer."""

    STORE = "store"  # store what is new and what was corrected, see `changes`
    REFETCH = "refetch"  # ask for the whole history, and store that as a vintage of its own
    QUARANTINE = "quarantine"  # store nothing of it, and ask again tomorrow


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on the answer for one symbol.

    Attributes
    ----------
    reason : str
        What was found, in a sentence.
    n_overlap : int
        Sessions that could be compared.
    ratio : float or None
        New price over stored price where it is not 1: the median over `days`.
    days : tuple of date
        Sessions whose price, or volume, is not what is stored.
    is_alert : bool
        Whether somebody should look at it.
    """

    symbol: str
    verdict: Verdict
    remedy: Remedy
    reason: str
    n_overlap: int = 0
    ratio: float | None = None
    days: tuple[date, ...] = ()
    is_alert: bool = False


@dataclass(frozen=True, slots=True)
class Changes:
    """Rows of an answer that are to be stored.

    Attributes
    ----------
    appended : DataFrame
        Sessions that are not stored.
    revised : DataFrame
        Sessions that are stored with other values; a fetched row without a price never takes the place of a bar.
    """

    appended: pl.DataFrame
    revised: pl.DataFrame


def judge(stored: pl.DataFrame, fetched: pl.DataFrame, actions: pl.DataFrame) -> dict[str, Judgement]:
    """Return the verdict on every symbol of an answer.

    Parameters
    ----------
    stored : DataFrame
        Final bars of the newest vintages: `symbol`, `date`, `close`, `adj_close`, `volume`; one row per session. Days
        before the answer's first are not looked at, so whole histories can be given. Of bars of an hour, which are
        judged alike, `date` is the instant at which the hour opens.
    fetched : DataFrame
        Final bars of the answer, the same columns.
    actions : DataFrame
        Corporate actions of the answer: `symbol`, `date`, `kind`, `value`.

    Notes
    -----
    After a refetch the whole stored history against the whole answer tells whether the vendor has finished: the verdict
    is BASIS_CHANGE if it has, and INCONSISTENT if a part of the history is still on the old basis.
    """
    names = [bars["symbol"].unique(maintain_order=True) for bars in (stored, fetched)]
    symbols = pl.Enum(pl.concat(names).unique(maintain_order=True))  # as they stand: then there is little to sort
    old, new = _sound(stored, symbols), _sound(fetched, symbols)
    pairs = _pairs(old, new)
    summary = _summary(old, new, pairs, actions)
    verdicts = {row["symbol"]: _quick(row) for row in summary.iter_rows(named=True)}
    open_symbols = [symbol for symbol, found in verdicts.items() if found is None]
    looked_at = _look(open_symbols, new, pairs, actions)
    return {symbol: found or looked_at[symbol] for symbol, found in verdicts.items()}


def changes(stored: pl.DataFrame, fetched: pl.DataFrame) -> Changes:
    """Return the rows of an answer that are new or differ from what is stored.

    Parameters
    ----------
    stored, fetched : DataFrame
        `symbol`, `date`, `open`, `high`, `low`, `close`, `adj_close`, `volume` and whatever else; what is stored may
        hold rows that are no bars.
    """
    held = stored.select(*_KEY, *_PRICES, "volume", is_held=pl.lit(value=True))
    both = fetched.join(held, on=_KEY, how="left", suffix="_held", maintain_order="left")
    moved = [_moved(name, PRICE_TOLERANCE) for name in _PRICES]
    differs = pl.any_horizontal(*moved, _moved("volume", 0.0))
    is_held = pl.col("is_held").is_not_null()
    keeps_price = _is_price("close") | ~_is_price("close_held")
    return Changes(
        appended=both.filter(~is_held).select(fetched.columns),
        revised=both.filter(is_held & differs & keeps_price).select(fetched.columns),
    )


def _moved(name: str, tolerance: float) -> pl.Expr:
    """Tell whether a value is not what is held, by more than a share of it; nothing and something differ."""
    new, old = (pl.col(column).fill_nan(None) for column in (name, f"{name}_held"))
    is_off = (new - old).abs() > tolerance * old.abs()
    # Infinity lies no share of itself away from anything, and not even a number away from itself.
    is_endless = new.is_infinite() | old.is_infinite()
    size = pl.when(is_endless).then(new != old).otherwise(is_off).fill_null(value=False)
    return size | (new.is_null() != old.is_null())


def _is_price(name: str) -> pl.Expr:
    return (pl.col(name).is_finite() & (pl.col(name) > 0)).fill_null(value=False)


def _sound(bars: pl.DataFrame, symbols: pl.Enum) -> pl.DataFrame:
    """Return the rows that have a price, in order; the others are no bars and prove nothing."""
    rows = bars.select(*_KEY, *_VALUES).filter(_is_price("close"), pl.col("date").is_not_null())
    coded = rows.with_columns(pl.col("symbol").cast(symbols))
    day = pl.col("date")
    moment = day.to_physical() if coded.schema["date"] == pl.Date else day.dt.epoch("s") // 60
    keyed = coded.with_columns((pl.col("symbol").to_physical().cast(pl.Int64) * _MOMENTS + moment).alias("key"))
    ordered = keyed if keyed["key"].is_sorted() else keyed.sort("key")
    return ordered.with_columns(pl.col("symbol").to_physical().alias("code"))


def _pairs(old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """Return the sessions that both have, with the new values beside the old ones and their ratios."""
    at, is_met = _positions(new["key"].to_numpy(), old)
    held = old if is_met.all() else old.filter(pl.Series(is_met))
    values = new.select(pl.col(name).alias(f"{name}_new") for name in _VALUES)
    met = values if np.array_equal(at, np.arange(values.height)) else values[at]
    return pl.concat([held, met], how="horizontal").with_columns(
        (pl.col(f"{name}_new") / pl.col(name)).alias(f"{name}_ratio") for name in _VALUES
    )


def _positions(keys: _Integers, old: pl.DataFrame) -> tuple[_Integers, NDArray[np.bool_]]:
    """Return where in sorted keys the rows are that have one, and which rows do.

    Sessions of a symbol mostly follow one another alike on both sides, so that the place of its first one tells those
    of the others; only the rest is searched for, which on whole histories takes most of the time of a comparison.
    """
    wanted = old["key"].to_numpy()
    begins, ends = _runs(old)
    at = np.repeat(np.searchsorted(keys, wanted[begins]) - begins, ends - begins + 1) + np.arange(len(wanted))
    np.minimum(at, max(len(keys) - 1, 0), out=at)
    is_met = keys[at] == wanted if len(keys) else np.zeros(len(wanted), bool)
    rest = np.flatnonzero(~is_met)
    if rest.size and len(keys):
        found = np.minimum(np.searchsorted(keys, wanted[rest]), len(keys) - 1)
        at[rest] = found
        is_met[rest] = keys[found] == wanted[rest]
    return at[is_met], is_met


def _summary(old: pl.DataFrame, new: pl.DataFrame, pairs: pl.DataFrame, actions: pl.DataFrame) -> pl.DataFrame:
    """Return a row per fetched symbol: how much of the overlap there is, and how much of it has changed."""
    answered = _by_symbol(new, first="first", last="last")
    bounded = old.filter(old["date"] <= _last_answered(old, answered))
    off = pl.any_horizontal((pl.col(f"{name}_ratio") - 1).abs() > PRICE_TOLERANCE for name in ("close", "adj_close"))
    lost = pl.col("adj_close").is_not_null() & pl.col("adj_close_new").is_null()
    volume_off = (pl.col("volume_ratio") - 1).abs() > VOLUME_TOLERANCE
    is_off = pairs.select((off | lost | volume_off).fill_null(value=False)).to_series().to_numpy()
    begins, ends = _runs(pairs)
    counts = {
        "n_overlap": ends - begins + 1,
        "n_off": np.add.reduceat(is_off, begins, dtype=np.int64) if begins.size else begins,
        "common_close": pairs["close"].gather(ends),
    }
    compared = _by_symbol(pairs, first="common_first", last="common_last").with_columns(
        pl.Series(name, values) for name, values in counts.items()
    )
    table = answered
    for more in (_by_symbol(old, first="stored_first"), _by_symbol(bounded, last="held_last"), compared):
        table = table.join(more, on=["code", "symbol"], how="left")
    table = table.with_columns(pl.col("symbol").cast(pl.String))
    acted = actions.join(table, on="symbol", how="inner").filter(
        pl.col("date") > pl.max_horizontal(pl.col("common_first"), pl.col("common_last") - RECENT),
        pl.col("date") <= pl.col("last"),
    )
    jumps = _jumps(new, table)
    return table.with_columns(
        has_action=pl.col("symbol").is_in(acted["symbol"].unique().to_list()),
        is_jump=pl.col("symbol").is_in(jumps),
    )


def _runs(bars: pl.DataFrame) -> tuple[_Integers, _Integers]:
    """Return the first and the last row of every symbol; the rows are in order."""
    code = bars["code"].to_numpy()
    if not code.size:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    bounds = np.flatnonzero(code[1:] != code[:-1])
    return np.concatenate([[0], bounds + 1]), np.concatenate([bounds, [code.size - 1]])


def _by_symbol(bars: pl.DataFrame, *, first: str | None = None, last: str | None = None) -> pl.DataFrame:
    """Return the first and the last day of every symbol, under the names given; the rows are in order."""
    begins, ends = _runs(bars)
    days = {name: bars["date"].gather(rows) for name, rows in ((first, begins), (last, ends)) if name}
    return pl.DataFrame({"code": bars["code"].gather(begins), "symbol": bars["symbol"].gather(begins), **days})


def _last_answered(bars: pl.DataFrame, answered: pl.DataFrame) -> pl.Series:
    """Return for every row the last day of the answer for its symbol, null where there is none."""
    n_symbols = len(bars.schema["symbol"].categories)  # type: ignore[attr-defined]
    codes = pl.DataFrame({"code": range(n_symbols)}, schema={"code": pl.UInt32})
    by_code = codes.join(answered.with_columns(pl.col("code").cast(pl.UInt32)), on="code", how="left").sort("code")
    return by_code["last"].gather(bars["code"])


def _jumps(new: pl.DataFrame, table: pl.DataFrame) -> list[str]:
    """Return the symbols whose first new bar is a hundred times the last common one, or a hundredth of it."""
    tail = table.filter(pl.col("last") > pl.col("common_last"))
    fresh = new.filter(pl.col("code").is_in(tail["code"].implode())).join(tail, on="code", suffix="_tail")
    first = fresh.filter(pl.col("date") > pl.col("common_last")).group_by("code").agg(pl.all().first())
    size = (pl.col("close") / pl.col("common_close")).log(10).abs()
    return first.filter((size - 2).abs() < UNIT_LOG)["symbol_tail"].to_list()


def _quick(row: Mapping[str, object]) -> Judgement | None:
    """Return the verdict that needs no look at single days, or None."""
    symbol = str(row["symbol"])
    if row["stored_first"] is None:
        return Judgement(symbol, Verdict.FIRST, Remedy.STORE, f"nothing is stored before {row['last']}")
    if row["n_overlap"] is None or row["common_last"] != row["held_last"]:
        reason = (
            f"the answer from {row['first']} to {row['last']} lacks {row['held_last'] or row['stored_first']}, "
            "a session stored; without it nothing proves that both are on one price basis"
        )
        return Judgement(symbol, Verdict.GAP, Remedy.REFETCH, reason, is_alert=True)
    if row["n_off"] or row["has_action"] or row["is_jump"]:
        return None
    n_overlap = int(str(row["n_overlap"]))
    return Judgement(symbol, Verdict.APPEND, Remedy.STORE, f"all of {n_overlap} sessions are as stored", n_overlap)


def _look(
    symbols: Sequence[str], new: pl.DataFrame, pairs: pl.DataFrame, actions: pl.DataFrame
) -> dict[str, Judgement]:
    """Return the verdicts that need a look at single days."""
    if not symbols:
        return {}
    chosen = pl.col("symbol").is_in(list(symbols))
    days: dict[str, list[Day]] = {symbol: [] for symbol in symbols}
    for row in pairs.filter(chosen).sort(_KEY).iter_rows(named=True):
        is_lost = row["adj_close"] is not None and row["adj_close_new"] is None
        ratios = (row["close_ratio"], row["adj_close_ratio"], row["volume_ratio"])
        days[row["symbol"]].append(Day(row["date"], row["close"], *ratios, is_lost=is_lost))
    acted: dict[str, list[Action]] = {symbol: [] for symbol in symbols}
    for row in actions.filter(chosen).iter_rows(named=True):
        acted[row["symbol"]].append(Action(row["date"], row["kind"], row["value"]))
    closes: dict[str, dict[date, float]] = {symbol: {} for symbol in symbols}
    for symbol, day, close in new.filter(chosen).select(*_KEY, "close").sort(_KEY).iter_rows():
        closes[symbol][day] = close
    return {symbol: _judge_one(symbol, days[symbol], closes[symbol], acted[symbol]) for symbol in symbols}


def _judge_one(symbol: str, days: Sequence[Day], closes: Mapping[date, float], actions: Sequence[Action]) -> Judgement:
    """Return the verdict on one symbol from the ratios of its days."""
    found = shape_of(days, closes, actions, PRICE_TOLERANCE)
    match found.step:
        case Step.UNIT:
            verdict, remedy = Verdict.UNIT_SWITCH, Remedy.QUARANTINE
        case Step.PARTIAL:
            verdict, remedy = Verdict.INCONSISTENT, Remedy.QUARANTINE
        case Step.ALL:
            verdict, remedy = Verdict.BASIS_CHANGE, Remedy.REFETCH
        case Step.SOME:
            verdict, remedy = Verdict.REVISION, Remedy.STORE if _is_anchored(days, found) else Remedy.REFETCH
        case Step.NONE:
            return _unmoved(symbol, days)
    is_alert = (
        remedy is Remedy.QUARANTINE
        or (verdict is Verdict.REVISION and (remedy is Remedy.REFETCH or found.largest > ALERT_SIZE))
        or (verdict is Verdict.BASIS_CHANGE and not found.is_explained)
    )
    return Judgement(symbol, verdict, remedy, found.sentence, len(days), found.ratio, found.days, is_alert)


def _is_anchored(days: Sequence[Day], found: Shape) -> bool:
    """Tell whether most days, and the first one, are as stored: then what moved is a correction within the basis."""
    return days[0].date not in found.days and 2 * len(found.days) < len(days)


def _unmoved(symbol: str, days: Sequence[Day]) -> Judgement:
    """Return the verdict on prices that have not moved: volumes alone are a revision too, and no alert."""
    off = tuple(day.date for day in days if day.volume is not None and abs(day.volume - 1) > VOLUME_TOLERANCE)
    if not off:
        reason = f"all of {len(days)} sessions are as stored"
        return Judgement(symbol, Verdict.APPEND, Remedy.STORE, reason, len(days))
    reason = f"the volume of {len(off)} of {len(days)} sessions moved by more than {VOLUME_TOLERANCE:.0%}, no price did"
    return Judgement(symbol, Verdict.REVISION, Remedy.STORE, reason, len(days), None, off)

"""The event x security pairs that a study is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from pipelines.errors import ContractError
from pipelines.event_study.arrays import DayArray, IntArray
from pipelines.event_study.panel import ReturnPanel

PAIR_COLUMNS: Final = {
    "event_id": pl.String(),
    "symbol": pl.String(),
    "event_session": pl.Date(),
    "event_index": pl.Int64(),
    "last_index": pl.Int64(),
    "is_ended": pl.Boolean(),
}
"""Columns of the frame of pairs."""

NO_PRICES: Final = -1
"""Code of a symbol that the panel has no prices of."""


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Where pairs stand in a panel; both arrays have shape (pairs,).

    Attributes
    ----------
    code : array of int
        Code of each pair's symbol, NO_PRICES where the panel does not hold it.
    event_index : array of int
        Session index of day 0 in the listing's own count.
    """

    code: IntArray
    event_index: IntArray

    @property
    def size(self) -> int:
        """Number of pairs."""
        return self.code.size

    def take(self, rows: IntArray | slice) -> Places:
        """Return the places of some pairs."""
        return Places(self.code[rows], self.event_index[rows])


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Pairs with day 0 resolved; every array has shape (pairs,).

    Attributes
    ----------
    frame : DataFrame
        The pairs with the columns of PAIR_COLUMNS.
    code : array of int
        Code of each pair's symbol in the panel, NO_PRICES where the panel does not hold it.
    event_index, last_index : array of int
        Session index, in the listing's own count, of day 0 and of the last session with a price.
    session : array of int
        Day 0 as days since 1970-01-01.
    """

    frame: pl.DataFrame
    code: IntArray
    event_index: IntArray
    last_index: IntArray
    session: DayArray

    @classmethod
    def of(cls, frame: pl.DataFrame, panel: ReturnPanel) -> Pairs:
        """Look up the symbols of a checked frame in the panel."""
        return cls(
            frame=frame,
            code=panel.codes(frame["symbol"]),
            event_index=frame["event_index"].to_numpy(),
            last_index=frame["last_index"].to_numpy(),
            session=frame["event_session"].cast(pl.Int32).to_numpy(),
        )

    @property
    def size(self) -> int:
        """Number of pairs."""
        return self.code.size

    @property
    def places(self) -> Places:
        """Where the pairs stand in the panel."""
        return Places(self.code, self.event_index)

    def take(self, rows: IntArray | slice) -> Pairs:
        """Return some of the pairs."""
        return Pairs(
            self.frame[rows], self.code[rows], self.event_index[rows], self.last_index[rows], self.session[rows]
        )


def checked_pairs(pairs: pl.DataFrame) -> pl.DataFrame:
    """Return the pairs in order of event and symbol.

    Raises
    ------
    ContractError
        If a column is missing, a value is null or a pair is asked for twice.
    """
    missing = [name for name in PAIR_COLUMNS if name not in pairs.columns]
    if missing:
        raise ContractError(f"pairs need the columns {list(PAIR_COLUMNS)}; missing {missing}")
    frame = pairs.select(pl.col(name).cast(dtype) for name, dtype in PAIR_COLUMNS.items())
    frame = frame.sort("event_id", "symbol")
    nulls = {name: n for name in PAIR_COLUMNS if (n := frame[name].null_count())}
    if nulls:
        raise ContractError(f"pairs must be resolved before a study, every column filled; nulls by column: {nulls}")
    is_again = pl.all_horizontal(pl.col("event_id", "symbol") == pl.col("event_id", "symbol").shift())
    again = frame.filter(is_again)
    if again.height:
        event_id, symbol = again.row(0)[:2]
        raise ContractError(f"a pair may be asked for once; event {event_id!r} x {symbol} is there twice")
    return frame

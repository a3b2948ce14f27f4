"""The return panel: every listing's prices and returns as flat arrays, one run per symbol."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
import polars as pl

from pipelines.errors import ContractError, SpecError
from pipelines.event_study.arrays import BoolArray, DayArray, FloatArray, IntArray
from pipelines.event_study.factors import FactorTable

COLUMNS: Final = {
    "symbol": pl.String(),
    "session_date": pl.Date(),
    "session_index": pl.Int64(),
    "return_price": pl.Float64(),
    "simple_return": pl.Float64(),
    "log_return": pl.Float64(),
}
"""Columns of the frame a panel is made from."""

VOLUME_COLUMNS: Final = {"volume": pl.Float64(), "shares_outstanding": pl.Float64()}
"""Columns that it may have beside them; one that is absent holds no value."""

_EPOCH: Final = date(1970, 1, 1)
_SYMBOLS_SHOWN: Final = 5


def as_date(day: int) -> date:
    """Turn a count of days since 1970-01-01 into a date."""
    return _EPOCH + timedelta(days=int(day))


@dataclass(frozen=True, slots=True, eq=False)
class ReturnPanel:
    """Prices and returns of all listings, sorted by symbol and session.

    Attributes
    ----------
    symbols : tuple of str
        Symbols in ascending order; a symbol's place in it is its code.
    offsets : array, shape (symbols + 1,)
        Rows of symbol s are offsets[s] up to, not including, offsets[s + 1].
    session_index : array, shape (rows,)
        Running number of the session in the listing's own count.
    session_day : array, shape (rows,)
        Session date as days since 1970-01-01.
    price : array, shape (rows,)
        Price the returns are computed from; NaN on a session without one.
    simple_return, log_return : array, shape (rows,)
        Decimal return since the session before; NaN where there is none.
    volume, shares_outstanding : array, shape (rows,)
        Units traded in the session and units in issue; NaN where not known.
    factors : FactorTable or None
        Factor returns by date.
    """

    symbols: tuple[str, ...]
    offsets: IntArray
    session_index: IntArray
    session_day: DayArray
    price: FloatArray
    simple_return: FloatArray
    log_return: FloatArray
    volume: FloatArray
    shares_outstanding: FloatArray
    factors: FactorTable | None

    @classmethod
    def from_frame(cls, returns: pl.DataFrame, factors: pl.DataFrame | None = None) -> ReturnPanel:
        """Build the panel from a frame of returns, rows in any order.

        Parameters
        ----------
        returns : DataFrame
            Columns `symbol`, `session_date`, `session_index`, `return_price`, `simple_return`, `log_return`. A
            session without a price may be absent or have a null price; in the second case its date is known.
            `volume` and `shares_outstanding` may stand beside them.
        factors : DataFrame, optional
            Column `factor_date` and one column of decimal returns per factor.

        Raises
        ------
        ContractError
            If a column is missing, a key is null or repeated, dates and session counts of a listing disagree in
            order, a price or count of shares is not a positive number, or a return or volume is infinite.
        """
        frame = _select(returns).sort("symbol", "session_index")
        starts = frame["symbol"].rle_id().to_numpy() if frame.height else np.zeros(0, dtype=np.uint32)
        counts = np.bincount(starts)
        panel = cls(
            symbols=tuple(frame["symbol"].unique(maintain_order=True)),
            offsets=np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
            session_index=frame["session_index"].to_numpy(),
            session_day=frame["session_date"].cast(pl.Int32).to_numpy(),
            price=_floats(frame["return_price"]),
            simple_return=_floats(frame["simple_return"]),
            log_return=_floats(frame["log_return"]),
            volume=_floats(frame["volume"]),
            shares_outstanding=_floats(frame["shares_outstanding"]),
            factors=None if factors is None else FactorTable.from_frame(factors),
        )
        panel._check()
        return panel

    def _check(self) -> None:
        self._check_numbers("return_price", self.price, "a positive number", self.price > 0)
        for name in ("simple_return", "log_return"):
            self._check_numbers(name, getattr(self, name), "a finite number")
        self._check_numbers("volume", self.volume, "a number of units", self.volume >= 0)
        shares = self.shares_outstanding
        self._check_numbers("shares_outstanding", shares, "a positive number of units", shares > 0)
        inside = np.ones(self.session_index.size, dtype=np.bool_)
        inside[self.offsets[:-1]] = False
        again = np.flatnonzero(inside[1:] & (np.diff(self.session_index) == 0))
        if again.size:
            raise ContractError(
                f"a listing has one row per session_index; {self._where(again[0])} has session_index "
                f"{self.session_index[again[0]]} twice"
            )
        back = np.flatnonzero(inside[1:] & (np.diff(self.session_day) <= 0))
        if back.size:
            raise ContractError(
                f"session_date must rise with session_index; after {self._where(back[0])} comes "
                f"{as_date(self.session_day[back[0] + 1])}"
            )

    def _check_numbers(self, name: str, values: FloatArray, what: str, allowed: BoolArray | None = None) -> None:
        good = np.isfinite(values) if allowed is None else np.isfinite(values) & allowed
        bad = np.flatnonzero(~np.isnan(values) & ~good)
        if bad.size:
            raise ContractError(f"{name} must be {what} or null; {self._where(bad[0])} has {values[bad[0]]}")

    def _where(self, row: int) -> str:
        code = int(np.searchsorted(self.offsets, row, side="right")) - 1
        return f"{self.symbols[code]} on {as_date(self.session_day[row])}"

    def code(self, symbol: str) -> int:
        """Return the code of a symbol.

        Raises
        ------
        SpecError
            If the panel has no prices of it.
        """
        if symbol not in self.symbols:
            shown = ", ".join(self.symbols[:_SYMBOLS_SHOWN]) or "none"
            more = f" and {len(self.symbols) - _SYMBOLS_SHOWN} more" if len(self.symbols) > _SYMBOLS_SHOWN else ""
            raise SpecError(f"the benchmark {symbol!r} has no prices in the panel; it holds {shown}{more}")
        return self.symbols.index(symbol)

    def codes(self, symbols: pl.Series) -> IntArray:
        """Return the code of each symbol, -1 for one the panel does not hold; shape (symbols,)."""
        known = pl.DataFrame({"symbol": self.symbols, "code": range(len(self.symbols))}, schema_overrides=_CODE)
        asked = symbols.rename("symbol").to_frame()
        return asked.join(known, on="symbol", how="left", maintain_order="left")["code"].fill_null(-1).to_numpy()

    def rows(self, code: int) -> slice:
        """Return the rows of one symbol."""
        return slice(int(self.offsets[code]), int(self.offsets[code + 1]))

    def returns(self, return_type: str) -> FloatArray:
        """Return the simple or the log returns; shape (rows,)."""
        return self.simple_return if return_type == "simple" else self.log_return

    def priced_rows(self, code: int) -> IntArray:
        """Return the rows of one symbol that have a price."""
        rows = self.rows(code)
        priced: IntArray = rows.start + np.flatnonzero(~np.isnan(self.price[rows]))
        return priced

    def priced_row(self, code: int, session_index: int) -> int | None:
        """Return the row of a listing's session, None if the session has no price."""
        rows = self.rows(code)
        row = rows.start + int(np.searchsorted(self.session_index[rows], session_index))
        found = row < rows.stop and self.session_index[row] == session_index and not np.isnan(self.price[row])
        return row if found else None

    def has_price_on(self, code: int, day: int) -> bool:
        """Tell whether a listing has a price on a day, counted since 1970-01-01."""
        rows = self.rows(code)
        row = rows.start + int(np.searchsorted(self.session_day[rows], day))
        return row < rows.stop and bool(self.session_day[row] == day) and not np.isnan(self.price[row])

    @property
    def row_code(self) -> IntArray:
        """Code of the symbol of each row; shape (rows,)."""
        return np.repeat(np.arange(len(self.symbols)), np.diff(self.offsets))

    @property
    def has_price(self) -> BoolArray:
        """Whether each row has a price; shape (rows,)."""
        return ~np.isnan(self.price)


_CODE: Final = {"symbol": pl.String(), "code": pl.Int64()}


def _select(returns: pl.DataFrame) -> pl.DataFrame:
    missing = [name for name in COLUMNS if name not in returns.columns]
    if missing:
        raise ContractError(f"a return panel needs the columns {list(COLUMNS)}; missing {missing}")
    frame = returns.select(
        *(pl.col(name).cast(dtype) for name, dtype in COLUMNS.items()),
        *(
            (pl.col(name) if name in returns.columns else pl.lit(None)).cast(dtype).alias(name)
            for name, dtype in VOLUME_COLUMNS.items()
        ),
    )
    for name in ("symbol", "session_date", "session_index"):
        if nulls := frame[name].null_count():
            raise ContractError(f"column {name} of a return panel must not be null; {nulls} rows have no {name}")
    return frame


def _floats(column: pl.Series) -> FloatArray:
    return column.fill_null(float("nan")).to_numpy()

"""Factor returns by date, matched to the days that a security's return spans."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.errors import ContractError, SpecError
from pipelines.event_study.arrays import DayArray, FloatArray

DATE = "factor_date"


@dataclass(frozen=True, slots=True, eq=False)
class FactorTable:
    """Factor returns, one row per date in ascending order.

    Attributes
    ----------
    days : array, shape (dates,)
        Days since 1970-01-01.
    names : tuple of str
        Factors.
    values : array, shape (factors, dates)
        Decimal returns; NaN where missing.
    """

    days: DayArray
    names: tuple[str, ...]
    values: FloatArray

    @classmethod
    def from_frame(cls, frame: pl.DataFrame) -> FactorTable:
        """Read a table with a column `factor_date` and one column per factor.

        Raises
        ------
        ContractError
            If there is no date column, a date is null or stands twice, or a return is infinite.
        """
        if DATE not in frame.columns:
            raise ContractError(f"a factor table needs the column {DATE!r}; got {frame.columns}")
        table = frame.with_columns(pl.col(DATE).cast(pl.Date)).sort(DATE)
        if table[DATE].null_count() or table[DATE].n_unique() < table.height:
            raise ContractError("a factor table has one row per date; a date is missing or stands twice")
        names = tuple(name for name in table.columns if name != DATE)
        columns = [table[name].cast(pl.Float64).fill_null(float("nan")).to_numpy() for name in names]
        values = np.array(columns, dtype=np.float64).reshape(len(names), table.height)
        infinite = np.argwhere(np.isinf(values))
        if infinite.size:
            factor, row = infinite[0]
            raise ContractError(
                f"a factor's return must be a finite number or null; {names[factor]} on {table[DATE][int(row)]} is "
                f"{values[factor, row]}"
            )
        return cls(table[DATE].cast(pl.Int32).to_numpy(), names, values)

    def of_family(self, suffix: str) -> FactorTable:
        """Return the table in which factors whose names end in a suffix stand in place of those without it.

        Two factors of one name may be different portfolios, such as SMB beside two other factors and beside four: the
        table holds both, and a model sees those of its own family.
        """
        own = {name for name in self.names if name.endswith(suffix)}
        kept = [row for row, name in enumerate(self.names) if name + suffix not in own]
        return FactorTable(self.days, tuple(self.names[row].removesuffix(suffix) for row in kept), self.values[kept])

    def over(self, name: str, before: DayArray, day: DayArray) -> FloatArray:
        """Return a factor's return over the days after `before`, up to `day`.

        Parameters
        ----------
        before, day : array, shape (rows,)
            Days of the price before and of the price itself.

        Returns
        -------
        array, shape (rows,)
            The factor's own value where exactly one of its dates lies in the span, else the values compounded; NaN
            unless the table has both days.

        Raises
        ------
        SpecError
            If the table has no such factor.
        """
        if name not in self.names:
            raise SpecError(f"the factor table has no column {name!r}; it has {', '.join(self.names)}")
        values = self.values[self.names.index(name)]
        if not self.days.size:
            return np.full(day.size, np.nan)
        last = np.minimum(np.searchsorted(self.days, day), self.days.size - 1)
        first = np.minimum(np.searchsorted(self.days, before), self.days.size - 1)
        known = (self.days[last] == day) & (self.days[first] == before)
        found = np.where(known, values[last], np.nan)
        several = np.flatnonzero(known & (last - first > 1))
        for row in several.tolist():
            found[row] = np.prod(1.0 + values[first[row] + 1 : last[row] + 1]) - 1.0
        return found

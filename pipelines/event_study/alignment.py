"""Align: lay a panel out so that any window of any listing is one slice, and match the benchmark to each return."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from pipelines.event_study.arrays import DayArray, FloatArray, IntArray
from pipelines.event_study.pairs import Pairs
from pipelines.event_study.panel import ReturnPanel
from pipelines.event_study.spec import StudySpec, Window

NO_DAY: Final = np.iinfo(np.int32).min
"""Session day of a slot whose session the panel does not know."""

_Value = TypeVar("_Value", np.float64, np.int32)


@dataclass(frozen=True, slots=True, eq=False)
class AlignedReturns:
    """Returns with one slot per session of each listing's count, from its first to its last row.

    Between two listings, before the first and after the last lie `padding` empty slots, so a window that starts
    outside a listing reads nothing but missing values. The last listing is an empty one: the code of a symbol
    without prices, -1, leads to it.

    Attributes
    ----------
    first_slot, first_index, n_slots : array, shape (symbols + 1,)
        Slot and session index of a listing's first row, and slots up to its last row.
    padding : int
        Empty slots between listings; no window may be longer.
    security : array, shape (slots,)
        The security's own return, NaN where there is none.
    benchmark : array, shape (slots,)
        The benchmark's return over the same days as the security's; 0 for a model without a benchmark; NaN where
        either return is missing.
    usable_before : array, shape (slots + 1,)
        Slots before each slot that have both returns.
    session_day : array, shape (slots,)
        Days since 1970-01-01, NO_DAY where the panel has no row.
    """

    first_slot: IntArray
    first_index: IntArray
    n_slots: IntArray
    padding: int
    security: FloatArray
    benchmark: FloatArray
    usable_before: IntArray
    session_day: DayArray

    def take(self, values: NDArray[_Value], pairs: Pairs, window: Window) -> NDArray[_Value]:
        """Gather a window around day 0 for many pairs.

        Parameters
        ----------
        values : array, shape (slots,)
            One of this object's slot arrays.
        pairs : Pairs
            Pairs whose windows are wanted; one without prices reads nothing but missing values.
        window : Window
            Relative days to gather.

        Returns
        -------
        array, shape (pairs, window.length)
        """
        gathered: NDArray[_Value] = sliding_window_view(values, window.length)[self._slot(pairs, window)]
        return gathered

    def returns(self, pairs: Pairs, window: Window) -> tuple[FloatArray, FloatArray]:
        """Gather the securities' and the benchmark's returns, each of shape (pairs, window.length)."""
        return self.take(self.security, pairs, window), self.take(self.benchmark, pairs, window)

    def n_usable(self, pairs: Pairs, window: Window) -> IntArray:
        """Count each pair's sessions in a window that have both returns; shape (pairs,)."""
        slot = self._slot(pairs, window)
        return self.usable_before[slot + window.length] - self.usable_before[slot]

    def _slot(self, pairs: Pairs, window: Window) -> IntArray:
        """Return the slot of each pair's first day of a window, in the padding if it lies outside the listing."""
        offset = pairs.event_index + window.start - self.first_index[pairs.code]
        slot: IntArray = self.first_slot[pairs.code] + np.clip(offset, -self.padding, self.n_slots[pairs.code])
        return slot


def align(spec: StudySpec, panel: ReturnPanel) -> AlignedReturns:
    """Lay out the panel for a study and match the benchmark's returns to the securities'.

    Raises
    ------
    SpecError
        If the benchmark has no prices in the panel.
    """
    security = panel.returns(spec.return_type)
    if spec.benchmark is None:
        benchmark = np.zeros_like(security)
    else:
        benchmark = matched_benchmark(panel, spec.benchmark, spec.return_type)
    benchmark[np.isnan(security)] = np.nan

    padding = max(spec.estimation.length, spec.event.length)
    first_index = np.append(panel.session_index[panel.offsets[:-1]], 0)
    n_slots = np.append(panel.session_index[panel.offsets[1:] - 1] + 1, 0) - first_index
    end_slot = np.cumsum(n_slots + padding)
    first_slot = end_slot - n_slots
    slot = panel.session_index + (first_slot - first_index)[panel.row_code]
    total = int(end_slot[-1]) + padding
    benchmark_slots = _scatter(benchmark, slot, total, np.float64(np.nan))
    return AlignedReturns(
        first_slot=first_slot,
        first_index=first_index,
        n_slots=n_slots,
        padding=padding,
        security=_scatter(security, slot, total, np.float64(np.nan)),
        benchmark=benchmark_slots,
        usable_before=np.concatenate(([0], np.cumsum(~np.isnan(benchmark_slots)))),
        session_day=_scatter(panel.session_day, slot, total, np.int32(NO_DAY)),
    )


def matched_benchmark(panel: ReturnPanel, benchmark: str, return_type: str) -> FloatArray:
    """Return the benchmark's return over the days that each security's return spans.

    A return at session t spans the days after the listing's previous price up to t. The benchmark's return over them
    is P(t)/P(t_previous) - 1, or its logarithm, and is missing unless the benchmark has a price on both dates. So two
    calendars with different holidays are compared over equal days, without padding.

    Returns
    -------
    array, shape (rows,)
        NaN where there is no match.
    """
    priced = np.flatnonzero(panel.has_price)
    level = _price_on(panel, panel.code(benchmark), panel.session_day[priced])
    before = np.full_like(level, np.nan)
    before[1:] = level[:-1]
    code = panel.row_code[priced]
    before[np.flatnonzero(np.diff(code)) + 1] = np.nan
    ratio = level / before
    matched = np.full(panel.price.size, np.nan)
    matched[priced] = ratio - 1.0 if return_type == "simple" else np.log(ratio)
    return matched


def _price_on(panel: ReturnPanel, code: int, days: DayArray) -> FloatArray:
    """Look up a listing's price on each day, NaN where it has none; shape (days,)."""
    rows = panel.rows(code)
    first = int(panel.session_day[rows][0])
    by_day = np.full(int(panel.session_day[rows][-1]) - first + 3, np.nan)
    by_day[panel.session_day[rows] - first + 1] = panel.price[rows]
    return by_day[np.clip(days - first + 1, 0, by_day.size - 1)]


def _scatter(values: NDArray[_Value], slot: IntArray, total: int, empty: _Value) -> NDArray[_Value]:
    laid_out = np.full(total, empty, dtype=values.dtype)
    laid_out[slot] = values
    return laid_out

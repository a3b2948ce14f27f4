"""Align: lay a panel out so that any window of any listing is one slice, and match regressors to each return."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from pipelines.errors import SpecError
from pipelines.event_study.arrays import BoolArray, DayArray, FloatArray, IntArray
from pipelines.event_study.layout import Layout
from pipelines.event_study.measures import measured, panel_mean
from pipelines.event_study.models import BENCHMARK, RISK_FREE, Regressor
from pipelines.event_study.pairs import NO_PRICES, Pairs, Places
from pipelines.event_study.panel import ReturnPanel
from pipelines.event_study.spec import StudySpec
from pipelines.event_study.windows import Window

NO_DAY: Final = np.iinfo(np.int32).min
"""Session day of a slot whose session the panel does not know."""

_Value = TypeVar("_Value", np.float64, np.int32, np.uint64)


@dataclass(frozen=True, slots=True, eq=False)
class AlignedReturns:
    """What a study reads of a panel, slot by slot.

    Attributes
    ----------
    layout : Layout
        Where each listing's sessions lie.
    actual : array, shape (slots,)
        The security's own return (or log volume), NaN where there is none.
    base : array, shape (slots,)
        Known part of the normal return: the benchmark's return for a market-adjusted one, the risk-free return for
        one in excess of it, else 0; NaN where the return or any regressor is missing.
    regressors, neighbours : array, shape (k, slots), (p, slots)
        Matched regressors of the study, and the leads and lags that only the estimate of the slope looks at.
    response : array, shape (slots,)
        actual - base, NaN where it is missing or left out of estimation windows.
    n_usable : array, shape (slots + 1,)
        Slots before each slot that have a response.
    session_day : array, shape (slots,)
        Days since 1970-01-01, NO_DAY where the panel has no row.
    """

    layout: Layout
    actual: FloatArray
    base: FloatArray
    regressors: FloatArray
    neighbours: FloatArray
    response: FloatArray
    n_usable: IntArray
    session_day: DayArray

    def take(self, values: NDArray[_Value], pairs: Places, window: Window) -> NDArray[_Value]:
        """Gather a window around day 0 for many pairs.

        Parameters
        ----------
        values : array, shape (slots,) or (k, slots)
            One of this object's slot arrays.
        pairs : Places
            Pairs whose windows are wanted; one without prices reads nothing but missing values.
        window : Window
            Relative days to gather.

        Returns
        -------
        array, shape (pairs, window.length) or (k, pairs, window.length)
        """
        gathered: NDArray[_Value] = sliding_window_view(values, window.length, axis=-1)[
            ..., self.layout.start(pairs, window), :
        ]
        return gathered

    def n_estimation(self, pairs: Places, window: Window) -> IntArray:
        """Count each pair's sessions of a window that have a response; shape (pairs,)."""
        slot = self.layout.start(pairs, window)
        return self.n_usable[slot + window.length] - self.n_usable[slot]


def align(spec: StudySpec, panel: ReturnPanel, pairs: Pairs) -> AlignedReturns:
    """Lay out the panel for a study and match the regressors to the securities' returns.

    Parameters
    ----------
    pairs : Pairs
        All pairs asked for; around their events other pairs of the same security have no estimation days if the
        study excludes them.

    Raises
    ------
    SpecError
        If the benchmark or a factor is not in the panel.
    """
    layout = Layout.of(panel, max(spec.estimation.length, spec.event.length, spec.reach))
    slot = layout.slots(panel)

    def spread(values: FloatArray) -> FloatArray:
        return _scatter(values, slot, layout.total, np.float64(np.nan))

    actual = spread(measured(spec, panel))
    columns = _Columns(spec, panel)
    model = spec.normal_model
    base = np.zeros(layout.total)
    if model.benchmark == "subtracted":
        base = spread(columns[BENCHMARK])
    elif model.is_excess:
        base = spread(columns[RISK_FREE])
    regressors = np.stack([_lagged(spread(columns[each.name]), each) for each in spec.regressors] or [base])
    base = np.where(np.isnan(actual) | np.isnan(regressors).any(axis=0), np.nan, base)
    neighbours = _stacked([_lagged(spread(columns[each.name]), each) for each in spec.neighbours], layout.total)
    left_out = _is_excluded(spec, layout, pairs)
    if spec.model == "dimson":
        left_out |= np.isnan(neighbours).any(axis=0)
    response = np.where(left_out, np.nan, actual - base)
    return AlignedReturns(
        layout=layout,
        actual=actual,
        base=base,
        regressors=regressors[: len(spec.regressors)],
        neighbours=neighbours,
        response=response,
        n_usable=np.concatenate(([0], np.cumsum(~np.isnan(response)))),
        session_day=_scatter(panel.session_day, slot, layout.total, np.int32(NO_DAY)),
    )


class _Columns:
    """Regressors by name, matched to the rows of the panel; each is computed once."""

    def __init__(self, spec: StudySpec, panel: ReturnPanel) -> None:
        self._spec, self._panel = spec, panel
        self._made: dict[str, FloatArray] = {}

    def __getitem__(self, name: str) -> FloatArray:
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def _make(self, name: str) -> FloatArray:
        spec, panel = self._spec, self._panel
        if name != BENCHMARK:
            return matched_factor(panel, name)
        if spec.benchmark is None:
            return panel_mean(spec, panel)
        benchmark = matched_benchmark(panel, spec.benchmark, spec.return_type)
        return benchmark - self[RISK_FREE] if spec.normal_model.is_excess else benchmark


def matched_factor(panel: ReturnPanel, name: str) -> FloatArray:
    """Return a factor's return over the days that each security's return spans; shape (rows,), NaN without a match.

    Raises
    ------
    SpecError
        If the panel has no factor table, or the table no such factor.
    """
    if panel.factors is None:
        raise SpecError(f"the model needs the factor {name!r}, and the panel has no factor table; give one")
    priced, follows = _priced_rows(panel)
    days = panel.session_day[priced]
    matched = np.full(panel.price.size, np.nan)
    before = np.where(follows, np.concatenate((days[:1], days[:-1])), NO_DAY).astype(np.int32)
    matched[priced] = panel.factors.over(name, before, days)
    return matched


def matched_benchmark(panel: ReturnPanel, benchmark: str, return_type: str) -> FloatArray:
    """Return the benchmark's return over the days that each security's return spans.

    A return at session t spans the days after the listing's previous price up to t. The benchmark's return over them
    is P(t)/P(t_previous) - 1, or its logarithm, and is missing unless the benchmark has a price on both dates. So two
    calendars with different holidays are compared over equal days, without padding.

    Returns
    -------
    array, shape (rows,)
        NaN where there is no match.

    Raises
    ------
    SpecError
        If the panel has no prices of the benchmark.
    """
    priced, follows = _priced_rows(panel)
    level = _price_on(panel, panel.code(benchmark), panel.session_day[priced])
    before = np.where(follows, np.concatenate((level[:1], level[:-1])), np.nan)
    ratio = level / before
    matched = np.full(panel.price.size, np.nan)
    matched[priced] = ratio - 1.0 if return_type == "simple" else np.log(ratio)
    return matched


def _priced_rows(panel: ReturnPanel) -> tuple[IntArray, BoolArray]:
    """Return the rows with a price, and whether the one before is of the same listing."""
    priced = np.flatnonzero(panel.has_price)
    code = panel.row_code[priced]
    return priced, np.concatenate(([False], code[1:] == code[:-1])) if priced.size else np.zeros(0, dtype=np.bool_)


def _price_on(panel: ReturnPanel, code: int, days: DayArray) -> FloatArray:
    """Look up a listing's price on each day, NaN where it has none; shape (days,)."""
    rows = panel.rows(code)
    first = int(panel.session_day[rows][0])
    by_day = np.full(int(panel.session_day[rows][-1]) - first + 3, np.nan)
    by_day[panel.session_day[rows] - first + 1] = panel.price[rows]
    return by_day[np.clip(days - first + 1, 0, by_day.size - 1)]


def _is_excluded(spec: StudySpec, layout: Layout, pairs: Pairs) -> BoolArray:
    """Mark the slots around events of their listing, shape (slots,).

    An event's own days lie in its event window and so never in its own estimation window: what is marked for a
    listing serves all of its pairs.
    """
    edges = np.zeros(layout.total + 1, dtype=np.int64)
    if spec.excluded_days is not None:
        priced = pairs.places.take(np.flatnonzero(pairs.code != NO_PRICES))
        start = layout.start(priced, spec.excluded_days)
        np.add.at(edges, start, 1)
        np.add.at(edges, start + spec.excluded_days.length, -1)
    excluded: BoolArray = np.cumsum(edges)[:-1] > 0
    return excluded


def _lagged(values: FloatArray, regressor: Regressor) -> FloatArray:
    """Move a slot array `lag` sessions on; what would come from outside is NaN."""
    if not regressor.lag:
        return values
    moved = np.roll(values, regressor.lag)
    edge = slice(None, regressor.lag) if regressor.lag > 0 else slice(regressor.lag, None)
    moved[edge] = np.nan
    return moved


def _stacked(arrays: list[FloatArray], total: int) -> FloatArray:
    return np.stack(arrays) if arrays else np.empty((0, total))


def _scatter(values: NDArray[_Value], slot: IntArray, total: int, empty: _Value) -> NDArray[_Value]:
    laid_out = np.full(total, empty, dtype=values.dtype)
    laid_out[slot] = values
    return laid_out

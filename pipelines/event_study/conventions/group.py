"""All that statistics need of one group of pairs, plain arrays."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from pipelines.event_study.alignment import NO_DAY
from pipelines.event_study.arrays import BoolArray, DayArray, FloatArray, IntArray
from pipelines.event_study.conventions.averages import row_deviations
from pipelines.event_study.conventions.switches import ONE_DAY
from pipelines.event_study.estimates import Estimates
from pipelines.event_study.models import BENCHMARK
from pipelines.event_study.normal_returns import OlsPrediction
from pipelines.event_study.windows import Window

SAME_RETURN = 1e-12
"""Largest distance of a benchmark's return from itself, as regressor."""


@dataclass(frozen=True, slots=True, eq=False)
class Benchmark:
    """The benchmark's own sessions.

    Attributes
    ----------
    days : array, shape (sessions,)
        Dates as days since 1970-01-01, ascending.
    returns : array, shape (sessions,)
        Returns, NaN where it has none.
    """

    days: DayArray
    returns: FloatArray

    @classmethod
    def of(cls, estimates: Estimates) -> Benchmark:
        """Find the benchmark's listing: the one whose return is its own regressor."""
        aligned = estimates.aligned
        if not has_market(estimates):
            return cls(np.zeros(0, dtype=np.int32), np.zeros(0))
        best, most = slice(0, 0), 0
        distance = np.abs(aligned.actual - aligned.regressors[0])
        for first, size in zip(aligned.layout.first_slot.tolist(), aligned.layout.n_slots.tolist(), strict=True):
            slots = slice(first, first + size)
            known = ~np.isnan(distance[slots])
            n_known = int(known.sum())
            if n_known > most and float(distance[slots][known].max()) <= SAME_RETURN:
                best, most = slots, n_known
        is_session = aligned.session_day[best] != NO_DAY
        return cls(aligned.session_day[best][is_session], aligned.actual[best][is_session])


def has_market(estimates: Estimates) -> bool:
    """Tell whether the study is of the market model by plain least squares."""
    spec = estimates.spec
    is_plain = isinstance(estimates.fit.prediction, OlsPrediction)
    return spec.model == "market" and spec.measure == "return" and is_plain


@dataclass(frozen=True, eq=False)
class Group:
    """One group; N pairs, L days of the estimation window, D days of the event window.

    Attributes
    ----------
    estimates : Estimates
        What the study estimated.
    rows : array, shape (N,)
        Places of the pairs among the used pairs.
    benchmark : Benchmark
        The market's own sessions; empty where the model has no market.
    correlations : dict
        Mean correlations that have been computed, by the days they are over.
    """

    estimates: Estimates
    rows: IntArray
    benchmark: Benchmark
    correlations: dict[str, float] = field(default_factory=dict)

    @property
    def n_pairs(self) -> int:
        """Pairs of the group."""
        return self.rows.size

    @cached_property
    def residual(self) -> FloatArray:
        """Abnormal returns of the estimation window, NaN where missing; shape (N, L)."""
        return self.estimates.residuals(self.rows)

    @cached_property
    def abnormal(self) -> FloatArray:
        """Abnormal returns of the event window, NaN where missing; shape (N, D)."""
        return self.estimates.abnormal(self.rows)

    @cached_property
    def sigma(self) -> FloatArray:
        """Residual deviation; shape (N,)."""
        return self.estimates.fit.sigma[self.rows]

    @cached_property
    def n(self) -> FloatArray:
        """L1; shape (N,)."""
        return self.estimates.fit.n[self.rows].astype(np.float64)

    @cached_property
    def df(self) -> FloatArray:
        """L1 - k; shape (N,)."""
        return self.estimates.fit.df[self.rows].astype(np.float64)

    @cached_property
    def sample_sd(self) -> FloatArray:
        """Sample deviation of the residuals about their mean; shape (N,)."""
        return row_deviations(self.residual)

    @property
    def security(self) -> IntArray:
        """Code of each pair's security; shape (N,)."""
        return self.estimates.pairs.code[self.rows]

    @cached_property
    def days(self) -> DayArray:
        """Dates of the estimation window; shape (N, L)."""
        return self.estimates.estimation_days(self.rows)

    def span(self, window: Window) -> slice:
        """Return where a window lies in the event window."""
        start = self.estimates.spec.event.start
        return slice(window.start - start, window.end - start + 1)

    def available(self, window: Window) -> BoolArray:
        """Tell which days of a window have a return; shape (N, days)."""
        return ~np.isnan(self.abnormal[:, self.span(window)])

    def window_se(self, window: Window) -> FloatArray:
        """Return the standard error of a CAR over its available days; shape (N,)."""
        if window.length == ONE_DAY:
            se: FloatArray = self.estimates.se[self.rows, self.span(window).start]
            return se
        cumulated = self.estimates.cumulated
        of_windows: FloatArray = cumulated.se[self.rows]
        return of_windows[:, cumulated.windows.index(window)]

    @cached_property
    def x(self) -> FloatArray:
        """Benchmark's return matched to the pair's, event window, NaN where missing; shape (N, D)."""
        estimates = self.estimates
        aligned, spec = estimates.aligned, estimates.spec
        is_regressor = bool(spec.regressors) and spec.regressors[0].name == BENCHMARK
        values = aligned.regressors[0] if is_regressor else aligned.base
        return aligned.take(values, estimates.pairs.places.take(self.rows), spec.event)

    @cached_property
    def market_moments(self) -> tuple[FloatArray, FloatArray]:
        """Mean and Sxx of the benchmark over all of its sessions in the estimation window; both of shape (N,)."""
        spec = self.estimates.spec
        mean, sxx = np.full(self.n_pairs, np.nan), np.full(self.n_pairs, np.nan)
        for place, day in enumerate(self.estimates.pairs.session[self.rows].tolist()):
            zero = int(np.searchsorted(self.benchmark.days, day, side="right")) - 1
            first = max(zero + spec.estimation.start, 0)
            returns = self.benchmark.returns[first : max(zero + spec.estimation.end + 1, first)]
            returns = returns[~np.isnan(returns)]
            if returns.size:
                mean[place] = returns.mean()
                sxx[place] = ((returns - mean[place]) ** 2).sum()
        return mean, sxx

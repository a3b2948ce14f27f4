"""Slow group tests, one function per statistic: those that rest on means and variances.

Signs, ranks and volatility are in `reference_ranks`. A group is a list of used pairs; only those with a complete
window have a CAR that counts. What describes the group before the event, its mean residual by day and its mean
correlation, is taken over all used pairs, whatever they lack in the window. A statistic that is not defined (too few
pairs, a variance that is not positive) is NaN.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import combinations

import numpy as np
from scipy import special

from pipelines.event_study import Window
from tests.oracle.reference import NAN, Pair

FEWEST_COMMON_DAYS = 30
"""Common days below which the residuals of two pairs count as uncorrelated."""

ROUNDING = 1e-12
"""Distance from one below which a correlation is one."""


@dataclass(frozen=True)
class Statistic:
    """A statistic, its two-sided p-value and its degrees of freedom (NaN for a normal reference)."""

    value: float
    p_value: float
    df: float = NAN


UNDEFINED = Statistic(NAN, NAN)


@dataclass(frozen=True)
class Sample:
    """The used pairs of a group, and those of them that have an abnormal return on every day of a window."""

    group: tuple[Pair, ...]
    window: Window

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """The pairs with a complete window."""
        return tuple(pair for pair in self.group if pair.cars[self.window].is_complete)

    @property
    def n(self) -> int:
        """Number of pairs (N)."""
        return len(self.pairs)

    @property
    def length(self) -> int:
        """Days of the window (L2)."""
        return self.window.length

    @property
    def cars(self) -> list[float]:
        """CAR of each pair; on one day its AR."""
        return [pair.cars[self.window].car for pair in self.pairs]

    @property
    def scars(self) -> list[float]:
        """CAR over the square root of its exact variance 1'V1."""
        return [pair.cars[self.window].scar for pair in self.pairs]

    @property
    def caar(self) -> float:
        """Mean CAR."""
        return sum(self.cars) / self.n if self.n else NAN

    def aar(self, day: int) -> float:
        """Mean AR of a relative day of the window."""
        return sum(pair.days[day].abnormal for pair in self.pairs) / self.n


def z_test(value: float) -> Statistic:
    """Return a statistic that is N(0,1), two-sided."""
    return Statistic(value, 2.0 * special.ndtr(-abs(value))) if math.isfinite(value) else UNDEFINED


def t_test(value: float, df: float) -> Statistic:
    """Return a statistic that is t(df), two-sided; not defined without degrees of freedom."""
    if not math.isfinite(value) or not df > 0:
        return UNDEFINED
    return Statistic(value, float(2.0 * special.stdtr(df, -abs(value))), df)


def over_root(value: float, variance: float) -> float:
    """Return value / sqrt(variance), NaN unless the variance is positive."""
    return value / math.sqrt(variance) if variance > 0 else NAN


def variance(values: Sequence[float]) -> float:
    """Return sum (x - mean)^2/(n - 1), NaN below two values."""
    n = len(values)
    mean = sum(values) / n if n else NAN
    return sum((x - mean) ** 2 for x in values) / (n - 1) if n > 1 else NAN


def mean_t(values: Sequence[float]) -> float:
    """Return sqrt(n) mean/sd, NaN where that is not defined."""
    return over_root(sum(values) / len(values), variance(values) / len(values)) if values else NAN


def cross_sectional_t(sample: Sample) -> Statistic:
    """sqrt(N) CAAR/sd(CAR), t(N-1)."""
    return t_test(mean_t(sample.cars), sample.n - 1)


@cache
def portfolio(group: tuple[Pair, ...]) -> list[float]:
    """Return P_t, the mean residual of the pairs that have one on relative day t of the estimation window."""
    by_day = defaultdict(list)
    for pair in group:
        for day, residual in pair.residual.items():
            by_day[day].append(residual)
    return [sum(by_day[day]) / len(by_day[day]) for day in sorted(by_day)]


def crude_dependence_t(sample: Sample) -> Statistic:
    """CAAR/(S sqrt(L2)), S^2 = sum (P_t - P)^2/(L1 - 1), t(L1-1), L1 the days with a P_t."""
    series = portfolio(sample.pairs)
    return t_test(over_root(sample.caar, variance(series) * sample.length), len(series) - 1)


def brown_warner_t(sample: Sample) -> Statistic:
    """CAAR/(sqrt(L2 sum v_i)/N), v_i the sample variance of a pair's residuals, t(mean L1 - 1)."""
    if not sample.n:
        return UNDEFINED
    total = sum(variance(list(pair.residual.values())) for pair in sample.pairs)
    df = sum(pair.n_obs for pair in sample.pairs) / sample.n - 1
    return t_test(over_root(sample.caar, sample.length * total / sample.n**2), df)


def lamb_t(sample: Sample) -> Statistic:
    """Sum over the window of AAR_t/(S sqrt(C_t)), over sqrt(L2), C_t the pairs' mean of 1 + x'(X'X)^-1 x, N(0,1)."""
    spread = variance(portfolio(sample.pairs))
    daily = []
    for day in sample.window.days:
        inflation = [pair.days[day].inflation for pair in sample.pairs]
        if inflation:
            daily.append(over_root(sample.aar(day), spread * sum(inflation) / sample.n))
    return z_test(sum(daily) / math.sqrt(sample.length) if daily else NAN)


def t_variance(df: int) -> float:
    """Return the variance of t(df), df/(df - 2), NaN where it has none."""
    return df / (df - 2) if df > 2 else NAN


def patell_z(sample: Sample) -> Statistic:
    """Sum of SCAR over the root of the sum of (L1-k)/(L1-k-2), N(0,1)."""
    return z_test(over_root(sum(sample.scars), sum(t_variance(pair.df) for pair in sample.pairs)))


def patell_csar_z(sample: Sample) -> Statistic:
    """N^-1/2 times the sum over pairs of [sum of SAR over the root of L2 (L1-k)/(L1-k-2)], N(0,1).

    On one day it is Patell's own statistic, which puts the sum of the variances under one root.
    """
    if sample.length == 1:
        return patell_z(sample)
    each = [
        over_root(sum(pair.days[day].standardised for day in sample.window.days), sample.length * t_variance(pair.df))
        for pair in sample.pairs
    ]
    return z_test(sum(each) / math.sqrt(sample.n) if each else NAN)


def bmp_t(sample: Sample) -> Statistic:
    """sqrt(N) mean(SCAR)/sd(SCAR), t(N-1)."""
    return t_test(mean_t(sample.scars), sample.n - 1)


@cache
def correlation(first: Pair, second: Pair) -> float:
    """Return Pearson's correlation of two pairs' residuals on their common dates, 0 where they have under 30."""
    common = sorted(first.residual_on.keys() & second.residual_on.keys())
    if len(common) < FEWEST_COMMON_DAYS:
        return 0.0
    a = np.array([first.residual_on[on] for on in common])
    b = np.array([second.residual_on[on] for on in common])
    a, b = a - a.mean(), b - b.mean()
    return float(sum(a * b) / math.sqrt(sum(a * a) * sum(b * b)))


@cache
def r_bar(group: tuple[Pair, ...]) -> float:
    """Return the mean correlation over all i < j of a group's pairs with residual variance, NaN below two."""
    varying = [pair for pair in group if pair.sigma > 0]
    found = [correlation(first, second) for first, second in combinations(varying, 2)]
    return sum(found) / len(found) if found else NAN


def clustering(sample: Sample) -> float:
    """Return 1 + (N-1) r, the variance of a sum of correlated values over that of independent ones; 1 for one pair."""
    return 1.0 + (sample.n - 1) * r_bar(sample.group) if sample.n > 1 else 1.0


def patell_z_adjusted(sample: Sample) -> Statistic:
    """patell_z/sqrt(1 + (N-1) r), N(0,1)."""
    return z_test(over_root(patell_z(sample).value, clustering(sample)))


def bmp_t_adjusted(sample: Sample) -> Statistic:
    """bmp_t sqrt((1 - r)/(1 + (N-1) r)), t(N-1); 0/0 where r is one but for rounding."""
    r = r_bar(sample.group)
    if not r < 1.0 - ROUNDING:
        return UNDEFINED
    return t_test(over_root(bmp_t(sample).value, clustering(sample) / (1.0 - r)), sample.n - 1)


def hall(values: Sequence[float], centre: float) -> float:
    """sqrt(n) (S + g S^2/3 + g^2 S^3/27 + g/(6n)), S = (mean - centre)/sd and g the skewness; NaN without deviation."""
    n, spread = len(values), variance(values)
    if n < 3 or not spread > 0:
        return NAN
    mean, sd = sum(values) / n, math.sqrt(spread)
    s = (mean - centre) / sd
    g = n / ((n - 1) * (n - 2)) * sum(((value - mean) / sd) ** 3 for value in values)
    return math.sqrt(n) * (s + g * s**2 / 3 + g**2 * s**3 / 27 + g / (6 * n))


def skewness_adjusted_t(sample: Sample) -> Statistic:
    """Hall (1992): sqrt(N) (S + g S^2/3 + g^2 S^3/27 + g/(6N)), t(N-1)."""
    return t_test(hall(sample.cars, 0.0), sample.n - 1)


def jackknife_t(sample: Sample) -> Statistic:
    """Mean pseudo-value N theta - (N-1) theta_(-i) of theta = mean/sd, over its standard error, t(N-1)."""
    cars, n = sample.cars, sample.n
    if n < 3:
        return UNDEFINED

    def theta(values: Sequence[float]) -> float:
        return over_root(sum(values) / len(values), variance(values))

    pseudo = [n * theta(cars) - (n - 1) * theta(cars[:i] + cars[i + 1 :]) for i in range(n)]
    return t_test(mean_t(pseudo), n - 1)


def cluster_variance(cars: Sequence[float], clusters: Sequence[Hashable]) -> float:
    """Return G/(G-1) sum over clusters of (sum of deviations)^2, over N^2: the variance of a mean, clustered."""
    sums: defaultdict[Hashable, float] = defaultdict(float)
    mean = sum(cars) / len(cars)
    for car, cluster in zip(cars, clusters, strict=True):
        sums[cluster] += car - mean
    n_clusters = len(sums)
    if n_clusters < 2:
        return NAN
    return n_clusters / (n_clusters - 1) * sum(each**2 for each in sums.values()) / len(cars) ** 2


def clustered(sample: Sample, key: Callable[[Pair], Hashable]) -> Statistic:
    """CAAR over its standard error with one way of clustering, t(G-1)."""
    clusters = [key(pair) for pair in sample.pairs]
    if not clusters:
        return UNDEFINED
    return t_test(over_root(sample.caar, cluster_variance(sample.cars, clusters)), len(set(clusters)) - 1)


def by_date(pair: Pair) -> Hashable:
    """Return a pair's event session."""
    return pair.session


def by_firm(pair: Pair) -> Hashable:
    """Return a pair's security."""
    return pair.symbol


def by_both(pair: Pair) -> Hashable:
    """Return a pair's event session and security."""
    return pair.session, pair.symbol


def cluster_robust_t(sample: Sample) -> Statistic:
    """CAAR over the root of V_firm + V_date - V_firm,date (Cameron, Gelbach and Miller 2011), t(fewer - 1)."""
    if not sample.n:
        return UNDEFINED
    total, fewest = 0.0, sample.n
    for sign, key in ((1, by_date), (1, by_firm), (-1, by_both)):
        clusters = [key(pair) for pair in sample.pairs]
        total += sign * cluster_variance(sample.cars, clusters)
        fewest = min(fewest, len(set(clusters)))
    return t_test(over_root(sample.caar, total), fewest - 1)


def calendar_time_t(sample: Sample) -> Statistic:
    """Mean over calendar dates of the mean AR of the pairs whose window covers the date, over its error, t(D-1)."""
    on = defaultdict(list)
    for pair in sample.pairs:
        for day in sample.window.days:
            on[pair.days[day].date].append(pair.days[day].abnormal)
    series = [sum(on[each]) / len(on[each]) for each in sorted(on)]
    return t_test(mean_t(series), len(series) - 1)


PARAMETRIC_TESTS: dict[str, Callable[[Sample], Statistic]] = {
    "cross_sectional_t": cross_sectional_t,
    "crude_dependence_t": crude_dependence_t,
    "brown_warner_t": brown_warner_t,
    "lamb_t": lamb_t,
    "patell_z": patell_z,
    "patell_csar_z": patell_csar_z,
    "patell_z_adjusted": patell_z_adjusted,
    "bmp_t": bmp_t,
    "bmp_t_adjusted": bmp_t_adjusted,
    "skewness_adjusted_t": skewness_adjusted_t,
    "jackknife_t": jackknife_t,
    "cluster_robust_t_date": lambda sample: clustered(sample, by_date),
    "cluster_robust_t_firm": lambda sample: clustered(sample, by_firm),
    "cluster_robust_t": cluster_robust_t,
    "calendar_time_t": calendar_time_t,
}

"""Exact distributions where the engine draws at random, and the placebo test date by date.

Of a few values every sign, every draw with replacement and every choice of days can be looked at. A statistic that
differs from the observed one by rounding alone is equal to it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations, product

from pipelines.event_study import StudySpec, Window
from tests.oracle.reference import NAN, Market, Pair, fit_pair, measured, usable_days
from tests.oracle.reference_tests import Sample, Statistic, hall, portfolio, variance

TIE = 1e-9
"""Relative distance within which two statistics are equal."""

FEWEST_DRAWN = 10
"""Pairs that the skewness bootstrap draws at least, or all there are."""

NEEDED_SHARE = 0.9
"""Share of a group's pairs that a placebo date needs."""


def share(draws: Iterable[float], counts: Callable[[float], bool]) -> float:
    """Return the share of the draws that count."""
    found = [counts(each) for each in draws]
    return sum(found) / len(found)


def mean(values: Sequence[float]) -> float:
    """Return sum/n."""
    return sum(values) / len(values)


def distance(values: Sequence[float], centre: float) -> float:
    """Return |sqrt(n) (mean - centre)/sd|, infinite for values that are all the same."""
    if len(set(values)) == 1:
        return math.inf
    return abs(mean(values) - centre) * math.sqrt(len(values) / variance(values))


def wild_bootstrap_p(values: Sequence[float]) -> float:
    """P(|t*| >= |t|) over all 2^N ways to give the values signs, each with probability 2^-N."""
    signed = product((1.0, -1.0), repeat=len(values))
    draws = (distance([w * x for w, x in zip(signs, values, strict=True)], 0.0) for signs in signed)
    observed = distance(values, 0.0)
    return share(draws, lambda draw: draw >= observed * (1.0 - TIE))


def pairs_bootstrap_p(values: Sequence[float]) -> float:
    """P(|t*| >= |t|) over all N^N draws with replacement, t* centred at the mean of the values."""
    observed, centre = distance(values, 0.0), mean(values)
    draws = (distance(drawn, centre) for drawn in product(values, repeat=len(values)))
    return share(draws, lambda draw: draw >= observed * (1.0 - TIE))


def skewness_bootstrap_p(values: Sequence[float]) -> float:
    """Return the smaller of P(t* <= t) and P(t* >= t), t Hall's, over all draws of max(N/4, min(N, 10)) values.

    A draw of one value only has no deviation and counts in both tails.
    """
    n, centre, observed = len(values), mean(values), hall(values, 0.0)
    size = max(n // 4, min(n, FEWEST_DRAWN))
    draws = [hall(drawn, centre) if len(set(drawn)) > 1 else NAN for drawn in product(values, repeat=size)]
    room = TIE * (1.0 + abs(observed))
    return min(
        share(draws, lambda draw: not draw > observed + room), share(draws, lambda draw: not draw < observed - room)
    )


def permutation_p(sample: Sample) -> float:
    """P(|mean of the window/s| is at least the observed one) over all choices of L2 of the L1 + L2 days.

    The days are the group's mean residuals and its mean ARs in the window; s is the deviation of those not chosen.
    """
    before = portfolio(sample.pairs)
    days = [*before, *(sample.aar(day) for day in sample.window.days)]
    n_days, length = len(days), sample.length

    def statistic(chosen: tuple[int, ...]) -> float:
        rest = [day for place, day in enumerate(days) if place not in chosen]
        return abs(mean([days[place] for place in chosen])) / math.sqrt(variance(rest))

    observed = statistic(tuple(range(n_days - length, n_days)))
    draws = map(statistic, combinations(range(n_days), length))
    return share(draws, lambda draw: draw >= observed * (1.0 - TIE))


@dataclass
class Placebo:
    """The study's pairs on dates without an event.

    Attributes
    ----------
    used : list of Pair
        All used pairs of the study: no event window of theirs may overlap with that of a date of their security.
    events : tuple of int
        Sessions of all events of a security, which estimation windows may leave days around out for.
    """

    spec: StudySpec
    market: Market
    used: list[Pair]
    events: tuple[int, ...]
    _studied: dict[tuple[str, int], Pair | None] = field(default_factory=dict)

    def study(self, symbol: str, index: int) -> Pair | None:
        """Study a security at a session as if it were an event, None with too few estimation sessions."""
        key = symbol, index
        if key not in self._studied:
            listing = self.market.listings[symbol]
            usable = usable_days(self.spec, self.market, listing, index, self.events)
            is_enough = len(usable) >= self.spec.min_estimation_obs
            fit = fit_pair(self.spec, self.market, listing, index, usable) if is_enough else None
            self._studied[key] = measured(self.spec, self.market, listing, index, fit) if fit else None
        return self._studied[key]

    def car(self, pair: Pair, number: int, window: Window) -> float:
        """Return a pair's CAR on the date that lies so many event windows before its day 0, NaN without one."""
        index = pair.index - number * self.spec.event.length
        is_near = (
            abs(other.index - index) < self.spec.event.length for other in self.used if other.symbol == pair.symbol
        )
        there = None if any(is_near) else self.study(pair.symbol, index)
        return there.cars[window].car if there and there.cars[window].is_complete else NAN

    def means(self, sample: Sample) -> Iterator[float]:
        """Yield CAAR_d of the dates on which at least 90 % of the pairs take part."""
        for number in range(1, self.spec.placebo_dates + 1):
            cars = [self.car(pair, number, sample.window) for pair in sample.pairs]
            known = [car for car in cars if not math.isnan(car)]
            if known and len(known) >= NEEDED_SHARE * sample.n:
                yield mean(known)

    def test(self, sample: Sample) -> Statistic:
        """CAAR over the root mean square of the CAAR_d, p = (1 + #{|CAAR_d| >= |CAAR|})/(D + 1)."""
        means = list(self.means(sample))
        if not means:
            return Statistic(NAN, NAN)
        beyond = sum(abs(each) >= abs(sample.caar) * (1.0 - TIE) for each in means)
        root_mean_square = math.sqrt(mean([each**2 for each in means]))
        return Statistic(sample.caar / root_mean_square, (1 + beyond) / (len(means) + 1))

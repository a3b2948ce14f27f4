"""Slow group tests of signs, ranks and volatility, one function per statistic."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from scipy import special, stats

from tests.oracle.reference import Pair
from tests.oracle.reference_tests import (
    PARAMETRIC_TESTS,
    UNDEFINED,
    Sample,
    Statistic,
    over_root,
    t_test,
    variance,
    z_test,
)

MOST_EXACT = 50
"""Values up to which the distribution of the signed-rank sum is exact."""

EVENT = "event"
"""Key of GRANK's one event observation among the relative days."""

Scores = Sequence[Mapping[int | str, float]]
"""One score per pair and day."""


def ranks(values: Sequence[float]) -> list[float]:
    """Return each value's rank, counted from one; equal values share the mean of the places that they take."""
    ordered, places = sorted(values), defaultdict(list)
    for place, value in enumerate(ordered, start=1):
        places[value].append(place)
    return [sum(places[value]) / len(places[value]) for value in values]


def median(values: Sequence[float]) -> float:
    """Return the middle value, of an even number the mean of both."""
    ordered, n = sorted(values), len(values)
    return (ordered[(n - 1) // 2] + ordered[n // 2]) / 2


def proportion_z(sample: Sample, p: float) -> Statistic:
    """(w - N p)/sqrt(N p (1 - p)), w the number of positive CARs, N(0,1)."""
    positive = sum(car > 0 for car in sample.cars)
    return z_test(over_root(positive - sample.n * p, sample.n * p * (1.0 - p)))


def sign_z(sample: Sample) -> Statistic:
    """Share of positive CARs against one half."""
    return proportion_z(sample, 0.5)


def generalized_sign_z(sample: Sample) -> Statistic:
    """Cowan (1992): against p, the mean over pairs of the share of positive residuals."""
    if not sample.n:
        return UNDEFINED
    shares = [sum(e > 0 for e in pair.residual.values()) / pair.n_obs for pair in sample.pairs]
    return proportion_z(sample, sum(shares) / sample.n)


def wilcoxon_w(sample: Sample) -> Statistic:
    """Sum of the ranks of |CAR| where CAR > 0, zeros dropped; exact up to 50 values without ties, else normal."""
    values = [car for car in sample.cars if car != 0.0]
    if not values:
        return UNDEFINED
    rank = ranks([abs(car) for car in values])
    is_exact = len(values) <= MOST_EXACT and len(set(rank)) == len(rank)
    test = stats.wilcoxon(values, correction=False, method="exact" if is_exact else "asymptotic")
    return Statistic(sum(each for each, car in zip(rank, values, strict=True) if car > 0), float(test.pvalue))


def ranked_returns(pair: Pair, sample: Sample) -> dict[int | str, float]:
    """Return the ARs of estimation window and window by relative day."""
    return {**pair.residual, **{day: pair.days[day].abnormal for day in sample.window.days}}


def corrado_scores(sample: Sample) -> Scores:
    """Return K_it - (T_i + 1)/2, K_it the rank of AR_it among the pair's T_i."""
    scores: list[dict[int | str, float]] = []
    for pair in sample.pairs:
        found = ranked_returns(pair, sample)
        centred = [rank - (len(found) + 1) / 2 for rank in ranks(list(found.values()))]
        scores.append(dict(zip(found, centred, strict=True)))
    return scores


def rank_scores(sample: Sample) -> Scores:
    """Return U_it = K_it/(1 + M_i) - 1/2, M_i the pair's ARs in estimation window and window."""
    scores: list[dict[int | str, float]] = []
    for pair in sample.pairs:
        found = ranked_returns(pair, sample)
        shares = [rank / (len(found) + 1) - 0.5 for rank in ranks(list(found.values()))]
        scores.append(dict(zip(found, shares, strict=True)))
    return scores


def sign_scores(sample: Sample) -> Scores:
    """Return G_it = sign(AR_it - median of the pair's ARs in estimation window and window)."""
    scores: list[dict[int | str, float]] = []
    for pair in sample.pairs:
        found = ranked_returns(pair, sample)
        middle = median(list(found.values()))
        scores.append({day: float(value > middle) - float(value < middle) for day, value in found.items()})
    return scores


def by_day(scores: Scores) -> dict[int | str, list[float]]:
    """Return the scores of the N_t pairs that have one on each day."""
    days: defaultdict[int | str, list[float]] = defaultdict(list)
    for pair in scores:
        for day, score in pair.items():
            days[day].append(score)
    return days


def score_z(sample: Sample, scores: Scores, scaled: Callable[[Sequence[float]], float]) -> Statistic:
    """Sum over the window of A_t over sqrt(L2) S, S^2 = (1/T) sum of A_t^2 over all T days, A_t = scaled scores."""
    aggregate = {day: scaled(values) for day, values in by_day(scores).items()}
    if not aggregate:
        return UNDEFINED
    spread = sum(a**2 for a in aggregate.values()) / len(aggregate)
    return z_test(over_root(sum(aggregate[day] for day in sample.window.days), sample.length * spread))


def mean(values: Sequence[float]) -> float:
    """Return (1/N_t) sum."""
    return sum(values) / len(values)


def root_n_mean(values: Sequence[float]) -> float:
    """Return (1/sqrt(N_t)) sum."""
    return sum(values) / math.sqrt(len(values))


def corrado_rank_z(sample: Sample) -> Statistic:
    """Corrado (1989), over several days Cowan (1992): mean centred rank over its deviation, N(0,1)."""
    return score_z(sample, corrado_scores(sample), mean)


def corrado_zivney_rank_z(sample: Sample) -> Statistic:
    """Corrado and Zivney (1992): N_t^-1/2 sum of U_it over its deviation, N(0,1)."""
    return score_z(sample, rank_scores(sample), root_n_mean)


def corrado_zivney_sign_z(sample: Sample) -> Statistic:
    """Corrado and Zivney (1992): the same with G_it, N(0,1)."""
    return score_z(sample, sign_scores(sample), root_n_mean)


def grank_scores(sample: Sample) -> Scores:
    """Return U_i = rank/(T_i + 1) - 1/2 of e_it/s_i and, as one extra observation, SCAR_i/sd(SCAR); T_i = L1_i + 1.

    The SCAR of a single pair is left unscaled.
    """
    spread = variance(sample.scars) if sample.n > 1 else 1.0
    if not spread > 0:
        return []
    scores: list[dict[int | str, float]] = []
    for pair, scar in zip(sample.pairs, sample.scars, strict=True):
        values = [e / pair.sigma for e in pair.residual.values()] + [scar / math.sqrt(spread)]
        shares = [rank / (len(values) + 1) - 0.5 for rank in ranks(values)]
        scores.append(dict(zip([*pair.residual, EVENT], shares, strict=True)))
    return scores


def grank_t(sample: Sample) -> Statistic:
    """Z sqrt((T-2)/(T-1-Z^2)), Z = U_0/S, S^2 = (1/T) sum (N_t/N) U_t^2 with the event observation, t(T-2)."""
    days = by_day(grank_scores(sample))
    if not days:
        return UNDEFINED
    n_days = len(days)
    spread = sum(len(values) / sample.n * mean(values) ** 2 for values in days.values()) / n_days
    z = over_root(mean(days[EVENT]), spread)
    return t_test(over_root(z * math.sqrt(n_days - 2), n_days - 1 - z**2), n_days - 2)


def grank_z(sample: Sample) -> Statistic:
    """U_0 over the root of (1/(12 N^2)) sum (T_i - 1)/(T_i + 1), N(0,1)."""
    days = by_day(grank_scores(sample))
    if not days:
        return UNDEFINED
    lengths = [pair.n_obs + 1 for pair in sample.pairs]
    spread = sum((length - 1) / (length + 1) for length in lengths) / (12 * sample.n**2)
    return z_test(over_root(mean(days[EVENT]), spread))


def volatility_z(sample: Sample) -> Statistic:
    """Patell (1976): sum of SCAR^2 - d/(d-2) over the root of the sum of 2 d^2 (d-1)/((d-2)^2 (d-4)), N(0,1)."""
    degrees = [pair.df for pair in sample.pairs]
    if any(d <= 4 for d in degrees):
        return UNDEFINED
    excess = sum(scar**2 - d / (d - 2) for scar, d in zip(sample.scars, degrees, strict=True))
    return z_test(over_root(excess, sum(2 * d**2 * (d - 1) / ((d - 2) ** 2 * (d - 4)) for d in degrees)))


def volatility_chi2(sample: Sample) -> Statistic:
    """Bialkowski et al. (2008): (N-1) sum of M_t; (N-1)/N times it in the upper tail of chi2((N-1) L2).

    M_t = (1/(N-1)) sum_i (N e_it - sum_j e_jt)^2/(N (N-2) h_it + sum_j h_jt), h_it the variance of the forecast. Of two
    pairs both terms are the same number, so there is no test of fewer than three.
    """
    n = sample.n
    if n < 3:
        return UNDEFINED
    total = 0.0
    for day in sample.window.days:
        e = [pair.days[day].abnormal for pair in sample.pairs]
        h = [pair.days[day].se ** 2 for pair in sample.pairs]
        total += sum((n * e[i] - sum(e)) ** 2 / (n * (n - 2) * h[i] + sum(h)) for i in range(n))
    df = (n - 1) * sample.length
    if not math.isfinite(total):
        return UNDEFINED
    return Statistic(total, float(special.chdtrc(df, total * (n - 1) / n)), df)


GROUP_TESTS: dict[str, Callable[[Sample], Statistic]] = PARAMETRIC_TESTS | {
    "sign_z": sign_z,
    "generalized_sign_z": generalized_sign_z,
    "wilcoxon_w": wilcoxon_w,
    "corrado_rank_z": corrado_rank_z,
    "corrado_zivney_rank_z": corrado_zivney_rank_z,
    "corrado_zivney_sign_z": corrado_zivney_sign_z,
    "grank_t": grank_t,
    "grank_z": grank_z,
    "volatility_z": volatility_z,
    "volatility_chi2": volatility_chi2,
}
"""Every test of the vocabulary that has a closed form."""

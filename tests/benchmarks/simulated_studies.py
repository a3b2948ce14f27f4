"""Studies without an effect, simulated by the hundred, and how often each test says that there is one.

A study has its own securities and is one group of a panel, so that many studies are one run of the engine. Returns
are alpha + beta market + residual, the residual normal (or Student's t) with a deviation of 1 to 3 % that differs by
security. Three designs say what is wrong with the residuals, if anything:

    independent  event windows that do not overlap, residuals that are not correlated
    common date  one day 0 for all pairs, and a factor that the model leaves out: correlations of 0.15 on average
    variance     as independent, and the residual variance on the days of the event window tripled

`EXPECTED` holds what the literature says of each test in each design.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Literal, NamedTuple

import numpy as np
import polars as pl
from scipy import stats

from pipelines.event_study import ReturnPanel, StudySpec, Window, run_study
from pipelines.event_study.group_tests import evaluate_tests

N_PAIRS: Final = 30
"""Pairs of a study."""

LENGTH: Final = 250
"""Sessions of the estimation window."""

EVENT: Final = Window(-5, 5)
WINDOWS: Final = (Window(0, 0), EVENT)
"""Windows that are tested."""

SLOTS: Final = 150
"""Event windows side by side on which events of the calendar may fall."""

FIRST_DAY: Final = date(2000, 1, 1)
"""Date of session 0; session n falls n days later."""

CHUNK: Final = 50
"""Studies of one run; each run draws its own market and has its own seed of resampling."""

LOADINGS: Final = (0.2, 0.575)
"""Range of the correlation of a residual with the factor left out; the mean squared, 0.15, is that of two residuals."""


VARIANCE: Final = 3.0
"""Residual variance in the event window of the third design, in units of that before it."""


@dataclass(frozen=True, slots=True)
class Design:
    """What returns are like.

    Attributes
    ----------
    has_common_date : bool
        Whether all pairs of a study share their day 0 and a factor that the model leaves out.
    variance : float
        Residual variance in the event window, in units of that of the estimation window.
    tails : int
        Degrees of freedom of Student's t that residuals follow; 0 for normal ones.
    """

    name: str
    has_common_date: bool = False
    variance: float = 1.0
    tails: int = 0


def designs(tails: int = 0) -> tuple[Design, Design, Design]:
    """Return the three designs: independent dates, one common date, event-induced variance."""
    return (
        Design("independent dates", tails=tails),
        Design("one common date", has_common_date=True, tails=tails),
        Design("event-induced variance", variance=VARIANCE, tails=tails),
    )


def study_of(*, resamples: int = 0, placebo_dates: int = 0) -> StudySpec:
    """Return the study that is simulated: market model, 250 sessions, event window [-5,5]."""
    return StudySpec(
        study_id="simulated",
        title="a study without an effect",
        model="market",
        benchmark_symbol="MKT",
        return_type="simple",
        estimation=Window(EVENT.start - LENGTH, EVENT.start - 1),
        event=EVENT,
        car_windows=WINDOWS,
        min_estimation_obs=LENGTH,
        resamples=resamples,
        placebo_dates=placebo_dates,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """What the tests say of every study; arrays have shape (tests, studies, windows).

    Attributes
    ----------
    tests : tuple of str
    p_value : array
        NaN where a test has no value.
    is_valid : array of bool
        Whether the engine says that the test's assumptions hold.
    """

    tests: tuple[str, ...]
    p_value: np.ndarray
    is_valid: np.ndarray

    def size(self, test: str, window: int, level: float = 0.05) -> float:
        """Return the share of the studies with a value in which a test rejects, NaN if none has one."""
        found = self.p_value[self.tests.index(test), :, window]
        found = found[~np.isnan(found)]
        return float((found <= level).mean()) if found.size else float("nan")

    def flagged(self, test: str, window: int) -> float:
        """Return the share of the studies in which the engine calls the test not valid."""
        return float((~self.is_valid[self.tests.index(test), :, window]).mean())


def simulate(
    design: Design,
    spec: StudySpec,
    n_studies: int,
    *,
    seed: int = 0,
    effect: float = 0.0,
    n_pairs: int = N_PAIRS,
    advance: Callable[[int], object] = lambda _: None,
) -> Outcomes:
    """Simulate studies of a design and test each of them.

    Parameters
    ----------
    effect : float
        Abnormal return that is added on day 0 of every pair; with the same seed all else is the same.
    advance : callable
        Told how many studies have been done since it was last called.
    """
    p_values, valid = [], []
    for number, first in enumerate(range(0, n_studies, CHUNK)):
        n = min(CHUNK, n_studies - first)
        random = np.random.default_rng([seed, number, int(design.has_common_date), int(design.variance != 1.0)])
        panel, pairs = _chunk(design, spec, random, n, n_pairs, effect)
        result = run_study(replace(spec, seed=seed + number), panel, pairs)
        used = result.estimates.pairs.frame
        if used.height != n * n_pairs:
            reason = result.securities["reason"].drop_nulls().first()
            raise ValueError(f"expected {n * n_pairs} used pairs, got {used.height}; one is out because {reason!r}")
        members = used.select(pl.col("event_id").rle_id().alias("group")).with_row_index("pair")
        found = evaluate_tests(result.estimates, members.select("group", "pair"), WINDOWS)
        p_values.append(np.stack([each.p_value for each in found.tests]))
        valid.append(np.stack([each.is_valid for each in found.tests]))
        advance(n)
    return Outcomes(spec.all_tests, np.concatenate(p_values, axis=1), np.concatenate(valid, axis=1))


def _chunk(
    design: Design, spec: StudySpec, random: np.random.Generator, n_studies: int, n_pairs: int, effect: float
) -> tuple[ReturnPanel, pl.DataFrame]:
    """Return a panel of the securities of some studies and of the market, and the studies' pairs."""
    before = spec.event.length * spec.placebo_dates - spec.estimation.start + 1
    length = before + spec.event.end + 1
    slot = _slots(design, random, n_studies, n_pairs)
    first = (slot * spec.event.length).ravel()
    market = 0.0003 + 0.01 * random.standard_normal(length + SLOTS * spec.event.length)
    beta = random.uniform(0.5, 1.5, first.size)
    sessions = first[:, None] + np.arange(length)
    returns = beta[:, None] * market[sessions] + _residuals(design, spec, random, (n_studies, n_pairs, length), before)
    returns[:, before] += effect
    symbols = [f"{study:03d}-{pair:03d}" for study in range(n_studies) for pair in range(n_pairs)]
    frame = pl.concat(
        [_listings(symbols, sessions, returns), _listings(["MKT"], np.arange(market.size)[None], market[None])]
    )
    day_0 = first + before
    pairs = pl.DataFrame(
        {
            "event_id": [symbol[:3] for symbol in symbols],
            "symbol": symbols,
            "event_session": _dates(day_0),
            "event_index": day_0,
            "last_index": day_0 + spec.event.end,
            "is_ended": np.zeros(day_0.size, dtype=bool),
        }
    )
    return ReturnPanel.from_frame(frame), pairs


def _slots(design: Design, random: np.random.Generator, n_studies: int, n_pairs: int) -> np.ndarray:
    """Draw on which of the event windows side by side each pair's event falls; shape (studies, pairs)."""
    drawn = random.permuted(np.tile(np.arange(SLOTS), (n_studies, 1)), axis=1)
    return np.repeat(drawn[:, :1], n_pairs, axis=1) if design.has_common_date else drawn[:, :n_pairs]


def _residuals(
    design: Design, spec: StudySpec, random: np.random.Generator, shape: tuple[int, int, int], day_0: int
) -> np.ndarray:
    """Draw residuals; shape (studies x pairs, days)."""
    n_studies, n_pairs, length = shape

    def shocks(*size: int) -> np.ndarray:
        if not design.tails:
            return random.standard_normal(size)
        scaled: np.ndarray = random.standard_t(design.tails, size) * np.sqrt((design.tails - 2) / design.tails)
        return scaled

    residual = shocks(*shape)
    if design.has_common_date:
        loading = random.uniform(*LOADINGS, (n_studies, n_pairs, 1))
        residual = loading * shocks(n_studies, 1, length) + np.sqrt(1.0 - loading**2) * residual
    residual *= random.uniform(0.01, 0.03, (n_studies, n_pairs, 1))
    residual[:, :, day_0 + spec.event.start : day_0 + spec.event.end + 1] *= np.sqrt(design.variance)
    return residual.reshape(-1, length)


def _dates(sessions: np.ndarray) -> pl.Series:
    """Return the dates of sessions."""
    return pl.Series(sessions + (FIRST_DAY - date(1970, 1, 1)).days).cast(pl.Int32).cast(pl.Date)


def _listings(symbols: list[str], sessions: np.ndarray, returns: np.ndarray) -> pl.DataFrame:
    """Return the rows of listings."""
    simple = np.maximum(returns, -0.9)
    return pl.DataFrame(
        {
            "symbol": pl.Series(symbols).gather(np.repeat(np.arange(len(symbols)), returns.shape[1])),
            "session_date": _dates(sessions.ravel()),
            "session_index": sessions.ravel(),
            "return_price": (100.0 * np.cumprod(1.0 + simple, axis=1)).ravel(),
            "simple_return": simple.ravel(),
            "log_return": np.log1p(simple).ravel(),
        }
    )


LEVEL: Final = 0.05
Word = Literal["holds", "over", "under", "no value"]


class Reason(NamedTuple):
    """Why a test has the size it is expected to have: in words, and in numbers by window where theory has them."""

    word: Word
    text: str
    rates: tuple[float, float] | None = None


def inflated(variance: float, df: float = np.inf) -> float:
    """Return the size of a two-sided test whose statistic has this variance times the one of its reference."""
    reference = stats.t(df)
    return float(2.0 * reference.sf(reference.isf(LEVEL / 2) / np.sqrt(variance)))


def rank_variance(variance: float) -> float:
    """Return the variance of a normal value's rank among normal values of variance one, in units of their ranks'."""
    return 12.0 * float(np.arcsin(variance / (1.0 + variance))) / (2.0 * np.pi)


def _rank_sizes() -> tuple[float, float]:
    """Return the sizes of rank tests where the tested days have a larger variance than the ranks around them."""
    day, length = rank_variance(VARIANCE), WINDOWS[1].length
    return inflated(day), inflated(day * (LENGTH + length) / (LENGTH + day * length))


def _grank_sizes(correlation: float) -> tuple[float, float]:
    """Return the sizes of GRANK, whose event value is divided by the deviation across the correlated pairs."""
    of_deviation = (N_PAIRS - 1.0) / (N_PAIRS - 3.0)
    size = inflated(rank_variance(of_deviation / (1.0 - correlation)))
    return size, size


def _permuted_size(length: int) -> float:
    """Return the size of a permutation of residuals, whose draws vary less as all but the window's sum to zero."""
    return inflated((1.0 + (length + 1.0) / LENGTH) / (1.0 - length / (LENGTH + length)))


def _squares_size() -> float:
    """Return the size of the two-sided normal test of a chi2 with a degree of freedom per pair."""
    low, high = (N_PAIRS + z * (2.0 * N_PAIRS) ** 0.5 for z in stats.norm.interval(1.0 - LEVEL))
    return float(stats.chi2(N_PAIRS).cdf(low) + stats.chi2(N_PAIRS).sf(high))


CORRELATION: Final = float(np.mean(LOADINGS)) ** 2
FORECAST: Final = (LEVEL, inflated(1.0 + (WINDOWS[1].length + 1.0) / LENGTH))
PERMUTED: Final = _permuted_size(WINDOWS[0].length), _permuted_size(WINDOWS[1].length)
SIGNS: Final = (float(2.0 * stats.binom.cdf(9, 30, 0.5)),) * 2
POOLED: Final = (inflated(1.0 + (N_PAIRS - 1) * CORRELATION),) * 2
ACROSS: Final = (inflated((1.0 + (N_PAIRS - 1) * CORRELATION) / (1.0 - CORRELATION), N_PAIRS - 1),) * 2
INDUCED: Final = (inflated(VARIANCE),) * 2
SQUARES: Final = (_squares_size(),) * 2

REASONS: Final[dict[str, Reason]] = {
    "exact": Reason("holds", "", (LEVEL, LEVEL)),
    "forecast": Reason("holds", "no prediction error, felt over many days", FORECAST),
    "permuted": Reason("holds", "estimation residuals sum to zero, felt over many days", PERMUTED),
    "jackknife": Reason("holds", "for 30 values, by plain simulation", (0.043, 0.043)),
    "skewness": Reason("holds", "for 30 values, by plain simulation", (0.057, 0.057)),
    "skewed": Reason("holds", "a sum of 30 squares is not quite normal", SQUARES),
    "scaled": Reason("holds", "its deviation over 30 pairs is estimated", _grank_sizes(0.0)),
    "shrunk": Reason("holds", "its deviation lacks what pairs share; ranks limit it", _grank_sizes(CORRELATION)),
    "signs": Reason("holds", "4.3 is the size that 30 signs can have", SIGNS),
    "across": Reason("over", "the deviation across pairs lacks what they share (KP 2010)", ACROSS),
    "pooled": Reason("over", "adds the pairs' variances as if independent (BW 1985, KP 2010)", POOLED),
    "counted": Reason("over", "counts pairs as if independent (KP 2011)"),
    "squares": Reason("over", "squares are correlated too, a little"),
    "spread": Reason("under", "the spread across pairs lacks what they share"),
    "one cluster": Reason("no value", "one cluster"),
    "one day": Reason("holds", "[0,0] is one day, without a deviation: no value", (np.nan, FORECAST[1])),
    "induced": Reason("over", "variance of the estimation window (BMP 1991)", INDUCED),
    "ranked": Reason("over", "ranks among the calmer days (Corrado and Zivney 1992, KP 2011)", _rank_sizes()),
    "volatility": Reason("over", "rightly: the change is what it tests"),
}

_ACROSS = ("exact", "across", "exact")
_SERIES = ("forecast", "forecast", "induced")
_GRANK = ("scaled", "shrunk", "scaled")
EXPECTED: Final[dict[str, tuple[str, str, str]]] = {
    "cross_sectional_t": _ACROSS,
    "crude_dependence_t": _SERIES,
    "brown_warner_t": ("forecast", "pooled", "induced"),
    "lamb_t": _SERIES,
    "patell_z": ("exact", "pooled", "induced"),
    "patell_csar_z": ("forecast", "pooled", "induced"),
    "patell_z_adjusted": ("exact", "exact", "induced"),
    "bmp_t": _ACROSS,
    "bmp_t_adjusted": ("exact", "exact", "exact"),
    "skewness_adjusted_t": ("skewness", "across", "skewness"),
    "jackknife_t": ("jackknife", "across", "jackknife"),
    "cluster_robust_t_date": ("exact", "one cluster", "exact"),
    "cluster_robust_t_firm": _ACROSS,
    "cluster_robust_t": ("exact", "one cluster", "exact"),
    "calendar_time_t": ("forecast", "one day", "forecast"),
    "sign_z": ("signs", "counted", "signs"),
    "generalized_sign_z": ("signs", "counted", "signs"),
    "wilcoxon_w": ("exact", "counted", "exact"),
    "corrado_rank_z": ("exact", "exact", "ranked"),
    "corrado_zivney_rank_z": ("exact", "exact", "ranked"),
    "corrado_zivney_sign_z": ("exact", "exact", "exact"),
    "grank_t": _GRANK,
    "grank_z": ("scaled", "counted", "scaled"),
    "volatility_z": ("skewed", "squares", "volatility"),
    "volatility_chi2": ("exact", "spread", "volatility"),
    "wild_bootstrap_p": _ACROSS,
    "pairs_bootstrap_p": _ACROSS,
    "skewness_bootstrap_p": _ACROSS,
    "permutation_p": ("permuted", "permuted", "induced"),
    "placebo_p": ("exact", "exact", "induced"),
}
"""Why each test has its size, by design."""


def band(n_studies: int, rate: float, errors: float) -> tuple[float, float]:
    """Return the sizes between which that of a test with this rate falls, by this many standard errors."""
    half = errors * (rate * (1.0 - rate) / n_studies) ** 0.5
    return rate - half, rate + half

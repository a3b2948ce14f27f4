"""A slow event study to hold the engine to: one pair at a time, every formula written out, the full V matrix.

It shares nothing with the engine but the specification: it computes its own returns from prices, matches the
benchmark by date, fits by the normal equations and takes the variance of a CAR as 1'V1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import polars as pl
from scipy import stats

from pipelines.event_study import StudySpec, Window

NAN = float("nan")
PARAMETERS = {"market": 2, "constant_mean": 1, "market_adjusted": 0}


@dataclass
class Listing:
    """Prices of one security by session count, and the date of each session."""

    price: dict[int, float] = field(default_factory=dict)
    date: dict[int, date] = field(default_factory=dict)


@dataclass
class Day:
    """One day of the event window."""

    actual: float
    expected: float
    abnormal: float
    se: float
    standardised: float
    p_value: float


@dataclass
class Cumulated:
    """One CAR window."""

    car: float
    se: float
    scar: float
    p_value: float
    bhar: float
    n_days: int
    is_complete: bool


@dataclass
class Pair:
    """What the study finds for one pair."""

    status: str
    n_obs: int = 0
    alpha: float = NAN
    beta: float = NAN
    sigma: float = NAN
    days: dict[int, Day] = field(default_factory=dict)
    cars: dict[Window, Cumulated] = field(default_factory=dict)


def listings(returns: pl.DataFrame) -> dict[str, Listing]:
    """Read listings from a frame of prices; its return columns are not looked at."""
    found: dict[str, Listing] = {}
    columns = ("symbol", "session_date", "session_index", "return_price")
    for symbol, session_date, index, price in returns.select(columns).iter_rows():
        listing = found.setdefault(symbol, Listing())
        listing.price[index] = price
        listing.date[index] = session_date
    return found


def study_pair(spec: StudySpec, market: dict[str, Listing], symbol: str, event_index: int, last_index: int) -> Pair:
    """Study one pair whose listing still trades."""
    if event_index + spec.event.end > last_index:
        return Pair("pending")
    listing = market[symbol]
    benchmark = {}
    if spec.model != "constant_mean":
        other = market[spec.benchmark_symbol]
        benchmark = {other.date[index]: price for index, price in other.price.items()}

    rows = []
    for relative_day in spec.estimation.days:
        y, x = returns_at(spec, listing, benchmark, event_index + relative_day)
        if not math.isnan(y) and not math.isnan(x):
            rows.append((y, x))
    y0, x0 = returns_at(spec, listing, benchmark, event_index)
    if len(rows) < spec.min_estimation_obs or math.isnan(y0) or math.isnan(x0):
        return Pair("excluded", n_obs=len(rows))
    return fit_and_measure(spec, listing, benchmark, event_index, np.array(rows))


def returns_at(spec: StudySpec, listing: Listing, benchmark: dict[date, float], index: int) -> tuple[float, float]:
    """Return the security's and the matched benchmark's return at a session, NaN where there is none."""
    if index not in listing.price or index - 1 not in listing.price:
        return NAN, NAN
    y = one_return(spec, listing.price[index], listing.price[index - 1])
    if spec.model == "constant_mean":
        return y, 0.0
    now, before = benchmark.get(listing.date[index]), benchmark.get(listing.date[index - 1])
    return y, NAN if now is None or before is None else one_return(spec, now, before)


def one_return(spec: StudySpec, price: float, before: float) -> float:
    """Return the simple or log return from one price to the next."""
    return price / before - 1.0 if spec.return_type == "simple" else math.log(price / before)


def design(spec: StudySpec, x: np.ndarray) -> np.ndarray:
    """Return the regressors of the model, one row per day."""
    ones = np.ones_like(x)
    return {"market": np.column_stack([ones, x]), "constant_mean": ones[:, None]}.get(spec.model, np.empty((x.size, 0)))


def fit_and_measure(
    spec: StudySpec, listing: Listing, benchmark: dict[date, float], event_index: int, rows: np.ndarray
) -> Pair:
    """Fit the model to rows of (security, benchmark) and measure every day and window."""
    y, x = rows.T
    regressors = design(spec, x)
    gram = np.linalg.pinv(regressors.T @ regressors)
    coefficients = gram @ regressors.T @ y
    alpha, beta = {
        "market": lambda: (coefficients[0], coefficients[1]),
        "constant_mean": lambda: (coefficients[0], 0.0),
        "market_adjusted": lambda: (0.0, 1.0),
    }[spec.model]()
    df = y.size - PARAMETERS[spec.model]
    sigma = math.sqrt(sum((y - alpha - beta * x) ** 2) / df)

    window = list(spec.event.days)
    actual, market_return = np.array(
        [returns_at(spec, listing, benchmark, event_index + relative_day) for relative_day in window]
    ).T
    star = design(spec, np.nan_to_num(market_return))
    covariance = sigma**2 * (np.eye(len(window)) + star @ gram @ star.T)
    pair = Pair("used", y.size, alpha, NAN if spec.model == "constant_mean" else beta, sigma)
    for place, relative_day in enumerate(window):
        missing = math.isnan(market_return[place])
        expected = NAN if missing else alpha + beta * market_return[place]
        abnormal = actual[place] - expected
        se = NAN if missing else math.sqrt(covariance[place, place])
        pair.days[relative_day] = Day(
            actual[place], expected, abnormal, se, abnormal / se, 2 * stats.t.sf(abs(abnormal / se), df)
        )
    for car_window in spec.car_windows:
        pair.cars[car_window] = cumulated(spec, pair, car_window, covariance, df)
    return pair


def cumulated(spec: StudySpec, pair: Pair, window: Window, covariance: np.ndarray, df: int) -> Cumulated:
    """Sum the abnormal returns over the days that have one; the variance is 1'V1 over those days."""
    available = [day for day in window.days if not math.isnan(pair.days[day].abnormal)]
    if not available:
        return Cumulated(NAN, NAN, NAN, NAN, NAN, 0, is_complete=False)
    car = math.fsum(pair.days[day].abnormal for day in available)
    picked = [day - spec.event.start for day in available]
    se = math.sqrt(covariance[np.ix_(picked, picked)].sum())
    bhar = NAN
    if len(available) == window.length:
        bhar = held(spec, [pair.days[day].actual for day in available]) - held(
            spec, [pair.days[day].expected for day in available]
        )
    p_value = 2 * stats.t.sf(abs(car / se), df)
    return Cumulated(car, se, car / se, p_value, bhar, len(available), len(available) == window.length)


def held(spec: StudySpec, returns: list[float]) -> float:
    """Return what one unit becomes when it is held over the returns."""
    return math.prod(1 + each for each in returns) if spec.return_type == "simple" else math.exp(math.fsum(returns))


def group_statistics(spec: StudySpec, pairs: list[Pair], window: Window) -> dict[str, tuple[float, float]]:
    """Return statistic and p-value of every test over a window; those over the cross-section need two pairs."""
    values, scars, sums, df = [], [], [], []
    for pair in pairs:
        days = [pair.days[day] for day in window.days]
        if any(math.isnan(day.abnormal) for day in days):
            continue
        single = window.length == 1
        values.append(days[0].abnormal if single else pair.cars[window].car)
        scars.append(days[0].standardised if single else pair.cars[window].scar)
        sums.append(sum(day.standardised for day in days))
        df.append(pair.n_obs - PARAMETERS[spec.model])
    n = len(values)
    inflation = [d / (d - 2) for d in df]
    patell = sum(scars) / math.sqrt(sum(inflation))
    csar = [s / math.sqrt(window.length * q) for s, q in zip(sums, inflation, strict=True)]
    csar_z = patell if window.length == 1 else sum(csar) / math.sqrt(n)
    found = {
        "patell_z": (patell, 2 * stats.norm.sf(abs(patell))),
        "patell_csar_z": (csar_z, 2 * stats.norm.sf(abs(csar_z))),
    }
    if n > 1:
        for name, sample in (("cross_sectional_t", values), ("bmp_t", scars)):
            t_stat = math.sqrt(n) * np.mean(sample) / np.std(sample, ddof=1)
            found[name] = (t_stat, 2 * stats.t.sf(abs(t_stat), n - 1))
    return found

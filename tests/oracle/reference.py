"""A slow event study to hold the engine to: one pair at a time, every formula written out, the full V matrix.

It shares nothing with the engine but the specification: it computes its own returns from prices, matches benchmark
and factors by date, fits by the normal equations and takes the variance of a CAR as 1'V1. Groups of pairs are tested
in `reference_tests` and `reference_ranks`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import numpy as np
import polars as pl
from scipy import special

from pipelines.event_study import StudySpec, Window

NAN = float("nan")
BENCHMARK = "benchmark"
FACTOR_MODELS = {
    "ff3": ("mkt_rf", "smb", "hml"),
    "carhart": ("mkt_rf", "smb", "hml", "mom"),
    "ff5": ("mkt_rf", "smb", "hml", "rmw", "cma"),
}
EXCESS_MODELS = ("capm", *FACTOR_MODELS)
Factors = Mapping[date, Mapping[str, float]]


@dataclass
class Listing:
    """Prices of one security by session count, and the date of each session."""

    price: dict[int, float] = field(default_factory=dict)
    date: dict[int, date] = field(default_factory=dict)

    @cached_property
    def price_on(self) -> dict[date, float]:
        """Price by date."""
        return {self.date[index]: price for index, price in self.price.items()}

    @cached_property
    def before(self) -> dict[int, int]:
        """The session with a price before each session with a price."""
        sessions = sorted(self.price)
        return dict(zip(sessions[1:], sessions, strict=False))


@dataclass
class Market:
    """What a study reads: listings by symbol, and factor returns by date and name."""

    listings: dict[str, Listing]
    factors: Factors = field(default_factory=dict)


@dataclass
class Observation:
    """One session of a security: its return, the known part of the normal return, and its regressors."""

    actual: float
    base: float
    regressors: list[float]

    @property
    def is_complete(self) -> bool:
        """Whether nothing is missing."""
        return not any(map(math.isnan, (self.actual, self.base, *self.regressors)))


@dataclass
class Fit:
    """A fitted normal return.

    Attributes
    ----------
    slopes : array, shape (k,)
        Slopes on the regressors.
    gram : array
        (X'X)^-1 of the prediction error, X with the constant first; empty where nothing is estimated.
    df : int
        Estimation days less estimated parameters.
    """

    alpha: float
    slopes: np.ndarray
    sigma: float
    df: int
    gram: np.ndarray


@dataclass
class Day:
    """One day of the event window; `inflation` is C = 1 + x'(X'X)^-1 x."""

    date: date | None
    actual: float
    expected: float
    abnormal: float
    se: float
    standardised: float
    p_value: float
    inflation: float


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


@dataclass(eq=False)
class Pair:
    """What the study finds for one pair; the estimation window's abnormal returns are kept by day and by date."""

    status: str
    symbol: str = ""
    index: int = 0
    session: date | None = None
    n_obs: int = 0
    df: int = 0
    alpha: float = NAN
    beta: float = NAN
    sigma: float = NAN
    alpha_se: float = NAN
    beta_se: float = NAN
    slopes: tuple[float, ...] = ()
    days: dict[int, Day] = field(default_factory=dict)
    cars: dict[Window, Cumulated] = field(default_factory=dict)
    residual: dict[int, float] = field(default_factory=dict)
    residual_on: dict[date, float] = field(default_factory=dict)


def listings(returns: pl.DataFrame) -> dict[str, Listing]:
    """Read listings from a frame of prices; its return columns are not looked at."""
    found: dict[str, Listing] = {}
    columns = ("symbol", "session_date", "session_index", "return_price")
    for symbol, session_date, index, price in returns.select(columns).iter_rows():
        listing = found.setdefault(symbol, Listing())
        listing.price[index] = price
        listing.date[index] = session_date
    return found


def study_pair(
    spec: StudySpec,
    market: Market,
    symbol: str,
    event_index: int,
    last_index: int,
    events: Iterable[int] = (),
) -> Pair:
    """Study one pair whose listing still trades; `events` are the sessions of all events of the symbol."""
    leads = spec.leads if spec.model == "dimson" and spec.dimson_form == "polynomial" else 0
    if event_index + spec.event.end + leads > last_index:
        return Pair("pending")
    listing = market.listings[symbol]
    usable = usable_days(spec, market, listing, event_index, events)
    day_0 = observe(spec, market, listing, event_index)
    if len(usable) < spec.min_estimation_obs or not day_0.is_complete:
        return Pair("excluded", n_obs=len(usable))
    fit = fit_pair(spec, market, listing, event_index, usable)
    pair = measured(spec, market, listing, event_index, fit)
    pair.symbol, pair.index, pair.session, pair.n_obs = symbol, event_index, listing.date[event_index], len(usable)
    for relative_day, seen in usable.items():
        pair.residual[relative_day] = seen.actual - expected(fit, seen)
        pair.residual_on[listing.date[event_index + relative_day]] = pair.residual[relative_day]
    return pair


def usable_days(
    spec: StudySpec, market: Market, listing: Listing, event_index: int, events: Iterable[int]
) -> dict[int, Observation]:
    """Return the days of the estimation window that the model can use, by relative day."""
    left_out, usable = excluded_sessions(spec, events), {}
    for relative_day in spec.estimation.days:
        index = event_index + relative_day
        seen = observe(spec, market, listing, index)
        if seen.is_complete and has_neighbours(spec, market, listing, index) and index not in left_out:
            usable[relative_day] = seen
    return usable


def excluded_sessions(spec: StudySpec, events: Iterable[int]) -> set[int]:
    """Return the sessions around events of the security that its estimation windows leave out."""
    if spec.excluded_days is None:
        return set()
    return {event + day for event in events for day in spec.excluded_days.days}


def span(listing: Listing, index: int) -> tuple[date, date] | None:
    """Return the dates of the listing's price before a session and of the session's own, None if it lacks one."""
    if index not in listing.before:
        return None
    return listing.date[listing.before[index]], listing.date[index]


def own_return(spec: StudySpec, listing: Listing, index: int) -> float:
    """Return the security's return at a session, NaN unless it and the session before have a price."""
    if index not in listing.price or index - 1 not in listing.price:
        return NAN
    return one_return(spec, listing.price[index], listing.price[index - 1])


def benchmark_return(spec: StudySpec, market: Market, listing: Listing, index: int) -> float:
    """Return the benchmark's return over the days that a session's return spans; needs its price on both dates."""
    days = span(listing, index)
    price = market.listings[spec.benchmark_symbol].price_on
    if days is None or days[0] not in price or days[1] not in price:
        return NAN
    return one_return(spec, price[days[1]], price[days[0]])


def factor_return(market: Market, listing: Listing, index: int, name: str) -> float:
    """Return a factor over the days that a session's return spans: prod (1 + f) - 1; needs both dates in the table."""
    days = span(listing, index)
    if days is None or days[0] not in market.factors or days[1] not in market.factors:
        return NAN
    inside = [values[name] for day, values in market.factors.items() if days[0] < day <= days[1]]
    return inside[0] if len(inside) == 1 else math.prod(1.0 + each for each in inside) - 1.0


def one_return(spec: StudySpec, price: float, before: float) -> float:
    """Return the simple or log return from one price to the next."""
    return price / before - 1.0 if spec.return_type == "simple" else math.log(price / before)


def regressor_names(spec: StudySpec) -> list[tuple[str, int]]:
    """Return name and lag of what the expected return is linear in, beside the intercept."""
    if spec.model in {"constant_mean", "market_adjusted"}:
        return []
    if spec.model == "dimson" and spec.dimson_form == "polynomial":
        return [(BENCHMARK, lag) for lag in range(-spec.leads, spec.lags + 1)]
    if spec.model == "capm" and spec.benchmark_symbol is None:
        return [("mkt_rf", 0)]
    names = FACTOR_MODELS.get(spec.model, spec.factors if spec.model == "linear" else (BENCHMARK,))
    return [(name, 0) for name in names]


def regressor(spec: StudySpec, market: Market, listing: Listing, index: int, name: str) -> float:
    """Return the value of a regressor at a session of the listing; a CAPM's benchmark is in excess of rf."""
    if name != BENCHMARK:
        return factor_return(market, listing, index, name)
    value = benchmark_return(spec, market, listing, index)
    return value - factor_return(market, listing, index, "rf") if spec.model in EXCESS_MODELS else value


def observe(spec: StudySpec, market: Market, listing: Listing, index: int) -> Observation:
    """Return what a study sees of a security at a session."""
    base = 0.0
    if spec.model == "market_adjusted":
        base = benchmark_return(spec, market, listing, index)
    elif spec.model in EXCESS_MODELS:
        base = factor_return(market, listing, index, "rf")
    values = [regressor(spec, market, listing, index - lag, name) for name, lag in regressor_names(spec)]
    return Observation(own_return(spec, listing, index), base, values)


def neighbours(spec: StudySpec, market: Market, listing: Listing, index: int) -> list[float]:
    """Return the benchmark's returns from `leads` sessions later to `lags` sessions earlier."""
    leads, lags = (1, 1) if spec.model == "scholes_williams" else (spec.leads, spec.lags)
    return [benchmark_return(spec, market, listing, index - lag) for lag in range(-leads, lags + 1)]


def has_neighbours(spec: StudySpec, market: Market, listing: Listing, index: int) -> bool:
    """Whether Dimson's multiple regression, summed afterwards, can use a session; other models ask for nothing."""
    if spec.model != "dimson" or spec.dimson_form == "polynomial":
        return True
    return not any(map(math.isnan, neighbours(spec, market, listing, index)))


def fit_pair(
    spec: StudySpec, market: Market, listing: Listing, event_index: int, usable: Mapping[int, Observation]
) -> Fit:
    """Fit the study's model to the usable days of the estimation window."""
    y = np.array([seen.actual - seen.base for seen in usable.values()])
    x = np.array([seen.regressors for seen in usable.values()]).reshape(y.size, -1)
    if spec.model == "market_adjusted":
        return Fit(0.0, np.empty(0), math.sqrt(sum(y**2) / y.size), y.size, np.empty((0, 0)))
    if spec.model != "scholes_williams" and not (spec.model == "dimson" and spec.dimson_form == "sum"):
        return least_squares(y, x)
    around = np.array([neighbours(spec, market, listing, event_index + relative_day) for relative_day in usable])
    if spec.model == "dimson":
        slope = sum(least_squares(y, around).slopes)
        return with_slope(y, x[:, 0], slope, np.mean(y) - slope * np.mean(x), 2 + spec.leads + spec.lags)
    slope = scholes_williams_slope(y, around)
    alpha = np.mean(y[1:-1]) - slope * np.mean(x[1:-1, 0])
    return with_slope(y, x[:, 0], slope, alpha, 2)


def least_squares(y: np.ndarray, x: np.ndarray) -> Fit:
    """Regress y on a constant and x: (X'X)^-1 X'y, s^2 = SSE/(L1 - k)."""
    design = np.column_stack([np.ones(y.size), x])
    gram = np.linalg.inv(design.T @ design)
    coefficients = np.linalg.lstsq(design, y, rcond=None)[0]
    df = y.size - design.shape[1]
    sigma = math.sqrt(math.fsum((y - design @ coefficients) ** 2) / df)
    return Fit(float(coefficients[0]), coefficients[1:], sigma, df, gram)


def with_slope(y: np.ndarray, x: np.ndarray, slope: float, alpha: float, n_parameters: int) -> Fit:
    """Take a slope and an intercept as given: s^2 from their residuals, the rest as in the market model."""
    residual = y - alpha - slope * x
    df = y.size - n_parameters
    return Fit(alpha, np.array([slope]), math.sqrt(sum(residual**2) / df), df, least_squares(y, x[:, None]).gram)


def scholes_williams_slope(y: np.ndarray, around: np.ndarray) -> float:
    """Return (b- + b0 + b+)/(1 + 2 rho): slopes on the benchmark later, the same day and earlier.

    Each regression takes the days that have its regressor; rho correlates the same day's with the earlier return.
    """
    total = 0.0
    for x in around.T:
        known = ~np.isnan(x)
        total += least_squares(y[known], x[known, None]).slopes[0]
    known = ~np.isnan(around[:, 2])
    rho = np.corrcoef(around[known, 1], around[known, 2])[0, 1]
    return total / (1.0 + 2.0 * rho)


def expected(fit: Fit, seen: Observation) -> float:
    """Return the normal return of a session: known part, intercept and slopes."""
    return float(seen.base + fit.alpha + sum(b * x for b, x in zip(fit.slopes, seen.regressors, strict=True)))


def measured(spec: StudySpec, market: Market, listing: Listing, event_index: int, fit: Fit) -> Pair:
    """Measure every day and window: V = s^2 (I + X* (X'X)^-1 X*') over the event window."""
    seen = {day: observe(spec, market, listing, event_index + day) for day in spec.event.days}
    width = fit.gram.shape[0]
    star = np.array([[1.0, *each.regressors][:width] for each in seen.values()]).reshape(len(seen), width)
    inflation = np.eye(len(seen)) + np.nan_to_num(star) @ fit.gram @ np.nan_to_num(star).T
    pair = Pair("used", df=fit.df, alpha=fit.alpha, sigma=fit.sigma, slopes=tuple(map(float, fit.slopes)))
    pair.beta, pair.alpha_se, pair.beta_se = parameters(spec, fit)
    for place, (relative_day, each) in enumerate(seen.items()):
        c = float(inflation[place, place])
        pair.days[relative_day] = one_day(fit, each, listing.date.get(event_index + relative_day), c)
    for window in {*spec.car_windows, *(Window(day, day) for day in spec.event.days)}:
        pair.cars[window] = cumulated(spec, pair, window, fit.sigma**2 * inflation)
    return pair


def parameters(spec: StudySpec, fit: Fit) -> tuple[float, float, float]:
    """Return the slope on the market, leads and lags summed, and the standard errors of intercept and slope."""
    if spec.model == "market_adjusted":
        return 1.0, NAN, NAN
    of_market = np.array([name in {BENCHMARK, "mkt_rf"} for name, _ in regressor_names(spec)], dtype=float)
    alpha_se = fit.sigma * math.sqrt(fit.gram[0, 0])
    if not of_market.any():
        return NAN, alpha_se, NAN
    return of_market @ fit.slopes, alpha_se, fit.sigma * math.sqrt(of_market @ fit.gram[1:, 1:] @ of_market)


def one_day(fit: Fit, seen: Observation, on: date | None, inflation: float) -> Day:
    """Return one day: AR, its standard error s sqrt(C), and t with L1 - k degrees of freedom."""
    if not seen.is_complete:
        return Day(on, seen.actual, NAN, NAN, NAN, NAN, NAN, NAN)
    normal = expected(fit, seen)
    abnormal, se = seen.actual - normal, fit.sigma * math.sqrt(inflation)
    standardised = over_error(abnormal, se)
    p_value = float(2.0 * special.stdtr(fit.df, -abs(standardised)))
    return Day(on, seen.actual, normal, abnormal, se, standardised, p_value, inflation)


def over_error(value: float, se: float) -> float:
    """Return value / se, NaN where the residuals did not move."""
    return value / se if se > 0 else NAN


def cumulated(spec: StudySpec, pair: Pair, window: Window, covariance: np.ndarray) -> Cumulated:
    """Sum the abnormal returns over the days that have one; the variance is 1'V1 over those days."""
    available = [day for day in window.days if not math.isnan(pair.days[day].abnormal)]
    if not available:
        return Cumulated(NAN, NAN, NAN, NAN, NAN, 0, is_complete=False)
    car = math.fsum(pair.days[day].abnormal for day in available)
    picked = [day - spec.event.start for day in available]
    se = math.sqrt(float(covariance[np.ix_(picked, picked)].sum()))
    bhar = NAN
    if len(available) == window.length:
        bhar = held(spec, [pair.days[day].actual for day in available]) - held(
            spec, [pair.days[day].expected for day in available]
        )
    scar = over_error(car, se)
    p_value = float(2.0 * special.stdtr(pair.df, -abs(scar)))
    return Cumulated(car, se, scar, p_value, bhar, len(available), len(available) == window.length)


def held(spec: StudySpec, returns: list[float]) -> float:
    """Return what one unit becomes when it is held over the returns."""
    return math.prod(1 + each for each in returns) if spec.return_type == "simple" else math.exp(math.fsum(returns))

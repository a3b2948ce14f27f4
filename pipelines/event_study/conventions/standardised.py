"""Tests of standardised abnormal returns: Patell's, the BMP test, and its correction for cross-correlation."""

from __future__ import annotations

from typing import Final

import numpy as np

from pipelines.event_study.arrays import BoolArray, FloatArray
from pipelines.event_study.conventions.averages import mean
from pipelines.event_study.conventions.group import Group, has_market
from pipelines.event_study.conventions.switches import ONE_DAY, Definitions
from pipelines.event_study.windows import Window

MIN_COMMON_DAYS: Final = 30
"""Common calendar days below which the textbook's correlation of two pairs counts as zero."""

FEWEST_DAYS: Final = 2
"""Common days that a correlation needs at all."""

FEWEST_PAIRS: Final = 2
"""Pairs that a mean correlation needs."""

STILL: Final = 1e-12
"""Share of a sum of squares below which what is left about the mean is rounding, and the residuals do not vary."""

ROWS_AT_A_TIME: Final = 512
"""Pairs that are correlated with all others at once."""


def patell_z(definitions: Definitions, group: Group, window: Window, *, daily: bool = False) -> float:
    """Sum of the standardised values over its deviation, or with `daily` the mean of those of summed days."""
    is_summed = window.length > ONE_DAY and (daily or definitions.window_form == "daily_sum")
    scar = _standardised(definitions, group, window, summed=is_summed)
    known = ~np.isnan(scar)
    q = _inflation(definitions, group)
    if is_summed:
        return float((scar / np.sqrt(q))[known].sum() / np.sqrt(known.sum()))
    if definitions.absent == "left_out":
        return float(scar[known].sum() / np.sqrt(q[known].sum()))
    everybody = q[group.sigma > 0].sum()
    if definitions.absent == "averaged":
        return mean(scar) * float((group.sigma > 0).sum() / np.sqrt(everybody))
    return float(scar[known].sum() / np.sqrt(everybody))


def bmp_t(definitions: Definitions, group: Group, window: Window) -> float:
    """Mean of the standardised values over their cross-sectional standard error."""
    if definitions.bmp_error == "none":
        sigma = _sigma(definitions, group)
        scar = _over(car(definitions, group, window), sigma)
    else:
        scar = _standardised(definitions, group, window, summed=False)
    return studentised(scar)


def bmp_t_adjusted(definitions: Definitions, group: Group, window: Window) -> float:
    """BMP test times sqrt((1 - r)/(1 + (N - 1) r))."""
    plain = bmp_t(definitions, group, window)
    r = mean_correlation(definitions, group)
    n = _counted(definitions, group, window)
    with np.errstate(invalid="ignore", divide="ignore"):
        factor = float((1.0 - r) / (1.0 + (n - 1.0) * r))
    if definitions.correlation == "relative_day":
        return plain * float(np.sqrt(factor)) if np.isfinite(factor) and factor >= 0 else plain
    return plain * float(np.sqrt(factor)) if factor > 0 else float("nan")


def mean_correlation(definitions: Definitions, group: Group) -> float:
    """Return the mean over pairs i < j of the correlation of residuals; NaN for one pair."""
    days = definitions.correlation
    if days not in group.correlations:
        is_calendar = days == "calendar"
        residual, least = (
            (_by_date(group)[group.sigma > 0], MIN_COMMON_DAYS) if is_calendar else (group.residual, FEWEST_DAYS)
        )
        group.correlations[days] = _mean_correlation(residual, least)
    return group.correlations[days]


def _mean_correlation(residual: FloatArray, least: int) -> float:
    """Return the mean over pairs i < j of the correlation on common days, zero on fewer than `least`."""
    n = residual.shape[0]
    if n < FEWEST_PAIRS:
        return float("nan")
    known = (~np.isnan(residual)).astype(np.float64)
    centred = np.nan_to_num(residual - (np.nansum(residual, axis=1) / known.sum(axis=1))[:, None])
    total = 0.0
    for first in range(0, n, ROWS_AT_A_TIME):
        rows = slice(first, first + ROWS_AT_A_TIME)
        correlation = _correlations(centred[rows], known[rows], centred, known, least)
        total += float(np.tril(correlation, k=first - 1).sum())
    return float(total / (n * (n - 1) / 2))


def _correlations(x: FloatArray, known_x: FloatArray, y: FloatArray, known_y: FloatArray, least: int) -> FloatArray:
    """Return the correlation of every row of x with every row of y on common days; shape (rows of x, rows of y).

    The rows have a mean of zero over their own days, and zeros where they are missing.
    """
    n = known_x @ known_y.T
    sum_x, sum_y = x @ known_y.T, known_x @ y.T
    with np.errstate(invalid="ignore", divide="ignore"):
        square_x, square_y = x**2 @ known_y.T, known_x @ (y**2).T
        about_x, about_y = square_x - sum_x**2 / n, square_y - sum_y**2 / n
        found = (x @ y.T - sum_x * sum_y / n) / np.sqrt(about_x * about_y)
    varies = (about_x > STILL * square_x) & (about_y > STILL * square_y)
    return np.where((n >= least) & varies, found, 0.0)


def studentised(values: FloatArray) -> float:
    """Return the mean of the values that are not NaN over its standard error; NaN below two."""
    known = values[~np.isnan(values)]
    if known.size < 2:  # noqa: PLR2004
        return float("nan")
    with np.errstate(invalid="ignore", divide="ignore"):
        return float(np.sqrt(known.size) * known.mean() / known.std(ddof=1))


def counts(definitions: Definitions, group: Group, window: Window) -> BoolArray:
    """Tell which pairs count: those with every day, or with `absent` zero those with any of several; shape (N,)."""
    available = group.available(window)
    is_filled = definitions.absent == "zero" and window.length > ONE_DAY
    counted: BoolArray = available.sum(axis=1) >= (1 if is_filled else window.length)
    return counted


def car(definitions: Definitions, group: Group, window: Window) -> FloatArray:
    """Return the abnormal return or CAR of every pair that counts, NaN for the others; shape (N,)."""
    total = np.nansum(group.abnormal[:, group.span(window)], axis=1)
    return np.where(counts(definitions, group, window), total, np.nan)


def error_factor(definitions: Definitions, group: Group, window: Window) -> FloatArray:
    """Return the variance of a pair's sum over its available days, in units of sigma^2; shape (N,).

    Notes
    -----
    Of the market model n + n^2/L1 + (sum of Rm - mean)^2/Sxx over n days.
    """
    days: FloatArray = group.available(window).sum(axis=1).astype(np.float64)
    model = group.estimates.spec.normal_model
    if definitions.market_moments == "full_window" and has_market(group.estimates):
        mean, sxx = group.market_moments
        deviation: FloatArray = np.nansum(group.x[:, group.span(window)] - mean[:, None], axis=1)
        return np.asarray(days + days**2 / group.n + deviation**2 / sxx)
    if definitions.adjusted_error == "mean" and not model.has_intercept:
        return np.asarray(days + days**2 / group.n)
    return _over(group.window_se(window), group.sigma) ** 2


def _standardised(definitions: Definitions, group: Group, window: Window, *, summed: bool) -> FloatArray:
    """Return the SCAR of every pair that counts; shape (N,)."""
    sigma = _sigma(definitions, group)
    if not summed:
        return _over(car(definitions, group, window), sigma * np.sqrt(error_factor(definitions, group, window)))
    total = np.zeros(group.n_pairs)
    for day in window.days:
        one = Window(day, day)
        abnormal = group.abnormal[:, group.span(one).start]
        total += np.nan_to_num(_over(abnormal, sigma * np.sqrt(error_factor(definitions, group, one))))
    known = counts(definitions, group, window) & (group.sigma > 0)
    return np.where(known, total / np.sqrt(window.length), np.nan)


def _sigma(definitions: Definitions, group: Group) -> FloatArray:
    has_parameters = group.estimates.spec.normal_model.has_intercept
    is_sample = definitions.sigma == "sample" or (definitions.adjusted_sigma == "about_mean" and not has_parameters)
    return np.where(group.sigma > 0, group.sample_sd, 0.0) if is_sample else group.sigma


def _inflation(definitions: Definitions, group: Group) -> FloatArray:
    """Return d/(d - 2) of each pair; shape (N,)."""
    k = group.n - group.df
    if definitions.adjusted_error == "mean" and not group.estimates.spec.normal_model.has_intercept:
        k = k + 1.0
    length = float(group.estimates.spec.estimation.length) if definitions.patell_length == "rows" else group.n
    d = length - k
    return np.divide(d, d - 2.0, out=np.full_like(d, np.nan), where=d > 2)  # noqa: PLR2004


def _counted(definitions: Definitions, group: Group, window: Window) -> int:
    """Return N of the correction."""
    if definitions.correlation == "relative_day":
        first = window.start if window.length > ONE_DAY else group.estimates.spec.event.start
        return int(group.available(Window(first, first)).sum())
    return int((counts(definitions, group, window) & (group.sigma > 0)).sum())


def _by_date(group: Group) -> FloatArray:
    """Return the residuals by calendar day, NaN where missing; shape (N, days)."""
    known = ~np.isnan(group.residual)
    dates, place = np.unique(group.days[known], return_inverse=True)
    values = np.full((group.n_pairs, dates.size), np.nan)
    values[np.nonzero(known)[0], place] = group.residual[known]
    return values


def _over(value: FloatArray, scale: FloatArray) -> FloatArray:
    """Divide, NaN where the divisor is zero or missing."""
    return np.divide(value, scale, out=np.full_like(value, np.nan), where=scale > 0)

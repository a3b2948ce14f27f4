"""Tests of a mean over its deviation across pairs or in the estimation window, and of signs."""

from __future__ import annotations

from typing import Final

import numpy as np

from pipelines.event_study.arrays import BoolArray, FloatArray
from pipelines.event_study.conventions.averages import deviation, mean
from pipelines.event_study.conventions.group import Group
from pipelines.event_study.conventions.standardised import car, counts, error_factor, studentised
from pipelines.event_study.conventions.switches import ONE_DAY, Definitions
from pipelines.event_study.windows import Window

LEAST_SHARE: Final = 0.9
"""Share of the pairs that must have a return on a day for estudy2 to take it into a window."""


def cross_sectional_t(definitions: Definitions, group: Group, window: Window) -> float:
    """Mean over its cross-sectional standard error."""
    cars = car(definitions, group, window)
    if definitions.absent != "zero" or window.length == ONE_DAY:
        return studentised(cars)
    values = group.abnormal[:, group.span(window)]
    known = ~np.isnan(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        caar = np.nansum(np.nansum(values, axis=0) / known.sum(axis=0))
        sd = deviation(np.nansum(values, axis=1))
        return float(np.sqrt(known[:, -1].sum()) * caar / sd)


def brown_warner_t(definitions: Definitions, group: Group, window: Window) -> float:
    """Mean over the pooled sample deviations of the estimation windows."""
    cars = car(definitions, group, window)
    known = ~np.isnan(cars)
    counted = np.ones_like(known) if definitions.absent == "averaged" else known
    variance = window.length * (group.sample_sd[counted] ** 2).sum()
    return float(mean(cars) * counted.sum() / np.sqrt(variance))


def crude_dependence_t(definitions: Definitions, group: Group, window: Window) -> float:
    """Mean over the deviation of the pairs' mean in the estimation window."""
    spread = _deviation(definitions, group, window)
    if definitions.window_mean == "daily_means" and window.length > ONE_DAY:
        means = _daily_means(group, window)
        return float(means.sum() / (spread * np.sqrt(means.size)))
    return float(mean(car(definitions, group, window)) / (spread * np.sqrt(window.length)))


def lamb_t(definitions: Definitions, group: Group, window: Window) -> float:
    """Sum over the days of the mean over its deviation with the forecast error, over sqrt(L2)."""
    by_day = definitions.window_mean == "daily_means" and window.length > ONE_DAY
    days = list(window.days)
    if by_day:
        days = [day for day, kept in zip(days, _is_kept(group, window), strict=True) if kept]
    complete = counts(definitions, group, window)
    spread = _deviation(definitions, group, window)
    total = 0.0
    for day in days:
        one = Window(day, day)
        known = (group.available(one)[:, 0] if by_day else complete) & (group.sigma > 0)
        factor = mean(error_factor(definitions, group, one)[known])
        if definitions.lamb_length == "inverse_of_mean":
            factor += 1.0 / group.n.mean() - mean(1.0 / group.n[known])
        of_day = mean(group.abnormal[known, group.span(one).start])
        total += float(of_day / (spread * np.sqrt(factor)))
    return total / float(np.sqrt(len(days)))


def sign_z(definitions: Definitions, group: Group, window: Window) -> float:
    """Share of positive values against one half."""
    return _share_z(definitions, group, window, 0.5)


def generalized_sign_z(definitions: Definitions, group: Group, window: Window) -> float:
    """Share of positive values against that of the estimation windows."""
    return _share_z(definitions, group, window, positive_share(definitions, group, counts(definitions, group, window)))


def positive_share(definitions: Definitions, group: Group, known: BoolArray) -> float:
    """Return the expected share of positive returns."""
    positive = (group.residual > 0).sum(axis=1).astype(np.float64)
    if definitions.positive_share == "pooled":
        return float(positive.sum() / group.n.sum())
    if definitions.positive_share == "pairs":
        return mean((positive / group.n)[known])
    _, place = np.unique(group.security, return_inverse=True)
    return float((np.bincount(place, positive) / np.bincount(place, group.n)).mean())


def mean_bhar(definitions: Definitions, group: Group, window: Window) -> float:
    """Mean buy-and-hold abnormal return of the pairs with every day."""
    estimates, span = group.estimates, group.span(window)
    held = estimates.actual[group.rows, span]
    normal = estimates.expected[group.rows, span] if definitions.bhar_normal == "model" else group.x[:, span]
    is_log = estimates.spec.return_type == "log" and definitions.bhar_compounding == "by_return_type"
    first, second = (np.exp(each.sum(axis=1)) if is_log else (1.0 + each).prod(axis=1) for each in (held, normal))
    return mean(first - second)


def _share_z(definitions: Definitions, group: Group, window: Window, share: float) -> float:
    values = car(definitions, group, window)
    known = ~np.isnan(values)
    n = int(known.sum())
    positive = float((values[known] > 0).sum())
    if definitions.absent == "averaged" and n:
        positive *= group.n_pairs / n
    with np.errstate(invalid="ignore", divide="ignore"):
        return float((positive - n * share) / np.sqrt(np.float64(n * share * (1.0 - share))))


def _deviation(definitions: Definitions, group: Group, window: Window) -> float:
    """Return the sample deviation of the pairs' mean residual over the days of the estimation window."""
    counted = slice(None) if definitions.series_pairs == "group" else counts(definitions, group, window)
    residual = group.residual[counted]
    known = ~np.isnan(residual)
    has_any = known.any(axis=0)
    return deviation(np.nansum(residual, axis=0)[has_any] / known.sum(axis=0)[has_any])


def _is_kept(group: Group, window: Window) -> list[bool]:
    kept: list[bool] = (group.available(window).mean(axis=0) > LEAST_SHARE).tolist()
    return kept


def _daily_means(group: Group, window: Window) -> FloatArray:
    """Return the mean of each day that enough pairs have a return on."""
    values = group.abnormal[:, group.span(window)][:, _is_kept(group, window)]
    return np.asarray(np.nanmean(values, axis=0), dtype=np.float64)

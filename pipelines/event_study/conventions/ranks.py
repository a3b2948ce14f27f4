"""Rank tests of Corrado and of Corrado and Zivney."""

from __future__ import annotations

from typing import Literal

import numpy as np

from pipelines.event_study.arrays import BoolArray, FloatArray
from pipelines.event_study.conventions.averages import deviation, mean
from pipelines.event_study.conventions.group import Group
from pipelines.event_study.conventions.means import LEAST_SHARE
from pipelines.event_study.conventions.switches import ONE_DAY, Definitions
from pipelines.event_study.windows import Window

Kind = Literal["rank", "share", "sign"]


def rank_z(definitions: Definitions, group: Group, window: Window, kind: Kind) -> float:
    """Sum over the window of the days' mean (rank) or scaled sum (share, sign) over its deviation times sqrt(L2)."""
    if definitions.recycled == "first_day" and window.length == ONE_DAY:
        first = group.estimates.spec.event.start
        window = Window(first, first)
    days = group.estimates.spec.event if _is_wide(definitions, window) else window
    returns = np.concatenate((group.residual, group.abnormal[:, group.span(days)]), axis=1)
    if days == window:
        returns[~group.available(window).all(axis=1)] = np.nan
    known = ~np.isnan(returns)
    if kind == "rank" and definitions.rank_centre == "common" and window.length > ONE_DAY:
        return _commonly_centred(definitions, group, window)
    values = _values(definitions, group, returns, kind)
    scaled = _by_day(definitions, group, values, is_mean=kind == "rank")
    first_event = group.residual.shape[1] + window.start - days.start
    total = scaled[first_event : first_event + window.length].sum()
    return float(total / (np.sqrt(window.length) * _deviation(definitions, scaled, known)))


def _is_wide(definitions: Definitions, window: Window) -> bool:
    return definitions.rank_days == "event_window" and window.length == ONE_DAY


def _values(definitions: Definitions, group: Group, returns: FloatArray, kind: Kind) -> FloatArray:
    """Return centred ranks, shares or signs, NaN for a missing return; shape (N, days)."""
    if kind == "sign":
        with np.errstate(invalid="ignore"):
            return np.asarray(np.sign(returns - _median(returns)[:, None]))
    rank, size = _ranks(definitions, group, returns)
    if definitions.rank_size == "rows":
        _, place = np.unique(_unit(definitions, group), return_inverse=True)
        rows = returns.shape[1] * np.bincount(place)[place].astype(np.float64)[:, None]
        return np.asarray(rank / (rows + 1.0) - 0.5)
    centred = rank - (size + 1.0) / 2.0
    return centred / (1.0 + size) if kind == "share" else centred


def _ranks(definitions: Definitions, group: Group, returns: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return ranks within each unit, ties at their mean, and the number of returns; (N, days) and (N, 1)."""
    from scipy.stats import rankdata

    known = ~np.isnan(returns)
    ranks: FloatArray = rankdata(np.where(known, returns, np.inf), axis=1)
    size = known.sum(axis=1, keepdims=True).astype(np.float64)
    unit, count = np.unique(_unit(definitions, group), return_counts=True)
    for each in unit[count > 1]:
        rows = np.flatnonzero(group.security == each)
        ranks[rows] = rankdata(np.where(known[rows], returns[rows], np.inf), axis=None).reshape(rows.size, -1)
        size[rows] = size[rows].sum()
    return np.where(known, ranks, np.nan), size


def _unit(definitions: Definitions, group: Group) -> np.ndarray:
    return group.security if definitions.rank_unit == "security" else np.arange(group.n_pairs)


def _by_day(definitions: Definitions, group: Group, values: FloatArray, *, is_mean: bool) -> FloatArray:
    """Return each day's mean, or its sum over the root of the number of pairs, NaN without any; shape (days,)."""
    n = (~np.isnan(values)).sum(axis=0).astype(np.float64)
    total = np.nansum(values, axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        if definitions.rank_sums == "scaled_means":
            total = total / n * group.n_pairs
        return np.where(n > 0, total / (n if is_mean else np.sqrt(n)), np.nan)


def _deviation(definitions: Definitions, scaled: FloatArray, known: BoolArray) -> float:
    days = scaled[~np.isnan(scaled)]
    if definitions.rank_divisor == "sample":
        return deviation(days)
    n = known.sum(axis=1).mean() if definitions.rank_divisor == "mean_length" else days.size
    return float(np.sqrt((days**2).sum() / n))


def _commonly_centred(definitions: Definitions, group: Group, window: Window) -> float:
    """Return the rank statistic of a window with ranks less their common middle, as Cowan's test in estudy2."""
    available = group.available(window)
    returns = np.concatenate((group.residual, group.abnormal[:, group.span(window)]), axis=1)
    rank, size = _ranks(definitions, group, returns)
    middle = ((size + 1.0) / 2.0).mean()
    has_any = ~np.isnan(rank).all(axis=0)
    means = np.nanmean(rank[:, has_any], axis=0) - middle
    divisor = size.mean() if definitions.rank_divisor == "mean_length" else float(has_any.sum())
    scale = np.sqrt((means**2).sum() / divisor)
    kept = np.flatnonzero(available.mean(axis=0) > LEAST_SHARE) + group.residual.shape[1]
    return float(np.sqrt(kept.size) * (mean(rank[:, kept]) - middle) / scale)


def _median(returns: FloatArray) -> FloatArray:
    """Return each row's median over the returns it has, NaN without any; shape (N,)."""
    median = np.full(returns.shape[0], np.nan)
    has_any = ~np.isnan(returns).all(axis=1)
    median[has_any] = np.nanmedian(returns[has_any], axis=1)
    return median

"""Placebo test: the same pairs on earlier dates without an event."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from pipelines.event_study.arrays import ROUNDING, BoolArray, FloatArray, IntArray
from pipelines.event_study.estimates import Estimates
from pipelines.event_study.group_tests import assumptions
from pipelines.event_study.group_tests.sample import Sample
from pipelines.event_study.group_tests.values import Remark, TestValues, p_values
from pipelines.event_study.normal_returns import fit_normal_returns
from pipelines.event_study.pairs import Places

MIN_SHARE: Final = 0.9
"""Share of a group's pairs that a date needs; of fewer than ten pairs, all."""

MIN_DATES: Final = 19
"""Dates below which no p-value is 5 % or less."""

FIT_SIZE: Final = 2**18
"""Pairs on dates that are fitted together."""

_TIE: Final = 1e-10


def placebo_p(sample: Sample, estimates: Estimates) -> TestValues:
    """Refer the mean to those of the same pairs on dates without an event, the whole study recomputed on each.

    Date j lies j event windows before day 0, counted in each security's own sessions, so that no two event windows
    overlap; j runs from 1 to the study's `placebo_dates`. There the model is fitted anew, to the estimation window
    before that date, and the window's CAR is taken. Pairs that share their day 0 share the earlier dates too, so
    their cross-correlation is in the distribution, as are fat tails; a variance that the event itself changes is not.

    Notes
    -----
    p = (1 + #{|CAAR_d| >= |CAAR_0|})/(D + 1) over the D dates that count; the column `statistic` is CAAR_0 over the
    root mean square of the CAAR_d. On a date a pair takes part if it had its window complete on the event, has enough
    estimation sessions and a complete window there, and no event of the same security among the study's pairs has an
    event window that overlaps with the one of the date. A date counts where at least 90 % of the group's pairs take
    part, and its CAAR is their mean: one young listing must not rule out every date of a large group. Estimation
    windows leave out days around other events only if the study does (`excluded_days`).

    References
    ----------
    Phipson and Smyth (2010), Statistical Applications in Genetics and Molecular Biology 9 (the p-value).
    """
    moments = sample.complete
    size = np.abs(moments.mean) * (1.0 - _TIE)
    n_dates, n_beyond, squares = (np.zeros(moments.n.shape) for _ in range(3))
    for found in _placebo_means(sample, estimates):
        mean = np.where(np.abs(found) <= ROUNDING, 0.0, found)
        counts = ~np.isnan(mean)
        n_dates += counts
        with np.errstate(invalid="ignore"):
            n_beyond += np.abs(mean) >= size
        squares += np.where(counts, mean * mean, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        statistic = moments.mean / np.sqrt(squares / n_dates)
    has_dates = (moments.n > 0) & (n_dates > 0)
    remarks = [
        assumptions.no_pairs(sample),
        Remark(
            f"no earlier date on which {100 * MIN_SHARE:.0f} % of the pairs have an estimation and a tested window",
            (moments.n > 0) & (n_dates == 0),
            "no value",
        ),
        Remark("the mean is zero on every date without an event", has_dates & (squares == 0), "no value"),
        Remark(
            f"{{}} dates without an event cannot reject at 5 %: that takes {MIN_DATES}",
            has_dates & (n_dates < MIN_DATES),
            "not valid",
            (n_dates,),
        ),
        assumptions.induced_variance(sample),
        Remark("from {} dates without an event", has_dates, "remark", (n_dates,)),
    ]
    return p_values("placebo_p", statistic, (1.0 + n_beyond) / (n_dates + 1.0), moments.n, remarks)


def _placebo_means(sample: Sample, estimates: Estimates) -> Iterator[FloatArray]:
    """Yield the groups' means on each date, NaN where the date does not count; shape (groups, windows)."""
    n_pairs, n_dates = sample.batch.rows.size, estimates.spec.placebo_dates
    known, segments = sample.complete.known, sample.segments
    needed = MIN_SHARE * sample.complete.n
    together = max(1, FIT_SIZE // n_pairs)
    for first in range(1, n_dates + 1, together):
        dates = np.arange(first, min(first + together, n_dates + 1))
        for abnormal in _abnormal(estimates, sample.batch.rows, dates):
            mean = np.full(sample.complete.n.shape, np.nan)
            for place, window in enumerate(sample.windows):
                start = window.start - estimates.spec.event.start
                value = abnormal[:, start : start + window.length].sum(axis=1)
                counts = known[:, place] & ~np.isnan(value)
                n = segments.sum(counts)
                total = segments.sum(np.where(counts, value, 0.0))
                enough = (n > 0) & (n >= needed[:, place])
                np.divide(total, n, out=mean[:, place], where=enough)
            yield mean


def _abnormal(estimates: Estimates, rows: IntArray, dates: IntArray) -> Iterator[FloatArray]:
    """Yield for each date the pairs' abnormal returns in its event window, NaN without any; shape (pairs, days)."""
    spec, aligned = estimates.spec, estimates.aligned
    pairs = estimates.pairs.places.take(rows)
    shift = np.repeat(dates * spec.event.length, rows.size)
    places = Places(np.tile(pairs.code, dates.size), np.tile(pairs.event_index, dates.size) - shift)
    usable = aligned.n_estimation(places, spec.estimation) >= spec.min_estimation_obs
    usable &= ~_is_touched(estimates, places)
    fit = fit_normal_returns(spec, aligned, places.take(np.flatnonzero(usable)), threads=1)
    ends = np.concatenate(([0], np.cumsum(usable.reshape(dates.size, -1).sum(axis=1))))
    for number in range(dates.size):
        usable_rows = np.flatnonzero(usable[number * rows.size : (number + 1) * rows.size])
        there = places.take(usable_rows + number * rows.size)
        model = fit.take(slice(int(ends[number]), int(ends[number + 1])))
        x = aligned.take(aligned.regressors, there, spec.event)
        normal = model.expected(x) + aligned.take(aligned.base, there, spec.event)
        abnormal = np.full((rows.size, spec.event.length), np.nan)
        abnormal[usable_rows] = aligned.take(aligned.actual, there, spec.event) - normal
        yield abnormal


def _is_touched(estimates: Estimates, places: Places) -> BoolArray:
    """Tell whether the event window of a place overlaps with that of an event of its security; shape (pairs,)."""
    length = estimates.spec.event.length
    events = estimates.pairs.places
    least = min(int(events.event_index.min()), int(places.event_index.min())) - length
    stride = int(events.event_index.max()) - least + length + 1
    keys = np.sort(events.code * stride + events.event_index - least)
    place = places.code * stride + places.event_index - least
    first_after = np.searchsorted(keys, place - length, side="right")
    touched: BoolArray = np.searchsorted(keys, place + length, side="left") > first_after
    return touched

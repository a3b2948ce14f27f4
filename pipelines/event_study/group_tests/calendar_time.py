"""Test of the calendar-time portfolio: one abnormal return per calendar day, however many pairs are in it."""

from __future__ import annotations

from typing import Final

import numpy as np

from pipelines.event_study.arrays import DayArray, FloatArray, IntArray
from pipelines.event_study.estimates import Estimates
from pipelines.event_study.group_tests import assumptions
from pipelines.event_study.group_tests.sample import Moments, Sample
from pipelines.event_study.group_tests.segments import Segments
from pipelines.event_study.group_tests.values import Remark, TestValues, t_values

MIN_DAYS: Final = 10
"""Calendar days below which the deviation over days says little."""


def calendar_time_t(sample: Sample, estimates: Estimates) -> TestValues:
    """Test the mean daily abnormal return of the calendar-time portfolio: sqrt(D) mean/sd over its days, t(D - 1).

    The portfolio of a calendar day holds, in equal parts, every pair whose tested window covers that day and is
    complete; D days are covered by at least one. Pairs that overlap in time make one return, so their
    cross-correlation is in the deviation. Each day counts the same, however many pairs it has.

    Notes
    -----
    R_d = mean of AR_id over the pairs i that hold day d; t = mean(R_d) / (sd(R_d)/sqrt(D)), divisor D - 1. The mean
    over days is not the CAAR over L2 unless every day holds as many pairs. R's EventStudy has a test of the same name
    that averages by relative day; it is not this one.

    References
    ----------
    Jaffe, J. F. (1974), Journal of Business 47, 410-428.
    Mandelker, G. (1974), Journal of Financial Economics 1, 303-335.
    Fama, E. F. (1998), Journal of Financial Economics 49, 283-306.
    Mitchell and Stafford (2000), Journal of Business 73, 287-329.
    """
    rows, start = sample.batch.rows, estimates.spec.event.start
    abnormal, days = estimates.abnormal(rows), estimates.event_days(rows)
    shape = sample.complete.n.shape
    statistic, n_days, is_constant = np.full(shape, np.nan), np.zeros(shape), np.zeros(shape, dtype=np.bool_)
    for place, window in enumerate(sample.windows):
        known = sample.complete.known[:, place]
        if not known.any():
            continue
        span = slice(window.start - start, window.end - start + 1)
        groups = np.repeat(sample.segments.ids[known], window.length)
        present, moments = _portfolio(groups, days[known, span].ravel(), abnormal[known, span].ravel())
        n_days[present, place] = moments.n[:, 0]
        is_constant[present, place] = moments.is_constant[:, 0]
        with np.errstate(invalid="ignore", divide="ignore"):
            statistic[present, place] = np.sqrt(moments.n[:, 0]) * moments.mean[:, 0] / moments.sd[:, 0]
    remarks = [
        assumptions.no_pairs(sample),
        Remark("all pairs' windows are the same calendar day, and one day has no deviation", n_days == 1, "no value"),
        Remark("the portfolio has the same abnormal return on every day", is_constant, "no value"),
        Remark(
            f"only {{}} calendar days: the deviation over fewer than {MIN_DAYS} says little",
            (n_days > 1) & (n_days < MIN_DAYS),
            "not valid",
            (n_days,),
        ),
    ]
    return t_values("calendar_time_t", statistic, np.maximum(n_days - 1.0, 1.0), sample.complete.n, remarks)


def _portfolio(groups: IntArray, days: DayArray, abnormal: FloatArray) -> tuple[IntArray, Moments]:
    """Return the groups that hold a day, and the moments of their portfolios' daily returns."""
    order = np.lexsort((days, groups))
    of_day = Segments.of_keys(groups[order], days[order])
    returns = of_day.sum(abnormal[order]) / of_day.sizes
    group = groups[order][of_day.starts]
    of_group = Segments.of_keys(group)
    return group[of_group.starts], Moments.of(returns[:, None], of_group)

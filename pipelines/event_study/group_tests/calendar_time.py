"""Test of the calendar-time portfolio: one abnormal return per calendar day, however many pairs are in it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from pipelines.event_study.arrays import FloatArray, IntArray
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
    shape = sample.complete.n.shape
    statistic, n_days, is_constant = np.full(shape, np.nan), np.zeros(shape), np.zeros(shape, dtype=np.bool_)
    portfolios = _Portfolios.of(sample, estimates)
    for place in np.flatnonzero(sample.complete.known.any(axis=0)).tolist():
        present, moments = portfolios.moments(sample, place)
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


@dataclass(frozen=True, eq=False)
class _Portfolios:
    """Calendar days of a batch's groups, and who is in their portfolios.

    Attributes
    ----------
    order : array, shape (members,)
        Members by group and day 0.
    blocks : Segments
        Runs of them that have day 0 and all dates of the event window in common, so that they add up day by day before
        any day is looked up; each member of a day 0 whose members differ in dates is a run.
    start : int
        First relative day.
    abnormal : array, shape (members, days)
        In that order.
    day : array of int, shape (blocks, days)
        Number of the group's calendar day among all groups'.
    group : array, shape (calendar days,)
        Group of each of these.
    """

    order: IntArray
    blocks: Segments
    start: int
    abnormal: FloatArray
    day: IntArray
    group: IntArray

    @classmethod
    def of(cls, sample: Sample, estimates: Estimates) -> _Portfolios:
        """Give every calendar day that a group knows in its event window a number."""
        rows, ids = sample.batch.rows, sample.segments.ids
        order = np.lexsort((sample.session, ids))
        days = estimates.event_days(rows[order])
        blocks = Segments.of_keys(ids[order], sample.session[order])
        same = blocks.least((days == blocks.expand(days[blocks.starts])).all(axis=1))
        if not same.all():
            alone = np.where(blocks.expand(same), 0, np.arange(rows.size))
            blocks = Segments.of_keys(ids[order], sample.session[order], alone)
        dates = days[blocks.starts]
        groups = np.repeat(ids[order][blocks.starts], dates.shape[1])
        by_day = np.lexsort((dates.ravel(), groups))
        of_day = Segments.of_keys(groups[by_day], dates.ravel()[by_day])
        number = np.empty(dates.size, dtype=np.int64)
        number[by_day] = of_day.ids
        return cls(
            order=order,
            blocks=blocks,
            start=estimates.spec.event.start,
            abnormal=estimates.abnormal(rows[order]),
            day=number.reshape(dates.shape),
            group=groups[by_day][of_day.starts],
        )

    @cached_property
    def whole(self) -> FloatArray:
        """Sums of the runs by day, every member counted; shape (blocks, days)."""
        return self.blocks.sum(self.abnormal)

    def moments(self, sample: Sample, place: int) -> tuple[IntArray, Moments]:
        """Return the groups that hold a day of a window, and the moments of their portfolios' daily returns."""
        window = sample.windows[place]
        span = slice(window.start - self.start, window.end - self.start + 1)
        known = sample.complete.known[self.order, place, None]
        if known.all():
            sums, held = self.whole[:, span].ravel(), np.repeat(self.blocks.sizes, window.length)
        else:
            sums = self.blocks.sum(np.where(known, self.abnormal[:, span], 0.0)).ravel()
            held = np.repeat(self.blocks.sum(known), window.length)
        day = self.day[:, span].ravel()
        n_held = np.bincount(day, held, self.group.size)
        present = np.flatnonzero(n_held)
        returns = np.bincount(day, sums, self.group.size)[present] / n_held[present]
        of_group = Segments.of_keys(self.group[present])
        return self.group[present][of_group.starts], Moments.of(returns[:, None], of_group)

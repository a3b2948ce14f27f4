"""Ranks of many pairs' abnormal returns, added up over the pairs of each group.

A pair without gaps and ties has whole ranks, and all of them come from one sort: where a day's abnormal return falls
among the residuals says by how much it moves their ranks. Such pairs are added up in small integers. The others are
ranked window by window.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.event_study.arrays import BoolArray, FloatArray, IntArray
from pipelines.event_study.bundles import take_rows
from pipelines.event_study.estimates import Estimates
from pipelines.event_study.group_tests.residuals import pieces
from pipelines.event_study.group_tests.sample import Sample, as_slice
from pipelines.event_study.group_tests.segments import Segments

SmallIntArray = NDArray[np.int16]


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Sums over a group's pairs on every day of estimation and event window; both (groups, windows, days)."""

    total: FloatArray
    count: FloatArray

    @classmethod
    def empty(cls, n_groups: int, n_windows: int, n_days: int) -> Series:
        """Make room for sums."""
        return cls(np.zeros((n_groups, n_windows, n_days)), np.zeros((n_groups, n_windows, n_days)))


@dataclass(frozen=True, slots=True, eq=False)
class RankSums:
    """All that the rank tests add up over pairs.

    Attributes
    ----------
    rank : Series
        Ranks over estimation window and tested window, less their middle (M + 1)/2.
    share : Series
        The same over 1 + M.
    sign : Series
        Signs of the abnormal return less the pair's median.
    general : Series
        Generalised ranks over 1 + T less 1/2: days of the estimation window, then the event as one observation.
    event_variance : array, shape (groups, windows)
        Sum of the variances that the event's generalised ranks have if they are independent.
    """

    rank: Series
    share: Series
    sign: Series
    general: Series
    event_variance: FloatArray

    @classmethod
    def of(cls, sample: Sample, estimates: Estimates) -> RankSums:
        """Rank every pair's returns for every window and add up."""
        spec = estimates.spec
        length, n_windows, n_groups = spec.estimation.length, len(sample.windows), sample.segments.n_groups
        n_days = length + spec.event.length
        sums = cls(
            rank=Series.empty(n_groups, n_windows, n_days),
            share=Series.empty(n_groups, n_windows, n_days),
            sign=Series.empty(n_groups, n_windows, n_days),
            general=Series.empty(n_groups, n_windows, length + 1),
            event_variance=np.zeros((n_groups, n_windows)),
        )
        start = spec.event.start
        spans = [slice(window.start - start, window.end - start + 1) for window in sample.windows]
        for piece in _pieces(sample, estimates):
            plain: BoolArray = piece.is_plain
            if plain.any():
                _add_plain(sums, piece.take(plain), spans)
            if not plain.all():
                _add_any(sums, piece.take(~plain), spans)
        return sums


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    """Some pairs of a batch; arrays have shape (pairs,), (pairs, L), (pairs, days) or (pairs, windows).

    Attributes
    ----------
    group : array of int
        Group of each pair in the batch, ascending.
    residual, event : array
        Abnormal returns of estimation and event window, NaN where missing.
    known, known_scar : array of bool
        Windows that are complete, and those with a standardised value.
    scar : array
        SCAR over its deviation across the group's pairs, times sigma: comparable with the residuals.
    """

    group: IntArray
    residual: FloatArray
    event: FloatArray
    known: BoolArray
    known_scar: BoolArray
    scar: FloatArray

    def take(self, rows: BoolArray) -> _Piece:
        return self if rows.all() else take_rows(self, rows)

    @property
    def is_plain(self) -> BoolArray:
        """Whether a pair has no gap; shape (pairs,)."""
        gapless: list[BoolArray] = [np.all(~np.isnan(values), axis=1) for values in (self.residual, self.event)]
        plain: BoolArray = np.all([*gapless, np.all(self.known_scar, axis=1)], axis=0)
        return plain

    @property
    def segments(self) -> tuple[IntArray, Segments]:
        """The groups that have a pair here, and their rows."""
        segments = Segments.of_keys(self.group)
        return self.group[segments.starts], segments


def _pieces(sample: Sample, estimates: Estimates) -> Iterator[_Piece]:
    batch = sample.batch
    alone = sample.standard.n == 1
    # The deviation over one pair is not defined: its SCAR is taken as it is.
    scale = np.where(alone, 1.0, sample.standard.sd)
    start = 0
    for first, segments, rows in pieces(batch):
        block = slice(start, start + rows.size)
        start += rows.size
        group = first + segments.ids
        sigma = estimates.fit.sigma[rows][:, None]
        with np.errstate(invalid="ignore", divide="ignore"):
            scar = sample.scar[block] / scale[group] * sigma
        yield _Piece(
            group=group,
            residual=estimates.residuals(as_slice(rows)),
            event=estimates.abnormal(as_slice(rows)),
            known=sample.complete.known[block],
            known_scar=sample.standard.known[block] & np.isfinite(scar),
            scar=scar,
        )


def _add_plain(sums: RankSums, piece: _Piece, spans: Sequence[slice]) -> None:
    """Add pairs without gaps; those with ties are handed on."""
    length, n_days = piece.residual.shape[1], piece.event.shape[1]
    values = np.concatenate((piece.residual, piece.event, piece.scar), axis=1)
    order = np.argsort(values, axis=1)
    ordered = np.take_along_axis(values, order, axis=1)
    is_tied: BoolArray = (ordered[:, 1:] == ordered[:, :-1]).any(axis=1)
    if is_tied.any():
        _add_any(sums, piece.take(is_tied), spans)
        if is_tied.all():
            return
        piece, order = piece.take(~is_tied), order[~is_tied]
    below = np.empty(order.shape, dtype=np.int16)
    np.put_along_axis(below, order, np.cumsum(order < length, axis=1, dtype=np.int16), axis=1)
    ranks = _PlainRanks.of(piece, below[:, :length], below[:, length : length + n_days])
    for place, span in enumerate(spans):
        ranks.add_window(sums, place, span)
        ranks.add_general(sums, place, below[:, length + n_days + place, None])


@dataclass(frozen=True, slots=True, eq=False)
class _PlainRanks:
    """Whole ranks of pairs without gaps and ties.

    Attributes
    ----------
    groups : array of int
        Groups that have a pair here, one per segment.
    segments : Segments
    event : array, shape (pairs, days)
        Abnormal returns of the event window.
    rank : array of int16, shape (pairs, L)
        Rank of each residual among the residuals.
    below : array of int16, shape (pairs, days)
        Residuals below each day's abnormal return.
    above : list of array of bool, each (pairs, L)
        By day of the event window, which residuals lie above its abnormal return.
    n : array, shape (groups, 1)
        Pairs of each group.
    base, moved : array, shape (groups, L), (days, groups, L)
        Sums of the ranks, and of `above` by day.
    """

    groups: IntArray
    segments: Segments
    event: FloatArray
    rank: SmallIntArray
    below: SmallIntArray
    above: list[BoolArray]
    n: FloatArray
    base: FloatArray
    moved: FloatArray

    @classmethod
    def of(cls, piece: _Piece, rank: SmallIntArray, below: SmallIntArray) -> _PlainRanks:
        groups, segments = piece.segments
        above = [rank > below[:, day, None] for day in range(below.shape[1])]
        moved = np.stack([_small_sum(segments, each) for each in above])
        n = segments.sizes.astype(np.float64)[:, None]
        return cls(groups, segments, piece.event, rank, below, above, n, segments.sum(rank), moved)

    def add_window(self, sums: RankSums, place: int, span: slice) -> None:
        """Add the ranks over estimation window and one window."""
        length, n_event = self.rank.shape[1], span.stop - span.start
        middle = (length + n_event + 1.0) / 2.0
        within = np.argsort(np.argsort(self.event[:, span], axis=1), axis=1).astype(np.int16) + np.int16(1)
        event_rank = self.below[:, span] + within
        total = self.base + self.moved[span].sum(axis=0) - self.n * middle
        event_total = self.segments.sum(event_rank) - self.n * middle
        rank = self.rank + self.above[span.start]
        for day in range(span.start + 1, span.stop):
            rank += self.above[day]
        sign, event_sign = (self._signs(each, np.int16(2.0 * middle)) for each in (rank, event_rank))
        before, after = slice(0, length), slice(length + span.start, length + span.stop)
        for series, values, event_values in (
            (sums.rank, total, event_total),
            (sums.share, total / (2.0 * middle), event_total / (2.0 * middle)),
            (sums.sign, sign, event_sign),
        ):
            series.total[self.groups, place, before] += values
            series.count[self.groups, place, before] += self.n
            series.total[self.groups, place, after] += event_values
            series.count[self.groups, place, after] += self.n

    def _signs(self, rank: SmallIntArray, twice_middle: np.int16) -> FloatArray:
        """Add up the signs of the ranks' distance from the middle."""
        twice = 2 * rank
        return _small_sum(self.segments, (twice > twice_middle).view(np.int8) - (twice < twice_middle).view(np.int8))

    def add_general(self, sums: RankSums, place: int, below: SmallIntArray) -> None:
        """Add the generalised ranks of one window, given the residuals below the standardised event."""
        length = self.rank.shape[1]
        middle = (length + 2.0) / 2.0
        total = self.base + _small_sum(self.segments, self.rank > below) - self.n * middle
        event = self.segments.sum(below + np.int16(1)) - self.n * middle
        sums.general.total[self.groups, place, :length] += total / (length + 2.0)
        sums.general.total[self.groups, place, length:] += event / (length + 2.0)
        sums.general.count[self.groups, place] += self.n
        sums.event_variance[self.groups, place] += self.n[:, 0] * length / (length + 2.0) / 12.0


def _small_sum(segments: Segments, values: BoolArray | NDArray[np.int8]) -> FloatArray:
    """Add up bytes over the rows of each group, of which a piece has fewer than 2^15."""
    total = np.add.reduceat(values.view(np.int8), segments.starts, axis=0, dtype=np.int16)
    return total.astype(np.float64)


def _add_any(sums: RankSums, piece: _Piece, spans: Sequence[slice]) -> None:
    """Add pairs with gaps or ties, window by window."""
    groups, segments = piece.segments
    n = (~np.isnan(piece.residual)).sum(axis=1).astype(np.float64)[:, None]
    rank = _mean_ranks(piece.residual)
    for place, span in enumerate(spans):
        _add_any_window(sums, piece, (groups, segments, place, span), n)
        _add_any_general(sums, piece, (groups, segments, place), rank, n)


def _add_any_window(sums: RankSums, piece: _Piece, where: tuple[IntArray, Segments, int, slice], n: FloatArray) -> None:
    groups, segments, place, span = where
    length = piece.residual.shape[1]
    both = np.concatenate((piece.residual, piece.event[:, span]), axis=1)
    known = piece.known[:, place, None] & ~np.isnan(both)
    size = n + (span.stop - span.start)
    centred = _mean_ranks(both) - (size + 1.0) / 2.0
    median = _medians(np.where(known, both, np.nan))
    days = np.concatenate((np.arange(length), np.arange(length + span.start, length + span.stop)))
    for series, values in (
        (sums.rank, centred),
        (sums.share, centred / (1.0 + size)),
        (sums.sign, np.sign(both - median)),
    ):
        at = np.ix_(groups, np.array([place]), days)
        series.total[at] += segments.sum(np.where(known, values, 0.0))[:, None]
        series.count[at] += segments.sum(known)[:, None]


def _add_any_general(
    sums: RankSums, piece: _Piece, where: tuple[IntArray, Segments, int], rank: FloatArray, n: FloatArray
) -> None:
    groups, segments, place = where
    scar = piece.scar[:, place, None]
    is_known = piece.known_scar[:, place, None]
    above = 0.5 * ((piece.residual > scar).astype(np.float64) + (piece.residual >= scar))
    values = np.concatenate((rank + above, n + 1.0 - above.sum(axis=1, keepdims=True)), axis=1)
    known = is_known & ~np.isnan(values)
    share = (values - (n + 2.0) / 2.0) / (n + 2.0)
    sums.general.total[groups, place] += segments.sum(np.where(known, share, 0.0))
    sums.general.count[groups, place] += segments.sum(known)
    sums.event_variance[groups, place] += segments.sum(np.where(is_known, n / (n + 2.0) / 12.0, 0.0))[:, 0]


def _mean_ranks(values: FloatArray) -> FloatArray:
    """Return ranks along the rows, tied values sharing their mean rank, NaN for NaN."""
    from scipy.stats import rankdata

    ranks: FloatArray = rankdata(np.where(np.isnan(values), np.inf, values), axis=1)
    return np.where(np.isnan(values), np.nan, ranks)


def _medians(values: FloatArray) -> FloatArray:
    """Return each row's median over the values that are not NaN, NaN if there is none; shape (rows, 1)."""
    n = (~np.isnan(values)).sum(axis=1)
    ordered = np.sort(values, axis=1)
    rows = np.arange(n.size)
    last = np.maximum(n - 1, 0)
    median: FloatArray = (ordered[rows, last // 2] + ordered[rows, n // 2 * (n > 0)]) / 2.0
    return median[:, None]

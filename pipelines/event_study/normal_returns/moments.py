"""Sufficient statistics of a regression: means and centred cross-products of many pairs' estimation windows.

Two ways lead to them. Prefix sums of the cross-products of every listing give any window as the difference of two
rows, whatever its length. Windows laid out in full give them with two passes, slower and without cancellation; they
are taken where a difference of prefix sums would lose digits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from pipelines.event_study.arrays import BoolArray, FloatArray
from pipelines.event_study.layout import Layout
from pipelines.event_study.pairs import Places
from pipelines.event_study.windows import Window
from pipelines.event_study.workers import in_order

EPSILON: Final = float(np.finfo(np.float64).eps)

NOISE_LIMIT: Final = 1e-11
"""Share of a sum of squares that rounding of the prefix sums may make up."""


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Moments of y and of k regressors over each pair's usable days.

    Attributes
    ----------
    n : array, shape (pairs,)
        Usable days, as floats.
    mean_y, mean_x : array, shape (pairs,), (pairs, k)
    syy, sxy, sxx : array, shape (pairs,), (pairs, k), (pairs, k, k)
        Centred cross-products.
    yy, xx : array, shape (pairs,), (pairs, k)
        Sums of squares about zero of everything that was summed: the window itself, or all of the listing up to its
        end. Rounding errors are a multiple of them.
    """

    n: FloatArray
    mean_y: FloatArray
    mean_x: FloatArray
    syy: FloatArray
    sxy: FloatArray
    sxx: FloatArray
    yy: FloatArray
    xx: FloatArray


def window_moments(y: FloatArray, x: FloatArray) -> Moments:
    """Return the moments of windows laid out in full.

    Parameters
    ----------
    y : array, shape (pairs, L)
        Responses, NaN on a day that does not count.
    x : array, shape (k, pairs, L)
        Regressors.
    """
    usable = ~np.isnan(y)
    n = usable.sum(axis=1).astype(np.float64)
    mean_y, dy, yy = _centred(y, usable, n)
    columns = [_centred(each, usable, n) for each in x]
    k, n_pairs = x.shape[0], n.size
    deviations = [deviation for _, deviation, _ in columns]
    sxx = np.empty((n_pairs, k, k))
    for j in range(k):
        for i in range(j + 1):
            sxx[:, j, i] = sxx[:, i, j] = _dot(deviations[j], deviations[i])
    return Moments(
        n=n,
        mean_y=mean_y,
        mean_x=_columns([mean for mean, _, _ in columns], n_pairs),
        syy=_dot(dy, dy),
        sxy=_columns([_dot(deviation, dy) for deviation in deviations], n_pairs),
        sxx=sxx,
        yy=yy,
        xx=_columns([squares for _, _, squares in columns], n_pairs),
    )


@dataclass(frozen=True, slots=True, eq=False)
class PrefixSums:
    """Running sums of 1, y, x and their cross-products over the slots of each listing.

    Attributes
    ----------
    layout : Layout
        Where the listings lie.
    sums : array, shape (slots + 1, columns)
        Row r holds the sums over the listing's slots before r; they begin anew with every listing, so what is
        computed of one does not depend on the others.
    k : int
        Regressors.
    """

    layout: Layout
    sums: FloatArray
    k: int

    @staticmethod
    def n_columns(k: int) -> int:
        """Return the running sums that k regressors need."""
        return (k + 2) * (k + 3) // 2

    @classmethod
    def of(cls, layout: Layout, response: FloatArray, regressors: FloatArray, threads: int | None = None) -> PrefixSums:
        """Sum over slot arrays: response of shape (slots,), regressors of shape (k, slots).

        A slot without a response adds nothing. The sums run in extended precision where the platform has it, so that
        only their differences round.
        """
        k = regressors.shape[0]
        sums = np.zeros((response.size + 1, cls.n_columns(k)))

        def run(code: int) -> None:
            first = int(layout.first_slot[code])
            span = slice(first, first + int(layout.n_slots[code]))
            usable = ~np.isnan(response[span])
            columns = [usable, *(np.where(usable, each[span], 0.0) for each in (response, *regressors))]
            products = [first * second for j, first in enumerate(columns) for second in columns[: j + 1]]
            stacked = np.array(products, dtype=np.longdouble)
            sums[span.start + 1 : span.stop + 1] = np.cumsum(stacked, axis=1).T

        in_order(run, range(layout.n_slots.size - 1), threads)
        return cls(layout, sums, k)

    def over(self, places: Places, window: Window) -> tuple[FloatArray, FloatArray]:
        """Return the sums over a window of relative days of every pair, and those up to its end; (pairs, columns).

        The first columns are the usable days and the sum of y; the sum of regressor j stands in `sum_of_x(j)`.
        """
        first = self.layout.first_slot[places.code]
        last = first + self.layout.n_slots[places.code]
        start = self.layout.start(places, window)
        upto = self.sums.take(np.clip(start + window.length, first, last), axis=0)
        return upto - self.sums.take(np.clip(start, first, last), axis=0), upto

    @staticmethod
    def sum_of_x(j: int) -> int:
        """Return the column with the sum of regressor j."""
        return (j + 2) * (j + 3) // 2

    def moments(self, places: Places, window: Window) -> Moments:
        """Return the moments of a window of relative days of every pair."""
        over, upto = self.over(places, window)
        k = self.k
        place = np.zeros((k + 2, k + 2), dtype=np.int64)
        place[np.tril_indices(k + 2)] = np.arange(self.n_columns(k))
        n = over[:, 0]
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = over[:, place[1:, 0]] / n[:, None]
        centred = {
            (j, i): over[:, place[j, i]] - n * mean[:, j - 1] * mean[:, i - 1]
            for j in range(1, k + 2)
            for i in range(1, j + 1)
        }
        sxx = np.empty((n.size, k, k))
        for j in range(k):
            for i in range(j + 1):
                sxx[:, j, i] = sxx[:, i, j] = centred[j + 2, i + 2]
        return Moments(
            n=n,
            mean_y=mean[:, 0],
            mean_x=mean[:, 1:],
            syy=centred[1, 1],
            sxy=_columns([centred[j + 2, 1] for j in range(k)], n.size),
            sxx=sxx,
            yy=upto[:, place[1, 1]],
            xx=_columns([upto[:, place[j + 2, j + 2]] for j in range(k)], n.size),
        )


def is_noisy(moments: Moments, slopes: FloatArray, squares: FloatArray) -> BoolArray:
    """Tell for which pairs rounding of the prefix sums may show in the residual sum of squares or the slopes.

    Parameters
    ----------
    slopes : array, shape (pairs, k)
    squares : array, shape (pairs,)
        Residual sum of squares.
    """
    k = moments.xx.shape[1]
    size = np.sqrt(moments.yy) + sum((np.abs(slopes[:, j]) * np.sqrt(moments.xx[:, j]) for j in range(k)), np.zeros(1))
    limit = NOISE_LIMIT / (8.0 * EPSILON)
    noisy = ~(squares * limit >= size**2)
    for j in range(k):
        noisy |= ~(moments.sxx[:, j, j] * limit >= moments.xx[:, j])
    return noisy


def _centred(values: FloatArray, usable: BoolArray, n: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the mean over the usable days, the deviations from it (0 on the others) and the sum of squares."""
    filled = np.where(usable, values, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = filled.sum(axis=1) / n
    return mean, np.where(usable, values - mean[:, None], 0.0), _dot(filled, filled)


def _dot(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return the inner product of each pair's rows; shape (pairs,)."""
    product: FloatArray = np.einsum("ij,ij->i", a, b)
    return product


def _columns(values: list[FloatArray], n_pairs: int) -> FloatArray:
    return np.stack(values, axis=1) if values else np.empty((n_pairs, 0))

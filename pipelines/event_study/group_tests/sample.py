"""What the pairs of groups contribute to windows, and the moments that most tests share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pipelines.event_study.arrays import ROUNDING, BoolArray, DayArray, FloatArray, IntArray
from pipelines.event_study.estimates import Estimates
from pipelines.event_study.group_tests.segments import Segments
from pipelines.event_study.windows import Window


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Whole groups of pairs.

    Attributes
    ----------
    rows : array, shape (members,)
        Places of the groups' pairs among the used pairs, ascending within a group.
    segments : Segments
        Which rows belong to which group.
    """

    rows: IntArray
    segments: Segments

    @property
    def place(self) -> IntArray | slice:
        """The rows as a slice where they follow each other, so that reading them copies nothing."""
        return as_slice(self.rows)


def as_slice(rows: IntArray) -> IntArray | slice:
    """Return ascending rows as a slice if there is no gap among them."""
    if rows.size and int(rows[-1]) - int(rows[0]) + 1 == rows.size and (np.diff(rows) == 1).all():
        return slice(int(rows[0]), int(rows[-1]) + 1)
    return rows


@dataclass(frozen=True, eq=False)
class Sample:
    """Contributions of a batch's pairs to some windows.

    Attributes
    ----------
    batch : Batch
    windows : tuple of Window
        A window of one day tests that day's average abnormal return, any other the average CAR.
    value, scar, csar : array, shape (members, windows)
        AR or CAR; the same over its standard error; sum of the days' standardised ARs over sqrt(L2). NaN where the
        window is not complete, or (for the last two) where the model leaves no residual variance.
    n_estimation, df : array, shape (members,)
        L1, and L1 - k.
    session : array, shape (members,)
        Day 0 as days since 1970-01-01.
    """

    batch: Batch
    windows: tuple[Window, ...]
    value: FloatArray
    scar: FloatArray
    csar: FloatArray
    n_estimation: FloatArray
    df: FloatArray
    session: DayArray

    @classmethod
    def of(cls, estimates: Estimates, batch: Batch, windows: tuple[Window, ...]) -> Sample:
        """Read the contributions from a study's estimates."""
        spec, rows = estimates.spec, batch.place
        abnormal = estimates.abnormal(rows)
        standardised = estimates.standardised(rows)
        cumulated = estimates.cumulated
        shape = (batch.rows.size, len(windows))
        value, scar, csar = np.empty(shape), np.empty(shape), np.empty(shape)
        for place, window in enumerate(windows):
            span = slice(window.start - spec.event.start, window.end - spec.event.start + 1)
            if window.length == 1:
                value[:, place] = abnormal[:, span.start]
                scar[:, place] = csar[:, place] = standardised[:, span.start]
                continue
            column = cumulated.windows.index(window)
            incomplete = np.isnan(abnormal[:, span]).any(axis=1)
            car, se = cumulated.car[rows, column], cumulated.se[rows, column]
            value[:, place] = np.where(incomplete, np.nan, car)
            scar[:, place] = np.where(incomplete | ~(se > 0), np.nan, car / np.where(se > 0, se, 1.0))
            csar[:, place] = standardised[:, span].sum(axis=1) / np.sqrt(window.length)
        fit = estimates.fit
        return cls(
            batch=batch,
            windows=windows,
            value=value,
            scar=scar,
            csar=csar,
            n_estimation=fit.n[rows].astype(np.float64),
            df=fit.df[rows].astype(np.float64),
            session=estimates.pairs.session[rows],
        )

    @property
    def segments(self) -> Segments:
        """The groups' rows."""
        return self.batch.segments

    @cached_property
    def lengths(self) -> FloatArray:
        """Days of each window; shape (windows,)."""
        return np.array([window.length for window in self.windows], dtype=np.float64)

    @cached_property
    def complete(self) -> Moments:
        """Moments of the ARs or CARs."""
        return Moments.of(self.value, self.segments)

    @cached_property
    def deviations(self) -> FloatArray:
        """ARs or CARs less their group's mean, 0 where they do not count; (members, windows)."""
        moments = self.complete
        return np.where(moments.known, self.value - self.segments.expand(moments.mean), 0.0)

    @cached_property
    def standard(self) -> Moments:
        """Moments of the standardised ones."""
        return Moments.of(self.scar, self.segments)

    @cached_property
    def patell(self) -> FloatArray:
        """Patell's Z: the sum of the SCARs over the root of the sum of their variances; (groups, windows)."""
        known = self.standard.known
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.segments.sum(np.where(known, self.scar, 0.0)) / np.sqrt(self.implied_variance)

    @cached_property
    def implied_variance(self) -> FloatArray:
        """Sum over the pairs of the variance of a standardised value under the null; (groups, windows)."""
        return self.segments.sum(np.where(self.standard.known, self.inflation, 0.0))

    @cached_property
    def variance_ratio(self) -> FloatArray:
        """Variance of the standardised values across pairs over the mean one that is implied; (groups, windows)."""
        moments = self.standard
        with np.errstate(invalid="ignore", divide="ignore"):
            return moments.sd**2 / (self.implied_variance / moments.n)

    @cached_property
    def least_df(self) -> FloatArray:
        """Least degrees of freedom of a pair with a standardised value, infinite without one; (groups, windows)."""
        return self.segments.least(np.where(self.standard.known, self.df[:, None], np.inf))

    @cached_property
    def shared_session(self) -> tuple[FloatArray, NDArray[np.datetime64]]:
        """How many pairs with a complete window have their group's most frequent day 0, and that day."""
        return self._most_frequent(self.complete.known)

    @cached_property
    def shared_session_of_standard(self) -> tuple[FloatArray, NDArray[np.datetime64]]:
        """The same over the pairs that have residual variance."""
        same = np.array_equal(self.complete.known, self.standard.known)
        return self.shared_session if same else self._most_frequent(self.standard.known)

    def _most_frequent(self, known: BoolArray) -> tuple[FloatArray, NDArray[np.datetime64]]:
        ids = self.segments.ids
        order = np.lexsort((self.session, ids))
        runs = Segments.of_keys(ids[order], self.session[order])
        counts = runs.sum(known[order])
        of_group = Segments.of_keys(ids[order][runs.starts])
        most = of_group.largest(counts)
        session = self.session[order][runs.starts][:, None]
        days = np.where(counts == of_group.expand(most), session, np.iinfo(np.int32).max)
        return most, of_group.least(days).astype("datetime64[D]")

    @cached_property
    def inflation(self) -> FloatArray:
        """Variance d/(d - 2) of a pair's standardised value, d = L1 - k; shape (members, 1), NaN unless d > 2."""
        df = self.df[:, None]
        return np.divide(df, df - 2.0, out=np.full_like(df, np.nan), where=df > 2)


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Moments of each group and window; every array has shape (groups, windows).

    Attributes
    ----------
    known : array of bool, shape (members, windows)
        Which values count.
    n, mean, sd : array
        Number, mean and standard deviation (divisor n - 1, NaN below two).
    is_constant : array of bool
        Whether all values are the same but for rounding.
    """

    known: BoolArray
    n: FloatArray
    mean: FloatArray
    sd: FloatArray
    is_constant: BoolArray

    @classmethod
    def of(cls, values: FloatArray, segments: Segments) -> Moments:
        """Take them over the values that are not NaN, in two passes."""
        known = ~np.isnan(values)
        is_whole = bool(known.all())
        sizes = segments.sizes.astype(np.float64)[:, None]
        n = np.broadcast_to(sizes, (segments.n_groups, values.shape[1])) if is_whole else segments.sum(known)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = segments.sum(values if is_whole else np.where(known, values, 0.0)) / n
            deviation = values - segments.expand(mean)
            if not is_whole:
                deviation[~known] = 0.0
            sd = np.sqrt(segments.sum(deviation * deviation) / np.where(n > 1, n - 1.0, np.nan))
            is_constant = sd <= ROUNDING * (1.0 + np.abs(mean))
        return cls(known, n, mean, sd, is_constant)

"""What a study estimates of its used pairs, as arrays: the rows of the published tables before they are written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from pipelines.errors import ContractError
from pipelines.event_study.alignment import AlignedReturns
from pipelines.event_study.arrays import DayArray, FloatArray, IntArray, by_day, sum_rows, zero_missing
from pipelines.event_study.car import CumulativeReturns, standardise
from pipelines.event_study.normal_returns import NormalReturnFit
from pipelines.event_study.pairs import Pairs
from pipelines.event_study.spec import StudySpec
from pipelines.event_study.workers import blocks, in_order

BLOCK_SIZE: Final = 2_048
"""Pairs worked on at a time, so that their event windows stay in the processor's cache."""

IDENTITY_TOLERANCE: Final = 1e-12
"""Largest distance of a CAR from the sum of its abnormal returns, relative to the sum of their sizes."""

_EVERY: Final = slice(None)


@dataclass(frozen=True, slots=True, eq=False)
class Estimates:
    """Normal and abnormal returns of the used pairs.

    Attributes
    ----------
    spec : StudySpec
        The study.
    aligned : AlignedReturns
        Returns of the panel, by which residuals are computed when a test asks for them.
    pairs : Pairs
        The used pairs, in the order of event and symbol.
    fit : NormalReturnFit
        Their models.
    actual, expected, se : array, shape (pairs, days)
        Return, normal return and standard error of prediction; NaN on a missing day.
    cumulated : CumulativeReturns
        CARs and BHARs.
    threads : int or None
        Threads that those who compute on from here may use.

    Raises
    ------
    ContractError
        If a CAR is not the sum of its days.
    """

    spec: StudySpec
    aligned: AlignedReturns
    pairs: Pairs
    fit: NormalReturnFit
    actual: FloatArray
    expected: FloatArray
    se: FloatArray
    cumulated: CumulativeReturns
    threads: int | None = None

    def __post_init__(self) -> None:
        """Check that every CAR is the sum of its abnormal returns."""
        in_order(self._check_sums, blocks(self.pairs.size, BLOCK_SIZE), self.threads)

    def abnormal(self, rows: slice | IntArray = _EVERY) -> FloatArray:
        """Return the abnormal returns, actual minus expected; shape (pairs, days)."""
        return self.actual[rows] - self.expected[rows]

    def standardised(self, rows: slice | IntArray = _EVERY) -> FloatArray:
        """Return abnormal / se, t(L1 - k) under the null, NaN where the residual variance is zero; (pairs, days)."""
        return standardise(self.abnormal(rows), self.se[rows])

    def residuals(self, rows: slice | IntArray = _EVERY) -> FloatArray:
        """Return the abnormal returns of the estimation window, NaN on a day that does not count; (pairs, L)."""
        pairs = self.pairs.places.take(rows)
        y = self.aligned.take(self.aligned.response, pairs, self.spec.estimation)  # a copy
        x = self.aligned.take(self.aligned.regressors, pairs, self.spec.estimation)
        y -= self.fit.take(rows).expected(x)
        return y

    def estimation_days(self, rows: slice | IntArray = _EVERY) -> DayArray:
        """Return the dates of the estimation window as days since 1970-01-01; shape (pairs, L)."""
        return self.aligned.take(self.aligned.session_day, self.pairs.places.take(rows), self.spec.estimation)

    def event_days(self, rows: slice | IntArray = _EVERY) -> DayArray:
        """Return the dates of the event window as days since 1970-01-01; shape (pairs, days)."""
        return self.aligned.take(self.aligned.session_day, self.pairs.places.take(rows), self.spec.event)

    def _check_sums(self, rows: slice) -> None:
        abnormal = by_day(zero_missing(self.abnormal(rows)))
        size = np.abs(abnormal)
        cars = zero_missing(self.cumulated.car[rows])
        for place, window in enumerate(self.cumulated.windows):
            span = slice(window.start - self.spec.event.start, window.end - self.spec.event.start + 1)
            distance = np.abs(sum_rows(abnormal[span]) - cars[:, place])
            wrong = np.flatnonzero(~(distance <= IDENTITY_TOLERANCE * np.maximum(sum_rows(size[span]), 1.0)))
            if wrong.size:
                row = self.pairs.frame.row(rows.start + int(wrong[0]), named=True)
                raise ContractError(
                    f"study {self.spec.study_id!r}, event {row['event_id']!r} x {row['symbol']}: the abnormal returns "
                    f"of {window} sum to {abnormal[span, wrong[0]].sum()}, but the CAR is {cars[wrong[0], place]}"
                )


def estimate(
    spec: StudySpec, aligned: AlignedReturns, pairs: Pairs, fit: NormalReturnFit, threads: int | None = None
) -> Estimates:
    """Subtract the fitted normal return from the actual one, day by day, and cumulate over the study's windows.

    Parameters
    ----------
    pairs, fit
        Used pairs and their models.

    References
    ----------
    MacKinlay, A. C. (1997), Journal of Economic Literature 35, 13-39.
    """
    actual, expected, se = (np.empty((pairs.size, spec.event.length)) for _ in range(3))
    cumulated = CumulativeReturns.empty(tuple(sorted(spec.car_windows)), pairs.size)

    def fill(rows: slice) -> None:
        block, model = pairs.places.take(rows), fit.take(rows)
        x = aligned.take(aligned.regressors, block, spec.event)
        actual[rows] = aligned.take(aligned.actual, block, spec.event)
        expected[rows] = model.expected(x) + aligned.take(aligned.base, block, spec.event)
        se[rows] = np.where(np.isnan(expected[rows]), np.nan, model.prediction.day_se(x))
        cumulated.fill(rows, spec=spec, prediction=model.prediction, actual=actual[rows], expected=expected[rows], x=x)

    in_order(fill, blocks(pairs.size, BLOCK_SIZE), threads)
    return Estimates(spec, aligned, pairs, fit, actual, expected, se, cumulated, threads)

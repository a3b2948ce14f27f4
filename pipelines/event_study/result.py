"""The result of a study: its ledger, its abnormal returns and its CARs, which must agree with each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from pipelines.contracts import FCT_ABNORMAL_RETURNS, FCT_EVENT_CARS, FCT_STUDY_SECURITIES
from pipelines.errors import ContractError
from pipelines.event_study.arrays import FloatArray, zero_missing
from pipelines.event_study.spec import StudySpec

IDENTITY_TOLERANCE: Final = 1e-12
"""Largest distance of a CAR from the sum of its abnormal returns, relative to the sum of their sizes."""


@dataclass(frozen=True, slots=True, eq=False)
class StudyResult:
    """What a study found; every frame is sorted by its contract's key.

    Attributes
    ----------
    spec : StudySpec
        The study.
    securities : DataFrame
        Contract FCT_STUDY_SECURITIES: every pair asked for, once.
    abnormal_returns : DataFrame
        Contract FCT_ABNORMAL_RETURNS: a row per used pair and day of the event window.
    cars : DataFrame
        Contract FCT_EVENT_CARS: a row per used pair and CAR window.

    Raises
    ------
    ContractError
        If the frames do not agree: used pairs without their rows, or a CAR that is not the sum of its days.
    """

    spec: StudySpec
    securities: pl.DataFrame
    abnormal_returns: pl.DataFrame
    cars: pl.DataFrame

    def __post_init__(self) -> None:
        """Check the result's own identities."""
        for name, table in _TABLES.items():
            object.__setattr__(self, name, table.conform(getattr(self, name)))
        self._check_rows()
        self._check_sums()

    @property
    def used(self) -> pl.DataFrame:
        """The used pairs' rows of the ledger."""
        return self.securities.filter(pl.col("status") == "used")

    def by_day(self, column: str) -> FloatArray:
        """Return a column of the abnormal returns as an array of shape (used pairs, days), NaN for null."""
        return self._matrix(self.abnormal_returns, column, self.spec.event.length)

    def by_window(self, column: str) -> FloatArray:
        """Return a column of the CARs as an array of shape (used pairs, sorted CAR windows), NaN for null."""
        return self._matrix(self.cars, column, len(self.spec.car_windows))

    @staticmethod
    def _matrix(frame: pl.DataFrame, column: str, width: int) -> FloatArray:
        return frame[column].cast(pl.Float64).fill_null(float("nan")).to_numpy().reshape(-1, width)

    def _check_rows(self) -> None:
        used = self.used.select("event_id", "symbol")
        for name, width in (("abnormal_returns", self.spec.event.length), ("cars", len(self.spec.car_windows))):
            keys = getattr(self, name).select("event_id", "symbol")
            if keys.height != used.height * width or not keys.gather_every(width).equals(used):
                raise ContractError(
                    f"study {self.spec.study_id!r}: {name} must hold {width} rows for each of {used.height} used "
                    f"pairs, in the order of the ledger; got {keys.height} rows"
                )

    def _check_sums(self) -> None:
        abnormal = zero_missing(self.by_day("abnormal_return"))
        cars = zero_missing(self.by_window("car"))
        for place, window in enumerate(sorted(self.spec.car_windows)):
            days = abnormal[:, window.start - self.spec.event.start : window.end - self.spec.event.start + 1]
            distance = np.abs(days.sum(axis=1) - cars[:, place])
            wrong = np.flatnonzero(distance > IDENTITY_TOLERANCE * np.maximum(np.abs(days).sum(axis=1), 1.0))
            if wrong.size:
                row = self.used.row(int(wrong[0]), named=True)
                raise ContractError(
                    f"study {self.spec.study_id!r}, event {row['event_id']!r} x {row['symbol']}: the abnormal returns "
                    f"of {window} sum to {days[wrong[0]].sum()}, but the CAR is {cars[wrong[0], place]}"
                )


_TABLES: Final = {
    "securities": FCT_STUDY_SECURITIES,
    "abnormal_returns": FCT_ABNORMAL_RETURNS,
    "cars": FCT_EVENT_CARS,
}

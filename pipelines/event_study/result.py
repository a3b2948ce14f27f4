"""The result of a study: its ledger and its estimates, and the tables that they are written as."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import polars as pl

from pipelines.contracts import FCT_ABNORMAL_RETURNS, FCT_EVENT_CARS, FCT_STUDY_SECURITIES
from pipelines.errors import ContractError
from pipelines.event_study.estimates import Estimates
from pipelines.event_study.frames import abnormal_return_frame, car_frame, security_frame
from pipelines.event_study.pairs import Pairs
from pipelines.event_study.panel import ReturnPanel
from pipelines.event_study.screening import Screening
from pipelines.event_study.spec import StudySpec
from pipelines.event_study.workers import blocks

CHUNK_SIZE: Final = 20_000
"""Pairs whose rows are written at a time."""


@dataclass(frozen=True, eq=False)
class StudyResult:
    """What a study found. Its frames are written when they are asked for, each sorted by its contract's key.

    Attributes
    ----------
    spec : StudySpec
        The study.
    panel : ReturnPanel
        The returns it read.
    asked : Pairs
        Every pair asked for.
    screening : Screening
        What became of each.
    estimates : Estimates
        What was estimated of the used pairs, as arrays.

    Raises
    ------
    ContractError
        If the used pairs are not the estimated ones.
    """

    spec: StudySpec
    panel: ReturnPanel
    asked: Pairs
    screening: Screening
    estimates: Estimates

    def __post_init__(self) -> None:
        """Check that the used pairs are those that have been estimated."""
        used, estimated = self.asked.places.take(self.screening.used), self.estimates.pairs.places
        same = np.array_equal(used.code, estimated.code) and np.array_equal(used.event_index, estimated.event_index)
        if not same:
            raise ContractError(
                f"study {self.spec.study_id!r}: {used.size} pairs are used, the estimates are of {estimated.size}, "
                "or in another order; please report this as a defect"
            )

    @cached_property
    def securities(self) -> pl.DataFrame:
        """Contract FCT_STUDY_SECURITIES: every pair asked for, once."""
        ledger = security_frame(self.spec, self.panel, self.asked, self.screening, self.estimates.fit)
        return FCT_STUDY_SECURITIES.conform(ledger)

    @property
    def used(self) -> pl.DataFrame:
        """The used pairs' rows of the ledger."""
        return self.securities.filter(pl.col("status") == "used")

    @property
    def abnormal_returns(self) -> pl.DataFrame:
        """Contract FCT_ABNORMAL_RETURNS: a row per used pair and day of the event window."""
        return pl.concat(list(self.abnormal_return_chunks()))

    def abnormal_return_chunks(self, chunk_size: int = CHUNK_SIZE) -> Iterator[pl.DataFrame]:
        """Yield the same rows a number of pairs at a time, for a table that should not stand in memory at once."""
        for rows in blocks(self.estimates.pairs.size, chunk_size):
            yield FCT_ABNORMAL_RETURNS.conform(abnormal_return_frame(self.estimates, rows))

    @property
    def cars(self) -> pl.DataFrame:
        """Contract FCT_EVENT_CARS: a row per used pair and CAR window."""
        return FCT_EVENT_CARS.conform(car_frame(self.estimates))

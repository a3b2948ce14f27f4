"""CARs alone: a million pairs without their abnormal returns day by day.

Everything a CAR and its standard error need is a difference of running sums, whatever the length of the windows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.errors import SpecError
from pipelines.event_study.alignment import AlignedReturns, align
from pipelines.event_study.arrays import FloatArray, IntArray
from pipelines.event_study.car import standardise
from pipelines.event_study.normal_returns import BLOCK_SIZE, NormalReturnFit, OlsPrediction
from pipelines.event_study.normal_returns.moments import PrefixSums
from pipelines.event_study.normal_returns.plain import fit_sums, is_plain, prefix_sums
from pipelines.event_study.pairs import Pairs, Places, checked_pairs
from pipelines.event_study.panel import ReturnPanel
from pipelines.event_study.screening import Outcome, Screening, screen
from pipelines.event_study.spec import StudySpec
from pipelines.event_study.windows import Window
from pipelines.event_study.workers import blocks, in_order


@dataclass(frozen=True, slots=True, eq=False)
class PairCars:
    """CARs of the pairs that a study can use; arrays have shape (used pairs, windows) unless said otherwise.

    Attributes
    ----------
    pairs : Pairs
        All pairs asked for.
    screening : Screening
        What became of each.
    windows : tuple of Window
        The study's CAR windows, sorted.
    car, se : array
        Decimal CAR and its standard error; NaN where no day of the window has an abnormal return.
    n_days : array of int
        Days of the window that have one.
    df : array, shape (used pairs,)
        Degrees of freedom L1 - k.
    """

    pairs: Pairs
    screening: Screening
    windows: tuple[Window, ...]
    car: FloatArray
    se: FloatArray
    n_days: IntArray
    df: IntArray

    @property
    def t_stat(self) -> FloatArray:
        """Return car / se, t(df) under the null; NaN where the residual variance is zero."""
        return standardise(self.car, self.se)


def run_cars(spec: StudySpec, panel: ReturnPanel, pairs: pl.DataFrame, *, threads: int | None = None) -> PairCars:
    """Compute the CARs of event x security pairs and nothing else of a study.

    They are those of `run_study` but for rounding, at a fraction of its time and memory.

    Parameters
    ----------
    spec, panel, pairs, threads
        As for `run_study`.

    Raises
    ------
    SpecError
        If the model is not least squares of returns with independent residuals, or the benchmark has no prices.
    ContractError
        If the pairs are not resolved, or do not count the sessions as the panel does.
    """
    if not is_plain(spec):
        raise SpecError(
            f"study {spec.study_id!r}: CARs alone are computed for least squares of returns with 'ols' errors; "
            f"model {spec.model!r} of {spec.measure} with {spec.standard_errors!r} ones goes through run_study"
        )
    asked = Pairs.of(checked_pairs(pairs), panel)
    aligned = align(spec, panel, asked)
    screening = screen(spec, aligned, asked)
    estimation = prefix_sums(aligned, threads)
    event = event_sums(spec, aligned, estimation, threads)
    windows = tuple(sorted(spec.car_windows))
    places = asked.places.take(screening.used)
    shape = (places.size, len(windows))
    found = PairCars(
        asked,
        screening,
        windows,
        np.empty(shape),
        np.empty(shape),
        np.empty(shape, np.int64),
        np.empty(shape[0], np.int64),
    )
    identified = np.empty(places.size, dtype=np.bool_)

    def run(rows: slice) -> None:
        block = places.take(rows)
        fit = fit_sums(spec, aligned, estimation, block)
        identified[rows], found.df[rows] = fit.is_identified, fit.df
        found.car[rows], found.se[rows], found.n_days[rows] = summed_cars(fit, event, block, windows)

    in_order(run, blocks(places.size, BLOCK_SIZE), threads)
    if identified.all():
        return found
    screening = screening.exclude(screening.used[~identified], Outcome.NOT_IDENTIFIED)
    kept = (found.car[identified], found.se[identified])
    return PairCars(asked, screening, windows, *kept, found.n_days[identified], found.df[identified])


def event_sums(
    spec: StudySpec, aligned: AlignedReturns, estimation: PrefixSums, threads: int | None = None
) -> PrefixSums:
    """Return the running sums of what event windows may use: those of estimation windows unless days are left out."""
    if spec.excluded_days is None:
        return estimation
    return PrefixSums.of(aligned.layout, aligned.actual - aligned.base, aligned.regressors, threads)


def summed_cars(
    fit: NormalReturnFit, sums: PrefixSums, pairs: Places, windows: Sequence[Window]
) -> tuple[FloatArray, FloatArray, IntArray]:
    """Return CARs, their standard errors and their days from running sums; each of shape (pairs, windows).

    Notes
    -----
    CAR = sum y - n alpha - sum over j of slope_j (sum x_j); the standard error is that of OlsPrediction.
    """
    prediction = fit.prediction
    if not isinstance(prediction, OlsPrediction):
        raise TypeError(f"expected a least-squares fit, got a prediction of type {type(prediction).__name__}")
    shape = (pairs.size, len(windows))
    car, se, n_days = np.empty(shape), np.empty(shape), np.empty(shape, dtype=np.int64)
    for place, window in enumerate(windows):
        over, _ = sums.over(pairs, window)
        n = over[:, 0]
        total_x = [over[:, sums.sum_of_x(j)] for j in range(sums.k)]
        total = over[:, 1] - n * fit.alpha
        for j, each in enumerate(total_x):
            total = total - fit.slopes[:, j] * each
        n_days[:, place] = n
        car[:, place] = np.where(n > 0, total, np.nan)
        se[:, place] = np.where(n > 0, prediction.sum_se(n, total_x), np.nan)
    return car, se, n_days

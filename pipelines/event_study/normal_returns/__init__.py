"""Fit: the normal-return model of every pair."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from pipelines.event_study.alignment import AlignedReturns
from pipelines.event_study.models import BENCHMARK, Regressor
from pipelines.event_study.normal_returns.autoregressive import fit_autoregressive
from pipelines.event_study.normal_returns.fit import GeneralPrediction, NormalReturnFit, OlsPrediction, Prediction
from pipelines.event_study.normal_returns.fixed_slope import fit_scholes_williams, fit_summed_slope
from pipelines.event_study.normal_returns.garch import fit_garch
from pipelines.event_study.normal_returns.hac import newey_west
from pipelines.event_study.normal_returns.least_squares import least_squares
from pipelines.event_study.normal_returns.moments import window_moments
from pipelines.event_study.normal_returns.plain import (
    estimation_windows,
    fit_sums,
    fit_windows,
    fits_in_memory,
    is_plain,
    prefix_sums,
)
from pipelines.event_study.pairs import Places
from pipelines.event_study.spec import StudySpec
from pipelines.event_study.workers import blocks, in_order

__all__ = ["GeneralPrediction", "NormalReturnFit", "OlsPrediction", "Prediction", "fit_normal_returns"]

BLOCK_SIZE: Final = 4_096
"""Pairs fitted at a time from prefix sums."""

WINDOW_BLOCK_SIZE: Final = 512
"""Pairs fitted at a time from windows laid out in full, so that these stay in the processor's cache."""


def fit_normal_returns(
    spec: StudySpec, aligned: AlignedReturns, pairs: Places, threads: int | None = None
) -> NormalReturnFit:
    """Fit the study's model to every pair's estimation window.

    Parameters
    ----------
    pairs : Places
        Pairs with more usable days than the model has parameters.
    threads : int, optional
        Threads to work on; they change speed, never a result.

    Returns
    -------
    NormalReturnFit
        A pair whose parameters cannot be identified has NaN ones.
    """
    if is_plain(spec) and fits_in_memory(aligned):
        sums = prefix_sums(aligned, threads)

        def fit(rows: slice) -> NormalReturnFit:
            return fit_sums(spec, aligned, sums, pairs.take(rows))

        return NormalReturnFit.concat(in_order(fit, blocks(pairs.size, BLOCK_SIZE), threads))
    by_windows = _by_windows(spec)

    def fit_block(rows: slice) -> NormalReturnFit:
        return by_windows(spec, aligned, pairs.take(rows))

    return NormalReturnFit.concat(in_order(fit_block, blocks(pairs.size, WINDOW_BLOCK_SIZE), threads))


def _fit_hac(spec: StudySpec, aligned: AlignedReturns, pairs: Places) -> NormalReturnFit:
    fit = fit_windows(spec, aligned, pairs)
    y, x = estimation_windows(spec, aligned, pairs)
    prediction = newey_west(y, x, fit, spec.event.length, spec.hac_lags)
    return NormalReturnFit(fit.alpha, fit.slopes, fit.sigma, fit.n, fit.df, prediction)


def _fit_scholes_williams(spec: StudySpec, aligned: AlignedReturns, pairs: Places) -> NormalReturnFit:
    y, _ = estimation_windows(spec, aligned, pairs)
    return fit_scholes_williams(y, aligned.take(aligned.neighbours, pairs, spec.estimation))


def _fit_summed_slope(spec: StudySpec, aligned: AlignedReturns, pairs: Places) -> NormalReturnFit:
    y, _ = estimation_windows(spec, aligned, pairs)
    neighbours = aligned.take(aligned.neighbours, pairs, spec.estimation)
    slopes = least_squares(window_moments(y, neighbours), has_intercept=True).slopes
    same_day = neighbours[spec.neighbours.index(Regressor(BENCHMARK))]
    return fit_summed_slope(y, same_day, slopes)


def _fit_garch(spec: StudySpec, aligned: AlignedReturns, pairs: Places) -> NormalReturnFit:
    y, x = estimation_windows(spec, aligned, pairs)
    steps = np.array(spec.event.days) - spec.estimation.end
    fit, _ = fit_garch(y, x, steps)
    return fit


def _fit_volume(spec: StudySpec, aligned: AlignedReturns, pairs: Places) -> NormalReturnFit:
    return fit_autoregressive(*estimation_windows(spec, aligned, pairs), spec.event.length)


def _by_windows(spec: StudySpec) -> Callable[[StudySpec, AlignedReturns, Places], NormalReturnFit]:
    """Return what fits the study's model from windows laid out in full."""
    if spec.measure != "return":
        return _fit_volume
    if spec.normal_model.estimator == "garch":
        return _fit_garch
    if spec.normal_model.estimator == "scholes_williams":
        return _fit_scholes_williams
    if spec.neighbours:
        return _fit_summed_slope
    return _fit_hac if spec.standard_errors == "hac" else fit_windows

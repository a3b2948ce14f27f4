"""Least squares with independent residuals of one variance: the models that prefix sums serve."""

from __future__ import annotations

from typing import Final

import numpy as np

from pipelines.event_study.alignment import AlignedReturns
from pipelines.event_study.arrays import FloatArray, zero_missing
from pipelines.event_study.normal_returns.fit import NormalReturnFit
from pipelines.event_study.normal_returns.least_squares import least_squares, residual_squares, with_residual_squares
from pipelines.event_study.normal_returns.moments import PrefixSums, is_noisy, window_moments
from pipelines.event_study.pairs import Places
from pipelines.event_study.spec import StudySpec

PREFIX_BYTES: Final = 2**30
"""Memory that prefix sums may take; a larger panel is fitted from windows laid out in full."""


def is_plain(spec: StudySpec) -> bool:
    """Tell whether the model is least squares with independent residuals of one variance."""
    is_ols = spec.normal_model.estimator == "least_squares" and spec.standard_errors == "ols"
    return is_ols and spec.measure == "return" and not spec.neighbours


def fits_in_memory(aligned: AlignedReturns) -> bool:
    """Tell whether the prefix sums of a panel stay within their memory."""
    columns = PrefixSums.n_columns(aligned.regressors.shape[0])
    return 8 * columns * aligned.response.size <= PREFIX_BYTES


def prefix_sums(aligned: AlignedReturns, threads: int | None = None) -> PrefixSums:
    """Return the running sums of what estimation windows may use."""
    return PrefixSums.of(aligned.layout, aligned.response, aligned.regressors, threads)


def fit_sums(spec: StudySpec, aligned: AlignedReturns, sums: PrefixSums, pairs: Places) -> NormalReturnFit:
    """Fit from prefix sums, and once more from the windows themselves where the sums are too coarse."""
    moments = sums.moments(pairs, spec.estimation)
    fit = least_squares(moments, has_intercept=spec.normal_model.has_intercept)
    squares = residual_squares(moments, fit.slopes)
    again = np.flatnonzero(is_noisy(moments, fit.slopes, squares))
    if not again.size:
        return fit
    return fit.put(again, fit_windows(spec, aligned, pairs.take(again)))


def fit_windows(spec: StudySpec, aligned: AlignedReturns, pairs: Places) -> NormalReturnFit:
    """Fit from windows laid out in full, the residuals computed one by one."""
    y, x = estimation_windows(spec, aligned, pairs)
    moments = window_moments(y, x)
    fit = least_squares(moments, has_intercept=spec.normal_model.has_intercept)
    residual = zero_missing(y - fit.expected(x))
    squares = np.where(fit.is_identified, np.einsum("ij,ij->i", residual, residual), np.nan)
    return with_residual_squares(fit, squares, moments.yy)


def estimation_windows(spec: StudySpec, aligned: AlignedReturns, pairs: Places) -> tuple[FloatArray, FloatArray]:
    """Return y of shape (pairs, L), NaN on a day that does not count, and the regressors of shape (k, pairs, L)."""
    y = aligned.take(aligned.response, pairs, spec.estimation)
    return y, aligned.take(aligned.regressors, pairs, spec.estimation)

"""Write the engine's arrays as frames, one row per key, in the order of the key."""

from __future__ import annotations

import json
from typing import Final

import numpy as np
import polars as pl

from pipelines.event_study.alignment import NO_DAY
from pipelines.event_study.arrays import FloatArray, zero_missing
from pipelines.event_study.car import standardise
from pipelines.event_study.estimates import Estimates
from pipelines.event_study.models import BENCHMARK, MARKET_EXCESS
from pipelines.event_study.normal_returns import NormalReturnFit
from pipelines.event_study.pairs import Pairs
from pipelines.event_study.panel import ReturnPanel
from pipelines.event_study.reasons import UnusedPair, reason
from pipelines.event_study.screening import Outcome, Screening
from pipelines.event_study.significance import benjamini_hochberg, holm, two_sided_t
from pipelines.event_study.spec import StudySpec

NO_VARIANCE: Final = "the model leaves no residual variance, so there are no t statistics"
"""Remark on a used pair whose residuals are nothing but rounding."""


def security_frame(
    spec: StudySpec, panel: ReturnPanel, pairs: Pairs, screening: Screening, fit: NormalReturnFit
) -> pl.DataFrame:
    """Write the ledger: outcome, reason and fitted model of every pair asked for.

    Parameters
    ----------
    spec, panel, pairs
        The study, its returns and all pairs asked for.
    screening : Screening
        What was decided about each pair.
    fit : NormalReturnFit
        Models of the used pairs, in their order.
    """
    reasons: list[str | None] = [None] * pairs.size
    unused = np.flatnonzero(screening.outcome != Outcome.USED)
    for row, pair in zip(unused.tolist(), pairs.frame[unused].iter_rows(named=True), strict=True):
        facts = UnusedPair(**pair, code=int(pairs.code[row]), n_estimation_obs=int(screening.n_estimation_obs[row]))
        reasons[row] = reason(Outcome(screening.outcome[row]), spec, panel, facts)
    for row in screening.used[fit.sigma == 0]:
        reasons[row] = NO_VARIANCE
    status = pl.Series([outcome.status for outcome in Outcome], dtype=pl.String).gather(screening.outcome)
    no_prices = pl.Series(screening.outcome == Outcome.NO_PRICES)
    return pairs.frame.select(
        pl.lit(spec.study_id).alias("study_id"), "event_id", "symbol", "event_session"
    ).with_columns(
        status.alias("status"),
        pl.Series("reason", reasons, dtype=pl.String),
        pl.Series("n_estimation_obs", screening.n_estimation_obs).set(no_prices, None),
        *(_column(name, _spread(values, screening)) for name, values in _model(spec, fit).items()),
        *(_column(name, _spread(values, screening)) for name, values in _model_errors(spec, fit).items()),
        _coefficients(spec, fit, screening),
    )


def abnormal_return_frame(estimates: Estimates, rows: slice) -> pl.DataFrame:
    """Write the abnormal returns of some pairs, a row per pair and day of the event window."""
    spec = estimates.spec
    days = estimates.event_days(rows)
    session_date = pl.Series(days.ravel()).cast(pl.Date).set(pl.Series(days.ravel() == NO_DAY), None)
    abnormal, se = estimates.abnormal(rows), estimates.se[rows]
    standardised = standardise(abnormal, se)
    cumulated = np.where(np.isnan(abnormal), np.nan, np.cumsum(zero_missing(abnormal), axis=1))
    return _keys(estimates, rows, spec.event.length).with_columns(
        pl.Series("relative_day", np.tile(np.array(spec.event.days), days.shape[0])),
        session_date.alias("session_date"),
        _column("actual_return", estimates.actual[rows]),
        _column("expected_return", estimates.expected[rows]),
        _column("abnormal_return", abnormal),
        _column("abnormal_return_se", se),
        _column("std_abnormal_return", standardised),
        _column("p_value", two_sided_t(standardised, estimates.fit.df[rows, None])),
        _column("cum_abnormal_return", cumulated),
        _column("cum_abnormal_return_se", _cumulated_se(estimates, rows)),
    )


def _cumulated_se(estimates: Estimates, rows: slice) -> FloatArray:
    """Return the standard error of the sum from the event window's start to each day; NaN on a missing day."""
    x = estimates.aligned.take(estimates.aligned.regressors, estimates.pairs.places.take(rows), estimates.spec.event)
    prediction = estimates.fit.take(rows).prediction
    available = ~np.isnan(estimates.expected[rows])
    known = np.where(available, x, 0.0)
    se = [prediction.window_se(known, available, slice(0, day + 1)) for day in range(available.shape[1])]
    return np.where(available, np.stack(se, axis=1), np.nan)


def car_frame(estimates: Estimates) -> pl.DataFrame:
    """Write the CARs, a row per used pair and CAR window; p-values are adjusted over the pairs of a window."""
    cumulated, fit, windows = estimates.cumulated, estimates.fit, estimates.cumulated.windows
    n_pairs = estimates.pairs.size
    scar = cumulated.scar
    p_value = two_sided_t(scar, fit.df[:, None])
    return _keys(estimates, slice(0, n_pairs), len(windows)).with_columns(
        pl.Series("window_start", np.tile([window.start for window in windows], n_pairs), dtype=pl.Int64),
        pl.Series("window_end", np.tile([window.end for window in windows], n_pairs), dtype=pl.Int64),
        _column("car", cumulated.car),
        _column("car_se", cumulated.se),
        _column("scar", scar),
        _column("t_stat", scar),
        _column("p_value", p_value),
        _column("p_holm", holm(p_value)),
        _column("p_bh", benjamini_hochberg(p_value)),
        _column("bhar", cumulated.bhar),
        pl.Series("n_estimation_obs", np.repeat(fit.n, len(windows))),
        pl.Series("df", np.repeat(fit.df, len(windows))),
        pl.Series("n_days", cumulated.n_days.ravel()),
        pl.Series("is_complete", cumulated.is_complete.ravel()),
        *(_column(name, np.repeat(values, len(windows))) for name, values in _model(estimates.spec, fit).items()),
    )


def _beta_weights(spec: StudySpec) -> FloatArray:
    """Return the weights of the slopes in beta: the sum over the benchmark's leads and lags, or the market factor."""
    names = [regressor.name for regressor in spec.regressors]
    market = BENCHMARK if BENCHMARK in names else MARKET_EXCESS
    return np.array([float(name == market) for name in names])


def _model(spec: StudySpec, fit: NormalReturnFit) -> dict[str, FloatArray]:
    """Return the model's columns; a model without a market has no beta to report."""
    weights = _beta_weights(spec)
    if spec.normal_model.benchmark == "subtracted":
        beta = np.ones(fit.n.size)
    elif weights.any():
        beta = fit.slopes @ weights if weights.sum() > 1 else fit.slopes[:, int(np.argmax(weights))]
    else:
        beta = np.full(fit.n.size, np.nan)
    return {"alpha": fit.alpha, "beta": beta, "sigma": fit.sigma}


def _model_errors(spec: StudySpec, fit: NormalReturnFit) -> dict[str, FloatArray]:
    """Return the standard errors of alpha and beta, NaN where the model does not estimate them."""
    covariance = fit.prediction.parameter_covariance()
    weights = _beta_weights(spec)
    nothing = np.full(fit.n.size, np.nan)
    alpha_se = np.sqrt(covariance[:, 0, 0]) if spec.normal_model.has_intercept else nothing
    beta_se = np.sqrt(np.einsum("j,pjl,l->p", weights, covariance[:, 1:, 1:], weights)) if weights.any() else nothing
    return {"alpha_se": alpha_se, "beta_se": beta_se}


def _coefficients(spec: StudySpec, fit: NormalReturnFit, screening: Screening) -> pl.Series:
    """Write the slopes of a model with several regressors as JSON by name; null for the others."""
    texts: list[str | None] = [None] * screening.outcome.size
    names = [str(regressor) for regressor in spec.regressors]
    if len(names) > 1 or spec.model == "linear":
        for row, slopes in zip(screening.used.tolist(), fit.slopes.tolist(), strict=True):
            texts[row] = json.dumps(dict(zip(names, slopes, strict=True)))
    return pl.Series("coefficients", texts, dtype=pl.String)


def _keys(estimates: Estimates, rows: slice, repeats: int) -> pl.DataFrame:
    pairs = estimates.pairs.frame[rows].select(pl.lit(estimates.spec.study_id).alias("study_id"), "event_id", "symbol")
    return pairs[np.repeat(np.arange(pairs.height), repeats)]


def _column(name: str, values: FloatArray) -> pl.Series:
    return pl.Series(name, values.ravel(), nan_to_null=True)


def _spread(values: FloatArray, screening: Screening) -> FloatArray:
    """Give the used pairs' values to all pairs, NaN for the others."""
    spread = np.full(screening.outcome.size, np.nan)
    spread[screening.used] = values
    return spread

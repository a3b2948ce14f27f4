"""Write the engine's arrays as frames, one row per key, in the order of the key."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from pipelines.event_study.abnormal_returns import AbnormalReturns
from pipelines.event_study.alignment import NO_DAY
from pipelines.event_study.arrays import DayArray, FloatArray
from pipelines.event_study.car import CumulativeReturns
from pipelines.event_study.normal_returns import NormalReturnFit
from pipelines.event_study.pairs import Pairs
from pipelines.event_study.panel import ReturnPanel
from pipelines.event_study.reasons import UnusedPair, reason
from pipelines.event_study.screening import Outcome, Screening
from pipelines.event_study.significance import two_sided_t
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
    statuses = np.array([outcome.status for outcome in Outcome])
    no_prices = pl.Series(screening.outcome == Outcome.NO_PRICES)
    return pairs.frame.select("event_id", "symbol", "event_session").with_columns(
        pl.Series("status", statuses[screening.outcome].tolist(), dtype=pl.String),
        pl.Series("reason", reasons, dtype=pl.String),
        pl.Series("n_estimation_obs", screening.n_estimation_obs).set(no_prices, None),
        *(_column(name, _spread(values, screening)) for name, values in _model(spec, fit).items()),
    )


def abnormal_return_frame(
    spec: StudySpec, used: Pairs, days: DayArray, fit: NormalReturnFit, returns: AbnormalReturns
) -> pl.DataFrame:
    """Write the abnormal returns, a row per used pair and day of the event window.

    Parameters
    ----------
    spec, used, fit, returns
        The study, its used pairs, their models and event-window returns.
    days : array, shape (used pairs, days)
        Session dates as days since 1970-01-01.
    """
    length = spec.event.length
    session_date = pl.Series(days.ravel()).cast(pl.Date).set(pl.Series(days.ravel() == NO_DAY), None)
    return _keys(used, length).with_columns(
        pl.Series("relative_day", np.tile(np.array(spec.event.days), used.size)),
        session_date.alias("session_date"),
        _column("actual_return", returns.actual),
        _column("expected_return", returns.expected),
        _column("abnormal_return", returns.abnormal),
        _column("abnormal_return_se", returns.se),
        _column("std_abnormal_return", returns.standardised),
        _column("p_value", two_sided_t(returns.standardised, fit.df[:, None])),
        _column("cum_abnormal_return", returns.cumulated),
    )


def car_frame(spec: StudySpec, used: Pairs, fit: NormalReturnFit, cumulated: CumulativeReturns) -> pl.DataFrame:
    """Write the CARs, a row per used pair and CAR window."""
    windows = cumulated.windows
    width = np.array([window.length for window in windows])
    n_pairs = used.size
    return _keys(used, len(windows)).with_columns(
        pl.Series("window_start", np.tile([window.start for window in windows], n_pairs), dtype=pl.Int64),
        pl.Series("window_end", np.tile([window.end for window in windows], n_pairs), dtype=pl.Int64),
        _column("car", cumulated.car),
        _column("car_se", cumulated.se),
        _column("scar", cumulated.scar),
        _column("t_stat", cumulated.scar),
        _column("p_value", two_sided_t(cumulated.scar, fit.df[:, None])),
        _column("bhar", cumulated.bhar),
        pl.Series("n_estimation_obs", np.repeat(fit.n, len(windows))),
        pl.Series("df", np.repeat(fit.df, len(windows))),
        pl.Series("n_days", cumulated.n_days.ravel()),
        pl.Series("is_complete", (cumulated.n_days == width).ravel()),
        *(_column(name, np.repeat(values, len(windows))) for name, values in _model(spec, fit).items()),
    )


def _model(spec: StudySpec, fit: NormalReturnFit) -> dict[str, FloatArray]:
    """Return the model's columns; a constant mean has no beta to report."""
    beta = fit.beta if spec.benchmark is not None else np.full_like(fit.beta, np.nan)
    return {"alpha": fit.alpha, "beta": beta, "sigma": fit.sigma}


def _keys(used: Pairs, repeats: int) -> pl.DataFrame:
    rows = np.repeat(np.arange(used.size), repeats)
    return used.frame.select("event_id", "symbol")[rows]


def _column(name: str, values: FloatArray) -> pl.Series:
    return pl.Series(name, values.ravel(), nan_to_null=True)


def _spread(values: FloatArray, screening: Screening) -> FloatArray:
    """Give the used pairs' values to all pairs, NaN for the others."""
    spread = np.full(screening.outcome.size, np.nan)
    spread[screening.used] = values
    return spread

"""The event-study engine: align, screen, fit normal returns, abnormal returns, aggregate."""

from __future__ import annotations

import polars as pl

from pipelines.event_study.alignment import align
from pipelines.event_study.estimates import estimate
from pipelines.event_study.normal_returns import fit_normal_returns
from pipelines.event_study.pairs import Pairs, checked_pairs
from pipelines.event_study.panel import ReturnPanel
from pipelines.event_study.result import StudyResult
from pipelines.event_study.screening import Outcome, screen
from pipelines.event_study.spec import StudySpec


def run_study(spec: StudySpec, panel: ReturnPanel, pairs: pl.DataFrame, *, threads: int | None = None) -> StudyResult:
    """Run a study over event x security pairs.

    Parameters
    ----------
    spec : StudySpec
        Model, windows and demands of the study.
    panel : ReturnPanel
        Returns of the securities and of the benchmark.
    pairs : DataFrame
        One row per pair with day 0 resolved, in any order: `event_id`, `symbol`, `event_session` (date of day 0),
        `event_index` (its session_index in the listing's count), `last_index` (the listing's last session with a
        price) and `is_ended` (whether its prices have stopped for good).
    threads : int, optional
        Threads to work on, by default one per processor; they change speed, never a result.

    Returns
    -------
    StudyResult
        Every pair asked for ends once in `securities`: used, pending or excluded, with a reason.

    Raises
    ------
    SpecError
        If the benchmark has no prices in the panel, or a factor no column.
    ContractError
        If the pairs are not resolved, or do not count the sessions as the panel does.
    """
    asked = Pairs.of(checked_pairs(pairs), panel)
    aligned = align(spec, panel, asked)
    screening = screen(spec, aligned, asked)
    fit = fit_normal_returns(spec, aligned, asked.places.take(screening.used), threads)
    is_identified = fit.is_identified
    if not is_identified.all():
        screening = screening.exclude(screening.used[~is_identified], Outcome.NOT_IDENTIFIED)
        fit = fit.take(is_identified)
    estimates = estimate(spec, aligned, asked.take(screening.used), fit, threads)
    return StudyResult(spec, panel, asked, screening, estimates)

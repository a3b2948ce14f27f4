"""The event-study engine: align, fit normal returns, abnormal returns, aggregate."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from pipelines.errors import ContractError
from pipelines.event_study.abnormal_returns import abnormal_returns
from pipelines.event_study.alignment import AlignedReturns, align
from pipelines.event_study.car import cumulate
from pipelines.event_study.frames import abnormal_return_frame, car_frame, security_frame
from pipelines.event_study.normal_returns import NormalReturnFit, fit_normal_returns
from pipelines.event_study.pairs import Pairs, checked_pairs
from pipelines.event_study.panel import ReturnPanel
from pipelines.event_study.result import StudyResult
from pipelines.event_study.screening import Outcome, screen
from pipelines.event_study.spec import StudySpec

CHUNK_SIZE: Final = 20_000
"""Pairs worked on at a time, so that memory beyond the result itself stays bounded."""

_BLOCK_SIZE: Final = 500
"""Pairs fitted at a time, so that their estimation windows stay in the processor's cache."""

_Frames = tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]


def run_study(spec: StudySpec, panel: ReturnPanel, pairs: pl.DataFrame, *, chunk_size: int = CHUNK_SIZE) -> StudyResult:
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
    chunk_size : int
        Pairs worked on at a time; it changes speed and memory, never a result.

    Returns
    -------
    StudyResult
        Every pair asked for ends once in `securities`: used, pending or excluded, with a reason.

    Raises
    ------
    SpecError
        If the benchmark has no prices in the panel.
    ContractError
        If the pairs are not resolved, or do not count the sessions as the panel does.
    """
    asked = checked_pairs(pairs)
    aligned = align(spec, panel)
    chunks = [_study_chunk(spec, panel, aligned, chunk) for chunk in Pairs.of(asked, panel).blocks(chunk_size)]
    study = pl.lit(spec.study_id).alias("study_id")
    securities, abnormal, cars = (pl.concat(frames).with_columns(study) for frames in zip(*chunks, strict=True))
    if securities.height != asked.height:
        raise ContractError(
            f"study {spec.study_id!r} was asked for {asked.height} pairs and accounts for {securities.height}; "
            "please report this as a defect"
        )
    return StudyResult(spec, securities, abnormal, cars)


def _study_chunk(spec: StudySpec, panel: ReturnPanel, aligned: AlignedReturns, pairs: Pairs) -> _Frames:
    screening = screen(spec, aligned, pairs)
    fit = _fit(spec, aligned, pairs.take(screening.used))
    has_beta = ~np.isnan(fit.beta)
    screening = screening.exclude(screening.used[~has_beta], Outcome.BENCHMARK_STILL)

    fit, used = fit.take(has_beta), pairs.take(screening.used)
    abnormal = abnormal_returns(fit, *aligned.returns(used, spec.event))
    cumulated = cumulate(spec, fit, abnormal)
    return (
        security_frame(spec, panel, pairs, screening, fit),
        abnormal_return_frame(spec, used, aligned.take(aligned.session_day, used, spec.event), fit, abnormal),
        car_frame(spec, used, fit, cumulated),
    )


def _fit(spec: StudySpec, aligned: AlignedReturns, pairs: Pairs) -> NormalReturnFit:
    blocks = (aligned.returns(block, spec.estimation) for block in pairs.blocks(_BLOCK_SIZE))
    return NormalReturnFit.concat([fit_normal_returns(spec, *block) for block in blocks])

"""What a study measures: returns, or the logarithm of volume or of turnover."""

from __future__ import annotations

from typing import Final

import numpy as np

from pipelines.errors import SpecError
from pipelines.event_study.arrays import FloatArray
from pipelines.event_study.panel import ReturnPanel
from pipelines.event_study.spec import StudySpec

TURNOVER_OFFSET: Final = 0.000255
"""Constant that keeps the logarithm of a day without trades finite (Ajinkya and Jain 1989)."""


def measured(spec: StudySpec, panel: ReturnPanel) -> FloatArray:
    """Return what the study measures on every row of the panel; shape (rows,), NaN where it is missing.

    Raises
    ------
    SpecError
        If a study of volume or turnover has none to read.

    Notes
    -----
    log_volume is ln(1 + V), log_turnover ln(100 V / S + 0.000255), V units traded and S units in issue.

    References
    ----------
    Ajinkya and Jain (1989), Journal of Accounting and Economics 11, 331-359.
    Campbell and Wasley (1996), Review of Quantitative Finance and Accounting 6, 309-326.
    """
    if spec.measure == "return":
        return panel.simple_return if spec.return_type == "simple" else panel.log_return
    volume = panel.volume
    if spec.measure == "log_turnover":
        volume = 100.0 * volume / panel.shares_outstanding
    if np.isnan(volume).all():
        needs = "volume and shares_outstanding" if spec.measure == "log_turnover" else "volume"
        raise SpecError(f"measure {spec.measure!r} needs the columns {needs}; the prices have no value there")
    return np.log1p(volume) if spec.measure == "log_volume" else np.log(volume + TURNOVER_OFFSET)


def panel_mean(spec: StudySpec, panel: ReturnPanel) -> FloatArray:
    """Return on every row the mean of the measure over all listings that have one on that day; shape (rows,).

    It stands in for the volume of a market, of which an index has none; the study's benchmark itself is left out.
    """
    values = measured(spec, panel)
    counted = ~np.isnan(values)
    if spec.benchmark_symbol in panel.symbols:
        counted[panel.rows(panel.code(spec.benchmark_symbol))] = False
    known = np.flatnonzero(counted)
    days, place = np.unique(panel.session_day[known], return_inverse=True)
    mean = np.bincount(place, values[known], days.size) / np.bincount(place, minlength=days.size)
    found = np.full(values.size, np.nan)
    found[known] = mean[place]
    return found

"""Figures of ``reaction study``: blocks in the table of CARs, and a file with the paths over the event window."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.errors import ConfigurationError

if TYPE_CHECKING:
    import polars as pl

    from flows.ad_hoc import AdHocStudy

PLOTTED = 8
"""Pairs that a figure shows, those whose event window moved furthest in standard errors."""

SUFFIXES = (".png", ".svg")
_BLOCKS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float | None]) -> str:
    """Draw values as blocks between their smallest and their largest; a space where one is missing."""
    known = [value for value in values if value is not None and math.isfinite(value)]
    if not known:
        return ""
    low, span = min(known), max(known) - min(known)
    top = len(_BLOCKS) - 1
    heights = (None if value is None else round(top * (value - low) / span) if span else 0 for value in values)
    return "".join(" " if height is None else _BLOCKS[height] for height in heights)


def sparklines(days: pl.DataFrame) -> dict[tuple[str, str], str]:
    """Draw the cumulative abnormal return of every pair over the event window, by event and symbol."""
    ordered = days.sort("event_id", "symbol", "relative_day")
    paths = ordered.group_by("event_id", "symbol", maintain_order=True).agg("cum_abnormal_return")
    return {(event, symbol): sparkline(path) for event, symbol, path in paths.iter_rows()}


def expect_figure(file: Path) -> None:
    """Refuse a figure's file before anything is computed for it.

    Raises
    ------
    ConfigurationError
        If its name ends with neither .png nor .svg, or its folder is missing.
    """
    if file.suffix.lower() not in SUFFIXES:
        raise ConfigurationError(f"--plot: expected a file that ends with .png or .svg, got {file}")
    if not file.parent.is_dir():
        raise ConfigurationError(f"--plot: there is no folder {file.parent}")


def plot_study(result: AdHocStudy, file: Path) -> None:
    """Write the cumulative abnormal returns of the strongest pairs.

    Raises
    ------
    ConfigurationError
        If no pair was used, or the file cannot be written.
    """
    import polars as pl

    from pipelines.report.figures import event_path, save

    days = result.tables["fct_abnormal_returns"].drop_nulls("cum_abnormal_return")
    if days.is_empty():
        raise ConfigurationError("--plot: no pair was used, so there is nothing to draw; the table says why")
    reach = pl.col("cum_abnormal_return") / pl.col("cum_abnormal_return_se")
    last = days.sort("relative_day").group_by("event_id", "symbol").agg(reach=reach.last().abs())
    top = last.sort("reach", "event_id", "symbol", descending=[True, False, False], nulls_last=True).head(PLOTTED)
    one_event = top["event_id"].n_unique() == 1
    name = pl.col("symbol") if one_event else pl.format("{} {}", "symbol", "event_id")
    drawn = days.join(top, on=["event_id", "symbol"]).select("relative_day", "cum_abnormal_return", pair=name)
    study = result.tables["dim_studies"].row(0, named=True)
    on = f" on {study['benchmark_symbol']}" if study["benchmark_symbol"] else ""
    which = f"{top.height} of {last.height} pairs" if top.height < last.height else f"n = {last.height}"
    span = f"[{study['estimation_start']}, {study['estimation_end']}]"
    chart = event_path(
        drawn.sort("pair", "relative_day"),
        title=top["event_id"][0] if one_event else "Cumulative abnormal returns",
        subtitle=f"{which}, model {study['model'].replace('_', ' ')}{on}, estimated over {span}",
        colour="pair",
    )
    try:
        save(chart, file)
    except OSError as error:
        raise ConfigurationError(f"--plot: {file} cannot be written: {error.strerror}") from error

"""Figures of the marts' tables: frames with the columns of the contracts in, Altair charts out.

A figure draws what it is given and computes no statistic but the bounds of an interval. Returns are decimals in the
frames and per cent on the axes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import polars as pl
import vl_convert
from scipy.special import stdtrit

from pipelines.errors import ContractError
from pipelines.report.palette import CONFIDENCE, DOWN, INK, LEVEL, LIGHT_LOSS, QUIET, UP

_BILLION = 1e9
_LONGEST_LABEL = 320
_WIDEST_LETTER = 6.8
"""Pixels that a letter of a label takes on average in a wide font, such as DejaVu Sans of 11 px."""

_SAVED: dict[str, dict[str, Any]] = {".html": {"inline": True}, ".png": {"scale_factor": 2}}
_SIGNED = "datum.value == 0 ? '0' : format(datum.value, '+.1~%')"
"""Labels of an axis of returns: +5%, -0.5%, and 0 without a sign."""


def event_path(frame: pl.DataFrame, *, title: str, subtitle: str = "", colour: str = "symbol") -> alt.LayerChart:
    """Draw cumulative abnormal returns over the days around an event.

    Parameters
    ----------
    frame : DataFrame
        ``relative_day``, ``cum_abnormal_return`` and the column `colour`, as in ``fct_abnormal_returns``.
    """
    days = _given(frame, "relative_day", "cum_abnormal_return", colour).drop_nulls()
    names = days[colour].unique(maintain_order=True).to_list()
    x = alt.X(
        "relative_day:Q",
        title="sessions from day 0",
        axis=alt.Axis(tickMinStep=1, grid=False),
        scale=alt.Scale(nice=False),
    )
    y = alt.Y("cum_abnormal_return:Q", title="cumulative abnormal return", axis=alt.Axis(labelExpr=_SIGNED))
    shade = alt.Color(f"{colour}:N", legend=None, sort=names)
    base = alt.Chart(days)
    last = days.filter(pl.col("relative_day") == pl.col("relative_day").max().over(colour))
    labels = _apart(last, "cum_abnormal_return", days["cum_abnormal_return"])
    layers = [
        _zero(),
        alt.Chart(_at("relative_day")).mark_rule(color=QUIET, strokeDash=[3, 3]).encode(x="relative_day:Q"),
        base.mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=18)).encode(x=x, y=y, color=shade),
        alt.Chart(labels)
        .mark_text(align="left", dx=8, fontSize=11)
        .encode(x=x, y=alt.Y("label_at:Q"), text=f"{colour}:N", color=shade),
    ]
    return _finish(layers, title, subtitle, height=320)


def intervals(frame: pl.DataFrame, *, title: str, subtitle: str = "", label: str = "symbol") -> alt.LayerChart:
    """Draw abnormal returns with their 95 % intervals, one line each, in the frame's order.

    Parameters
    ----------
    frame : DataFrame
        ``car``, ``car_se``, ``df``, ``p_value`` and the column `label`, as in ``fct_event_cars``; with ``p_holm``,
        that decides the colour in place of ``p_value``.
    """
    rows = _given(frame, "car", "car_se", "df", "p_value", label).drop_nulls(["car", "car_se"])
    reach = rows["car_se"].to_numpy() * stdtrit(rows["df"].to_numpy().astype(float), (1 + CONFIDENCE) / 2)
    p_value = pl.col("p_holm" if "p_holm" in rows.columns else "p_value")
    drawn = rows.with_columns(
        low=pl.col("car") - pl.Series(reach),
        high=pl.col("car") + pl.Series(reach),
        shade=pl.when(p_value >= LEVEL).then(pl.lit(QUIET)).otherwise(_shade("car")),
        label=pl.col(label).cast(pl.String),
    ).select("label", "car", "low", "high", "shade")
    base = alt.Chart(drawn).encode(
        y=alt.Y("label:N", sort=None, title=None, axis=_names(drawn["label"])),
        color=alt.Color("shade:N", scale=None),
    )
    x = alt.X(
        "low:Q",
        title="abnormal return, 95 % interval",
        axis=alt.Axis(labelExpr=_SIGNED, tickCount=7),
        scale=alt.Scale(nice=True, padding=12),
    )
    layers = [
        alt.Chart(_at("at")).mark_rule(color=INK).encode(x="at:Q"),
        base.mark_rule(strokeWidth=1.5).encode(x=x, x2="high:Q"),
        base.mark_point(filled=True, size=50, opacity=1).encode(x="car:Q"),
    ]
    return _finish(layers, title, subtitle, height=max(120, 19 * drawn.height))


def side_by_side(
    frame: pl.DataFrame, *, title: str, subtitle: str = "", days: str = "session_date", by: str = "symbol"
) -> alt.LayerChart:
    """Draw abnormal returns of calendar days, a bar per security and day.

    Parameters
    ----------
    frame : DataFrame
        ``abnormal_return`` and the columns `days` and `by`; a null is a day without a session, and has no bar.
    """
    rows = _given(frame, "abnormal_return", days, by).with_columns(day=pl.col(days).dt.strftime("%a %d"))
    order = rows.sort(days)["day"].unique(maintain_order=True).to_list()
    names = rows[by].unique(maintain_order=True).to_list()
    bars = (
        alt.Chart(rows)
        .mark_bar()
        .encode(
            x=alt.X("day:N", sort=order, title=None, axis=alt.Axis(labelAngle=0, grid=False, ticks=False)),
            xOffset=alt.XOffset(f"{by}:N", sort=names),
            y=alt.Y(
                "abnormal_return:Q",
                title="abnormal return",
                axis=alt.Axis(labelExpr=_SIGNED),
                scale=alt.Scale(nice=True, padding=12),
            ),
            color=alt.Color(
                f"{by}:N",
                sort=names,
                scale=alt.Scale(range=[UP, "#d08a2e"]),
                legend=alt.Legend(title=None, orient="top"),
            ),
        )
    )
    return _finish([bars, _zero()], title, subtitle, height=280)


def money(frame: pl.DataFrame, *, title: str, subtitle: str = "", label: str) -> alt.LayerChart:
    """Draw changes of value in billions of dollars: the whole change behind the abnormal part, in the frame's order.

    Parameters
    ----------
    frame : DataFrame
        ``value_change_usd``, ``abnormal_value_usd`` and the column `label`, as in ``fct_value_impact``.
    """
    rows = _given(frame, "value_change_usd", "abnormal_value_usd", label).with_columns(
        pl.col("value_change_usd", "abnormal_value_usd") / _BILLION, label=pl.col(label).cast(pl.String)
    )
    base = alt.Chart(rows).encode(y=alt.Y("label:N", sort=None, title=None, axis=_names(rows["label"])))
    axis = alt.X("value_change_usd:Q", title="billion USD: change of value (light), its abnormal part (dark)")
    layers = [
        base.mark_bar(color=LIGHT_LOSS, height={"band": 0.8}).encode(x=axis),
        base.mark_bar(color=DOWN, height={"band": 0.35}).encode(x="abnormal_value_usd:Q"),
    ]
    return _finish(layers, title, subtitle, height=26 * rows.height)


def mean_and_median(frame: pl.DataFrame, *, title: str, subtitle: str = "", label: str) -> alt.LayerChart:
    """Draw the mean and the median abnormal return of groups, in the frame's order; far apart, few days make the mean.

    Parameters
    ----------
    frame : DataFrame
        ``mean_abnormal``, ``median_abnormal``, ``n_days`` and the column `label`.
    """
    rows = _given(frame, "mean_abnormal", "median_abnormal", "n_days", label).with_columns(
        label=pl.format("{} ({})", pl.col(label).str.replace_all("_", " "), "n_days")
    )
    long = rows.unpivot(["mean_abnormal", "median_abnormal"], index="label", variable_name="of", value_name="value")
    long = long.with_columns(pl.col("of").str.strip_suffix("_abnormal"))
    y = alt.Y("label:N", sort=None, title=None, axis=_names(rows["label"]))
    x = alt.X("value:Q", title="abnormal return of day 0", axis=alt.Axis(labelExpr=_SIGNED, tickCount=8))
    layers = [
        alt.Chart(_at("at")).mark_rule(color=INK).encode(x="at:Q"),
        alt.Chart(rows).mark_rule(color=QUIET).encode(y=y, x="mean_abnormal:Q", x2="median_abnormal:Q"),
        alt.Chart(long)
        .mark_point(filled=True, size=70, opacity=1)
        .encode(
            y=y,
            x=x,
            color=alt.Color("of:N", scale=alt.Scale(range=[DOWN, UP]), legend=alt.Legend(title=None, orient="top")),
            shape=alt.Shape("of:N", legend=alt.Legend(title=None, orient="top")),
        ),
    ]
    return _finish(layers, title, subtitle, height=26 * rows.height)


def save(chart: alt.LayerChart, file: Path) -> None:
    """Write a figure as its file's ending says: svg, png, or html that needs no network."""
    options = _SAVED.get(file.suffix, {})
    chart.save(str(file), **options)


def svg(chart: alt.LayerChart) -> str:
    """Return a figure as SVG."""
    text: str = vl_convert.vegalite_to_svg(chart.to_json())
    return text


def _given(frame: pl.DataFrame, *columns: str) -> pl.DataFrame:
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise ContractError(f"figure: expected columns {list(columns)}, got {frame.columns}; missing {missing}")
    if frame.is_empty():
        raise ContractError(f"figure: expected at least one row of {list(columns)}, got none")
    return frame


def _names(labels: pl.Series) -> alt.Axis:
    """Return an axis of names with room for the widest font that a reader's program may draw them in."""
    longest = max(map(len, labels))
    room = min(_WIDEST_LETTER * longest, _LONGEST_LABEL)
    return alt.Axis(grid=False, ticks=False, domain=False, labelLimit=_LONGEST_LABEL, minExtent=room)


def _shade(column: str) -> pl.Expr:
    return pl.when(pl.col(column) < 0).then(pl.lit(DOWN)).otherwise(pl.lit(UP))


def _at(name: str) -> alt.InlineData:
    """Return the data of a rule at zero."""
    return alt.InlineData(values=[{name: 0}])


def _zero() -> alt.Chart:
    rule: alt.Chart = alt.Chart(_at("zero")).mark_rule(color=INK).encode(y="zero:Q")
    return rule


def _apart(last: pl.DataFrame, column: str, drawn: pl.Series) -> pl.DataFrame:
    """Move labels away from each other where lines end close together."""
    values = np.append(drawn.to_numpy(), 0.0)
    least = 0.045 * float(np.ptp(values))
    sorted_rows = last.sort(column)
    at = sorted_rows[column].to_numpy().copy()
    for i in range(1, len(at)):
        at[i] = max(at[i], at[i - 1] + least)
    return sorted_rows.with_columns(label_at=pl.Series(at))


def _finish(layers: Sequence[alt.Chart], title: str, subtitle: str, *, height: int) -> alt.LayerChart:
    """Give a chart its size, its title and the look that all figures have."""
    titled = alt.TitleParams(title, subtitle=subtitle, anchor="start", fontSize=15, subtitleFontSize=11, offset=12)
    chart = alt.LayerChart(layer=list(layers))
    finished: alt.LayerChart = (
        chart.properties(width=560, height=height, title=titled, background="white", padding=12)
        .configure(font="Helvetica, Arial, sans-serif")
        .configure_view(stroke=None)
        .configure_title(color=INK, subtitleColor="#5b6770")
        .configure_axis(labelColor=INK, titleColor=INK, titleFontWeight="normal", gridColor="#e6e9ec", labelFontSize=11)
    )
    return finished

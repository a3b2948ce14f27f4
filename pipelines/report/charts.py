"""Interactive figures of the report's pages, each compiled once: a page brings its rows under the name ROWS.

Their data are named, not held, so that the specification of a kind of figure is the same on every page. Colours are
those of `palette`; the page's script swaps them for the dark theme.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

import altair as alt
import vl_convert

from pipelines.report.palette import DOWN, INK, LEADS, LIGHT_LOSS, QUIET, UP

ROWS: Final = "rows"
SIGNED: Final = "datum.value == 0 ? '0' : replace(format(datum.value, '+.1~%'), '-', '\u2212')"
TIME: Final = f"datum.at * {24 * 60 * 60 * 1000}"
DATE: Final = f"utcFormat({TIME}, '%Y-%m-%d')"
"""Name of a day, which rows hold as days since 1970-01-01."""

DAY: Final = "replace(datum.label, '-', '\u2212')"
FOLDED: Final = alt.ExprRef("width < 420 ? 1 : width < 700 ? 2 : 4")
"""Columns of a legend of long labels: a phone has room for one."""

LEAD_COLUMNS: Final = alt.ExprRef("width < 420 ? 3 : 6")
"""Columns of the legend of the leaders, whose labels are tickers."""

PLAIN: Final = "replace(format(datum.value, ',.3~f'), '-', '\u2212')"
_ZOOM: Final = "wheel![event.shiftKey]"
_MOVE: Final = "[pointerdown[event.shiftKey], window:pointerup] > window:pointermove!"
"""Zooming asks for the shift key, so that a chart never holds up the page's own scrolling."""


def event_path() -> alt.LayerChart:
    """Draw cumulative abnormal returns: every security grey, the leaders coloured, the chosen one with its band."""
    chosen = alt.param(name="chosen", value="")
    x = alt.X("day:Q", title="sessions from day 0", axis=_days(), scale=alt.Scale(nice=False))
    y = alt.Y("car:Q", title="cumulative abnormal return", axis=_returns())
    picked = alt.selection_point(fields=["symbol"], bind="legend", name="picked")
    tips = [_tip("symbol"), _tip("day", "session"), _tip("date"), _percent("car", "CAR"), _tip("band", "95 % interval")]
    base = _told(_rows())
    is_chosen = "datum.symbol == chosen"
    shade = alt.Color(
        "symbol:N",
        sort=None,
        scale=alt.Scale(range=list(LEADS)),
        legend=alt.Legend(title=None, orient="top", columns=LEAD_COLUMNS, symbolType="stroke"),
    )
    band = base.transform_filter(is_chosen).encode(x=x, y=alt.Y("low:Q"), y2="high:Q")
    others = base.transform_filter("!datum.lead").mark_line(strokeWidth=1, opacity=0.45, color=QUIET)
    leads = base.transform_filter("datum.lead").mark_line(strokeWidth=2)
    lit = alt.when(picked).then(alt.value(1.0)).otherwise(alt.value(0.15))
    one = base.transform_filter(is_chosen).mark_line(strokeWidth=3, color=INK)
    points = base.mark_point(filled=True, size=45, opacity=0, color=INK)
    near = alt.selection_point(on="pointerover", nearest=True, fields=["symbol", "day"], empty=False, name="near")
    seen = alt.when(near).then(alt.value(1.0)).otherwise(alt.value(0.0))
    layers = [
        _zero(),
        _rule_at_day_0(),
        band.mark_area(opacity=0.18, color=INK),
        others.encode(x=x, y=y, detail="symbol:N"),
        one.encode(x=x, y=y),
        leads.encode(x=x, y=y, color=shade, opacity=lit).add_params(picked),
        points.encode(x=x, y=y, opacity=seen, tooltip=tips).add_params(near, _scales()),
    ]
    return _finish(layers, height=420).add_params(chosen)


def intervals() -> alt.LayerChart:
    """Draw abnormal returns with their 95 % intervals, a line per row, coloured by what was expected."""
    y = alt.Y("label:N", sort=None, title=None, axis=_names())
    shade = alt.Color(
        "verdict:N",
        scale=alt.Scale(
            domain=["as expected", "against the thesis", "no direction expected", "p above 0.05"],
            range=[UP, DOWN, LEADS[4], QUIET],
        ),
        legend=alt.Legend(title=None, orient="top", columns=FOLDED, symbolType="circle"),
    )
    x = alt.X("low:Q", title="abnormal return, 95 % interval", axis=_returns(), scale=alt.Scale(nice=True))
    tips = [
        _tip("label", "what"),
        _percent("car", "abnormal return"),
        _tip("band", "95 % interval"),
        _tip("scar", "SCAR"),
    ]
    tips += [_tip("p", "p-value"), _tip("sign", "expected sign")]
    base = _told(_rows()).encode(y=y, color=shade, tooltip=tips)
    layers = [
        _zero("x"),
        base.mark_rule(strokeWidth=1.5).encode(x=x, x2="high:Q"),
        base.mark_point(filled=True, size=55, opacity=1).encode(x="car:Q"),
    ]
    return _finish(layers, height=alt.Step(17))


def money() -> alt.LayerChart:
    """Draw changes of value in billions of dollars: the whole change behind the abnormal part."""
    y = alt.Y("label:N", sort=None, title=None, axis=_names())
    x = alt.X("change:Q", title="billion USD", axis=alt.Axis(labelExpr=PLAIN, tickCount=6))
    part = alt.Color(
        "part:N",
        scale=alt.Scale(domain=["change of value", "abnormal part"], range=[LIGHT_LOSS, DOWN]),
        legend=alt.Legend(title=None, orient="top"),
    )
    tips = [_tip("label", "security"), _tip("changes", "change of value"), _tip("abnormals", "abnormal part")]
    base = _rows().encode(y=y, tooltip=tips)
    whole = base.transform_calculate(part="'change of value'").mark_bar(height={"band": 0.8})
    own = base.transform_calculate(part="'abnormal part'").mark_bar(height={"band": 0.35})
    return _finish(
        [whole.encode(x=x, color=part), own.encode(x="abnormal:Q", color=part), _zero("x")], height=alt.Step(30)
    )


def placebo() -> alt.LayerChart:
    """Draw the abnormal returns of each security's estimation window as ticks, and that of day 0 as a diamond."""
    y = alt.Y("label:N", sort=None, title=None, axis=_names())
    x = alt.X("value:Q", title="abnormal return of one session", axis=_returns(), scale=alt.Scale(nice=True))
    base = _rows().transform_calculate(date=DATE)
    ticks = base.transform_filter("!datum.event").mark_tick(thickness=1, opacity=0.4, color=QUIET)
    day_0 = base.transform_filter("datum.event").mark_point(
        shape="diamond", filled=True, size=110, opacity=1, color=DOWN
    )
    tips = [_tip("label", "security"), _tip("date"), _percent("value", "abnormal return")]
    layers = [_zero("x"), ticks.encode(x=x, y=y, tooltip=tips), day_0.encode(x=x, y=y, tooltip=[*tips, _tip("p")])]
    return _finish(layers, height=alt.Step(22))


def timeline() -> alt.LayerChart:
    """Draw the sessions of each exchange around the news, day 0 dark, with the instants of the news as rules."""
    x = alt.X(
        "from:T",
        title="UTC",
        scale=alt.Scale(type="utc"),
        axis=alt.Axis(format="%a %d %b", labelOverlap=True, tickCount="day"),
    )
    y = alt.Y("exchange:N", title=None, sort=None, axis=_names())
    shade = alt.Color(
        "what:N",
        scale=alt.Scale(domain=["session", "day 0"], range=[QUIET, UP]),
        legend=alt.Legend(title=None, orient="top", symbolType="square"),
    )
    bars = _rows().transform_filter("datum.exchange != null").mark_bar(height=12, cornerRadius=2)
    tips = [_tip("exchange"), _tip("date", "session"), _tip("opens"), _tip("closes"), _tip("what")]
    news = _rows().transform_filter("datum.instant != null")
    rule = news.mark_rule(color=DOWN, strokeWidth=1.5, strokeDash=[4, 3]).encode(
        x="instant:T", tooltip=[_tip("says", "instant")]
    )
    return _finish([bars.encode(x=x, x2="to:T", y=y, color=shade, tooltip=tips), rule], height=alt.Step(24))


def history() -> alt.LayerChart:
    """Draw the reactions of one security to its events over time, with 95 % intervals."""
    shade = alt.Color(
        "sure:N",
        scale=alt.Scale(domain=["p below 0.05", "p above 0.05"], range=[UP, QUIET]),
        legend=alt.Legend(title=None, orient="top", symbolType="circle"),
    )
    x = alt.X("time:T", title=None, axis=_months(), scale=alt.Scale(type="utc", padding=8))
    y = alt.Y("low:Q", title="abnormal return of day 0", axis=_returns())
    tips = [
        _tip("event"),
        _tip("date", "day 0"),
        _percent("car", "abnormal return"),
        _tip("band", "95 % interval"),
        _tip("p"),
    ]
    base = _told(_rows()).transform_calculate(time=TIME).encode(x=x, color=shade, tooltip=tips)
    layers = [
        _zero(),
        base.mark_rule(strokeWidth=1.5).encode(y=y, y2="high:Q"),
        base.mark_point(filled=True, size=60, opacity=1).encode(y="car:Q").add_params(_scales()),
    ]
    return _finish(layers, height=260)


def price() -> alt.LayerChart:
    """Draw a security's price on a logarithmic axis, the sessions of its events as points."""
    x = alt.X("time:T", title=None, axis=_months(), scale=alt.Scale(type="utc"))
    y = alt.Y("price:Q", title="price, logarithmic", scale=alt.Scale(type="log", nice=False, zero=False, padding=6))
    base = _rows().transform_calculate(time=TIME, date=DATE)
    line = base.mark_line(strokeWidth=1.2, color=UP).encode(x=x, y=y)
    news = base.transform_filter("datum.event != null").mark_point(filled=True, size=45, opacity=1, color=DOWN)
    tips = [_tip("event"), _tip("date", "day 0"), _tip("price")]
    return _finish([line, news.encode(x=x, y=y, tooltip=tips).add_params(_scales())], height=220)


def days() -> alt.LayerChart:
    """Draw the mean abnormal return of each day of a group's event window."""
    x = alt.X(
        "day:O",
        title="sessions from day 0",
        axis=alt.Axis(labelAngle=0, grid=False, labelExpr=DAY, labelOverlap=True),
    )
    y = alt.Y("caar:Q", title="mean abnormal return", axis=_returns())
    shade = alt.Color(
        "sure:N",
        scale=alt.Scale(domain=["recommended test below 0.05", "not below 0.05"], range=[UP, QUIET]),
        legend=alt.Legend(title=None, orient="top", columns=FOLDED, symbolType="square", labelLimit=260),
    )
    tips = [_tip("day", "session"), _tip("caars", "mean"), _tip("n", "pairs"), _tip("test"), _tip("p", "p-value")]
    return _finish([_rows().mark_bar().encode(x=x, y=y, color=shade, tooltip=tips), _zero()], height=220)


def mean_path() -> alt.LayerChart:
    """Draw the mean cumulative abnormal return of a group over its event window, with its 95 % band."""
    x = alt.X("day:Q", title="sessions from day 0", axis=_days(), scale=alt.Scale(nice=False))
    y = alt.Y("car:Q", title="mean cumulative abnormal return", axis=_returns())
    tips = [_tip("day", "session"), _percent("car", "CAAR"), _tip("band", "95 % interval"), _tip("n", "pairs")]
    base = _told(_rows())
    near = alt.selection_point(on="pointerover", nearest=True, fields=["day"], empty=False, name="near")
    seen = alt.when(near).then(alt.value(1.0)).otherwise(alt.value(0.0))
    layers = [
        _zero(),
        _rule_at_day_0(),
        base.mark_area(opacity=0.18, color=UP).encode(x=x, y=alt.Y("low:Q"), y2="high:Q"),
        base.mark_line(strokeWidth=2, color=UP).encode(x=x, y=y),
        base.mark_point(filled=True, size=45, color=UP).encode(x=x, y=y, opacity=seen, tooltip=tips).add_params(near),
    ]
    return _finish(layers, height=260)


def small_path() -> alt.LayerChart:
    """Draw one event of a theme as a small multiple: every pair grey, their mean in colour."""
    x = alt.X("day:Q", title=None, axis=alt.Axis(grid=False, tickCount=3), scale=alt.Scale(nice=False))
    y = alt.Y("car:Q", title=None, axis=alt.Axis(labelExpr=SIGNED, tickCount=3))
    pairs = _rows().transform_filter("datum.symbol != null").mark_line(strokeWidth=1, opacity=0.45, color=QUIET)
    mean = _rows().transform_filter("datum.symbol == null").mark_line(strokeWidth=2, color=UP)
    tips = [_tip("symbol"), _tip("day", "session"), _percent("car", "CAR")]
    layers = [
        _zero(),
        _rule_at_day_0(),
        pairs.encode(x=x, y=y, detail="symbol:N", tooltip=tips),
        mean.encode(x=x, y=y, tooltip=tips),
    ]
    return _finish(layers, height=110)


KINDS: Final[dict[str, Callable[[], alt.LayerChart]]] = {
    "event_path": event_path,
    "intervals": intervals,
    "money": money,
    "placebo": placebo,
    "timeline": timeline,
    "history": history,
    "price": price,
    "days": days,
    "mean_path": mean_path,
    "small_path": small_path,
}
"""Every kind of figure by its name."""


def compile_kinds() -> dict[str, dict[str, Any]]:
    """Return the Vega specification of every kind of figure."""
    return {
        name: _told_outside(vl_convert.vegalite_to_vega(json.loads(draw().to_json()))) for name, draw in KINDS.items()
    }


def _told_outside(spec: dict[str, Any]) -> dict[str, Any]:
    """Leave a title's place to the page's script, which fills it in a picture that leaves the page."""
    signals = [*spec.get("signals", ()), {"name": "heading", "value": ""}, {"name": "told", "value": []}]
    title = {"text": {"signal": "heading"}, "subtitle": {"signal": "told"}, "anchor": "start", "frame": "bounds"}
    # A title without words would still take its lines from the drawing.
    sizes = {"fontSize": 13, "subtitleFontSize": 11, "subtitlePadding": 3, "offset": 6}
    title |= {name: {"signal": f"heading ? {size} : 0"} for name, size in sizes.items()}
    # A ground of its own would stand against the page's in the dark theme.
    kept = {key: part for key, part in spec.items() if key != "background"}
    return {**kept, "signals": signals, "title": title}


def _rows() -> alt.Chart:
    return alt.Chart(alt.NamedData(ROWS))


def _tip(field: str, title: str | None = None) -> alt.Tooltip:
    return alt.Tooltip(f"{field}:N", title=title or field)


def _percent(field: str, title: str) -> alt.Tooltip:
    return alt.Tooltip(f"{field}:Q", title=title, format="+.2%")


def _told(rows: alt.Chart) -> alt.Chart:
    """Give rows with a value and the reach of its interval the bounds, and rows of a day its name."""
    told: alt.Chart = rows.transform_calculate(
        low="datum.car - datum.reach",
        high="datum.car + datum.reach",
        band="datum.reach == null ? 'none' : "
        "format(datum.car - datum.reach, '+.2%') + ' to ' + format(datum.car + datum.reach, '+.2%')",
        date=DATE,
    )
    return told


def _returns() -> alt.Axis:
    return alt.Axis(labelExpr=SIGNED, tickCount=7)


def _days() -> alt.Axis:
    return alt.Axis(tickMinStep=1, grid=False)


def _months() -> alt.Axis:
    return alt.Axis(grid=False, format="%b %Y", labelOverlap=True, labelSeparation=12)


def _names() -> alt.Axis:
    return alt.Axis(grid=False, ticks=False, domain=False, labelLimit=210)


def _scales() -> alt.Parameter:
    return alt.selection_interval(bind="scales", name="zoomed", zoom=_ZOOM, translate=_MOVE)


def _zero(channel: str = "y") -> alt.Chart:
    at = alt.Chart(alt.InlineData(values=[{"zero": 0}])).mark_rule(color=INK)
    rule: alt.Chart = at.encode(y="zero:Q") if channel == "y" else at.encode(x="zero:Q")
    return rule


def _rule_at_day_0() -> alt.Chart:
    at = alt.Chart(alt.InlineData(values=[{"day": 0}])).mark_rule(color=QUIET, strokeDash=[3, 3])
    rule: alt.Chart = at.encode(x="day:Q")
    return rule


def _finish(layers: list[alt.Chart], *, height: int | alt.Step) -> alt.LayerChart:
    chart: alt.LayerChart = (
        alt.LayerChart(layer=layers)
        .properties(width="container", height=height, autosize=alt.AutoSizeParams(type="fit-x", contains="padding"))
        .configure_view(stroke=None)
        .configure_axis(titleFontWeight="normal")
    )
    return chart

"""The figures of an event's page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import polars as pl

from pipelines.report.pages.common import (
    Chart,
    as_day,
    interval_rows,
    milliseconds,
    model_words,
    shown,
    stamp,
    window_name,
    with_reach,
)
from pipelines.report.pages.event_data import KEY, EventData
from pipelines.report.text import billions, clean, counted, day, instant, number, p_value

DRAWN: Final = 30
"""Securities of the cross-section that are drawn, those of the largest SCARs; the table has all."""


def event_charts(event: EventData) -> Iterable[Chart]:
    """Return the figures that the event has rows for; one that no study used has its sessions alone."""
    yield _timeline(event)
    if not event.first:
        return
    yield _paths(event)
    yield _cross_section(event)
    if not event.parts["value"].is_empty():
        yield _value(event)
    if not event.parts["residuals"].is_empty():
        yield _placebo(event)


def _securities(n: int) -> str:
    return counted(n, "security", "securities")


def _timeline(event: EventData) -> Chart:
    told = event.record
    day_0 = set(event.places.select("exchange_mic", "event_session").unique().rows())
    rows: list[tuple[Any, ...]] = [
        (
            row["exchange_mic"],
            milliseconds(row["open_at"]),
            milliseconds(row["close_at"]),
            None,
            day(row["session_date"]),
            instant(row["open_at"]),
            instant(row["close_at"]),
            "day 0" if (row["exchange_mic"], row["session_date"]) in day_0 else "session",
            None,
        )
        for row in event.parts["sessions"].iter_rows(named=True)
    ]
    for name, said in (
        ("occurred_at", "occurred"),
        ("available_at", "readable from"),
        ("available_by", "public by"),
    ):
        if told[name] is not None:
            at = f"{said} {instant(told[name])}"
            rows.append((None, None, None, milliseconds(told[name]), None, None, None, None, at))
    columns = ["exchange", "from", "to", "instant", "date", "opens", "closes", "what", "says"]
    frame = pl.DataFrame(rows, schema=columns, orient="row", infer_schema_length=None)
    n = event.parts["sessions"]["exchange_mic"].n_unique()
    news = "blue: day 0; dashed: occurred, readable from, public by"
    said_of_all = f"Sessions of {n} exchanges; {news}; {stamp(event.marts)}"
    return Chart(
        "timeline",
        "When it was known, and the session that could first react",
        "timeline",
        {"": frame if n else frame.clear()},
        {"": said_of_all},
        "Sessions of the exchanges around the news, as in the table of day 0 below",
        table="day-0",
    )


def _paths(event: EventData) -> Chart:
    sets, captions, choices = {}, {}, {}
    df = event.parts["cars"].group_by(KEY).agg(pl.col("df").max())
    for study in event.studies:
        name = study["study_id"]
        rows = event.parts["days"].filter(pl.col("study_id") == name).drop_nulls("cum_abnormal_return")
        rows = with_reach(rows.join(df, on=KEY, how="left"), "cum_abnormal_return_se")
        leaders = event.leaders(name)
        sets[name] = rows.select(
            "symbol",
            day="relative_day",
            at=as_day("session_date"),
            car="cum_abnormal_return",
            reach="reach",
            lead=pl.col("symbol").is_in(leaders).cast(pl.Int8),
        ).sort(pl.col("symbol").replace_strict({s: i for i, s in enumerate(leaders)}, default=99), "symbol", "day")
        choices[name] = [*leaders, *sorted(set(rows["symbol"]) - set(leaders))]
        span = window_name(study["event_start"], study["event_end"])
        n = rows["symbol"].n_unique()
        captions[name] = f"n = {_securities(n)}, {model_words(study)}, window {span}, {stamp(event.marts)}"
    return Chart(
        "paths",
        "Cumulative abnormal returns",
        "event_path",
        sets,
        captions,
        "Cumulative abnormal returns by session and security; the table of reactions below has their ends",
        table="reactions",
        by=("study",),
        first=event.first.split("|", maxsplit=1)[0],
        hint="Coloured: the strongest reactions of day 0. The chosen security has its 95 % band. "
        "Shift and wheel zooms, shift and drag moves, a double click resets.",
        choices=choices,
    )


def _cross_section(event: EventData) -> Chart:
    sets, captions = {}, {}
    for key, rows in event.by_choice(event.cars):
        study = event.marts.study_of[rows["study_id"][0]]
        told = rows.drop_nulls("scar")
        drawn = told.sort(pl.col("scar").abs(), descending=True).head(DRAWN).sort("scar", "symbol")
        sets[key] = interval_rows(drawn, "symbol")
        span = window_name(rows["window_start"][0], rows["window_end"][0])
        largest = f" (the {DRAWN} largest SCARs of" if told.height > DRAWN else ""
        n = f"n = {_securities(drawn.height)}{f'{largest} {told.height})' if largest else ''}"
        captions[key] = f"{n}, sorted by SCAR, {model_words(study)}, window {span}, {stamp(event.marts)}"
    return Chart(
        "cross-section",
        "Who moved, against the direction that was expected",
        "intervals",
        sets,
        captions,
        "Abnormal returns with 95 % intervals by security; the table of reactions has the same numbers",
        table="reactions",
        by=("study", "window"),
        first=event.first,
    )


def _value(event: EventData) -> Chart:
    value = event.parts["value"].sort(pl.col("abnormal_value_usd").abs(), descending=True).head(DRAWN)
    rows = value.select(
        label="symbol",
        change=pl.col("value_change_usd") / 1e9,
        abnormal=pl.col("abnormal_value_usd") / 1e9,
        changes=shown(value["value_change_usd"], billions),
        abnormals=shown(value["abnormal_value_usd"], billions),
    )
    studies = ", ".join(clean(name) for name in value["study_id"].unique().sort())
    n = f"n = {_securities(value.height)} with a known share count"
    said = f"{n}, study {studies}, day 0, {stamp(event.marts)}"
    return Chart(
        "value",
        "What day 0 was in money",
        "money",
        {"": rows},
        {"": said},
        "Change of market value and its abnormal part in billions of dollars, as in the table below",
        table="money",
    )


def _placebo_test(event: EventData, study: str) -> str:
    """Say what the placebo test found if the study ran it: here single securities are drawn, there means are held."""
    tests = event.parts["tests"].filter(pl.col("study_id") == study, pl.col("test") == "placebo_p")
    of_day_0 = tests.filter(pl.col("window_start") == 0, pl.col("window_end") == 0).drop_nulls(["p_value", "statistic"])
    if of_day_0.is_empty():
        return ""
    found = of_day_0.row(0, named=True)
    dates = clean(found["note"] or "on dates without an event")
    times = number(abs(found["statistic"]))
    return (
        f"the placebo test of the mean of all {found['n']}: p = {p_value(found['p_value'])}, "
        f"{times} times the root mean square of their means {dates}, "
    )


def _placebo_caption(event: EventData, study: Mapping[str, Any], n_sessions: pl.Series) -> str:
    least, most = min(n_sessions), max(n_sessions)
    n = f"{least} to {most}" if least < most else str(least)
    return (
        f"n = {n} sessions of each of {_securities(len(n_sessions))}, the strongest of day 0, {model_words(study)}, "
        f"window [0, 0], {_placebo_test(event, study['study_id'])}{stamp(event.marts)}"
    )


def _placebo(event: EventData) -> Chart:
    sets, captions = {}, {}
    day_0 = event.parts["days"].filter(pl.col("relative_day") == 0).select(*KEY, "session_date", "abnormal_return")
    for study in event.studies:
        name = study["study_id"]
        own = event.parts["residuals"].filter(pl.col("study_id") == name)
        if own.is_empty():
            continue
        mark = own.select(KEY).unique(maintain_order=True).join(day_0, on=KEY)
        counts = event.placebo_counts(name)
        p = {row["symbol"]: p_value(row["p_sq"]) for row in counts.iter_rows(named=True)}
        ticks = own.select("symbol", "session_date", value="residual", event=pl.lit(0, pl.Int8))
        mark = mark.select("symbol", "session_date", value="abnormal_return", event=pl.lit(1, pl.Int8))
        rank = {symbol: place for place, symbol in enumerate(counts["symbol"])}
        rows = pl.concat([ticks, mark]).sort(pl.col("symbol").replace_strict(rank, default=99), maintain_order=True)
        sets[name] = rows.select(
            label="symbol",
            value="value",
            event="event",
            at=as_day("session_date"),
            p=pl.when(pl.col("event") == 1).then(
                pl.col("symbol").replace_strict(p, default=None, return_dtype=pl.String)
            ),
        )
        captions[name] = _placebo_caption(event, study, counts["n"])
    return Chart(
        "placebo",
        "Day 0 among the sessions before it",
        "placebo",
        sets,
        captions,
        "Abnormal returns of the estimation window and of day 0 by security, counted in the table below",
        table="placebo-counts",
        by=("study",),
        first=event.first.split("|", maxsplit=1)[0],
    )

"""The page of one event: when it was known where, what moved, how sure that is, and what it was in money."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import polars as pl

from pipelines.contracts.vocabulary import EVENT_KINDS
from pipelines.report.pages.common import fingerprint, pretty, theme_file, title_of, window_name
from pipelines.report.pages.event_charts import event_charts
from pipelines.report.pages.event_data import CHOSEN, EventData
from pipelines.report.pages.event_grids import event_grids
from pipelines.report.reading import name_of_test
from pipelines.report.text import DASH, billions, clean, day, instant, number, p_value, percent, safe_url, words

TITLE: Final = 160
"""Characters of a title that stand at the top of the page; the full one is behind a switch."""


def event_context(event: EventData) -> dict[str, Any]:
    """Return everything the template shows."""
    told = event.record
    title = clean(told["title"])
    return {
        "title": title_of(told, TITLE),
        "full_title": title if len(title) > TITLE else "",
        "facts": _facts(told),
        "url": safe_url(told["url"]),
        "theme_file": theme_file(told["theme"]) if told["theme"] else None,
        "selectors": _selectors(event),
        "charts": {chart.id: chart for chart in event_charts(event)},
        "grids": {each.id: each for each in event_grids(event)},
        "specs": [(study, pretty(study["spec"])) for study in event.studies],
        "reading": _reading(event),
        "headline": _headline(event),
        "fingerprint": fingerprint(event.marts),
    }


def _facts(told: Mapping[str, Any]) -> list[tuple[str, str]]:
    facts = [
        ("Kind", f"{words(told['kind'])}: {EVENT_KINDS.get(told['kind'], '')}"),
        ("Theme", words(told["theme"])),
        ("Occurred", f"{instant(told['occurred_at'])} (to the {told['precision']})" if told["occurred_at"] else DASH),
        ("Readable from", instant(told["available_at"])),
        ("Public by", instant(told["available_by"])),
        ("Date", day(told["event_date"])),
        ("Source", clean(told["source"])),
        ("Verified", words(told["verified"])),
        ("Note", clean(told["note"] or "")),
    ]
    return [(name, value) for name, value in facts if value not in {"", DASH}]


def _selectors(event: EventData) -> list[dict[str, Any]]:
    windows = [(f"{start},{end}", window_name(start, end)) for start, end in event.windows]
    return [
        {"id": "study", "label": "Study", "options": [(s["study_id"], clean(s["study_id"])) for s in event.studies]},
        {"id": "window", "label": "Window of sessions", "options": windows},
    ]


def _headline(event: EventData) -> list[tuple[str, str]]:
    """Say the result of the first study's day 0 in four numbers."""
    if not event.first:
        return []
    rows = event.cars.filter(event.first == CHOSEN)
    rows = rows.drop_nulls("scar")
    if rows.is_empty():
        return []
    top = rows.sort(pl.col("scar").abs(), descending=True).row(0, named=True)
    tests = event.tests.filter(pl.col("choice") == event.first, pl.col("is_recommended")).rows(named=True)
    test = tests[0] if tests else None
    money = event.parts["value"].sort(pl.col("abnormal_value_usd").abs(), descending=True).rows(named=True)
    said = [
        (
            f"largest: {clean(top['symbol'])} on day 0",
            f"{percent(top['car'])}  (t {number(top['t_stat'], signed=True)})",
        )
    ]
    if rows.height > 1:
        mean = rows["car"].mean()
        said.append((f"mean of {rows.height} securities", percent(mean if isinstance(mean, float) else None)))
    else:
        said.append(("p of its own t", p_value(top["p_value"])))
    if test:
        said.append((f"p of the mean, {name_of_test(test['test'])}", p_value(test["p_value"])))
    if money:
        worth = billions(money[0]["abnormal_value_usd"])
        said.append((f"{clean(money[0]['symbol'])}, abnormal value", f"{worth} bn USD"))
    return said


def _reading(event: EventData) -> str:
    first = event.first.split("|", maxsplit=1)[0]
    used = event.parts["study_pairs"].filter(pl.col("status") == "used", pl.col("study_id") == first)
    n = used["symbol"].n_unique()
    if n <= 1:
        return (
            "One security or none: there is no group to test. Read its own t and where day 0 lies among its sessions."
        )
    sessions = used.select("symbol", "event_session").unique().group_by("event_session").len()["len"]
    top = sessions.max()
    most = int(top) if isinstance(top, int) else 0
    shared = (
        f"{most} of {n} securities of {clean(first)} share one session"
        if most * 2 > n
        else "the securities' sessions differ"
    )
    return (
        f"Here {shared}. Tests marked “read this” hold on shared dates and where the event raises the variance; "
        "a test that is not valid keeps its value, and the numbered remark below the table says what is wrong with it."
    )

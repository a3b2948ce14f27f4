"""The page of one theme: the mean reaction to its events, its tests, and every event as a small multiple."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import polars as pl

from pipelines.contracts import FCT_GROUP_TESTS
from pipelines.report.grids import Field, Grid, cells, grid, of
from pipelines.report.marts import Marts
from pipelines.report.pages.common import (
    Chart,
    event_file,
    fingerprint,
    model_words,
    shown,
    stamp,
    title_of,
    to_event,
    window_name,
    with_reach,
)
from pipelines.report.palette import LEVEL
from pipelines.report.reading import recommended
from pipelines.report.text import clean, day, p_value, percent, words

_WINDOWED: Final = ["study_id", "window_start", "window_end"]


@dataclass(frozen=True)
class ThemePage:
    """One theme of the marts.

    Attributes
    ----------
    marts : Marts
    theme : str
    """

    marts: Marts
    theme: str

    @cached_property
    def events(self) -> pl.DataFrame:
        """The theme's events with day 0, pairs and the mean reaction, the newest first."""
        events = self.marts.events.filter(pl.col("theme") == self.theme)
        pairs = self.marts.pairs.group_by("event_id").agg(
            day_0=pl.col("event_session").min(),
            n_used=(pl.col("status") == "used").sum(),
            n_asked=pl.len(),
        )
        cars = self.marts.cars.filter(pl.col("window_start") == 0, pl.col("window_end") == 0)
        means = (
            cars.group_by("event_id", "study_id")
            .agg(mean_car=pl.col("car").mean(), n=pl.col("car").count())
            .join(self.marts.preference, on="study_id", how="left")
            .sort("preference")
            .drop("preference")
            .unique("event_id", keep="first", maintain_order=True)
        )
        rows = events.join(pairs, on="event_id", how="left").join(means, on="event_id", how="left")
        return rows.sort("day_0", "event_id", descending=[True, False], nulls_last=True)

    @cached_property
    def path(self) -> pl.DataFrame:
        """The mean cumulative abnormal return of the theme's pairs by study and day."""
        return self.marts.part("theme_days", "theme", self.theme)

    @cached_property
    def tests(self) -> pl.DataFrame:
        """Tests of the theme with the mark that says which to read."""
        tests = self.marts.group("theme", self.theme)
        valid = tests.filter(pl.col("is_valid") & pl.col("p_value").is_not_null() & (pl.col("n") > 1))
        read = {key: recommended(set(rows["test"])) for key, rows in valid.group_by(_WINDOWED)}
        marks = [row[-1] in read.get(tuple(row[:-1]), ()) for row in tests.select(*_WINDOWED, "test").iter_rows()]
        return tests.with_columns(pl.Series("is_recommended", marks, dtype=pl.Boolean))

    @cached_property
    def studies(self) -> list[dict[str, Any]]:
        """Studies with tests of the theme."""
        return [
            self.marts.study_of[name] for name in sorted(set(self.tests["study_id"])) if name in self.marts.study_of
        ]

    @property
    def first(self) -> str:
        """The study that the page opens with."""
        return str(self.studies[0]["study_id"]) if self.studies else ""

    def context(self) -> dict[str, Any]:
        """Return everything the template shows."""
        multiples = list(self._multiples())
        options = [(study["study_id"], clean(study["study_id"])) for study in self.studies]
        return {
            "title": words(self.theme),
            "facts": [("Events", str(self.events.height)), ("Studies that group by theme", str(len(self.studies)))],
            "selectors": [{"id": "study", "label": "Study", "options": options}],
            "charts": {chart.id: chart for chart in [*self._means(), *(each for each, _ in multiples)]},
            "multiples": [(chart.id, file) for chart, file in multiples],
            "grids": {each.id: each for each in (self._windows(), self._tests(), self._event_table())},
            "fingerprint": fingerprint(self.marts),
        }

    def _means(self) -> Iterable[Chart]:
        if self.first:
            yield self._path()
            yield self._days()

    def _path(self) -> Chart:
        sets, captions = {}, {}
        for study in self.studies:
            rows = with_reach(self.path.filter(pl.col("study_id") == study["study_id"]), "caar_se")
            sets[study["study_id"]] = rows.select(day="relative_day", car="caar", reach="reach", n="n_pairs")
            span = window_name(study["event_start"], study["event_end"])
            n, n_sessions = (max(rows[name], default=0) for name in ("n_pairs", "n_sessions"))
            band = "band: 95 %, clustered by event session" if n_sessions > 1 else "one event session: no band"
            captions[study["study_id"]] = (
                f"n = {n} pairs with every day of the window, {n_sessions} event sessions, {model_words(study)}, "
                f"window {span}, {band}, {stamp(self.marts)}"
            )
        return Chart(
            "path",
            "Mean cumulative abnormal return (CAAR)",
            "mean_path",
            sets,
            captions,
            "Mean cumulative abnormal returns by session; the table of windows has their ends",
            table="windows",
            by=("study",),
            first=self.first,
        )

    def _days(self) -> Chart:
        sets, captions = {}, {}
        for study in self.studies:
            rows = self.tests.filter(
                pl.col("study_id") == study["study_id"], pl.col("window_start") == pl.col("window_end")
            )
            best = rows.sort(
                pl.col("is_recommended").cast(pl.Int8), "is_valid", "test", descending=[True, True, False]
            ).unique("window_start", keep="first", maintain_order=True)
            best = best.sort("window_start")
            sets[study["study_id"]] = best.select(
                day="window_start",
                caar="caar",
                caars=shown(best["caar"], percent),
                n="n",
                test=shown(best["test"], words),
                p=shown(best["p_value"], p_value),
                sure=pl.when(pl.col("is_recommended") & (pl.col("p_value") < LEVEL))
                .then(pl.lit("recommended test below 0.05"))
                .otherwise(pl.lit("not below 0.05")),
            )
            span = window_name(study["event_start"], study["event_end"])
            n = max(rows["n"], default=0)
            captions[study["study_id"]] = f"n up to {n} pairs, {model_words(study)}, window {span}, {stamp(self.marts)}"
        return Chart(
            "days",
            "Mean abnormal return by session",
            "days",
            sets,
            captions,
            "Mean abnormal returns by session; the table of tests has them",
            table="tests",
            by=("study",),
            first=self.first,
        )

    def _multiples(self) -> Iterable[tuple[Chart, str]]:
        for place, event in enumerate(self.events.iter_rows(named=True)):
            days = self.marts.part("days", "event_id", event["event_id"]).drop_nulls("cum_abnormal_return")
            if days.is_empty() or event["study_id"] is None:
                continue
            own = days.filter(pl.col("study_id") == event["study_id"])
            counts = own.group_by("relative_day").agg(n=pl.len(), car=pl.col("cum_abnormal_return").mean())
            n = own["symbol"].n_unique()
            # A mean of other securities on another day would be a jump that no security made.
            mean = counts.filter(pl.col("n") == n).select(
                pl.lit(None, pl.String).alias("symbol"), "relative_day", "car"
            )
            pairs = own.select("symbol", "relative_day", car="cum_abnormal_return").head(40 * 21)
            rows = pl.concat([pairs, mean]).sort("relative_day", maintain_order=True)
            drawn = rows.select("symbol", day="relative_day", car="car")
            study = self.marts.study_of[event["study_id"]]
            said = f"n = {n}, {study['model'].replace('_', ' ')}, day 0 {day(event['day_0'])}"
            title = title_of(event, 70)
            label = f"Cumulative abnormal returns of {n} securities"
            yield (
                Chart(f"event-{place}", title, "small_path", {"": drawn}, {"": said}, label, table="events"),
                event_file(event["event_id"]),
            )

    def _windows(self) -> Grid:
        is_day_0 = (pl.col("window_start") == 0) & (pl.col("window_end") == 0)
        longer = self.tests.filter(
            pl.col("is_recommended") & (is_day_0 | (pl.col("window_start") < pl.col("window_end")))
        )
        fields = [
            Field("window", "text", "Window", "relative sessions, both included"),
            of(FCT_GROUP_TESTS, "caar", "percent", "CAAR"),
            of(FCT_GROUP_TESTS, "n", "count", "Pairs"),
            of(FCT_GROUP_TESTS, "test", "word", "Test", link=lambda row: f"methods.html#{row['test']}"),
            of(FCT_GROUP_TESTS, "statistic", "signed", "Statistic"),
            of(FCT_GROUP_TESTS, "p_value", "p", "p"),
            of(FCT_GROUP_TESTS, "p_holm", "p", "p (Holm)"),
        ]
        names = [window_name(*row) for row in longer.select("window_start", "window_end").iter_rows()]
        rows = longer.with_columns(pl.Series("window", names, dtype=pl.String))
        rows = rows.sort(
            pl.col("window_end") - pl.col("window_start"), "window_start", "test", descending=[True, False, False]
        )
        sets = {str(key[0]): cells(fields, part.iter_rows(named=True)) for key, part in rows.group_by("study_id")}
        empty = "no recommended test has a value for this theme"
        return Grid("windows", "What the recommended tests say, by window", fields, sets, ("study",), empty, self.first)

    def _tests(self) -> Grid:
        fields = [
            of(FCT_GROUP_TESTS, "window_start", "count", "From"),
            of(FCT_GROUP_TESTS, "window_end", "count", "To"),
            of(FCT_GROUP_TESTS, "test", "word", "Test", link=lambda row: f"methods.html#{row['test']}"),
            Field("is_recommended", "flag", "Read this"),
            of(FCT_GROUP_TESTS, "is_valid", "flag", "Valid"),
            of(FCT_GROUP_TESTS, "statistic", "signed", "Statistic", why="note"),
            of(FCT_GROUP_TESTS, "p_value", "p", "p", why="note"),
            of(FCT_GROUP_TESTS, "df", "count", "df"),
            of(FCT_GROUP_TESTS, "n", "count", "n"),
            of(FCT_GROUP_TESTS, "caar", "percent", "CAAR"),
            of(FCT_GROUP_TESTS, "r_bar", "signed", "r̄"),
            of(FCT_GROUP_TESTS, "note", "long", "Remark"),
        ]
        parts = self.tests.group_by("study_id")
        sets = {str(key[0]): cells(fields, part.iter_rows(named=True)) for key, part in parts}
        empty = "no study groups its pairs by theme"
        return Grid("tests", "Every test of the theme", fields, sets, ("study",), empty, self.first)

    def _event_table(self) -> Grid:
        fields = [
            Field("day_0", "day", "Day 0", "the earliest of its securities"),
            Field("title", "text", "Event", link=to_event),
            Field("kind", "word", "Kind"),
            Field("n_used", "count", "Used", "pairs used by at least one study"),
            Field("n_asked", "count", "Asked", "pairs asked for"),
            Field(
                "mean_car",
                "percent",
                "Mean",
                "mean abnormal return of day 0, the study with a benchmark if there is one",
                "%",
            ),
            Field("study_id", "text", "Study"),
        ]
        return grid("events", "Events of the theme", fields, self.events.iter_rows(named=True))

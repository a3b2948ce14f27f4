"""The page of one theme: the mean reaction to its events, its tests, and every event as a small multiple."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import polars as pl

from pipelines.contracts import FCT_GROUP_TESTS
from pipelines.contracts.vocabulary import TESTS
from pipelines.report.grids import Field, Grid, cells, grid, of, remarked
from pipelines.report.marts import Marts
from pipelines.report.pages.common import (
    TO_EVENT,
    TO_TEST,
    Chart,
    event_file,
    fingerprint,
    model_words,
    shown,
    stamp,
    title_of,
    window_name,
    with_reach,
)
from pipelines.report.pages.event_data import CHOICE, CHOSEN, choice_key
from pipelines.report.palette import LEVEL
from pipelines.report.reading import name_of_test, recommended
from pipelines.report.text import clean, counted, day, p_value, percent, words

SMALL_TITLE: Final = 70
"""Characters of an event's title above its small multiple."""


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
        read = {key: recommended(set(rows["test"])) for key, rows in valid.group_by(CHOICE)}
        marks = [row[-1] in read.get(tuple(row[:-1]), ()) for row in tests.select(*CHOICE, "test").iter_rows()]
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

    @cached_property
    def windows(self) -> list[tuple[int, int]]:
        """Windows of the tests: day 0, the longer ones, then the single days."""
        found = self.tests.select("window_start", "window_end").unique().rows()
        return sorted(found, key=lambda each: (each != (0, 0), each[0] == each[1], each[1] - each[0], each))

    def context(self) -> dict[str, Any]:
        """Return everything the template shows."""
        multiples = list(self._multiples())
        options = [(study["study_id"], clean(study["study_id"])) for study in self.studies]
        windows = [(f"{start},{end}", window_name(start, end)) for start, end in self.windows]
        return {
            "title": words(self.theme),
            "headline": self._headline(),
            "selectors": [{"id": "study", "label": "Study", "options": options}],
            "window_selectors": [{"id": "window", "label": "Window of sessions", "options": windows}],
            "stamp": stamp(self.marts),
            "charts": {chart.id: chart for chart in [*self._means(), *(each for each, _ in multiples)]},
            "multiples": [(chart.id, file) for chart, file in multiples],
            "grids": {each.id: each for each in (self._windows(), self._tests(), self._event_table())},
            "fingerprint": fingerprint(self.marts),
        }

    def _headline(self) -> list[tuple[str, str]]:
        """Count the events, and say what the first study found of day 0."""
        said = [("events", str(self.events.height))]
        rows = self.tests.filter(choice_key(self.first, 0, 0) == CHOSEN, pl.col("is_recommended"))
        for row in rows.sort("test").head(1).iter_rows(named=True):
            pairs = counted(row["n"], "pair")
            said.append((f"mean of day 0, {pairs} of {clean(self.first)}", percent(row["caar"])))
            said.append((f"p of the mean, {name_of_test(row['test'])}", p_value(row["p_value"])))
        return said

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
                test=shown(best["test"], name_of_test),
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
            span = window_name(study["event_start"], study["event_end"])
            said = f"n = {n}, {study['model'].replace('_', ' ')}, {span}, day 0 {day(event['day_0'])}"
            title = title_of(event, SMALL_TITLE)
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
            of(FCT_GROUP_TESTS, "test", "test", "Test", link=TO_TEST, glossary=TESTS),
            of(FCT_GROUP_TESTS, "statistic", "signed", "Statistic"),
            of(FCT_GROUP_TESTS, "p_value", "p", "p"),
            of(FCT_GROUP_TESTS, "p_holm", "p", "p (Holm)"),
        ]
        names = [window_name(*row) for row in longer.select("window_start", "window_end").iter_rows()]
        rows = longer.with_columns(pl.Series("window", names, dtype=pl.String))
        rows = rows.sort(
            pl.col("window_end") - pl.col("window_start"), "window_start", "test", descending=[True, False, False]
        )
        sets = {str(key[0]): cells(fields, part) for key, part in rows.group_by("study_id")}
        empty = "no recommended test has a value for this theme"
        return Grid("windows", "What the recommended tests say, by window", fields, sets, ("study",), empty, self.first)

    def _tests(self) -> Grid:
        fields = [
            of(FCT_GROUP_TESTS, "test", "test", "Test", link=TO_TEST, glossary=TESTS),
            Field("is_recommended", "flag", "Read this", "what the guide of the methods page says to read here"),
            of(FCT_GROUP_TESTS, "is_valid", "flag", "Valid"),
            of(FCT_GROUP_TESTS, "statistic", "signed", "Statistic", why="note"),
            of(FCT_GROUP_TESTS, "p_value", "p", "p", why="note"),
            of(FCT_GROUP_TESTS, "df", "count", "df"),
            of(FCT_GROUP_TESTS, "n", "count", "n"),
            of(FCT_GROUP_TESTS, "caar", "percent", "CAAR"),
            of(FCT_GROUP_TESTS, "r_bar", "signed", "r̄"),
            of(FCT_GROUP_TESTS, "note", "long", "Remark"),
        ]
        rows = self.tests.sort("is_recommended", "is_valid", "test", descending=[True, True, False])
        parts = rows.group_by(CHOICE, maintain_order=True)
        told = {choice_key(*key): cells(fields, part) for key, part in parts}
        sets, remarks = remarked(told, len(fields) - 1)
        empty = "no study groups its pairs by theme"
        first = choice_key(self.first, *self.windows[0]) if self.windows else ""
        caption, by = "Every test of the theme's mean", ("study", "window")
        return Grid("tests", caption, fields, sets, by, empty, first, remarks, is_printed_whole=True)

    def _event_table(self) -> Grid:
        fields = [
            Field("day_0", "day", "Day 0", "the earliest of its securities"),
            Field("title", "text", "Event", link=TO_EVENT),
            Field("kind", "word", "Kind"),
            Field("n_used", "count", "Used", "securities that at least one study used"),
            Field("n_asked", "count", "Asked for", "securities that the event was asked to be held against"),
            Field("mean_car", "percent", "Mean of day 0", "mean abnormal return of the study's securities"),
            Field("n", "count", "n", "securities that the mean is of", "securities"),
            Field("study_id", "text", "Study"),
        ]
        return grid("events", "Events of the theme", fields, self.events)

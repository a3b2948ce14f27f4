"""The first page: what moved, what is pending, how good and how fresh the data are, and the way to every other page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import polars as pl

from pipelines.contracts import (
    DIM_EVENTS,
    DIM_SECURITIES,
    FCT_EVENT_CARS,
    FCT_STUDY_SECURITIES,
    QUALITY_CHECKS,
    QUARANTINE,
)
from pipelines.report.grids import Field, Grid, Link, grid, of
from pipelines.report.marts import Marts
from pipelines.report.pages.common import (
    TO_EVENT,
    Chart,
    fingerprint,
    interval_rows,
    stamp,
    theme_file,
    to_known_event,
    to_security,
)
from pipelines.report.text import clean, counted, day, instant, number, words

DRAWN: Final = 15
STRONGEST: Final = 100
NEWEST: Final = 200


@dataclass(frozen=True)
class OverviewPage:
    """All of the marts.

    Attributes
    ----------
    marts : Marts
    """

    marts: Marts

    @cached_property
    def reactions(self) -> pl.DataFrame:
        """Reactions of day 0, one per security and session, the largest SCARs first."""
        cars = self.marts.cars.filter(pl.col("window_start") == 0, pl.col("window_end") == 0).drop_nulls("scar")
        models = self.marts.studies.select("study_id", "model", with_benchmark=pl.col("benchmark_symbol").is_not_null())
        pairs = self.marts.pairs.select("event_id", "symbol", "event_session", "expected_sign")
        rows = cars.join(models, on="study_id", how="left").join(pairs, on=["event_id", "symbol"], how="left")
        rows = rows.sort("with_benchmark", "study_id", descending=[True, False])
        # Events that share a day 0 share one reaction: it is told once, under the outcome if there is one.
        rows = rows.join(self.marts.events.select("event_id", "kind"), on="event_id", how="left")
        rows = rows.with_columns(n_events=pl.col("event_id").n_unique().over("symbol", "event_session"))
        rows = rows.sort(pl.col("kind") != "outcome", maintain_order=True)
        rows = rows.unique(["symbol", "event_session"], keep="first", maintain_order=True)
        rows = self.marts.titled(rows)
        return rows.sort(pl.col("scar").abs(), "event_id", "symbol", descending=[True, False, False]).head(STRONGEST)

    @cached_property
    def changes(self) -> pl.DataFrame:
        """New and changed reactions of day 0, one per security and session as above, the largest SCARs first."""
        # Without a day 0 nothing says that two events are one reaction.
        same = pl.coalesce(pl.col("event_session").cast(pl.String), "event_id")
        rows = self.marts.changes.with_columns(same=same).with_columns(
            n_events=pl.col("event_id").n_unique().over("symbol", "same")
        )
        kinds = self.marts.events.select("event_id", "kind")
        rows = rows.join(self.marts.preference, on="study_id", how="left").join(kinds, on="event_id", how="left")
        rows = rows.sort(pl.col("kind").ne_missing("outcome"), "preference", "event_id", nulls_last=True)
        rows = rows.unique(["symbol", "same"], keep="first", maintain_order=True)
        order = [pl.col("scar").abs(), pl.col("event_id"), pl.col("symbol")]
        return self.marts.titled(rows.sort(order, descending=[True, False, False], nulls_last=True))

    def context(self) -> dict[str, Any]:
        """Return everything the template shows."""
        pairs = dict(self.marts.pairs.group_by("status").len().iter_rows())
        checks = self.marts.checks
        broken = checks.filter(~pl.col("passed"))
        newest = max(self.marts.securities["last_session"], default=None)
        return {
            "title": "What moved",
            "headline": [
                ("events", number(self.marts.events.height, 0)),
                ("securities", number(self.marts.securities.height, 0)),
                ("pairs used", number(pairs.get("used", 0), 0)),
                ("pending", number(pairs.get("pending", 0), 0)),
                ("excluded", number(pairs.get("excluded", 0), 0)),
                ("checks passed", f"{checks.height - broken.height} of {checks.height}"),
                ("rows in quarantine", number(sum(self.marts.quarantine["n_rows"]), 0)),
                ("newest session", day(newest)),
            ],
            "moved": "The newest sessions" if self.marts.since.is_empty() else "Since the last publication",
            "since": self._since(),
            "charts": {chart.id: chart for chart in self._charts()},
            "grids": {each.id: each for each in self._grids()},
            "themes": [(words(theme), theme_file(theme), n) for theme, n in self._theme_counts()],
            "fingerprint": fingerprint(self.marts),
        }

    def _charts(self) -> Iterable[Chart]:
        top = self.reactions.head(DRAWN)
        if top.is_empty():
            return
        named = [f"{clean(symbol)} {day(at)}" for symbol, at in top.select("symbol", "event_session").iter_rows()]
        rows = interval_rows(top.with_columns(pl.Series("named", named, dtype=pl.String)).sort("scar"), "named")
        models = ", ".join(sorted({str(model).replace("_", " ") for model in top["model"]}))
        said = f"n = {top.height} pairs of event and security, model {models}, window [0, 0], {stamp(self.marts)}"
        label = "The largest standardised reactions of day 0; the table below has the same numbers"
        yield Chart(
            "strongest-chart",
            "The largest standardised reactions of day 0",
            "intervals",
            {"": rows},
            {"": said},
            label,
            table="strongest",
        )

    def _theme_counts(self) -> list[tuple[str, int]]:
        return self.marts.events.drop_nulls("theme").group_by("theme").len().sort("theme").rows()

    def _grids(self) -> Iterable[Grid]:
        yield self._latest()
        if not self.marts.since.is_empty():
            yield self._changes()
        yield self._strongest()
        yield self._pending()
        yield self._events()
        yield self._securities()
        yield self._checks()
        yield self._quarantine()
        yield self._freshness()

    def _since(self) -> str:
        """Say what is new against the publication before."""
        if self.marts.since.is_empty():
            return "There is no publication before this one to compare with."
        before = self.marts.since.row(0, named=True)
        new = self.marts.latest.filter("is_new")
        return (
            f"The publication before this one is of {instant(before['published_at'])}. Since then: "
            f"{counted(new.height, 'new session')} of {counted(new['symbol'].n_unique(), 'security', 'securities')}; "
            f"{counted(self.changes.height, 'reaction')} of day 0 new or changed."
        )

    def _latest(self) -> Grid:
        names = self.marts.securities.select("symbol", "name")
        rows = self.marts.latest.join(names, on="symbol", how="left")
        new = rows.filter("is_new")
        rows = (rows if new.is_empty() else new).sort(
            pl.col("std_move").abs(), "symbol", "session_date", descending=[True, False, False], nulls_last=True
        )
        fields = [
            Field("symbol", "text", "Security", link=to_security(self.marts)),
            Field("name", "text", "Name"),
            Field("session_date", "day", "Session"),
            Field("simple_return", "percent", "Return", "return of the session"),
            Field(
                "std_move",
                "signed",
                "In standard deviations",
                "(return - mean) / (s √(1 + 1/n)), mean and s of the n sessions before it",
            ),
            Field("n_sessions", "count", "n", "sessions before it that it is held against", "sessions"),
        ]
        whose = "Newest session of each security" if new.is_empty() else f"New sessions{_most(new)}"
        caption = f"{whose}: the largest standardised moves first"
        shown = rows if new.is_empty() else rows.head(NEWEST)
        return grid("latest", caption, fields, shown)

    def _changes(self) -> Grid:
        fields = [
            of(FCT_STUDY_SECURITIES, "symbol", "text", "Security", link=to_security(self.marts)),
            Field("event_session", "day", "Day 0"),
            Field("title", "text", "Event", link=to_known_event(self.marts)),
            Field("n_events", "count", "Events", "events of the catalogue that share this day 0 and so this reaction"),
            Field("status_before", "word", "Status before", "in the publication before; a dash: not asked for"),
            Field("status", "word", "Status now", "in this publication; a dash: not asked for any more"),
            Field("car_before", "percent", "Abnormal return before", "of day 0, in the publication before"),
            Field("car", "percent", "Abnormal return now", "of day 0, in this publication"),
            of(FCT_EVENT_CARS, "scar", "signed", "SCAR"),
            of(FCT_EVENT_CARS, "p_value", "p", "p"),
            of(FCT_STUDY_SECURITIES, "study_id", "text", "Study"),
        ]
        caption = f"Reactions of day 0 that are new or changed{_most(self.changes)}: the largest SCARs first"
        rows = self.changes.head(NEWEST)
        return grid("changes", caption, fields, rows, empty="no reaction of day 0 changed")

    def _strongest(self) -> Grid:
        fields = [
            of(FCT_EVENT_CARS, "symbol", "text", "Security", link=to_security(self.marts)),
            Field("event_session", "day", "Day 0"),
            Field("title", "text", "Event", link=TO_EVENT),
            Field("n_events", "count", "Events", "events of the catalogue that share this day 0 and so this reaction"),
            of(FCT_EVENT_CARS, "car", "percent", "Abnormal return"),
            of(FCT_EVENT_CARS, "scar", "signed", "SCAR"),
            of(FCT_EVENT_CARS, "p_value", "p", "p"),
            of(FCT_EVENT_CARS, "p_holm", "p", "p (Holm)"),
            of(FCT_EVENT_CARS, "study_id", "text", "Study"),
        ]
        caption = f"The {self.reactions.height} largest standardised reactions of day 0"
        return grid("strongest", caption, fields, self.reactions)

    def _pending(self) -> Grid:
        rows = self.marts.pairs.filter(pl.col("status") == "pending").sort("event_session", "event_id", "symbol")
        fields = [
            Field("event_session", "day", "Day 0"),
            Field("title", "text", "Event", link=TO_EVENT),
            Field("symbol", "text", "Security", link=to_security(self.marts)),
            Field("reason", "text", "What it waits for"),
        ]
        caption = "Pairs of event and security whose window is not complete yet"
        shown = self.marts.titled(rows)
        return grid("pending", caption, fields, shown, empty="no pair waits for sessions")

    def _events(self) -> Grid:
        pairs = self.marts.pairs.group_by("event_id").agg(
            day_0=pl.col("event_session").min(), n_used=(pl.col("status") == "used").sum(), n_asked=pl.len()
        )
        rows = self.marts.events.join(pairs, on="event_id", how="left")
        rows = rows.sort("day_0", "event_id", descending=[True, False], nulls_last=True)
        fields = [
            Field("day_0", "day", "Day 0", "the earliest of its securities"),
            of(DIM_EVENTS, "title", "text", "Event", link=TO_EVENT),
            of(
                DIM_EVENTS,
                "theme",
                "word",
                "Theme",
                link=Link("theme", lambda theme: theme_file(theme) if theme else None),
            ),
            of(DIM_EVENTS, "kind", "word", "Kind"),
            of(DIM_EVENTS, "available_at", "instant", "Readable from"),
            Field("n_used", "count", "Used", "securities that at least one study used"),
            Field("n_asked", "count", "Asked for", "securities that the event was asked to be held against"),
        ]
        return grid("events", "Events", fields, rows)

    def _securities(self) -> Grid:
        used = self.marts.pairs.filter(pl.col("status") == "used").group_by("symbol").agg(n_used=pl.len())
        rows = self.marts.securities.join(used, on="symbol", how="left").with_columns(pl.col("n_used").fill_null(0))
        fields = [
            of(DIM_SECURITIES, "symbol", "text", "Security", link=to_security(self.marts)),
            of(DIM_SECURITIES, "name", "text", "Name"),
            of(DIM_SECURITIES, "exchange_mic", "text", "Exchange"),
            of(DIM_SECURITIES, "asset_class", "word", "Class"),
            Field("n_used", "count", "Events", "events that use it"),
            of(DIM_SECURITIES, "n_sessions", "count", "Sessions"),
            of(DIM_SECURITIES, "last_session", "day", "Newest session"),
        ]
        return grid("securities", "Securities", fields, rows.sort("symbol"))

    def _checks(self) -> Grid:
        rows = self.marts.checks.sort("passed", "severity", "gate", "table_name", "check_name")
        fields = [
            of(QUALITY_CHECKS, "gate", "word", "Gate"),
            of(QUALITY_CHECKS, "table_name", "text", "Table"),
            of(QUALITY_CHECKS, "check_name", "word", "Check"),
            of(QUALITY_CHECKS, "severity", "word", "Severity"),
            of(QUALITY_CHECKS, "passed", "flag", "Passed"),
            of(QUALITY_CHECKS, "observed", "count", "Rows that break it"),
            of(QUALITY_CHECKS, "expected", "count", "Allowed"),
            of(QUALITY_CHECKS, "n_rows", "count", "Rows checked"),
            of(QUALITY_CHECKS, "sample", "records", "For example"),
        ]
        return grid("checks", "Checks of both gates, those that failed first", fields, rows)

    def _quarantine(self) -> Grid:
        rows = self.marts.quarantine.sort("n_rows", "symbol", descending=[True, False])
        fields = [
            of(QUARANTINE, "source", "text", "Source"),
            of(QUARANTINE, "rule_id", "word", "Rule"),
            of(QUARANTINE, "symbol", "text", "Security"),
            Field("n_rows", "count", "Rows", "rows that broke the rule and were put aside"),
            Field("first_date", "day", "From", "session of the first of them"),
            Field("last_date", "day", "To", "session of the last of them"),
            of(QUARANTINE, "reason", "text", "For example"),
        ]
        empty = "no input row is in quarantine"
        return grid("quarantine", "Input rows in quarantine", fields, rows, empty=empty)

    def _freshness(self) -> Grid:
        rows = (
            self.marts.securities.group_by("source", "exchange_mic")
            .agg(
                n=pl.len(),
                newest=pl.col("last_session").max(),
                oldest=pl.col("last_session").min(),
                is_ended=pl.col("is_ended").sum(),
                n_behind=(pl.col("last_session") < pl.col("last_session").max()).sum(),
            )
            .sort("source", "exchange_mic", nulls_last=True)
        )
        fields = [
            Field("source", "text", "Source"),
            of(DIM_SECURITIES, "exchange_mic", "text", "Exchange"),
            Field("n", "count", "Securities"),
            Field("newest", "day", "Newest session", "of all of these securities"),
            Field("n_behind", "count", "Behind it", "securities whose newest session is older than that"),
            Field("oldest", "day", "Furthest behind", "newest session of the security that is furthest behind"),
            of(DIM_SECURITIES, "is_ended", "count", "Ended"),
        ]
        return grid("freshness", "Freshness by source and exchange", fields, rows)


def _most(rows: pl.DataFrame) -> str:
    """Say that a list stops, if it does."""
    return f", {NEWEST} of {number(rows.height, 0)}" if rows.height > NEWEST else ""

"""The page of one event: when it was known where, what moved, how sure that is, and what it was in money."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import polars as pl

from pipelines.contracts import (
    FCT_EVENT_CARS,
    FCT_EVENT_SECURITIES,
    FCT_GROUP_TESTS,
    FCT_VALUE_IMPACT,
    QUARANTINE,
)
from pipelines.contracts.vocabulary import DAY0_RULES, EVENT_KINDS
from pipelines.report.palette import LEADS
from pipelines.report.grids import Field, Grid, cells, grid, of
from pipelines.report.marts import Marts
from pipelines.report.pages.common import (
    Chart,
    as_day,
    fingerprint,
    interval_rows,
    milliseconds,
    model_words,
    pretty,
    shown,
    stamp,
    theme_file,
    title_of,
    to_security,
    window_name,
    with_reach,
)
from pipelines.report.reading import recommended
from pipelines.report.text import billions, clean, day, instant, number, p_value, percent, safe_url, words

DRAWN: Final = 30
"""Securities of the cross-section that are drawn, those of the largest SCARs; the table has all."""

_KEY: Final = ["study_id", "event_id", "symbol"]


@dataclass(frozen=True)
class EventPage:
    """One event of the marts.

    Attributes
    ----------
    marts : Marts
    event_id : str
    """

    marts: Marts
    event_id: str

    @cached_property
    def parts(self) -> dict[str, pl.DataFrame]:
        """The event's rows of every frame."""
        names = ("pairs", "study_pairs", "days", "cars", "value", "residuals", "sessions", "confounders")
        found = {name: self.marts.part(name, "event_id", self.event_id) for name in names}
        return found | {"tests": self.marts.group("event_id", self.event_id)}

    @cached_property
    def places(self) -> pl.DataFrame:
        """The event's pairs with their exchanges."""
        exchanges = self.marts.securities.select("symbol", "exchange_mic")
        return self.parts["pairs"].join(exchanges, on="symbol", how="left", maintain_order="left")

    @property
    def event(self) -> dict[str, Any]:
        """The event."""
        return self.marts.event_of[self.event_id]

    @cached_property
    def studies(self) -> list[dict[str, Any]]:
        """Studies that asked for the event, that with most used pairs first, one with a benchmark before another."""
        used = dict(self.parts["study_pairs"].group_by("study_id").agg((pl.col("status") == "used").sum()).iter_rows())
        known = [self.marts.study_of[name] for name in sorted(used) if name in self.marts.study_of]
        return sorted(known, key=lambda study: (not used[study["study_id"]], study["benchmark_symbol"] is None))

    @cached_property
    def windows(self) -> list[tuple[int, int]]:
        """CAR windows of the event's studies, day 0 first, then by length."""
        found = self.parts["cars"].select("window_start", "window_end").unique().rows()
        return sorted(found, key=lambda window: (window != (0, 0), window[1] - window[0], window))

    @cached_property
    def first(self) -> str:
        """The study and the window that the page opens with."""
        if not self.studies or not self.windows:
            return ""
        return _key(self.studies[0]["study_id"], *self.windows[0])

    @cached_property
    def cars(self) -> pl.DataFrame:
        """CARs with the expected direction, sorted by SCAR."""
        signs = self.parts["pairs"].select("symbol", "expected_sign", "n_confounders")
        return self.parts["cars"].join(signs, on="symbol", how="left").sort("scar", "symbol", nulls_last=True)

    def context(self) -> dict[str, Any]:
        """Return everything the template shows."""
        event = self.event
        return {
            "event": event,
            "title": title_of(event, 160),
            "full_title": clean(event["title"]) if len(clean(event["title"])) > 160 else "",
            "facts": self._facts(),
            "url": safe_url(event["url"]),
            "theme_file": theme_file(event["theme"]) if event["theme"] else None,
            "selectors": self._selectors(),
            "charts": {chart.id: chart for chart in self._charts()},
            "grids": {each.id: each for each in self._grids()},
            "specs": [(study, pretty(study["spec"])) for study in self.studies],
            "reading": self._reading(),
            "headline": self._headline(),
            "fingerprint": fingerprint(self.marts),
        }

    def _facts(self) -> list[tuple[str, str]]:
        event = self.event
        facts = [
            ("Kind", f"{words(event['kind'])}: {EVENT_KINDS.get(event['kind'], '')}"),
            ("Theme", words(event["theme"])),
            ("Occurred", f"{instant(event['occurred_at'])} (to the {event['precision']})"),
            ("Readable from", instant(event["available_at"])),
            ("Public by", instant(event["available_by"])),
            ("Date", day(event["event_date"])),
            ("Source", clean(event["source"])),
            ("Verified", words(event["verified"])),
            ("Note", clean(event["note"] or "")),
        ]
        return [(name, value) for name, value in facts if value and value != "–"]

    def _selectors(self) -> list[dict[str, Any]]:
        windows = [(f"{start},{end}", window_name(start, end)) for start, end in self.windows]
        return [
            {"id": "study", "label": "Study", "options": [(s["study_id"], clean(s["study_id"])) for s in self.studies]},
            {"id": "window", "label": "Window of sessions", "options": windows},
        ]

    def _headline(self) -> list[tuple[str, str]]:
        """Say the result of the first study's day 0 in four numbers."""
        if not self.first:
            return []
        rows = self.cars.filter(self.first == _CHOSEN)
        rows = rows.drop_nulls("scar")
        if rows.is_empty():
            return []
        top = rows.sort(pl.col("scar").abs(), descending=True).row(0, named=True)
        tests = self._tests().filter(pl.col("choice") == self.first, pl.col("is_recommended")).rows(named=True)
        test = tests[0] if tests else None
        money = self.parts["value"].sort(pl.col("abnormal_value_usd").abs(), descending=True).rows(named=True)
        said = [(f"{clean(top['symbol'])}, day 0", f"{percent(top['car'])}  (t {number(top['t_stat'], signed=True)})")]
        if rows.height > 1:
            mean = rows["car"].mean()
            said.append((f"mean of {rows.height} securities", percent(mean if isinstance(mean, float) else None)))
        if test:
            said.append((f"p by {words(test['test'])}", p_value(test["p_value"])))
        if money:
            worth = billions(money[0]["abnormal_value_usd"])
            said.append((f"{clean(money[0]['symbol'])}, abnormal value", f"{worth} bn USD"))
        return said

    def _charts(self) -> Iterable[Chart]:
        yield self._timeline()
        if not self.first:
            return
        yield self._paths()
        yield self._cross_section()
        if not self.parts["value"].is_empty():
            yield self._value()
        if not self.parts["residuals"].is_empty():
            yield self._placebo()

    def _timeline(self) -> Chart:
        event = self.event
        day_0 = set(self.places.select("exchange_mic", "event_session").unique().rows())
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
            for row in self.parts["sessions"].iter_rows(named=True)
        ]
        for name, said in (
            ("occurred_at", "occurred"),
            ("available_at", "readable from"),
            ("available_by", "public by"),
        ):
            if event[name] is not None:
                at = f"{said} {instant(event[name])}"
                rows.append((None, None, None, milliseconds(event[name]), None, None, None, None, at))
        columns = ["exchange", "from", "to", "instant", "date", "opens", "closes", "what", "says"]
        frame = pl.DataFrame(rows, schema=columns, orient="row", infer_schema_length=None)
        n = self.parts["sessions"]["exchange_mic"].n_unique()
        return Chart(
            "timeline",
            "When it was known, and the session that could first react",
            "timeline",
            {"": frame if n else frame.clear()},
            {
                "": f"Sessions of {n} exchanges; dark: day 0; dashed: occurred, readable from, public by. {stamp(self.marts)}"
            },
            "Sessions of the exchanges around the news, as in the table of day 0 below",
            table="day-0",
        )

    def _paths(self) -> Chart:
        sets, captions, choices = {}, {}, {}
        df = self.parts["cars"].group_by(_KEY).agg(pl.col("df").max())
        for study in self.studies:
            name = study["study_id"]
            rows = self.parts["days"].filter(pl.col("study_id") == name).drop_nulls("cum_abnormal_return")
            rows = with_reach(rows.join(df, on=_KEY, how="left"), "cum_abnormal_return_se")
            leaders = self._leaders(name)
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
            captions[name] = f"n = {n} securities, {model_words(study)}, window {span}, {stamp(self.marts)}"
        return Chart(
            "paths",
            "Cumulative abnormal returns",
            "event_path",
            sets,
            captions,
            "Cumulative abnormal returns by session and security; the table of reactions below has their ends",
            table="reactions",
            by=("study",),
            first=self.first.split("|", maxsplit=1)[0],
            hint="Coloured: the strongest reactions of day 0. The chosen security has its 95 % band. "
            "Shift and wheel zooms, shift and drag moves, a double click resets.",
            choices=choices,
        )

    def _leaders(self, study: str) -> list[str]:
        """Return the securities with the largest SCARs of the study's day 0."""
        rows = self.cars.filter(pl.col("study_id") == study, pl.col("window_start") == 0, pl.col("window_end") == 0)
        ranked = rows.drop_nulls("scar").sort(pl.col("scar").abs(), descending=True)
        return ranked["symbol"].head(len(LEADS)).to_list()

    def _cross_section(self) -> Chart:
        sets, captions = {}, {}
        for key, rows in self._by_choice(self.cars):
            study = self.marts.study_of[rows["study_id"][0]]
            told = rows.drop_nulls("scar")
            drawn = told.sort(pl.col("scar").abs(), descending=True).head(DRAWN).sort("scar", "symbol")
            sets[key] = interval_rows(drawn, "symbol")
            span = window_name(rows["window_start"][0], rows["window_end"][0])
            largest = f" (the {DRAWN} largest SCARs of" if told.height > DRAWN else ""
            n = f"n = {drawn.height} securities{f'{largest} {told.height})' if largest else ''}"
            captions[key] = f"{n}, sorted by SCAR, {model_words(study)}, window {span}, {stamp(self.marts)}"
        return Chart(
            "cross-section",
            "Who moved, against the direction that was expected",
            "intervals",
            sets,
            captions,
            "Abnormal returns with 95 % intervals by security; the table of reactions has the same numbers",
            table="reactions",
            by=("study", "window"),
            first=self.first,
        )

    def _value(self) -> Chart:
        value = self.parts["value"].sort(pl.col("abnormal_value_usd").abs(), descending=True).head(DRAWN)
        rows = value.select(
            label="symbol",
            change=pl.col("value_change_usd") / 1e9,
            abnormal=pl.col("abnormal_value_usd") / 1e9,
            changes=shown(value["value_change_usd"], billions),
            abnormals=shown(value["abnormal_value_usd"], billions),
        )
        studies = ", ".join(clean(name) for name in value["study_id"].unique().sort())
        return Chart(
            "value",
            "What day 0 was in money",
            "money",
            {"": rows},
            {
                "": f"n = {value.height} securities with a known share count, study {studies}, day 0, {stamp(self.marts)}"
            },
            "Change of market value and its abnormal part in billions of dollars, as in the table below",
            table="money",
        )

    def _placebo(self) -> Chart:
        sets, captions = {}, {}
        day_0 = self.parts["days"].filter(pl.col("relative_day") == 0).select(*_KEY, "session_date", "abnormal_return")
        for study in self.studies:
            name = study["study_id"]
            own = self.parts["residuals"].filter(pl.col("study_id") == name)
            if own.is_empty():
                continue
            asked = own.select(_KEY).unique(maintain_order=True)
            event = asked.join(day_0, on=_KEY)
            counts = self._placebo_counts(name)
            p = {row["symbol"]: p_value(row["p_sq"]) for row in counts.iter_rows(named=True)}
            ticks = own.select("symbol", "session_date", value="residual", event=pl.lit(0, pl.Int8))
            mark = event.select("symbol", "session_date", value="abnormal_return", event=pl.lit(1, pl.Int8))
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
            captions[name] = (
                f"n = {counts['n'].min()} to {counts['n'].max()} sessions of {counts.height} securities, "
                f"{model_words(study)}, one session, {stamp(self.marts)}"
            )
        return Chart(
            "placebo",
            "Day 0 among the sessions before it",
            "placebo",
            sets,
            captions,
            "Abnormal returns of the estimation window and of day 0 by security, counted in the table below",
            table="placebo-counts",
            by=("study",),
            first=self.first.split("|", maxsplit=1)[0],
        )

    def _placebo_counts(self, study: str) -> pl.DataFrame:
        """Count the sessions of the estimation window that moved at least as far as day 0, by security."""
        key = ["study_id", "event_id", "symbol"]
        day_0 = self.parts["days"].filter(pl.col("relative_day") == 0).select(*key, "abnormal_return")
        own = self.parts["residuals"].filter(pl.col("study_id") == study).join(day_0, on=key)
        beyond = (pl.col("residual").abs() >= pl.col("abnormal_return").abs()).sum()
        counts = own.group_by(key).agg(pl.col("abnormal_return").first(), n=pl.len(), n_beyond=beyond)
        return counts.with_columns(p_sq=(1 + pl.col("n_beyond")) / (1 + pl.col("n"))).sort("p_sq", "symbol")

    def _grids(self) -> Iterable[Grid]:
        yield self._day_0()
        yield self._reactions()
        yield self._test_table()
        yield self._money()
        yield self._counts_table()
        yield self._ledger()
        yield self._confounders()
        yield self._findings()

    def _day_0(self) -> Grid:
        rows = (
            self.places.group_by("exchange_mic", "event_session", "day0_rule")
            .agg(n=pl.len(), symbols=pl.col("symbol").sort().str.join(" "))
            .sort("event_session", "exchange_mic", nulls_last=True)
            .with_columns(why=pl.col("day0_rule").replace_strict(DAY0_RULES, default=""))
        )
        table = [
            Field("exchange_mic", "text", "Exchange", "ISO 10383 code; a dash where it is not known"),
            of(FCT_EVENT_SECURITIES, "event_session", "day", "Day 0"),
            of(FCT_EVENT_SECURITIES, "day0_rule", "word", "Rule"),
            Field("why", "text", "What the rule says"),
            Field("n", "count", "Securities"),
            Field("symbols", "text", "Which"),
        ]
        return grid("day-0", "Day 0 by exchange and rule", table, rows.iter_rows(named=True))

    def _reactions(self) -> Grid:
        table = [
            of(FCT_EVENT_CARS, "symbol", "text", "Security", link=to_security(self.marts)),
            of(FCT_EVENT_SECURITIES, "expected_sign", "sign", "Expected"),
            of(FCT_EVENT_CARS, "car", "percent", "CAR"),
            of(FCT_EVENT_CARS, "car_se", "share", "Std. error"),
            of(FCT_EVENT_CARS, "scar", "signed", "SCAR"),
            of(FCT_EVENT_CARS, "p_value", "p", "p"),
            of(FCT_EVENT_CARS, "p_holm", "p", "p (Holm)"),
            of(FCT_EVENT_CARS, "bhar", "percent", "BHAR"),
            of(FCT_EVENT_CARS, "n_estimation_obs", "count", "Est. sessions"),
            of(FCT_EVENT_CARS, "n_days", "count", "Days"),
            of(FCT_EVENT_SECURITIES, "n_confounders", "count", "Confounders"),
        ]
        return self._by_selectors("reactions", "Reactions by security, sorted by SCAR", table, self.cars)

    def _tests(self) -> pl.DataFrame:
        """Return the group tests of the page's windows with the marks that say which to read."""
        tests = self.parts["tests"].with_columns(choice=_CHOSEN)
        tests = tests.filter(pl.col("choice").is_in([key for key, _ in self._by_choice(self.cars)]))
        valid = tests.filter(pl.col("is_valid") & pl.col("p_value").is_not_null())
        read = {key: recommended(set(rows["test"])) for (key,), rows in valid.group_by("choice")}
        marks = [test in read.get(key, ()) for key, test in tests.select("choice", "test").iter_rows()]
        return tests.with_columns(pl.Series("is_recommended", marks, dtype=pl.Boolean))

    def _test_table(self) -> Grid:
        tests = self._tests().sort("is_recommended", "is_valid", "test", descending=[True, True, False])
        table = [
            of(FCT_GROUP_TESTS, "test", "word", "Test", link=lambda row: f"methods.html#{row['test']}"),
            Field("is_recommended", "flag", "Read this", "what the guide of the methods page says to read here"),
            of(FCT_GROUP_TESTS, "is_valid", "flag", "Valid"),
            of(FCT_GROUP_TESTS, "statistic", "signed", "Statistic", why="note"),
            of(FCT_GROUP_TESTS, "p_value", "p", "p", why="note"),
            of(FCT_GROUP_TESTS, "p_holm", "p", "p (Holm)", why="note"),
            of(FCT_GROUP_TESTS, "df", "count", "df"),
            of(FCT_GROUP_TESTS, "n", "count", "n"),
            of(FCT_GROUP_TESTS, "caar", "percent", "CAAR"),
            of(FCT_GROUP_TESTS, "r_bar", "signed", "r̄"),
            of(FCT_GROUP_TESTS, "note", "text", "Remark"),
        ]
        return self._by_selectors("tests", "Tests of the mean of the event's securities", table, tests)

    def _reading(self) -> str:
        used = self.parts["study_pairs"].filter(pl.col("status") == "used")
        n = used["symbol"].n_unique()
        if n < 2:
            return "One security or none: there is no group to test. Read its own t and where day 0 lies among its sessions."
        sessions = used.select("symbol", "event_session").unique().group_by("event_session").len()["len"]
        top = sessions.max()
        most = int(top) if isinstance(top, int) else 0
        shared = f"{most} of {n} securities share one session" if most * 2 > n else "the securities' sessions differ"
        return (
            f"Here {shared}. Tests marked “read this” hold on shared dates and where the event raises the variance; "
            "a test that is not valid keeps its value, and the remark says what is wrong with it."
        )

    def _money(self) -> Grid:
        value = self.parts["value"].sort(pl.col("abnormal_value_usd").abs(), descending=True)
        table = [
            of(FCT_VALUE_IMPACT, "symbol", "text", "Security", link=to_security(self.marts)),
            of(FCT_VALUE_IMPACT, "session_date", "day", "Day 0"),
            of(FCT_VALUE_IMPACT, "market_cap_before_usd", "billions", "Value before"),
            of(FCT_VALUE_IMPACT, "value_change_usd", "billions", "Change"),
            of(FCT_VALUE_IMPACT, "abnormal_value_usd", "billions", "Abnormal part"),
            of(FCT_VALUE_IMPACT, "shares_outstanding", "count", "Shares"),
            of(FCT_VALUE_IMPACT, "shares_filed_date", "day", "Count filed"),
            of(FCT_VALUE_IMPACT, "study_id", "text", "Study"),
        ]
        return grid(
            "money",
            "Day 0 in money",
            table,
            value.iter_rows(named=True),
            empty="no security of this event has a known share count",
        )

    def _counts_table(self) -> Grid:
        table = [
            of(FCT_EVENT_CARS, "symbol", "text", "Security", link=to_security(self.marts)),
            Field("abnormal_return", "percent", "Day 0", "abnormal return of day 0", "%"),
            Field("n", "count", "Sessions", "sessions of the estimation window with a residual"),
            Field(
                "n_beyond", "count", "At least as far", "of them, those that moved at least as far in either direction"
            ),
            Field("p_sq", "p", "p", "(1 + those) / (1 + sessions): Gelbach, Helland and Klick (2013)"),
        ]
        sets = {
            study["study_id"]: cells(table, self._placebo_counts(study["study_id"]).iter_rows(named=True))
            for study in self.studies
        }
        first = self.first.split("|", maxsplit=1)[0]
        empty = (
            "no model of this study leaves residuals that can be shown: market, market adjusted and constant mean do"
        )
        return Grid("placebo-counts", "Day 0 among the sessions before it", table, sets, ("study",), empty, first)

    def _ledger(self) -> Grid:
        rows = self.parts["study_pairs"].join(
            self.parts["pairs"].select("symbol", "day0_rule", "expected_sign", "n_confounders"), on="symbol", how="left"
        )
        table = [
            of(FCT_EVENT_SECURITIES, "symbol", "text", "Security", link=to_security(self.marts)),
            Field("study_id", "text", "Study"),
            of(FCT_EVENT_SECURITIES, "event_session", "day", "Day 0"),
            of(FCT_EVENT_SECURITIES, "status", "word", "Status"),
            of(FCT_EVENT_SECURITIES, "reason", "text", "Reason or remark"),
            Field("n_estimation_obs", "count", "Est. sessions"),
            Field("alpha", "coefficient", "Alpha"),
            Field("beta", "coefficient", "Beta"),
            Field("sigma", "coefficient", "Sigma", "residual standard deviation", "decimal"),
        ]
        order = {"excluded": 0, "pending": 1, "used": 2}
        ranked = rows.sort(pl.col("status").replace_strict(order, default=3), "study_id", "symbol")
        return grid("ledger", "Every security asked for, and what became of it", table, ranked.iter_rows(named=True))

    def _confounders(self) -> Grid:
        found = self.parts["confounders"]
        if not found.is_empty():
            names = [name for name in found.columns if name != "event_id"]
            return grid(
                "confounders", "Other news in the window", [Field(name, "text", words(name)) for name in names],
                found.select(pl.col(names).cast(pl.String)).iter_rows(named=True),
            )  # fmt: skip
        rows = (
            self.parts["pairs"]
            .filter(pl.col("n_confounders") > 0)
            .sort("n_confounders", "symbol", descending=[True, False])
        )
        table = [
            of(FCT_EVENT_SECURITIES, "symbol", "text", "Security", link=to_security(self.marts)),
            of(FCT_EVENT_SECURITIES, "event_session", "day", "Day 0"),
            of(FCT_EVENT_SECURITIES, "n_confounders", "count", "Other events"),
        ]
        return grid(
            "confounders",
            "Securities with other events of the catalogue in the window",
            table,
            rows.iter_rows(named=True),
            empty="no other event of the catalogue names these securities in the window",
        )

    def _findings(self) -> Grid:
        symbols = self.parts["pairs"]["symbol"].implode()
        rows = self.marts.quarantine.filter(pl.col("symbol").is_in(symbols))
        table = [
            of(QUARANTINE, "symbol", "text", "Security"),
            of(QUARANTINE, "rule_id", "word", "Rule"),
            Field("n_rows", "count", "Rows"),
            Field("first_date", "day", "From"),
            Field("last_date", "day", "To"),
            of(QUARANTINE, "reason", "text", "For example"),
        ]
        return grid(
            "findings",
            "Price rows of these securities in quarantine",
            table,
            rows.iter_rows(named=True),
            empty="no price row of these securities is in quarantine",
        )

    def _by_choice(self, frame: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
        """Return the frame's rows by study and window."""
        return [(_key(*key), rows) for key, rows in frame.group_by(_CHOICE, maintain_order=True)]

    def _by_selectors(self, id: str, caption: str, table: list[Field], frame: pl.DataFrame) -> Grid:
        sets = {key: cells(table, rows.iter_rows(named=True)) for key, rows in self._by_choice(frame)}
        empty = "this study has no rows for the window"
        return Grid(id, caption, table, sets, ("study", "window"), empty, self.first)


_CHOICE: Final = ["study_id", "window_start", "window_end"]
_CHOSEN: Final = pl.format("{}|{},{}", *_CHOICE)


def _key(study: Any, start: Any, end: Any) -> str:
    return f"{study}|{start},{end}"

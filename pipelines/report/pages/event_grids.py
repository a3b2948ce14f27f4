"""The tables of an event's page."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from pipelines.contracts import (
    FCT_CONFOUNDERS,
    FCT_EVENT_CARS,
    FCT_EVENT_SECURITIES,
    FCT_GROUP_TESTS,
    FCT_STUDY_SECURITIES,
    FCT_VALUE_IMPACT,
    QUARANTINE,
)
from pipelines.contracts.vocabulary import CONFOUNDER_KINDS, DAY0_RULES, TESTS
from pipelines.report.grids import Field, Grid, cells, grid, of, remarked
from pipelines.report.pages.common import TO_TEST, to_known_event, to_security
from pipelines.report.pages.event_data import EventData


def event_grids(event: EventData) -> Iterable[Grid]:
    """Return the tables of an event."""
    yield _day_0(event)
    yield _reactions(event)
    yield _test_table(event)
    yield _money(event)
    yield _counts_table(event)
    yield _ledger(event)
    yield _confounders(event)
    yield _findings(event)


def _day_0(event: EventData) -> Grid:
    rows = (
        event.places.group_by("exchange_mic", "event_session", "day0_rule")
        .agg(n=pl.len(), symbols=pl.col("symbol").sort().str.join(" "))
        .sort("event_session", "exchange_mic", nulls_last=True)
        .with_columns(why=pl.col("day0_rule").replace_strict(DAY0_RULES, default=""))
    )
    table = [
        Field("exchange_mic", "text", "Exchange", "ISO 10383 code; a dash where it is not known"),
        of(FCT_EVENT_SECURITIES, "event_session", "day", "Day 0"),
        Field("day0_rule", "word", "Rule", "rule that chose day 0"),
        Field("why", "text", "What the rule says"),
        Field("n", "count", "Securities"),
        Field("symbols", "few", "Which", "the first of them; a copy as CSV has all"),
    ]
    return grid("day-0", "Day 0 by exchange and rule", table, rows)


def _reactions(event: EventData) -> Grid:
    table = [
        of(FCT_EVENT_CARS, "symbol", "text", "Security", link=to_security(event.marts)),
        of(FCT_EVENT_SECURITIES, "expected_sign", "sign", "Expected"),
        of(FCT_EVENT_CARS, "car", "percent", "CAR"),
        of(FCT_EVENT_CARS, "car_se", "share", "Std. error"),
        of(FCT_EVENT_CARS, "scar", "signed", "SCAR"),
        of(FCT_EVENT_CARS, "p_value", "p", "p"),
        of(FCT_EVENT_CARS, "p_holm", "p", "p (Holm)"),
        of(FCT_EVENT_CARS, "bhar", "percent", "BHAR"),
        of(FCT_EVENT_CARS, "n_estimation_obs", "count", "Estimation sessions"),
        of(FCT_EVENT_CARS, "n_days", "count", "Days"),
        of(FCT_EVENT_SECURITIES, "n_confounders", "count", "Confounders"),
    ]
    caption, empty = "Reactions by security, sorted by SCAR", "this study has no rows for the window"
    sets = {key: cells(table, rows) for key, rows in event.by_choice(event.cars)}
    by = ("study", "window")
    return Grid("reactions", caption, table, sets, by, empty, event.first, is_printed_whole=True)


def _test_table(event: EventData) -> Grid:
    tests = event.tests.sort("is_recommended", "is_valid", "test", descending=[True, True, False])
    table = [
        of(FCT_GROUP_TESTS, "test", "test", "Test", link=TO_TEST, glossary=TESTS),
        Field("is_recommended", "flag", "Read this", "what the guide of the methods page says to read here"),
        of(FCT_GROUP_TESTS, "is_valid", "flag", "Valid"),
        of(FCT_GROUP_TESTS, "statistic", "signed", "Statistic", why="note"),
        of(FCT_GROUP_TESTS, "p_value", "p", "p", why="note"),
        of(FCT_GROUP_TESTS, "p_holm", "p", "p (Holm)", why="note"),
        of(FCT_GROUP_TESTS, "df", "count", "df"),
        of(FCT_GROUP_TESTS, "n", "count", "n"),
        of(FCT_GROUP_TESTS, "caar", "percent", "CAAR"),
        of(FCT_GROUP_TESTS, "r_bar", "signed", "r̄"),
        of(FCT_GROUP_TESTS, "note", "long", "Remark"),
    ]
    told = {key: cells(table, rows) for key, rows in event.by_choice(tests)}
    sets, remarks = remarked(told, len(table) - 1)
    caption, empty = "Tests of the mean of the event's securities", "this study has no tests for the window"
    by = ("study", "window")
    return Grid("tests", caption, table, sets, by, empty, event.first, remarks, is_printed_whole=True)


def _money(event: EventData) -> Grid:
    value = event.parts["value"].sort(pl.col("abnormal_value_usd").abs(), descending=True)
    table = [
        of(FCT_VALUE_IMPACT, "symbol", "text", "Security", link=to_security(event.marts)),
        of(FCT_VALUE_IMPACT, "session_date", "day", "Day 0"),
        of(FCT_VALUE_IMPACT, "market_cap_before_usd", "worth", "Value before"),
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
        value,
        empty="no security of this event has a known share count",
    )


def _counts_table(event: EventData) -> Grid:
    table = [
        of(FCT_EVENT_CARS, "symbol", "text", "Security", link=to_security(event.marts)),
        Field("abnormal_return", "percent", "Day 0", "abnormal return of day 0"),
        Field("n", "count", "Sessions", "sessions of the estimation window with a residual"),
        Field("n_beyond", "count", "At least as far", "of them, those that moved at least as far in either direction"),
        Field("p_sq", "p", "p", "(1 + those) / (1 + sessions): Gelbach, Helland and Klick (2013)"),
    ]
    sets = {study["study_id"]: cells(table, event.placebo_counts(study["study_id"])) for study in event.studies}
    first = event.first.split("|", maxsplit=1)[0]
    empty = "no model of this study leaves residuals that can be shown: market, market adjusted and constant mean do"
    caption = "How many of the sessions before moved as far as day 0"
    return Grid("placebo-counts", caption, table, sets, ("study",), empty, first)


def _ledger(event: EventData) -> Grid:
    rows = event.parts["study_pairs"].join(
        event.parts["pairs"].select("symbol", "day0_rule", "expected_sign", "n_confounders"), on="symbol", how="left"
    )
    table = [
        of(FCT_EVENT_SECURITIES, "symbol", "text", "Security", link=to_security(event.marts)),
        of(FCT_STUDY_SECURITIES, "study_id", "text", "Study"),
        of(FCT_STUDY_SECURITIES, "event_session", "day", "Day 0"),
        of(FCT_STUDY_SECURITIES, "status", "word", "Status"),
        of(FCT_STUDY_SECURITIES, "reason", "long", "Reason or remark"),
        of(FCT_STUDY_SECURITIES, "n_estimation_obs", "count", "Estimation sessions"),
        of(FCT_STUDY_SECURITIES, "alpha", "percent", "Alpha"),
        of(FCT_STUDY_SECURITIES, "beta", "signed", "Beta"),
        of(FCT_STUDY_SECURITIES, "sigma", "share", "Sigma"),
    ]
    order = {"excluded": 0, "pending": 1, "used": 2}
    ranked = rows.sort(pl.col("status").replace_strict(order, default=3), "study_id", "symbol")
    return grid("ledger", "Every security asked for, and what became of it", table, ranked)


def _confounders(event: EventData) -> Grid:
    table = [
        of(FCT_CONFOUNDERS, "confounder_kind", "word", "Kind", glossary=CONFOUNDER_KINDS),
        Field("title", "text", "What else happened", link=to_known_event(event.marts, "confounder_id")),
        of(FCT_CONFOUNDERS, "confounder_session", "day", "Session"),
        Field("relative_day", "steps", "From day 0", "sessions from day 0 to it, the nearest of the securities"),
        of(FCT_CONFOUNDERS, "is_named", "flag", "Named"),
        Field("n_securities", "count", "Securities", "securities of this event that it may have moved too"),
        Field("symbols", "few", "Which", "the first of them; a copy as CSV has all"),
    ]
    return grid(
        "confounders",
        "What else lies in the event window",
        table,
        event.parts["confounders"],
        empty="no other event, results, split or distribution lies in the event window of these securities",
    )


def _findings(event: EventData) -> Grid:
    symbols = event.parts["pairs"]["symbol"].implode()
    rows = event.marts.quarantine.filter(pl.col("symbol").is_in(symbols))
    table = [
        of(QUARANTINE, "symbol", "text", "Security"),
        of(QUARANTINE, "rule_id", "word", "Rule"),
        Field("n_rows", "count", "Rows", "rows that broke the rule and were put aside"),
        Field("first_date", "day", "From", "session of the first of them"),
        Field("last_date", "day", "To", "session of the last of them"),
        of(QUARANTINE, "reason", "text", "For example"),
    ]
    return grid(
        "findings",
        "Price rows of these securities in quarantine",
        table,
        rows,
        empty="no price row of these securities is in quarantine",
    )

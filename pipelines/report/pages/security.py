"""The page of one security: its reactions to every event, its price, and its row of the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import polars as pl

from pipelines.contracts import FCT_EVENT_CARS, FCT_EVENT_SECURITIES, FCT_STUDY_SECURITIES, QUARANTINE
from pipelines.report.grids import Field, Grid, cells, grid, of
from pipelines.report.marts import Marts
from pipelines.report.pages.common import TO_EVENT, Chart, as_day, fingerprint, shown, stamp, with_reach
from pipelines.report.palette import LEVEL
from pipelines.report.text import clean, counted, day, number, p_value, words

ONCE: Final = "each event once, benchmark first"
"""First choice of the page's selector, in words."""

_FACTS: Final = {
    "security_id": "Known as",
    "issuer": "Issuer",
    "share_class": "Share class",
    "exchange_mic": "Exchange (MIC)",
    "asset_class": "Asset class",
    "currency": "Currency of the prices",
    "provider_currency": "Currency by the provider",
    "benchmark_symbol": "Benchmark",
    "source": "Source of prices",
    "return_basis": "Returns from",
    "session_basis": "Sessions from",
    "first_session": "First session",
    "last_session": "Newest session",
    "n_sessions": "Sessions",
    "ended_date": "Ended",
}
"""Columns of ``dim_securities`` that a reader is told, and how they are named; symbol and name stand in the title."""

_BASES: Final = {"adj_close": "adjusted closes", "close": "closes as served"}
"""Words for what returns are computed from."""

_CODED: Final = frozenset({"asset_class", "session_basis"})
"""Of them, those whose values are coded words."""


@dataclass(frozen=True)
class SecurityPage:
    """One security of the marts.

    Attributes
    ----------
    marts : Marts
    symbol : str
    """

    marts: Marts
    symbol: str

    @cached_property
    def reactions(self) -> pl.DataFrame:
        """Reactions of day 0 in every study, the newest first, with the event's title and day 0."""
        return self.marts.part("reactions", "symbol", self.symbol)

    @cached_property
    def sets(self) -> dict[str, pl.DataFrame]:
        """The reactions by the choice of the page's selector: each event once, then those of each study."""
        once = self.reactions.unique("event_id", keep="first", maintain_order=True)
        parts = self.reactions.sort("preference", maintain_order=True).group_by("study_id", maintain_order=True)
        by_study = {str(study): rows for (study,), rows in parts}
        return {"": once} | (by_study if len(by_study) > 1 else {})

    def context(self) -> dict[str, Any]:
        """Return everything the template shows."""
        security = self.marts.security_of[self.symbol]
        facts = [(label, _shown(name, security[name])) for name, label in _FACTS.items()]
        alone = self.reactions["study_id"].unique()
        every = clean(alone[0]) if len(alone) == 1 else ONCE
        studies = [(study, clean(study) or every) for study in self.sets]
        return {
            "title": clean(self.symbol),
            "name": clean(security["name"] or ""),
            "facts": [(name, value) for name, value in facts if value not in {"", clean(self.symbol)}],
            "selectors": [{"id": "study", "label": "Study", "options": studies}],
            "charts": {chart.id: chart for chart in (self._history(), self._price())},
            "grids": {each.id: each for each in (self._table(), self._ledger(), self._findings())},
            "fingerprint": fingerprint(self.marts),
        }

    def _history(self) -> Chart:
        sets, captions = {}, {}
        for study, reactions in self.sets.items():
            told = reactions.drop_nulls(["car", "car_se", "event_session"])
            rows = with_reach(told.sort("event_session", maintain_order=True), "car_se")
            sets[study] = rows.select(
                at=as_day("event_session"),
                car="car",
                reach="reach",
                sure=pl.when(pl.col("p_value") < LEVEL).then(pl.lit("p below 0.05")).otherwise(pl.lit("p above 0.05")),
                event="title",
                p=shown(rows["p_value"], p_value),
            )
            models = sorted({study["model"].replace("_", " ") for study in self._studies(rows)})
            n = f"n = {counted(rows.height, 'event')}"
            captions[study] = f"{n}, model {', '.join(models) or 'none'}, window [0, 0], {stamp(self.marts)}"
        label = "Abnormal returns of day 0 with 95 % intervals over time; the table below has the same numbers"
        title, by = "Reactions of day 0", ("study",)
        return Chart("history", title, "history", sets, captions, label, table="reactions", by=by)

    def _studies(self, rows: pl.DataFrame) -> list[dict[str, Any]]:
        return [self.marts.study_of[name] for name in rows["study_id"].unique() if name in self.marts.study_of]

    def _price(self) -> Chart:
        prices = self.marts.part("prices", "symbol", self.symbol).drop_nulls("price").filter(pl.col("price") > 0)
        events = (
            self.sets[""].group_by("event_session").agg(event=pl.col("title").sort().str.join("; ").str.slice(0, 200))
        )
        rows = prices.join(events, left_on="session_date", right_on="event_session", how="left").sort("session_date")
        drawn = rows.select(at=as_day("session_date"), price=pl.col("price"), event="event")
        security = self.marts.security_of[self.symbol]
        what = f"{_basis(security['return_basis'])} in {clean(security['currency'])}"
        said = f"n = {counted(rows.height, 'session')}, {what}, points: day 0 of an event, {stamp(self.marts)}"
        label = "Price over time with the sessions of the events"
        return Chart("price", "Price and events", "price", {"": drawn}, {"": said}, label, table="reactions")

    def _table(self) -> Grid:
        fields = [
            Field("event_session", "day", "Day 0"),
            Field("title", "text", "Event", link=TO_EVENT),
            of(FCT_EVENT_CARS, "study_id", "text", "Study"),
            of(FCT_EVENT_SECURITIES, "expected_sign", "sign", "Expected"),
            of(FCT_EVENT_CARS, "car", "percent", "Abnormal return"),
            of(FCT_EVENT_CARS, "car_se", "share", "Std. error"),
            of(FCT_EVENT_CARS, "t_stat", "signed", "t"),
            of(FCT_EVENT_CARS, "p_value", "p", "p"),
            of(FCT_EVENT_CARS, "p_holm", "p", "p (Holm)"),
            of(FCT_EVENT_CARS, "beta", "signed", "Beta"),
            of(FCT_EVENT_SECURITIES, "n_confounders", "count", "Confounders"),
        ]
        sets = {study: cells(fields, rows) for study, rows in self.sets.items()}
        caption, empty = "Reactions of day 0, the newest first", "no study has used this security"
        return Grid("reactions", caption, fields, sets, ("study",), empty, is_printed_whole=True)

    def _ledger(self) -> Grid:
        asked = self.marts.part("study_pairs", "symbol", self.symbol)
        rows = self.marts.titled(asked.filter(pl.col("status") != "used"))
        fields = [
            Field("title", "text", "Event", link=TO_EVENT),
            of(FCT_STUDY_SECURITIES, "study_id", "text", "Study"),
            of(FCT_STUDY_SECURITIES, "status", "word", "Status"),
            of(FCT_STUDY_SECURITIES, "reason", "long", "Reason"),
        ]
        empty = "every event that asked for this security used it"
        return grid("ledger", "Events that could not use it", fields, rows, empty=empty)

    def _findings(self) -> Grid:
        fields = [
            of(QUARANTINE, "source", "text", "Source"),
            of(QUARANTINE, "rule_id", "word", "Rule"),
            Field("n_rows", "count", "Rows", "rows that broke the rule and were put aside"),
            Field("first_date", "day", "From", "session of the first of them"),
            Field("last_date", "day", "To", "session of the last of them"),
            of(QUARANTINE, "reason", "long", "For example"),
        ]
        rows = self.marts.part("quarantine", "symbol", self.symbol)
        empty = "no price row of this security is in quarantine"
        return grid("findings", "Rows in quarantine", fields, rows, empty=empty)


def _basis(word: str) -> str:
    return _BASES.get(word, words(word))


def _shown(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, int):
        return number(value, 0)
    if name == "return_basis":
        return _basis(value)
    if name in _CODED:
        return words(value)
    return clean(value) if isinstance(value, str) else day(value)

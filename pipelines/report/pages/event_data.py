"""One event of the marts: its rows of every frame, in the order in which its page tells them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import polars as pl

from pipelines.report.marts import Marts
from pipelines.report.palette import LEADS
from pipelines.report.reading import recommended

KEY: Final = ["study_id", "event_id", "symbol"]
CHOICE: Final = ["study_id", "window_start", "window_end"]
"""What the selectors of the page choose."""

CHOSEN: Final = pl.format("{}|{},{}", *CHOICE)
"""The same as one text, the key of what is shown for a choice."""


@dataclass(frozen=True)
class EventData:
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
    def record(self) -> dict[str, Any]:
        """The event's row of dim_events."""
        return self.marts.event_of[self.event_id]

    @cached_property
    def studies(self) -> list[dict[str, Any]]:
        """Studies that asked for the event: those that used it before others, then those with a benchmark."""
        used = dict(self.parts["study_pairs"].group_by("study_id").agg((pl.col("status") == "used").sum()).iter_rows())
        known = [self.marts.study_of[name] for name in sorted(used) if name in self.marts.study_of]
        return sorted(known, key=lambda study: _rank(study, used[study["study_id"]]))

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
        return choice_key(self.studies[0]["study_id"], *self.windows[0])

    @cached_property
    def cars(self) -> pl.DataFrame:
        """CARs with the expected direction, sorted by SCAR."""
        signs = self.parts["pairs"].select("symbol", "expected_sign", "n_confounders")
        return self.parts["cars"].join(signs, on="symbol", how="left").sort("scar", "symbol", nulls_last=True)

    @cached_property
    def tests(self) -> pl.DataFrame:
        """Return the group tests of the page's windows with the marks that say which to read."""
        tests = self.parts["tests"].with_columns(choice=CHOSEN)
        tests = tests.filter(pl.col("choice").is_in([key for key, _ in self.by_choice(self.cars)]))
        # One pair is no group: its own t is what there is to read.
        valid = tests.filter(pl.col("is_valid") & pl.col("p_value").is_not_null() & (pl.col("n") > 1))
        read = {key: recommended(set(rows["test"])) for (key,), rows in valid.group_by("choice")}
        marks = [test in read.get(key, ()) for key, test in tests.select("choice", "test").iter_rows()]
        return tests.with_columns(pl.Series("is_recommended", marks, dtype=pl.Boolean))

    def placebo_counts(self, study: str) -> pl.DataFrame:
        """Count the sessions of the estimation window that moved at least as far as day 0, by security."""
        key = ["study_id", "event_id", "symbol"]
        day_0 = self.parts["days"].filter(pl.col("relative_day") == 0).select(*key, "abnormal_return")
        own = self.parts["residuals"].filter(pl.col("study_id") == study).join(day_0, on=key)
        beyond = (pl.col("residual").abs() >= pl.col("abnormal_return").abs()).sum()
        counts = own.group_by(key).agg(pl.col("abnormal_return").first(), n=pl.len(), n_beyond=beyond)
        return counts.with_columns(p_sq=(1 + pl.col("n_beyond")) / (1 + pl.col("n"))).sort("p_sq", "symbol")

    def by_choice(self, frame: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
        """Return the frame's rows by study and window."""
        return [(choice_key(*key), rows) for key, rows in frame.group_by(CHOICE, maintain_order=True)]

    def leaders(self, study: str) -> list[str]:
        """Return the securities with the largest SCARs of the study's day 0."""
        rows = self.cars.filter(pl.col("study_id") == study, pl.col("window_start") == 0, pl.col("window_end") == 0)
        ranked = rows.drop_nulls("scar").sort(pl.col("scar").abs(), descending=True)
        return ranked["symbol"].head(len(LEADS)).to_list()


def _rank(study: Mapping[str, Any], n_used: int) -> tuple[bool, bool, int]:
    return not n_used, study["benchmark_symbol"] is None, -n_used


def choice_key(study: Any, start: Any, end: Any) -> str:
    """Return the key of what is shown for a study and a window."""
    return f"{study}|{start},{end}"

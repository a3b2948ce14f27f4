"""The frames that a report is made of, whole and by event, security and theme."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, Final

import polars as pl

from pipelines.errors import ConfigurationError
from pipelines.home import REPORT_INDEX
from pipelines.report.text import clean, cut, slug

TITLE: Final = 90
"""Characters of an event's title in a list."""

_NAMED: Final = 8
"""Names that an error gives of those there are."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a report is limited to; nothing for all of it."""

    event: str | None = None
    study: str | None = None
    theme: str | None = None

    @property
    def name(self) -> str:
        """Return the name of the folder that holds such a report."""
        parts = [("event", self.event), ("study", self.study), ("theme", self.theme)]
        return (
            "_".join(f"{word}-{slug(value)}" for word, value in parts if value is not None) or REPORT_INDEX.parent.name
        )


@dataclass(frozen=True)
class Marts:
    """Frames of the published marts under the names of their queries (``sql/report/``).

    Raises
    ------
    TypeError
        If a frame is missing.
    """

    events: pl.DataFrame
    securities: pl.DataFrame
    studies: pl.DataFrame
    pairs: pl.DataFrame
    study_pairs: pl.DataFrame
    days: pl.DataFrame
    cars: pl.DataFrame
    tests: pl.DataFrame
    value: pl.DataFrame
    residuals: pl.DataFrame
    sessions: pl.DataFrame
    prices: pl.DataFrame
    latest: pl.DataFrame
    checks: pl.DataFrame
    runs: pl.DataFrame
    quarantine: pl.DataFrame
    generations: pl.DataFrame
    theme_days: pl.DataFrame
    since: pl.DataFrame
    changes: pl.DataFrame
    confounders: pl.DataFrame

    def within(self, scope: Scope) -> Marts:
        """Return what belongs to a scope.

        Raises
        ------
        ConfigurationError
            If it names an event, a study or a theme that the marts do not have.
        """
        for word, value, known in (
            ("event", scope.event, self.events["event_id"]),
            ("study", scope.study, self.studies["study_id"]),
            ("theme", scope.theme, self.events["theme"].drop_nulls().unique().sort()),
        ):
            if value is not None and value not in known:
                raise ConfigurationError(f"--{word}: the marts have no {word} {value!r}; {_some(known)}")
        if scope == Scope():
            return self
        events = self.events
        if scope.event is not None:
            events = events.filter(pl.col("event_id") == scope.event)
        if scope.theme is not None:
            events = events.filter(pl.col("theme") == scope.theme)
        if scope.study is not None:
            asked = self.study_pairs.filter(pl.col("study_id") == scope.study)["event_id"].unique()
            events = events.filter(pl.col("event_id").is_in(asked.implode()))
        return self._of_events(events, scope.study)

    def _of_events(self, events: pl.DataFrame, study: str | None) -> Marts:
        ids = events["event_id"].implode()
        limited: dict[str, pl.DataFrame] = {"events": events}
        for name in ("pairs", "study_pairs", "days", "cars", "value", "residuals", "sessions", "changes"):
            frame: pl.DataFrame = getattr(self, name).filter(pl.col("event_id").is_in(ids))
            has_study = study is not None and "study_id" in frame.columns
            limited[name] = frame.filter(pl.col("study_id") == study) if has_study else frame
        if study is not None:
            limited["studies"] = self.studies.filter(pl.col("study_id") == study)
            limited["tests"] = self.tests.filter(pl.col("study_id") == study)
        symbols = limited["pairs"]["symbol"].unique().implode()
        for name in ("securities", "prices", "latest"):
            limited[name] = getattr(self, name).filter(pl.col("symbol").is_in(symbols))
        return replace(self, **limited)

    @cached_property
    def generation(self) -> dict[str, Any]:
        """The published generation, and the run that made it."""
        generation = self.generations.row(0, named=True)
        of_run = self.runs.filter(pl.col("run_id") == generation["run_id"]).rows(named=True)
        return {**(of_run[-1] if of_run else dict.fromkeys(self.runs.columns)), **generation}

    @cached_property
    def study_of(self) -> dict[str, dict[str, Any]]:
        """Studies by id."""
        return {row["study_id"]: row for row in self.studies.iter_rows(named=True)}

    @cached_property
    def security_of(self) -> dict[str, dict[str, Any]]:
        """Securities by symbol."""
        return {row["symbol"]: row for row in self.securities.iter_rows(named=True)}

    @cached_property
    def event_of(self) -> dict[str, dict[str, Any]]:
        """Events by id."""
        return {row["event_id"]: row for row in self.events.iter_rows(named=True)}

    @cached_property
    def titles(self) -> dict[str, str]:
        """Titles of the events, cut for a list."""
        return {key: cut(clean(event["title"]), TITLE) for key, event in self.event_of.items()}

    @cached_property
    def preference(self) -> pl.DataFrame:
        """Studies by the order in which one of several is shown: those with a benchmark first, then by name."""
        ranked = self.studies.sort(pl.col("benchmark_symbol").is_null(), "study_id")
        return ranked.select("study_id").with_row_index("preference")

    @cached_property
    def reactions(self) -> pl.DataFrame:
        """Reactions of day 0 of all securities and studies, the newest first, with the event's title and day 0."""
        cars = self.cars.filter(pl.col("window_start") == 0, pl.col("window_end") == 0)
        sessions = self.study_pairs.select("study_id", "event_id", "symbol", "event_session")
        signs = self.pairs.select("event_id", "symbol", "expected_sign", "n_confounders")
        rows = cars.join(sessions, on=["study_id", "event_id", "symbol"], how="left")
        rows = rows.join(signs, on=["event_id", "symbol"], how="left").join(self.preference, on="study_id", how="left")
        return self.titled(rows).sort(
            "event_session", "event_id", "preference", descending=[True, False, False], nulls_last=True
        )

    def titled(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Add the titles of the rows' events, the id of one that the marts do not have."""
        known = pl.col("event_id").replace_strict(self.titles, default=pl.col("event_id"), return_dtype=pl.String)
        return rows.with_columns(title=known)

    @cached_property
    def themes(self) -> list[str]:
        """Themes of the events, sorted."""
        return self.events["theme"].drop_nulls().unique().sort().to_list()

    @cached_property
    def _parts(self) -> dict[tuple[str, str], Mapping[Any, pl.DataFrame]]:
        return {}

    def part(self, name: str, column: str, value: str) -> pl.DataFrame:
        """Return the rows of a frame that have a value in a column; the frame is parted once."""
        frame: pl.DataFrame = getattr(self, name)
        if column not in frame.columns:
            return frame.clear()
        if (name, column) not in self._parts:
            self._parts[name, column] = frame.partition_by(column, as_dict=True)
        return self._parts[name, column].get((value,), frame.clear())

    def group(self, by: str, value: str) -> pl.DataFrame:
        """Return the tests of one group."""
        found = self.part("tests", "group_value", value)
        return found.filter(pl.col("group_by") == by)


def digest(*parts: pl.DataFrame | str) -> str:
    """Return a hash of what a page is made of: equal frames have equal ones."""
    found = hashlib.sha256()
    for part in parts:
        if isinstance(part, str):
            found.update(part.encode(errors="replace"))
        else:
            found.update(repr(part.schema).encode())
            found.update(part.hash_rows(seed=7).to_numpy().tobytes() if part.height else b"none")
        found.update(b"\0")
    return found.hexdigest()


def names() -> list[str]:
    """Return the names of the frames that a report needs."""
    return [each.name for each in fields(Marts)]


def _some(known: pl.Series) -> str:
    shown = ", ".join(known.head(_NAMED)) + (" ..." if len(known) > _NAMED else "")
    return f"it has {shown}" if shown else "it has none"

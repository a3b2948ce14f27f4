"""What the pages share: names of files, captions, charts with their rows, intervals."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

import polars as pl
from scipy.special import stdtrit

from pipelines.report.grids import Link
from pipelines.report.marts import Marts
from pipelines.report.palette import CONFIDENCE, LEVEL
from pipelines.report.text import clean, cut, instant, number, p_value, slug

WINDOW: Final = ("window_start", "window_end")
_DIGITS: Final = 5


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure of a page.

    Attributes
    ----------
    id, title : str
    kind : str
        Word of `charts.KINDS`.
    sets : mapping of str to frame
        Rows by the choice of the page's selectors.
    captions : mapping of str to str
        What stands below: n, model, window, source and as-of.
    label : str
        What a screen reader says in place of the drawing.
    table : str
        Id of the grid that holds the same numbers.
    by : tuple of str
        Selectors that the chart follows.
    choices : mapping of str to list of str
        Securities one may choose to see with their band.
    """

    id: str
    title: str
    kind: str
    sets: Mapping[str, pl.DataFrame]
    captions: Mapping[str, str]
    label: str
    table: str = ""
    by: tuple[str, ...] = ()
    first: str = ""
    hint: str = ""
    choices: Mapping[str, Sequence[str]] | None = None

    @property
    def caption(self) -> str:
        """The caption of the first choice."""
        return self.captions.get(self.first, "")

    @property
    def record(self) -> dict[str, Any]:
        """What the script of the page reads."""
        sets = {key: {"columns": rows.columns, "rows": _compact(rows)} for key, rows in self.sets.items()}
        record = {"kind": self.kind, "by": self.by, "sets": sets, "captions": self.captions, "title": self.title}
        choices = {key: [clean(name) for name in names] for key, names in (self.choices or {}).items()}
        return record | ({"choices": choices} if choices else {})


def _compact(rows: pl.DataFrame) -> list[tuple[Any, ...]]:
    """Return rows for drawing: five digits are more than a screen can show; tables hold the numbers whole."""
    texts = [shown(rows[name], _plain) for name, kind in rows.schema.items() if kind == pl.String]
    return rows.with_columns(pl.col(pl.Float64).round_sig_figs(_DIGITS), *texts).rows()


def _plain(value: str | None) -> str | None:
    return None if value is None else clean(value)


def event_file(event_id: str) -> str:
    """Return the file of an event's page."""
    return f"event-{slug(event_id)}.html"


def security_file(symbol: str) -> str:
    """Return the file of a security's page."""
    return f"security-{slug(symbol, upper=True)}.html"


def theme_file(theme: str) -> str:
    """Return the file of a theme's page."""
    return f"theme-{slug(theme)}.html"


TO_EVENT: Final = Link("event_id", event_file)
"""Link of a row to its event."""


def to_known_event(marts: Marts, column: str = "event_id") -> Link:
    """Link a row to the event that a column names, if the report has its page."""
    return Link(column, lambda event_id: event_file(event_id) if event_id in marts.event_of else None)


def to_security(marts: Marts) -> Link:
    """Link a row to its security, if the report has its page."""
    return Link("symbol", lambda symbol: security_file(symbol) if symbol in marts.security_of else None)


def model_words(study: Mapping[str, Any]) -> str:
    """Return a study's model and estimation window for a caption."""
    benchmark = f" on {clean(study['benchmark_symbol'])}" if study["benchmark_symbol"] else ""
    span = window_name(study["estimation_start"], study["estimation_end"])
    return f"model {study['model'].replace('_', ' ')}{benchmark}, estimated over {span}"


def window_name(start: int, end: int) -> str:
    """Return a window with signed days."""
    return f"[{_signed(start)},\u2009{_signed(end)}]"


def _signed(day: int) -> str:
    return number(day, 0, signed=True)


def stamp(marts: Marts) -> str:
    """Return source and as-of for a caption."""
    generation = marts.generation
    return f"source {clean(generation['source'])}, as of {instant(generation['published_at'])}"


def fingerprint(marts: Marts) -> list[tuple[str, str]]:
    """Return what a page's numbers come from."""
    generation = marts.generation
    return [
        ("As of", instant(generation["published_at"])),
        ("Source of prices", clean(generation["source"])),
        ("Generation", generation["generation_id"]),
        ("Content hash", generation["content_hash"]),
        ("Run", generation["run_id"]),
        ("Input hash", generation["input_hash"] or "not recorded"),
        ("Code version", generation["code_version"] or "not recorded"),
    ]


def with_reach(frame: pl.DataFrame, se: str) -> pl.DataFrame:
    """Add ``reach``, half the width of a value's 95 % interval by its own degrees of freedom."""
    reach = frame[se].to_numpy() * stdtrit(frame["df"].cast(pl.Float64).to_numpy(), (1 + CONFIDENCE) / 2)
    return frame.with_columns(pl.Series("reach", reach, nan_to_null=True))


def as_day(column: str) -> pl.Expr:
    """Return dates as days since 1970-01-01, which is the shortest way to write them."""
    return pl.col(column).cast(pl.Date).cast(pl.Int32)


def shown(column: pl.Series, how: Any) -> pl.Series:
    """Return a column as text."""
    return pl.Series(column.name, [how(value) for value in column], dtype=pl.String)


def verdict() -> pl.Expr:
    """Hold a CAR against the direction that was expected."""
    signed = pl.when(pl.col("car") > 0).then(pl.lit("+")).otherwise(pl.lit("-"))
    known = pl.col("expected_sign").is_in(["+", "-"])
    return (
        pl.when(pl.col("p_value") >= LEVEL)
        .then(pl.lit("p above 0.05"))
        .when(~known.fill_null(value=False))
        .then(pl.lit("no direction expected"))
        .when(signed == pl.col("expected_sign"))
        .then(pl.lit("as expected"))
        .otherwise(pl.lit("against the thesis"))
    )


def interval_rows(cars: pl.DataFrame, label: str) -> pl.DataFrame:
    """Return the rows of a chart of intervals, in the frame's order; `label` names the column of their names."""
    rows = with_reach(cars.drop_nulls(["car", "car_se"]), "car_se")
    return rows.select(
        label=label,
        car="car",
        reach="reach",
        verdict=verdict(),
        scar=shown(rows["scar"], lambda value: number(value, signed=True)),
        p=shown(rows["p_value"], p_value),
        sign=pl.col("expected_sign").fill_null("none"),
    )


def milliseconds(value: datetime | date | None) -> int | None:
    """Return an instant as Vega counts it."""
    if value is None:
        return None
    at = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day, tzinfo=UTC)
    return round(at.timestamp() * 1000)


def pretty(spec: str) -> str:
    """Return a specification as indented JSON."""
    return json.dumps(json.loads(spec), indent=1, sort_keys=True)


def title_of(event: Mapping[str, Any], longest: int) -> str:
    """Return an event's title, cut."""
    return cut(clean(event["title"]), longest)


TO_TEST: Final = Link("test", lambda test: f"methods.html#{test}")
"""Link of a row to what the methods say of its test."""

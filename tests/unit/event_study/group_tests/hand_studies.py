"""Studies whose abnormal returns are the numbers a test writes down.

The benchmark MKT never moves and the model is market-adjusted unless a test asks for another, so with R in percent

    AR = R,   sigma^2 = (sum of squared returns of the estimation window)/L1,   d = L1,   Var(CAR) = sigma^2 L2,

and returns enter as they are written: equal numbers are equal to the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any

import polars as pl
from scipy import stats

from pipelines.contracts import FCT_GROUP_TESTS
from pipelines.event_study import StudyResult, Window, group_tests, run_study
from tests.event_study_inputs import a_spec, day, panel_of, resolved_pairs

PERCENT = 0.01
DAY_0 = Window(0, 0)
SCHEMA = {
    "symbol": pl.String,
    "session_date": pl.Date,
    "session_index": pl.Int64,
    "return_price": pl.Float64,
    "simple_return": pl.Float64,
    "log_return": pl.Float64,
}

Percents = Sequence[float | None]
PerPair = Sequence[Any]
"""Percents of each pair."""

Paths = dict[str, dict[int, float | None]]


def swings(size: float, n: int = 10) -> list[float]:
    """Return n daily returns of `size` percent, up and down by turns: their sigma is `size` percent if n is even."""
    return [size if number % 2 == 0 else -size for number in range(n)]


def returns_of(paths: Paths, date_of: Callable[[str, int], date] = lambda _, index: day(index)) -> pl.DataFrame:
    """Return the frame of a panel from percent by symbol and session; None is a price without a return."""
    first = min(min(path) for path in paths.values())
    last = max(max(path) for path in paths.values())
    paths = paths | {"MKT": dict.fromkeys(range(first, last + 4), 0.0)}
    rows = [
        (symbol, date_of(symbol, index), index, 1.0, *([None] * 2 if value is None else [PERCENT * value] * 2))
        for symbol, path in paths.items()
        for index, value in sorted(path.items())
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def paths_of(before: PerPair, event: PerPair, symbols: Sequence[str], at: Sequence[int]) -> Paths:
    """Lay out returns around each pair's day 0; None is a session without a price."""
    paths: Paths = {symbol: {} for symbol in symbols}
    for symbol, day_0, values, window in zip(symbols, at, before, event, strict=True):
        path = paths[symbol]
        start = day_0 - len(values)
        path.setdefault(start - 1, None)
        path |= {start + place: value for place, value in enumerate([*values, *window]) if value is not None}
        paths[symbol] = path
    return paths


def a_study(
    before: PerPair,
    event: PerPair,
    /,
    *,
    symbols: Sequence[str] | None = None,
    at: Sequence[int] | None = None,
    threads: int | None = None,
    **changes: Any,
) -> StudyResult:
    """Run a study of one pair per row, with these returns in percent up to day -1 and from day 0 on.

    Pairs are of different securities and have their day 0 one session apart unless `symbols` and `at` say otherwise.
    Other keywords are fields of the specification.
    """
    length = max(map(len, before))
    names = symbols or [f"S{number:02d}" for number in range(len(event))]
    days = at or [length + 1 + number for number in range(len(event))]
    fields = {
        "model": "market_adjusted",
        "estimation": Window(-length, -1),
        "event": Window(0, len(event[0]) - 1),
        "car_windows": (Window(0, len(event[0]) - 1),),
        "min_estimation_obs": 1,
    }
    returns = returns_of(paths_of(before, event, names, days))
    pairs = [(f"e{number:02d}", symbol, day_0) for number, (symbol, day_0) in enumerate(zip(names, days, strict=True))]
    return run_study(a_spec(**(fields | changes)), panel_of(returns), resolved_pairs(returns, pairs), threads=threads)


def one_day(
    values: Sequence[float | None], sizes: Sequence[float] | None = None, *, n: int = 10, **changes: Any
) -> StudyResult:
    """Run a study of day 0 alone: pair i has AR `values[i]` and sigma `sizes[i]` percent (1), from n (even) days."""
    of_pair = sizes or [1.0] * len(values)
    return a_study([swings(size, n) for size in of_pair], [[value] for value in values], **changes)


def on_one_date(n_pairs: int, length: int = 10) -> list[int]:
    """Return the same day 0 for every pair."""
    return [length + 1] * n_pairs


def everyone(result: StudyResult, group_by: str = "all", group_value: str = "all") -> pl.DataFrame:
    """Return one group of all pairs asked for."""
    return result.asked.frame.select("event_id", "symbol", group_by=pl.lit(group_by), group_value=pl.lit(group_value))


def group(result: StudyResult, pairs: Iterable[int], value: str, group_by: str = "part") -> pl.DataFrame:
    """Return a group of the pairs with these numbers."""
    return everyone(result, group_by, value)[list(pairs)]


def rows_of(result: StudyResult, groups: pl.DataFrame | None = None, window: Window = DAY_0) -> dict[str, Any]:
    """Return the rows of one window by the name of the test; there must be one group."""
    frame = group_tests(result, everyone(result) if groups is None else groups)
    frame = frame.filter(window_start=window.start, window_end=window.end)
    assert frame.select("group_by", "group_value").unique().height == 1
    return {str(row["test"]): row for row in frame.iter_rows(named=True)}


def row_of(result: StudyResult, test: str, window: Window = DAY_0) -> dict[str, Any]:
    """Return the row of one test over all pairs."""
    row: dict[str, Any] = rows_of(result, window=window)[test]
    return row


def verdict(row: dict[str, Any]) -> tuple[bool, str | None]:
    """Return whether a test is valid, and its note."""
    return row["is_valid"], row["note"]


def has_no_value(row: dict[str, Any]) -> bool:
    """Tell whether a row says nothing: no statistic, no p-value of any kind, no degrees of freedom, not valid."""
    empty = all(row[name] is None for name in ("statistic", "p_value", "p_holm", "p_bh", "df"))
    return empty and not row["is_valid"] and row["note"] is not None


def p_t(statistic: float, df: float) -> float:
    """Return the two-sided p-value of Student's t."""
    return 2.0 * float(stats.t.sf(abs(statistic), df))


def p_normal(statistic: float) -> float:
    """Return the two-sided p-value of the standard normal."""
    return math.erfc(abs(statistic) / math.sqrt(2.0))


def values_of(frame: pl.DataFrame) -> pl.DataFrame:
    """Return rows of tests without the columns that other groups may change: Holm's and Benjamini-Hochberg's."""
    assert frame.schema == FCT_GROUP_TESTS.polars_schema
    return frame.drop("p_holm", "p_bh")

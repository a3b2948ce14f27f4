"""Real prices that always run: twenty US stocks, the S&P 500 and five factor funds from the files of `skfolio`.

The package is BSD-licensed and installed for development. Its data files are read where they lie; it is not imported.
"""

from __future__ import annotations

import gzip
from datetime import date
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

import polars as pl

from pipelines.event_study import ReturnPanel, StudyResult, StudySpec, Window, run_study
from tests.event_study_inputs import a_spec, wide_returns

FIRST, LAST = date(2017, 12, 29), date(2022, 12, 28)
BENCHMARK = "SPX"
FUNDS = ("mtum", "qual", "size", "usmv", "vlue")
"""Exchange-traded funds of momentum, quality, size, low volatility and value: their returns are the factors."""

EVENTS = {
    "apple-warns": date(2019, 1, 3),
    "tariffs": date(2019, 5, 13),
    "covid-circuit-breaker": date(2020, 3, 16),
    "second-wave": date(2020, 6, 11),
    "vaccine": date(2020, 11, 9),
    "omicron": date(2021, 11, 26),
    "invasion": date(2022, 2, 24),
    "rates-first": date(2022, 5, 5),
    "cpi-may": date(2022, 6, 13),
    "cpi-august": date(2022, 9, 13),
    "cpi-october": date(2022, 11, 10),
}
"""Days on which the whole market moved, so that the stocks of one day depend on one another."""

WINDOWS = (Window(-1, 1), Window(0, 3), Window(-5, 5))


def data_file(name: str) -> pl.DataFrame:
    """Read a price file of the package between FIRST and LAST, the date as `date`."""
    path = Path(str(distribution("skfolio").locate_file(f"skfolio/datasets/data/{name}.csv.gz")))
    frame = pl.read_csv(gzip.decompress(path.read_bytes()), try_parse_dates=True)
    return frame.rename({frame.columns[0]: "date"}).filter(pl.col("date").is_between(FIRST, LAST))


@cache
def panel_prices() -> pl.DataFrame:
    """Return adjusted closing prices by `date`, a column per stock and the index as SPX."""
    index = data_file("sp500_index").rename({"SP500": BENCHMARK})
    return data_file("sp500_dataset").join(index, on="date", how="left", maintain_order="left")


@cache
def factor_returns() -> pl.DataFrame:
    """Return the funds' simple returns by `factor_date`."""
    funds = data_file("factors_dataset").rename(str.lower)
    changes = funds.select(pl.col("date").alias("factor_date"), *(pl.col(name).pct_change() for name in FUNDS))
    return changes.drop_nulls()


@cache
def panel_returns() -> pl.DataFrame:
    """Return the panel's prices and returns, a row per symbol and session."""
    return wide_returns(panel_prices())


@cache
def panel_pairs() -> pl.DataFrame:
    """Return every stock on every event, 220 pairs; day 0 is the event's own date, which is a session."""
    events = pl.DataFrame({"event_id": list(EVENTS), "event_session": list(EVENTS.values())})
    stocks = panel_returns().filter(pl.col("symbol") != BENCHMARK)
    return events.join(
        stocks.select("symbol", event_session="session_date", event_index="session_index"), on="event_session"
    ).with_columns(last_index=pl.lit(panel_prices().height - 1), is_ended=pl.lit(value=False))


def a_real_spec(**changes: object) -> StudySpec:
    """Return a market-model study with 240 estimation days, some fields changed."""
    fields: dict[str, object] = {
        "study_id": "real",
        "benchmark_symbol": BENCHMARK,
        "estimation": Window(-250, -11),
        "event": Window(-5, 5),
        "car_windows": WINDOWS,
        "min_estimation_obs": 200,
    }
    return a_spec(**(fields | changes))


def study_of(spec: StudySpec, pairs: pl.DataFrame | None = None) -> StudyResult:
    """Run a study on the panel, by default of every stock on every event."""
    panel = ReturnPanel.from_frame(panel_returns(), factor_returns())
    return run_study(spec, panel, panel_pairs() if pairs is None else pairs)

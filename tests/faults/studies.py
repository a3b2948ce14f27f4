"""Studies of a small made-up market, and what must not change when a part of its input is bad."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
from polars.testing import assert_frame_equal

from flows.ad_hoc import AdHocStudy, ad_hoc_study
from pipelines.event_study.definitions import StudyDefinition
from pipelines.settings import load_settings
from tests.generated_prices import MARKET, market, new_york_sessions, write

DAYS = new_york_sessions(date(2023, 1, 3), date(2024, 4, 30))[:320]
BAD_DAY = DAYS[150]
"""A day in the estimation window of every event below."""

EVENTS = f"event_id,symbol,event_date\ne1,AAA,{DAYS[280]}\ne1,BBB,{DAYS[280]}\ne2,AAA,{DAYS[290]}\n"
RESULTS = ("fct_study_securities", "fct_abnormal_returns", "fct_event_cars")
ADJUSTED = ("p_holm", "p_bh")
DEFINITION = {
    "id": "ad-hoc",
    "title": "a study of the fault tests",
    "model": "market",
    "benchmark": MARKET,
    "estimation": [-260, -11],
    "event_window": [-10, 10],
    "car_windows": [[0, 0], [-10, 10]],
    "min_estimation_obs": 120,
}


def clean_prices() -> pl.DataFrame:
    """Return prices without a fault."""
    return market(["AAA", "BBB", MARKET], DAYS)


def edited(frame: pl.DataFrame, **cells: Any) -> pl.DataFrame:
    """Return the prices with AAA's row of the bad day changed."""
    is_row = is_bad_row()
    return frame.with_columns(
        pl.when(is_row).then(pl.lit(value, frame.schema[name])).otherwise(pl.col(name)).alias(name)
        for name, value in cells.items()
    )


def is_bad_row() -> pl.Expr:
    """Tell AAA's row of the bad day."""
    return (pl.col("symbol") == "AAA") & (pl.col("date") == BAD_DAY)


def study(
    prices: pl.DataFrame | Path,
    folder: Path,
    events: str = EVENTS,
    exchange: str | None = "XNYS",
    *,
    defined: Mapping[str, object] | None = None,
    **settings: Any,
) -> AdHocStudy:
    """Study the events on the prices as `reaction study` does; all symbols trade in New York unless told otherwise.

    `defined` are fields of the study's definition that differ from DEFINITION.
    """
    file = write(prices, folder / "prices.parquet") if isinstance(prices, pl.DataFrame) else prices
    events_file = folder / "events.csv"
    events_file.write_text(events)
    home = folder.parent / "home"  # of all tests of a session, as a home keeps calendars once they are built
    chosen = load_settings(home=home, prices=[str(file)], events=[str(events_file)], exchange=exchange, **settings)
    return ad_hoc_study(chosen, StudyDefinition.model_validate({**DEFINITION, **(defined or {})}))


def ledger(found: AdHocStudy) -> dict[tuple[str, str], tuple[str, str | None]]:
    """Return status and reason by pair."""
    frame = found.tables["fct_study_securities"]
    return {(row[0], row[1]): (row[2], row[3]) for row in frame.select("event_id", "symbol", "status", "reason").rows()}


def quarantine(found: AdHocStudy) -> list[tuple[str, str | None]]:
    """Return rule and symbol of every quarantined row."""
    return found.tables["quarantine"].select("rule_id", "symbol").rows()


def assert_same_results(found: AdHocStudy, expected: AdHocStudy, pairs: Collection[tuple[str, str]]) -> None:
    """Hold the results of some pairs to those of another study, to the last digit.

    P-values that are adjusted over all pairs are compared where all pairs are.
    """
    adjusted = () if set(pairs) == set(ledger(expected)) else ADJUSTED
    wanted = pl.DataFrame(sorted(pairs), schema=["event_id", "symbol"], orient="row")
    for name in RESULTS:
        here, there = (
            each.tables[name]
            .join(wanted, on=["event_id", "symbol"], how="semi", maintain_order="left")
            .drop(adjusted, strict=False)
            for each in (found, expected)
        )
        assert there.height, f"the other study has nothing in {name} for {sorted(pairs)}"
        assert_frame_equal(here, there, check_exact=True)

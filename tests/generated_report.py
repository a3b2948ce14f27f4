"""Marts of made-up numbers for reports: as many events and securities as are wanted, written as a published file."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl

from pipelines.contracts import (
    DIM_EVENTS,
    DIM_SECURITIES,
    DIM_SESSIONS,
    DIM_STUDIES,
    FCT_ABNORMAL_RETURNS,
    FCT_CONFOUNDERS,
    FCT_EVENT_CARS,
    FCT_EVENT_SECURITIES,
    FCT_GROUP_TESTS,
    FCT_RETURNS,
    FCT_STUDY_SECURITIES,
    FCT_VALUE_IMPACT,
    GENERATIONS,
    QUALITY_CHECKS,
    QUARANTINE,
    RUNS,
    Table,
)
from pipelines.contracts.vocabulary import EVENT_THEMES, TESTS

FIRST = date(2020, 1, 1)
NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
STUDY = "made-up-market-model"
WINDOWS = ((0, 0), (-1, 1), (-5, 5), (0, 10), (-10, 10))
DAYS = range(-10, 11)
SPEC = '{"model": "market", "measure": "return"}'


def publish_made_up(
    folder: Path,
    *,
    n_events: int = 3,
    n_securities: int = 4,
    n_sessions: int = 400,
    titles: dict[int, str] | None = None,
    urls: dict[int, str] | None = None,
) -> Path:
    """Write ``marts.duckdb`` and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "marts.duckdb"
    tables = made_up(n_events, n_securities, n_sessions, titles or {}, urls or {})
    with duckdb.connect(str(file)) as connection:
        connection.execute("set timezone = 'UTC'")
        for table, frame in tables:
            connection.register("frame", table.conform(frame).to_arrow())
            connection.execute(f"create table {table.name} as select * from frame")
            connection.unregister("frame")
    return file


def made_up(
    n_events: int, n_securities: int, n_sessions: int, titles: dict[int, str], urls: dict[int, str]
) -> list[tuple[Table, pl.DataFrame]]:
    """Return every table that a report reads."""
    rng = np.random.default_rng(11)
    symbols = [f"S{number:03d}" for number in range(n_securities)]
    days = [FIRST + timedelta(days=number) for number in range(n_sessions)]
    events = [f"event-{number:04d}" for number in range(n_events)]
    day_0 = {event: days[n_sessions - 20 - place % 40] for place, event in enumerate(events)}
    pairs = pl.DataFrame({"event_id": events}).join(pl.DataFrame({"symbol": symbols}), how="cross")
    pairs = pairs.with_columns(
        study_id=pl.lit(STUDY),
        event_session=pl.col("event_id").replace_strict(day_0, return_dtype=pl.Date),
        day0_rule=pl.lit("in_session"),
        expected_sign=pl.lit("+"),
        status=pl.lit("used"),
        reason=pl.lit(None, pl.String),
        n_confounders=0,
        n_estimation_obs=250,
        alpha=0.0001,
        beta=1.1,
        sigma=0.02,
        alpha_se=0.001,
        beta_se=0.1,
        coefficients=pl.lit(None, pl.String),
        df=248,
    )
    return [
        (DIM_EVENTS, _events(events, day_0, titles, urls)),
        (DIM_SECURITIES, _securities(symbols, days)),
        (DIM_SESSIONS, _sessions(days)),
        (DIM_STUDIES, _study()),
        (FCT_EVENT_SECURITIES, pairs),
        (FCT_STUDY_SECURITIES, pairs),
        (FCT_ABNORMAL_RETURNS, _abnormal(pairs, rng)),
        (FCT_EVENT_CARS, _cars(pairs, rng)),
        (FCT_GROUP_TESTS, _tests(events, n_securities, rng)),
        (FCT_VALUE_IMPACT, _value(pairs)),
        (FCT_CONFOUNDERS, _confounders(pairs)),
        (FCT_RETURNS, _returns(symbols, days, rng)),
        *_record(),
    ]


def _events(events: list[str], day_0: dict[str, date], titles: dict[int, str], urls: dict[int, str]) -> pl.DataFrame:
    rows = [
        {
            "event_id": event,
            "title": titles.get(place, f"Something of the kind {place} happened"),
            "occurred_at": _noon(day_0[event]),
            "available_at": _noon(day_0[event]),
            "available_by": _noon(day_0[event]),
            "event_date": None,
            "precision": "minute",
            "kind": "news",
            "theme": EVENT_THEMES[place % len(EVENT_THEMES)],
            "source": "catalogue",
            "url": urls.get(place, "https://example.org/news"),
            "verified": "yes",
            "note": None,
        }
        for place, event in enumerate(events)
    ]
    return pl.DataFrame(rows, schema=DIM_EVENTS.polars_schema)


def _securities(symbols: list[str], days: list[date]) -> pl.DataFrame:
    return pl.DataFrame({"symbol": symbols}).with_columns(
        security_id=pl.col("symbol"),
        name=pl.format("Company {}", "symbol"),
        issuer=pl.lit(None, pl.String),
        share_class=pl.lit(None, pl.String),
        exchange_mic=pl.lit("XNYS"),
        currency=pl.lit("USD"),
        major_currency=pl.lit("USD"),
        units_per_major=1,
        is_minor_unit=pl.lit(value=False),
        provider_currency=pl.lit(None, pl.String),
        asset_class=pl.lit("equity"),
        benchmark_symbol=pl.lit(symbols[0]),
        source=pl.lit("files"),
        return_basis=pl.lit("adj_close"),
        session_basis=pl.lit("exchange_calendar"),
        first_session=pl.lit(days[0]),
        last_session=pl.lit(days[-1]),
        last_session_index=len(days) - 1,
        n_sessions=len(days),
        is_ended=pl.lit(value=False),
        ended_date=pl.lit(None, pl.Date),
    )


def _sessions(days: list[date]) -> pl.DataFrame:
    opens = [datetime(day.year, day.month, day.day, 14, 30, tzinfo=UTC) for day in days]
    return pl.DataFrame({"session_date": days, "open_at": opens}).with_columns(
        exchange_mic=pl.lit("XNYS"),
        close_at=pl.col("open_at") + pl.duration(hours=6, minutes=30),
        session_index=pl.int_range(len(days)),
    )


def _study() -> pl.DataFrame:
    row: dict[str, Any] = {
        "study_id": STUDY,
        "title": "Made-up events on made-up securities",
        "model": "market",
        "benchmark_symbol": "S000",
        "return_type": "simple",
        "estimation_start": -260,
        "estimation_end": -11,
        "event_start": -10,
        "event_end": 10,
        "min_estimation_obs": 120,
        "spec": SPEC,
    }
    return pl.DataFrame([row], schema=DIM_STUDIES.polars_schema)


def _abnormal(pairs: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    rows = pairs.join(pl.DataFrame({"relative_day": list(DAYS)}), how="cross")
    own = pl.Series(rng.normal(0, 0.02, rows.height))
    n_days = pl.col("relative_day") + 11
    return rows.with_columns(abnormal_return=own).with_columns(
        session_date=pl.col("event_session") + pl.duration(days=pl.col("relative_day")),
        actual_return=pl.col("abnormal_return") + 0.001,
        expected_return=0.001,
        abnormal_return_se=0.02,
        std_abnormal_return=pl.col("abnormal_return") / 0.02,
        p_value=0.5,
        cum_abnormal_return=pl.col("abnormal_return").cum_sum().over("event_id", "symbol"),
        cum_abnormal_return_se=0.02 * n_days.cast(pl.Float64).sqrt(),
    )


def _cars(pairs: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    windows = pl.DataFrame(WINDOWS, schema=["window_start", "window_end"], orient="row")
    rows = pairs.join(windows, how="cross")
    car = pl.Series(rng.normal(0, 0.04, rows.height))
    return rows.with_columns(car=car, car_se=0.02).with_columns(
        scar=pl.col("car") / 0.02,
        t_stat=pl.col("car") / 0.02,
        p_value=pl.Series(10.0 ** -rng.uniform(0, 8, rows.height)),
        p_holm=1.0,
        p_bh=0.9,
        bhar=pl.col("car") * 1.01,
        n_days=pl.col("window_end") - pl.col("window_start") + 1,
        is_complete=pl.lit(value=True),
    )


def _tests(events: list[str], n: int, rng: np.random.Generator) -> pl.DataFrame:
    groups = pl.DataFrame(
        {
            "group_by": ["event_id"] * len(events) + ["theme"] * len(EVENT_THEMES),
            "group_value": [*events, *EVENT_THEMES],
        }
    )
    spans = [*WINDOWS[1:], *((day, day) for day in DAYS)]
    windows = pl.DataFrame(spans, schema=["window_start", "window_end"], orient="row")
    names = [name for name in TESTS if not name.endswith("_p")]
    rows = groups.join(windows, how="cross").join(pl.DataFrame({"test": names}), how="cross")
    return rows.with_columns(
        study_id=pl.lit(STUDY),
        statistic=pl.Series(rng.normal(0, 1, rows.height)),
        p_value=pl.Series(rng.uniform(0, 1, rows.height)),
        p_holm=1.0,
        p_bh=1.0,
        df=99.0,
        n=n,
        caar=-0.01,
        r_bar=0.1,
        is_valid=pl.col("test").is_in(["bmp_t_adjusted", "grank_t"]),
        note=pl.when(pl.col("test") == "bmp_t").then(pl.lit("the pairs share one event session")),
    )


def _confounders(pairs: pl.DataFrame) -> pl.DataFrame:
    """Return a split of each security on the day after, and results well before, which are in no event window."""
    splits = pairs.select("event_id", "symbol").with_columns(
        confounder_kind=pl.lit("ex_date"),
        confounder_id=pl.format("action:{}:day", "symbol"),
        title=pl.format("{} splits 10 for 1", "symbol"),
        confounder_session=pairs["event_session"] + timedelta(days=1),
        relative_day=1,
        in_window=pl.lit("event"),
        distance=1,
        is_named=pl.lit(value=False),
    )
    earlier = splits.with_columns(
        confounder_kind=pl.lit("earnings"),
        confounder_id=pl.lit("results"),
        relative_day=-60,
        in_window=pl.lit("estimation"),
        distance=60,
    )
    return pl.concat([splits, earlier])


def _value(pairs: pl.DataFrame) -> pl.DataFrame:
    return pairs.filter(pl.col("symbol") == "S001").with_columns(
        session_date="event_session",
        shares_outstanding=1e9,
        shares_filed_date="event_session",
        market_cap_before_usd=1e11,
        value_change_usd=-2.5e9,
        abnormal_value_usd=-2e9,
    )


def _returns(symbols: list[str], days: list[date], rng: np.random.Generator) -> pl.DataFrame:
    calendar = pl.DataFrame({"session_date": days}).with_columns(
        session_index=pl.int_range(len(days)), previous_session_date=pl.col("session_date").shift(1)
    )
    rows = pl.DataFrame({"symbol": symbols}).join(calendar, how="cross")
    rows = rows.with_columns(simple_return=pl.Series(rng.normal(0.0005, 0.02, rows.height)))
    close = 100 * (1 + pl.col("simple_return")).cum_prod().over("symbol")
    return rows.with_columns(close=close, adj_close=close, volume=1e6, log_return=pl.col("simple_return").log1p())


def _record() -> list[tuple[Table, pl.DataFrame]]:
    run = {
        "run_id": "r1",
        "started_at": NOW,
        "finished_at": NOW,
        "flow": "daily",
        "source": "files",
        "code_version": "0",
    }
    counts = {"n_requests": None, "n_rows": 1}
    check = {"run_id": "r1", "gate": "publish", "table_name": "dim_events", "check_name": "columns", "severity": "fail"}
    generation = {
        "generation_id": "g1",
        "run_id": "r1",
        "published_at": NOW,
        "content_hash": "c1",
        "table_hashes": "{}",
    }
    return [
        (RUNS, pl.DataFrame([run | {"input_hash": "i1", "status": "published", "message": None, **counts}])),
        (QUALITY_CHECKS, pl.DataFrame([check | _measured()])),
        (QUARANTINE, QUARANTINE.empty()),
        (GENERATIONS, pl.DataFrame([generation])),
    ]


def _measured() -> dict[str, Any]:
    return {"passed": True, "observed": 0.0, "expected": 0.0, "n_rows": 3, "sample": None, "checked_at": NOW}


def _noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 17, 0, tzinfo=UTC)

"""Small panels, pairs and studies that the event-study tests share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl

from pipelines.event_study import ReturnPanel, StudySpec, Window

FIRST_DAY = date(2024, 1, 1)
PRICE_COLUMNS = {"symbol": pl.String, "session_date": pl.Date, "session_index": pl.Int64, "return_price": pl.Float64}


def day(number: int) -> date:
    """Return the date that lies `number` days after the first."""
    return FIRST_DAY + timedelta(days=number)


def price_rows(symbol: str, prices: Sequence[float | None], first: int = 0) -> list[tuple[str, date, int, float]]:
    """Return a row per session with a price; session n of the count falls on day n, and None is no row."""
    return [
        (symbol, day(number), number, float(price))
        for number, price in enumerate(prices, start=first)
        if price is not None
    ]


def compounded(returns: Iterable[float], start: float = 1.0) -> list[float]:
    """Return the prices that have these simple returns, the starting price first."""
    prices = [start]
    for simple_return in returns:
        prices.append(prices[-1] * (1.0 + simple_return))
    return prices


def with_returns(prices: pl.DataFrame) -> pl.DataFrame:
    """Add returns over one session: null on a listing's first row and after a session without a price."""
    ratio = pl.col("return_price") / pl.col("return_price").shift(1)
    follows = pl.col("session_index").diff() == 1
    return prices.sort("symbol", "session_index").with_columns(
        pl.when(follows).then(ratio - 1.0).over("symbol").alias("simple_return"),
        pl.when(follows).then(ratio.log()).over("symbol").alias("log_return"),
    )


def returns_frame(*listings: list[tuple[str, date, int, float]]) -> pl.DataFrame:
    """Return the frame a panel is made from, given rows of prices."""
    rows = [row for listing in listings for row in listing]
    return with_returns(pl.DataFrame(rows, schema=PRICE_COLUMNS, orient="row"))


def wide_returns(prices: pl.DataFrame) -> pl.DataFrame:
    """Return the frame a panel is made from, given a `date` column and one price column per symbol.

    The session count of every listing is the row number.
    """
    return with_returns(
        prices.with_row_index("session_index")
        .with_columns(pl.col("session_index").cast(pl.Int64))
        .unpivot(index=["date", "session_index"], variable_name="symbol", value_name="return_price")
        .drop_nulls("return_price")
        .rename({"date": "session_date"})
    )


def resolved_pairs(
    returns: pl.DataFrame, pairs: Iterable[tuple[str, str, int]], *, is_ended: bool = False
) -> pl.DataFrame:
    """Return pairs for the engine from (event_id, symbol, session_index of day 0); session n falls on day n."""
    last = returns.group_by("symbol").agg(last_index=pl.col("session_index").max())
    asked = pl.DataFrame(list(pairs), schema=["event_id", "symbol", "event_index"], orient="row")
    return asked.join(last, on="symbol", how="left").with_columns(
        event_session=pl.lit(FIRST_DAY) + pl.duration(days="event_index"), is_ended=pl.lit(is_ended)
    )


def a_spec(**changes: Any) -> StudySpec:
    """Return a small market-model study with some fields changed."""
    fields: dict[str, Any] = {
        "study_id": "test",
        "title": "a test",
        "model": "market",
        "benchmark_symbol": "MKT",
        "return_type": "simple",
        "estimation": Window(-40, -6),
        "event": Window(-5, 5),
        "car_windows": (Window(0, 0), Window(-1, 1), Window(-5, 5)),
        "min_estimation_obs": 10,
    }
    return StudySpec(**(fields | changes))


def random_returns(
    seed: int,
    n_symbols: int = 4,
    n_sessions: int = 120,
    *,
    missing: float = 0.0,
    benchmark_missing: float = 0.0,
    always: Sequence[int] = (),
) -> pl.DataFrame:
    """Return seeded random returns of S0, S1, ... and of the benchmark MKT.

    Sessions go missing at the given rates, except those in `always`.
    """
    random = np.random.default_rng(seed)
    market = 0.0004 + 0.01 * random.standard_normal(n_sessions)
    paths = {"MKT": market} | {
        f"S{number}": random.uniform(0.3, 1.8) * market + 0.02 * random.standard_t(5, n_sessions)
        for number in range(n_symbols)
    }
    listings = []
    for symbol, path in paths.items():
        prices = compounded(np.maximum(path, -0.5), start=random.uniform(5, 500))
        kept = random.uniform(size=len(prices)) >= (benchmark_missing if symbol == "MKT" else missing)
        kept[list(always)] = True
        listings.append(price_rows(symbol, [price if keep else None for price, keep in zip(prices, kept, strict=True)]))
    return returns_frame(*listings)


def panel_of(returns: pl.DataFrame) -> ReturnPanel:
    """Return the panel of a frame of returns."""
    return ReturnPanel.from_frame(returns)

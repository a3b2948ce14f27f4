"""Marts of made-up prices under the names of real securities, with a few jumps on days that the catalogue knows."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl

from pipelines.sessions import OVERRIDES, build_sessions
from tests.generated_prices import market, write
from tests.running import reaction_here

FIRST, LAST = date(2021, 6, 1), date(2025, 12, 31)
INDEX = "^GSPC"
NEW_YORK = (
    *("NVDA", "AVGO", "AMD", "MRVL", "MU", "TSM", "VRT", "VST", "ANET", "ORCL"),
    *("META", "AAPL", "INTC", "LRCX", "AMAT", "AMZN", "MSFT", "GOOGL"),
)
JUMPS = (
    ("NVDA", date(2023, 5, 25), 1.24),
    ("NVDA", date(2024, 8, 29), 0.93),
    ("AMD", date(2024, 10, 30), 0.90),
    ("NVDA", date(2025, 1, 27), 0.83),
    ("VRT", date(2025, 1, 27), 0.70),
    ("8035.T", date(2025, 1, 27), 0.90),
)


def prices() -> pl.DataFrame:
    """Return made-up prices: New York, Tokyo, and Bitcoin on every day."""
    days = (FIRST + timedelta(days=number) for number in range((LAST - FIRST).days + 1))
    frame = pl.concat(
        [
            market([*NEW_YORK, INDEX], _sessions("XNYS"), index=INDEX),
            market(["8035.T"], _sessions("XTKS"), seed=8),
            market(["BTC-USD"], list(days), seed=9),
        ]
    )
    after = pl.lit(1.0)
    for symbol, day, factor in JUMPS:
        is_after = (pl.col("symbol") == symbol) & (pl.col("date") >= day)
        after *= pl.when(is_after).then(factor).otherwise(1.0)
    return frame.with_columns(pl.col("open", "high", "low", "close", "adj_close") * after)


def _sessions(exchange: str) -> list[date]:
    sessions = build_sessions([exchange], FIRST, LAST, OVERRIDES.empty()).sessions
    return [day for day in sessions["session_date"].to_list() if FIRST <= day <= LAST]


def publish_generated(home: Path) -> Path:
    """Publish marts of the made-up prices and return their home."""
    file = write(prices(), home.parent / "prices.parquet")
    finished = reaction_here("run", "--no-prefect", "--source", "files", "--prices", file, home=home)
    assert finished.code == 0, finished.err
    return home

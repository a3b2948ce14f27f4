"""Small markets of made-up prices, the same on every machine."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from pipelines.sessions import OVERRIDES, build_sessions

FIRST_DAY = date(2023, 1, 2)
MARKET = "MKT"


def weekdays(n: int, first: date = FIRST_DAY) -> list[date]:
    """Return the first n days from Monday to Friday."""
    days = (first + timedelta(days=number) for number in range(2 * n + 7))
    return [day for day in days if day.weekday() < 5][:n]


def new_york_sessions(first: date, last: date) -> list[date]:
    """Return the sessions of the New York exchange between two days."""
    return build_sessions(["XNYS"], first, last, OVERRIDES.empty()).sessions["session_date"].to_list()


def market(symbols: Sequence[str], days: Sequence[date], index: str = MARKET, seed: int = 7) -> pl.DataFrame:
    """Return a row of prices per symbol and day; the other symbols follow the index with noise of their own.

    Prices of the first days do not depend on how many days follow.
    """
    n = len(days)
    shocks = np.random.default_rng(seed).normal(0.0, 0.01, (10_000, len(symbols) + 1))[:n]
    common = shocks[:, -1]
    frames = []
    for number, symbol in enumerate(symbols):
        returns = common if symbol == index else 0.0002 + (0.8 + 0.2 * number) * common + 1.2 * shocks[:, number]
        price = np.round(100.0 * np.exp(np.cumsum(returns)), 6)
        columns = {"open": price, "high": price * 1.01, "low": price * 0.99, "close": price, "adj_close": price}
        frames.append(pl.DataFrame({"symbol": [symbol] * n, "date": days, **columns, "volume": np.full(n, 1e6)}))
    return pl.concat(frames)


def write(frame: pl.DataFrame, file: Path) -> Path:
    """Write a frame as the file's ending says."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.suffix == ".parquet":
        frame.write_parquet(file)
    else:
        frame.write_csv(file)
    return file

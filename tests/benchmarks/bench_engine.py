"""Measure the event-study engine: pairs per second, peak memory, and the ratio to the loop reference.

    python tests/benchmarks/bench_engine.py --pairs 100000

The panel is synthetic (seeded): market model, estimation window [-260,-11], event window [-10,10], five CAR windows.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import polars as pl

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS.parent), str(TESTS), str(TESTS / "oracle")]

import reference  # noqa: E402
from event_study_inputs import a_spec, with_returns  # noqa: E402

from pipelines.event_study import ReturnPanel, StudySpec, Window, group_tests, run_study  # noqa: E402
from pipelines.event_study.engine import CHUNK_SIZE  # noqa: E402

N_SESSIONS = 2_500
FIRST_DAY_0 = 300
_Made = TypeVar("_Made")


def prices(n_symbols: int, seed: int = 1) -> pl.DataFrame:
    """Return seeded prices of a market MKT and of `n_symbols` securities over about ten years of weekdays."""
    random = np.random.default_rng(seed)
    market = 0.01 * random.standard_normal(N_SESSIONS)
    betas = np.append(1.0, random.uniform(0.3, 1.8, n_symbols))
    noise = 0.02 * random.standard_normal((n_symbols + 1, N_SESSIONS))
    noise[0] = 0.0
    levels = 100.0 * np.exp(np.cumsum(betas[:, None] * market + noise, axis=1))
    days = pl.date_range(pl.date(2010, 1, 1), pl.date(2030, 1, 1), eager=True)
    sessions = days.filter(days.dt.weekday() <= 5).head(N_SESSIONS)
    symbols = ["MKT", *(f"S{number:05d}" for number in range(n_symbols))]
    return pl.DataFrame(
        {
            "symbol": pl.Series(symbols).gather(np.repeat(np.arange(len(symbols)), N_SESSIONS)),
            "session_date": sessions.gather(np.tile(np.arange(N_SESSIONS), len(symbols))),
            "session_index": np.tile(np.arange(N_SESSIONS), len(symbols)),
            "return_price": levels.ravel(),
        }
    )


def random_pairs(returns: pl.DataFrame, n_pairs: int, seed: int = 2) -> pl.DataFrame:
    """Return `n_pairs` pairs on random sessions, a hundred pairs per event."""
    random = np.random.default_rng(seed)
    symbols = returns["symbol"].unique().sort().filter(returns["symbol"].unique().sort() != "MKT")
    sessions = returns.filter(symbol="MKT")["session_date"]
    event_index = random.integers(FIRST_DAY_0, N_SESSIONS - 20, n_pairs // 100 + 1).repeat(100)[:n_pairs]
    place = np.arange(n_pairs) % min(100, symbols.len()) + (np.arange(n_pairs) // 100 * 37) % max(1, symbols.len() - 99)
    return pl.DataFrame(
        {
            "event_id": pl.Series(np.arange(n_pairs) // 100).cast(pl.String),
            "symbol": symbols.gather(place),
            "event_session": sessions.gather(event_index),
            "event_index": event_index,
            "last_index": np.full(n_pairs, N_SESSIONS - 1),
            "is_ended": np.zeros(n_pairs, dtype=bool),
        }
    )


def timed(work: Callable[[], _Made]) -> tuple[float, _Made]:
    """Return the seconds a piece of work takes, and what it makes."""
    start = time.perf_counter()
    made = work()
    return time.perf_counter() - start, made


def peak_memory_mb() -> float:
    """Return the process's largest resident memory so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def loop_seconds(spec: StudySpec, returns: pl.DataFrame, pairs: pl.DataFrame) -> float:
    """Return the seconds per pair of the loop reference."""
    market = reference.listings(returns)
    rows = list(pairs.select("symbol", "event_index", "last_index").iter_rows())
    seconds, _ = timed(lambda: [reference.study_pair(spec, market, *row) for row in rows])
    return seconds / len(rows)


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=100_000)
    parser.add_argument("--symbols", type=int, default=500)
    parser.add_argument("--chunk", type=int, default=CHUNK_SIZE, help="pairs worked on at a time")
    parser.add_argument("--loop-pairs", type=int, default=200, help="pairs given to the loop reference")
    options = parser.parse_args()

    windows = tuple(Window(*bounds) for bounds in ((0, 0), (-1, 1), (-5, 5), (0, 10), (-10, 10)))
    spec = a_spec(estimation=Window(-260, -11), event=Window(-10, 10), car_windows=windows, min_estimation_obs=120)
    returns = with_returns(prices(options.symbols))
    pairs = random_pairs(returns, options.pairs)
    groups = pl.concat(
        [
            pairs.select("event_id", "symbol", group_by=pl.lit("event"), group_value="event_id"),
            pairs.select("event_id", "symbol", group_by=pl.lit("all"), group_value=pl.lit("all")),
        ]
    )
    before = peak_memory_mb()
    panel_seconds, panel = timed(lambda: ReturnPanel.from_frame(returns))
    study_seconds, result = timed(lambda: run_study(spec, panel, pairs, chunk_size=options.chunk))
    test_seconds, tests = timed(lambda: group_tests(spec, result, groups))
    peak = peak_memory_mb()
    n_loop = min(options.loop_pairs, options.pairs)
    loop = loop_seconds(spec, returns, pairs.head(n_loop))

    print(f"{options.pairs:,} pairs, {returns.height:,} returns, {tests.height:,} tests, chunks of {options.chunk:,}")
    print(f"{'step':<28}{'seconds':>10}{'pairs/s':>14}")
    for name, seconds in (
        ("panel", panel_seconds),
        ("run_study", study_seconds),
        ("group_tests", test_seconds),
        ("run_study + group_tests", study_seconds + test_seconds),
    ):
        print(f"{name:<28}{seconds:>10.3f}{options.pairs / seconds:>14,.0f}")
    print(f"{f'loop reference ({n_loop} pairs)':<28}{loop * n_loop:>10.3f}{1 / loop:>14,.0f}")
    print(f"engine is {loop * options.pairs / study_seconds:,.0f} times as fast as the loop")
    print(f"peak memory {peak:,.0f} MB, of which {before:,.0f} MB before the panel (inputs and libraries)")


if __name__ == "__main__":
    main()

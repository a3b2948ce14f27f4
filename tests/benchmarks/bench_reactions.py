"""Time every session as a day 0, and the confounders of ten thousand events.

Run it with ``uv run python tests/benchmarks/bench_reactions.py``.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import duckdb
import numpy as np
import polars as pl

from pipelines.event_study import ReturnPanel, day_reactions
from pipelines.home import SQL
from warehouse.connection import open_memory
from warehouse.models import load_models, run_ready
from warehouse.workspace import set_variables, write_table

FIRST = date(2015, 1, 1)
N_SESSIONS = 2_500
CONFOUNDERS = ("core.occurrences", "core.ledger_windows", "core.related_events", "core.confounders")


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print wall and processor seconds of the block."""
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    print(f"{what}: {time.perf_counter() - wall:.1f} s, {time.process_time() - cpu:.1f} s of processors")


def movers(rng: np.random.Generator, n_securities: int) -> None:
    """Judge every session of securities that follow one index."""
    index = rng.normal(0.0, 0.01, N_SESSIONS)
    returns = np.vstack([index, 0.9 * index + 0.012 * rng.standard_t(4, (n_securities, N_SESSIONS))])
    symbols = ["INDEX", *(f"S{number:03}" for number in range(n_securities))]
    days = [FIRST + timedelta(days=number) for number in range(N_SESSIONS)]
    prices = pl.DataFrame(
        {
            "symbol": np.repeat(symbols, N_SESSIONS),
            "session_date": days * len(symbols),
            "session_index": np.tile(np.arange(N_SESSIONS), len(symbols)),
            "return_price": 100.0 * np.cumprod(1.0 + returns, axis=1).ravel(),
        }
    )
    ratio = (pl.col("return_price") / pl.col("return_price").shift()).over("symbol")
    panel = ReturnPanel.from_frame(prices.with_columns(simple_return=ratio - 1.0, log_return=ratio.log()))
    benchmarks = pl.DataFrame({"symbol": symbols}).with_columns(benchmark_symbol=pl.lit("INDEX"))
    no_days = pl.DataFrame(schema={"symbol": pl.String, "session_date": pl.Date})
    with timed(f"{n_securities} securities x {N_SESSIONS} sessions"):
        found = day_reactions(panel, benchmarks, no_days)
    print(f"  {found.height:,} movers")


def confounders(rng: np.random.Generator, n_events: int, n_themes: int) -> None:
    """List the confounders of events that name three of 100 securities each."""
    with open_memory() as connection:
        set_variables(connection, {"confounders_listed": "20"})
        write_world(connection, rng, n_events, n_themes)
        models = {model.name: model for model in load_models(SQL)}
        for name in CONFOUNDERS:
            with timed(f"{n_events:,} events of {n_themes} themes, {name}"):
                run_ready(connection, [models[name]])
            print(f"  {connection.sql(f'select count(*) from {name}').fetchall()[0][0]:,} rows")


def write_world(connection: duckdb.DuckDBPyConnection, rng: np.random.Generator, n_events: int, n_themes: int) -> None:
    """Write what the models read."""
    ids = pl.Series("event_id", [f"e{number:05}" for number in range(n_events)])
    index = rng.integers(0, N_SESSIONS, n_events)
    themes = ["macro", *(f"t{number}" for number in range(1, n_themes))] if n_themes > 1 else ["t0"]
    events = pl.DataFrame(
        {
            "event_id": ids,
            "title": ids,
            "theme": rng.choice(themes, n_events),
            "event_session": [FIRST + timedelta(days=int(number)) for number in index],
            "event_index": index,
        }
    ).with_columns(kind=pl.lit("news"), calendar=pl.lit("XNYS"), study_id=pl.lit("s"))
    names = [f"S{number:02}" for number in range(100)]
    named = pl.DataFrame({"event_id": np.repeat(ids, 3), "symbol": rng.choice(names, 3 * n_events)}).unique()
    pairs = named.join(events, on="event_id")
    securities = pl.DataFrame({"symbol": names}).with_columns(exchange_mic=pl.lit("XNYS"), source=pl.lit("files"))
    windows = {"estimation_start": -260, "estimation_end": -11, "event_start": -10, "event_end": 10}
    write_table(connection, "core.events", events)
    write_table(connection, "core.event_days", events)
    write_table(connection, "core.event_pairs", named)
    write_table(connection, "core.event_sessions", pairs)
    write_table(connection, "core.securities", securities)
    write_table(connection, "study.securities", pairs)
    write_table(connection, "study.studies", pl.DataFrame({"study_id": ["s"], **{k: [v] for k, v in windows.items()}}))
    day = {"session_date": pl.Date, "session_index": pl.Int64}
    text = dict.fromkeys(("symbol", "result_id", "title"), pl.String)
    write_table(connection, "core.results_days", pl.DataFrame(schema={**text, **day}))
    write_table(connection, "core.calendar_sessions", pl.DataFrame(schema={"calendar": pl.String, **day}))
    action = {"source": pl.String, "symbol": pl.String, "action_date": pl.Date, "kind": pl.String, "value": pl.Float64}
    write_table(connection, "core.price_actions", pl.DataFrame(schema=action))


def main() -> None:
    """Run what the options ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--securities", type=int, default=500)
    parser.add_argument("--events", type=int, default=10_000)
    options = parser.parse_args()
    rng = np.random.default_rng(20250127)
    movers(rng, options.securities)
    for n_themes in (10, 1):
        confounders(rng, options.events, n_themes)
    print(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB")


if __name__ == "__main__":
    main()

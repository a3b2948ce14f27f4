"""Measure the event-study engine: pairs per second, peak memory and growth, beside a loop and a bare kernel.

    uv run python tests/benchmarks/bench_engine.py
    uv run python tests/benchmarks/bench_engine.py --pairs 1000 100000 --repeat 5 --out speed.md

Market model, estimation window [-260,-11], event window [-10,10], five CAR windows, on a seeded panel of 500 securities
and 2,500 sessions. Every figure is the median of several runs of one child process, which holds nothing else; what is
timed begins with the frame of pairs and the panel, and ends with

    cars        (i)   every CAR, its standard error and t
    parametric  (ii)  the whole panel of abnormal returns and every parametric test of every event's group
    rank        (iii) the same and the rank tests
    kernel      bare NumPy: prefix sums, then alpha, beta, sigma and the panel of abnormal returns, nothing checked
    loop        statsmodels' OLS, pair by pair, for alpha, beta, sigma and the panel
    reference   the readable loop of tests/oracle/reference.py, which also has standard errors and CARs
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.lib.stride_tricks import sliding_window_view
from rich.progress import Progress

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS.parent), str(TESTS), str(TESTS / "oracle")]

from event_study_inputs import a_spec, with_returns  # noqa: E402

from pipelines.event_study import ReturnPanel, StudySpec, Window, run_cars, run_study  # noqa: E402
from pipelines.event_study.group_tests import evaluate_groups  # noqa: E402
from pipelines.event_study.group_tests.ranks import RANK_TESTS  # noqa: E402

N_SYMBOLS = 500
N_SESSIONS = 2_500
FIRST_DAY_0 = 300
LOOP_PAIRS = 200
WINDOWS = tuple(Window(*bounds) for bounds in ((0, 0), (-1, 1), (-5, 5), (0, 10), (-10, 10)))
PARAMETRIC = (
    "cross_sectional_t",
    "crude_dependence_t",
    "brown_warner_t",
    "lamb_t",
    "patell_z",
    "patell_csar_z",
    "patell_z_adjusted",
    "bmp_t",
    "bmp_t_adjusted",
    "skewness_adjusted_t",
    "jackknife_t",
    "cluster_robust_t_date",
    "cluster_robust_t_firm",
    "cluster_robust_t",
    "calendar_time_t",
)


def prices(n_symbols: int = N_SYMBOLS, seed: int = 1) -> pl.DataFrame:
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
    """Return `n_pairs` pairs: events on random sessions, each with every security."""
    random = np.random.default_rng(seed)
    symbols = returns["symbol"].unique().sort()
    symbols = symbols.filter(symbols != "MKT")
    sessions = returns.filter(symbol="MKT").sort("session_index")["session_date"]
    event = np.arange(n_pairs) // symbols.len()
    event_index = random.integers(FIRST_DAY_0, N_SESSIONS - 20, int(event[-1]) + 1)[event]
    return pl.DataFrame(
        {
            "event_id": pl.Series(event).cast(pl.String).str.zfill(6),
            "symbol": symbols.gather(np.arange(n_pairs) % symbols.len()),
            "event_session": sessions.gather(event_index),
            "event_index": event_index,
            "last_index": np.full(n_pairs, N_SESSIONS - 1),
            "is_ended": np.zeros(n_pairs, dtype=bool),
        }
    )


def study_of(tests: tuple[str, ...]) -> StudySpec:
    """Return the study that is measured."""
    return a_spec(
        estimation=Window(-260, -11),
        event=Window(-10, 10),
        car_windows=WINDOWS,
        min_estimation_obs=120,
        tests=tests,
    )


def work_of(name: str, returns: pl.DataFrame, n_pairs: int) -> tuple[Callable[[], object], int]:
    """Return the work of a mode and how many pairs it does."""
    pairs = random_pairs(returns, n_pairs)
    if name == "kernel":
        return bare_kernel(returns, pairs), n_pairs
    if name in {"loop", "reference"}:
        few = pairs.head(LOOP_PAIRS)
        return (statsmodels_loop if name == "loop" else reference_loop)(returns, few), few.height
    panel = ReturnPanel.from_frame(returns)
    if name == "cars":
        return lambda: run_cars(study_of(PARAMETRIC), panel, pairs).t_stat, n_pairs
    spec = study_of(PARAMETRIC if name == "parametric" else (*PARAMETRIC, *RANK_TESTS))
    groups = pairs.select("event_id", "symbol", group_by=pl.lit("event"), group_value="event_id")
    return lambda: evaluate_groups(run_study(spec, panel, pairs), groups), n_pairs


def bare_kernel(returns: pl.DataFrame, pairs: pl.DataFrame) -> Callable[[], object]:
    """Return the least that could be done, on arrays without a gap: no checks, no standard errors, no CARs."""
    wide = returns.sort("symbol", "session_index")["simple_return"].fill_null(0.0).to_numpy().reshape(-1, N_SESSIONS)
    symbols = returns["symbol"].unique().sort()
    market = wide[int(symbols.index_of("MKT") or 0)]
    codes = pl.DataFrame({"symbol": symbols, "code": range(symbols.len())})
    code = pairs.join(codes, on="symbol", how="left", maintain_order="left")["code"].to_numpy()
    day0 = pairs["event_index"].to_numpy()
    length = 250

    def running(values: np.ndarray) -> np.ndarray:
        sums = np.zeros((values.shape[0], N_SESSIONS + 1))
        np.cumsum(values, axis=1, out=sums[:, 1:])
        return sums

    def work() -> object:
        y, yy, xy = running(wide), running(wide * wide), running(wide * market)
        (x,), (xx,) = running(market[None]), running((market * market)[None])
        first, last = day0 - 260, day0 - 260 + length
        sum_y, sum_x = y[code, last] - y[code, first], x[last] - x[first]
        sxx = xx[last] - xx[first] - sum_x * sum_x / length
        sxy = xy[code, last] - xy[code, first] - sum_x * sum_y / length
        syy = yy[code, last] - yy[code, first] - sum_y * sum_y / length
        beta = sxy / sxx
        alpha = (sum_y - beta * sum_x) / length
        sigma = np.sqrt((syy - beta * sxy) / (length - 2))
        own = sliding_window_view(wide, 21, axis=1)[code, day0 - 10]
        abnormal = own - alpha[:, None] - beta[:, None] * sliding_window_view(market, 21)[day0 - 10]
        return alpha, beta, sigma, abnormal

    return work


def statsmodels_loop(returns: pl.DataFrame, pairs: pl.DataFrame) -> Callable[[], object]:
    """Return the loop that an analyst would write."""
    import statsmodels.api as sm

    by_symbol = {
        symbol: frame["simple_return"].fill_null(0.0).to_numpy()
        for (symbol,), frame in returns.sort("session_index").partition_by("symbol", as_dict=True).items()
    }
    market = by_symbol["MKT"]

    def work() -> object:
        found = []
        for symbol, day0 in pairs.select("symbol", "event_index").iter_rows():
            own = by_symbol[symbol]
            fit = sm.OLS(own[day0 - 260 : day0 - 10], sm.add_constant(market[day0 - 260 : day0 - 10])).fit()
            expected = fit.predict(sm.add_constant(market[day0 - 10 : day0 + 11]))
            found.append((fit.params, fit.mse_resid**0.5, own[day0 - 10 : day0 + 11] - expected))
        return found

    return work


def reference_loop(returns: pl.DataFrame, pairs: pl.DataFrame) -> Callable[[], object]:
    """Return the readable loop that the engine's results are held to."""
    import reference

    market = reference.Market(reference.listings(returns))
    rows = list(pairs.select("symbol", "event_index", "last_index").iter_rows())
    spec = study_of(())
    return lambda: [reference.study_pair(spec, market, *row) for row in rows]


def measure(name: str, n_pairs: int, repeat: int) -> dict[str, Any]:
    """Run a mode in this process and return its seconds, pairs and peak memory."""
    returns = with_returns(prices())
    before = peak_memory_mb()
    work, done = work_of(name, returns, n_pairs)
    seconds = []
    for _ in range(repeat):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return {"pairs": done, "seconds": seconds, "peak_mb": peak_memory_mb(), "before_mb": before}


def peak_memory_mb() -> float:
    """Return the process's largest resident memory so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def in_child(name: str, n_pairs: int, repeat: int) -> dict[str, Any]:
    """Measure a mode in a process of its own."""
    command = [sys.executable, __file__, "--child", name, "--pairs", str(n_pairs), "--repeat", str(repeat)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def table(found: dict[tuple[str, int], dict[str, Any]], sizes: list[int]) -> list[str]:
    """Return the report's lines."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    lines = [
        f"{cores} cores, {platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__}; "
        "median (fastest to slowest) of the runs",
        "",
        "| work | pairs | seconds | pairs/s | peak MB | x kernel |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    medians = {key: statistics.median(value["seconds"]) for key, value in found.items()}
    for (name, size), value in found.items():
        seconds, done = medians[name, size], value["pairs"]
        ratio = f"{seconds / medians['kernel', size]:.1f}" if ("kernel", size) in medians and done == size else ""
        spread = f"{seconds:.3f} ({min(value['seconds']):.3f}-{max(value['seconds']):.3f})"
        lines.append(f"| {name} | {done:,} | {spread} | {done / seconds:,.0f} | {value['peak_mb']:,.0f} | {ratio} |")
    lines.append("")
    largest = max(sizes)
    for loop in ("loop", "reference"):
        pace = medians[loop, LOOP_PAIRS] / LOOP_PAIRS
        ratios = (f"{name} {pace / (medians[name, largest] / largest):,.0f}" for name in ("cars", "parametric", "rank"))
        lines.append(f"times as fast as the {loop}, at {largest:,} pairs: {', '.join(ratios)}")
    if len(sizes) > 1:
        smaller = sorted(sizes)[-2]
        growth = (
            f"{name} {np.log(medians[name, largest] / medians[name, smaller]) / np.log(largest / smaller):.2f}"
            for name in ("cars", "parametric", "rank", "kernel")
        )
        lines.append(f"growth exponent from {smaller:,} to {largest:,} pairs: {', '.join(growth)}")
    return lines


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, nargs="+", default=[1_000, 10_000, 100_000, 1_000_000])
    parser.add_argument("--repeat", type=int, default=5, help="runs of each mode and size")
    parser.add_argument("--out", type=Path, help="file to write the table to")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(measure(options.child, options.pairs[0], options.repeat)))
        return
    wanted = [(name, size) for size in options.pairs for name in ("kernel", "cars", "parametric", "rank")]
    wanted += [("loop", LOOP_PAIRS), ("reference", LOOP_PAIRS)]
    found = {}
    with Progress() as progress:
        for name, size in progress.track(wanted, description="measuring"):
            found[name, size] = in_child(name, size, options.repeat)
    text = "\n".join(table(found, options.pairs))
    print(text)
    if options.out:
        options.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

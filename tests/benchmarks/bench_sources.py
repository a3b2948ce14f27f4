"""Measure what our clients cost over a bare loop, and a backfill, all against the same fake server in another process.

    uv run python tests/benchmarks/bench_sources.py
    uv run python tests/benchmarks/bench_sources.py --requests 40 --symbols 100 --years 5

    coinbase    candles of 300 days per request: `CoinbasePrices.fetch`, beside httpx and json.loads
    nasdaq      ten years per request: `NasdaqPrices.fetch`, beside the same
    yahoo       ten years per request: `YahooPrices.fetch`, beside curl_cffi and json.loads
    backfill    `reaction backfill` of many symbols from the fake Yahoo in a process of its own: wall time, peak memory

The bare loops ask for the same addresses one after the other over one connection and do nothing with what they parse;
ours wait their turn, judge each answer and make frames of it. Both are measured in turns, as the server answers at once
and as it answers after 50 ms, which is still faster than a real provider. Times depend on the machine; quote the ratio.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from pipelines.fake_providers.coinbase import FakeCoinbase
from pipelines.fake_providers.faults import hangs
from pipelines.fake_providers.market import Market, Security
from pipelines.fake_providers.nasdaq import FakeNasdaq
from pipelines.fake_providers.server import FakeServer, Reply, Request
from pipelines.fake_providers.yahoo import FakeYahoo
from pipelines.sources.coinbase_prices import CoinbasePrices
from pipelines.sources.live import BarsRequest, BarsSource, Outcome
from pipelines.sources.nasdaq_prices import MANNERS as NASDAQ_MANNERS
from pipelines.sources.nasdaq_prices import NasdaqPrices
from pipelines.sources.web.clock import SystemClock
from pipelines.sources.web.hosts import Hosts
from pipelines.sources.web.limiter import Rate
from pipelines.sources.web.manners import Manners
from pipelines.sources.yahoo_prices import YahooPrices

LAST = date(2024, 12, 31)
HASTY = Manners(Rate(1e6, 1000))
LATENCY = 0.05
ROUNDS = 5
COIN = "BTC-USD"
Loop = Callable[[], None]


def tickers(count: int) -> list[str]:
    """Return so many tickers."""
    letters = [chr(65 + n) for n in range(26)]
    return [f"S{letters[n // 676 % 26]}{letters[n // 26 % 26]}{letters[n % 26]}" for n in range(count)]


def serve(symbols: int, years: int) -> None:
    """Serve until standard input closes, each answer made once; the lines that are read set the latency."""
    listed = date(LAST.year - years + 1, 1, 2)
    coin = Security(COIN, "crypto", listed, exchange="CCC", time_zone="UTC")
    market = Market(1, LAST, securities=[*(Security(name, listed=listed) for name in tickers(symbols)), coin])
    servers: list[FakeServer] = [FakeYahoo(market), FakeCoinbase(market), FakeNasdaq(market)]
    for server in servers:
        server._answer = remembered(server._answer)
    print(json.dumps([server.base_url for server in servers]), flush=True)
    for line in sys.stdin:
        for server in servers:
            server.disarm()
            if float(line):
                server.arm(hangs(float(line)))
        print("set", flush=True)


def remembered(answer: Callable[[Request], Reply]) -> Callable[[Request], Reply]:
    """Return a function that makes each answer once, so that the clients are measured and not the server."""
    made: dict[str, Reply] = {}

    def look_up(request: Request) -> Reply:
        key = f"{request.headers.get('host', '')} {request.path} {sorted(request.query.items())}"
        if key not in made:
            made[key] = answer(request)
        return made[key]

    return look_up


def bench(ours: Loop, bare: Loop) -> tuple[float, float]:
    """Return the median seconds of both, taken in turns after a first time that does not count."""
    ours(), bare()
    times: list[tuple[float, float]] = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        ours()
        middle = time.perf_counter()
        bare()
        times.append((middle - begin, time.perf_counter() - middle))
    return statistics.median(one for one, _ in times), statistics.median(other for _, other in times)


def our_loop(source: BarsSource, requests: list[BarsRequest], urls: list[str]) -> Loop:
    """Return a loop over requests; the addresses that it asks for are noted the first time."""

    def run() -> None:
        answers = [source.fetch(request) for request in requests]
        assert all(answer.outcome is Outcome.OK for answer in answers), answers[0].reason
        urls[:] = urls or [answer.url for answer in answers]

    return run


def httpx_loop(urls: list[str], headers: Mapping[str, str]) -> Loop:
    """Return a bare loop with httpx."""
    import httpx

    client = httpx.Client(headers=dict(headers))

    def run() -> None:
        for url in urls:
            json.loads(client.get(url).content)

    return run


def curl_loop(urls: list[str]) -> Loop:
    """Return a bare loop with curl_cffi, as yfinance uses it."""
    from curl_cffi import requests

    session = requests.Session(impersonate="chrome")

    def run() -> None:
        for url in urls:
            json.loads(session.get(url, headers={"Host": "query2.finance.yahoo.com"}).content)

    return run


def clients(bases: list[str], n_requests: int, n_symbols: int, years: int) -> dict[str, tuple[Loop, Loop]]:
    """Return our loop and the bare one of each source."""
    first = date(LAST.year - years + 1, 1, 2)
    names = [tickers(n_symbols)[n % n_symbols] for n in range(n_requests)]
    shares = [BarsRequest(name, first, LAST) for name in names]
    coins = [BarsRequest(COIN, date(2024, 1, 1 + n % 28), date(2024, 10, 20)) for n in range(n_requests)]
    yahoo, coinbase, nasdaq = bases
    hosts = Hosts(SystemClock())
    lists: dict[str, list[str]] = {"coinbase": [], "nasdaq": [], "yahoo": []}
    polite = Manners(HASTY.rate, headers=NASDAQ_MANNERS.headers)
    return {
        "coinbase": (
            our_loop(CoinbasePrices(coinbase, manners=HASTY, hosts=hosts), coins, lists["coinbase"]),
            httpx_loop(lists["coinbase"], {}),
        ),
        "nasdaq": (
            our_loop(NasdaqPrices(nasdaq, manners=polite, hosts=hosts), shares, lists["nasdaq"]),
            httpx_loop(lists["nasdaq"], polite.headers),
        ),
        "yahoo": (
            our_loop(YahooPrices(yahoo, manners=HASTY, hosts=hosts), shares, lists["yahoo"]),
            curl_loop(lists["yahoo"]),
        ),
    }


def backfill(base_url: str, n_symbols: int, years: int, folder: Path) -> tuple[float, float]:
    """Run the command, show what it prints, and return its seconds and the megabytes of its peak."""
    universe = folder / "universe.txt"
    universe.write_text("\n".join(tickers(n_symbols)))
    days = ["--from", f"{LAST.year - years + 1}-01-02", "--to", LAST.isoformat()]
    arguments = ["backfill", *days, "--symbols", str(universe), "--no-prefect"]
    environment = os.environ | {"REACTION_HOME": str(folder / "home"), "REACTION_YAHOO_BASE_URL": base_url}
    begin = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", "from flows.cli import main; main()", *arguments],
        check=True,
        env=environment,
        cwd=Path(__file__).resolve().parents[2],
    )
    return time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def main() -> None:
    """Print every figure, its bare counterpart and the ratio, then a backfill."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=50)
    parser.add_argument("--symbols", type=int, default=500)
    parser.add_argument("--years", type=int, default=10)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.symbols, options.years)
        return
    sizes = ["--symbols", str(options.symbols), "--years", str(options.years)]
    with subprocess.Popen(
        [sys.executable, __file__, "--serve", *sizes], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        bases = json.loads(server.stdout.readline())
        print(f"{options.requests} requests\n{'':<22}{'ours':>12}{'bare':>12}{'ratio':>8}")
        for latency in (0.0, LATENCY):
            print(latency, file=server.stdin, flush=True)
            server.stdout.readline()
            for name, loops in clients(bases, options.requests, options.symbols, options.years).items():
                ours, bare = bench(*loops)
                label = f"{name}, {1000 * latency:.0f} ms"
                print(f"{label:<22}{1000 * ours:>9,.0f} ms{1000 * bare:>9,.0f} ms{ours / bare:>8.2f}", flush=True)
        print("0", file=server.stdin, flush=True)
        server.stdout.readline()
        for title in ("server makes its answers", "server has its answers"):
            with tempfile.TemporaryDirectory() as folder:
                seconds, peak = backfill(bases[0], options.symbols, options.years, Path(folder))
            rows = f"{options.symbols} symbols x {options.years} years"
            print(f"backfill, {rows}, {title}: {seconds:.1f} s, peak {peak:,.0f} MB", flush=True)
        server.stdin.close()


if __name__ == "__main__":
    main()

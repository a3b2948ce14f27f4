"""Time of a report of 95 events x 100 securities: built, built again unchanged, built after one day; size of its pages.

uv run python tests/benchmarks/bench_report.py
uv run python tests/benchmarks/bench_report.py --events 1000

How soon a browser shows them is measured by bench_report_paint.py.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS.parent), str(TESTS)]

from generated_report import publish_made_up  # noqa: E402

from flows.report import Report, write_report  # noqa: E402


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=95)
    parser.add_argument("--securities", type=int, default=100)
    asked = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        marts = publish_made_up(folder / "marts", n_events=asked.events, n_securities=asked.securities, n_sessions=1500)
        print(f"{asked.events} events x {asked.securities} securities, {marts.stat().st_size / 1e6:.0f} MB of marts")

        def write() -> Report:
            return write_report(marts, folder / "site", folder / "cache")

        timed("first report, charts compiled", write)
        shutil.rmtree(folder / "site")
        timed("whole report", write)
        timed("nothing changed", write)
        with duckdb.connect(str(marts)) as connection:
            connection.execute(
                "insert into fct_returns select * replace (session_date + 1 as session_date, session_index + 1 as "
                "session_index) from fct_returns where session_date = (select max(session_date) from fct_returns)"
            )
        timed("a day of prices more", write)
        sizes = {file.name: file.stat().st_size for file in (folder / "site").glob("*.html")}
        for kind in ("index", "event", "security", "theme", "methods"):
            own = [size for file, size in sizes.items() if file.startswith(kind)]
            print(f"{kind:<10}{len(own):>5} pages, the largest {max(own) / 1e6:.2f} MB")


def timed(what: str, write: Callable[[], Report]) -> None:
    """Print how long a report takes and how many pages it writes."""
    start, busy = time.perf_counter(), time.process_time()
    made = write()
    wall, busy = time.perf_counter() - start, time.process_time() - busy
    print(f"{what:<32}{wall:>7.2f} s, {busy:>6.2f} s of the processor, {len(made.written)} pages written")


if __name__ == "__main__":
    main()

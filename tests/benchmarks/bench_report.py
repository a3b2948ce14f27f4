"""Time of a report of 95 events x 100 securities: built, built again unchanged, built after one day; size of its pages.

uv run python tests/benchmarks/bench_report.py
uv run python tests/benchmarks/bench_report.py --events 1000
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
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

CHROMIUM = "chromium"
PAINT = """
<script>
addEventListener("load", () => setTimeout(() => {
  const paint = performance.getEntriesByType("paint").find((entry) => entry.name === "first-contentful-paint");
  document.documentElement.dataset.paint = Math.round(paint ? paint.startTime : -1);
}, 1500));
</script>
"""


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
        first_paint(folder / "site")


def timed(what: str, write: Callable[[], Report]) -> None:
    """Print how long a report takes and how many pages it writes."""
    start, busy = time.perf_counter(), time.process_time()
    made = write()
    wall, busy = time.perf_counter() - start, time.process_time() - busy
    print(f"{what:<32}{wall:>7.2f} s, {busy:>6.2f} s of the processor, {len(made.written)} pages written")


def first_paint(site: Path) -> None:
    """Print the first contentful paint of the largest event page and of the first page in headless Chromium."""
    if shutil.which(CHROMIUM) is None:
        print("first paint: there is no chromium")
        return
    events = sorted(site.glob("event-*.html"), key=lambda file: file.stat().st_size)
    for file in (events[-1], site / "index.html"):
        # The page measured is a copy without its policy, which would not let a foreign script run.
        copy = file.with_name("paint.html")
        html = file.read_text(encoding="utf-8").replace('http-equiv="Content-Security-Policy"', "data-policy", 1)
        copy.write_text(html.replace("<title>", f"{PAINT}<title>", 1), encoding="utf-8")
        options = ("--headless=new", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=5000", "--dump-dom")
        command = [CHROMIUM, *options, f"--user-data-dir={site.parent / 'profile'}", copy.as_uri()]
        dom = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False).stdout
        found = re.search(r'data-paint="(\d+)"', dom)
        print(f"{file.name:<28}first paint {found[1] if found else 'not measured'} ms")
        copy.unlink()


if __name__ == "__main__":
    main()

"""First paint of the report's pages from the disk, by the browser's own clock; and their sizes and numbers of nodes.

uv run python tests/benchmarks/bench_report_paint.py
uv run python tests/benchmarks/bench_report_paint.py --events 95 --securities 100 --repeats 9
"""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, sync_playwright

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS.parent), str(TESTS), str(TESTS / "browser")]

from generated_report import publish_made_up  # noqa: E402
from pages import DESKTOP, HEIGHT, PHONE, find_chromium  # noqa: E402

from flows.report import write_report  # noqa: E402

KINDS = {"overview": "index.html", "event": "event-*.html", "security": "security-*.html", "theme": "theme-*.html"}
MEASURED = """() => ({
  paint: performance.getEntriesByName("first-contentful-paint")[0].startTime,
  ready: performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd,
  nodes: document.querySelectorAll("*").length,
})"""


def main() -> None:
    """Print a line per kind of page and width of the screen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=20)
    parser.add_argument("--securities", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=5)
    asked = parser.parse_args()
    path = find_chromium()
    if path is None:
        sys.exit("there is no Chromium: install `chromium` or name one with REACTION_CHROMIUM")
    with TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        marts = publish_made_up(folder / "marts", n_events=asked.events, n_securities=asked.securities, n_sessions=1500)
        site = write_report(marts, folder / "site", folder / "cache").folder
        browser = playwright.chromium.launch(executable_path=path, args=["--disable-gpu"])
        print(f"{asked.events} events x {asked.securities} securities; the largest page of each kind")
        print(f"Chromium {browser.version}, headless, a new profile each time, {asked.repeats} times")
        print(f"{'page':<10}{'width':>6}{'MB':>7}{'nodes':>8}  first paint ms (fastest to slowest)   scripts done ms")
        for kind, pattern in KINDS.items():
            file = max(site.glob(pattern), key=lambda page: page.stat().st_size)
            for width in (DESKTOP, PHONE):
                measure(browser, kind, file, width, asked.repeats)
        browser.close()


def measure(browser: Browser, kind: str, file: Path, width: int, repeats: int) -> None:
    """Open a page several times, each in a new profile, and print the medians."""
    found = []
    for _ in range(repeats):
        context = browser.new_context(viewport={"width": width, "height": HEIGHT})
        page = context.new_page()
        page.goto(file.as_uri())
        page.wait_for_function("() => performance.getEntriesByName('first-contentful-paint').length")
        found.append(page.evaluate(MEASURED))
        context.close()
    paints = sorted(each["paint"] for each in found)
    ready = statistics.median(each["ready"] for each in found)
    spread = f"{statistics.median(paints):.0f} ({paints[0]:.0f}-{paints[-1]:.0f})"
    size = file.stat().st_size / 1e6
    print(f"{kind:<10}{width:>6}{size:>7.2f}{found[0]['nodes']:>8}  {spread:<36}  {ready:.0f}")


if __name__ == "__main__":
    main()

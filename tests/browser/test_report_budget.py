"""What a page may weigh: an event of 100 securities in 1.5 MB, and a first page that does not grow with the marts."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from pipelines.report.charts import compile_kinds
from pipelines.report.marts import Marts
from pipelines.report.site import INDEX, Compiled, Page, Renderer, plan
from tests.browser.pages import opened
from tests.generated_report import publish_made_up
from tests.parsed_page import Parsed
from warehouse.report_marts import read_report_marts

LARGEST_EVENT = 1_500_000
MOST_NODES = 4_000
"""Elements of the first page: eight tables of 25 rows, their heads and bars, and one chart."""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the first page and an event's page of 1,000 events with 100 securities each."""
    folder = tmp_path_factory.mktemp("large")
    marts = publish_made_up(folder, n_events=1_000, n_securities=100, n_sessions=400)
    pages = plan(Marts(**read_report_marts(marts)), "test")
    assert len(pages) > 1_100
    renderer = Renderer(Compiled(compile_kinds()))
    chosen = {kind: next(page for page in pages if page.kind == kind) for kind in ("overview", "event")}
    return {kind: _write(folder, page, renderer) for kind, page in chosen.items()}


def _write(folder: Path, page: Page, renderer: Renderer) -> Path:
    file = folder / page.file
    file.write_text(renderer.html(page), encoding="utf-8")
    return file


@pytest.mark.slow
def test_an_event_of_a_hundred_securities_fits_in_its_budget(large: dict[str, Path]) -> None:
    """1.5 MB, libraries and the estimation window of every drawn security included."""
    assert large["event"].stat().st_size <= LARGEST_EVENT


@pytest.mark.slow
def test_the_first_page_has_the_same_elements_for_a_thousand_events(large: dict[str, Path]) -> None:
    """Rows beyond the first 25 of a table are data, not elements."""
    page = Parsed(large["overview"].read_text(encoding="utf-8"))
    assert large["overview"].name == INDEX
    assert len(page.data["grids"]["events"]["sets"][""]) == 1_000
    assert len(page.rows["events"]) == 25
    assert len(page.elements) < MOST_NODES


@pytest.mark.slow
@pytest.mark.browser
def test_the_browser_holds_no_more_elements_than_are_seen(chromium: Browser, large: dict[str, Path]) -> None:
    """Drawn and turned to the last rows of a table, the first page stays as large as it was."""
    with opened(chromium, large["overview"]) as watch:
        nodes = "document.querySelectorAll('*').length"
        drawn = watch.page.evaluate(nodes)
        for _ in range(5):
            watch.page.locator("#grid-events [data-next]").click()
        assert drawn < MOST_NODES
        assert watch.page.evaluate(nodes) <= drawn
        assert watch.faults == []

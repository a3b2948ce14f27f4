"""What is held wherever there is a Chromium: pages open, draw, and run nothing of what they show."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.report import write_report
from tests.browser.conftest import launched
from tests.browser.pages import PHONE, opened
from tests.generated_report import publish_made_up

HOSTILE = '</script><script>window.pwned = 1</script><img src=x onerror="window.pwned = 2; alert(3)">'
PAGES = ("index.html", "event-event-0001.html", "security-s001.html", "methods.html")


@pytest.mark.browser
def test_pages_open_quietly_and_what_they_show_does_not_run(tmp_path: Path, compiled: Path) -> None:
    """No error of the console, nothing asked of the network, every chart drawn, and a title of scripts is a text."""
    marts = publish_made_up(tmp_path / "marts", titles={1: HOSTILE}, urls={1: "javascript:window.pwned = 4"})
    site = write_report(marts, tmp_path / "site", compiled).folder
    theme = next(site.glob("theme-*.html")).name
    with launched() as browser, opened(browser, site / PAGES[0], width=PHONE) as watch:
        for name in (*PAGES, theme):
            watch.go(site / name)
            assert watch.page.locator(".plot svg").count() == watch.page.locator("[data-chart]").count(), name
            assert watch.faults == [], name
        watch.go(site / "event-event-0001.html")
        assert "window.pwned = 1" in watch.page.locator("h1").inner_text()

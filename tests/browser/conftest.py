"""Sites of made-up marts, and the browser that opens them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from flows.report import write_report
from tests.browser.pages import find_chromium
from tests.generated_report import publish_made_up

KINDS = {
    "overview": "index.html",
    "event": "event-event-0000.html",
    "security": "security-s001.html",
    "theme": "theme-architectural_innovation.html",
    "methods": "methods.html",
}
"""A page of each kind in the site of `site`."""


# Closed with each file: as long as it runs, no other test of the process can run an event loop of its own.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Return a headless Chromium that cannot resolve any name, or skip."""
    if not os.environ.get("REACTION_CHROMIUM"):
        pytest.skip("no browser is named: REACTION_CHROMIUM=$(which chromium) runs these minutes of tests")
    with launched() as browser:
        yield browser


@contextmanager
def launched() -> Iterator[Browser]:
    """Start the Chromium there is, or skip."""
    path = find_chromium()
    if path is None:
        pytest.skip("there is no Chromium on this machine; REACTION_CHROMIUM may name one")
    with sync_playwright() as playwright:
        offline = ["--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND"]
        browser = playwright.chromium.launch(executable_path=path, args=offline)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder in which charts are compiled once for all sites."""
    return tmp_path_factory.mktemp("charts")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, compiled: Path) -> Path:
    """Return a site of three events and 30 securities, so that tables have a second page."""
    folder = tmp_path_factory.mktemp("site")
    marts = publish_made_up(folder / "marts", n_events=3, n_securities=30)
    return write_report(marts, folder / "pages", compiled).folder

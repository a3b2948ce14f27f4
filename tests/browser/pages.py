"""A page in headless Chromium, and everything it did that a page of the report must not do."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Dialog, Page, ViewportSize

DESKTOP: Final = 1440
PHONE: Final = 390
HEIGHT: Final = 900
LOCAL: Final = frozenset({"file", "data", "blob"})
"""Schemes that reach no network: a page's own file, and what a page holds in memory."""

Scheme = Literal["light", "dark"]

_LISTEN: Final = """
window.__violations = [];
addEventListener("securitypolicyviolation", (event) => {
  window.__violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
});
"""


def find_chromium() -> str | None:
    """Return the browser to test with: ``REACTION_CHROMIUM``, else a Chromium or Chrome of the machine."""
    named = os.environ.get("REACTION_CHROMIUM")
    if named:
        return named
    found = map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))
    return next((path for path in found if path), None)


@dataclass
class Watch:
    """What a page did.

    Attributes
    ----------
    page : Page
    requests : list of str
        Addresses asked for that are not local.
    said : list of str
        Errors and warnings of the console, and errors no script caught.
    dialogs : list of str
        Texts of alerts, questions and the like.
    """

    page: Page
    requests: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", lambda request: self._request(request.url))
        self.page.on("console", lambda message: self._console(message.type, message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", self._dialog)
        self.page.add_init_script(_LISTEN)

    def go(self, file: Path, *, drawn: bool = True) -> None:
        """Open a file and wait until its script has run, and until its charts are drawn if that is asked."""
        self.page.goto(file.as_uri())
        self.page.wait_for_selector("html[data-ready]")
        if drawn:
            draw_all(self.page)

    def _request(self, url: str) -> None:
        if urlsplit(url).scheme not in LOCAL:
            self.requests.append(url)

    def _console(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"}:
            self.said.append(f"{kind}: {text}")

    def _dialog(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    @property
    def faults(self) -> list[str]:
        """Everything that speaks against the page; nothing if all is well."""
        ran = self.page.evaluate("'pwned' in window ? [String(window.pwned)] : []")
        refused = self.page.evaluate("window.__violations")
        return [
            *(f"asked the network for {url}" for url in self.requests),
            *(f"said {text}" for text in self.said),
            *(f"opened the dialog {text}" for text in self.dialogs),
            *(f"ran {text}" for text in ran),
            *(f"broke its policy: {text}" for text in refused),
        ]


@contextmanager
def opened(
    browser: Browser,
    file: Path,
    *,
    width: int = DESKTOP,
    scheme: Scheme = "light",
    drawn: bool = True,
    touch: bool = False,
) -> Iterator[Watch]:
    """Open a page's file in a browser of its own storage, on a screen of a width, with a theme of the system."""
    screen = ViewportSize(width=width, height=HEIGHT)
    context = browser.new_context(viewport=screen, color_scheme=scheme, has_touch=touch, is_mobile=touch)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    try:
        watch = Watch(context.new_page())
        watch.go(file, drawn=drawn)
        yield watch
    finally:
        context.close()


def draw_all(page: Page) -> None:
    """Have every chart drawn, as before and after printing, also those far below; one without rows says so."""
    for name in ("beforeprint", "afterprint"):
        page.evaluate(f"dispatchEvent(new Event('{name}'))")
        wait_drawn(page)


def wait_drawn(page: Page) -> None:
    """Wait until every chart that is asked for is drawn."""
    # A place is empty before its drawing, and has a drawing that is not marked as done while it is made. The condition
    # is a function: a bare expression would be evaluated at every look, which the page's policy refuses.
    waits = "[data-chart] .plot:empty, [data-chart]:not([data-drawn]) .plot:has(svg)"
    page.wait_for_function("(waits) => !document.querySelector(waits)", arg=waits)


def copied(page: Page) -> str:
    """Return the text of the clipboard."""
    text: Any = page.evaluate("navigator.clipboard.readText()")
    return str(text)

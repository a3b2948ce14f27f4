"""The report on paper and under a finger."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, Page

from pipelines.report.palette import DARK
from tests.browser.conftest import KINDS
from tests.browser.pages import PHONE, Scheme, opened, wait_drawn

A4: Final = 794
"""Pixels of a page of A4 at 96 to the inch; its text is narrower by the margins."""

kinds = pytest.mark.parametrize("kind", KINDS)


def lay_out_for_paper(page: Page) -> None:
    """Do what a browser does before it prints: tell the page, then lay it out for paper."""
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    wait_drawn(page)
    page.emulate_media(media="print")


def colours(page: Page) -> set[str]:
    """Return the colours of what charts have drawn."""
    found = page.locator(".plot svg *").evaluate_all(
        "(marks) => marks.flatMap((mark) => ['fill', 'stroke'].map((way) => mark.getAttribute(way)))"
    )
    return {colour for colour in found if colour}


@pytest.mark.browser
@pytest.mark.parametrize("way", ["system", "switch"])
def test_charts_of_a_dark_page_are_printed_light(chromium: Browser, site: Path, way: str) -> None:
    """Whoever asked for the dark theme: on paper text is black, drawings have the light colours, and go back after."""
    scheme: Scheme = "dark" if way == "system" else "light"
    with opened(chromium, site / KINDS["event"], scheme=scheme) as watch:
        page = watch.page
        if way == "switch":
            page.locator("#theme").click()
            wait_drawn(page)
        only_dark, only_light = set(DARK.values()) - set(DARK), set(DARK) - set(DARK.values())
        assert colours(page) & only_dark
        lay_out_for_paper(page)
        assert not colours(page) & only_dark
        assert colours(page) & only_light
        style = "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"
        assert page.evaluate(style) == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
        page.emulate_media(media="screen")
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        wait_drawn(page)
        assert colours(page) & only_dark
        assert watch.faults == []


@pytest.mark.browser
@kinds
def test_paper_has_no_controls_and_nothing_that_it_cuts_off(chromium: Browser, site: Path, kind: str) -> None:
    """No button, field or choice is seen; what is chosen is told; tables and drawings fit between the margins."""
    with opened(chromium, site / KINDS[kind], width=A4 - 98) as watch:
        page = watch.page
        lay_out_for_paper(page)
        controls = page.locator("button:not(thead button), select, input").evaluate_all(
            "(all) => all.filter((each) => each.checkVisibility()).map((each) => each.outerHTML)"
        )
        assert controls == []
        chosen = page.locator(".paper").evaluate_all("(all) => all.map((each) => each.innerText)")
        assert len(chosen) == page.locator("[data-selector]").count()
        assert all(re.fullmatch(r"[A-Z][a-z ]+: .+", text) for text in chosen)
        assert page.evaluate("document.documentElement.scrollWidth") <= A4 - 98
        assert watch.faults == []


@pytest.mark.browser
def test_a_table_is_printed_whole_or_says_how_many_rows_it_has(chromium: Browser, site: Path) -> None:
    """All reactions of an event, 25 rows of its ledger with the count of all, and the page as it was afterwards."""
    with opened(chromium, site / KINDS["event"]) as watch:
        page = watch.page
        page.locator("#grid-reactions [data-next]").click()
        lay_out_for_paper(page)
        assert page.locator("#grid-reactions tbody tr").count() == 30
        assert page.locator("#grid-ledger tbody tr").count() == 25
        assert page.locator("#grid-ledger [data-count]").inner_text() == "1\u201325 of 30 rows"
        assert page.locator("#grid-ledger [data-count]").is_visible()
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert page.locator("#grid-reactions tbody tr").count() == 5


@pytest.mark.browser
def test_a_finger_shows_a_tip_and_takes_it_away(chromium: Browser, site: Path) -> None:
    """A tap near a point is enough, the tip stays when the finger has gone, and a tap beside the drawing hides it."""
    with opened(chromium, site / KINDS["event"], width=PHONE, touch=True) as watch:
        page = watch.page
        mark = page.locator("#chart-cross-section .mark-symbol.role-mark path").first
        mark.scroll_into_view_if_needed()
        box = mark.bounding_box()
        assert box is not None
        page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2 - 6)
        page.wait_for_selector("#tip:not([hidden])")
        assert page.locator("#tip dt").all_inner_texts()[:3] == ["what", "abnormal return", "95 % interval"]
        tip = page.locator("#tip").bounding_box()
        assert tip is not None
        assert tip["x"] >= 0
        assert tip["x"] + tip["width"] <= PHONE
        page.locator("#chart-cross-section figcaption").tap()
        page.wait_for_selector("#tip", state="hidden")
        assert watch.faults == []

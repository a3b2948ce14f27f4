"""The report for readers who use the keyboard, a screen reader, a phone, or the dark theme."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests.browser.conftest import KINDS
from tests.browser.pages import DESKTOP, PHONE, Scheme, opened
from tests.parsed_page import Parsed

REACHABLE = "a[href], button:not(:disabled), input, select, summary, [tabindex='0']"
_NUMBERED = """(all) => all.filter((each) => each.checkVisibility()).map((each, place) => {
  each.dataset.place = String(place);
  return each.dataset.place;
})"""
kinds = pytest.mark.parametrize("kind", KINDS)


@pytest.mark.browser
@kinds
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_axe_finds_nothing_serious(chromium: Browser, site: Path, kind: str, scheme: Scheme, width: int) -> None:
    """Contrast, names, roles, order: no rule of axe-core is broken in a way that keeps a reader out."""
    with opened(chromium, site / KINDS[kind], width=width, scheme=scheme) as watch:
        found = Axe().run(watch.page, options={"resultTypes": ["violations"]}).response
    assert "color-contrast" in {each["id"] for each in found["passes"]}
    grave = [each for each in found["violations"] if each["impact"] in {"serious", "critical"}]
    said = [(each["id"], len(each["nodes"]), each["nodes"][0]["target"], each["nodes"][0]["any"]) for each in grave]
    assert said == []


@pytest.mark.browser
@kinds
def test_the_keyboard_reaches_everything_and_shows_where_it_is(chromium: Browser, site: Path, kind: str) -> None:
    """Tab after Tab comes to every link, button, field and scrolling table, in their order, each with a ring."""
    with opened(chromium, site / KINDS[kind], drawn=False) as watch:
        page = watch.page
        expected = page.locator(REACHABLE).evaluate_all(_NUMBERED)
        reached = {}
        for _ in range(len(expected) + 5):
            page.keyboard.press("Tab")
            place, ring = page.evaluate(
                "[document.activeElement.dataset.place, getComputedStyle(document.activeElement).outlineStyle]"
            )
            if place is None:
                break
            reached.setdefault(place, ring)
        assert len(expected) > 5
        assert [*reached] == expected
        assert set(reached.values()) <= {"solid", "auto"}
        assert watch.faults == []


@pytest.mark.browser
def test_the_keyboard_sorts_chooses_and_turns_the_theme(chromium: Browser, site: Path) -> None:
    """What a press of a button does, Enter and Space do; the first Tab offers to skip to the content."""
    with opened(chromium, site / KINDS["event"]) as watch:
        page = watch.page
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "content"
        page.locator('#grid-reactions th[data-column="car"] button').focus()
        page.keyboard.press("Enter")
        assert page.locator('#grid-reactions th[data-column="car"]').get_attribute("aria-sort") == "descending"
        page.keyboard.press("Space")
        assert page.locator('#grid-reactions th[data-column="car"]').get_attribute("aria-sort") == "ascending"
        page.locator('[data-selector="window"]').focus()
        page.keyboard.press("ArrowDown")
        assert page.locator('[data-selector="window"]').input_value() != "0,0"
        page.locator("#theme").focus()
        page.keyboard.press("Space")
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        assert watch.faults == []


@kinds
def test_everything_has_a_name_and_a_place(site: Path, kind: str) -> None:
    """One h1, headings without gaps, a language, ids that differ, fields, drawings and regions with a name."""
    page = Parsed((site / KINDS[kind]).read_text(encoding="utf-8"))
    tags = [tag for tag, _ in page.elements]
    levels = [int(tag[1]) for tag in tags if tag in {"h1", "h2", "h3", "h4"}]
    assert page.elements[0][1]["lang"] == "en"
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    ids = [found["id"] for _, found in page.elements if "id" in found]
    assert len(ids) == len(set(ids))
    assert {"main", "header", "nav", "footer"} <= set(tags)
    named = {"aria-label", "aria-labelledby"}
    needs = [found for _, found in page.elements if found.get("role") in {"img", "group"} or "data-filter" in found]
    assert all(named & set(found) for found in needs)
    pointed = [str(found[word]) for _, found in page.elements for word in ("aria-labelledby",) if word in found]
    assert set(pointed) <= set(ids)
    assert all("scope" in found for tag, found in page.elements if tag == "th")
    assert not [found for _, found in page.elements if str(found.get("tabindex", "0")) not in {"0", "-1"}]

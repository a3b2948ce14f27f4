"""Pages of the report in a real browser, opened from the disk: they are quiet, and what they offer works."""

from __future__ import annotations

import csv
import io
import re
import struct
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from playwright.sync_api import Browser, Page

from pipelines.report.palette import DARK
from tests.browser.conftest import KINDS
from tests.browser.pages import DESKTOP, PHONE, Scheme, copied, opened
from tests.generated_report import STUDY
from tests.parsed_page import Parsed

EVENT = KINDS["event"]
GRID = "#grid-reactions"
MINUS, TO = "\u2212", "\u2013"
SVG = "{http://www.w3.org/2000/svg}"
kinds = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(scope="module")
def parsed(site: Path) -> dict[str, Parsed]:
    """Return a page of each kind, parsed."""
    return {kind: Parsed((site / file).read_text(encoding="utf-8")) for kind, file in KINDS.items()}


@pytest.mark.browser
def test_every_page_opens_quietly_and_draws_its_charts(chromium: Browser, site: Path) -> None:
    """No error or warning of the console, no dialog, nothing asked of the network, no breach of the policy."""
    first, *others = sorted(site.glob("*.html"))
    assert len(others) > 30
    with opened(chromium, first) as watch:
        for file in (first, *others):
            watch.go(file)
            assert watch.page.locator(".plot svg").count() == watch.page.locator("[data-chart]").count(), file.name
            assert watch.faults == [], file.name


def test_a_page_names_no_address_but_those_of_links(parsed: dict[str, Parsed]) -> None:
    """Nothing that a browser would load by itself is outside of the page."""
    for page in parsed.values():
        named = [(tag, found) for tag, found in page.elements if {"src", "srcset", "action", "poster"} & set(found)]
        assert named == []
        loads = [found["href"] for tag, found in page.elements if tag == "link"]
        assert loads == ["data:,"]
        assert not re.search(r"url\(|@import", "".join(page.inline["style"]))


@pytest.mark.browser
def test_a_tooltip_follows_the_pointer(chromium: Browser, site: Path) -> None:
    """Over a mark it says the row's names and numbers, beside it there is none."""
    with opened(chromium, site / EVENT) as watch:
        page = watch.page
        mark = page.locator("#chart-cross-section .mark-symbol.role-mark path").first
        mark.scroll_into_view_if_needed()
        mark.hover()
        page.wait_for_selector("#tip:not([hidden])")
        shown = page.locator("#tip dt").all_inner_texts()
        symbol, value = page.locator("#tip dd").all_inner_texts()[:2]
        assert shown == ["what", "abnormal return", "95 % interval", "SCAR", "p-value", "expected sign"]
        assert re.fullmatch(r"S\d{3}", symbol)
        assert re.fullmatch(rf"[+{MINUS}-]\d+\.\d\d%", value)
        page.locator("#title").hover()
        page.wait_for_selector("#tip", state="hidden")
        assert watch.faults == []


@pytest.mark.browser
@pytest.mark.parametrize(("kind", "chart"), [("event", "paths"), ("theme", "path")])
def test_a_tooltip_of_the_nearest_point_has_its_row(chromium: Browser, site: Path, kind: str, chart: str) -> None:
    """Anywhere in a drawing of lines the nearest day is meant, and each of its numbers is told."""
    with opened(chromium, site / KINDS[kind]) as watch:
        plot = watch.page.locator(f"#chart-{chart} .plot")
        plot.scroll_into_view_if_needed()
        box = plot.bounding_box()
        assert box is not None
        for place in (0.4, 0.5):
            watch.page.mouse.move(box["x"] + place * box["width"], box["y"] + 0.5 * box["height"])
        watch.page.wait_for_selector("#tip:not([hidden])")
        told = dict(zip(*(watch.page.locator(f"#tip {tag}").all_inner_texts() for tag in ("dt", "dd")), strict=True))
        assert {"session", "95 % interval"} < set(told)
        assert re.fullmatch(rf"{MINUS}?\d+", told["session"])
        assert re.fullmatch(rf"[+{MINUS}]\d+\.\d\d% to [+{MINUS}]\d+\.\d\d%|none", told["95 % interval"])
        assert "undefined" not in told.values()


@pytest.mark.browser
def test_a_head_sorts_its_column_up_and_down(chromium: Browser, site: Path) -> None:
    """Numbers by value, the largest first; a second press turns the order; aria-sort says which it is."""
    with opened(chromium, site / EVENT, drawn=False) as watch:
        head = watch.page.locator(f'{GRID} th[data-column="p_value"]')
        cells = watch.page.locator(f'{GRID} tbody [data-column="p_value"]')
        assert head.get_attribute("aria-sort") == "none"
        before = cells.all_inner_texts()
        head.locator("button").click()
        assert head.get_attribute("aria-sort") == "descending"
        falling = cells.all_inner_texts()
        head.locator("button").click()
        assert head.get_attribute("aria-sort") == "ascending"
        rising = cells.all_inner_texts()
        assert before not in (falling, rising)
        assert [*map(_number, falling)] == sorted(map(_number, falling), reverse=True)
        assert [*map(_number, rising)] == sorted(map(_number, rising))
        others = watch.page.locator(f'{GRID} th[aria-sort]:not([aria-sort="none"])')
        assert others.count() == 1


def _number(shown: str) -> float:
    """Read a p-value as it is shown, such as 0.012, and the like of 3e-5 with a power of ten."""
    digits = shown.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
    return float(digits.replace("\u00d710", "e"))


def test_every_column_can_be_sorted(parsed: dict[str, Parsed]) -> None:
    """Each head is a button in a cell that says the order, and the script knows which columns hold numbers."""
    for page in parsed.values():
        for grid in page.data["grids"].values():
            assert all(isinstance(column["numeric"], bool) for column in grid["columns"])
        heads = [
            found for tag, found in page.elements if tag == "th" and "data-column" in found and "aria-sort" in found
        ]
        assert len(heads) == sum(len(grid["columns"]) for grid in page.data["grids"].values())


@pytest.mark.browser
def test_a_filter_keeps_the_rows_that_have_every_word(chromium: Browser, site: Path) -> None:
    """The count says of how many; another page and no match are told."""
    with opened(chromium, site / EVENT, drawn=False) as watch:
        grid = watch.page.locator(GRID)
        count = grid.locator("[data-count]")
        assert count.inner_text() == f"1{TO}25 of 30 rows"
        grid.locator("[data-next]").click()
        assert count.inner_text() == f"26{TO}30 of 30 rows"
        grid.locator("[data-filter]").fill("s00 UP")
        assert count.inner_text() == f"1{TO}10 of 10 rows (of 30)"
        names = grid.locator('tbody [data-column="symbol"]').all_inner_texts()
        assert sorted(names) == [f"S00{digit}" for digit in range(10)]
        grid.locator("[data-filter]").fill("no such security")
        assert grid.locator("tbody").inner_text() == "no row matches"


@pytest.mark.browser
def test_copy_gives_every_row_that_the_filter_keeps_with_the_values_whole(chromium: Browser, site: Path) -> None:
    """All pages of the table in its order, the mart's names above, numbers unrounded."""
    grid = Parsed((site / EVENT).read_text(encoding="utf-8")).data["grids"]["reactions"]
    with opened(chromium, site / EVENT, drawn=False) as watch:
        watch.page.locator(f"{GRID} [data-copy]").click()
        watch.page.wait_for_selector(f"{GRID} [data-copy]:text('Copied')")
        head, *rows = csv.reader(io.StringIO(copied(watch.page)))
        watch.page.locator(f"{GRID} [data-filter]").fill("s007")
        watch.page.locator(f"{GRID} [data-copy]").click()
        filtered = list(csv.reader(io.StringIO(copied(watch.page))))
        assert watch.faults == []
    given = grid["sets"][f"{STUDY}|0,0"]
    assert head == [column["name"] for column in grid["columns"]]
    place = head.index("car")
    assert [(row[0], float(row[place])) for row in rows] == [(row[0][0], row[place][0]) for row in given]
    assert [row[0] for row in filtered] == ["symbol", "S007"]


@pytest.mark.browser
def test_a_table_is_saved_as_the_same_csv(chromium: Browser, site: Path) -> None:
    """The file has the table's name and what copying gives."""
    with opened(chromium, site / EVENT, drawn=False) as watch:
        with watch.page.expect_download() as waited:
            watch.page.locator(f"{GRID} [data-download]").click()
        watch.page.locator(f"{GRID} [data-copy]").click()
        assert waited.value.suggested_filename == "reactions.csv"
        assert waited.value.path().read_text(encoding="utf-8") == copied(watch.page)


@pytest.mark.browser
def test_the_page_follows_the_system_s_theme_and_the_switch(chromium: Browser, site: Path) -> None:
    """Dark where the system is, the other at a press, kept when the page is opened again; charts go with it."""
    with opened(chromium, site / EVENT, scheme="dark") as watch:
        page = watch.page
        dark, colours = _ground(page), _colours(page)
        assert colours & set(DARK.values())
        assert not colours & (set(DARK) - set(DARK.values()))
        assert page.locator("#theme").get_attribute("aria-label") == "Use the light theme"
        page.locator("#theme").click()
        page.wait_for_selector('html[data-theme="light"]')
        page.wait_for_function(
            "() => [...document.querySelectorAll('.plot')].every((plot) => plot.querySelector('svg'))"
        )
        light = _ground(page)
        assert _luminance(dark) < 0.1
        assert _luminance(light) > 0.9
        assert _colours(page) & (set(DARK) - set(DARK.values()))
        page.reload()
        page.wait_for_selector("html[data-ready]")
        assert _ground(page) == light
        page.emulate_media(color_scheme="light")
        page.locator("#theme").click()
        assert _ground(page) == dark
        assert watch.faults == []


def _ground(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


def _colours(page: Page) -> set[str]:
    marks = page.locator(".plot svg *")
    found = marks.evaluate_all(
        "(marks) => marks.flatMap((mark) => ['fill', 'stroke'].map((way) => mark.getAttribute(way)))"
    )
    return {colour for colour in found if colour}


def _luminance(colour: str) -> float:
    red, green, blue = (int(part) / 255 for part in re.findall(r"\d+", colour)[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_both_themes_stand_in_the_page(parsed: dict[str, Parsed]) -> None:
    """Colours of the dark theme by the system's wish and by the switch, and a switch to press."""
    for page in parsed.values():
        style = "".join(page.inline["style"])
        assert "prefers-color-scheme: dark" in style
        assert ':root[data-theme="dark"]' in style
        assert [tag for tag, found in page.elements if found.get("id") == "theme"] == ["button"]


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_chart_is_saved_as_png_and_svg(chromium: Browser, site: Path, scheme: Scheme) -> None:
    """A picture of twice the width, and a drawing that runs nothing, with the title and the caption of the page."""
    with opened(chromium, site / EVENT, scheme=scheme) as watch:
        figure = watch.page.locator("#chart-paths")
        title, caption = (figure.locator(part).inner_text() for part in ("h3", "[data-caption]"))
        box = figure.locator(".plot svg").bounding_box()
        with watch.page.expect_download() as png:
            figure.locator('[data-export="png"]').click()
        with watch.page.expect_download() as svg:
            figure.locator('[data-export="svg"]').click()
        picture, drawing = png.value.path().read_bytes(), svg.value.path().read_text(encoding="utf-8")
        assert [png.value.suggested_filename, svg.value.suggested_filename] == ["paths.png", "paths.svg"]
        assert watch.faults == []
    assert box is not None
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", picture[16:24])
    assert width == pytest.approx(2 * box["width"], abs=2)
    assert height > 2 * box["height"] + 2 * 13
    root = ET.fromstring(drawing)  # noqa: S314 - made by the page under test
    assert root.tag == f"{SVG}svg"
    assert len(root.findall(f".//{SVG}path")) > 30
    told = "".join("".join(found.itertext()) for found in root.iter(f"{SVG}text"))
    assert "".join((title + caption).split()) in "".join(told.split())
    assert not [found for found in root.iter() if found.tag in {f"{SVG}script", f"{SVG}foreignObject"}]


def test_every_chart_offers_png_svg_and_its_numbers_as_a_table(parsed: dict[str, Parsed]) -> None:
    """Two buttons a chart, and a table that is in the page."""
    for page in parsed.values():
        exports = [found["data-export"] for _, found in page.elements if "data-export" in found]
        assert sorted(exports) == sorted(["png", "svg"] * len(page.data["charts"]))
        ids = {found["id"] for _, found in page.elements if "id" in found}
        tables = [str(found["href"])[1:] for _, found in page.elements if str(found.get("href")).startswith("#grid-")]
        assert set(tables) <= ids


@pytest.mark.browser
def test_charts_and_tables_follow_the_selectors(chromium: Browser, site: Path) -> None:
    """Another window: other numbers in the table, another caption below the chart, and the drawing anew."""
    with opened(chromium, site / EVENT) as watch:
        page = watch.page
        before = page.locator(f"{GRID} tbody").inner_text()
        page.locator('[data-selector="window"]').select_option("-5,5")
        caption = page.locator("#chart-cross-section [data-caption]")
        assert f"window [{MINUS}5,\u2009+5]" in caption.inner_text()
        assert page.locator(f"{GRID} tbody").inner_text() != before
        page.wait_for_selector("#chart-cross-section .plot svg")
        assert watch.faults == []


@pytest.mark.browser
@kinds
@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_no_page_scrolls_sideways(chromium: Browser, site: Path, kind: str, width: int) -> None:
    """Wide tables scroll inside of their own frame."""
    with opened(chromium, site / KINDS[kind], width=width) as watch:
        assert watch.page.evaluate("document.documentElement.scrollWidth") <= width
        watch.page.mouse.wheel(500, 0)
        assert watch.page.evaluate("scrollX") == 0


@kinds
def test_a_page_is_made_for_the_width_of_the_screen(parsed: dict[str, Parsed], kind: str) -> None:
    """It asks for the device's width, forbids no zoom, and each wide table stands in a frame that scrolls."""
    page = parsed[kind]
    views = [found["content"] for tag, found in page.elements if found.get("name") == "viewport"]
    assert views == ["width=device-width, initial-scale=1"]
    inside = [tag for tag, found in page.elements if tag == "table" or "scroll" in str(found.get("class")).split()]
    assert inside == ["div", "table"] * (len(inside) // 2)
    assert inside

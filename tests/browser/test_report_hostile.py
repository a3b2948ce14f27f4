"""A report of hostile text: nothing of it runs, leads anywhere, leaves the folder, or hides what it says."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser

from flows.report import MANIFEST, write_report
from tests.browser.hostile import LONG, SYMBOLS, TITLES, poison, run_hostile
from tests.browser.pages import copied, opened
from tests.parsed_page import Parsed

FORMULA = re.compile(r"^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.I)
TAGS = frozenset(
    [
        "html",
        "head",
        "ol",
        "meta",
        "title",
        "link",
        "script",
        "style",
        "body",
        "a",
        "header",
        "div",
        "nav",
        "button",
        "main",
        "h1",
        "h2",
        "h3",
        "bdi",
        "p",
        "dl",
        "dt",
        "dd",
        "details",
        "summary",
        "pre",
        "figure",
        "figcaption",
        "span",
        "label",
        "select",
        "option",
        "input",
        "section",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "small",
        "ul",
        "li",
        "footer",
        "noscript",
        "code",
        "em",
        "strong",
        "hr",
    ]
)
"""Elements that the templates and the text of the methods make."""


@pytest.fixture(scope="module", params=["published by other means", "published by a run"])
def pages(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, compiled: Path) -> list[Path]:
    """Return the pages of hostile marts, each in a folder of its own that has nothing beside it."""
    folder = tmp_path_factory.mktemp("hostile")
    marts = poison(folder / "marts") if "other" in request.param else run_hostile(folder / "home")
    site = write_report(marts, folder / "around" / "site", compiled).folder
    return sorted(site.iterdir())


@pytest.fixture(scope="module")
def parsed(pages: list[Path]) -> dict[str, Parsed]:
    """Return the pages by their names, parsed."""
    found = (page for page in pages if page.suffix == ".html")
    return {page.name: Parsed(page.read_text(encoding="utf-8")) for page in found}


def test_pages_stay_inside_of_the_folder(pages: list[Path], parsed: dict[str, Parsed]) -> None:
    """Plain, short names that differ on every file system, none that Windows keeps, and nothing beside the folder."""
    names = [page.name for page in pages]
    site = pages[0].parent
    assert [path.name for path in site.parent.iterdir()] == ["site"]
    assert all(page.is_file() for page in pages)
    assert set(names) == {*parsed, MANIFEST}
    assert len({name.lower() for name in names}) == len(names)
    assert [name for name in names if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,119}", name)] == []
    assert [name for name in names if RESERVED.fullmatch(name)] == []
    assert sum(name.startswith("security-") for name in names) >= len(SYMBOLS) - 2


def test_no_text_becomes_an_element_or_a_handler(parsed: dict[str, Parsed]) -> None:
    """Only elements of the templates, no attribute that runs or styles, and the scripts of the package."""
    scripts = {tuple(page.inline["script"]) for page in parsed.values()}
    assert len(scripts) == 2
    for name, page in parsed.items():
        assert {tag for tag, _ in page.elements} <= TAGS, name
        attributes = {attribute for _, found in page.elements for attribute in found}
        assert not [word for word in attributes if word.startswith("on") or word in {"style", "src", "autofocus"}], name


def test_links_lead_to_pages_there_are_or_to_the_web(parsed: dict[str, Parsed]) -> None:
    """An address of the web is plain http(s) and gets no hand on the page; every other one is a page of the folder."""
    outside = set()
    for name, page in parsed.items():
        for found in (found for tag, found in page.elements if tag == "a"):
            target = str(found["href"])
            if not target.startswith("#") and target.partition("#")[0] not in parsed:
                assert urlsplit(target).scheme in {"http", "https"}, (name, target)
                assert found["rel"] == "noopener noreferrer", (name, target)
                outside.add(target)
        for text in _cell_links(page.data):
            assert text.partition("#")[0] in parsed, (name, text)
    assert outside
    assert not [target for target in outside if "evil" in target or "javascript" in target]


def _cell_links(data: dict[str, Any]) -> Iterator[str]:
    rows = (row for grid in data["grids"].values() for rows in grid["sets"].values() for row in rows)
    return (cell[2] for row in rows for cell in row if cell[0] is not None and cell[2:])


def test_no_character_hides_or_turns_a_text(pages: list[Path], parsed: dict[str, Parsed]) -> None:
    """No control character and none that reorders text, neither in the page nor in what its script shows."""
    for page in pages:
        assert _hidden(page.read_text(encoding="utf-8").replace("\n", " ")) == set(), page.name
    for name, page in parsed.items():
        for grid in page.data["grids"].values():
            assert {char for text in _texts(grid["sets"]) for char in _hidden(text)} == set(), name
        for chart in page.data["charts"].values():
            rows = [given["rows"] for given in chart["sets"].values()]
            assert {char for text in _texts([rows, chart["captions"]]) for char in _hidden(text)} == set(), name


def _hidden(text: str) -> set[str]:
    return {ascii(char) for char in set(text) if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)


def test_a_title_of_ten_thousand_characters_is_cut_where_it_is_listed(parsed: dict[str, Parsed]) -> None:
    """A list shows its beginning; the event's page has the whole."""
    shown = [row[1] for row in parsed["index.html"].rows["events"]]
    assert max(map(len, shown)) <= 160
    assert [name for name in parsed if name.startswith("event-a-title-that-never")]
    assert len(LONG) > 9_999


@pytest.mark.browser
def test_nothing_of_it_runs(chromium: Browser, pages: list[Path]) -> None:
    """No script, dialog, request or breach of the policy on any page, drawn, sorted, filtered and hovered over."""
    found = [page for page in pages if page.suffix == ".html"]
    own = [page for page in found if page.name.startswith(("index", "security", "theme"))]
    events = [page for page in found if page.name.startswith("event-")]
    hostile = [page for page in events if re.search(r"pwned|evil|hostile|\d-[0-9a-f]{8}\.html$", page.name)]
    assert len(hostile) >= len(TITLES) - 5
    with opened(chromium, own[0]) as watch:
        for page in (*own, *hostile):
            # Events of one market draw the same names: the first few are drawn whole, and what is seen of the others.
            watch.go(page, drawn=page in (*own, *hostile[:3]))
            watch.page.evaluate(_USE)
            assert watch.faults == [], page.name


_USE = """() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  all("main a, main button").forEach((each) => each.focus());
  all("thead button").forEach((head) => head.click());
  for (const group of all(".role-mark, .role-legend-symbol")) {
    for (const mark of all("path", group).slice(0, 3)) {
      const { left, top } = mark.getBoundingClientRect();
      for (const type of ["pointerover", "pointermove", "mousemove"])
        mark.dispatchEvent(new MouseEvent(type, { bubbles: true, clientX: left + 1, clientY: top + 1 }));
    }
  }
}"""
"""What a reader does: focus everything, sort every table, point at marks of every kind."""


@pytest.mark.browser
@pytest.mark.parametrize("grid", ["events", "securities"])
def test_no_copied_cell_is_a_formula(chromium: Browser, pages: list[Path], grid: str) -> None:
    """A text that a spreadsheet would compute begins with an apostrophe; rows and columns stay what they are."""
    index = next(page for page in pages if page.name == "index.html")
    data = Parsed(index.read_text(encoding="utf-8")).data["grids"][grid]
    with opened(chromium, index, drawn=False) as watch:
        watch.page.locator(f"#grid-{grid} [data-copy]").click()
        watch.page.wait_for_selector(f"#grid-{grid} [data-copy]:text('Copied')")
        head, *rows = csv.reader(io.StringIO(copied(watch.page)))
        assert watch.faults == []
    given = data["sets"][""]
    assert len(rows) == len(given)
    assert {len(row) for row in rows} == {len(head)}
    assert [cell for row in rows for cell in row if FORMULA.match(cell)] == []
    texts = [(cell[0], copy) for old, row in zip(given, rows, strict=True) for cell, copy in zip(old, row, strict=True)]
    formulas = [(was, copy) for was, copy in texts if isinstance(was, str) and FORMULA.match(was)]
    assert formulas
    assert [copy for was, copy in formulas if copy != f"'{was}"] == []

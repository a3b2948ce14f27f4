"""The report's pages: whole, closed to the network, equal to the marts, and written only when something changed."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from flows.report import MANIFEST, Report, write_report
from pipelines.errors import ConfigurationError, NothingPublishedError
from pipelines.report import text
from pipelines.report.marts import Scope
from tests.generated_report import STUDY, publish_made_up
from tests.parsed_page import Parsed

LONG = "A title that never ends " * 420
HOSTILE = '</script><script>alert(1)</script><img src=x onerror=alert(2)> \u202egnp \x00 & "quoted" \''
EVENT = "event-event-0000.html"
Rewrite = Callable[[], Report]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with made-up marts: an endless title, a hostile one, an address that is none."""
    folder = tmp_path_factory.mktemp("report")
    publish_made_up(folder / "marts", titles={1: HOSTILE, 2: LONG}, urls={1: "javascript:alert(1)"})
    write_report(folder / "marts" / "marts.duckdb", folder / "site", folder / "cache")
    return folder


@pytest.fixture(scope="module")
def pages(place: Path) -> dict[str, Parsed]:
    """Return every page, parsed."""
    return {file.name: Parsed(file.read_text(encoding="utf-8")) for file in (place / "site").glob("*.html")}


def test_there_is_a_page_for_everything(pages: dict[str, Parsed]) -> None:
    """The first page, the methods, and one per event, security and theme."""
    kinds = [page.elements[0][1]["data-page"] for page in pages.values()]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {
        "overview": 1, "methods": 1, "event": 3, "security": 4, "theme": 3,
    }  # fmt: skip


def test_a_page_runs_its_own_scripts_and_no_other(pages: dict[str, Parsed]) -> None:
    """The policy names exactly the hashes of the scripts and styles that stand in the page, and no source beside."""
    for page in pages.values():
        policy = next(found["content"] for tag, found in page.elements if found.get("http-equiv"))
        assert policy is not None
        allowed = {rule.split()[0]: rule.split()[1:] for rule in policy.split("; ")}
        assert allowed["default-src"] == ["'none'"]
        assert set(allowed["script-src"]) == {_hashed(script) for script in page.inline["script"]}
        assert set(allowed["style-src"]) == {_hashed(style) for style in page.inline["style"]}
        assert "unsafe" not in policy
        assert "http" not in policy


def _hashed(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def test_a_page_loads_nothing(pages: dict[str, Parsed]) -> None:
    """No element has a source, no handler stands in an attribute, and links lead to pages there are or to the web."""
    for page in pages.values():
        for tag, found in page.elements:
            assert "src" not in found, tag
            assert not [name for name in found if name.startswith("on") or name == "style"], tag
            target = found.get("href") or "#"
            if target.startswith(("http://", "https://")):
                assert found["rel"] == "noopener noreferrer"
            elif tag == "a" and not target.startswith("#"):
                assert target.partition("#")[0] in pages


def test_hostile_text_is_only_text(pages: dict[str, Parsed]) -> None:
    """A title full of markup makes no element, and an address that is none makes no link."""
    page = pages["event-event-0001.html"]
    assert not [tag for tag, _ in page.elements if tag == "img"]
    assert len(page.inline["script"]) == 4
    assert not [found for _, found in page.elements if found.get("id") == "evidence"]
    overview = pages["index.html"].rows["events"]
    assert [text.cut(text.clean(HOSTILE))] == [row[1] for row in overview if "alert" in row[1]]


def test_a_title_of_ten_thousand_characters_is_cut_and_kept(place: Path) -> None:
    """The head has 160 of them, a switch shows all."""
    html = (place / "site" / "event-event-0002.html").read_text(encoding="utf-8")
    head = re.search(r'<h1 id="title"><bdi>(.*?)</bdi>', html)
    assert head is not None
    assert len(head[1]) == 160
    assert text.clean(LONG) in html


def test_every_reaction_on_a_page_is_the_mart_s(place: Path, pages: dict[str, Parsed]) -> None:
    """Value by value over every window, and what is shown of each is its rounding."""
    page = pages[EVENT]
    grid = page.data["grids"]["reactions"]
    names = [column["name"] for column in grid["columns"]]
    with duckdb.connect(str(place / "marts" / "marts.duckdb"), read_only=True) as connection:
        found = connection.execute(
            "select window_start, window_end, symbol, car, car_se, scar, p_value, p_holm, bhar, n_estimation_obs, "
            "n_days from fct_event_cars where event_id = 'event-0000' order by scar"
        ).fetchall()
    assert len(found) == 20
    told = {key: [[cell[0] for cell in row] for row in rows] for key, rows in grid["sets"].items()}
    for start, end, symbol, *values in found:
        (row,) = (row for row in told[f"{STUDY}|{start},{end}"] if row[0] == symbol)
        shown = dict(zip(names, row, strict=True))
        assert [shown[name] for name in ("car", "car_se", "scar", "p_value", "p_holm", "bhar")] == values[:6]
        assert [shown["n_estimation_obs"], shown["n_days"]] == values[6:]
    day_0 = [(row[2], row[3], row[6]) for row in found if row[:2] == (0, 0)]
    cells = [(row[0], row[names.index("car")], row[names.index("p_value")]) for row in page.rows["reactions"]]
    assert cells == [(symbol, text.percent(car), text.p_value(p)) for symbol, car, p in day_0]


def test_every_test_on_a_page_is_the_mart_s(place: Path, pages: dict[str, Parsed]) -> None:
    """Statistic, p-value and validity of every test and window, and the marks that say which to read."""
    grid = pages[EVENT].data["grids"]["tests"]
    names = [column["name"] for column in grid["columns"]]
    told = {
        (key, words[0]): dict(zip(names, words, strict=True))
        for key, rows in grid["sets"].items()
        for words in ([cell[0] for cell in row] for row in rows)
    }
    with duckdb.connect(str(place / "marts" / "marts.duckdb"), read_only=True) as connection:
        found = connection.execute(
            "select window_start, window_end, test, statistic, p_value, is_valid from fct_group_tests "
            "where group_value = 'event-0000' and (window_start < window_end or (window_start = 0 and window_end = 0))"
        ).fetchall()
    assert len(found) == len(told)
    for start, end, test, *values in found:
        row = told[f"{STUDY}|{start},{end}", test]
        assert [row["statistic"], row["p_value"], row["is_valid"]] == values
        assert row["is_recommended"] == (test in {"bmp_t_adjusted", "grank_t"})


def test_placebo_counts_are_those_of_the_returns(place: Path, pages: dict[str, Parsed]) -> None:
    """The residuals R - alpha - beta Rm of the estimation window, counted here by hand."""
    grid = pages[EVENT].data["grids"]["placebo-counts"]
    names = [column["name"] for column in grid["columns"]]
    row = next(row for row in grid["sets"][STUDY] if row[0][0] == "S002")
    told = dict(zip(names, (cell[0] for cell in row), strict=True))
    with duckdb.connect(str(place / "marts" / "marts.duckdb"), read_only=True) as connection:
        own, market = (
            dict(connection.execute(
                "select session_index, simple_return from fct_returns where symbol = $1", [symbol]
            ).fetchall())
            for symbol in ("S002", "S000")
        )  # fmt: skip
        ((at, abnormal),) = connection.execute(
            "select session_index, abnormal_return from fct_abnormal_returns inner join fct_returns using (symbol, "
            "session_date) where event_id = 'event-0000' and symbol = 'S002' and relative_day = 0"
        ).fetchall()
    residuals = [own[day] - 0.0001 - 1.1 * market[day] for day in range(at - 260, at - 10)]
    beyond = sum(abs(residual) >= abs(abnormal) for residual in residuals)
    assert (told["n"], told["n_beyond"]) == (250, beyond)
    assert told["p_sq"] == pytest.approx((1 + beyond) / 251, rel=1e-12)


def test_every_chart_says_what_it_shows(pages: dict[str, Parsed]) -> None:
    """n, model or measure, source and as-of stand in each caption, and each drawing names its table."""
    for name, page in pages.items():
        for chart, record in page.data["charts"].items():
            if record["kind"] in {"small_path"}:
                continue
            for caption in record["captions"].values():
                assert "source files, as of 2026-01-05 12:00 UTC" in caption, (name, chart)
                assert re.search(r"\bn (=|up to) \d|Sessions of \d", caption), (name, chart)
        drawings = [found for tag, found in page.elements if found.get("role") == "img"]
        assert len(drawings) == len(page.data["charts"])
        assert all(found["aria-label"] for found in drawings)


@pytest.fixture
def rewrite(place: Path, tmp_path: Path) -> tuple[Path, Rewrite]:
    """Return a copy of the marts and a way to write its report again."""
    marts = tmp_path / "marts.duckdb"
    marts.write_bytes((place / "marts" / "marts.duckdb").read_bytes())

    def again() -> Report:
        return write_report(marts, tmp_path / "site", place / "cache")

    again()
    return marts, again


def test_nothing_is_written_where_nothing_changed(rewrite: tuple[Path, Rewrite]) -> None:
    """Not even for a new generation of the same data."""
    marts, again = rewrite
    with duckdb.connect(str(marts)) as connection:
        connection.execute("update generations set generation_id = 'g2', run_id = 'r2'")
    made = again()
    assert made.written == ()
    assert len(made.unchanged) == 12


def test_one_changed_number_rewrites_the_pages_that_show_it(rewrite: tuple[Path, Rewrite]) -> None:
    """A CAR of one event and security: its event, its security, its theme and the first page."""
    marts, again = rewrite
    with duckdb.connect(str(marts)) as connection:
        connection.execute("update fct_event_cars set car = 0.5 where event_id = 'event-0001' and symbol = 'S003'")
    assert set(again().written) == {
        "index.html", "event-event-0001.html", "security-s003.html", "theme-vertical_integration.html",
    }  # fmt: skip


def test_a_page_that_is_gone_is_written_again(rewrite: tuple[Path, Rewrite], tmp_path: Path) -> None:
    """And a page of an event that is gone is removed; other files of the folder are not touched."""
    marts, again = rewrite
    (tmp_path / "site" / EVENT).unlink()
    (tmp_path / "site" / "mine.html").write_text("mine", encoding="utf-8")
    assert again().written == (EVENT,)
    with duckdb.connect(str(marts)) as connection:
        connection.execute("delete from dim_events where event_id = 'event-0000'")
    assert EVENT in again().removed
    assert not (tmp_path / "site" / EVENT).exists()
    assert (tmp_path / "site" / "mine.html").exists()


def test_a_manifest_that_was_cut_short_costs_a_rewrite(rewrite: tuple[Path, Rewrite], tmp_path: Path) -> None:
    """Every page is written anew, none is trusted."""
    _, again = rewrite
    (tmp_path / "site" / MANIFEST).write_text('{"index.html": "', encoding="utf-8")
    assert len(again().written) == 12


def test_a_manifest_cannot_remove_what_no_report_wrote(rewrite: tuple[Path, Rewrite], tmp_path: Path) -> None:
    """A name that leads out of the folder, or that is none of a report's, is not followed."""
    _, again = rewrite
    outside = tmp_path / "event-outside.html"
    outside.write_text("mine", encoding="utf-8")
    manifest = tmp_path / "site" / MANIFEST
    known = json.loads(manifest.read_text(encoding="utf-8"))
    manifest.write_text(json.dumps(known | {"event-x/../../event-outside.html": "1"}), encoding="utf-8")
    assert again().removed == ()
    assert outside.exists()


def test_a_folder_of_somebody_else_is_not_written_into(place: Path, tmp_path: Path) -> None:
    """An index.html without a manifest is not a report's."""
    (tmp_path / "index.html").write_text("a site", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="no report wrote"):
        write_report(place / "marts" / "marts.duckdb", tmp_path, place / "cache")
    assert (tmp_path / "index.html").read_text(encoding="utf-8") == "a site"


def test_a_report_of_one_event_opens_with_it(place: Path, tmp_path: Path) -> None:
    """It has the event's page, its securities', and those that lead there."""
    made = write_report(place / "marts" / "marts.duckdb", tmp_path, place / "cache", Scope(event="event-0001"))
    assert made.start == tmp_path / "event-event-0001.html"
    assert [name for name in made.written if name.startswith("event-")] == ["event-event-0001.html"]


def test_an_event_that_is_not_there_is_named(place: Path, tmp_path: Path) -> None:
    """With some of those that are."""
    with pytest.raises(ConfigurationError, match=r"no event 'nothing'; it has event-0000, event-0001"):
        write_report(place / "marts" / "marts.duckdb", tmp_path, place / "cache", Scope(event="nothing"))


def test_without_marts_there_is_no_report(tmp_path: Path) -> None:
    """The message says how to get some."""
    with pytest.raises(NothingPublishedError, match="reaction run"):
        write_report(tmp_path / "marts.duckdb", tmp_path / "site", tmp_path / "cache")

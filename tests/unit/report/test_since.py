"""What the first page says of the publication before: nothing without one, else each new session and changed number."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from flows.report import write_report
from pipelines.report.text import DASH, percent
from tests.generated_report import STUDY, publish_made_up
from tests.parsed_page import Parsed

BEFORE = "20260104T120000Z-a"


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of compiled charts that every test shares."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def home(tmp_path: Path, compiled: Path) -> Path:
    """Return a home with two equal publications of made-up marts."""
    (tmp_path / "cache").symlink_to(compiled)
    before, now = (tmp_path / "generations" / name for name in (BEFORE, "20260105T120000Z-b"))
    publish_made_up(before)
    shutil.copytree(before, now)
    change(before, f"update generations set published_at = timestamptz '{datetime(2026, 1, 4, 12, tzinfo=UTC)}'")
    (tmp_path / "published").symlink_to(now)
    return tmp_path


def change(folder: Path, statement: str) -> None:
    """Change the database of a publication."""
    with duckdb.connect(str(folder / "marts.duckdb")) as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(statement)


def first_page(home: Path) -> tuple[Parsed, str]:
    """Write the report and return its first page, parsed and as text."""
    made = write_report(home / "published" / "marts.duckdb", home / "site", home / "cache")
    html = made.start.read_text(encoding="utf-8")
    return Parsed(html), html


def test_nothing_is_new_where_nothing_changed(home: Path) -> None:
    """Two equal publications: no session, no reaction, and the newest session of each security is shown."""
    page, html = first_page(home)
    assert "The publication before this one is of 2026-01-04 12:00 UTC" in html
    assert "Since then: 0 new sessions of 0 securities; 0 reactions of day 0 new or changed" in html
    assert len(page.rows["latest"]) == 4
    assert page.rows["changes"] == [["no reaction of day 0 changed"]]


def test_new_sessions_stand_first(home: Path) -> None:
    """A session that the publication before did not have is the only one that is told."""
    change(
        home / "published",
        "insert into fct_returns select * replace (session_date + 1 as session_date, session_index + 1 as "
        "session_index, 0.25 as simple_return) from fct_returns where symbol = 'S002' and session_date = "
        "(select max(session_date) from fct_returns)",
    )
    page, html = first_page(home)
    assert "Since then: 1 new session of 1 security" in html
    ((symbol, _, _, moved, std_move, _),) = page.rows["latest"]
    assert (symbol, moved) == ("S002", percent(0.25))
    assert float(std_move) > 5


def test_a_changed_reaction_is_told_with_what_it_was(home: Path) -> None:
    """A number that a restatement moved, and a pair that matured, each with what was said before."""
    of_pair = "event_id = 'event-0001' and symbol = 'S003' and window_start = 0 and window_end = 0"
    change(home / "published", f"update fct_event_cars set car = 0.5, scar = 25.0 where {of_pair}")
    pending = "event_id = 'event-0002' and symbol = 'S001'"
    change(home / "generations" / BEFORE, f"update fct_study_securities set status = 'pending' where {pending}")

    page, html = first_page(home)
    assert "2 reactions of day 0 new or changed" in html
    restated, matured = page.rows["changes"]
    assert restated[0] == "S003"
    assert restated[2:6] == ["Something of the kind 1 happened", "1", "used", "used"]
    assert restated[7] == "+50.00%"
    assert restated[6] != restated[7]
    assert restated[10] == STUDY
    assert matured[0] == "S001"
    assert matured[4:6] == ["pending", "used"]


def test_a_reaction_that_events_and_studies_share_is_told_once(home: Path) -> None:
    """Two events of one day 0, in a study with a benchmark and in one without: the former stands for all four."""
    for folder in (home / "published", home / "generations" / BEFORE):
        change(folder, "delete from fct_event_cars where event_id = 'event-0001'")
        change(folder, "delete from fct_study_securities where event_id = 'event-0001'")
        for table in ("fct_event_cars", "fct_study_securities"):
            shared = f"insert into {table} select * replace ('event-0001' as event_id) from {table}"
            change(folder, f"{shared} where event_id = 'event-0000'")
            other = f"insert into {table} select * replace ('a-mean' as study_id) from {table}"
            change(folder, f"{other} where study_id = '{STUDY}'")
        change(
            folder, "insert into dim_studies select * replace ('a-mean' as study_id, null as benchmark_symbol) "
            "from dim_studies"
        )  # fmt: skip
    change(home / "published", "update fct_event_cars set car = 0.5 where symbol = 'S003' and event_id <> 'event-0002'")
    page, _ = first_page(home)
    ((symbol, _, title, n_events, *_, study),) = page.rows["changes"]
    assert (symbol, title, n_events, study) == ("S003", "Something of the kind 0 happened", "2", STUDY)


def test_an_event_that_is_gone_is_told_and_leads_nowhere(home: Path) -> None:
    """What only the publication before had has a dash for what it is now."""
    for table in ("dim_events", "fct_event_securities", "fct_study_securities", "fct_event_cars"):
        change(home / "published", f"delete from {table} where event_id = 'event-0000'")
    page, _ = first_page(home)
    assert len(page.rows["changes"]) == 4
    for row in page.rows["changes"]:
        assert (row[2], row[4], row[5], row[7]) == ("event-0000", "used", DASH, DASH)
    assert "event-event-0000.html" not in [found.get("href") for _, found in page.elements]


def test_without_a_publication_before_there_is_nothing_to_compare(home: Path) -> None:
    """The only publication, and one whose predecessor has other columns, are not compared."""
    old = home / "generations" / BEFORE
    change(old, "alter table fct_event_cars drop column bhar")
    page, html = first_page(home)
    assert "There is no publication before this one to compare with" in html
    assert "changes" not in page.rows
    shutil.rmtree(old)
    assert "There is no publication before this one" in first_page(home)[1]


def test_the_newest_of_the_earlier_publications_counts(home: Path) -> None:
    """Three are there: the one just before the live one is compared, and no later one that was rolled back from."""
    oldest = home / "generations" / "20260101T120000Z-c"
    later = home / "generations" / "20260109T120000Z-d"
    for folder in (oldest, later):
        shutil.copytree(home / "generations" / BEFORE, folder)
        at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=20)
        change(folder, f"update generations set published_at = timestamptz '{at}'")
    assert "The publication before this one is of 2026-01-04 12:00 UTC" in first_page(home)[1]

"""`reaction run --news`, `reaction backfill` and `reaction status` as a user calls them, on faked providers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipelines.fake_providers.edgar import FakeEdgar
from pipelines.fake_providers.faults import throttled
from pipelines.fake_providers.hackernews import FakeHackerNews, story
from pipelines.fake_providers.january_2025 import COMPANIES, FILINGS
from tests.recorded.asking_news import HOSTILE
from tests.running import Finished, reaction, reaction_here

pytestmark = pytest.mark.slow
CANARY = "Jane Canary canary-7f3a@example.com"


@dataclass(frozen=True)
class Runs:
    """What three runs printed: throttled, which was a flow of Prefect, answered, and without an option."""

    home: Path
    throttled: Finished
    answered: Finished
    silent: Finished
    status: Finished
    settings: dict[str, str]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """Run the bundled sample with news of hostile headlines and of the SEC."""
    home = tmp_path_factory.mktemp("news") / "home"
    began = datetime.now(UTC) - timedelta(hours=2)
    stories = [
        story(number, began, f"Nvidia {title}", url="https://x.example/") for number, title in enumerate(HOSTILE)
    ]
    with FakeHackerNews(stories) as hackernews, FakeEdgar(COMPANIES, FILINGS) as edgar:
        settings = {
            "REACTION_HACKERNEWS_BASE_URL": hackernews.base_url,
            "REACTION_HACKERNEWS_QUERIES": '["nvidia"]',
            "REACTION_EDGAR_BASE_URL": edgar.base_url,
            "REACTION_SEC_CONTACT": CANARY,
        }
        asked = ("run", "--json", "--news", "hackernews,edgar")
        hackernews.arm(throttled())
        first = reaction(*asked, "--share-counts", "edgar", home=home, settings=settings)
        hackernews.disarm()
        second = reaction_here(*asked, "--no-prefect", home=home, settings=settings)
        third = reaction_here("run", "--no-prefect", home=home, settings=settings)
        status = reaction_here("status", "--json", home=home)
        yield Runs(home, first, second, third, status, settings)


def test_a_run_whose_news_was_throttled_is_partial_and_publishes(runs: Runs) -> None:
    """Prices and filings are published; the run says what is lacking."""
    told = {part["source"]: part for part in runs.throttled.json["news"]}
    assert (runs.throttled.code, runs.throttled.json["status"]) == (0, "partial")
    assert told["hackernews"]["requests"] == {"throttled": 1}
    assert told["edgar"]["requests"] == {"empty": 5}
    (row,) = [row for row in runs.status.json["runs"] if row["status"] == "partial"]
    assert row["message"].startswith("news of Hacker News: 1 throttled")


def test_the_next_run_brings_what_was_throttled(runs: Runs) -> None:
    """It is complete, and its marts are new."""
    assert (runs.answered.code, runs.answered.json["status"]) == (0, "published")
    assert {part["source"]: part["new"] for part in runs.answered.json["news"]}["hackernews"] == len(HOSTILE)


def test_stored_news_is_read_by_a_run_that_asks_for_none(runs: Runs) -> None:
    """Without the option nothing is asked, nothing changes, and what is stored stays published."""
    assert runs.silent.code == 0
    assert "unchanged, still" in runs.silent.out
    assert runs.status.json["published"]["tables"]["fct_news_items"] == len(HOSTILE)


def test_hostile_headlines_reach_terminal_and_spreadsheet_tamed(runs: Runs) -> None:
    """The marts hold the text; a table shows no order to a terminal, and a CSV cell is no formula."""
    query = "select replace(title, 'Nvidia ', '') as title from fct_news_items order by news_id"
    shown = {
        form: reaction_here("sql", query, "--format", form, home=runs.home).out for form in ("table", "csv", "json")
    }
    assert "<script>" in shown["json"]
    assert "DROP TABLE" in shown["json"]
    assert not any("\x1b" in text or "\u202e" in text for text in (shown["table"], shown["csv"]))
    assert not any(line.lstrip('"').startswith("=") for line in shown["csv"].splitlines())


def test_the_contact_is_in_no_file_and_no_output(runs: Runs) -> None:
    """What was sent to the SEC stands in nothing that was stored or printed, Prefect's record among it."""
    parts = [b"canary-7f3a", b"Jane Canary"]
    for done in (runs.throttled, runs.answered, runs.silent, runs.status):
        assert done.code == 0
        assert not [part for part in parts if part.decode() in done.out + done.err]
    files = [path for path in runs.home.rglob("*") if path.is_file()]
    assert {"prefect.db", "warehouse.duckdb", "marts.duckdb"} <= {file.name for file in files}
    for file in files:
        assert not [part for part in parts if part in file.read_bytes()], file


def test_status_shows_the_news_of_each_source(runs: Runs) -> None:
    """A row for each source, with its newest answer and its last failure."""
    told = {row["source"]: row for row in runs.status.json["news"]}
    assert set(told) == {"hackernews", "edgar"}
    assert (told["hackernews"]["n_items"], told["hackernews"]["last_outcome"]) == (len(HOSTILE), "ok")
    assert "429" in told["hackernews"]["last_failure"]


def test_a_backfill_of_news_is_planned_done_and_not_repeated(runs: Runs) -> None:
    """A dry run counts, the command fills and says who has no history, and again it has nothing to do."""
    asked = ("backfill", "--from", "2025-01-01", "--to", "2025-01-31", "--sources", "edgar,feeds")
    plan = reaction_here(*asked, "--dry-run", "--json", home=runs.home, settings=runs.settings).json
    assert (plan["chunks"], plan["without_history"]) == (5, ["feeds"])
    with FakeEdgar(COMPANIES, FILINGS) as edgar:
        settings = {**runs.settings, "REACTION_EDGAR_BASE_URL": edgar.base_url}
        done = reaction_here(*asked, home=runs.home, settings=settings)
        assert (done.code, "done: 5 chunks, 3 rows" in done.out) == (0, True), done.err
        assert "feeds: no history" in done.out
        n_asked = len(edgar.log)
        again = reaction_here(*asked, "--json", home=runs.home, settings=settings)
        assert (again.json["done_before"], again.json["chunks"], len(edgar.log)) == (5, 0, n_asked)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("run", "--news", "edgar,reuters"), "--news: expected some of edgar, gdelt"),
        (("run", "--news", "feeds", "--no-prefect"), "set feeds in reaction.toml"),
        (("run", "--as-of", "2025-01-27T21:00:00Z", "--news", "arxiv"), "leave out --news"),
        (("backfill", "--from", "2025-01-01", "--sources", "yahoo,arxiv"), "use two commands"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_what_to_do(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    """A wrong word, nothing to ask for, and what excludes another are mistakes of the call."""
    done = reaction_here(*arguments, home=tmp_path)
    assert done.code != 0
    assert told in done.err
    assert "Traceback" not in done.err

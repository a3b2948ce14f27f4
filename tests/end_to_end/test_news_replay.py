"""January 2025 replayed from faked providers: history filled, polled day by day, read, published and shown."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

import flows.demo_news
from flows.cli.demo_news import show
from flows.cli.run import run
from flows.demo_news import Found, Poll, demonstrate
from flows.news_backfill import NewsBackfilled
from flows.summary import summarise
from pipelines.errors import ConfigurationError
from pipelines.fake_providers.january_2025 import CONTACT
from pipelines.settings import Settings
from warehouse.news_record import news_freshness

pytestmark = pytest.mark.slow
MONDAY = date(2025, 1, 27)


@dataclass(frozen=True)
class Replay:
    """What the replay did, and where its warehouse is."""

    home: Path
    steps: list[NewsBackfilled | Poll | Found]

    @property
    def found(self) -> Found:
        """Return what the marts hold."""
        (found,) = [step for step in self.steps if isinstance(step, Found)]
        return found

    @property
    def polls(self) -> list[Poll]:
        """Return the polls."""
        return [step for step in self.steps if isinstance(step, Poll)]

    def item(self, source: str, words: str) -> dict[str, Any]:
        """Return the one item of a source whose title has the words."""
        items = self.found.items.filter(pl.col("source") == source, pl.col("title").str.contains(words, literal=True))
        return items.row(0, named=True) if items.height == 1 else pytest.fail(f"{items.height} items say {words!r}")


@pytest.fixture(scope="module")
def replay(tmp_path_factory: pytest.TempPathFactory) -> Replay:
    """Return the replay, done once."""
    home = tmp_path_factory.mktemp("january")
    return Replay(home, list(demonstrate(home)))


def at(text: str) -> datetime:
    """Return an instant of UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_the_release_has_its_clocks_and_its_session(replay: Replay) -> None:
    """The commit claims its minute and is public when somebody saw it; New York was shut, so day 0 is the next day."""
    commit = replay.item("feeds", "Release DeepSeek-R1")
    assert commit["published_at"] == at("2025-01-20 12:19:44")
    assert commit["available_at"] == commit["first_seen_at"] >= at("2025-01-20 23:30")
    story = replay.item("hackernews", "DeepSeek-R1 is released")
    assert story["available_at"] == at("2025-01-20 12:45")
    assert {commit["session_date"], story["session_date"]} == {date(2025, 1, 21)}


def test_a_repository_is_public_when_it_was_seen_and_not_when_it_was_made(replay: Replay) -> None:
    """The Hub's own time is that of a repository that may have been private."""
    model = replay.found.items.row(by_predicate=pl.col("title") == "deepseek-ai/DeepSeek-R1", named=True)
    assert model["published_at"] == at("2025-01-20 03:46:07")
    assert model["available_at"] >= at("2025-01-20 23:30")


def test_a_paper_is_public_when_it_is_announced(replay: Replay) -> None:
    """Submitted at 10:19 in New York, announced at 20:00, on day 0 of the next session."""
    paper = replay.item("arxiv", "DeepSeek-R1")
    assert (paper["published_at"], paper["available_at"]) == (at("2025-01-22 15:19:35"), at("2025-01-23 01:00"))
    assert paper["session_date"] == date(2025, 1, 23)


def test_the_essay_and_the_selloff_are_events_of_their_own(replay: Replay) -> None:
    """Release, essay and fall are three stories; what was written on the weekend is in Monday's close."""
    essay = replay.item("feeds", "a long essay doubts")
    slide = replay.item("feeds", "slide at the open")
    close = replay.item("feeds", "ends down 17%")
    assert (essay["precision"], essay["session_date"]) == ("day", MONDAY)
    assert slide["session_date"] == MONDAY
    assert close["session_date"] == date(2025, 1, 28)
    assert {essay["symbols"], slide["symbols"], close["symbols"]} == {'["NVDA"]'}
    stories = "(title like '%essay doubts%' or title like '%at the open%' or title like '%R1 is released%')"
    told = query(replay, f"select cluster_id from fct_news_items where source != 'gdelt' and {stories}")
    assert len({name for (name,) in told}) == 3


def test_the_same_headline_of_two_sources_is_one_story(replay: Replay) -> None:
    """What GDELT crawled a quarter of an hour later is in the cluster of the newsroom's own headline."""
    rows = query(replay, "select source, cluster_id, n_in_cluster from fct_news_items where title like '%at the open%'")
    assert sorted(source for source, _, _ in rows) == ["feeds", "gdelt"]
    assert len({cluster for _, cluster, _ in rows}) == 1
    assert {n for _, _, n in rows} == {2}


def test_attention_bursts_and_is_measured_on_days_that_were_asked_for(replay: Replay) -> None:
    """The last week of January is a burst of cheap models; the missed Saturday was made up; today is not over."""
    days = {row["date"]: row for row in replay.found.attention.iter_rows(named=True)}
    assert [day.day for day, row in days.items() if row["is_burst"]] == [26, 27, 28, 29]
    peak = max((row for row in days.values() if row["n_clusters"] is not None), key=lambda row: row["n_clusters"])
    assert (peak["date"], peak["z"] > 5) == (MONDAY, True)
    assert (days[date(2025, 1, 31)]["is_measured"], days[date(2025, 1, 31)]["n_items"]) == (False, None)
    missed = query(replay, "select distinct is_measured from fct_news_attention where date = '2025-01-18'")
    assert missed == [(True,)]


def test_what_else_moved_nvidia_is_flagged(replay: Replay) -> None:
    """Stargate, the Federal Reserve and the results of three companies confound the release and the essay."""
    found = replay.found.confounders
    named = {"stargate-announcement", "fomc-2025-01-29", "msft-fy25q2-results", "meta-q4-2024-results",
             "tsla-q4-2024-results"}  # fmt: skip
    for event in ("deepseek-r1-release", "emanuel-short-case-essay"):
        rows = found.filter(pl.col("event_id") == event)
        assert named <= set(rows["confounder_id"])
    fed = found.filter(pl.col("confounder_id") == "fomc-2025-01-29")
    assert set(fed["confounder_kind"]) == {"macro"}
    assert set(fed["confounder_session"]) == {date(2025, 1, 29)}


def test_filings_and_the_release_are_recognised_as_events_of_the_catalogue(replay: Replay) -> None:
    """Each of the three 8-Ks is linked to its results, and the model to its release; the burst is a candidate."""
    found = {row["event_id"]: row for row in replay.found.candidates.iter_rows(named=True) if row["event_id"]}
    assert {"msft-fy25q2-results", "meta-q4-2024-results", "tsla-q4-2024-results", "deepseek-r1-release"} <= set(found)
    assert found["msft-fy25q2-results"]["available_at"] == at("2025-01-29 21:08:56")
    assert found["deepseek-r1-paper-arxiv"]["candidate_id"] == "arxiv:2501.12948"
    assert found["deepseek-v3-release"]["title"] == "deepseek-ai/DeepSeek-V3"  # three weeks later, by its name alone
    kinds = replay.found.candidates.filter(pl.col("kind") == "burst")
    assert kinds["candidate_id"].to_list() == ["burst:efficiency_breakthrough:2025-01-26"]


def test_polls_that_come_twice_or_late_change_nothing(replay: Replay) -> None:
    """The second poll of a day finds nothing new; the one after a missed day brings both days."""
    twice = [poll for poll in replay.polls if poll.at.minute == 31]
    assert len(twice) == 2
    assert sum(part.n_new for poll in twice for part in poll.polled) == 0
    assert not any(part.is_partial for poll in replay.polls for part in poll.polled)
    assert query(replay, "select count(*) - count(distinct news_id) from fct_news_items") == [(0,)]
    stored = warehouse(
        replay, "select date_trunc('day', occurred_at)::date from raw.news_items where source = 'hackernews'"
    )
    assert date(2025, 1, 18) in {day for (day,) in stored}


def test_no_item_is_public_before_it_happened_or_after_it_was_seen(replay: Replay) -> None:
    """An item counts from an instant between the source's own and our first sight."""
    wrong = "select news_id from fct_news_items where available_at > first_seen_at or available_at < published_at"
    assert query(replay, wrong) == []


def test_the_contact_for_the_sec_is_nowhere(replay: Replay) -> None:
    """Neither a table of the warehouse or the marts nor any file of the home holds it, or a part of it."""
    parts = [part for part in CONTACT.split() if "@" in part or part == "Replay"]
    assert len(parts) == 2
    for file in [path for path in replay.home.rglob("*") if path.is_file()]:
        assert [part for part in parts if part.encode() in file.read_bytes()] == [], file
    for file in (replay.home / "warehouse.duckdb", replay.home / "published" / "marts.duckdb"):
        with duckdb.connect(str(file), read_only=True) as connection:
            tables = connection.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()
            for (table,) in tables:
                text = json.dumps(connection.execute(f"from {table}").fetchall(), default=str)
                assert [part for part in parts if part in text] == [], table
    settings = Settings(home=replay.home, sec_contact=CONTACT)  # type: ignore[arg-type]
    assert not [part for part in parts if part in repr(settings) or part in str(settings.model_dump())]


def test_status_tells_how_fresh_each_source_is(replay: Replay) -> None:
    """A row for each source: when it last answered, its newest item, and nothing of failures that were none."""
    with duckdb.connect(str(replay.home / "warehouse.duckdb"), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        fresh = {row["source"]: row for row in news_freshness(connection).iter_rows(named=True)}
    assert set(fresh) == {"arxiv", "edgar", "feeds", "gdelt", "hackernews", "huggingface"}
    assert all(row["answered_at"] >= at("2025-01-31 23:30") for row in fresh.values())
    assert fresh["edgar"]["n_followed"] == 5
    assert fresh["edgar"]["n_items"] == 3
    assert fresh["edgar"]["newest_item_at"] == at("2025-01-29 21:11:00")


def test_the_demonstration_shows_what_was_found(
    replay: Replay, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`reaction run --demo-news` prints polls, items with their session, attention, confounders and candidates."""
    monkeypatch.setattr(flows.demo_news, "demonstrate", lambda _: iter(replay.steps))
    show()
    shown = capsys.readouterr().out
    for words in (
        "Release DeepSeek-R1",
        "fomc-2025-01-29",
        "burst:efficiency_breakthrough",
        "Mon 27 Jan 23:31Z",
        "gates passed",
    ):
        assert words in shown
    assert CONTACT.split()[-1] not in shown


def test_a_demonstration_is_kept_in_a_folder_of_its_own_alone(
    replay: Replay, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Invented news comes into a new folder, which is named, and never into one that holds something."""
    homes: list[Path] = []
    monkeypatch.setattr(flows.demo_news, "demonstrate", lambda home: homes.append(home) or iter(replay.steps))
    show(tmp_path / "january")
    assert homes == [tmp_path / "january"]
    assert f"REACTION_HOME={tmp_path / 'january'} reaction events candidates" in capsys.readouterr().out
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "warehouse.duckdb").touch()
    with pytest.raises(ConfigurationError, match="invented news may not come among your own"):
        show(tmp_path / "own")
    assert len(homes) == 1


@pytest.mark.parametrize(
    ("options", "message"), [({"keep": Path("x")}, "--keep"), ({"demo_news": True, "news": "arxiv"}, "--news")]
)
def test_options_that_a_demonstration_does_not_read_are_refused(options: dict[str, Any], message: str) -> None:
    """Nothing is asked, and nothing is left out in silence."""
    with pytest.raises(ConfigurationError, match=f"{message}: "):
        run(**options)


def test_a_run_says_what_waits_for_a_decision(replay: Replay) -> None:
    """Two lines: candidates, with those that this run brought, and large reactions that no event explains."""
    outcome = replay.found.outcome
    lines = summarise(outcome.run.marts_file, outcome).lines
    (candidates,) = [line for line in lines if line.startswith("candidate events: ")]
    (movers,) = [line for line in lines if line.startswith("large reactions without an event: ")]
    assert candidates == (
        "candidate events: 1 to decide on, 0 of them with news of this run; `reaction events candidates` lists them"
    )
    ((n_all,),) = query(replay, "select count(*) from fct_movers where n_events = 0")
    assert movers == f"large reactions without an event: {n_all}, 0 in the last 30 days"


def query(replay: Replay, sql: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query on the published marts."""
    with duckdb.connect(str(replay.home / "published" / "marts.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def warehouse(replay: Replay, sql: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query on the warehouse."""
    with duckdb.connect(str(replay.home / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()

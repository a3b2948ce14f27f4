"""Reactions, events and news side by side: on the bundled sample without news, and with news in its warehouse."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.settings import Settings
from pipelines.sources.batch import content_hash
from tests.end_to_end.conftest import SampleRun
from tests.news.raw_items import raw_items
from tests.running import reaction_here, rows
from warehouse.connection import open_file
from warehouse.migrations import migrate
from warehouse.store import Incoming, append

pytestmark = pytest.mark.slow

FILING = "edgar:0001045810-25-000009"
NEW = "edgar:0001045810-24-000316"
RELEASE = "huggingface:678dc6ea8cd84bf2dd23f456"


def test_a_mover_has_the_statistic_of_the_studies(sample_run: SampleRun) -> None:
    """Where a study by the same model has the pair, the two agree to 1e-10; the sell-off is a mover."""
    query = """
        select movers.symbol, movers.session_date, movers.std_abnormal_return, returns.std_abnormal_return
        from fct_movers as movers
        inner join fct_abnormal_returns as returns using (symbol, session_date)
        inner join dim_studies as studies on returns.study_id = studies.study_id and movers.model = studies.model
        where returns.relative_day = 0 and studies.estimation_start = -260 and studies.estimation_end = -11
    """
    found = rows(sample_run.home, query)
    assert ("NVDA", "2025-01-27") in {(symbol, str(day)) for symbol, day, _, _ in found}
    for symbol, day, mover, study in found:
        assert mover == pytest.approx(study, rel=1e-10), (symbol, day)


def test_reactions_and_events_are_told_apart(sample_run: SampleRun) -> None:
    """There are reactions without an event, events without a reaction, and the sell-off with the events of its day."""
    query = (
        "select event_ids, n_news, top_news_id from fct_movers where symbol = 'NVDA' and session_date = '2025-01-27'"
    )
    assert rows(sample_run.home, query) == [('["deepseek-app-number-one","emanuel-short-case-essay"]', 0, None)]
    ((n_movers, n_without),) = rows(sample_run.home, "select count(*), count(*) filter (n_events = 0) from fct_movers")
    assert 0 < n_without < n_movers
    query = "select reaction, count(*) from fct_event_reactions where event_id like 'deepseek-%' group by all"
    found = dict(rows(sample_run.home, query))
    assert found["quiet"] > 0
    assert found["mover"] > 0


def test_the_week_of_the_sell_off_shows_what_else_happened(sample_run: SampleRun) -> None:
    """Stargate confounds R1; the Fed's decision and results of three customers confound the sell-off."""
    query = """
        select confounder_id, confounder_kind, relative_day from fct_confounders
        where symbol = 'NVDA' and in_window = 'event' and event_id = '{}'
    """
    release = {name: (kind, day) for name, kind, day in rows(sample_run.home, query.format("deepseek-r1-release"))}
    assert release["stargate-announcement"] == ("own", 1)
    sell_off = {name: (kind, day) for name, kind, day in rows(sample_run.home, query.format("nvda-record-selloff"))}
    assert sell_off["fomc-2025-01-29"] == ("macro", 2)
    assert sell_off["msft-fy25q2-results"] == ("own", 3)
    assert sell_off["meta-q4-2024-results"] == sell_off["tsla-q4-2024-results"] == ("earnings", 3)
    assert "nvda-record-selloff" not in release


def test_the_ledger_counts_what_the_list_names(sample_run: SampleRun) -> None:
    """One definition: n_confounders is a count of rows of fct_confounders."""
    query = """
        select count(*), max(n_confounders) from fct_event_securities as ledger
        where n_confounders = (
            select count(*) from fct_confounders as listed
            where listed.event_id = ledger.event_id and listed.symbol = ledger.symbol
                and listed.is_named and listed.in_window = 'event'
        )
    """
    ((agree, most),) = rows(sample_run.home, query)
    assert rows(sample_run.home, "select count(*) from fct_event_securities") == [(agree,)]
    assert most > 10


def test_without_news_there_is_no_candidate(sample_run: SampleRun) -> None:
    """The marts of news are there, and empty."""
    assert rows(sample_run.home, "select count(*) from fct_event_candidates") == [(0,)]
    assert reaction_here("events", "candidates", "--json", home=sample_run.home).json == []


def item(source: str, number: str, title: str, at: datetime, **other: Any) -> dict[str, Any]:
    """Return an item that was public when its source says."""
    known = {"source": source, "item_id": number, "title": title, "occurred_at": at, "time_basis": "offset"}
    return {**known, "available_at": at, "fetched_at": datetime(2025, 2, 3, tzinfo=UTC), **other}


def store_news(home: Path, items: Sequence[dict[str, Any]]) -> None:
    """Append items to the warehouse of a home as a poll of each source would."""
    frame = raw_items(items).with_columns(row_number=pl.int_range(pl.len()).over("source"))
    settings = Settings(home=home)
    settings.home.mkdir(parents=True, exist_ok=True)
    batches = []
    for part in frame.partition_by("source"):
        batch = part.drop("batch_id", "fetched_at")
        word = part["source"][0]
        seen = part["fetched_at"][0]
        batches.append(Incoming("news_items", f"{word}:all", "https://x", content_hash(batch), seen, batch))
    with open_file(settings.warehouse_file) as connection:
        migrate(connection)
        append(connection, batches, run_id="news")


@pytest.fixture(scope="module")
def with_news(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home of the sample whose warehouse holds a few items of January 2025 and earlier, after one run."""
    home = tmp_path_factory.mktemp("news") / "home"
    crash = datetime(2025, 1, 27, 15, tzinfo=UTC)
    filing = {"kind": "filing", "symbols": '["NVDA"]'}
    store_news(
        home,
        [
            item("feeds", "1", "Nvidia shares plunge as DeepSeek rattles Wall Street", crash),
            item("feeds", "2", "Nvidia shares plunge as DeepSeek rattles Wall Street", crash + timedelta(minutes=9)),
            item("feeds", "3", "Nvidia to open an office in Vietnam", crash - timedelta(hours=4)),
            item(
                *("edgar", NEW.partition(":")[2], "NVIDIA CORP: 8-K, 2.02", datetime(2024, 11, 20, 21, 20, tzinfo=UTC)),
                **filing,
                attributes='{"form": "8-K", "items": ["2.02", "9.01"], "cik": "1045810"}',
            ),
            item(
                *("edgar", FILING.partition(":")[2], "NVIDIA CORP: 8-K, 5.02", datetime(2024, 7, 1, 21, tzinfo=UTC)),
                **filing,
                attributes='{"form": "8-K", "items": ["5.02"], "cik": "1045810"}',
            ),
            item(
                *("huggingface", RELEASE.partition(":")[2], "deepseek-ai/DeepSeek-R1 release of open weights"),
                datetime(2025, 1, 20, 3, 46, tzinfo=UTC),
                kind="model_release",
            ),
        ],
    )
    first = reaction_here("run", "--no-prefect", "--json", home=home)
    assert first.code == 0, first.err
    return home


def test_a_mover_stands_beside_the_news_of_its_session(with_news: Path) -> None:
    """Of three items the story that two tell comes first, by its earliest item."""
    query = "select n_news, top_news_id from fct_movers where symbol = 'NVDA' and session_date = '2025-01-27'"
    assert rows(with_news, query) == [(3, "feeds:1")]


def test_what_the_catalogue_tells_already_is_linked(with_news: Path) -> None:
    """Nvidia's results of November 2024 and R1 are events; a new officer is a candidate."""
    found = reaction_here("events", "candidates", "--all", "--json", home=with_news).json
    assert {row["candidate_id"]: (row["status"], row["kind"], row["event_id"]) for row in found} == {
        NEW: ("linked", "results", "nvda-fy25q3-results"),
        RELEASE: ("linked", "model_release", "deepseek-r1-release"),
        FILING: ("candidate", "officers", None),
    }


def test_a_promoted_candidate_is_studied_by_the_next_run(with_news: Path) -> None:
    """By the next run it has abnormal returns and is promoted; a rejected one stays rejected."""
    options = ("--title", "Nvidia names a new officer", "--event-id", "nvda-officer", "--sign", "NVDA=?")
    assert reaction_here("events", "promote", FILING, *options, "--by", "ann", home=with_news).code == 0
    assert reaction_here("events", "reject", NEW, "--reason", "known", "--by", "ann", home=with_news).code == 0
    second = reaction_here("run", "--no-prefect", "--json", home=with_news)
    assert second.code == 0, second.err
    query = "select distinct symbol, relative_day from fct_abnormal_returns where event_id = 'nvda-officer'"
    assert ("NVDA", 0) in rows(with_news, query)
    query = "select candidate_id, status, event_id, decided_by from fct_event_candidates order by candidate_id"
    assert rows(with_news, query) == [
        (NEW, "rejected", None, "ann"),
        (FILING, "promoted", "nvda-officer", "ann"),
        (RELEASE, "linked", "deepseek-r1-release", None),
    ]

"""Backfills of news: chunks by source, a ledger row with each, resumed where they ended, patient and honest."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

import flows.news_backfill
from flows.news import Job
from flows.news_backfill import Asker, NewsBackfilled, plan_news_backfill, run_news_backfill
from flows.news_backfill_plan import checked_days, is_of_news
from pipelines.errors import ConfigurationError, WarehouseError
from pipelines.fake_providers.faults import answers, throttled
from pipelines.sources.live import Outcome
from pipelines.sources.news import NewsAnswer, NewsRequest
from pipelines.sources.web.breaker import Patience
from pipelines.sources.web.hosts import Hosts
from tests.news_rig import START, NewsRig, news_rig

DAYS = (date(2024, 10, 1), date(2025, 1, 18))
"""110 days: four chunks of thirty."""


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[NewsRig]:
    """Return providers with a story every five days."""
    with news_rig(tmp_path) as made:
        for number in range(30):
            made.tell(number, f"Nvidia number {number}", START - timedelta(days=5 * number + 2))
        yield made


def fill(rig: NewsRig, *words: str) -> NewsBackfilled:
    """Backfill the days."""
    return run_news_backfill(rig.settings, words or ("hackernews",), DAYS, Hosts(rig.clock))


def test_a_backfill_stores_each_day_of_its_window_once(rig: NewsRig) -> None:
    """Every chunk has its row of the ledger, and the stories of the days are stored."""
    done = fill(rig)
    assert done.is_complete
    assert rig.rows("select first_date, last_date, outcome from raw.backfill_chunks order by 1") == [
        (date(2024, 10, 1), date(2024, 10, 30), "ok"),
        (date(2024, 10, 31), date(2024, 11, 29), "ok"),
        (date(2024, 11, 30), date(2024, 12, 29), "ok"),
        (date(2024, 12, 30), date(2025, 1, 18), "ok"),
    ]
    # START is noon of 20 January: numbers 0 to 21 lie on 18 January to 5 October.
    assert rig.rows("select count(*), count(distinct item_id) from raw.news_items") == [(22, 22)]


def test_the_same_backfill_again_asks_nothing(rig: NewsRig) -> None:
    """What the ledger has is not asked for again."""
    fill(rig)
    asked = len(rig.hackernews.log)
    again = fill(rig)
    assert (again.tally.n_chunks, again.tally.n_done_before, again.is_complete) == (0, 4, True)
    assert len(rig.hackernews.log) == asked


def test_a_backfill_goes_on_where_it_was_killed(rig: NewsRig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """After a death between two commits the rest is asked for, and the store is that of a run without one."""
    commit, count = flows.news_backfill._commit, iter(range(10))

    def dies(*given: object) -> int:
        if next(count) == 2:
            raise WarehouseError("killed")
        return commit(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(flows.news_backfill, "_commit", dies)
    with pytest.raises(WarehouseError, match="killed"):
        fill(rig)
    monkeypatch.setattr(flows.news_backfill, "_commit", commit)
    resumed = fill(rig)
    assert (resumed.tally.n_done_before, resumed.is_complete) == (2, True)
    with news_rig(tmp_path / "whole") as whole:
        whole.hackernews.stories = rig.hackernews.stories
        fill(whole)
        query = "select item_id, title, occurred_at from raw.news_items order by 1"
        assert rig.rows(query) == whole.rows(query)


def test_a_chunk_that_fails_is_asked_for_again(rig: NewsRig) -> None:
    """A broken answer is no end of its chunk, and costs no other."""
    rig.hackernews.arm(answers(200, b"<html>", "text/html"), times=5)
    done = fill(rig)
    assert not done.is_complete
    assert done.tally.sources["hackernews"].outcomes["broken"] >= 1
    rig.hackernews.disarm()
    assert fill(rig).is_complete
    assert rig.rows("select count(distinct item_id) from raw.news_items") == [(22,)]


def test_a_backfill_leaves_a_poll_nothing_to_ask_but_its_own_days(rig: NewsRig) -> None:
    """A poll after a backfill begins at its end."""
    fill(rig)
    before = len(rig.hackernews.log)
    rig.poll()
    (request,) = rig.hackernews.log[before:]
    begin = int(request.query["numericFilters"].split(",")[0].split("=")[1])
    assert datetime.fromtimestamp(begin, START.tzinfo) == datetime(2025, 1, 18, 18, tzinfo=START.tzinfo)


def test_sources_without_history_are_named_and_not_asked(rig: NewsRig) -> None:
    """Feeds and Yahoo's news have nothing to fill."""
    done = fill(rig, "feeds", "yahoo_news", "hackernews")
    assert done.plan.without_history == ("feeds", "yahoo_news")
    assert rig.feeds.log == []


def test_a_plan_asks_nothing_and_writes_nothing(rig: NewsRig) -> None:
    """A dry run counts chunks, requests and seconds."""
    plan = plan_news_backfill(rig.settings, ("hackernews", "gdelt"), DAYS)
    assert (len(plan.of("hackernews")), len(plan.of("gdelt"))) == (4, 110)
    assert plan.least_requests("gdelt") == 110 * 96
    assert plan.least_seconds("gdelt", rig.settings) == pytest.approx(110 * 96 / 2)
    assert rig.hackernews.log == []
    assert not rig.settings.warehouse_file.exists()


def test_prices_and_news_take_two_commands() -> None:
    """A mixture of sources is a mistake, and so is a word that nobody knows."""
    assert is_of_news(("edgar", "arxiv"))
    assert not is_of_news(("yahoo", "fred"))
    with pytest.raises(ConfigurationError, match="got 'yahoo' and 'edgar'; use two commands"):
        is_of_news(("yahoo", "edgar"))


def test_days_that_are_not_over_are_refused() -> None:
    """The last day is over, and not before the first."""
    assert checked_days(date(2025, 1, 1), None, START) == (date(2025, 1, 1), date(2025, 1, 19))
    with pytest.raises(ConfigurationError, match="over everywhere is 2025-01-19, got 2025-01-20"):
        checked_days(date(2025, 1, 1), date(2025, 1, 20), START)
    with pytest.raises(ConfigurationError, match="swap them"):
        checked_days(date(2025, 1, 2), date(2025, 1, 1), START)


class Busy:
    """A source that always asks for patience."""

    name = "hackernews"

    def __init__(self) -> None:
        self.n_asked = 0

    def fetch(self, request: NewsRequest) -> NewsAnswer:
        """Count, and throttle."""
        self.n_asked += 1
        return NewsAnswer(request, Outcome.THROTTLED, START, "u", "expected items, got a 429")

    def close(self) -> None:
        """Do nothing."""


def test_a_source_that_throttles_for_ever_is_given_up(rig: NewsRig) -> None:
    """After its pauses nobody asks it any more: what was not asked has no outcome."""
    busy = Busy()
    asker = Asker({"hackernews": Patience(8, 0.001, 0.002)}, threading.Event())
    job = Job("hackernews", NewsRequest("x"))
    answered = asker.ask(busy, job, Hosts(rig.clock))
    assert answered is not None
    assert answered.answer.outcome is Outcome.THROTTLED
    asked = busy.n_asked
    assert asker.ask(busy, job, Hosts(rig.clock)) is None
    assert busy.n_asked == asked


def test_a_throttled_backfill_is_partial_and_has_no_number(rig: NewsRig, monkeypatch: pytest.MonkeyPatch) -> None:
    """The chunk that was throttled stands in the ledger as such, those after it were not asked for."""
    monkeypatch.setattr(flows.news_backfill, "TICK", 0.001)
    rig.hackernews.arm(throttled())
    done = run_impatient(rig, monkeypatch)
    assert not done.is_complete
    assert rig.rows("select distinct outcome, n_rows from raw.requests") == [("throttled", None)]


def run_impatient(rig: NewsRig, monkeypatch: pytest.MonkeyPatch) -> NewsBackfilled:
    """Backfill with pauses of a thousandth of a second."""

    class Quick(Asker):
        def __init__(self, patience: dict[str, Patience], stop: threading.Event) -> None:
            super().__init__(dict.fromkeys(patience, Patience(8, 0.001, 0.002)), stop)

    monkeypatch.setattr(flows.news_backfill, "Asker", Quick)
    return fill(rig)

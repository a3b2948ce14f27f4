"""Polls of news that are missed, doubled, throttled, broken or killed: nothing is lost, doubled or made up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import flows.news
from flows.news_store import store_answers
from pipelines.errors import ConfigurationError, WarehouseError
from pipelines.fake_providers.faults import answers, throttled
from pipelines.fake_providers.feeds import item, rss
from pipelines.sources.hackernews_stories import HackerNewsStories
from pipelines.sources.news import NewsRequest
from tests.news_rig import START, NewsRig, news_rig

MONDAY = "Mon, 20 Jan 2025 10:00:00 GMT"


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[NewsRig]:
    """Return providers that have nothing yet."""
    with news_rig(tmp_path) as made:
        yield made


def test_a_doubled_poll_stores_nothing(rig: NewsRig) -> None:
    """The same poll again finds the same items, and none is new."""
    rig.tell(1, "Nvidia one", START - timedelta(hours=1))
    assert rig.poll()["hackernews"].n_new == 1
    rig.later(minutes=5)
    again = rig.poll()["hackernews"]
    assert (again.n_found, again.n_new) == (1, 0)
    assert rig.rows("select count(*) from raw.news_items") == [(1,)]


def test_points_and_comments_make_no_version(rig: NewsRig) -> None:
    """What changes with every poll says nothing new; a new title does, and coming back to the old one does not."""
    rig.tell(1, "Nvidia one", START - timedelta(hours=1))
    rig.poll()
    for title, points in (("Nvidia one", 50), ("Nvidia two", 60), ("Nvidia one", 70), ("Nvidia two", 80)):
        rig.later(minutes=5)
        rig.hackernews.stories[0] |= {"points": points, "num_comments": points, "title": title}
        rig.poll()
    assert sorted(rig.rows("select title from raw.news_items")) == [("Nvidia one",), ("Nvidia two",)]


def test_missed_days_are_made_up_by_one_poll(rig: NewsRig) -> None:
    """After nine days without a poll the next one brings what was told in them, and another has nothing to do."""
    rig.poll()
    for day in range(1, 10):
        rig.tell(day, f"Nvidia of day {day}", START + timedelta(days=day))
    rig.later(days=9, hours=1)
    assert rig.poll()["hackernews"].n_new == 9
    before = len(rig.hackernews.log)
    rig.later(minutes=1)
    assert rig.poll()["hackernews"].n_new == 0
    assert len(rig.hackernews.log) == before + 1


def test_what_was_throttled_is_unmeasured_and_asked_for_again(rig: NewsRig) -> None:
    """A poll that is told to wait is recorded without a number, costs no other source, and leaves a hole to fill."""
    rig.poll()
    address = rig.feeds.put("/rss", rss(item("Nvidia opens a lab", "https://room.example/1", "g1", MONDAY)))
    rig.later(days=1)
    rig.tell(1, "Nvidia in the hole", START + timedelta(hours=12))
    rig.hackernews.arm(throttled())
    polled = rig.poll("hackernews", "feeds", feeds=(address,))
    assert polled["hackernews"].is_partial
    assert "throttled" in polled["hackernews"].complaint
    assert (polled["feeds"].n_new, polled["feeds"].is_partial) == (1, False)
    asked = "select outcome, n_rows, reason != '' from raw.requests where run_id = 'run-2' and object like 'hacker%'"
    assert rig.rows(asked) == [("throttled", None, True)]
    rig.hackernews.disarm()
    rig.later(days=1)
    assert rig.poll()["hackernews"].n_new == 1


def test_a_refused_query_is_told_and_is_no_reason_to_ask_again(rig: NewsRig) -> None:
    """A feed that is not there is said to be refused; the run is no partial one for it."""
    polled = rig.poll("feeds", feeds=(f"{rig.feeds.base_url}/gone",))["feeds"]
    assert polled.outcomes == {"refused": 1}
    assert not polled.is_partial
    assert "/gone" in polled.reasons["refused"]


def test_an_error_of_ours_costs_one_answer(rig: NewsRig, monkeypatch: pytest.MonkeyPatch) -> None:
    """What no source should raise is a broken answer with the place of the error, and without its text."""

    def fetch(self: HackerNewsStories, request: NewsRequest) -> Any:
        raise RuntimeError("secret-canary")

    monkeypatch.setattr(HackerNewsStories, "fetch", fetch)
    address = rig.feeds.put("/rss", rss(item("Nvidia opens a lab", "https://room.example/1", "g1", MONDAY)))
    polled = rig.poll("hackernews", "feeds", feeds=(address,))
    assert (polled["hackernews"].outcomes["broken"], polled["feeds"].n_new) == (1, 1)
    assert "RuntimeError in fetch" in polled["hackernews"].complaint
    assert "canary" not in polled["hackernews"].complaint


def test_a_feed_is_asked_conditionally_only_when_its_answer_is_stored(
    rig: NewsRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Entries of a poll whose commit failed are sent again by the next; a stored version costs its server nothing."""
    address = rig.feeds.put("/rss", rss(item("Nvidia opens a lab", "https://room.example/1", "g1", MONDAY)))

    def fails(*_: object) -> list[int]:
        raise WarehouseError("the disk is full")

    monkeypatch.setattr(flows.news, "store_answers", fails)
    with pytest.raises(WarehouseError, match="the disk is full"):
        rig.poll("feeds", feeds=(address,))
    monkeypatch.setattr(flows.news, "store_answers", store_answers)
    assert rig.poll("feeds", feeds=(address,))["feeds"].n_new == 1
    assert rig.poll("feeds", feeds=(address,))["feeds"].outcomes == {"empty": 1}
    tags = [request.headers.get("if-none-match") for request in rig.feeds.log]
    assert (tags[:2], tags[2] is not None) == ([None, None], True)


def test_a_broken_answer_keeps_the_beginning_of_its_body(rig: NewsRig) -> None:
    """A page instead of data is recorded as broken, with what it began with."""
    rig.hackernews.arm(answers(200, b"<html>Sorry</html>", "text/html"))
    assert rig.poll()["hackernews"].outcomes == {"broken": 1}
    ((reason,),) = rig.rows("select reason from raw.requests")
    assert "<html>Sorry" in reason


def test_a_query_that_is_left_out_is_missed_by_nobody(rig: NewsRig) -> None:
    """Stories of another query are asked for on their own, and an item that two of them find is stored once."""
    rig.tell(1, "Nvidia and DeepSeek", START - timedelta(hours=1))
    polled = rig.poll("hackernews", hackernews_queries=("nvidia", "deepseek"))["hackernews"]
    assert (polled.n_found, polled.n_new) == (2, 1)


def test_nothing_to_ask_for_is_a_mistake_of_the_settings(rig: NewsRig) -> None:
    """A source without feeds, queries or a contact is named with what to set."""
    with pytest.raises(ConfigurationError, match=r"'feeds': expected something to ask it for.*set feeds"):
        rig.poll("feeds")
    with pytest.raises(ConfigurationError, match="REACTION_SEC_CONTACT"):
        rig.poll("edgar")

"""Algolia's search of Hacker News, in the shape in which it was seen, and every trap of its."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from pipelines.fake_providers import faults
from pipelines.fake_providers.hackernews import FakeHackerNews, story
from pipelines.fake_providers.server import FakeServer, Fault, Reply
from pipelines.sources.hackernews_stories import HackerNewsStories
from pipelines.sources.live import Outcome
from tests.recorded.asking_news import HOSTILE, NOON, ask, at, attributes

FIRST, LAST = at("2025-01-25"), at("2025-01-26")
SEARCH = "/api/v1/search_by_date"
RECORDED = {
    "hits": [
        {
            "objectID": "42823568",
            "created_at": "2025-01-25T19:27:00Z",
            "created_at_i": 1737833220,
            "author": "writer",
            "title": "DeepSeek-R1:  reasoning\nby reinforcement",
            "url": "https://example.com/r1?utm_source=hn",
            "points": 100,
            "num_comments": 50,
            "story_id": 42823568,
            "story_text": None,
            "updated_at": "2025-01-27T10:00:00Z",
            "children": [1, 2],
            "_tags": ["story", "author_writer", "story_42823568"],
            "_highlightResult": {},
        }
    ],
    "page": 0,
    "nbHits": 1,
    "nbPages": 1,
    "hitsPerPage": 20,
    "exhaustiveNbHits": True,
    "query": "deepseek",
    "params": "",
    "processingTimeMS": 3,
}


@pytest.fixture
def server() -> Iterator[FakeHackerNews]:
    """Start a fake Hacker News."""
    with FakeHackerNews() as server:
        yield server


def test_a_hit_is_a_story_at_the_second_it_was_submitted() -> None:
    """Of a recorded answer; the link stays as it is."""
    with FakeServer(lambda _: Reply(json.dumps(RECORDED).encode())) as server:
        answer = ask(HackerNewsStories, server, "deepseek", FIRST, LAST)
    assert answer.outcome is Outcome.OK
    item = answer.items.row(0, named=True)
    assert (item["source"], item["item_id"]) == ("hackernews", "42823568")
    assert (item["title"], item["url"]) == (
        "DeepSeek-R1: reasoning by reinforcement",
        "https://example.com/r1?utm_source=hn",
    )
    assert item["occurred_at"] == item["available_at"] == at("2025-01-25 19:27")
    assert (item["time_text"], item["time_basis"], item["precision"]) == ("2025-01-25T19:27:00Z", "epoch", "minute")
    facts = attributes(answer)
    assert (facts["points"], facts["num_comments"], facts["tags"]) == (100, 50, ["story"])


def test_the_query_names_the_window_and_no_points(server: FakeHackerNews) -> None:
    """Points are as of now: to ask for old stories with many would be to look ahead."""
    server.stories = [story(1, FIRST, points=1), story(2, LAST, points=None)]
    answer = ask(HackerNewsStories, server, "story", FIRST, LAST)
    assert answer.items["item_id"].to_list() == ["1", "2"]
    assert server.log[0].query == {
        "query": "story",
        "tags": "story",
        "hitsPerPage": "1000",
        "page": "0",
        "numericFilters": "created_at_i>=1737763200,created_at_i<=1737849600",
    }


def test_points_may_be_missing(server: FakeHackerNews) -> None:
    """Which is not zero."""
    server.stories = [story(1, FIRST, points=None, num_comments=None)]
    facts = attributes(ask(HackerNewsStories, server, "", FIRST, LAST))
    assert facts["points"] is None
    assert facts["num_comments"] is None


def test_a_window_with_more_than_1000_hits_is_halved_until_each_part_has_fewer(server: FakeHackerNews) -> None:
    """Every story of a crowded day comes once."""
    server.stories = [story(n, FIRST + timedelta(seconds=n // 2)) for n in range(5000)]
    answer = ask(HackerNewsStories, server, "", FIRST, LAST)
    assert answer.items["item_id"].to_list() == sorted((str(n) for n in range(5000)), key=lambda n: (int(n) // 2, n))
    assert answer.items["occurred_at"].is_sorted()
    assert int(answer.extra["pages"]) > 5
    assert "items_unreachable" not in answer.extra


def test_what_is_crowded_into_one_second_is_cut_and_said(server: FakeHackerNews) -> None:
    """A second cannot be halved."""
    server.stories = [story(n, FIRST) for n in range(1003)]
    answer = ask(HackerNewsStories, server, "", FIRST, LAST)
    assert (answer.items.height, answer.extra["items_unreachable"]) == (1000, "3")


def test_a_part_that_is_throttled_leaves_the_whole_window_unmeasured(server: FakeHackerNews) -> None:
    """Half of the stories would look like little attention."""
    server.stories = [story(n, FIRST + timedelta(seconds=n)) for n in range(1500)]

    def later(reply: Reply) -> Reply:
        return reply if len(server.log) < 3 else faults.throttled()(reply)

    server.arm(later, SEARCH)
    answer = ask(HackerNewsStories, server, "", FIRST, LAST)
    assert answer.outcome is Outcome.THROTTLED
    assert answer.items.is_empty()


def test_without_a_window_the_newest_stories_come_in_one_request(server: FakeHackerNews) -> None:
    """For a poll."""
    server.stories = [story(n, FIRST + timedelta(seconds=n)) for n in range(1500)]
    answer = ask(HackerNewsStories, server, "")
    assert (answer.items.height, len(server.log)) == (1000, 1)
    assert answer.items["item_id"][-1] == "1499"


def test_a_story_without_a_link_is_its_own_page_with_its_text(server: FakeHackerNews) -> None:
    """Ask HN; the text is HTML."""
    text = "Does &quot;R1&quot; matter?<p>I think so.<script>track()</script>"
    server.stories = [story(7, FIRST, "Ask HN: R1?", story_text=text)]
    item = ask(HackerNewsStories, server, "", FIRST, LAST).items.row(0, named=True)
    assert item["url"] == "https://news.ycombinator.com/item?id=7"
    assert item["summary"] == 'Does "R1" matter? I think so.'


def test_a_resubmission_is_another_story_and_a_second_chance_a_later_version(server: FakeHackerNews) -> None:
    """The first keeps its id; the second gets a new time under the same id."""
    link = "https://example.com/r1"
    server.stories = [story(1, FIRST, url=link), story(2, FIRST + timedelta(hours=5), url=link)]
    before = ask(HackerNewsStories, server, "", FIRST, LAST).items
    assert before["item_id"].to_list() == ["1", "2"]
    server.stories[0] = story(1, FIRST + timedelta(hours=9), url=link)
    after = ask(HackerNewsStories, server, "", FIRST, LAST).items
    assert set(after["item_id"]) == {"1", "2"}
    assert after.filter(item_id="1")["available_at"][0] > before.filter(item_id="1")["available_at"][0]


def test_what_lies_outside_the_window_or_has_no_title_is_left_out_and_counted() -> None:
    """A server may ignore a filter; a deleted story has no title."""
    hits = [
        story(1, FIRST - timedelta(1)),
        story(2, FIRST),
        story(3, FIRST, title=""),
        {**story(4, FIRST), "title": None},
    ]
    body = json.dumps({"hits": hits, "nbHits": 4}).encode()
    with FakeServer(lambda _: Reply(body)) as server:
        answer = ask(HackerNewsStories, server, "", FIRST, LAST)
    assert answer.items["item_id"].to_list() == ["2"]
    assert (answer.extra["items_outside"], answer.extra["items_without_title"]) == ("1", "2")


def test_no_hits_are_empty(server: FakeHackerNews) -> None:
    """The provider says that there is nothing."""
    answer = ask(HackerNewsStories, server, "nothing", FIRST, LAST)
    assert answer.outcome is Outcome.EMPTY
    assert "'nothing'" in answer.reason


def test_a_story_from_the_future_counts_from_when_it_was_seen(server: FakeHackerNews) -> None:
    """By a clock that is ahead of ours."""
    server.stories = [story(1, NOON + timedelta(hours=1))]
    item = ask(HackerNewsStories, server, "").items.row(0, named=True)
    assert item["occurred_at"] == NOON + timedelta(hours=1)
    assert item["available_at"] == NOON


def test_fault_49_headlines_that_are_more_than_text_survive_as_data(server: FakeHackerNews) -> None:
    """Half of a surrogate pair, which no UTF-8 can hold, is a question mark; what is no number is null."""
    server.stories = [story(n, FIRST, title) for n, title in enumerate([*HOSTILE, "half \ud83d"])]
    titles = ask(HackerNewsStories, server, "", FIRST, LAST).items["title"].to_list()
    assert titles == [*HOSTILE, "half ?"]
    server.stories = [story(1, FIRST, points=float("nan"), num_comments=float("inf"))]
    assert attributes(ask(HackerNewsStories, server, "", FIRST, LAST))["points"] is None


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (faults.throttled("3"), Outcome.THROTTLED),
        (faults.page(), Outcome.BROKEN),
        (faults.page(503), Outcome.BROKEN),
        (faults.cut, Outcome.BROKEN),
        (faults.cut_zip, Outcome.BROKEN),
        (faults.hung_up, Outcome.BROKEN),
        (faults.empty, Outcome.BROKEN),
        (faults.redirected("http://169.254.169.254/"), Outcome.BROKEN),
        (faults.bomb(40 << 20), Outcome.BROKEN),
        (faults.answers(400, b'{"message": "numericFilters: bad", "status": 400}'), Outcome.REFUSED),
        (faults.answers(200, b'{"hits": null, "nbHits": 0}'), Outcome.BROKEN),
        (faults.answers(200, b'{"hits": [{"objectID": 7, "created_at_i": 1}], "nbHits": 1}'), Outcome.BROKEN),
        (faults.answers(200, b'{"hits": [{"objectID": "7", "created_at_i": "x"}], "nbHits": 1}'), Outcome.BROKEN),
        (faults.answers(200, b'{"message": "overloaded"}'), Outcome.BROKEN),
    ],
)
def test_each_failure_has_its_outcome(server: FakeHackerNews, fault: Fault, outcome: Outcome) -> None:
    """Nothing of it is taken for no stories."""
    server.stories = [story(1, FIRST)]
    server.arm(fault)
    answer = ask(HackerNewsStories, server, "", FIRST, LAST)
    assert answer.outcome is outcome
    assert answer.reason


def test_a_stamp_that_no_calendar_has_is_kept_as_unreadable() -> None:
    """The story stays, without a time."""
    body = json.dumps({"hits": [{**story(1, FIRST), "created_at_i": 10**15}], "nbHits": 1}).encode()
    with FakeServer(lambda _: Reply(body)) as server:
        item = ask(HackerNewsStories, server, "").items.row(0, named=True)
    assert (item["time_basis"], item["occurred_at"], item["available_at"]) == ("unreadable", None, NOON)


def test_a_window_that_ends_before_it_begins_is_not_asked(server: FakeHackerNews) -> None:
    """Nothing is sent."""
    assert ask(HackerNewsStories, server, "", LAST, FIRST).outcome is Outcome.REFUSED
    assert server.log == []

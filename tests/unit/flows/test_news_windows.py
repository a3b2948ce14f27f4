"""What a poll asks for: the first hole of what was answered, and everything after it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from flows.news_sources import REACHES, Reach, reach_of
from flows.news_windows import cut, missing_since, requests_for
from pipelines.contracts.vocabulary import NEWS_SOURCES
from pipelines.settings import NewsWord
from pipelines.sources.news import NewsRequest

NOW = datetime(2025, 1, 31, 12, tzinfo=UTC)
DAY = timedelta(days=1)
REACH = Reach(7 * DAY, timedelta(hours=6))


def span(first: int, last: int) -> tuple[datetime, datetime]:
    """Return the days of January 2025 from the beginning of one to the beginning of another."""
    return datetime(2025, 1, first, tzinfo=UTC), datetime(2025, 1, last, tzinfo=UTC)


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([], NOW - 7 * DAY),  # never asked: what a first poll wants
        ([span(10, 30)], span(1, 30)[1]),  # one answer: its end
        ([span(20, 30), span(10, 22)], span(1, 30)[1]),  # overlapping answers are one, in any order
        ([span(10, 20), span(20, 30)], span(1, 30)[1]),  # so are those that touch
        ([span(10, 18), span(22, 30)], span(1, 18)[1]),  # a hole: its beginning, whatever was answered after it
        ([span(10, 30), span(11, 12)], span(1, 30)[1]),  # one inside another ends nothing
    ],
)
def test_a_poll_begins_at_the_first_hole(spans: list[tuple[datetime, datetime]], expected: datetime) -> None:
    """What was answered is laid side by side; a poll begins where the first gap does."""
    assert missing_since(spans, NOW, REACH) == expected


def test_an_old_hole_is_left_to_a_backfill() -> None:
    """A poll reaches back `most` and no further, however long ago the last answer was."""
    old = (NOW - 400 * DAY, NOW - 390 * DAY)
    assert missing_since([old], NOW, REACH) == NOW - 30 * DAY
    # The hole between the two ended before what a poll reaches.
    assert missing_since([old, (NOW - 40 * DAY, NOW - DAY)], NOW, REACH) == NOW - DAY


def test_an_answer_from_a_clock_that_ran_ahead_asks_for_nothing_before_now() -> None:
    """A recorded answer that lies after now does not make the window begin after its end."""
    assert missing_since([(NOW - DAY, NOW + DAY)], NOW, REACH) == NOW


def test_the_window_overlaps_what_was_answered() -> None:
    """Items that turn up late are asked for again."""
    assert requests_for("x", [span(10, 30)], NOW, REACH) == [
        NewsRequest("x", datetime(2025, 1, 29, 18, tzinfo=UTC), None)
    ]


def test_a_source_without_history_is_asked_without_a_window() -> None:
    """A feed gives what it has."""
    assert requests_for("https://x.example/rss", [span(10, 30)], NOW, Reach(None)) == [
        NewsRequest("https://x.example/rss")
    ]


def test_a_long_window_is_cut_where_a_source_wants_steps() -> None:
    """Files of GDELT are asked for in parts of less than a day that end half an hour ago."""
    requests = requests_for("nvidia", [span(10, 29)], NOW, REACHES["gdelt"])
    assert requests[0].first == datetime(2025, 1, 28, 23, tzinfo=UTC)
    assert requests[-1].last == NOW - timedelta(minutes=30)
    assert [one.last for one in requests[:-1]] == [one.first for one in requests[1:]]
    assert all(one.last - one.first <= 23 * timedelta(hours=1) for one in requests if one.first and one.last)
    assert cut("x", NOW, NOW, DAY) == []


def test_every_source_has_a_reach() -> None:
    """No source of news is without a rule, and a search of GDELT is no file of it."""
    assert set(REACHES) == set(NEWS_SOURCES) == set(get_args(NewsWord))
    assert reach_of("gdelt", "doc:nvidia").step is None
    assert reach_of("gdelt", "nvidia").step is not None

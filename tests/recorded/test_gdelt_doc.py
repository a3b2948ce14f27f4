"""GDELT's search of articles, in the shape in which it was seen, and every mood of its."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from pipelines.fake_providers import faults
from pipelines.fake_providers.gdelt import Crawled, FakeGdelt
from pipelines.fake_providers.server import Fault, Reply
from pipelines.sources import gdelt_doc
from pipelines.sources.gdelt_news import GdeltNews
from pipelines.sources.live import Outcome
from pipelines.sources.news import NewsAnswer, NewsRequest
from pipelines.sources.web.hosts import Hosts
from tests.fake_clock import Drawn, FakeClock
from tests.recorded.asking_news import HOSTILE, at, attributes, check

FIRST, LAST = at("2025-01-26"), at("2025-01-27")
CRAWLED = at("2025-01-26 14:30")
LIMIT = b"Please limit requests to one every 5 seconds or contact kalev for larger queries."


@pytest.fixture
def server() -> Iterator[FakeGdelt]:
    """Start a fake GDELT with one article."""
    with FakeGdelt([Crawled(CRAWLED, "https://www.example.com/a?fbclid=1", "Nvidia 's shares fall")], LAST) as server:
        yield server


def ask(server: FakeGdelt, query: str = "doc:nvidia", *window: object, clock: FakeClock | None = None) -> NewsAnswer:
    """Ask the search of a server once."""
    source = GdeltNews(
        "http://127.0.0.1:9", doc_base_url=server.base_url, hosts=Hosts(clock or FakeClock()), rng=Drawn()
    )
    try:
        return check(source.fetch(NewsRequest(query, *(window or (FIRST, LAST)))))  # type: ignore[arg-type]
    finally:
        source.close()


def test_an_article_is_a_headline_by_when_it_was_crawled(server: FakeGdelt) -> None:
    """An upper bound of its publication."""
    answer = ask(server, 'doc:"nvidia" sourcelang:eng')
    item = answer.items.row(0, named=True)
    assert (item["item_id"], item["title"]) == ("https://example.com/a", "Nvidia 's shares fall")
    assert item["occurred_at"] == item["available_at"] == CRAWLED
    assert (item["time_text"], item["time_basis"], item["kind"]) == ("20250126T143000Z", "crawl", "headline")
    assert attributes(answer) == {"language": "English", "source_country": "United States"}
    assert server.log[0].query == {
        "query": '"nvidia" sourcelang:eng',
        "mode": "artlist",
        "format": "json",
        "maxrecords": "250",
        "sort": "dateasc",
        "startdatetime": "20250126000000",
        "enddatetime": "20250127000000",
    }


def test_a_window_with_more_than_250_articles_is_halved_a_request_a_minute(server: FakeGdelt) -> None:
    """Each article once."""
    server.pages = [
        Crawled(FIRST + timedelta(minutes=15 * (n // 4)), f"https://e.com/{n}", "Nvidia") for n in range(380)
    ]
    clock = FakeClock()
    answer = ask(server, clock=clock)
    assert answer.items.height == 380
    assert len(server.log) == 3
    assert sum(clock.slept) == pytest.approx(120)
    assert answer.extra["parts_cut"] == "0"


@pytest.mark.parametrize("body", [b"{}", b'{"articles": []}'])
def test_nothing_found_is_empty(server: FakeGdelt, body: bytes) -> None:
    """In both ways in which it is said."""
    server.arm(faults.answers(200, body))
    assert ask(server).outcome is Outcome.EMPTY


@pytest.mark.parametrize(
    "text",
    [
        "Your query was too short or too long.",
        "Invalid/Unsupported Country.",
        "Queries containing OR'd terms must be surrounded by ().",
    ],
)
def test_a_refusal_in_plain_text_with_200_is_never_repeated(server: FakeGdelt, text: str) -> None:
    """In GDELT's words."""
    server.arm(faults.answers(200, text.encode() + b"\n", "text/html; charset=utf-8"))
    answer = ask(server)
    assert answer.outcome is Outcome.REFUSED
    assert text[:25] in answer.reason
    assert len(server.log) == 1


def test_the_same_words_on_too_many_requests_with_200_are_a_throttle_and_a_minute_of_quiet(server: FakeGdelt) -> None:
    """Not a refusal, and not nothing."""
    server.arm(faults.answers(200, LIMIT, "text/html"), times=1)
    clock = FakeClock()
    hosts = Hosts(clock)
    source = GdeltNews("http://127.0.0.1:9", doc_base_url=server.base_url, hosts=hosts, rng=Drawn())
    assert source.fetch(NewsRequest("doc:nvidia", FIRST, LAST)).outcome is Outcome.THROTTLED
    assert source.fetch(NewsRequest("doc:nvidia", FIRST, LAST)).outcome is Outcome.OK
    assert sum(clock.slept) >= 60
    source.close()


def test_a_429_that_comes_late_is_a_throttle(server: FakeGdelt) -> None:
    """After 13 seconds in earnest, for which the read time-out leaves room."""
    assert gdelt_doc.MANNERS.limits.read > 13

    def shed(honest: Reply) -> Reply:
        return replace(faults.throttled()(honest), body=LIMIT, silence=0.2)

    server.arm(shed)
    answer = ask(server)
    assert answer.outcome is Outcome.THROTTLED
    assert len(server.log) == 2


@pytest.mark.parametrize(
    ("raw", "title"),
    [
        (rb"a \d b", "a d b"),
        (rb"C:\\new \q", "C:\\new q"),
        (b"a \x07 b\tc", "a \x07 b c"),
        (rb"a \u20ac \u12 b", "a \u20ac u12 b"),
        (b"caf\xe9", "caf\N{REPLACEMENT CHARACTER}"),
        (rb"half \ud83d", "half ?"),
    ],
)
def test_json_that_is_none_is_read_where_it_can_be(server: FakeGdelt, raw: bytes, title: str) -> None:
    """Bad escapes, control characters, bytes of another encoding, half of a surrogate pair."""
    body = b'{"articles": [{"url": "https://e.com/1", "title": "%s", "seendate": "20250126T143000Z"}]}' % raw
    server.arm(faults.answers(200, body))
    assert ask(server).items["title"].to_list() == [title]


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("doc:", "1 to 250 characters, got 0"),
        ("doc:" + "x" * 251, "got 251"),
        ("doc:domainis:a-b.com nvidia", "a domain without a dash"),
    ],
)
def test_a_query_that_gdelt_cannot_answer_is_not_asked(server: FakeGdelt, query: str, reason: str) -> None:
    """A domain with a dash would always be answered with nothing."""
    answer = ask(server, query)
    assert answer.outcome is Outcome.REFUSED
    assert reason in answer.reason
    assert server.log == []


def test_without_a_window_the_last_day_comes(server: FakeGdelt) -> None:
    """The newest first."""
    assert ask(server, "doc:nvidia", None, None).items.height == 1
    assert (server.log[0].query["timespan"], server.log[0].query["sort"]) == ("1d", "datedesc")


def test_fault_49_titles_that_are_more_than_text_survive_as_data(server: FakeGdelt) -> None:
    """They are JSON here."""
    server.pages = [Crawled(CRAWLED, f"https://e.com/{n}", f"nvidia {title}") for n, title in enumerate(HOSTILE)]
    assert ask(server).items["title"].to_list() == [f"nvidia {title}" for title in HOSTILE]


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (faults.page(), Outcome.BROKEN),
        (faults.page(404), Outcome.REFUSED),
        (faults.page(500), Outcome.BROKEN),
        (faults.cut, Outcome.BROKEN),
        (faults.cut_zip, Outcome.BROKEN),
        (faults.hung_up, Outcome.BROKEN),
        (faults.empty, Outcome.BROKEN),
        (faults.answers(200, b"x" * 600, "text/plain"), Outcome.BROKEN),
        (faults.answers(200, b'{"articles": null}'), Outcome.BROKEN),
        (faults.answers(200, b'{"articles": [{"url": 1}]}'), Outcome.BROKEN),
        (faults.answers(200, json.dumps({"articles": "x"}).encode()), Outcome.BROKEN),
        (faults.answers(200, b'{"articles": ' + b"[" * 100_000), Outcome.BROKEN),
    ],
)
def test_each_failure_has_its_outcome(server: FakeGdelt, fault: Fault, outcome: Outcome) -> None:
    """Nothing of it is taken for no news."""
    server.arm(fault)
    assert ask(server).outcome is outcome


def test_a_date_that_cannot_be_read_leaves_an_article_out_and_is_counted(server: FakeGdelt) -> None:
    """Nobody knows when it was there."""
    server.arm(faults.answers(200, b'{"articles": [{"url": "https://e.com/1", "title": "x", "seendate": "soon"}]}'))
    answer = ask(server)
    assert answer.outcome is Outcome.EMPTY
    assert answer.extra["items_repeated_or_undated"] == "1"

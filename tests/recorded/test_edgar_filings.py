"""A filer's list at EDGAR: when each filing was public, what is dropped, and what of the list cannot be trusted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import polars as pl
import pytest

from pipelines.fake_providers.edgar import Company, Document, FakeEdgar, claimed
from pipelines.sessions import OVERRIDES, OWN_DATES, build_sessions, resolve_day0
from pipelines.sources.edgar_acceptance import from_claim
from pipelines.sources.live import Outcome
from pipelines.sources.news import NewsRequest
from tests.recorded.asking_news import check
from tests.recorded.edgar_rig import (
    AUGUST,
    CONTACT,
    FEBRUARY,
    FILINGS,
    LETTER,
    NOVEMBER,
    NVDA,
    SINCE,
    LaterClock,
    ask,
    edgar,
    fake_edgar,
    paths,
    row,
)

NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture
def server() -> Iterator[FakeEdgar]:
    """Start a fake EDGAR."""
    with fake_edgar() as server:
        yield server


def eastern(clock: str) -> datetime:
    """Return an instant by New York's clock."""
    return datetime.fromisoformat(clock).replace(tzinfo=NEW_YORK).astimezone(UTC)


def document(accession: str, form: str = "8-K", at: str = "2025-05-06 09:00:00", **more: object) -> Document:
    """Return a filing of NVIDIA's that is invented."""
    return Document(NVDA, accession, form, at, **more)  # type: ignore[arg-type]


def test_the_mixed_zone_file_gives_the_right_instants(server: FakeEdgar) -> None:
    """One row is New York's clock and the others are UTC, all called Z; each instant is that of the filing's header."""
    answer = ask(server)
    assert answer.outcome is Outcome.OK
    sent = httpx.get(f"{server.base_url}/submissions/CIK0001045810.json", headers={"User-Agent": CONTACT}).json()
    claims = sent["filings"]["recent"]["acceptanceDateTime"]
    assert claims[:2] == ["2026-02-25T16:31:25.000Z", "2025-11-19T21:20:44.000Z"]
    for filing in FILINGS:
        item = row(answer, filing)
        assert item["occurred_at"] == item["available_at"] == filing.clock
        assert item["time_text"] == f"{filing.clock:%Y%m%d%H%M%S}"
        assert (item["time_basis"], item["precision"]) == ("zone_documented", "minute")
        assert json.loads(item["attributes"])["tz_status"] == "verified"
    assert row(answer, NOVEMBER)["occurred_at"] == datetime(2025, 11, 19, 21, 20, 44, tzinfo=UTC)


def test_day_0_of_a_filing_follows_from_its_acceptance(server: FakeEdgar, root: Path) -> None:
    """Results accepted after the close move the next session; a letter of the 26th is news when it is public."""
    answer = ask(server)
    assert row(answer, LETTER)["available_at"] == datetime(2022, 8, 31, 21, tzinfo=UTC)
    assert json.loads(row(answer, LETTER)["attributes"])["report_date"] == "2022-08-26"
    overrides = pl.read_csv(root / "sql/seeds/calendar_overrides.csv", schema_overrides=OVERRIDES.polars_schema)
    sessions = build_sessions(["XNAS"], date(2022, 1, 3), date(2026, 3, 31), overrides).sessions
    requests = answer.items.select(
        pl.col("item_id").alias("event_id"),
        pl.lit("NVDA").alias("symbol"),
        pl.lit("XNAS").alias("exchange_mic"),
        pl.lit("news").alias("kind"),
        "available_at",
        pl.col("available_at").alias("available_by"),
        pl.lit(None, pl.Date()).alias("event_date"),
    )
    day_0 = dict(resolve_day0(requests, sessions, OWN_DATES.empty()).select("event_id", "event_session").iter_rows())
    assert day_0 == {
        LETTER.accession: date(2022, 9, 1),
        AUGUST.accession: date(2025, 8, 28),
        NOVEMBER.accession: date(2025, 11, 20),
        FEBRUARY.accession: date(2026, 2, 26),
    }


@pytest.mark.parametrize("n_eastern", [0, 1, 4])
def test_a_list_that_flips_between_two_polls_changes_nothing(server: FakeEdgar, n_eastern: int) -> None:
    """What is read does not depend on which rows are in which zone today."""
    honest = ask(server).items
    server.n_eastern = n_eastern
    assert ask(server).items.equals(honest)


@pytest.mark.parametrize("n_eastern", [0, 4])
def test_without_its_header_and_its_page_the_later_reading_counts(server: FakeEdgar, n_eastern: int) -> None:
    """The digits count as New York's clock, and the filing is called unverified."""
    server.n_eastern = n_eastern
    server.without_header = server.without_index = {NOVEMBER.accession}
    answer = ask(server)
    item = row(answer, NOVEMBER)
    true = NOVEMBER.clock
    assert item["time_text"] == claimed(NOVEMBER.clock, is_utc=not n_eastern)
    assert item["occurred_at"] == from_claim(item["time_text"]).instant >= true
    assert item["available_at"] >= true
    assert (item["occurred_at"] == true) == bool(n_eastern)
    assert (item["time_basis"], json.loads(item["attributes"])["tz_status"]) == ("zone_unverified", "unverified")
    assert answer.extra["n_unverified"] == "1"


def test_without_its_header_the_index_page_says_the_same(server: FakeEdgar) -> None:
    """Both are New York's clock."""
    server.without_header = {NOVEMBER.accession}
    item = row(ask(server), NOVEMBER)
    assert (item["occurred_at"], item["time_text"]) == (eastern("2025-11-19 16:20:44"), "2025-11-19 16:20:44")
    assert item["time_basis"] == "zone_documented"


def test_of_a_filing_only_the_header_is_read(server: FakeEdgar) -> None:
    """A filing may have a hundred megabytes; a header that is known from before is not asked for again."""
    with edgar(server) as source:
        source.fetch(NewsRequest(str(NVDA), SINCE))
        asked = paths(server)
        assert [path for path in asked if path.endswith(".txt")] == [
            f"/Archives/edgar/data/{NVDA}/{one.accession.replace('-', '')}/{one.accession}.txt"
            for one in reversed(FILINGS)
        ]
        server.documents.append(document("0001045810-26-000099"))
        assert check(source.fetch(NewsRequest(str(NVDA), SINCE))).items.height == 5
    assert [path.rpartition("/")[2] for path in paths(server)[len(asked) :]] == [
        "CIK0001045810.json",
        "0001045810-26-000099.txt",
    ]
    honest = ask(server).items
    stored = dict(honest.select("item_id", "time_text").iter_rows())
    assert (
        ask(server, accepted=stored | {NOVEMBER.accession: NOVEMBER.accepted})
        .items["occurred_at"]
        .equals(honest["occurred_at"])
    )
    assert paths(server)[-1] == "/submissions/CIK0001045810.json"


@pytest.mark.parametrize(
    ("accepted", "filing_date", "public"),
    [
        ("2025-06-30 17:30:00", None, "2025-06-30 17:30:00"),
        ("2025-06-30 17:30:01", date(2025, 7, 1), "2025-07-01 06:00:00"),
        ("2025-06-30 18:35:00", date(2025, 7, 1), "2025-07-01 06:00:00"),
        ("2025-07-03 20:35:00", date(2025, 7, 7), "2025-07-07 06:00:00"),
        ("2025-10-10 18:00:00", date(2025, 10, 14), "2025-10-14 06:00:00"),
        ("2025-01-08 19:00:00", date(2025, 1, 10), "2025-01-10 06:00:00"),
        ("2025-03-07 21:00:00", date(2025, 3, 7), "2025-03-10 06:00:00"),
        ("2025-06-09 08:01:00", date(2025, 6, 8), "2025-06-09 08:01:00"),
        ("2025-06-10 00:15:00", None, "2025-06-10 06:00:00"),
    ],
)
def test_a_late_filing_is_public_on_the_next_business_day(
    server: FakeEdgar, accepted: str, filing_date: date | None, public: str
) -> None:
    """After 17:30 in New York it is the next federal business day at 06:00, or EDGAR's own filing date if later."""
    late = document("0001045810-25-000300", at=accepted, filing_date=filing_date)
    server.documents.append(late)
    item = row(ask(server), late)
    assert item["occurred_at"] == eastern(accepted)
    assert item["available_at"] == eastern(public)
    assert json.loads(item["attributes"])["is_late"] == (accepted != public)


def test_a_late_filing_that_was_seen_in_the_evening_was_public_then(server: FakeEdgar) -> None:
    """A poll that sees it knows better than the rule."""
    late = document("0001045810-25-000300", at="2026-03-04 18:00:00")
    server.documents.append(late)
    seen_at = eastern("2026-03-04 19:00:00")
    item = row(ask(server, clock=LaterClock(seen_at)), late)
    assert seen_at <= item["available_at"] < eastern("2026-03-04 19:01:00")


def test_amendments_are_a_form_of_their_own_and_items_are_told_in_words(server: FakeEdgar) -> None:
    """An 8-K/A is no 8-K; its title says what it is about."""
    amended = document("0001045810-25-000301", "8-K/A", items="5.02,9.01")
    server.documents.append(amended)
    answer = ask(server)
    item = row(answer, amended)
    assert item["title"] == "8-K/A NVIDIA CORP: directors and officers"
    assert row(answer, NOVEMBER)["title"] == "8-K NVIDIA CORP: results of operations"
    facts = json.loads(item["attributes"])
    assert (facts["form"], facts["items"], facts["cik"]) == ("8-K/A", ["5.02", "9.01"], NVDA)
    assert (item["kind"], item["publisher"], item["symbols"]) == ("filing", "NVIDIA CORP", '["NVDA"]')
    assert item["url"] == (
        "https://www.sec.gov/Archives/edgar/data/1045810/000104581025000301/0001045810-25-000301-index.htm"
    )


def test_a_foreign_issuer_files_6_k_without_items() -> None:
    """TSM, ASML and ARM file no 8-K."""
    tsm = Company(1046179, "TAIWAN SEMICONDUCTOR MANUFACTURING CO LTD", ("TSM",))
    report = Document(tsm.cik, "0001046179-25-000100", "6-K", "2025-07-10 06:03:00")
    with FakeEdgar([tsm], [report]) as server:
        item = row(ask(server, tsm.cik), report)
    assert item["title"] == "6-K TAIWAN SEMICONDUCTOR MANUFACTURING CO LTD"
    assert (json.loads(item["attributes"])["items"], item["symbols"]) == ([], '["TSM"]')


def test_letters_are_dropped_and_counted_and_so_are_other_forms(server: FakeEdgar) -> None:
    """A letter carries a day weeks before anybody could read it."""
    server.documents += [
        document("0001045810-25-000310", "UPLOAD"),
        document("0001045810-25-000311", "CORRESP"),
        document("0001045810-25-000312", "4"),
    ]
    answer = ask(server)
    assert set(answer.items["item_id"]) == {filing.accession for filing in FILINGS}
    assert (answer.extra["n_letters_dropped"], answer.extra["n_other_forms"]) == ("2", "1")
    assert "4" in ask(server, forms=["4", "UPLOAD"]).items["title"][0]
    assert ask(server, forms=["4", "UPLOAD"]).extra["n_letters_dropped"] == "2"


def test_a_window_of_instants_is_kept_by_the_true_times(server: FakeEdgar) -> None:
    """Both ends are included; what lies outside is counted, and its header is not asked for if no reading fits."""
    at = eastern("2025-11-19 16:20:44")
    answer = ask(server, first=at, last=at)
    assert answer.items["item_id"].to_list() == [NOVEMBER.accession]
    assert answer.extra["n_outside"] == "3"
    assert len([path for path in paths(server) if path.endswith(".txt")]) == 1
    assert (
        ask(server, first=eastern("2025-11-19 16:20:45"), last=eastern("2025-11-19 20:00:00")).outcome is Outcome.EMPTY
    )
    assert ask(server, first=SINCE, last=datetime(2019, 1, 1, tzinfo=UTC)).outcome is Outcome.REFUSED


def test_older_files_are_read_for_a_window_that_reaches_into_them(server: FakeEdgar) -> None:
    """The list itself has the newest filings; what is older stands in files that are columns without a wrapper."""
    server.n_recent = 2
    older = "/submissions/CIK0001045810-submissions-001.json"
    assert set(ask(server).items["item_id"]) == {filing.accession for filing in FILINGS}
    assert older in paths(server)
    server.log.clear()
    newest = {FEBRUARY.accession, NOVEMBER.accession}
    for first in (None, datetime(2025, 11, 1, tzinfo=UTC)):
        assert set(ask(server, first=first).items["item_id"]) == newest
    assert older not in paths(server)
    server.arm(lambda _: replace(_, body=b"{}"), older)
    assert ask(server).outcome is Outcome.BROKEN


def test_an_unchanged_list_is_not_sent_again(server: FakeEdgar) -> None:
    """A second poll of the same source says that nothing is new; a wider one is answered in full."""
    with edgar(server) as source:
        assert source.fetch(NewsRequest(str(NVDA), SINCE)).outcome is Outcome.OK
        again = check(source.fetch(NewsRequest(str(NVDA), SINCE)))
        assert (again.outcome, again.extra["status"]) == (Outcome.EMPTY, "304")
        assert "if-none-match" in server.log[-1].headers
        assert source.fetch(NewsRequest(str(NVDA), datetime(2026, 1, 1, tzinfo=UTC))).outcome is Outcome.EMPTY
        assert source.fetch(NewsRequest(str(NVDA), datetime(2019, 1, 1, tzinfo=UTC))).outcome is Outcome.OK
        assert source.fetch(NewsRequest(str(NVDA))).outcome is Outcome.OK
        server.documents.append(document("0001045810-26-000099"))
        assert source.fetch(NewsRequest(str(NVDA))).items.height == 5


def test_a_list_of_which_something_is_unverified_is_read_again(server: FakeEdgar) -> None:
    """The header may be there the next time."""
    server.without_header = server.without_index = {NOVEMBER.accession}
    with edgar(server) as source:
        source.fetch(NewsRequest(str(NVDA), SINCE))
        server.without_header = set()
        answer = source.fetch(NewsRequest(str(NVDA), SINCE))
    assert (answer.outcome, answer.extra["n_unverified"]) == (Outcome.OK, "0")


@pytest.mark.parametrize("query", ["1045810", "0001045810", "CIK0001045810"])
def test_a_filer_is_named_by_its_number_with_or_without_zeros(server: FakeEdgar, query: str) -> None:
    """EDGAR wants ten digits."""
    assert ask(server, query).items.height == 4
    assert server.log[0].path == "/submissions/CIK0001045810.json"


@pytest.mark.parametrize("query", ["NVDA", "", "0", "current:", "current:8-K&type=4", "../etc/passwd", "10458100000"])
def test_what_names_no_filer_and_no_form_is_not_asked(server: FakeEdgar, query: str) -> None:
    """Nothing of a query gets into an address unseen."""
    answer = ask(server, query)
    assert (answer.outcome, server.log) == (Outcome.REFUSED, [])
    assert "expected a CIK such as 1045810, or current:8-K" in answer.reason

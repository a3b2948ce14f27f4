"""EDGAR's facts of filers: counts of shares as filed, and who has which tickers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import polars as pl
import pytest

from pipelines.contracts import EDGAR_SHARE_COUNTS, EDGAR_TICKERS
from pipelines.errors import ConfigurationError
from pipelines.fake_providers import edgar as fake
from pipelines.fake_providers import faults
from pipelines.fake_providers.edgar import Company, FakeEdgar, ShareCount
from pipelines.sources.edgar_share_counts import EdgarShareCounts, ShareCountsRequest
from pipelines.sources.edgar_tickers import EdgarTickers, symbols_by_cik
from pipelines.sources.edgar_web import EdgarAnswer
from pipelines.sources.live import Outcome
from pipelines.sources.web.hosts import Hosts
from tests.fake_clock import Drawn, FakeClock
from tests.recorded.edgar_rig import CONTACT, NVDA

ALPHABET, BERKSHIRE = 1652044, 1067983
BALANCE_SHEET = "us-gaap:CommonStockSharesOutstanding"


@pytest.fixture
def server() -> Iterator[FakeEdgar]:
    """Start a fake with NVIDIA's counts around its split, and Alphabet, whose cover states none."""
    companies = [
        Company(NVDA, "NVIDIA CORP", ("NVDA",)),
        Company(ALPHABET, "Alphabet Inc.", ("GOOGL", "GOOG")),
        Company(BERKSHIRE, "BERKSHIRE HATHAWAY INC", ("BRK-B", "BRK-A")),
    ]
    with FakeEdgar(companies) as server:
        server.counts = [
            ShareCount(NVDA, date(2024, 5, 24), 2_460_000_000, date(2024, 5, 29), frame="CY2024Q2I"),
            ShareCount(NVDA, date(2024, 8, 23), 24_530_000_000, date(2024, 8, 28)),
            ShareCount(NVDA, date(2024, 8, 23), 24_530_000_000, date(2024, 9, 30), form="10-Q/A"),
            ShareCount(ALPHABET, date(2023, 12, 31), 12_460_000_000, date(2024, 1, 31), "10-K", BALANCE_SHEET),
        ]
        yield server


def ask(server: FakeEdgar, cik: int = NVDA, symbol: str = "NVDA") -> EdgarAnswer:
    """Ask once for counts."""
    source = EdgarShareCounts(CONTACT, server.base_url, hosts=Hosts(FakeClock()), rng=Drawn())
    answer = source.fetch(ShareCountsRequest(cik, symbol))
    source.close()
    assert (answer.batch is not None) == (answer.outcome is Outcome.OK) != bool(answer.reason)
    return answer


def rows(answer: EdgarAnswer) -> pl.DataFrame:
    """Return the stored rows of an answer, which conform to the contract."""
    assert answer.batch is not None
    return EDGAR_SHARE_COUNTS.conform(answer.batch.frame.with_columns(pl.lit("b").alias("batch_id")))


def test_counts_are_kept_as_filed_with_the_day_of_filing(server: FakeEdgar) -> None:
    """They are not adjusted for the split between them, and a count that is stated twice is kept twice."""
    frame = rows(ask(server))
    assert frame.select("as_of_date", "filed_date", "shares_outstanding", "form").rows() == [
        (date(2024, 5, 24), date(2024, 5, 29), 2_460_000_000.0, "10-Q"),
        (date(2024, 8, 23), date(2024, 8, 28), 24_530_000_000.0, "10-Q"),
        (date(2024, 8, 23), date(2024, 9, 30), 24_530_000_000.0, "10-Q/A"),
    ]
    assert frame.select("cik", "symbol", "concept").unique().row(0) == (
        NVDA,
        "NVDA",
        "dei:EntityCommonStockSharesOutstanding",
    )


def test_a_filer_of_several_classes_states_a_count_in_its_balance_sheet(server: FakeEdgar) -> None:
    """There is none on the cover."""
    frame = rows(ask(server, ALPHABET, "GOOGL"))
    assert frame.select("symbol", "concept", "shares_outstanding").row(0) == ("GOOGL", BALANCE_SHEET, 12_460_000_000.0)


def test_facts_without_a_count_are_empty_and_an_unknown_filer_is_refused(server: FakeEdgar) -> None:
    """Neither is a count of zero."""
    assert ask(server, BERKSHIRE, "BRK-B").outcome is Outcome.EMPTY
    assert ask(server, 4711, "X").outcome is Outcome.REFUSED


@pytest.mark.parametrize(
    "body",
    [
        b'{"cik":320193,"facts":{}}',
        b'{"facts":{}}',
        b'{"cik":1045810}',
        b'{"cik":1045810,"facts":{"dei":{"EntityCommonStockSharesOutstanding":{"units":{"shares":[{"end":"May"}]}}}}}',
        b"[]",
    ],
)
def test_fault_41_another_shape_is_broken(server: FakeEdgar, body: bytes) -> None:
    """Another filer's facts, none, a day that is none."""
    server.arm(faults.answers(200, body))
    assert ask(server).outcome is Outcome.BROKEN


def test_a_ban_is_told_from_absence(server: FakeEdgar) -> None:
    """It is not asked again."""
    server.arm(faults.answers(403, fake.TOO_FAST, fake.HTML))
    assert (ask(server).outcome, len(server.log)) == (Outcome.THROTTLED, 1)


def test_one_filer_may_have_several_tickers(server: FakeEdgar) -> None:
    """Share classes are tickers of one filer, and are written with a dash."""
    source = EdgarTickers(CONTACT, server.base_url, hosts=Hosts(FakeClock()), rng=Drawn())
    answer = source.fetch()
    assert answer.batch is not None
    frame = EDGAR_TICKERS.conform(answer.batch.frame.with_columns(pl.lit("b").alias("batch_id")))
    assert symbols_by_cik(frame) == {NVDA: ("NVDA",), ALPHABET: ("GOOGL", "GOOG"), BERKSHIRE: ("BRK-B", "BRK-A")}
    server.companies.clear()
    assert source.fetch().outcome is Outcome.BROKEN
    source.close()


@pytest.mark.parametrize("source", [EdgarTickers, EdgarShareCounts])
def test_without_a_contact_nothing_is_asked(server: FakeEdgar, source: type[EdgarTickers]) -> None:
    """As for filings."""
    with pytest.raises(ConfigurationError, match="sec_contact: expected a name and an e-mail"):
        source(None, server.base_url)
    assert server.log == []

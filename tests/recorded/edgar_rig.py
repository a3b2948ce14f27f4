"""What the tests of EDGAR share: three filings of whose acceptance the truth is known, and a source that does not wait.

The instants are those of EDGAR's own headers; names of documents and everything else is invented.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import polars as pl

from pipelines.fake_providers.edgar import Company, Document, FakeEdgar
from pipelines.sources.edgar_filings import EdgarFilings
from pipelines.sources.news import NewsAnswer, NewsRequest
from pipelines.sources.web.hosts import Hosts
from tests.fake_clock import Drawn, FakeClock
from tests.recorded.asking_news import check

NVDA = 1045810
CONTACT = "Jane Doe jane@example.com"
SINCE = datetime(2020, 1, 1, tzinfo=UTC)

LETTER = Document(NVDA, "0001045810-22-000146", "8-K", "2022-08-31 17:00:00", "8.01", report_date=date(2022, 8, 26))
"""The US licence requirement for A100 and H100: the letter is of 26 August, and was public five days later."""

AUGUST = Document(NVDA, "0001045810-25-000209", "8-K", "2025-08-27 16:21:00", "2.02,9.01")
NOVEMBER = Document(NVDA, "0001045810-25-000228", "8-K", "2025-11-19 16:20:44", "2.02,9.01", date(2025, 11, 19))
FEBRUARY = Document(NVDA, "0001045810-26-000019", "8-K", "2026-02-25 16:31:25", "2.02,9.01")
"""Of EDGAR's list of 5 March 2026: this row is New York's clock with a false Z, and those before it are UTC."""

FILINGS = (LETTER, AUGUST, NOVEMBER, FEBRUARY)


def fake_edgar() -> FakeEdgar:
    """Start a fake of EDGAR with one filer, whose newest row is in another zone than the others."""
    server = FakeEdgar([Company(NVDA, "NVIDIA CORP", ("NVDA",))], FILINGS)
    server.n_eastern = 1
    return server


class LaterClock(FakeClock):
    """The clock of the tests, moved to a day on which all filings are known."""

    def __init__(self, at: datetime = datetime(2026, 3, 5, 12, tzinfo=UTC)) -> None:
        super().__init__()
        self._shift = at - super().now()

    def now(self) -> datetime:
        """Return the day's noon and what was slept since."""
        return super().now() + self._shift


@contextmanager
def edgar(server: FakeEdgar, clock: FakeClock | None = None, **options: Any) -> Iterator[EdgarFilings]:
    """Make a source that asks a server by a clock that takes no time."""
    given = {"contact": CONTACT, **options}
    source = EdgarFilings(base_url=server.base_url, hosts=Hosts(clock or LaterClock()), rng=Drawn(), **given)
    try:
        yield source
    finally:
        source.close()


def ask(
    server: FakeEdgar,
    query: str | int = NVDA,
    first: datetime | None = SINCE,
    last: datetime | None = None,
    **options: Any,
) -> NewsAnswer:
    """Ask once, and check what holds for every answer."""
    with edgar(server, **options) as source:
        return check(source.fetch(NewsRequest(str(query), first, last)))


def row(answer: NewsAnswer, document: Document) -> dict[str, Any]:
    """Return the item of a filing."""
    return answer.items.row(by_predicate=pl.col("item_id") == document.accession, named=True)


def paths(server: FakeEdgar) -> list[str]:
    """Return what was asked for, in order."""
    return [request.path for request in server.log]

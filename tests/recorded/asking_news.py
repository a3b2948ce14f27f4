"""What the tests of all sources of news share: a source that waits for nothing, and what holds for every answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from pipelines.contracts.vocabulary import NEWS_KINDS, NEWS_SOURCES, PRECISIONS, TIME_BASES
from pipelines.fake_providers.server import FakeServer
from pipelines.sources.live import Outcome
from pipelines.sources.news import ITEM_COLUMNS, NewsAnswer, NewsRequest, NewsSource
from pipelines.sources.web.hosts import Hosts
from tests.fake_clock import NOON, Drawn, FakeClock

__all__ = ["HOSTILE", "NOON", "ask", "asking", "at", "attributes", "check"]

HOSTILE = (
    "<script>alert(1)</script> beats",
    '=HYPERLINK("http://evil.test","click")',
    "red \N{SYMBOL FOR ESCAPE}[31m alert",
    "abc \N{RIGHT-TO-LEFT OVERRIDE}txt.exe",
    "'; DROP TABLE news_items; --",
    "../../etc/passwd",
)
"""Headlines that are meant to be more than text (FAULTS 49)."""


def at(text: str) -> datetime:
    """Return an instant of UTC, ``2025-01-27 14:30``."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@contextmanager
def asking(source: Callable[..., Any], server: FakeServer, **options: Any) -> Iterator[NewsSource]:
    """Make a source that asks a server, by a clock that takes no time and stands at noon of 27 January 2025."""
    one: NewsSource = source(server.base_url, **{"hosts": Hosts(FakeClock()), "rng": Drawn(), **options})
    try:
        yield one
    finally:
        one.close()


def ask(
    source: Callable[..., Any],
    server: FakeServer,
    query: str,
    first: datetime | None = None,
    last: datetime | None = None,
    **options: Any,
) -> NewsAnswer:
    """Ask a server once."""
    with asking(source, server, **options) as one:
        return check(one.fetch(NewsRequest(query, first, last)))


def check(answer: NewsAnswer) -> NewsAnswer:
    """Return an answer of which holds what holds for every one."""
    items = answer.items
    assert dict(items.schema) == ITEM_COLUMNS
    assert bool(answer.reason) == items.is_empty() == (answer.outcome is not Outcome.OK)
    assert items.select("source", "item_id", "url", "title", "kind", "time_basis").null_count().row(0) == (0,) * 6
    assert set(items["source"]) <= set(NEWS_SOURCES)
    assert set(items["kind"]) <= set(NEWS_KINDS)
    assert set(items["time_basis"]) <= set(TIME_BASES)
    assert set(items["precision"].drop_nulls()) <= set(PRECISIONS)
    assert items["item_id"].is_unique().all()
    assert (items["available_at"] <= answer.fetched_at).all()
    assert all(isinstance(json.loads(text), list) for text in items["symbols"])
    assert all(isinstance(value, str) for value in answer.extra.values())
    return answer


def attributes(answer: NewsAnswer, row: int = 0) -> dict[str, Any]:
    """Return what the source alone says of one item."""
    facts: dict[str, Any] = json.loads(answer.items["attributes"][row])
    return facts

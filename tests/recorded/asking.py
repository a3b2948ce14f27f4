"""What the tests of all recorded formats share: a day of the invented market, and sources that wait for nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from pipelines.fake_providers.market import Market
from pipelines.fake_providers.server import FakeServer, Reply
from pipelines.sources.live import BAR_COLUMNS, Answer, BarsRequest, BarsSource, Outcome
from pipelines.sources.web.hosts import Hosts
from tests.fake_clock import Drawn, FakeClock

TODAY = date(2025, 1, 31)
FIRST, LAST = date(2025, 1, 6), date(2025, 1, 17)
CLOSED = date(2025, 1, 9)


def market() -> Market:
    """Return a market whose exchange was closed on 9 January 2025."""
    return Market(5, TODAY, holidays=[CLOSED])


@contextmanager
def asking(source: Callable[..., Any], server: FakeServer) -> Iterator[BarsSource]:
    """Make a source that asks a server, by a clock that takes no time."""
    one: BarsSource = source(server.base_url, hosts=Hosts(FakeClock()), rng=Drawn())
    try:
        yield one
    finally:
        one.close()


def ask(source: Callable[..., Any], server: FakeServer, symbol: str, **request: Any) -> Answer:
    """Ask a server for two weeks of a symbol, and check what holds for every answer."""
    with asking(source, server) as one:
        answer = one.fetch(BarsRequest(symbol, **{"first": FIRST, "last": LAST, **request}))
    assert dict(answer.bars.schema) == BAR_COLUMNS
    assert bool(answer.reason) == answer.bars.is_empty() == (answer.outcome is not Outcome.OK)
    assert answer.bars["opened_at"].is_sorted()
    assert answer.actions.is_empty()
    assert answer.fetched_at.tzinfo is not None
    return answer


def ask_recorded(
    source: Callable[..., Any], body: str | bytes, symbol: str, content_type: str = "application/json", **request: Any
) -> Answer:
    """Ask a server that answers everything with one body."""
    content = body if isinstance(body, bytes) else body.encode()
    with FakeServer(lambda _: Reply(content, content_type=content_type)) as server:
        return ask(source, server, symbol, **request)

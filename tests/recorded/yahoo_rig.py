"""A fake Yahoo and a source that asks it, for the tests of Yahoo's prices."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from pipelines.fake_providers.market import SECURITIES, Market, Security
from pipelines.fake_providers.yahoo import FakeYahoo
from pipelines.sources.live import Answer, BarsRequest
from pipelines.sources.web.breaker import Patience
from pipelines.sources.web.clock import Clock, SystemClock
from pipelines.sources.web.hosts import Hosts
from pipelines.sources.web.limiter import Rate
from pipelines.sources.web.manners import Limits, Manners
from pipelines.sources.web.retry import Retries
from pipelines.sources.yahoo_prices import YahooPrices
from tests.fake_clock import Drawn

FRIDAY, MONDAY = date(2025, 1, 24), date(2025, 1, 27)
HOLIDAY = date(2025, 1, 20)
LONDON = Security("VOD.L", price=70.0, currency="GBp", exchange="LSE", time_zone="Europe/London")
TOKYO = Security("7203.T", price=2000.0, currency="JPY", exchange="JPX", time_zone="Asia/Tokyo")
SYDNEY = Security("BHP.AX", price=40.0, currency="AUD", exchange="ASX", time_zone="Australia/Sydney")


def market() -> Market:
    """Return a market on Monday, 27 January 2025, a week after a holiday."""
    return Market(7, MONDAY, holidays=[HOLIDAY], securities=[*SECURITIES, LONDON, TOKYO, SYDNEY])


@contextmanager
def source(yahoo: FakeYahoo, clock: Clock | None = None, **manners: Any) -> Iterator[YahooPrices]:
    """Make a source that hurries, by the machine's clock unless another is given."""
    hurried = {"rate": Rate(1000, 50), "retries": Retries(3, 0.01), "limits": Limits(total=20.0)}
    polite = Manners(**{**hurried, "patience": Patience(), **manners})  # type: ignore[arg-type]
    made = YahooPrices(yahoo.base_url, manners=polite, hosts=Hosts(clock or SystemClock()), rng=Drawn())
    try:
        yield made
    finally:
        made.close()


def week(
    symbol: str = "NVDA", first: date = date(2025, 1, 17), last: date = FRIDAY, interval: str = "1d"
) -> BarsRequest:
    """Return a request for the week around the holiday."""
    return BarsRequest(symbol, first, last, interval)


def ask(yahoo: FakeYahoo, request: BarsRequest | None = None, clock: Clock | None = None, **manners: Any) -> Answer:
    """Ask once by a source of its own."""
    with source(yahoo, clock, **manners) as asked:
        return asked.fetch(request or week())

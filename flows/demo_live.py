"""Show how live prices are kept: two polls of a provider that restates its history in between.

The provider is faked on 127.0.0.1 in this process, over an invented market on real trading days, and the warehouse lies
in a folder that is removed afterwards. The runs are whole ones: studies, gates and publication included.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

import polars as pl

from flows.live_sessions import Sessions
from flows.pipeline import Outcome, run_pipeline
from flows.refreshing import Refreshed
from flows.run import models
from pipelines.errors import WarehouseError
from pipelines.fake_providers.market import SECURITIES, Market, Security
from pipelines.fake_providers.server import Request
from pipelines.fake_providers.yahoo import FakeYahoo
from pipelines.settings import Settings, load_settings
from pipelines.sources.web.clock import SetClock
from pipelines.sources.web.hosts import Hosts
from warehouse.vintages import open_history, stored_bars

SYMBOLS: Final = ("NVDA", "AAPL", "^GSPC", "BTC-USD")
FRIDAY, MONDAY = datetime(2025, 1, 24, 22, tzinfo=UTC), datetime(2025, 1, 27, 22, tzinfo=UTC)
START: Final = date(2023, 1, 3)
SPLIT, DIVIDEND = 10.0, 0.25

_CHOSEN: Final[dict[str, object]] = {
    **{name: field.get_default() for name, field in Settings.model_fields.items() if name != "home"},
    "source": "yahoo",
    "symbols": SYMBOLS,
    "start": START,
}
"""Settings of the demonstration; all others are as nobody has changed them, so that it asks no provider but its own."""


@dataclass(frozen=True, slots=True)
class Poll:
    """One run of the demonstration.

    Attributes
    ----------
    title : str
        When it is, and what has happened since the last one.
    asked : tuple of str
        Symbol and days of every request that reached the provider.
    """

    title: str
    outcome: Outcome
    asked: tuple[str, ...]

    @property
    def refreshed(self) -> Refreshed:
        """Return what became of the symbols."""
        return self.outcome.ingested.refreshed[0]


@dataclass(frozen=True, slots=True)
class Known:
    """The prices of NVDA as known at an instant.

    Attributes
    ----------
    closes : dict
        By session, the last three that were known on Friday.
    day_return : float
        Return of the last of them on the one before.
    digest : str
        Of everything that was known of all symbols, byte for byte.
    """

    title: str
    closes: dict[date, float]
    day_return: float
    digest: str


def demonstrate() -> Iterator[Poll | Known]:
    """Poll on a Friday, poll again, split a share and pay a dividend, poll on Monday, and look back.

    Yields
    ------
    Poll or Known
        Each as it happens: three polls with what is known after the first, then what is known now and as of Friday.
    """
    with tempfile.TemporaryDirectory(prefix="reaction-demo-") as folder:
        clock = SetClock(FRIDAY)
        settings = load_settings(home=str(folder)).model_copy(update=_CHOSEN)
        market = _market(settings)
        with FakeYahoo(market) as yahoo:
            settings = settings.model_copy(update={"yahoo_base_url": yahoo.base_url})
            yield _poll("Friday, 24 January 2025, after the close: the first poll", settings, clock, yahoo)
            friday = clock.now()
            yield _known("known on Friday", settings, friday)
            clock.at += timedelta(minutes=5)
            yield _poll("Five minutes later: the same again", settings, clock, yahoo)
            market.add_split("NVDA", MONDAY.date(), SPLIT)
            market.add_dividend("AAPL", MONDAY.date(), DIVIDEND)
            market.today, clock.at = MONDAY.date(), MONDAY
            title = (
                f"Monday, 27 January 2025: NVDA was split {SPLIT:.0f} for 1 and AAPL paid {DIVIDEND} USD, so the "
                "provider has rewritten both histories"
            )
            yield _poll(title, settings, clock, yahoo)
            yield _known("known now", settings, clock.now())
            yield _known("known on Friday, read on Monday", settings, friday)


def _market(settings: Settings) -> Market:
    """Return an invented market that is closed when New York is, on Friday evening."""
    sessions, _ = Sessions(settings, START, MONDAY).of("XNYS")
    days = pl.date_range(date(START.year, 1, 1), date(MONDAY.year, 12, 31), eager=True).to_list()
    open_days = set(sessions["session_date"].to_list())
    index = Security("^GSPC", "series", price=1100.0, exchange="SNP")
    return Market(20250127, FRIDAY.date(), [day for day in days if day not in open_days], [*SECURITIES, index])


def _poll(title: str, settings: Settings, clock: SetClock, yahoo: FakeYahoo) -> Poll:
    before = len(yahoo.log)
    outcome = run_pipeline(settings, hosts=Hosts(clock))
    return Poll(title, outcome, tuple(_asked(request) for request in yahoo.log[before:]))


def _asked(request: Request) -> str:
    if "period1" not in request.query:
        return f"GET {request.path}   for the cookie and its crumb"
    first, last = (datetime.fromtimestamp(int(request.query[name]), UTC) for name in ("period1", "period2"))
    # A window reaches half a day further on both sides than the days that are asked for, for any time zone.
    days = f"{(first + timedelta(hours=14)).date()} to {(last - timedelta(hours=13)).date()}"
    return f"GET {request.path}   {days}"


def _known(title: str, settings: Settings, at: datetime) -> Known:
    with open_history(settings.warehouse_file, models(), price_source="yahoo", as_of=at) as connection:
        bars = stored_bars(connection, "yahoo")
    until = bars.filter(pl.col("symbol") == "NVDA", pl.col("date") <= FRIDAY.date()).tail(3)
    if until.is_empty():
        raise WarehouseError(f"expected prices of NVDA as known at {at}, got none")
    closes = dict(until.select("date", "close").iter_rows())
    last, before = until["adj_close"][-1], until["adj_close"][-2]
    return Known(title, closes, last / before - 1, hashlib.sha256(bars.write_csv().encode()).hexdigest())

"""A fake Yahoo, a clock to set, and a warehouse that is kept up to date with it: shared by the tests of live prices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from flows.live_sessions import Sessions
from flows.refreshing import Refreshed, refresh
from flows.run import models
from pipelines.fake_providers.market import SECURITIES, Market, Security
from pipelines.fake_providers.yahoo import FakeYahoo
from pipelines.settings import Settings
from pipelines.sources.web.clock import SetClock
from pipelines.sources.web.hosts import Hosts
from warehouse.connection import open_file
from warehouse.vintages import NEWEST, open_history, stored_bars

START = date(2024, 1, 2)
DUMPS = (
    "select * from staging.stg_live__prices order by all",
    "select * from staging.stg_live__bars where not is_final order by all",
    "select * from staging.stg_price_actions order by all",
)
MODELS = models()
INDEX = Security("^GSPC", "series", price=2000.0, exchange="SNP")
HOLIDAYS = (date(2024, 1, 15), date(2024, 2, 19), date(2024, 3, 29), date(2024, 5, 27), date(2024, 6, 19))
"""Weekdays of the first half of 2024 on which New York did not trade."""


@dataclass
class Rig:
    """A provider, a clock, and a warehouse."""

    market: Market
    yahoo: FakeYahoo
    clock: SetClock
    settings: Settings
    runs: int = 0
    refreshed: list[Refreshed] = field(default_factory=list)

    def at(self, day: date, hour: int = 22, minute: int = 0, *, is_open: bool = False) -> None:
        """Let it be that day and hour of UTC; New York closes at 20:00 in summer, 21:00 in winter."""
        self.market.today, self.market.is_open = day, is_open
        self.clock.at = datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)

    def poll(self, *symbols: str, settings: Settings | None = None) -> Refreshed:
        """Bring the warehouse up to date; hosts are met as by a new process."""
        self.runs += 1
        now = self.clock.now()
        done = refresh(
            settings or self.settings,
            "yahoo",
            f"run-{self.runs}",
            now,
            hosts=Hosts(self.clock),
            symbols=symbols or ("NVDA",),
        )
        self.refreshed.append(done)
        return done

    def asked(self, symbol: str = "") -> int:
        """Return how many requests for charts came so far."""
        return len([one for one in self.yahoo.requests(symbol) if one.path.startswith("/v8/")])

    def bars(self, symbol: str = "NVDA", as_of: datetime = NEWEST) -> pl.DataFrame:
        """Return the stored final bars of a symbol."""
        with open_history(self.settings.warehouse_file, MODELS, price_source="yahoo", as_of=as_of) as connection:
            return stored_bars(connection, "yahoo").filter(pl.col("symbol") == symbol)

    def dump(self, as_of: datetime = NEWEST) -> bytes:
        """Return everything that is known at an instant, as text."""
        with open_history(self.settings.warehouse_file, MODELS, price_source="yahoo", as_of=as_of) as connection:
            return b"".join(connection.sql(query).pl().write_csv().encode() for query in DUMPS)

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """Return the rows of a query on the warehouse."""
        with open_file(self.settings.warehouse_file, read_only=True) as connection:
            return connection.execute(query).fetchall()


@contextmanager
def rig(home: Path, *, holidays: Sequence[date] = HOLIDAYS, **settings: object) -> Iterator[Rig]:
    """Make a rig in which it is the evening of Thursday, 6 June 2024, before anything was asked."""
    market = Market(11, date(2024, 6, 6), holidays=holidays, securities=[*SECURITIES, INDEX])
    with FakeYahoo(market) as yahoo:
        chosen = {"home": home, "source": "yahoo", "start": START, "yahoo_base_url": yahoo.base_url, **settings}
        made = Rig(market, yahoo, SetClock(datetime(2024, 6, 6, 22, tzinfo=UTC)), Settings(**chosen))  # type: ignore[arg-type]
        yield made


def states(done: Refreshed) -> dict[str, str]:
    """Return how each symbol ended."""
    return {symbol: str(result.state) for symbol, result in done.results.items()}


def returns(bars: pl.DataFrame, column: str = "adj_close") -> dict[date, float]:
    """Return each session's return on the one before."""
    change = pl.col(column) / pl.col(column).shift(1) - 1
    return dict(bars.sort("date").select("date", change).drop_nulls().iter_rows())


def weekdays_off(settings: Settings, first: date, now: datetime) -> list[date]:
    """Return the weekdays from a day's year on to the end of this year on which New York does not trade."""
    sessions, _ = Sessions(settings, first, now).of("XNYS")
    traded = set(sessions["session_date"].to_list())
    days = pl.date_range(date(first.year, 1, 1), date(now.year, 12, 31), eager=True).to_list()
    return [day for day in days if day not in traded]

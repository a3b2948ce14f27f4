"""An invented market: the same prices for the same seed, whoever asks, in whatever order.

Prices are raw: what was paid on that day. A provider that rewrites history at a split or a dividend does so itself,
from `Market.splits` and `Market.dividends`. What lies after `Market.today` does not exist yet, so two polls of one
provider can see two states of the world::

    market = Market(seed=1, today=date(2024, 6, 7))
    market.add_split("NVDA", date(2024, 6, 10), 10)  # nobody knows of it
    market.today = date(2024, 6, 10)                 # now everybody does
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Kind = Literal["stock", "etf", "crypto", "series"]
_SATURDAY = 5
_DRAWN_DAYS = 512  # days are drawn by so many, from the listing of a symbol on
_HOURS = 24


@dataclass(frozen=True, slots=True)
class Security:
    """What is traded, and when.

    Attributes
    ----------
    listed, delisted : date
        First and last day of trading; None while it is still traded.
    price : float
        Close of the day before the first, before any split.
    """

    symbol: str
    kind: Kind = "stock"
    listed: date = date(2010, 1, 4)
    delisted: date | None = None
    price: float = 100.0
    currency: str = "USD"
    exchange: str = "NMS"
    time_zone: str = "America/New_York"


class Bar(NamedTuple):
    """Raw prices of one session, or of one hour of it."""

    session: date
    open: float
    high: float
    low: float
    close: float
    volume: float
    hour: int = 0


class Split(NamedTuple):
    """`ratio` new shares for one old, from the open of `day` on."""

    day: date
    ratio: float


class Dividend(NamedTuple):
    """`amount` per share, in the shares of that day, to whoever held them before the open of `day`."""

    day: date
    amount: float


SECURITIES = (
    Security("NVDA"),
    Security("AAPL", price=50.0),
    Security("SPY", "etf", price=110.0, exchange="PCX"),
    Security("GONE", listed=date(2015, 3, 2), delisted=date(2021, 5, 14)),
    Security("NEWCO", listed=date(2023, 9, 14)),
    Security("BTC-USD", "crypto", date(2015, 1, 1), price=300.0, exchange="CCC", time_zone="UTC"),
    Security("ETH-USD", "crypto", date(2016, 5, 18), price=12.0, exchange="CCC", time_zone="UTC"),
    Security("DGS10", "series", date(2000, 1, 3), price=4.0),
    Security("VIXCLS", "series", date(2000, 1, 3), price=20.0),
)
"""Securities of a market that is told of no others."""


class Market:
    """Seeded prices per symbol and session.

    Attributes
    ----------
    today : date
        Last day that has happened; may be set.
    is_open : bool
        True while today's session still runs: its bar then holds half of the volume and another close.
    holidays : set of date
        Weekdays on which nothing but crypto trades.
    half_days : set of date
        Sessions that end early for all but crypto, whose bars of an hour are fewer then.
    """

    def __init__(
        self,
        seed: int,
        today: date,
        holidays: Iterable[date] = (),
        securities: Iterable[Security] = SECURITIES,
    ) -> None:
        self.seed = seed
        self.today = today
        self.is_open = False
        self.holidays = set(holidays)
        self.half_days: set[date] = set()
        self._securities = {security.symbol: security for security in securities}
        self._splits: dict[str, dict[date, float]] = {}
        self._dividends: dict[str, dict[date, float]] = {}
        self._revisions: dict[tuple[str, date], tuple[float, float]] = {}
        self._halts: set[tuple[str, date]] = set()
        self._paths: dict[str, NDArray[np.float64]] = {}

    def add(self, security: Security) -> None:
        """List another security, or change one."""
        self._securities[security.symbol] = security
        self._paths.pop(security.symbol, None)

    def security(self, symbol: str) -> Security | None:
        """Return the security, or None for a symbol that nobody knows (yet)."""
        security = self._securities.get(symbol)
        return security if security and security.listed <= self.today else None

    def sessions(self, symbol: str, first: date, last: date) -> list[date]:
        """Return the days from `first` to `last`, both included, on which the symbol traded and that have happened."""
        security = self.security(symbol)
        if security is None:
            return []
        first, last = max(first, security.listed), min(last, security.delisted or last, self.today)
        days = (first + timedelta(n) for n in range((last - first).days + 1))
        return [day for day in days if self._trades(security, day) and (symbol, day) not in self._halts]

    def bars(self, symbol: str, first: date, last: date) -> list[Bar]:
        """Return raw bars from `first` to `last`, both included, oldest first; none for an unknown symbol."""
        return [self._bar(self._securities[symbol], day) for day in self.sessions(symbol, first, last)]

    def hours(self, symbol: str, first: date, last: date) -> list[Bar]:
        """Return the 24 hours of each session, which add up to its bar; while today is open, its first 12.

        An hour that is over stays as it was when its session ends: the bar of a running session is no sum of its hours.
        """
        security = self._securities.get(symbol)
        days = self.sessions(symbol, first, last)
        return [hour for day in days if security for hour in self._hours(self._bar(security, day, is_whole=True))]

    def splits(self, symbol: str) -> list[Split]:
        """Return the splits that have happened, oldest first."""
        return [Split(*item) for item in sorted(self._splits.get(symbol, {}).items()) if item[0] <= self.today]

    def dividends(self, symbol: str) -> list[Dividend]:
        """Return the dividends that have happened, oldest first."""
        return [Dividend(*item) for item in sorted(self._dividends.get(symbol, {}).items()) if item[0] <= self.today]

    def add_split(self, symbol: str, day: date, ratio: float) -> None:
        """Split every share into `ratio` at the open of a day; raw prices fall from that day on."""
        self._splits.setdefault(symbol, {})[day] = ratio

    def add_dividend(self, symbol: str, day: date, amount: float) -> None:
        """Pay an amount per share, ex at the open of a day; raw prices do not react."""
        self._dividends.setdefault(symbol, {})[day] = amount

    def revise(self, symbol: str, day: date, factor: float, volume_factor: float = 1.0) -> None:
        """Multiply a day's prices and volume, as a vendor does that corrects itself; the last word counts."""
        self._revisions[symbol, day] = (factor, volume_factor)

    def halt(self, symbol: str, day: date) -> None:
        """Let a day pass without a trade."""
        self._halts.add((symbol, day))

    def _trades(self, security: Security, day: date) -> bool:
        return security.kind == "crypto" or (day.weekday() < _SATURDAY and day not in self.holidays)

    def _bar(self, security: Security, day: date, *, is_whole: bool = False) -> Bar:
        symbol = security.symbol
        factor, volume_factor = self._revisions.get((symbol, day), (1.0, 1.0))
        ratio = float(np.prod([split.ratio for split in self.splits(symbol) if split.day <= day]))
        level, close, high, low, volume = self._path(security, day)[(day - security.listed).days]
        if self.is_open and day == self.today and not is_whole:
            close, volume = (close + level) / 2, volume / 2
        opened, top, bottom, closed = (round(float(price) * factor / ratio, 4) for price in (level, high, low, close))
        return Bar(day, opened, top, bottom, closed, float(round(volume * volume_factor * ratio)))

    def _path(self, security: Security, last: date) -> NDArray[np.float64]:
        """Return open, close, high, low and volume per calendar day from the listing on; weekends stand still.

        A path that does not reach `last` is drawn anew and further, which gives the same days as before.
        """
        known = self._paths.get(security.symbol)
        n_days = _DRAWN_DAYS * ((last - security.listed).days // _DRAWN_DAYS + 1)
        if known is None or len(known) < n_days:
            noise = np.random.default_rng([self.seed, zlib.crc32(security.symbol.encode())])
            gap, move, above, below, size = noise.standard_normal((n_days, 5)).T
            weekdays = (security.listed.weekday() + np.arange(n_days)) % 7
            moves = weekdays < (7 if security.kind == "crypto" else _SATURDAY)
            gap, move = 0.004 * gap * moves, 0.012 * move * moves
            closes = security.price * np.exp(np.cumsum(gap + move))
            opens = closes * np.exp(-move)
            highs = np.maximum(opens, closes) * np.exp(0.004 * np.abs(above))
            lows = np.minimum(opens, closes) * np.exp(-0.004 * np.abs(below))
            known = np.column_stack([opens, closes, highs, lows, 1e6 * np.exp(0.3 * size)])
            self._paths[security.symbol] = known
        return known

    def _hours(self, bar: Bar) -> list[Bar]:
        """Walk from the open to the close by way of the low and the high, as far as the session has come."""
        stops = np.array([0, _HOURS // 3, 2 * _HOURS // 3, _HOURS])
        walk = np.interp(np.arange(_HOURS + 1), stops, [bar.open, bar.low, bar.high, bar.close]).round(4).tolist()
        hours = [
            Bar(bar.session, begin, max(begin, end), min(begin, end), end, bar.volume / _HOURS, hour)
            for hour, (begin, end) in enumerate(pairwise(walk))
        ]
        return hours[: _HOURS // 2] if self.is_open and bar.session == self.today else hours

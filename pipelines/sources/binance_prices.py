"""Crypto prices of the exchange Binance: candles of a pair such as ``BTCUSDT``, in UTC days or hours, without a key.

A candle is ``[open time, "open", "high", "low", "close", "volume", close time, ...]``, the oldest comes first, at most
1,000 come at once, and the last one is unfinished while its close time lies ahead (``extra["last_closes_at"]``). Times
are milliseconds, in newer files microseconds. Our ``BTC-USD`` is their pair with the stablecoin USDT, and the listing
says so. The address is that of their public data, which answers where ``api.binance.com`` says 451.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from pipelines.sources.live import Answer, BarsRequest, Listing, Outcome
from pipelines.sources.web.bars import (
    EPOCH,
    STEPS,
    Row,
    answered,
    failed,
    instant,
    not_asked,
    number,
    unaskable,
    windows,
)
from pipelines.sources.web.judge import Expected, ShapeError
from pipelines.sources.web.limiter import Rate
from pipelines.sources.web.manners import Manners
from pipelines.sources.web.source import WebSource

SOURCE = "binance_prices"
BASE_URL = "https://data-api.binance.vision"
MANNERS = Manners(Rate(per_second=5, burst=5))
PER_PAGE = 1000
BANNED = 418
_CELLS = 7
_FIRST_MICROSECOND = 10**14  # as milliseconds it would be the year 5138


class BinancePrices(WebSource):
    """Bars of Binance."""

    name = SOURCE

    default_url = BASE_URL
    default_manners = MANNERS

    def fetch(self, request: BarsRequest) -> Answer:
        """Ask for all pages of a request; one page that fails fails them all."""
        reason = unaskable(request, tuple(STEPS))
        if reason:
            return not_asked(request, self._client, reason)
        symbol, currency = pair(request.symbol)
        rows: list[Row] = []
        closes_at: datetime | None = None
        expected = Expected("json", read=_candles, bans=frozenset({BANNED}))
        for begin, end in windows(request, PER_PAGE):
            params = {"symbol": symbol, "interval": request.interval, "startTime": _milliseconds(begin)}
            params |= {"endTime": _milliseconds(end), "limit": str(PER_PAGE)}
            page = self._client.get("/api/v3/klines", params, expected)
            if page.outcome is not Outcome.OK:
                return failed(request, page)
            rows += [row for row, _ in page.data]
            closes_at = page.data[-1][1] if page.data else closes_at
        listing = Listing(currency=currency, exchange="Binance", time_zone="UTC", kind="crypto")
        extra = {"pair": symbol} | ({"last_closes_at": closes_at.isoformat()} if closes_at else {})
        return answered(request, page, rows, listing, extra)


def pair(symbol: str) -> tuple[str, str | None]:
    """Return Binance's name for our symbol, and the currency in which it is quoted, if our name says so."""
    base, _, quote = symbol.partition("-")
    currency = "USDT" if quote == "USD" else quote
    return base + currency, currency or None


def _instant(stamp: Any) -> datetime:
    is_new = isinstance(stamp, int) and abs(stamp) >= _FIRST_MICROSECOND
    return instant(stamp, per_second=1_000_000 if is_new else 1000)


def _milliseconds(moment: datetime) -> str:
    return str((moment - EPOCH) // timedelta(milliseconds=1))


def _candles(candles: Any) -> list[tuple[Row, datetime]]:
    """Return each bar with the instant at which it is finished."""
    if not isinstance(candles, list):
        raise ShapeError(f"expected a list of candles, got {candles!r:.80}")
    return [_candle(candle) for candle in candles]


def _candle(candle: Any) -> tuple[Row, datetime]:
    if not isinstance(candle, list) or len(candle) < _CELLS:
        raise ShapeError(f"expected a candle [opens, open, high, low, close, volume, closes, ...], got {candle!r:.80}")
    opened_at = _instant(candle[0])
    opened, high, low, closed, volume = (number(cell) for cell in candle[1:6])
    return (opened_at.date(), opened_at, opened, high, low, closed, None, volume), _instant(candle[6])

"""Crypto prices of the exchange Coinbase: candles of a product such as ``BTC-USD``, in UTC days or hours, keyless.

A candle is ``[time, LOW, HIGH, OPEN, CLOSE, volume]``, the newest comes first, at most 300 come at once, and one
without a trade is left out.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import quote

from pipelines.sources.live import Answer, BarsRequest, Listing, Outcome
from pipelines.sources.web.bars import STEPS, Row, answered, failed, instant, not_asked, number, unaskable, windows
from pipelines.sources.web.judge import Expected, ShapeError
from pipelines.sources.web.limiter import Rate
from pipelines.sources.web.manners import Manners
from pipelines.sources.web.source import WebSource

SOURCE = "coinbase_prices"
BASE_URL = "https://api.exchange.coinbase.com"
MANNERS = Manners(Rate(per_second=5, burst=5))  # ten are allowed
PER_PAGE = 300
_CELLS = 6


class CoinbasePrices(WebSource):
    """Bars of Coinbase; a symbol is a product by its own name."""

    name = SOURCE

    default_url = BASE_URL
    default_manners = MANNERS

    def fetch(self, request: BarsRequest) -> Answer:
        """Ask for all pages of a request; one page that fails fails them all."""
        reason = unaskable(request, tuple(STEPS))
        if reason:
            return not_asked(request, self._client, reason)
        rows: list[Row] = []
        path = f"/products/{quote(request.symbol, safe='')}/candles"
        seconds = int(STEPS[request.interval].total_seconds())
        for begin, end in windows(request, PER_PAGE):
            params = {"granularity": str(seconds), "start": _iso(begin), "end": _iso(end)}
            page = self._client.get(path, params, Expected("json", read=_rows))
            if page.outcome is not Outcome.OK:
                return failed(request, page)
            rows += page.data
        _, _, currency = request.symbol.rpartition("-")
        listing = Listing(currency=currency, exchange="Coinbase", time_zone="UTC", kind="crypto")
        return answered(request, page, rows, listing)


def _iso(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def _rows(candles: Any) -> list[Row]:
    if not isinstance(candles, list):
        raise ShapeError(f"expected a list of candles, got {candles!r:.80}")
    return [_row(candle) for candle in candles]


def _row(candle: Any) -> Row:
    if not isinstance(candle, list) or len(candle) != _CELLS:
        raise ShapeError(f"expected a candle [time, low, high, open, close, volume], got {candle!r:.80}")
    opened_at = instant(candle[0], per_second=1)
    low, high, opened, closed, volume = (number(cell) for cell in candle[1:])
    return opened_at.date(), opened_at, opened, high, low, closed, None, volume

"""A fake of Binance's public candles."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus

from pipelines.fake_providers.market import Bar, Market
from pipelines.fake_providers.server import FakeServer, Reply, Request

PER_PAGE, LARGEST_PAGE = 500, 1000
_STEPS = {"1d": timedelta(days=1), "1h": timedelta(hours=1)}
_BAD_SYMBOL, _BAD_INTERVAL = -1121, -1120


class FakeBinance(FakeServer):
    """Answers ``/api/v3/klines`` as Binance does: texts, the oldest first, a last candle that is not finished.

    Attributes
    ----------
    is_in_microseconds : bool
        Write the stamps as the newer files do.
    """

    def __init__(self, market: Market) -> None:
        self.market = market
        self.is_in_microseconds = False
        super().__init__(self._klines)

    def _klines(self, request: Request) -> Reply:
        query = request.query
        if request.path != "/api/v3/klines":
            return Reply(b"", HTTPStatus.NOT_FOUND)
        symbol = query.get("symbol", "").removesuffix("USDT") + "-USD"
        security = self.market.security(symbol)
        if security is None or security.kind != "crypto":
            return _refusal(_BAD_SYMBOL, "Invalid symbol.")
        if query.get("interval") not in _STEPS:
            return _refusal(_BAD_INTERVAL, "Invalid interval.")
        begin, end = (int(query[name]) / 1000 for name in ("startTime", "endTime"))
        step = _STEPS[query["interval"]]
        bars = (self.market.bars if query["interval"] == "1d" else self.market.hours)(symbol, _day(begin), _day(end))
        kept = [bar for bar in bars if begin <= _opened_at(bar).timestamp() <= end]
        count = min(int(query.get("limit", str(PER_PAGE))), LARGEST_PAGE)
        return Reply(json.dumps([self._candle(bar, step) for bar in kept[:count]]).encode())

    def _candle(self, bar: Bar, step: timedelta) -> list[int | str]:
        unit = timedelta(microseconds=1 if self.is_in_microseconds else 1000)
        opens = _opened_at(bar) - datetime(1970, 1, 1, tzinfo=UTC)
        prices = [f"{price:.8f}" for price in (bar.open, bar.high, bar.low, bar.close, bar.volume)]
        quoted = f"{bar.volume * bar.close:.8f}"
        return [opens // unit, *prices, (opens + step) // unit - 1, quoted, 1000, prices[4], quoted, "0"]


def _refusal(code: int, text: str) -> Reply:
    return Reply(json.dumps({"code": code, "msg": text}).encode(), HTTPStatus.BAD_REQUEST)


def _day(stamp: float) -> date:
    return datetime.fromtimestamp(stamp, UTC).date()


def _opened_at(bar: Bar) -> datetime:
    return datetime(bar.session.year, bar.session.month, bar.session.day, bar.hour, tzinfo=UTC)

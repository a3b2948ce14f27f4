"""A fake of Coinbase's public candles."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from http import HTTPStatus

from pipelines.fake_providers.market import Bar, Market
from pipelines.fake_providers.server import FakeServer, Reply, Request

PER_PAGE = 300
_DAY, _HOUR = 86_400, 3_600


class FakeCoinbase(FakeServer):
    """Answers ``/products/<product>/candles`` as Coinbase does: the newest first, low before high, 300 at most."""

    def __init__(self, market: Market) -> None:
        self.market = market
        super().__init__(self._candles)

    def _candles(self, request: Request) -> Reply:
        match request.path.split("/"):
            case ["", "products", product, "candles"]:
                security = self.market.security(product)
            case _:
                security = None
        if security is None or security.kind != "crypto":
            return _message(HTTPStatus.NOT_FOUND, "NotFound")
        step = int(request.query.get("granularity", "60"))
        if step not in (_DAY, _HOUR):
            return _message(HTTPStatus.BAD_REQUEST, "Unsupported granularity")
        begin, end = (datetime.fromisoformat(request.query[name]).timestamp() for name in ("start", "end"))
        if (end - begin) / step > PER_PAGE:
            text = "granularity too small for the requested time range. Count of aggregations requested exceeds 300"
            return _message(HTTPStatus.BAD_REQUEST, text)
        bars = (self.market.bars if step == _DAY else self.market.hours)(product, _day(begin), _day(end))
        candles = [_candle(bar) for bar in reversed(bars)]
        return Reply(json.dumps([candle for candle in candles if begin <= candle[0] <= end]).encode())


def _message(status: int, text: str) -> Reply:
    return Reply(json.dumps({"message": text}).encode(), status)


def _day(stamp: float) -> date:
    return datetime.fromtimestamp(stamp, UTC).date()


def _candle(bar: Bar) -> list[float]:
    opened_at = datetime(bar.session.year, bar.session.month, bar.session.day, bar.hour, tzinfo=UTC)
    return [int(opened_at.timestamp()), bar.low, bar.high, bar.open, bar.close, bar.volume]

"""A fake of nasdaq.com's price history."""

from __future__ import annotations

import json
import math
from datetime import date
from http import HTTPStatus

from pipelines.fake_providers.market import Bar, Market, Split
from pipelines.fake_providers.server import FakeServer, Reply, Request

_CLASSES = {"stocks": "stock", "etf": "etf"}


class FakeNasdaq(FakeServer):
    """Answers ``/api/quote/<symbol>/historical`` as nasdaq.com does, to browsers alone.

    Prices are adjusted for splits, so that the whole history changes when `Market.today` reaches one.

    Attributes
    ----------
    silence : float
        Seconds for which whoever is no browser hears nothing.
    """

    def __init__(self, market: Market, silence: float = 60.0) -> None:
        self.market = market
        self.silence = silence
        super().__init__(self._history)

    def _history(self, request: Request) -> Reply:
        if "Mozilla/" not in request.headers.get("user-agent", "") or "nasdaq.com" not in request.headers.get(
            "referer", ""
        ):
            return Reply(b"<HTML>Access Denied</HTML>", HTTPStatus.FORBIDDEN, "text/html", silence=self.silence)
        match request.path.split("/"):
            case ["", "api", "quote", symbol, "historical"]:
                symbol = symbol.upper()
                security = self.market.security(symbol.replace(".", "-"))
            case _:
                return Reply(b"", HTTPStatus.NOT_FOUND)
        if security is None or security.kind != _CLASSES.get(request.query.get("assetclass", "")):
            wrong = [{"code": 1001, "errorMessage": "Symbol not exists."}]
            return _reply(None, {"rCode": 400, "bCodeMessage": wrong, "developerMessage": None})
        first, last = (date.fromisoformat(request.query[name]) for name in ("fromdate", "todate"))
        splits = self.market.splits(security.symbol)
        bars = self.market.bars(security.symbol, first, last)[-int(request.query.get("limit", "10")) :]
        rows = [_row(bar, splits, "$" if security.kind == "stock" else "") for bar in reversed(bars)]
        names = {
            "date": "Date",
            "close": "Close/Last",
            "volume": "Volume",
            "open": "Open",
            "high": "High",
            "low": "Low",
        }
        table = {"asOf": None, "headers": names if rows else None, "rows": rows or None}
        total = len(self.market.sessions(security.symbol, first, last))
        data = {"symbol": symbol, "totalRecords": total, "tradesTable": table}
        return _reply(data, {"rCode": 200, "bCodeMessage": None, "developerMessage": None})


def _reply(data: object, status: object) -> Reply:
    return Reply(json.dumps({"data": data, "message": None, "status": status}).encode())


def _row(bar: Bar, splits: list[Split], sign: str) -> dict[str, str]:
    ratio = math.prod(split.ratio for split in splits if split.day > bar.session)
    prices = {name: f"{sign}{getattr(bar, name) / ratio:,.2f}" for name in ("close", "open", "high", "low")}
    return {"date": f"{bar.session:%m/%d/%Y}", "volume": f"{bar.volume * ratio:,.0f}", **prices}

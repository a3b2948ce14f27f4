"""Daily prices of US shares and funds from nasdaq.com: ten years, without a key and without a promise.

Prices are adjusted for splits and not for dividends. The newest day comes first, as ``MM/DD/YYYY``; prices carry ``$``
and commas, and ``N/A`` stands for none. The server hangs on, or refuses, whoever does not look like a browser. A symbol
that it does not have, or has under the other asset class, is status 200 with ``data`` null and ``rCode`` 400.
"""

from __future__ import annotations

import re
from datetime import date
from functools import cached_property
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from pipelines.sources.live import Answer, BarsRequest, Listing, Outcome
from pipelines.sources.web.bars import Row, answered, failed, midnight, not_asked, number, unaskable
from pipelines.sources.web.judge import Expected, ShapeError
from pipelines.sources.web.limiter import Rate
from pipelines.sources.web.manners import Manners
from pipelines.sources.web.source import WebSource

SOURCE = "nasdaq_prices"
BASE_URL = "https://api.nasdaq.com"
MANNERS = Manners(
    Rate(per_second=1),
    headers={
        "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0",
        "Accept": "application/json, text/plain, */*",
        "Accept-Language": "en-US,en;q=0.9",
        "Origin": "https://www.nasdaq.com",
        "Referer": "https://www.nasdaq.com/",
    },
)
LIMIT = 9999
KINDS = {"stocks": "stock", "etf": "etf"}
"""Our word for each asset class, in the order in which they are tried."""

_DAY = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII)
_MISSING = ("", "N/A", "NA", "--")


class NasdaqPrices(WebSource):
    """Daily bars of nasdaq.com; ``BRK-B`` is its ``BRK.B``."""

    name = SOURCE

    default_url = BASE_URL
    default_manners = MANNERS

    @cached_property
    def _classes(self) -> dict[str, str]:
        """Asset class under which a symbol was found."""
        return {}

    def fetch(self, request: BarsRequest) -> Answer:
        """Ask for a stock, and for a fund if there is no such stock."""
        reason = unaskable(request, ("1d",))
        if reason:
            return not_asked(request, self._client, reason)
        symbol = request.symbol.upper().replace("-", ".")
        known = self._classes.get(symbol)
        for asset_class in [known] if known else KINDS:
            params = {"assetclass": asset_class, "fromdate": request.first.isoformat()}
            params |= {"todate": request.last.isoformat(), "limit": str(LIMIT)}
            expected = Expected("json", read=lambda content: _rows(content, symbol))
            page = self._client.get(f"/api/quote/{quote(symbol, safe='')}/historical", params, expected)
            if page.outcome is not Outcome.OK:
                return failed(request, page)
            if page.data is not None:
                self._classes[symbol] = asset_class
                listing = Listing(currency="USD", time_zone="America/New_York", kind=KINDS[asset_class])
                return answered(request, page, page.data, listing)
        reason = f"expected a stock or a fund that nasdaq.com has, got {symbol!r}: rCode 400"
        return failed(request, page, reason, Outcome.REFUSED)


def _rows(content: Any, symbol: str) -> list[Row] | None:
    """Return the bars, None for a symbol that is not known under this asset class."""
    data, code = content["data"], content["status"]["rCode"]
    if data is None and code == HTTPStatus.BAD_REQUEST:
        return None
    if data is None or code != HTTPStatus.OK:
        raise ShapeError(f"expected data with rCode 200, or none with rCode 400, got rCode {code!r:.20}")
    if str(data["symbol"]).upper() != symbol:
        raise ShapeError(f"expected {symbol}, got {data['symbol']!r:.40}")
    rows = (data["tradesTable"] or {}).get("rows") or []
    if int(data["totalRecords"] or 0) > len(rows):
        raise ShapeError(f"expected all of {data['totalRecords']} days, got {len(rows)}")
    return [_row(row) for row in rows]


def _row(row: Any) -> Row:
    day = _date(row["date"])
    opened, high, low, closed, volume = (_number(row[name]) for name in ("open", "high", "low", "close", "volume"))
    return day, midnight(day), opened, high, low, closed, None, volume


def _date(text: Any) -> date:
    """Return a day; strptime would take as long as the rest of the row."""
    found = _DAY.fullmatch(text)
    try:
        if found is not None:
            month, day, year = map(int, found.groups())
            return date(year, month, day)
    except ValueError:
        pass
    raise ShapeError(f"expected a day MM/DD/YYYY, got {text!r:.40}")


def _number(cell: Any) -> float | None:
    return number(cell.replace("$", "").replace(",", "") if isinstance(cell, str) else cell, _MISSING)

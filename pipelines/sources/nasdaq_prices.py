"""Daily prices of US shares and funds from nasdaq.com: ten years, without a key and without a promise.

Prices are adjusted for splits and not for dividends. The newest day comes first, as ``MM/DD/YYYY``; prices carry ``$``
and commas, and ``N/A`` stands for none. The server hangs on, or refuses, whoever does not look like a browser. A symbol
that it does not have, or has under the other asset class, is status 200 with ``data`` null and ``rCode`` 400.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import polars as pl

from pipelines.sources.live import BAR_COLUMNS, Answer, BarsRequest, Listing, Outcome
from pipelines.sources.web.bars import answered, failed, not_asked, unaskable
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

_NUMBERS = ("open", "high", "low", "close", "volume")
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


def _rows(content: Any, symbol: str) -> pl.DataFrame | None:
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
    return _bars(rows)


def _bars(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Return rows as bars, read column by column: an answer has ten years of them."""
    texts = pl.DataFrame([_texts(name, [row[name] for row in rows]) for name in ("date", *_NUMBERS)]).with_columns(
        pl.col(_NUMBERS).str.strip_chars().replace(dict.fromkeys(_MISSING))
    )
    read = texts.with_columns(
        pl.col("date").str.to_date("%m/%d/%Y", strict=False),
        pl.col(_NUMBERS).str.replace_many({"$": "", ",": ""}).cast(pl.Float64, strict=False),
    )
    for name in read.columns:
        unread = texts.filter(read[name].is_null() & (texts[name].is_not_null() | (name == "date")))
        if unread.height:
            wanted = "a day MM/DD/YYYY" if name == "date" else f"a number as {name}"
            raise ShapeError(f"expected {wanted}, got {unread[name][0]!r:.60}")
    return read.select(
        "date",
        pl.col("date").cast(BAR_COLUMNS["opened_at"]).alias("opened_at"),
        *("open", "high", "low", "close"),
        pl.lit(None, pl.Float64).alias("adj_close"),
        "volume",
    )


def _texts(name: str, cells: list[Any]) -> pl.Series:
    """Return cells as text; one that is a number is let through, whatever else it is cannot be read."""
    try:
        return pl.Series(name, cells, pl.String)
    except TypeError:
        odd = [cell for cell in cells if isinstance(cell, bool) or not isinstance(cell, str | int | float | None)]
        if odd:
            raise ShapeError(f"expected a number or its text as {name}, got {odd[0]!r:.60}") from None
        return pl.Series(name, [cell if cell is None else str(cell) for cell in cells], pl.String)

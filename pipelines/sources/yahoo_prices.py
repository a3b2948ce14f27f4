"""Prices of Yahoo Finance, through yfinance's client, as the chart says them.

Why not `yfinance.Ticker.history`: on its way to a frame, yfinance 1.7.0
(`tests/recorded/test_yahoo_against_yfinance.py` holds it to this)

- drops the final row of a day where a live one follows it, and keeps the live one;
- drops rows in which everything is null, and turns a volume of null into 0;
- replaces stamps by midnights, so that a live row cannot be told from a final one;
- fills `Adj Close` with `Close` where the chart has none;
- fails where an array is left out;
- asks twice per symbol, the first time for the time zone alone;
- answers past days from its memory when they are asked for again.

So yfinance gets the answer (`pipelines.sources.yahoo_web`) and its text is read here
(`pipelines.sources.yahoo_chart`); both rows of a day stay, nulls stay, stamps stay.

The interface is unofficial and for personal use: what it answers is kept and never passed on.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from pipelines.sources.live import Answer, BarsRequest, Outcome
from pipelines.sources.web.bars import failed, unaskable
from pipelines.sources.yahoo_chart import Chart, judge_chart
from pipelines.sources.yahoo_source import YahooSource

if TYPE_CHECKING:
    from pipelines.sources.web.client import Page

SOURCE: Final = "yahoo_prices"

HOURLY_DAYS: Final = 730
"""Days back to which there are bars of an hour."""

_EARLIEST, _LATEST = timedelta(hours=14), timedelta(hours=12)  # clocks ahead of UTC and behind it


class YahooPrices(YahooSource):
    """Bars and corporate actions of Yahoo Finance."""

    name = SOURCE

    def fetch(self, request: BarsRequest) -> Answer:
        """Ask for the bars of a symbol, retries included.

        Parameters
        ----------
        request : BarsRequest
            By Yahoo's name of the symbol; "1d" from its listing on, "1h" up to `HOURLY_DAYS` days back.

        Returns
        -------
        Answer
            The bars of the days from `first` to `last` on the exchange's clock. A day may have two rows, the last of
            which is live. `extra` holds rows_outside (rows of other days that came along), last_trade_at (seconds of
            UTC) and, where it is not the price's, dividend_currency.
        """
        now = self._clock.now()
        refusal = _refusal(request, now)
        if refusal:
            return Answer(request, Outcome.REFUSED, now, "", refusal)
        page = self._web.chart(quote(request.symbol, safe=""), _params(request, now), partial(judge_chart, request))
        return _answer(request, page)


def _refusal(request: BarsRequest, now: datetime) -> str:
    """Return why a request need not be sent."""
    refusal = unaskable(request, ("1d", "1h"))
    if refusal or not request.symbol.strip():
        return refusal or "expected a symbol, got none"
    oldest = (now - timedelta(days=HOURLY_DAYS)).date()
    if request.interval == "1h" and request.first <= oldest:
        return f"Yahoo has bars of 1h for {HOURLY_DAYS} days, from {oldest + timedelta(days=1)} on; got {request.first}"
    return ""


def _params(request: BarsRequest, now: datetime) -> dict[str, str]:
    """Return the query, wide enough for the days of any time zone; the answer names the exchange's."""
    begin = datetime.combine(request.first, time(), UTC) - _EARLIEST
    if request.interval == "1h":
        begin = max(begin, now - timedelta(days=HOURLY_DAYS) + timedelta(minutes=1))
    end = datetime.combine(request.last, time(), UTC) + timedelta(days=1) + _LATEST
    return {
        "period1": str(int(begin.timestamp())),
        "period2": str(int(end.timestamp())),
        "interval": request.interval,
        "includePrePost": "false",
        "events": "div,splits,capitalGains",
    }


def _answer(request: BarsRequest, page: Page) -> Answer:
    if page.outcome is not Outcome.OK:
        return failed(request, page)
    chart: Chart = page.data
    if chart.bars.is_empty():
        reason = f"expected bars from {request.first} to {request.last}, got a chart of {request.symbol} without any"
        return Answer(
            request, Outcome.EMPTY, page.fetched_at, page.url, reason, listing=chart.listing, extra=chart.extra
        )
    return Answer(
        request,
        Outcome.OK,
        page.fetched_at,
        page.url,
        bars=chart.bars,
        actions=chart.actions,
        listing=chart.listing,
        extra=chart.extra,
    )

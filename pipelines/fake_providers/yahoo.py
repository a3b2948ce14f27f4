"""A local Yahoo Finance: chart, cookie, crumb and consent, over the invented market.

As Yahoo does it, every price is divided by all splits that followed, those of later years too, so that a split between
two polls rewrites the whole history; `adjclose` is reduced by dividends besides. Prices have the precision of 32 bits.
A client keeps the names of Yahoo's hosts in the header Host. Faults come from
`pipelines.fake_providers.faults` and, for charts alone, from `pipelines.fake_providers.yahoo_faults`::

    with FakeYahoo(market) as yahoo:
        yahoo.arm(null_bars(2), "NVDA")    # two bars of nulls in the middle
        yahoo.arm(throttled("3"), CRUMB)
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from typing import Any, Final
from urllib.parse import parse_qs, urlencode
from zoneinfo import ZoneInfo

import numpy as np

from pipelines.fake_providers.market import Bar, Market, Security
from pipelines.fake_providers.server import FakeServer, Reply, Request

CHART: Final = "/v8/finance/chart/"
CRUMB: Final = "/v1/test/getcrumb"
_KINDS = {"stock": "EQUITY", "etf": "ETF", "crypto": "CRYPTOCURRENCY", "series": "INDEX"}
_OPEN, _MIDNIGHT = time(9, 30), time()
_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOURS_A_DAY = 7  # bars of one hour, the last of them half an hour
_HOURS_OF_HALF_A_DAY = 4
_HOURLY_DAYS = 730
_RANGES = {"1d": 1, "5d": 5, "1mo": 30, "3mo": 90, "6mo": 182, "1y": 365, "2y": 730, "5y": 1826, "10y": 3652}
_REGULAR_SECONDS = 23_400
_LIVE_AFTER = timedelta(hours=2, minutes=15, seconds=7)
_CONSENT_PAGE = (
    '<html><form method="post" action="/v2/collectConsent?sessionId={session}"><input type="hidden" name="csrfToken" '
    'value="token"><input type="hidden" name="sessionId" value="{session}"></form></html>'
)


class FakeYahoo(FakeServer):
    """Yahoo on a free port of the loopback device.

    Attributes
    ----------
    market : Market
        What it tells of; set its `today` between two polls.
    crumb : str
        Valid one; a client that still has another gets 401.
    needs_crumb, needs_consent : bool
        Ask for cookie and crumb at the chart too; send clients that have not agreed to consent.yahoo.com.
    capital_gains : dict
        Amount per symbol and day.
    """

    def __init__(self, market: Market) -> None:
        self.market = market
        self.crumb = "Zb.1/crumb"
        self.needs_crumb = False
        self.needs_consent = False
        self.capital_gains: dict[tuple[str, date], float] = {}
        self._wanted: dict[str, str] = {}
        super().__init__(self._route)
        # A client that hangs up between two requests is no news for the terminal.
        self._server.handle_error = lambda request, client_address: None  # type: ignore[method-assign]

    def _route(self, request: Request) -> Reply:
        host = request.headers.get("host", "")
        cookies = request.headers.get("cookie", "")
        if host == "fc.yahoo.com":
            cookie = "A3=d=fake; Domain=.yahoo.com; Path=/; Max-Age=31536000"
            return _html("<html>not found</html>", 404, {"Set-Cookie": cookie})
        if host in ("guce.yahoo.com", "consent.yahoo.com"):
            return self._consent(request)
        if request.path == CRUMB:
            return Reply(self.crumb.encode() if "A3=" in cookies else b"", content_type="text/plain")
        if request.path.startswith(CHART):
            return self._barred(request, host, cookies) or self._chart(request.path.removeprefix(CHART), request.query)
        return error(404, "Not Found", f"the fake knows no {request.path}")

    def _barred(self, request: Request, host: str, cookies: str) -> Reply | None:
        """Return what somebody gets who is not let in."""
        if self.needs_consent and "EuConsent=" not in cookies:
            session = f"s{len(self._wanted)}"
            self._wanted[session] = f"https://{host}{request.path}?{urlencode(request.query)}"
            return _html("", 302, {"Location": f"https://consent.yahoo.com/v2/collectConsent?sessionId={session}"})
        crumb = request.query.get("crumb")
        if (crumb or self.needs_crumb) and (crumb != self.crumb or "A3=" not in cookies):
            return error(401, "Unauthorized", "Invalid Crumb")
        return None

    def _consent(self, request: Request) -> Reply:
        """Ask for consent, or take it and lead back to the chart that was asked for."""
        if request.method == "GET":
            return _html(_CONSENT_PAGE.format(session=request.query.get("sessionId", "none")))
        wanted = self._wanted.get(parse_qs(request.body.decode()).get("sessionId", [""])[0])
        agreed = {"Set-Cookie": "EuConsent=yes; Domain=.yahoo.com; Path=/; Max-Age=31536000"}
        return _html("", 302, {**agreed, "Location": wanted}) if wanted else _html("<html>thanks</html>", 200, agreed)

    def _chart(self, symbol: str, query: Mapping[str, str]) -> Reply:
        security = self.market.security(symbol)
        if security is None or (security.delisted and security.delisted < self.market.today):
            return error(404, "Not Found", "No data found, symbol may be delisted")
        interval = query.get("interval", "1d")
        begin, end = self._window(query)
        if interval not in ("1d", "1h"):
            return error(422, "Unprocessable Entity", f"Invalid input - interval={interval} is not supported")
        if interval == "1h" and begin.date() < self.market.today - timedelta(days=_HOURLY_DAYS):
            limit = "1h data not available. The requested range must be within the last 730 days."
            return error(422, "Unprocessable Entity", limit)
        if end.date() < security.listed:
            window = f"startDate = {begin.timestamp():.0f}, endDate = {end.timestamp():.0f}"
            return error(400, "Bad Request", f"Data doesn't exist for {window}")
        return _json({"chart": {"result": [self._result(security, interval, begin, end)], "error": None}})

    def _window(self, query: Mapping[str, str]) -> tuple[datetime, datetime]:
        """Return the first instant and the one after the last."""
        if "period1" in query:
            begin, end = (_EPOCH + timedelta(seconds=int(query[name])) for name in ("period1", "period2"))
            return begin, end
        tomorrow = datetime.combine(self.market.today + timedelta(days=1), _MIDNIGHT, UTC)
        return tomorrow - timedelta(days=_RANGES.get(query.get("range", "1d"), 36_500)), tomorrow

    def _result(self, security: Security, interval: str, begin: datetime, end: datetime) -> dict[str, Any]:
        sessions = self.market.bars(security.symbol, begin.date() - timedelta(days=1), end.date())
        rows = [(self._opened(security, bar.session), bar, self._adjusted(security, bar)) for bar in sessions]
        if interval == "1h":
            rows = [row for bar in sessions for row in self._hourly(security, bar)]
        rows = [row for row in rows if begin <= row[0] < end]
        result: dict[str, Any] = {"meta": self._meta(security, interval)}
        if not rows:
            return {**result, "indicators": {"quote": [{}], "adjclose": [{}]}}
        stamps = [row[0] for row in rows]
        if self.market.is_open and rows[-1][1].session == self.market.today:
            if interval == "1d":
                stamps[-1] = self._live(security)
            elif begin <= self._live(security) < end:
                rows, stamps = [*rows, _ticked(rows[-1])], [*stamps, self._live(security)]
        names = ("open", "high", "low", "close")
        quote: dict[str, list[Any]] = {n: [_single(getattr(row[2], n)) for row in rows] for n in names}
        quote["volume"] = [round(row[2].volume) for row in rows]
        indicators: dict[str, Any] = {"quote": [quote]}
        if interval == "1d":
            adjusted = [_single(row[2].close * self._paid_out(security, row[1].session)) for row in rows]
            indicators["adjclose"] = [{"adjclose": adjusted}]
        events = self._events(security, begin, end)
        result |= {"timestamp": [_seconds(stamp) for stamp in stamps]} | ({"events": events} if events else {})
        return {**result, "indicators": indicators}

    def _meta(self, security: Security, interval: str) -> dict[str, Any]:
        zone = ZoneInfo(security.time_zone)
        now = self._live(security)
        offset = round((now.astimezone(zone).utcoffset() or timedelta()).total_seconds())
        opened = _seconds(self._opened(security, self.market.today))
        hours = {"timezone": now.astimezone(zone).tzname(), "gmtoffset": offset}
        regular = {**hours, "start": opened, "end": opened + _REGULAR_SECONDS}
        return {
            "currency": security.currency,
            "symbol": security.symbol,
            "exchangeName": security.exchange,
            "instrumentType": _KINDS[security.kind],
            "firstTradeDate": _seconds(self._opened(security, security.listed)),
            "regularMarketTime": _seconds(now),
            **hours,
            "exchangeTimezoneName": security.time_zone,
            "priceHint": 2,
            "dataGranularity": interval,
            "range": "",
            "currentTradingPeriod": {"pre": {**regular}, "regular": regular, "post": {**regular}},
            **({"tradingPeriods": [[regular]]} if interval == "1h" else {}),
            "validRanges": ["1d", "5d", "1mo", "3mo", "6mo", "1y", "2y", "5y", "10y", "ytd", "max"],
        }

    def _opened(self, security: Security, session: date) -> datetime:
        at = _MIDNIGHT if security.kind == "crypto" else _OPEN
        return datetime.combine(session, at, ZoneInfo(security.time_zone)).astimezone(UTC)

    def _live(self, security: Security) -> datetime:
        return self._opened(security, self.market.today) + _LIVE_AFTER

    def _adjusted(self, security: Security, bar: Bar) -> Bar:
        ratio = self._ratio_after(security.symbol, bar.session)
        prices = {name: getattr(bar, name) / ratio for name in ("open", "high", "low", "close")}
        return bar._replace(**prices, volume=bar.volume * ratio)

    def _hourly(self, security: Security, session: Bar) -> list[tuple[datetime, Bar, Bar]]:
        hours = self.market.hours(security.symbol, session.session, session.session)
        if security.kind != "crypto":
            count = _HOURS_OF_HALF_A_DAY if session.session in self.market.half_days else _HOURS_A_DAY
            parts = [part for part in np.array_split(np.arange(24), count) if part[0] < len(hours)]
            hours = [_joined([hours[n] for n in part if n < len(hours)], n) for n, part in enumerate(parts)]
        opened = self._opened(security, session.session)
        return [(opened + timedelta(hours=bar.hour), bar, self._adjusted(security, bar)) for bar in hours]

    def _ratio_after(self, symbol: str, day: date) -> float:
        return float(np.prod([split.ratio for split in self.market.splits(symbol) if split.day > day]))

    def _paid_out(self, security: Security, day: date) -> float:
        """Return the product of 1 - dividend / close before it, over all dividends after a day."""
        factor = 1.0
        for dividend in self.market.dividends(security.symbol):
            if dividend.day > day:
                before = self.market.bars(security.symbol, dividend.day - timedelta(days=30), dividend.day - _DAY)[-1]
                held = self._ratio_after(security.symbol, before.session)
                amount = dividend.amount / self._ratio_after(security.symbol, dividend.day)
                factor *= 1 - amount / (before.close / held)
        return factor

    def _events(self, security: Security, begin: datetime, end: datetime) -> dict[str, Any]:
        """Return what happened in a window; amounts are per share of today."""
        symbol = security.symbol
        found: dict[str, dict[str, Any]] = {"dividends": {}, "splits": {}, "capitalGains": {}}
        for day, paid in self.market.dividends(symbol):
            amount = paid / self._ratio_after(symbol, day)
            self._note(found["dividends"], security, day, {"amount": amount})
        for day, ratio in self.market.splits(symbol):
            new, old = Fraction(ratio).limit_denominator(1000).as_integer_ratio()
            split = {"numerator": float(new), "denominator": float(old), "splitRatio": f"{new}:{old}"}
            self._note(found["splits"], security, day, split)
        for (owner, day), amount in self.capital_gains.items():
            if owner == symbol and day <= self.market.today:
                self._note(found["capitalGains"], security, day, {"amount": amount})
        within = range(_seconds(begin), _seconds(end))
        kept = {kind: {k: v for k, v in each.items() if v["date"] in within} for kind, each in found.items()}
        return {kind: each for kind, each in kept.items() if each}

    def _note(self, events: dict[str, Any], security: Security, day: date, facts: dict[str, Any]) -> None:
        stamp = _seconds(self._opened(security, day))
        events[str(stamp)] = {**facts, "date": stamp}


def _joined(hours: list[Bar], number: int) -> Bar:
    high, low = max(hour.high for hour in hours), min(hour.low for hour in hours)
    volume = sum(hour.volume for hour in hours)
    return hours[0]._replace(high=high, low=low, close=hours[-1].close, volume=volume, hour=number)


def _ticked(row: tuple[datetime, Bar, Bar]) -> tuple[datetime, Bar, Bar]:
    """Return the live row after a bar of an hour: the last trade alone, without a volume."""
    last = row[2].close
    return row[0], row[1], row[2]._replace(open=last, high=last, low=last, volume=0.0)


def _seconds(instant: datetime) -> int:
    return round(instant.timestamp())


def _single(price: float) -> float:
    return float(np.float32(price))


def _json(data: Any, status: int = 200) -> Reply:
    return Reply(json.dumps(data).encode(), status)


def _html(text: str, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    return Reply(text.encode(), status, "text/html; charset=utf-8", headers or {})


def error(status: int, code: str, description: str) -> Reply:
    """Return an error as the chart words it."""
    return _json({"chart": {"result": None, "error": {"code": code, "description": description}}}, status)

"""The session under yfinance's client: it waits its turn, listens to every answer, and knows when to stop.

It sends one request at a time when the host's limiter says so, with what is left of the deadline, up to a size; follows
redirects itself, within yahoo.com alone; judges each answer that was asked for (a chart, news, a calendar) as it
arrives, and ends the attempt there unless it is a 401, for which yfinance gets a new crumb.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, Final, NoReturn
from urllib.parse import urlencode, urljoin, urlsplit, urlunsplit

from curl_cffi.requests import Response, Session
from curl_cffi.requests.exceptions import RequestException, Timeout
from curl_cffi.requests.session import HttpMethod
from yfinance.exceptions import YFRateLimitError  # type: ignore[import-untyped]

from pipelines.sources.live import Outcome
from pipelines.sources.web.body import BodyTooLargeError
from pipelines.sources.web.hosts import Host, Hosts
from pipelines.sources.web.judge import Verdict
from pipelines.sources.web.manners import Manners

Judge = Callable[[int, Mapping[str, str], bytes], Verdict]
"""Takes status, headers (names in lower case) and body of what was asked for."""

CHART_HOST: Final = "query2.finance.yahoo.com"
CHART: Final = "/v8/finance/chart/"
NEWS_HOST: Final = "finance.yahoo.com"
NEWS: Final = "/xhr/ncp"
CALENDAR_HOST: Final = "query1.finance.yahoo.com"
CALENDAR: Final = "/v1/finance/visualization"
_WANTED: Final = (CHART, NEWS, CALENDAR)
_CONSENT_HOST: Final = "consent.yahoo.com"
_CRUMB: Final = "/v1/test/getcrumb"
_HELPER_SECONDS: Final = 5.0  # cookie and crumb: one can do without
_HELPER_PAUSE: Final = 300.0
_LONGEST_CRUMB: Final = 64
_MOST_REDIRECTS: Final = 5
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_KEEP_METHOD: Final = frozenset({307, 308})


class ConcludedError(Exception):
    """The answer to an attempt is known: yfinance has nothing to add."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came back for what was asked for; status 0 if nothing did."""

    verdict: Verdict
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class _Sent:
    """What yfinance wants to be sent, by Yahoo's own address."""

    method: HttpMethod
    url: str
    body: Any
    headers: Mapping[str, str]

    def redirected(self, url: str, *, keep: bool) -> _Sent:
        return replace(self, url=url) if keep else replace(self, url=url, method="GET", body=None)


@dataclass(slots=True)
class Call:
    """One attempt under way in one thread, to get `what`."""

    judge: Judge
    deadline: float
    what: str = "a chart"
    last: Attempt | None = None


class YahooSession(Session[Response]):
    """A session of curl_cffi that yfinance takes.

    Parameters
    ----------
    base_url : str or None
        Where to go in place of Yahoo's hosts, whose names stay in the header Host; None goes to Yahoo.
    """

    def __init__(self, base_url: str | None, manners: Manners, hosts: Hosts) -> None:
        super().__init__(impersonate="chrome", trust_env=base_url is None)
        self._yahoo_base = base_url.rstrip("/") if base_url else None
        self._manners = manners
        self._hosts = hosts
        self._calls = threading.local()
        self._paused_until = -1.0

    def host(self, name: str) -> Host:
        """Return limiter and breaker of one of Yahoo's hosts."""
        key = f"{urlsplit(self._yahoo_base).netloc}/{name}" if self._yahoo_base else name
        return self._hosts.of(key, self._manners.rate, self._manners.patience)

    def during(self, call: Call | None) -> None:
        """Let requests of this thread belong to an attempt; None for none."""
        self._calls.call = call

    def request(  # type: ignore[override]
        self, method: HttpMethod, url: str, params: Mapping[str, Any] | None = None, **options: Any
    ) -> Response:
        """Send a request as yfinance wants it, but for redirects, times and sizes."""
        call = getattr(self._calls, "call", None)
        is_helper = not _is_wanted(url) and _CONSENT_HOST not in url
        if is_helper and self._is_paused(call):
            raise YFRateLimitError  # after which yfinance asks without a crumb
        full = f"{url}?{urlencode(params)}" if params else url
        sent = _Sent(method, full, options.get("data"), options.get("headers") or {})
        try:
            response = self._follow(sent, call)
        except (RequestException, BodyTooLargeError) as error:
            if is_helper:
                self._pause()
                raise YFRateLimitError from error
            raise RequestException(str(error)) from error
        if _CRUMB in url:
            self._check_crumb(response, url)
        if call and _is_wanted(response.url) and response.status_code != HTTPStatus.UNAUTHORIZED:
            raise ConcludedError
        if call and _is_wanted(url) and not _is_wanted(response.url):
            where = urlsplit(response.url).hostname
            verdict = broken(f"expected {call.what}, got a page of {where} that asks for consent")
            call.last = Attempt(verdict, response.status_code, body=response.content)
        return response

    def _is_paused(self, call: Call | None) -> bool:
        """Return whether cookie and crumb are done without for a while, as Yahoo lets one do but after a 401."""
        is_needed = call is not None and call.last is not None and call.last.status == HTTPStatus.UNAUTHORIZED
        return not is_needed and self._hosts.clock.monotonic() < self._paused_until

    def _pause(self) -> None:
        self._paused_until = self._hosts.clock.monotonic() + _HELPER_PAUSE

    def _follow(self, sent: _Sent, call: Call | None) -> Response:
        concluded = call if _is_wanted(sent.url) else None  # a cookie that cannot be had concludes nothing
        what = call.what if call else "an answer"
        for _ in range(_MOST_REDIRECTS + 1):
            response = self._send(sent, call)
            location = response.headers.get("location")
            if response.status_code not in _REDIRECTS or not location:
                return response
            sent = sent.redirected(urljoin(sent.url, location), keep=response.status_code in _KEEP_METHOD)
            if not _is_yahoo(sent.url):
                where = sent.url.partition("?")[0][:80]
                self._conclude(concluded, broken(f"expected {what}, got a redirect to {where}, which is not followed"))
        return self._conclude(concluded, broken(f"expected {what}, got {_MOST_REDIRECTS} redirects and another"))

    def _send(self, sent: _Sent, call: Call | None) -> Response:
        """Send one request and, if it is for what was asked for, judge what comes."""
        is_wanted = _is_wanted(sent.url)
        read = self._manners.limits.read
        seconds = self._wait_for_turn(sent.url, call, read if is_wanted else min(read, _HELPER_SECONDS))
        content = bytearray()
        try:
            response = self._exchange(sent, content, seconds)
        except (RequestException, BodyTooLargeError) as error:
            if is_wanted:
                self._conclude(call, failure(error), error, content)
            raise
        if is_wanted and call and response.status_code not in _REDIRECTS:
            headers = {name.lower(): value or "" for name, value in response.headers.items()}
            verdict = call.judge(response.status_code, headers, response.content)
            call.last = Attempt(verdict, response.status_code, headers, response.content)
        return response

    def _exchange(self, sent: _Sent, content: bytearray, seconds: float) -> Response:
        """Send to where Yahoo is to be found; the response names Yahoo's own address."""
        limit = self._manners.limits.max_bytes

        def keep(piece: bytes) -> int:
            content.extend(piece)
            if len(content) > limit:
                raise BodyTooLargeError(f"expected at most {limit} bytes, got more")
            return len(piece)

        target, headers = sent.url, dict(sent.headers)
        if self._yahoo_base:
            parts = urlsplit(sent.url)
            target = self._yahoo_base + urlunsplit(("", "", parts.path or "/", parts.query, ""))
            headers["Host"] = parts.netloc
        connect = min(self._manners.limits.connect, seconds / 2)
        response = super().request(
            sent.method,
            target,
            data=sent.body,
            headers=headers,
            timeout=(connect, seconds - connect),
            allow_redirects=False,
            content_callback=keep,
        )
        response.content = bytes(content)
        response.url = sent.url
        return response

    def _wait_for_turn(self, url: str, call: Call | None, seconds: float) -> float:
        """Wait until the host may be asked, and return how long its answer may take."""
        clock = self._hosts.clock
        deadline = call.deadline if call else clock.monotonic() + self._manners.limits.total
        name = urlsplit(url).hostname or ""
        if not self.host(name).limiter.acquire(deadline):
            total = self._manners.limits.total
            reason = f"the turn to ask {name} comes after the deadline of {total:.0f} s"
            self._conclude(call, Verdict(Outcome.THROTTLED, reason))
        left = min(seconds, deadline - clock.monotonic())
        if left <= 0:
            self._conclude(call, broken("no time was left to ask", may_retry=False))
        return max(left, 0.01)  # curl takes 0 ms for endless

    def _check_crumb(self, response: Response, url: str) -> None:
        """Refuse a page or an excuse as a crumb, which yfinance would keep and send with every request."""
        crumb = response.text
        is_throttled = response.status_code == HTTPStatus.TOO_MANY_REQUESTS or "Too Many Requests" in crumb
        is_page = "<" in crumb or len(crumb) > _LONGEST_CRUMB or response.status_code != HTTPStatus.OK
        if is_throttled or (is_page and CHART_HOST in url):  # there yfinance asks last
            self._pause()
            raise YFRateLimitError

    def _conclude(
        self, call: Call | None, verdict: Verdict, error: Exception | None = None, body: bytes | bytearray = b""
    ) -> NoReturn:
        if call is None:
            raise RequestException(verdict.reason) from error
        call.last = Attempt(verdict, body=bytes(body))
        raise ConcludedError from error


def _is_wanted(url: str) -> bool:
    """Return whether an address is of something that is asked for, and none of a cookie, a crumb or consent."""
    path = urlsplit(url).path
    return any(path.startswith(wanted) for wanted in _WANTED)


def _is_yahoo(url: str) -> bool:
    parts = urlsplit(url)
    name = parts.hostname or ""
    return parts.scheme == "https" and (name == "yahoo.com" or name.endswith(".yahoo.com"))


def failure(error: Exception) -> Verdict:
    """Return what a request is worth that ended in an error."""
    if isinstance(error, BodyTooLargeError):
        return broken(str(error), may_retry=False)
    if isinstance(error, Timeout):
        return broken(f"expected an answer, got none in time: {_short(error)}")
    return broken(f"expected an answer, got {type(error).__name__}: {_short(error)}")


def _short(error: Exception) -> str:
    return str(error).partition(" See https://curl.se")[0][:200]


def broken(reason: str, *, may_retry: bool = True) -> Verdict:
    """Return the verdict on something that is not what was asked for."""
    return Verdict(Outcome.BROKEN, reason, may_retry=may_retry)

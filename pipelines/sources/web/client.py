"""Ask one provider, politely, and say how it ended.

A request has a deadline that holds whatever the provider does: for waiting its turn, for every repetition, for a body
that drips, and for headers that drip.
"""

from __future__ import annotations

import random
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib.metadata import version
from typing import Any, Final

import httpx

from pipelines.sources.live import Outcome
from pipelines.sources.web.body import Body, BodyError, BodyTooLargeError
from pipelines.sources.web.hosts import HOSTS, Hosts
from pipelines.sources.web.judge import Expected, Verdict, judge
from pipelines.sources.web.manners import Manners
from pipelines.sources.web.retry import retry_after, server_time

USER_AGENT: Final = f"market-reaction/{version('market-reaction')}"


@dataclass(frozen=True, slots=True)
class Page:
    """What came back.

    Attributes
    ----------
    outcome, reason : Outcome, str
        How the request ended; the reason is empty for OK.
    status : int
        0 if there was no answer.
    headers : mapping
        Names in lower case.
    body : bytes
        Unpacked; what had arrived, if it is not whole.
    data : object
        What `Expected.read` made of it, for OK alone.
    fetched_at : datetime
        End of the last attempt, in UTC.
    attempts : int
        Requests that were sent.
    """

    outcome: Outcome
    reason: str
    url: str
    fetched_at: datetime
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    data: Any = None
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One request and what came back for it."""

    verdict: Verdict
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class WebClient:
    """A client of one provider, safe to share between threads, with one connection that takes one request at a time.

    Parameters
    ----------
    base_url : str
        Scheme, host and port, and the beginning of all paths if they have one.
    manners : Manners
        How the provider wants to be asked.
    hosts : Hosts
        Limiters and breakers, and the clock.
    counted_as : str
        Name under which several hosts of one provider share a limiter and a breaker; the host's own if empty.
    rng : Random
        Draws the waits before repetitions.
    transport : httpx.BaseTransport or None
        In place of the network.
    """

    def __init__(
        self,
        base_url: str,
        manners: Manners,
        *,
        hosts: Hosts = HOSTS,
        counted_as: str = "",
        rng: random.Random | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.clock = hosts.clock
        self._manners = manners
        self._rng = rng or random.SystemRandom()
        name = counted_as or httpx.URL(base_url).netloc.decode()
        self._host = hosts.of(name, manners.rate, manners.patience)
        self._turn = threading.Lock()
        self._socket: socket.socket | None = None
        self._http = httpx.Client(
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip", **manners.headers},
            follow_redirects=False,
            http2=False,
            verify=_trusted(),
            limits=httpx.Limits(max_connections=1),
            transport=transport,
        )

    def get(
        self, path: str, params: Mapping[str, str] | None, expected: Expected, headers: Mapping[str, str] | None = None
    ) -> Page:
        """Ask, repeating what may end better, until the answer is good or the time is up.

        Parameters
        ----------
        path : str
            Percent-encoded, with a slash at its beginning.
        params : mapping or None
            The query; None if the path has one already.
        headers : mapping, optional
            For this request alone, such as If-None-Match; `unchanged` of the judge reads the 304 that may follow.
        """
        url = httpx.URL(self.base_url + path)
        if params is not None:
            url = url.copy_with(params=dict(params))
        deadline = self.clock.monotonic() + self._manners.limits.total
        last: _Attempt | None = None
        made = 0
        while made < self._manners.retries.attempts:
            refusal = self._wait_for_turn(deadline)
            if refusal:
                return self._page(url, made, last, refusal)
            made += 1
            last = self._try(url, expected, deadline, headers or {})
            if not last.verdict.may_retry or made == self._manners.retries.attempts:
                break
            refusal = self._wait_to_retry(last, made, deadline)
            if refusal:
                return self._page(url, made, last, refusal)
        return self._page(url, made, last)

    def close(self) -> None:
        """Give the connection back."""
        self._http.close()

    def _wait_for_turn(self, deadline: float) -> str:
        """Wait until the host may be asked; else return why it may not."""
        name = httpx.URL(self.base_url).host
        left = self._host.breaker.refuses_for()
        if left:
            return f"{name} has failed too often in a row and is left alone for another {left:.0f} s"
        if not self._host.limiter.acquire(deadline):
            self._host.breaker.abandoned()
            return f"the turn to ask {name} comes after the deadline of {self._manners.limits.total:.0f} s"
        return ""

    def _wait_to_retry(self, last: _Attempt, made: int, deadline: float) -> str:
        """Wait before a repetition; else return why there is no time for it."""
        wait = max(self._told_to_wait(last) or 0.0, self._manners.retries.wait(made, self._rng))
        if self.clock.monotonic() + wait >= deadline:
            return f"no time is left for a wait of {wait:.0f} s within {self._manners.limits.total:.0f} s"
        self.clock.sleep(wait)
        return ""

    def _told_to_wait(self, attempt: _Attempt) -> float | None:
        now = server_time(attempt.headers.get("date"), self.clock.now())
        return retry_after(attempt.headers.get("retry-after"), now)

    def _try(self, url: httpx.URL, expected: Expected, deadline: float, headers: Mapping[str, str]) -> _Attempt:
        """Ask once, and let the host's limiter and breaker know how it went."""
        attempt = None
        try:
            attempt = self._ask(url, expected, deadline, headers)
        finally:
            if attempt is None:
                self._host.breaker.abandoned()
        outcome = attempt.verdict.outcome
        if outcome is Outcome.THROTTLED or "retry-after" in attempt.headers:
            self._host.limiter.lower(max(self._told_to_wait(attempt) or 0.0, attempt.verdict.pause))
        if outcome in (Outcome.THROTTLED, Outcome.BROKEN):
            self._host.breaker.failed()
        else:
            self._host.breaker.succeeded()
            self._host.limiter.ease()
        return attempt

    def _ask(self, url: httpx.URL, expected: Expected, deadline: float, headers: Mapping[str, str]) -> _Attempt:
        """Send one request and read its answer up to the deadline."""
        left = deadline - self.clock.monotonic()
        if left <= 0 or not self._turn.acquire(timeout=left):
            return _Attempt(_broken("no time was left to ask", may_retry=False))
        left = max(deadline - self.clock.monotonic(), 0.001)
        guard = threading.Timer(left, self._hang_up)
        guard.daemon = True
        guard.start()
        try:
            return self._exchange(url, expected, deadline, left, headers)
        except httpx.TimeoutException as error:
            return _Attempt(_broken(f"expected an answer, got none in time ({type(error).__name__})"))
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, OSError, ValueError) as error:
            return _Attempt(_broken(f"expected an answer, got {type(error).__name__}: {str(error)[:200]}"))
        finally:
            guard.cancel()
            self._turn.release()

    def _exchange(
        self, url: httpx.URL, expected: Expected, deadline: float, left: float, headers: Mapping[str, str]
    ) -> _Attempt:
        limits = self._manners.limits
        timeout = httpx.Timeout(min(limits.read, left), connect=min(limits.connect, left))
        trace = {"trace": self._note_socket}
        with self._http.stream("GET", url, headers=dict(headers), timeout=timeout, extensions=trace) as response:
            status = response.status_code
            got = {name.lower(): value for name, value in response.headers.items()}
            content, fault = self._receive(response, got, deadline, expected.first_bytes)
            # A status that is no 200 says more than a body that cannot be read.
            verdict = fault if fault and status == httpx.codes.OK else judge(status, got, content, expected)
            return _Attempt(verdict, status, got, content)

    def _receive(
        self, response: httpx.Response, headers: Mapping[str, str], deadline: float, enough: int | None
    ) -> tuple[bytes, Verdict | None]:
        """Return what arrived, and what is wrong with it unless it is whole."""
        limits = self._manners.limits
        body = None
        try:
            body = Body(headers.get("content-encoding", ""), limits.max_bytes)
            for piece in response.iter_raw():
                body.feed(piece)
                if enough is not None and len(body.content) >= enough:
                    return bytes(body.content[:enough]), None
                if self.clock.monotonic() > deadline:
                    reason = f"expected the body within {limits.total:.0f} s, got {len(body.content)} bytes of it"
                    return bytes(body.content), _broken(reason, may_retry=False)
            return body.finish(), None
        except BodyError as error:
            fault = _broken(str(error), may_retry=not isinstance(error, BodyTooLargeError))
        except httpx.TransportError as error:
            got = len(body.content) if body else 0
            fault = _broken(f"expected the whole body, got {got} bytes, then {type(error).__name__}")
        return bytes(body.content) if body else b"", fault

    def _note_socket(self, event: str, info: Mapping[str, Any]) -> None:
        """Keep hold of the connection, which httpcore tells of when it makes one."""
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self._socket = info["return_value"].get_extra_info("socket")

    def _hang_up(self) -> None:
        """End a request whose time is up: while headers drip there is no other place to look at the clock."""
        connection = self._socket
        if connection is not None:
            with suppress(OSError):
                # Of the plain socket: TLS would first say goodbye, and take the reader by surprise.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)

    def _page(self, url: httpx.URL, made: int, last: _Attempt | None, refusal: str = "") -> Page:
        """Return the last attempt, or why there was none, or none more."""
        if last is None:
            return Page(Outcome.THROTTLED, refusal, str(url), self.clock.now())
        verdict = last.verdict
        reason = verdict.reason
        if verdict.outcome is not Outcome.OK:
            reason += f" (attempt {made}" + (f"; {refusal})" if refusal else ")")
        fetched_at = self.clock.now()
        return Page(
            verdict.outcome, reason, str(url), fetched_at, last.status, last.headers, last.body, verdict.data, made
        )


@cache
def _trusted() -> ssl.SSLContext:
    """Return the certificates that are trusted: read once, since that takes a tenth of a second."""
    return httpx.create_ssl_context()


def _broken(reason: str, *, may_retry: bool = True) -> Verdict:
    return Verdict(Outcome.BROKEN, reason, may_retry=may_retry)

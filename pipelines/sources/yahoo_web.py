"""The way to Yahoo: yfinance's client, asked with manners.

yfinance knows how to be let in (an impersonated browser, cookie, crumb, consent). It does not know manners: it repeats
a request at once after a 429, has no deadline and no back-off, and takes the text of a 429 for a crumb. So each attempt
goes through its `YfData.get`, on a session that stops it (`pipelines.sources.yahoo_session`), and what is repeated, and
when, is decided here. Cookies stay in memory: yfinance's files in the home folder are neither read nor written.
"""

from __future__ import annotations

import json
import logging
import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode

from yfinance.data import YfData  # type: ignore[import-untyped]

from pipelines.sources.live import Outcome
from pipelines.sources.web.client import Page
from pipelines.sources.web.hosts import HOSTS, Host, Hosts
from pipelines.sources.web.manners import Manners
from pipelines.sources.web.retry import retry_after, server_time
from pipelines.sources.yahoo_session import (
    CHART,
    CHART_HOST,
    Attempt,
    Call,
    ConcludedError,
    Judge,
    YahooSession,
    broken,
    failure,
)


class _Quiet(logging.Filter):
    """Drops what yfinance says while this project asks: the answer's reason says it."""

    def __init__(self) -> None:
        super().__init__()
        self.thread = threading.local()

    def filter(self, record: logging.LogRecord) -> bool:
        del record
        return not getattr(self.thread, "is_asking", False)


_QUIET: Final = _Quiet()


class _Client(YfData):  # type: ignore[misc]
    """yfinance's client, with the session's own cookies in place of its files."""

    def _load_cookie_curlCffi(self) -> bool:  # noqa: N802
        jar = self._session.cookies.jar
        return self._cookie_strategy == "basic" and any(cookie.name == "A3" for cookie in jar)

    def _save_cookie_curlCffi(self) -> bool:  # noqa: N802
        return True


class YahooWeb:
    """Asks for charts and what else Yahoo has, repeating what may end better; safe to share between threads.

    Parameters
    ----------
    base_url : str or None
        Where to go in place of Yahoo.
    hosts : Hosts
        Limiters, breakers and the clock of this process.
    """

    def __init__(
        self, base_url: str | None, manners: Manners, hosts: Hosts = HOSTS, rng: random.Random | None = None
    ) -> None:
        logging.getLogger("yfinance").addFilter(_QUIET)
        self.session = YahooSession(base_url, manners, hosts)
        # YfData makes one object per process and swaps its session: this one stays apart from a user's own.
        self._client = type.__call__(_Client, session=self.session)
        self._root = (base_url or "").rstrip("/")
        self._manners = manners
        self._clock = hosts.clock
        self._rng = rng or random.SystemRandom()

    def chart(self, path: str, params: Mapping[str, str], judge: Judge) -> Page:
        """Ask until the answer is good or the time is up.

        Parameters
        ----------
        path : str
            Percent-encoded symbol.
        judge : callable
            Says what an answer is worth.
        """
        address = f"https://{CHART_HOST}{CHART}{path}"
        page = self._ask_for(CHART_HOST, "a chart", judge, lambda: self._client.get(address, params=dict(params)))
        return replace(page, url=f"{self._root or f'https://{CHART_HOST}'}{CHART}{path}?{urlencode(params)}")

    def post(self, host: str, path: str, params: Mapping[str, str], body: Any, *, judge: Judge, what: str) -> Page:
        """Ask with a body of JSON, until the answer is good or the time is up.

        Parameters
        ----------
        host, path : str
            One of Yahoo's hosts, and a path that `pipelines.sources.yahoo_session` knows.
        what : str
            What is asked for, with its article, as reasons name it.
        """
        address, data = f"https://{host}{path}", json.dumps(body)
        page = self._ask_for(host, what, judge, lambda: self._client.post(address, params=dict(params), data=data))
        return replace(page, url=f"{self._root or f'https://{host}'}{path}?{urlencode(params)}")

    def _ask_for(self, name: str, what: str, judge: Judge, send: Callable[[], object]) -> Page:
        deadline = self._clock.monotonic() + self._manners.limits.total
        host = self.session.host(name)
        made, last, note = 0, None, ""
        while made < self._manners.retries.attempts:
            left = host.breaker.refuses_for()
            if left:
                note = f"Yahoo has failed too often in a row and is left alone for another {left:.0f} s"
                break
            made += 1
            last = self._try(host, send, Call(judge, deadline, what))
            if not last.verdict.may_retry or made == self._manners.retries.attempts:
                break
            note = self._wait(last, made, deadline)
            if note:
                break
        return self._page(made, last, note)

    def close(self) -> None:
        """Give connections back."""
        self.session.close()

    def _try(self, host: Host, send: Callable[[], object], call: Call) -> Attempt:
        """Make one attempt, and let the host's limiter and breaker know how it went."""
        last = None
        try:
            last = self._ask(send, call)
        finally:
            if last is None:
                host.breaker.abandoned()
        outcome = last.verdict.outcome
        if not last.verdict.may_retry and not last.status and outcome is Outcome.THROTTLED:
            host.breaker.abandoned()  # its turn did not come
            return last
        if outcome is Outcome.THROTTLED or "retry-after" in last.headers:
            host.limiter.lower(self._told_to_wait(last) or 0.0)
        if outcome in (Outcome.THROTTLED, Outcome.BROKEN):
            host.breaker.failed()
        else:
            host.breaker.succeeded()
            host.limiter.ease()
        return last

    def _ask(self, send: Callable[[], object], call: Call) -> Attempt:
        self.session.during(call)
        _QUIET.thread.is_asking = True
        try:
            send()
        except ConcludedError:
            pass
        except Exception as error:
            if call.last is None:  # else yfinance stumbled over an answer that has been judged
                call.last = Attempt(failure(error))
        finally:
            _QUIET.thread.is_asking = False
            self.session.during(None)
        return call.last or Attempt(broken(f"expected {call.what}, got a redirect that leads to none"))

    def _wait(self, last: Attempt, made: int, deadline: float) -> str:
        """Wait before a repetition; else return why there is no time for it."""
        wait = max(self._told_to_wait(last) or 0.0, self._manners.retries.wait(made, self._rng))
        if self._clock.monotonic() + wait >= deadline:
            return f"no time is left for a wait of {wait:.0f} s within {self._manners.limits.total:.0f} s"
        self._clock.sleep(wait)
        return ""

    def _told_to_wait(self, attempt: Attempt) -> float | None:
        now = server_time(attempt.headers.get("date"), self._clock.now())
        return retry_after(attempt.headers.get("retry-after"), now)

    def _page(self, made: int, last: Attempt | None, note: str) -> Page:
        now = self._clock.now()
        if last is None:
            return Page(Outcome.THROTTLED, note, "", now)
        verdict = last.verdict
        reason = verdict.reason
        if verdict.outcome is not Outcome.OK:
            reason += f" (attempt {made}" + (f"; {note})" if note else ")")
        return Page(verdict.outcome, reason, "", now, last.status, last.headers, last.body, verdict.data, made)

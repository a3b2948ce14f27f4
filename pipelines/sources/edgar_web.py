"""How EDGAR is asked: two hosts that count requests together, a contact in every request, and what a 403 means.

The SEC asks automated readers to name themselves and an e-mail address, and to make at most 10 requests a second over
all of its hosts. Whoever does not is answered with a page, and asking again prolongs the block; so nothing is sent for
more than the ten minutes that the page speaks of. A 403 or 404 in XML is another thing: there is no such document.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus
from typing import Final, Literal

import polars as pl

from pipelines.errors import ConfigurationError
from pipelines.sources.batch import RawBatch
from pipelines.sources.live import Outcome
from pipelines.sources.web.client import USER_AGENT, Page, WebClient
from pipelines.sources.web.clock import Clock
from pipelines.sources.web.hosts import HOSTS, Hosts
from pipelines.sources.web.items import KEPT
from pipelines.sources.web.judge import Expected, Verdict, unchanged
from pipelines.sources.web.limiter import Rate
from pipelines.sources.web.manners import Limits, Manners

SITE_URL: Final = "https://www.sec.gov"
DATA_URL: Final = "https://data.sec.gov"
MANNERS: Final = Manners(Rate(per_second=6), limits=Limits(max_bytes=64 << 20))
BAN_SECONDS: Final = 660.0
"""How long nothing is asked after a page that says no; the page says ten minutes."""

_COUNTED_AS = "sec.gov"
_BANS = (b"undeclared automated tool", b"request rate threshold", b"limited for 10 minutes")
_CONTACT = re.compile(r"(?=.*\S\s+\S)[ -~]*[^@\s]+@[^@\s.]+\.[^@\s]+[ -~]*")
_PAGE_BYTES = 16_384

Host = Literal["site", "data"]
_URLS: Final[dict[Host, str]] = {"site": SITE_URL, "data": DATA_URL}


def checked_contact(contact: str | None) -> str:
    """Return the contact that requests to the SEC carry.

    Raises
    ------
    ConfigurationError
        If there is none, or none with a name and an address; the message does not repeat it.
    """
    text = " ".join((contact or "").split())
    if _CONTACT.fullmatch(text):
        return text
    got = "something else" if text else "none"
    raise ConfigurationError(
        f"sec_contact: expected a name and an e-mail address such as 'Jane Doe jane@example.com', got {got}. The SEC "
        "answers nobody who does not name them in the User-Agent of each request. Set REACTION_SEC_CONTACT in the "
        "environment; it is sent to the SEC alone and stands in no log"
    )


@dataclass(frozen=True, slots=True)
class EdgarAnswer:
    """A version of facts that EDGAR holds; `batch` for OK alone."""

    object: str
    outcome: Outcome
    fetched_at: datetime
    url: str
    reason: str = ""
    batch: RawBatch | None = None
    body: str = ""

    @classmethod
    def of(cls, name: str, page: Page, source: str, rows: pl.DataFrame | None) -> EdgarAnswer:
        """Return the answer for a page, with the rows that were read of it."""
        frame = None if rows is None else rows.select(pl.int_range(pl.len()).alias("row_number"), pl.all())
        return cls(
            object=name,
            outcome=page.outcome,
            fetched_at=page.fetched_at,
            url=page.url,
            reason=page.reason,
            batch=None if frame is None else RawBatch(source, name, page.url, frame, page.fetched_at),
            body="" if page.outcome is Outcome.OK else page.body[:KEPT].decode("utf-8", "replace"),
        )


class EdgarWeb:
    """A client of EDGAR's hosts, to be closed after use.

    Parameters
    ----------
    contact : str or None
        Name and e-mail address of whoever runs this.
    base_url : str or None
        A server to ask in place of all hosts of EDGAR.
    """

    def __init__(
        self,
        contact: str | None,
        base_url: str | None = None,
        *,
        manners: Manners = MANNERS,
        hosts: Hosts = HOSTS,
        rng: random.Random | None = None,
    ) -> None:
        self._contact = checked_contact(contact)
        polite = replace(manners, headers={**manners.headers, "User-Agent": f"{USER_AGENT} {self._contact}"})
        counted_as = _COUNTED_AS if base_url is None else ""
        self._clients: dict[Host, WebClient] = {
            host: WebClient(base_url or url, polite, hosts=hosts, counted_as=counted_as, rng=rng)
            for host, url in _URLS.items()
        }

    @property
    def clock(self) -> Clock:
        """The clock by which answers are dated."""
        return self._clients["data"].clock

    @property
    def base_url(self) -> str:
        """Where facts of filers are asked for."""
        return self._clients["data"].base_url

    def get(
        self,
        host: Host,
        path: str,
        expected: Expected,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Page:
        """Ask one host; what EDGAR means by its refusals is looked at before the rules of `expected`."""
        own = expected.first

        def first(status: int, got: Mapping[str, str], body: bytes) -> Verdict | None:
            return own(status, got, body) or refusal(status, got, body) or unchanged(status, got, body)

        page = self._clients[host].get(path, params or {}, replace(expected, first=first), headers)
        return self._without_contact(page)

    def close(self) -> None:
        """Give connections back."""
        for client in self._clients.values():
            client.close()

    def _without_contact(self, page: Page) -> Page:
        """Leave the contact out of what is kept: a page may repeat the User-Agent that it refuses."""
        if page.outcome is Outcome.OK:
            return page
        body = page.body.replace(self._contact.encode(), b"(contact)")
        return replace(page, reason=page.reason.replace(self._contact, "(contact)"), body=body)


def refusal(status: int, headers: Mapping[str, str], body: bytes) -> Verdict | None:
    """Return what EDGAR means by a 403, a 404, or a page in place of an answer; None if it is none of these."""
    is_page = "html" in headers.get("content-type", "").lower() or b"<html" in body[:512].lower()
    is_ban = is_page and any(words in body[:_PAGE_BYTES].lower() for words in _BANS)
    if is_ban or (status == HTTPStatus.FORBIDDEN and is_page):
        reason = (
            f"EDGAR refuses automated requests for ten minutes, with a page of status {status}: too many requests, or "
            "a sec_contact that it does not take; nothing is sent to it for eleven minutes"
        )
        return Verdict(Outcome.THROTTLED, reason, pause=BAN_SECONDS)
    if status in (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND) and b"<Error>" in body[:1024]:
        code = re.search(rb"<Code>(\w{1,40})</Code>", body[:1024])
        word = code[1].decode() if code else "no code"
        return Verdict(Outcome.REFUSED, f"EDGAR has no such document: status {status}, {word}")
    return None

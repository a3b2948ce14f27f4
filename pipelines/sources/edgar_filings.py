"""Filings at the SEC: all of one filer's, or the newest of everybody's.

A query is a CIK (``1045810``, with or without zeros), or ``current:8-K`` for the feed of the newest filings of a form
and its amendments. Of a filer's list only the names of filings, their days and forms are taken; when each was accepted
is read from the filing itself, since the list states it in one of two zones without saying which. Where the filing
cannot be read the later reading counts, and ``tz_status`` says "unverified".

Every ``available_at`` is an instant by which the filing was surely public, so the earliest of a filing's versions
counts. Letters between the SEC and filers are dropped, and counted.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final

from pipelines.sources.edgar_acceptance import (
    HEADER_BYTES,
    Acceptance,
    disseminated_at,
    earliest_claim,
    from_claim,
    from_header,
    from_index,
    from_store,
)
from pipelines.sources.edgar_current import Entry, Feed, end_of_feed, merged, read_feed
from pipelines.sources.edgar_forms import LETTERS, MARKET_FORMS, filing_title
from pipelines.sources.edgar_submissions import Filer, Filing, read_filer, read_filings
from pipelines.sources.edgar_web import MANNERS, SITE_URL, EdgarWeb
from pipelines.sources.live import Outcome
from pipelines.sources.news import NewsAnswer, NewsItem, NewsRequest
from pipelines.sources.web.client import Page
from pipelines.sources.web.hosts import HOSTS, Hosts
from pipelines.sources.web.items import answered, failed
from pipelines.sources.web.judge import Expected
from pipelines.sources.web.manners import Manners

SOURCE: Final = "edgar"
PAGE_ENTRIES: Final = 100
"""Entries that a page of the feed has at most."""

LAST_START: Final = 10_000
"""Entry behind which the feed is not followed; it holds about two days."""

CONCERNED: Final = ("Filer", "Subject", "Issuer")
"""Roles of those whom a filing is about; the others are those who file it or report their own dealings."""

_FILER = re.compile(r"(?:CIK)?0*([1-9]\d{0,9})", re.ASCII)
_CURRENT = re.compile(r"current:([A-Z0-9][A-Z0-9 /.-]{0,19})", re.ASCII)
_SLACK = timedelta(days=5)
"""Days by which the day of a filing and the instant of its acceptance lie apart at most, holidays included."""


@dataclass(frozen=True, slots=True)
class _Sifted:
    """The filings that are wanted, and how many are not and why."""

    filings: tuple[Filing, ...]
    counts: Mapping[str, int]


class EdgarFilings:
    """Filings of EDGAR as items of news, to be closed after use.

    Parameters
    ----------
    contact : str or None
        Name and e-mail address, without which the SEC answers nobody.
    base_url : str or None
        A server to ask in place of all hosts of EDGAR.
    symbols : mapping
        Our names of the securities of each CIK; where it has none, a filer's own list of tickers counts.
    forms : collection of str
        Forms that are wanted of a filer.
    accepted : mapping
        ``time_text`` of filings that are stored as verified, by accession number; they are not read again.
    """

    name = SOURCE

    def __init__(
        self,
        contact: str | None,
        base_url: str | None = None,
        *,
        symbols: Mapping[int, Sequence[str]] | None = None,
        forms: Iterable[str] = MARKET_FORMS,
        accepted: Mapping[str, str] | None = None,
        manners: Manners = MANNERS,
        hosts: Hosts = HOSTS,
        rng: random.Random | None = None,
    ) -> None:
        self._web = EdgarWeb(contact, base_url, manners=manners, hosts=hosts, rng=rng)
        self._symbols = symbols or {}
        self._forms = frozenset(forms)
        self._accepted = {name: from_store(text) for name, text in (accepted or {}).items()}
        self._tags: dict[int, tuple[str, datetime | None]] = {}

    def fetch(self, request: NewsRequest) -> NewsAnswer:
        """Ask for a filer's filings or the newest ones; never raises for what EDGAR does."""
        filer, current = _FILER.fullmatch(request.query), _CURRENT.fullmatch(request.query)
        if request.first is not None and request.last is not None and request.first > request.last:
            reason = f"expected a first instant that is not after the last, got {request.first} and {request.last}"
        elif filer is not None:
            return self._of_filer(request, int(filer[1]))
        elif current is not None:
            return self._newest(request, current[1])
        else:
            reason = f"expected a CIK such as 1045810, or current:8-K, got {request.query!r:.60}"
        return NewsAnswer(request, Outcome.REFUSED, self._web.clock.now(), self._web.base_url, reason)

    def close(self) -> None:
        """Give connections back."""
        self._web.close()

    def _of_filer(self, request: NewsRequest, cik: int) -> NewsAnswer:
        expected = Expected("json", read=lambda content: read_filer(content, cik))
        page = self._web.get("data", f"/submissions/CIK{cik:010d}.json", expected, headers=self._tag(cik, request))
        if page.outcome is not Outcome.OK:
            return failed(request, page)
        filer: Filer = page.data
        found = list(filer.filings)
        for older in filer.older:
            if _may_lie_in(request, older.first, older.last):
                more = self._web.get("data", f"/submissions/{older.name}", Expected("json", read=read_filings))
                if more.outcome is not Outcome.OK:
                    return failed(request, more)
                found += more.data
        sifted = self._sift(found, request)
        accepted = self._acceptances(cik, sifted.filings)
        items = [
            self._item(filer, filing, accepted[filing.accession], page.fetched_at)
            for filing in sifted.filings
            if _is_in(request, accepted[filing.accession])
        ]
        n_unverified = sum(one.tz_status == "unverified" for one in accepted.values())
        if not n_unverified:
            self._keep_tag(cik, page, request)
        counts = {**sifted.counts, "n_unverified": n_unverified}
        return answered(request, page, SOURCE, items, {name: str(count) for name, count in counts.items()})

    def _tag(self, cik: int, request: NewsRequest) -> dict[str, str]:
        """Return the condition under which a filer's list has nothing new for this request."""
        tag, first = self._tags.get(cik, ("", None))
        is_covered = request.first == first or (request.first and first and request.first > first)
        return {"If-None-Match": tag} if tag and is_covered else {}

    def _keep_tag(self, cik: int, page: Page, request: NewsRequest) -> None:
        tag = page.headers.get("etag", "")
        if tag and request.last is None:
            self._tags[cik] = (tag, request.first)

    def _sift(self, filings: Iterable[Filing], request: NewsRequest) -> _Sifted:
        """Choose filings by form and by the days in which they may have been accepted, each once."""
        once = {filing.accession: filing for filing in filings}.values()
        letters = [filing for filing in once if filing.form in LETTERS]
        wanted = [filing for filing in once if filing.form in self._forms and filing.form not in LETTERS]
        inside = tuple(filing for filing in wanted if _may_be_in(request, filing))
        counts = {
            "n_letters_dropped": len(letters),
            "n_other_forms": len(once) - len(letters) - len(wanted),
            "n_outside": len(wanted) - len(inside),
        }
        return _Sifted(inside, counts)

    def _acceptances(self, cik: int, filings: Iterable[Filing]) -> dict[str, Acceptance]:
        """Return when each filing was accepted; once EDGAR tells us to slow down no more headers are asked for."""
        found = {}
        may_ask = True
        for filing in filings:
            known = self._accepted.get(filing.accession)
            if known is None and may_ask:
                known, may_ask = self._acceptance(cik, filing.accession)
                if known is not None:
                    self._accepted[filing.accession] = known
            found[filing.accession] = known or from_claim(filing.accepted)
        return found

    def _acceptance(self, cik: int, accession: str) -> tuple[Acceptance | None, bool]:
        """Read a filing's header, else its index page; also return whether more may be asked for."""
        folder = f"/Archives/edgar/data/{cik}/{accession.replace('-', '')}/{accession}"
        header = Expected("xml", read=lambda body: from_header(body, accession), first_bytes=HEADER_BYTES)
        page = self._web.get("site", f"{folder}.txt", header)
        if page.outcome in (Outcome.REFUSED, Outcome.BROKEN):
            index = Expected("html", read=lambda text: from_index(text, accession))
            page = self._web.get("site", f"{folder}-index.html", index)
        return page.data, page.outcome is not Outcome.THROTTLED

    def _item(self, filer: Filer, filing: Filing, accepted: Acceptance, seen_at: datetime) -> NewsItem:
        folder = f"{SITE_URL}/Archives/edgar/data/{filer.cik}/{filing.accession.replace('-', '')}"
        return _news_item(
            _Facts(filing.accession, filing.form, f"{folder}/{filing.accession}-index.htm", filer.name, filing.items),
            accepted,
            filing.filing_date,
            seen_at,
            symbols=self._symbols.get(filer.cik, filer.tickers),
            more={
                "cik": filer.cik,
                "report_date": filing.report_date or None,
                "document": f"{folder}/{filing.document}" if filing.document else None,
            },
        )

    def _newest(self, request: NewsRequest, form: str) -> NewsAnswer:
        """Follow the feed page by page to the first instant that is wanted, or to its end."""
        page = newest = self._feed_page(form, 0)
        entries: list[Entry] = []
        n_unreadable = start = 0
        while page.outcome is Outcome.OK:
            feed: Feed = page.data
            entries += feed.entries
            n_unreadable += feed.n_unreadable
            oldest = min((entry.accepted.instant for entry in feed.entries), default=None)
            is_last = feed.n_entries < PAGE_ENTRIES or oldest is None or start + PAGE_ENTRIES >= LAST_START
            if is_last or (request.first and oldest and oldest < request.first):
                break
            start += PAGE_ENTRIES
            page = self._feed_page(form, start)
        if page.outcome is Outcome.OK or (start and page.outcome is Outcome.EMPTY):
            return self._of_entries(request, newest, Feed(entries, n_unreadable), form)
        return failed(request, page)

    def _feed_page(self, form: str, start: int) -> Page:
        expected = Expected("xml", read=read_feed)
        if start:
            expected = replace(expected, first=end_of_feed)
        query = {"action": "getcurrent", "type": form, "owner": "include", "count": str(PAGE_ENTRIES)}
        return self._web.get(
            "site", "/cgi-bin/browse-edgar", expected, {**query, "start": str(start), "output": "atom"}
        )

    def _of_entries(self, request: NewsRequest, page: Page, feed: Feed, form: str) -> NewsAnswer:
        distinct = merged(feed.entries)
        wanted = [entry for entry in distinct if entry.form in (form, f"{form}/A")]
        inside = [entry for entry in wanted if _is_in(request, entry.accepted)]
        counts = {
            "n_entries": feed.n_entries,
            "n_unreadable": feed.n_unreadable,
            "n_repeated": len(feed.entries) - len(distinct),
            "n_other_forms": len(distinct) - len(wanted),
            "n_outside": len(wanted) - len(inside),
        }
        items = [self._current_item(entry, page.fetched_at) for entry in inside]
        return answered(request, page, SOURCE, items, {name: str(count) for name, count in counts.items()})

    def _current_item(self, entry: Entry, seen_at: datetime) -> NewsItem:
        concerned = [party for party in entry.parties if party.role in CONCERNED] or list(entry.parties)
        symbols = [symbol for party in concerned for symbol in self._symbols.get(party.cik, ())]
        return _news_item(
            _Facts(entry.accession, entry.form, entry.url, concerned[0].name, entry.items),
            entry.accepted,
            entry.filing_date,
            seen_at,
            symbols=tuple(dict.fromkeys(symbols)),
            more={
                "cik": concerned[0].cik,
                "parties": [{"cik": one.cik, "name": one.name, "role": one.role} for one in entry.parties],
            },
        )


@dataclass(frozen=True, slots=True)
class _Facts:
    """What a filer's list and the feed both say of a filing."""

    accession: str
    form: str
    url: str
    filer: str
    items: tuple[str, ...]


def _news_item(
    facts: _Facts,
    accepted: Acceptance,
    filing_date: date | None,
    seen_at: datetime,
    *,
    symbols: Sequence[str],
    more: Mapping[str, object],
) -> NewsItem:
    public_at = disseminated_at(accepted.instant, filing_date)
    return NewsItem(
        item_id=facts.accession,
        url=facts.url,
        title=filing_title(facts.form, facts.filer, facts.items),
        kind="filing",
        time_basis=accepted.basis,
        time_text=accepted.text,
        occurred_at=accepted.instant,
        precision="minute",
        available_at=min(public_at, seen_at),
        publisher=facts.filer,
        symbols=symbols,
        attributes={
            "form": facts.form,
            "items": list(facts.items),
            "filing_date": None if filing_date is None else filing_date.isoformat(),
            "tz_status": accepted.tz_status,
            "is_late": public_at > accepted.instant,
            **more,
        },
    )


def _is_in(request: NewsRequest, accepted: Acceptance) -> bool:
    """Return whether a filing was accepted in the time that was asked for; one that is not verified may have been."""
    earliest = earliest_claim(accepted.text) if accepted.tz_status == "unverified" else accepted.instant
    return (request.first is None or accepted.instant >= request.first) and (
        request.last is None or earliest <= request.last
    )


def _may_be_in(request: NewsRequest, filing: Filing) -> bool:
    """Return whether any reading of a filing's time lies in the time that was asked for."""
    return _is_in(request, from_claim(filing.accepted))


def _may_lie_in(request: NewsRequest, first: date, last: date) -> bool:
    """Return whether filings of these days may have been accepted in the time that was asked for."""
    if request.first is None:
        return False
    return last + _SLACK >= _utc_day(request.first) and (
        request.last is None or first - _SLACK <= _utc_day(request.last)
    )


def _utc_day(instant: datetime) -> date:
    return instant.astimezone(UTC).date()

"""A fake of EDGAR: submissions, filings, the feed of the newest ones, facts of filers and the map of tickers.

A filing is made once, with the wall clock of New York at which it was accepted; what each document says of that time
is the fake's business: the header and the index page say it plainly, the feed with its offset, and the submissions in
one of two zones, both called Z.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from html import escape
from http import HTTPStatus
from typing import Any
from zoneinfo import ZoneInfo

from pipelines.fake_providers.server import FakeServer, Reply, Request

NEW_YORK = ZoneInfo("America/New_York")
HTML = "text/html; charset=utf-8"
XML = "application/xml"
UNAVAILABLE = b"<!DOCTYPE html>\n<html><head><title>SEC.gov | File Unavailable</title></head><body></body></html>"
TOO_FAST = (
    b"<!DOCTYPE html>\n<html><head><title>SEC.gov | Request Rate Threshold Exceeded</title></head><body>Your access "
    b"to SEC.gov will be limited for 10 minutes.</body></html>"
)
_UNDECLARED = (
    "<!DOCTYPE html>\n<html><head><title>SEC.gov | Your Request Originates from an Undeclared Automated Tool</title>"
    "</head><body><p>Your Request Originates from an Undeclared Automated Tool</p><pre>{agent}</pre></body></html>"
)
_ABSENT = b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>%s</Code><Message>None.</Message></Error>'
_DOCUMENT = re.compile(r"/Archives/edgar/data/\d+/(\d{18})/([\d-]{20})(\.txt|-index\.html)")
_LIST = re.compile(r"/submissions/CIK(\d{10})(-submissions-001)?\.json")
_FACTS = re.compile(r"/api/xbrl/companyfacts/CIK(\d{10})\.json")


@dataclass(frozen=True, slots=True)
class Company:
    """A filer."""

    cik: int
    name: str
    tickers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A filing.

    Attributes
    ----------
    accepted : str
        New York's wall clock, such as "2025-11-19 16:20:44".
    filing_date, report_date : date
        The day of acceptance unless said otherwise.
    roles : tuple
        CIK and role of everybody whom the feed names beside the filer itself.
    role : str
        Of the filer.
    """

    cik: int
    accession: str
    form: str
    accepted: str
    items: str = ""
    filing_date: date | None = None
    report_date: date | None = None
    roles: tuple[tuple[int, str], ...] = ()
    role: str = "Filer"

    @property
    def filed(self) -> date:
        """Day that EDGAR calls the day of filing."""
        return self.filing_date or self.clock.date()

    @property
    def clock(self) -> datetime:
        """New York's wall clock at the acceptance."""
        return datetime.fromisoformat(self.accepted).replace(tzinfo=NEW_YORK)


@dataclass(frozen=True, slots=True)
class ShareCount:
    """A fact of a filer: shares outstanding, as one filing states it."""

    cik: int
    end: date
    value: int
    filed: date
    form: str = "10-Q"
    concept: str = "dei:EntityCommonStockSharesOutstanding"
    frame: str | None = None
    accession: str = "0000000000-00-000000"


class FakeEdgar(FakeServer):
    """Answers for all hosts of EDGAR as they do.

    Attributes
    ----------
    companies, documents, counts : list
        What there is; add to it between polls.
    n_eastern : int
        Newest rows of every list whose ``acceptanceDateTime`` is New York's clock with a false Z; the others are UTC.
    n_recent : int
        Rows of a list that stand in it itself; older ones stand in a file of their own.
    without_header, without_index : set of str
        Accession numbers of filings whose text or index page is absent.
    n_shifted : int
        Entries by which the feed moves on between two pages, so that as many repeat.
    column_lengths : dict
        Column of the lists and the number of its last cells that are missing.
    """

    def __init__(self, companies: Iterable[Company] = (), documents: Iterable[Document] = ()) -> None:
        self.companies = list(companies)
        self.documents = list(documents)
        self.counts: list[ShareCount] = []
        self.n_eastern = 0
        self.n_recent = 1000
        self.without_header: set[str] = set()
        self.without_index: set[str] = set()
        self.n_shifted = 0
        self.column_lengths: dict[str, int] = {}
        super().__init__(self._answer)

    def _answer(self, request: Request) -> Reply:
        agent = request.headers.get("user-agent", "")
        if "@" not in agent:
            page = _UNDECLARED.format(agent=escape(agent)).encode()
            return Reply(page, HTTPStatus.FORBIDDEN, HTML)
        reply = self._honest(request)
        tag = f'"{hashlib.sha256(reply.body).hexdigest()[:16]}"'
        if reply.status == HTTPStatus.OK and request.headers.get("if-none-match") == tag:
            return Reply(b"", HTTPStatus.NOT_MODIFIED, reply.content_type, {"ETag": tag})
        return Reply(reply.body, reply.status, reply.content_type, {**reply.headers, "ETag": tag})

    def _honest(self, request: Request) -> Reply:
        path = request.path
        if found := _LIST.fullmatch(path):
            return self._submissions(int(found[1]), is_older=bool(found[2]))
        if found := _DOCUMENT.fullmatch(path):
            return self._document(found[2], found[3])
        if found := _FACTS.fullmatch(path):
            return self._company_facts(int(found[1]))
        if path == "/cgi-bin/browse-edgar":
            return self._current(request)
        if path == "/files/company_tickers.json":
            return self._tickers()
        return absent(HTTPStatus.FORBIDDEN)

    def _of(self, cik: int) -> list[Document]:
        """Return a filer's filings, newest first."""
        filed = [document for document in self.documents if document.cik == cik]
        return sorted(filed, key=lambda document: document.clock, reverse=True)

    def _company(self, cik: int) -> Company | None:
        return next((company for company in self.companies if company.cik == cik), None)

    def _submissions(self, cik: int, *, is_older: bool) -> Reply:
        company = self._company(cik)
        rows = self._of(cik)
        if company is None or (is_older and len(rows) <= self.n_recent):
            return absent(HTTPStatus.NOT_FOUND)
        recent, older = rows[: self.n_recent], rows[self.n_recent :]
        if is_older:
            return _json(self._columns(older, 0))
        name = f"CIK{cik:010d}-submissions-001.json"
        files = [{"name": name, "filingCount": len(older), "filingFrom": str(older[-1].filed)}] if older else []
        for file in files:
            file["filingTo"] = str(older[0].filed)
        return _json(
            {
                "cik": f"{cik:010d}",
                "name": company.name,
                "tickers": list(company.tickers),
                "exchanges": [None for _ in company.tickers],
                "filings": {"recent": self._columns(recent, self.n_eastern), "files": files},
            }
        )

    def _columns(self, rows: Sequence[Document], n_eastern: int) -> dict[str, list[Any]]:
        columns: dict[str, list[Any]] = {
            "accessionNumber": [row.accession for row in rows],
            "filingDate": [str(row.filed) for row in rows],
            "reportDate": [str(row.report_date or row.filed) for row in rows],
            "acceptanceDateTime": [claimed(row.clock, is_utc=n >= n_eastern) for n, row in enumerate(rows)],
            "act": ["34" for _ in rows],
            "form": [row.form for row in rows],
            "items": [row.items for row in rows],
            "core_type": [row.form for row in rows],
            "size": [1 for _ in rows],
            "primaryDocument": [f"d{n}.htm" for n, _ in enumerate(rows)],
        }
        return {name: cells[: len(cells) - self.column_lengths.get(name, 0)] for name, cells in columns.items()}

    def _document(self, accession: str, kind: str) -> Reply:
        document = next((one for one in self.documents if one.accession == accession), None)
        lacking = self.without_header if kind == ".txt" else self.without_index
        if document is None or accession in lacking:
            return absent(HTTPStatus.FORBIDDEN)
        if kind == ".txt":
            return Reply(header_text(document), content_type="text/plain")
        page = (
            f'<!DOCTYPE html>\n<html><body><strong>SEC Accession No.</strong> {accession}<div class="infoHead">'
            f'Filing Date</div>\n<div class="info">{document.filed}</div>\n<div class="infoHead">Accepted</div>\n'
            f'<div class="info">{document.clock:%Y-%m-%d %H:%M:%S}</div></body></html>'
        )
        return Reply(page.encode(), content_type=HTML)

    def _current(self, request: Request) -> Reply:
        """Answer a page of the feed: every filing whose form begins as asked, an entry for each whom it names."""
        count, start = int(request.query["count"]), int(request.query["start"])
        newest = sorted(self.documents, key=lambda document: document.clock, reverse=True)
        entries = [
            self._entry(document, cik, role)
            for document in newest
            if document.form.startswith(request.query["type"])
            for cik, role in ((document.cik, document.role), *document.roles)
        ]
        if start >= len(entries) and start:
            return Reply(UNAVAILABLE, HTTPStatus.SERVICE_UNAVAILABLE, "text/html", {"Server": "AkamaiNetStorage"})
        first = max(0, start - self.n_shifted)
        feed = (
            '<?xml version="1.0" encoding="ISO-8859-1" ?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n'
            "<title>Latest Filings</title>\n"
            f'<link rel="self" href="/cgi-bin/browse-edgar?action=getcurrent&amp;start={start}"/>\n'
            f"{''.join(entries[first : first + count])}</feed>\n"
        )
        return Reply(feed.encode("iso-8859-1"), content_type="application/atom+xml")

    def _entry(self, document: Document, cik: int, role: str) -> str:
        company = self._company(cik)
        name = escape(company.name if company else "Unknown")
        plain = document.accession.replace("-", "")
        lines = "".join(f"\n<br>Item {item}: What It Is" for item in document.items.split(",") if item)
        summary = escape(f" <b>Filed:</b> {document.filed} <b>AccNo:</b> {document.accession} <b>Size:</b> 1 MB{lines}")
        updated = document.clock.isoformat()
        link = f"https://www.sec.gov/Archives/edgar/data/{cik}/{plain}/{document.accession}-index.htm"
        return (
            f"<entry>\n<title>{document.form} - {name} ({cik:010d}) ({role})</title>\n"
            f'<link rel="alternate" type="text/html" href="{link}"/>\n<summary type="html">{summary}</summary>\n'
            f"<updated>{updated}</updated>\n"
            f'<category scheme="https://www.sec.gov/" label="form type" term="{document.form}"/>\n'
            f"<id>urn:tag:sec.gov,2008:accession-number={document.accession}</id>\n</entry>\n"
        )

    def _company_facts(self, cik: int) -> Reply:
        company = self._company(cik)
        if company is None:
            return absent(HTTPStatus.NOT_FOUND)
        facts: dict[str, dict[str, Any]] = {"dei": {}, "us-gaap": {}}
        for count in (one for one in self.counts if one.cik == cik):
            space, _, name = count.concept.partition(":")
            concept = facts[space].setdefault(name, {"label": name, "description": "", "units": {"shares": []}})
            fact = {"end": str(count.end), "val": count.value, "accn": count.accession, "form": count.form}
            fact |= {"fy": count.end.year, "fp": "Q2", "filed": str(count.filed)}
            concept["units"]["shares"].append(fact | ({"frame": count.frame} if count.frame else {}))
        return _json({"cik": cik, "entityName": company.name, "facts": facts})

    def _tickers(self) -> Reply:
        pairs = [(company, ticker) for company in self.companies for ticker in company.tickers]
        rows = {
            str(n): {"cik_str": company.cik, "ticker": ticker, "title": company.name}
            for n, (company, ticker) in enumerate(pairs)
        }
        return _json(rows)


def claimed(accepted: datetime, *, is_utc: bool) -> str:
    """Return an ``acceptanceDateTime``, which ends in Z whichever clock it is."""
    clock = accepted.astimezone(UTC) if is_utc else accepted
    return f"{clock:%Y-%m-%dT%H:%M:%S}.000Z"


def header_text(document: Document) -> bytes:
    """Return a filing's text: its header, and more than anybody wants to read."""
    accepted = f"{document.clock:%Y%m%d%H%M%S}"
    header = (
        f"<SEC-DOCUMENT>{document.accession}.txt : {document.filed:%Y%m%d}\n"
        f"<SEC-HEADER>{document.accession}.hdr.sgml : {document.filed:%Y%m%d}\n<ACCEPTANCE-DATETIME>{accepted}\n"
        f"ACCESSION NUMBER:\t\t{document.accession}\nCONFORMED SUBMISSION TYPE:\t{document.form}\n</SEC-HEADER>\n"
    )
    return header.encode() + b"<DOCUMENT>\n" + b"Lorem ipsum dolor sit amet. " * 40_000


def absent(status: int) -> Reply:
    """Return what EDGAR answers for a document that it does not have."""
    code = b"NoSuchKey" if status == HTTPStatus.NOT_FOUND else b"AccessDenied"
    return Reply(_ABSENT % code, status, XML)


def _json(content: Any) -> Reply:
    return Reply(json.dumps(content).encode())

"""A fake of arXiv's search, in its form before and after November 2025."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from xml.sax.saxutils import escape

from pipelines.fake_providers.server import FakeServer, Reply, Request

_WINDOW = re.compile(r"\((?P<query>.*)\) AND submittedDate:\[(?P<begin>\d{12}) TO (?P<end>\d{12})\]", re.DOTALL)
_SEARCH = "http://a9.com/-/spec/opensearch/1.1/"
_ARXIV = "http://arxiv.org/schemas/atom"
_ATOM = "http://www.w3.org/2005/Atom"


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper, of which `submitted_at` is when its first version came in."""

    identity: str
    submitted_at: datetime
    title: str = "A paper"
    summary: str = "What it is about."
    version: int = 1
    categories: Sequence[str] = field(default=("cs.LG",))


class FakeArxiv(FakeServer):
    """Answers ``/api/query`` over papers; a query matches titles word by word, after its last colon.

    Attributes
    ----------
    is_old : bool
        Speak as until November 2025.
    empty_pages : int
        Number of the next pages that are empty although there are papers.
    """

    def __init__(self, papers: Sequence[Paper] = (), *, is_old: bool = False) -> None:
        self.papers = list(papers)
        self.is_old = is_old
        self.empty_pages = 0
        super().__init__(self._query)

    def _query(self, request: Request) -> Reply:
        asked = request.query
        if request.path != "/api/query":
            return Reply(b"<html>not found</html>", HTTPStatus.NOT_FOUND, "text/html")
        if not asked.get("start", "0").isdigit():
            return self._feed([_error("start must be an integer")], 1, 0, HTTPStatus.BAD_REQUEST)
        found = self._found(asked.get("search_query", ""), asked.get("id_list", ""))
        found.sort(key=lambda paper: paper.submitted_at, reverse=asked.get("sortOrder") != "ascending")
        start, size = int(asked.get("start", "0")), int(asked.get("max_results", "10"))
        shown = found[start : start + size]
        if self.empty_pages:
            self.empty_pages -= 1
            shown = []
        if asked.get("id_list") and not found and self.is_old:
            return self._feed([], 1, start)
        return self._feed([self._entry(paper) for paper in shown], len(found), start)

    def _found(self, query: str, identities: str) -> list[Paper]:
        if identities:
            wanted = {each.partition("v")[0] for each in identities.split(",")}
            return [paper for paper in self.papers if paper.identity in wanted]
        window = _WINDOW.fullmatch(query)
        words = (window["query"] if window else query).rpartition(":")[2].lower().split()
        begin, end = (window["begin"], window["end"]) if window else ("0", "9")
        return [
            paper
            for paper in self.papers
            if begin <= paper.submitted_at.astimezone(UTC).strftime("%Y%m%d%H%M") <= end
            and all(word in f"{paper.title} {' '.join(paper.categories)}".lower() for word in words)
        ]

    def _entry(self, paper: Paper) -> str:
        stamp = paper.submitted_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        scheme = "http" if self.is_old else "https"
        terms = "".join(f'<category term="{term}" scheme="{_ARXIV}"/>' for term in paper.categories)
        names = f' xmlns:arxiv="{_ARXIV}"' if self.is_old else ""
        return (
            f"<entry><id>http://arxiv.org/abs/{paper.identity}v{paper.version}</id><title>{escape(paper.title)}</title>"
            f"<updated>{stamp}</updated><published>{stamp}</published><summary>{escape(paper.summary)}</summary>"
            f'<link href="{scheme}://arxiv.org/abs/{paper.identity}v{paper.version}" rel="alternate"/>{terms}'
            f'<arxiv:primary_category{names} term="{paper.categories[0]}"/>'
            "<author><name>A. Writer</name></author></entry>"
        )

    def _feed(self, entries: list[str], total: int, start: int, status: int = HTTPStatus.OK) -> Reply:
        numbers = {"itemsPerPage": len(entries), "totalResults": total, "startIndex": start}
        if self.is_old:
            head = f'<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="{_ATOM}">'
            updated = "<updated>2025-01-27T00:00:00-05:00</updated>"
            counts = "".join(
                f'<opensearch:{n} xmlns:opensearch="{_SEARCH}">{v}</opensearch:{n}>' for n, v in numbers.items()
            )
        else:
            names = f'xmlns:opensearch="{_SEARCH}" xmlns:arxiv="{_ARXIV}" xmlns="{_ATOM}"'
            head = f"<?xml version='1.0' encoding='UTF-8'?>\n<feed {names}>"
            updated = "<updated>2025-12-01T10:11:12Z</updated>"
            counts = "".join(f"<opensearch:{n}>{v}</opensearch:{n}>" for n, v in numbers.items())
        head += f"<id>https://arxiv.org/api/x</id><title>arXiv Query</title>{updated}{counts}"
        body = f"{head}{''.join(entries)}</feed>"
        return Reply(body.encode(), status, "application/atom+xml; charset=utf-8")


def _error(reason: str) -> str:
    return (
        f"<entry><id>https://arxiv.org/api/errors#{reason.replace(' ', '_')}</id><title>Error</title>"
        f"<summary>{escape(reason)}</summary><updated>2025-01-27T00:00:00Z</updated></entry>"
    )

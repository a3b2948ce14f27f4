"""A fake of servers of feeds: documents by path, with validators, and what real feeds get wrong."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from email.utils import formatdate
from xml.sax.saxutils import escape

from pipelines.fake_providers.server import FakeServer, Reply, Request

_MODIFIED = 1_737_900_000


@dataclass(slots=True)
class Document:
    """A feed as its server has it; `has_validators` tells whether it says which version it is."""

    body: bytes
    content_type: str = "application/rss+xml; charset=utf-8"
    has_validators: bool = True
    modified: int = _MODIFIED

    @property
    def etag(self) -> str:
        """Return the name of this version."""
        return f'W/"{hashlib.sha256(self.body).hexdigest()[:16]}"'


class FakeFeeds(FakeServer):
    """Answers every path for which there is a document, and 304 to whoever has it.

    Attributes
    ----------
    documents : dict
        By path.
    """

    def __init__(self) -> None:
        self.documents: dict[str, Document] = {}
        super().__init__(self._document)

    def put(self, path: str, body: str | bytes, content_type: str = "application/rss+xml; charset=utf-8") -> str:
        """Publish a document, and return its address."""
        self.documents[path] = Document(body if isinstance(body, bytes) else body.encode(), content_type)
        return self.base_url + path

    def _document(self, request: Request) -> Reply:
        document = self.documents.get(request.path)
        if document is None:
            return Reply(b"<!DOCTYPE html><html><body>Not Found</body></html>", 404, "text/html; charset=utf-8")
        if not document.has_validators:
            return Reply(document.body, content_type=document.content_type)
        told = {"ETag": document.etag, "Last-Modified": formatdate(document.modified, usegmt=True)}
        asked = request.headers
        is_known = asked.get("if-none-match") == told["ETag"] or (
            "if-none-match" not in asked and asked.get("if-modified-since") == told["Last-Modified"]
        )
        return Reply(b"", 304, "", told) if is_known else Reply(document.body, 200, document.content_type, told)


def rss(
    *items: str, head: str = '<?xml version="1.0" encoding="UTF-8"?>\n', link: str = "https://room.example/"
) -> str:
    """Return an RSS feed of items."""
    channel = f"<title>Newsroom</title><link>{link}</link><description>News</description>{''.join(items)}"
    return f'{head}<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>{channel}</channel></rss>'


def item(title: str, link: str = "", guid: str = "", date: str = "", more: str = "", *, is_raw: bool = False) -> str:
    """Return an item of RSS; its title is escaped unless it is raw."""
    parts = {"link": escape(link), "guid": escape(guid), "pubDate": escape(date)}
    written = "".join(f"<{name}>{text}</{name}>" for name, text in parts.items() if text)
    return f"<item><title>{title if is_raw else escape(title)}</title>{written}{more}</item>"


def atom(*entries: str, title: str = "Release notes") -> str:
    """Return an Atom feed of entries."""
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">'
    return f"{head}<id>tag:x</id><title>{title}</title><updated>2025-01-27T00:00:00Z</updated>{''.join(entries)}</feed>"


def entry(title: str, link: str, identity: str, updated: str, more: str = "") -> str:
    """Return an entry of Atom."""
    return (
        f"<entry><id>{escape(identity)}</id><title>{escape(title)}</title><updated>{updated}</updated>"
        f'<link rel="alternate" type="text/html" href="{escape(link)}"/>{more}</entry>'
    )

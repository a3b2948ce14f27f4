"""Make the bytes of a feed what their declaration says they are, and refuse those that are a trap.

What is repaired here is what publishing systems get wrong every day: bytes of Windows under the name of UTF-8, an
ampersand that is none of XML's, an entity of HTML that no XML declares. Left to a forgiving parser these cost words.
"""

from __future__ import annotations

import codecs
import re
from html.entities import name2codepoint
from typing import Final

from pipelines.sources.web.judge import ShapeError

_DECLARED = re.compile(rb"^\s*<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']", re.IGNORECASE)
_CDATA = re.compile(rb"(<!\[CDATA\[.*?\]\]>)", re.DOTALL)
_AMPERSAND = re.compile(rb"&(?:(#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});)?")
_OWN: Final = frozenset({b"amp", b"lt", b"gt", b"quot", b"apos"})
_ENDS: Final = (b"</rss>", b"</feed>", b"</rdf:rdf>", b"</channel>")
_TAIL: Final = 4096  # bytes after the end of a feed in which servers leave comments


def checked_bytes(content: bytes) -> bytes:
    """Return the bytes of a feed, in UTF-8 unless they are declared to be in something else.

    Raises
    ------
    ShapeError
        If it declares entities, which no feed needs and every bomb does, or ends too early.
    """
    if b"<!entity" in content.replace(b"\0", b"").lower():
        raise ShapeError("expected a feed, got XML that declares entities, which is not read")
    if not any(end in content[-_TAIL:].lower() for end in _ENDS):
        raise ShapeError(f"expected a whole feed, got {len(content)} bytes without its end")
    repaired = _in_utf8(content)
    return b"".join(
        part if part.startswith(b"<![CDATA[") else _AMPERSAND.sub(_escaped, part) for part in _CDATA.split(repaired)
    )


def _in_utf8(content: bytes) -> bytes:
    """Return bytes as UTF-8 where they claim to be that, or nothing; what is not UTF-8 is that of Windows."""
    start = content.removeprefix(codecs.BOM_UTF8).lstrip()
    declared = _DECLARED.match(start)
    if declared is not None and declared[1].lower() not in (b"utf-8", b"utf8", b"us-ascii"):
        return start
    try:
        start.decode("utf-8")
    except UnicodeDecodeError:
        return start.decode("cp1252", "replace").encode("utf-8")
    return start


def _escaped(found: re.Match[bytes]) -> bytes:
    """Return an entity as XML knows it: an ampersand that begins none stands for itself."""
    name = found[1]
    if name is None:
        return b"&amp;"
    if name in _OWN or name.startswith(b"#"):
        return found[0]
    point = name2codepoint.get(name.decode("ascii"))
    return b"&amp;" + found[0][1:] if point is None else b"&#%d;" % point

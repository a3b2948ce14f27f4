"""What an answer is worth, judged by its body and not only by its status.

In this order: status, content type, first byte that is not blank, parse, schema. A page of HTML with status 200 is how
many providers say that they are out of order. What one provider alone means by an answer, its source says beforehand.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, Literal

from pipelines.sources.live import Outcome

_TYPES: Final = {
    "json": ("application/json", "text/json", "text/javascript", "text/plain", "application/octet-stream"),
    "csv": ("text/csv", "application/csv", "text/plain", "application/octet-stream", "application/vnd.ms-excel"),
    "xml": ("application/xml", "text/xml", "text/plain", "application/octet-stream"),
    "html": ("text/html", "application/xhtml+xml"),
    "text": ("text/plain", "text/html", "application/octet-stream"),
    "zip": ("application/zip", "application/x-zip-compressed", "application/octet-stream"),
}
_STARTS: Final = {"json": b"{[", "xml": b"<", "html": b"<", "zip": b"P"}
"""First bytes that are not blank, by form; the other forms begin with anything but markup or JSON."""

_SHOWN = 80
_BLANK = b" \t\r\n"
_BOM = b"\xef\xbb\xbf"
_OK, _REDIRECT, _CLIENT, _SERVER = 200, 300, 400, 500


class ShapeError(ValueError):
    """Content is not of the agreed shape; the message says what was expected and what was got."""


def _as_it_is(content: Any) -> Any:
    return content


def _nothing(status: int, headers: Mapping[str, str], body: bytes) -> None:
    del status, headers, body


@dataclass(frozen=True, slots=True)
class Expected:
    """What a good answer is.

    Attributes
    ----------
    form : str
        "json", "csv", "xml", "html", "text" or "zip".
    read : callable
        Takes the parsed JSON, the text of a CSV, HTML or text, or the bytes of an XML or zip, and returns what it
        means, or raises ShapeError.
    bans : frozenset of int
        Statuses that say, beside 429, that there were too many requests, and after which none may follow soon.
    first : callable
        Takes status, headers and body and returns what this provider alone means by them, before anything else is
        looked at; None leaves the answer to the common rules.
    first_bytes : int or None
        Bytes of the body that are enough: what follows them is not waited for, and the connection is given up.
    """

    form: Literal["json", "csv", "xml", "html", "text", "zip"]
    read: Callable[[Any], Any] = _as_it_is
    bans: frozenset[int] = frozenset()
    first: Callable[[int, Mapping[str, str], bytes], Verdict | None] = _nothing
    first_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer is worth.

    Attributes
    ----------
    may_retry : bool
        Whether the same request may get another answer within minutes.
    pause : float
        Seconds for which the host may not be asked at all, beside what Retry-After says.
    data : object
        What was read, for OK alone.
    """

    outcome: Outcome
    reason: str = ""
    may_retry: bool = False
    data: Any = None
    pause: float = 0.0


def judge(status: int, headers: Mapping[str, str], body: bytes, expected: Expected) -> Verdict:
    """Return what an answer is worth.

    Parameters
    ----------
    headers : mapping
        Names in lower case.
    body : bytes
        Unpacked.
    """
    own = expected.first(status, headers, body)
    if own is not None:
        return own
    if status != _OK:
        return _judge_status(status, headers, body, expected)
    content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type and content_type not in _TYPES[expected.form] and not content_type.endswith(f"+{expected.form}"):
        return _broken(f"expected {expected.form}, got the content type {content_type!r}: {_beginning(body)}")
    start = body.removeprefix(_BOM).lstrip(_BLANK)[:1]
    if not start:
        return _broken(f"expected {expected.form}, got nothing")
    if not _may_begin(start, expected.form):
        return _broken(f"expected {expected.form}, got {_beginning(body)}")
    return _judge_content(body, expected)


def unchanged(status: int, headers: Mapping[str, str], body: bytes) -> Verdict | None:
    """Return EMPTY for status 304: the `first` look of a request that was sent with If-None-Match or the like."""
    del headers, body
    if status != HTTPStatus.NOT_MODIFIED:
        return None
    return Verdict(Outcome.EMPTY, "nothing has changed since it was last asked for")


def _may_begin(start: bytes, form: str) -> bool:
    return start in _STARTS[form] if form in _STARTS else start not in b"{[<"


def parsed(body: bytes) -> Any:
    """Return the JSON in a body, such as one that explains a refusal; None if there is none."""
    try:
        return json.loads(body.removeprefix(_BOM))
    except (ValueError, RecursionError):
        return None


def _judge_status(status: int, headers: Mapping[str, str], body: bytes, expected: Expected) -> Verdict:
    got = f"status {status}: {_beginning(body)}"
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Verdict(Outcome.THROTTLED, f"told to slow down, with {got}", may_retry=True)
    if status in expected.bans:
        return Verdict(Outcome.THROTTLED, f"banned for a while, with {got}")
    if status in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY) or status >= _SERVER:
        return _broken(f"expected status 200, got {got}")
    if _REDIRECT <= status < _CLIENT:
        to = headers.get("location", "nowhere")[:_SHOWN]
        return Verdict(Outcome.BROKEN, f"expected status 200, got a redirect {status} to {to}, which is not followed")
    if status >= _CLIENT:
        return Verdict(Outcome.REFUSED, f"refused with {got}")
    return Verdict(Outcome.BROKEN, f"expected status 200, got {got}")


def _judge_content(body: bytes, expected: Expected) -> Verdict:
    try:
        data = _decoded(body, expected.form)
    except RecursionError:
        return _broken("expected JSON, got one that is nested too deeply")
    except ValueError as error:
        return _broken(f"expected whole {expected.form} in UTF-8, got {len(body)} bytes that cannot be read: {error}")
    try:
        return Verdict(Outcome.OK, data=expected.read(data))
    except ShapeError as error:
        return _broken(str(error))
    except (AttributeError, KeyError, IndexError, TypeError, ValueError, OverflowError) as error:
        return _broken(f"expected another shape, got {_beginning(body)} ({type(error).__name__}: {error})")


def _decoded(body: bytes, form: str) -> Any:
    if form in ("xml", "zip"):  # an XML says itself how it is encoded
        return body
    text = body.decode("utf-8-sig")
    return json.loads(text) if form == "json" else text


def _broken(reason: str) -> Verdict:
    return Verdict(Outcome.BROKEN, reason, may_retry=True)


def _beginning(body: bytes) -> str:
    text = body[: 4 * _SHOWN].decode("utf-8", "replace")
    return repr(" ".join(text.split())[:_SHOWN])

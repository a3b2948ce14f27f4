"""What an answer is worth, judged by its body and not only by its status.

In this order: status, content type, first byte that is not blank, parse, schema. A page of HTML with status 200 is how
many providers say that they are out of order.
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
}
_SHOWN = 80
_BLANK = b" \t\r\n"
_BOM = b"\xef\xbb\xbf"
_OK, _REDIRECT, _CLIENT, _SERVER = 200, 300, 400, 500


class ShapeError(ValueError):
    """Content is not of the agreed shape; the message says what was expected and what was got."""


def _as_it_is(content: Any) -> Any:
    return content


@dataclass(frozen=True, slots=True)
class Expected:
    """What a good answer is.

    Attributes
    ----------
    form : str
        "json" or "csv".
    read : callable
        Takes the parsed JSON, or the text of a CSV, and returns what it means, or raises ShapeError.
    bans : frozenset of int
        Statuses that say, beside 429, that there were too many requests, and after which none may follow soon.
    """

    form: Literal["json", "csv"]
    read: Callable[[Any], Any] = _as_it_is
    bans: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer is worth.

    Attributes
    ----------
    may_retry : bool
        Whether the same request may get another answer within minutes.
    data : object
        What was read, for OK alone.
    """

    outcome: Outcome
    reason: str = ""
    may_retry: bool = False
    data: Any = None


def judge(status: int, headers: Mapping[str, str], body: bytes, expected: Expected) -> Verdict:
    """Return what an answer is worth.

    Parameters
    ----------
    headers : mapping
        Names in lower case.
    body : bytes
        Unpacked.
    """
    if status != _OK:
        return _judge_status(status, headers, body, expected)
    content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type and content_type not in _TYPES[expected.form] and not content_type.endswith(f"+{expected.form}"):
        return _broken(f"expected {expected.form}, got the content type {content_type!r}: {_beginning(body)}")
    start = body.removeprefix(_BOM).lstrip(_BLANK)[:1]
    if not start:
        return _broken(f"expected {expected.form}, got nothing")
    if (start in b"{[") != (expected.form == "json") or start == b"<":
        return _broken(f"expected {expected.form}, got {_beginning(body)}")
    return _judge_content(body, expected)


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
        text = body.decode("utf-8-sig")
        data = json.loads(text) if expected.form == "json" else text
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


def _broken(reason: str) -> Verdict:
    return Verdict(Outcome.BROKEN, reason, may_retry=True)


def _beginning(body: bytes) -> str:
    text = body[: 4 * _SHOWN].decode("utf-8", "replace")
    return repr(" ".join(text.split())[:_SHOWN])

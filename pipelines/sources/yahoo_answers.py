"""What all of Yahoo's answers have in common: how it says that it will not, or not now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

from pipelines.sources.live import Outcome
from pipelines.sources.web.judge import Expected, Verdict, judge, parsed

BANS: Final = frozenset({403, 999})
"""Statuses after which none may follow soon."""

_TOO_MANY: Final = b"Too Many Requests"


def status_meant(status: int, headers: Mapping[str, str], body: bytes) -> int:
    """Return the status that an answer means: 429 for its words, with whatever status they come."""
    is_throttle = _TOO_MANY in body[:200] and headers.get("content-type", "").startswith("text/")
    return HTTPStatus.TOO_MANY_REQUESTS if is_throttle else status


def described(body: bytes) -> str:
    """Return Yahoo's own words of an error; empty if there are none."""
    data = parsed(body)
    for name in ("chart", "finance"):
        inner = data.get(name) if isinstance(data, dict) else None
        error = inner.get("error") if isinstance(inner, dict) else None
        if isinstance(error, dict):
            return str(error.get("description") or error.get("code") or "")[:200]
    return ""


def judge_answer(
    what: str, read: Callable[[Any], Any], status: int, headers: Mapping[str, str], body: bytes
) -> Verdict:
    """Return what an answer of JSON is worth.

    Parameters
    ----------
    what : str
        What was asked for, with its article.
    read : callable
        Takes the parsed JSON and returns what it means, or raises ShapeError.
    """
    status = status_meant(status, headers, body)
    if status == HTTPStatus.UNAUTHORIZED:
        reason = f"expected {what}, got status 401: {described(body) or 'crumb refused'}"
        return Verdict(Outcome.BROKEN, reason, may_retry=True)
    return judge(status, headers, body, Expected("json", read=read, bans=BANS))

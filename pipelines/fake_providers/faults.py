"""What can be wrong with a reply, each as a function from the honest reply to the spoiled one.

``server.arm(throttled("3"), "NVDA", times=2)`` lets the next two requests for NVDA be told to wait three seconds.
"""

from __future__ import annotations

import gzip
from dataclasses import replace

from pipelines.fake_providers.server import Fault, Reply

HTML = b"<!DOCTYPE html>\n<html><head><title>Will be right back</title></head><body>Sorry.</body></html>"
_TOO_MANY = 429


def answers(
    status: int, body: bytes = b"", content_type: str = "application/json", headers: dict[str, str] | None = None
) -> Fault:
    """Return a fault that answers as given, whatever was asked."""
    return lambda _: Reply(body, status, content_type, headers or {})


def throttled(retry_after: str | None = None, status: int = _TOO_MANY) -> Fault:
    """Return 429 or another status, with or without Retry-After (seconds or an HTTP date)."""
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return answers(status, b"Too Many Requests\r\n", "text/plain", headers)


def hangs(seconds: float) -> Fault:
    """Return a fault that says nothing for so long."""
    return lambda honest: replace(honest, silence=seconds)


def drips(pause: float, piece: int = 1, *, is_head_slow: bool = False) -> Fault:
    """Return a fault that sends `piece` bytes at a time."""
    return lambda honest: replace(honest, piece=piece, pause=pause, is_head_slow=is_head_slow)


def cut(honest: Reply) -> Reply:
    """Send half of the body and claim that it is all."""
    return replace(honest, body=honest.body[: len(honest.body) // 2])


def hung_up(honest: Reply) -> Reply:
    """Send half of the body, having promised all of it."""
    return replace(honest, body=honest.body[: len(honest.body) // 2], length=len(honest.body))


def zipped(honest: Reply) -> Reply:
    """Send the body as gzip: no fault, but what real providers do."""
    return replace(honest, body=gzip.compress(honest.body), headers={**honest.headers, "Content-Encoding": "gzip"})


def cut_zip(honest: Reply) -> Reply:
    """Send half of the body's gzip and claim that it is all."""
    return cut(zipped(honest))


def mangled_zip(honest: Reply) -> Reply:
    """Call a body gzip that is not."""
    return replace(honest, headers={**honest.headers, "Content-Encoding": "gzip"})


def encoded(encoding: str) -> Fault:
    """Return a fault that claims an encoding which nobody asked for."""
    return lambda honest: replace(honest, headers={**honest.headers, "Content-Encoding": encoding})


def page(status: int = 200) -> Fault:
    """Return a fault that answers with an HTML page."""
    return answers(status, HTML, "text/html; charset=utf-8")


def typed(content_type: str) -> Fault:
    """Return a fault that calls the honest body something else; an empty text leaves the header out."""
    return lambda honest: replace(honest, content_type=content_type)


def redirected(location: str = "/", status: int = 302) -> Fault:
    """Return a redirect; to ``/`` it leads in a circle as long as it is armed."""
    return answers(status, HTML, "text/html", {"Location": location})


def huge(size: int) -> Fault:
    """Return a fault that answers with so many bytes of valid JSON."""
    return lambda honest: replace(honest, body=b"[" + b" " * (size - 2) + b"]")


def bomb(size: int) -> Fault:
    """Return a fault that answers with a small gzip of so many bytes."""
    return lambda honest: zipped(huge(size)(honest))


def empty(honest: Reply) -> Reply:
    """Send no body."""
    return replace(honest, body=b"")

"""A local HTTP server that answers as a function says, spoiled by whatever faults are armed, and logs each request."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked.

    Attributes
    ----------
    path : str
        Without the query, percent-decoded.
    headers : mapping
        Names in lower case.
    at : float
        Seconds of `time.monotonic` at the arrival.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    at: float = 0.0

    def concerns(self, where: str) -> bool:
        """Return whether a path begins with `where`, or it is a part of the path or a value of the query."""
        if where.startswith("/"):
            return self.path.startswith(where)
        return where in self.path.split("/") or where in self.query.values()


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered, and how it is delivered.

    Attributes
    ----------
    length : int or None
        Content-Length that is claimed when it is not the body's own.
    silence : float
        Seconds before the first byte.
    piece, pause : int, float
        Bytes that are sent at once, and the seconds between two pieces; 0 sends all at once.
    is_head_slow : bool
        Send the status line and the headers in such pieces too.
    """

    body: bytes = b""
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    length: int | None = None
    silence: float = 0.0
    piece: int = 0
    pause: float = 0.0
    is_head_slow: bool = False


Fault = Callable[[Reply], Reply]
"""Turns the honest reply into another; `pipelines.fake_providers.faults` has them."""


@dataclass(slots=True)
class _Armed:
    fault: Fault
    where: str
    left: int | None  # requests that it still spoils; None for ever


class _Server(ThreadingHTTPServer):
    """A server whose clients may hang up at any time, which is no news for the terminal."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say what went wrong, unless the client has gone."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class FakeServer:
    """A server on a free port of the loopback device, from construction to `close`.

    Attributes
    ----------
    base_url : str
        Such as ``http://127.0.0.1:41234``.
    log : list of Request
        Everything that was asked, in order of arrival.
    """

    def __init__(self, answer: Callable[[Request], Reply]) -> None:
        self.log: list[Request] = []
        self._answer = answer
        self._armed: list[_Armed] = []
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._server = _Server((LOOPBACK, 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.base_url = f"http://{LOOPBACK}:{self._server.server_port}"

    def arm(self, fault: Fault, where: str = "", times: int | None = None) -> None:
        """Spoil the next requests.

        Parameters
        ----------
        fault : callable
            From `pipelines.fake_providers.faults`.
        where : str
            Beginning of a path (with its slash), or a symbol; empty for every request.
        times : int or None
            Number of requests; None for all until `disarm`. Faults are used up in the order in which they were armed.
        """
        with self._lock:
            self._armed.append(_Armed(fault, where, times))

    def disarm(self) -> None:
        """Be honest again."""
        with self._lock:
            self._armed.clear()

    def requests(self, where: str = "") -> list[Request]:
        """Return the logged requests that concern a path or symbol."""
        with self._lock:
            return [request for request in self.log if not where or request.concerns(where)]

    def close(self) -> None:
        """Stop, and let go of every reply that is on its way."""
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _reply(self, request: Request) -> Reply:
        with self._lock:
            self.log.append(request)
            armed = next((one for one in self._armed if not one.where or request.concerns(one.where)), None)
            if armed and armed.left is not None:
                armed.left -= 1
                if not armed.left:
                    self._armed.remove(armed)
        reply = self._answer(request)
        return armed.fault(reply) if armed else reply

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_: object) -> None:
                """Keep the terminal clean."""

            def do_GET(self) -> None:
                """Answer."""
                parts = urlsplit(self.path)
                headers = {name.lower(): value for name, value in self.headers.items()}
                body = self.rfile.read(int(headers.get("content-length", "0")))
                query = dict(parse_qsl(parts.query, keep_blank_values=True))
                request = Request(self.command, unquote(parts.path), query, headers, body, time.monotonic())
                with suppress(OSError):  # the client has gone
                    outer._deliver(self, outer._reply(request))

            do_POST = do_GET  # noqa: N815

        return Handler

    def _deliver(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        if reply.silence and self._closing.wait(reply.silence):
            handler.close_connection = True
            return
        length = len(reply.body) if reply.length is None else reply.length
        handler.close_connection = length != len(reply.body) or bool(reply.piece)
        lines = {"Content-Type": reply.content_type, "Content-Length": str(length), **reply.headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
        start = f"HTTP/1.1 {reply.status} {handler.responses.get(reply.status, ('Fake',))[0]}\r\n{head}\r\n".encode()
        if reply.is_head_slow:
            self._send(handler, start + reply.body, reply)
        else:
            handler.wfile.write(start)
            self._send(handler, reply.body, reply)

    def _send(self, handler: BaseHTTPRequestHandler, content: bytes, reply: Reply) -> None:
        step = reply.piece or len(content) or 1
        for begin in range(0, len(content), step):
            handler.wfile.write(content[begin : begin + step])
            if reply.pause and self._closing.wait(reply.pause):
                return

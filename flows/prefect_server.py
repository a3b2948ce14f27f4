"""The Prefect API of one `reaction run`: the server that PREFECT_API_URL names, else a temporary one.

Prefect can start a temporary server by itself. This one is made for a command: it starts while the rest is imported,
Ctrl-C in the terminal does not reach it before the run has told it how it ended, it ends with the run however that ends
(its standard input closes), and what it prints goes to a file. Run as a program, this module is that server.
"""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.errors import ReactionError

HOST = "127.0.0.1"
STOP_SECONDS = 5.0
ANSWER_SECONDS = 10.0
_ERROR = re.compile(r"^[\w.]+Error: .+$", re.MULTILINE)
INSTEAD = "the same command with --no-prefect does the same without Prefect"


class PrefectUnavailableError(ReactionError):
    """Prefect's API cannot be started or does not answer; the pipeline can do without it."""


@contextmanager
def prefect_api(meanwhile: Callable[[], None]) -> Iterator[None]:
    """Have a Prefect API that answers while the block runs.

    Parameters
    ----------
    meanwhile : callable
        Called while a temporary server starts, which takes seconds on another core.

    Raises
    ------
    PrefectUnavailableError
        If there is none, or it stops answering.
    """
    import httpx
    from prefect.settings import get_current_settings

    chosen = get_current_settings()
    url = chosen.api.url
    try:
        if url is not None:
            _expect_answer(url)
            yield
            return
        if not chosen.server.ephemeral.enabled:
            raise PrefectUnavailableError(
                f"Prefect may not start a temporary server and PREFECT_API_URL is not set: set it, or {INSTEAD}"
            )
        with temporary_server(chosen.home) as server:
            url = server.url
            meanwhile()
            server.wait(chosen.server.ephemeral.startup_timeout_seconds)
            with _in_use(url):
                yield
    except httpx.HTTPError as error:
        raise PrefectUnavailableError(
            f"Prefect's API at {url} stopped answering: {_text(error)}. "
            f"`reaction status` shows how the run ended; {INSTEAD}"
        ) from error


def _expect_answer(url: str) -> None:
    from prefect.client.orchestration import get_client
    from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings

    with (
        temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}),
        get_client(sync_client=True, httpx_settings={"timeout": ANSWER_SECONDS}) as client,
    ):
        error = client.api_healthcheck()
    if error is not None:
        raise PrefectUnavailableError(
            f"Prefect's API at {url} (PREFECT_API_URL) does not answer: {_text(error)}. "
            f"Start it with `prefect server start`, or unset PREFECT_API_URL; {INSTEAD}"
        ) from error


def _text(error: Exception) -> str:
    return str(error).rstrip(".") or type(error).__name__


@contextmanager
def _in_use(url: str) -> Iterator[None]:
    """Point Prefect to a temporary server, and send what it still has to say before that goes."""
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker
    from prefect.settings import (
        PREFECT_API_URL,
        PREFECT_CLIENT_MAX_RETRIES,
        PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
        temporary_settings,
    )

    choices: dict[Any, Any] = {
        PREFECT_API_URL: url,
        PREFECT_CLIENT_MAX_RETRIES: 1,  # a server of this machine that went away does not come back
        PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None,  # nobody watches them here, and ending them takes a second
    }
    with temporary_settings(choices):
        try:
            yield
        finally:
            for worker in (EventsWorker, APILogWorker):
                worker.drain_all(timeout=STOP_SECONDS)


@dataclass(frozen=True, slots=True)
class Server:
    """A server in a process of its own."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    @property
    def url(self) -> str:
        """Return the address of its API."""
        return f"http://{HOST}:{self.port}/api"

    def wait(self, seconds: float) -> None:
        """Wait until the server answers.

        Raises
        ------
        PrefectUnavailableError
            If it ends, or stays silent for that long.
        """
        deadline = time.monotonic() + seconds
        while not self._answers():
            code = self.process.poll()
            if code is not None or time.monotonic() > deadline:
                what = f"did not answer within {seconds:g} s" if code is None else f"ended with exit code {code}"
                raise PrefectUnavailableError(
                    f"the temporary Prefect server {what}: {_reason(self.log)} ({self.log}); {INSTEAD}"
                )
            time.sleep(0.05)

    def stop(self) -> None:
        """Close the server's standard input, upon which it ends; kill it if it does not."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            self.process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=ANSWER_SECONDS)
        try:
            connection.request("GET", "/api/health")
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


@contextmanager
def temporary_server(home: Path) -> Iterator[Server]:
    """Start a server and end it with the block; its database is kept in Prefect's home."""
    log = home / "server.log"
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        port = listener.getsockname()[1]
        try:
            with log.open("wb") as output:
                process = _start(listener, output.fileno())
        except OSError as error:
            raise PrefectUnavailableError(
                f"the temporary Prefect server cannot start: {error.filename or log}: {error.strerror}; {INSTEAD}"
            ) from error
    server = Server(process, port, log)
    try:
        yield server
    finally:
        server.stop()


def _start(listener: socket.socket, output: int) -> subprocess.Popen[bytes]:
    ephemeral = {
        "PREFECT__SERVER_EPHEMERAL": "1",  # no schedules, no workers: what a run needs and no more
        "PREFECT__SERVER_FINAL": "1",
        "PREFECT_UI_ENABLED": "0",
        "PREFECT_SERVER_LOGGING_LEVEL": "ERROR",
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "ERROR",
    }
    return subprocess.Popen(  # noqa: S603 (this module itself)
        [sys.executable, "-P", "-m", __name__, str(listener.fileno())],
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=subprocess.STDOUT,
        pass_fds=[listener.fileno()],
        start_new_session=True,
        env=os.environ | ephemeral,
    )


def _reason(log: Path) -> str:
    """Return the line of the log that says most: the last error, else the last line."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        text = ""
    found = _ERROR.findall(text) or text.splitlines()
    return found[-1].strip() if found else "it printed nothing"


def _serve(descriptor: int) -> None:
    """Be the server until standard input closes."""
    threading.Thread(target=_end_with_input, daemon=True).start()
    import uvicorn

    config = uvicorn.Config(
        "prefect.server.api.server:create_app",
        factory=True,
        lifespan="on",
        log_level="error",
        timeout_graceful_shutdown=1,
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=descriptor)])


def _end_with_input() -> None:
    # Not through sys.stdin, whose lock a waiting thread would hold when the interpreter ends.
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(STOP_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    _serve(int(sys.argv[1]))

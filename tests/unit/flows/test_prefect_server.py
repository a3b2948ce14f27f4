"""The temporary Prefect server as a process: how its end and its silence are told, and the settings Prefect finds."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from flows import prefect_server, prefect_settings
from flows.prefect_server import PrefectUnavailableError, Server
from pipelines.errors import WarehouseError

LOG = """Traceback (most recent call last):
  File "server.py", line 1, in <module>
sqlalchemy.exc.OperationalError: (sqlite3.OperationalError) unable to open database file
(Background on this error at: https://sqlalche.me/e/20/e3q8)

12:00:00.000 | ERROR   | uvicorn.error - Application startup failed. Exiting.
"""


@pytest.fixture
def environment() -> Iterator[dict[str, str]]:
    """Give the test an environment without settings of Prefect."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "DO_NOT_TRACK"))}
    with patch.dict(os.environ, kept, clear=True):
        yield kept


@pytest.fixture
def port() -> Iterator[int]:
    """Return a port that nobody listens to."""
    with socket.socket() as claimed:
        claimed.bind(("127.0.0.1", 0))
        yield claimed.getsockname()[1]


def process(code: str) -> subprocess.Popen[bytes]:
    """Start a process that stands in for the server."""
    return subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)


@pytest.mark.parametrize(
    ("printed", "reason"),
    [
        (LOG, r"sqlalchemy\.exc\.OperationalError: \(sqlite3\.OperationalError\) unable to open database file"),
        ("Killed\n", "Killed"),
        ("", "it printed nothing"),
    ],
    ids=["an error", "a line", "nothing"],
)
def test_a_server_that_ends_says_why(tmp_path: Path, port: int, printed: str, reason: str) -> None:
    """When the server ends before it answers, the error has its exit code, its best line, and what to do instead."""
    log = tmp_path / "server.log"
    log.write_text(printed)
    with process("raise SystemExit(3)") as child:
        server = Server(child, port, log)
        with pytest.raises(PrefectUnavailableError, match=rf"ended with exit code 3: {reason}.*--no-prefect"):
            server.wait(30.0)


def test_a_server_that_does_not_answer_is_given_up(tmp_path: Path, port: int) -> None:
    """A server that runs and stays silent is waited for as long as the settings say."""
    with process("import sys; sys.stdin.read()") as child:
        server = Server(child, port, tmp_path / "server.log")
        with pytest.raises(PrefectUnavailableError, match=r"did not answer within 0\.2 s"):
            server.wait(0.2)
        server.stop()
        assert child.returncode == 0


def test_stopping_takes_a_server_that_will_not_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that goes on when its input closes is killed after a moment."""
    monkeypatch.setattr(prefect_server, "STOP_SECONDS", 0.2)
    with process("import time; time.sleep(60)") as child:
        Server(child, 0, tmp_path / "server.log").stop()
        assert child.returncode == -9


def test_prefect_lives_in_the_home_and_tells_nobody(tmp_path: Path, environment: dict[str, str]) -> None:
    """Prefect gets a folder of its own under a home that need not exist, no telemetry, and a quiet console."""
    prefect_settings.settle(tmp_path / "new" / "home")

    assert (tmp_path / "new" / "home" / "prefect").is_dir()
    settled = {name: os.environ[name] for name in os.environ.keys() - environment.keys()}
    assert settled["PREFECT_HOME"] == str(tmp_path / "new" / "home" / "prefect")
    assert settled["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    assert settled["DO_NOT_TRACK"] == "1"
    assert settled["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] == "CRITICAL"


def test_the_users_own_prefect_settings_stay(
    tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the environment says already is not changed."""
    del environment
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "mine"))
    monkeypatch.setenv("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "DEBUG")
    prefect_settings.settle(tmp_path / "home")

    assert os.environ["PREFECT_HOME"] == str(tmp_path / "mine")
    assert os.environ["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] == "DEBUG"
    assert not (tmp_path / "home").exists()


def test_a_home_that_cannot_be_made_is_named(tmp_path: Path, environment: dict[str, str]) -> None:
    """A folder that cannot be made is an error that names it and says what to do."""
    del environment
    (tmp_path / "file").touch()

    with pytest.raises(WarehouseError, match=r"file/home/prefect cannot be made: .*; set REACTION_HOME"):
        prefect_settings.settle(tmp_path / "file" / "home")

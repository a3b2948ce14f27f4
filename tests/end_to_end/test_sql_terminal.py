"""`reaction sql` on a terminal of its own: the prompt, records where columns do not fit, Parquet refused."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from pipelines.home import MARTS_FILE
from tests.running import COMMAND, ROOT, environment

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
WAIT_SECONDS = 60


class Terminal:
    """A command on a pseudo-terminal of 24 lines and 60 columns."""

    def __init__(self, home: Path, *arguments: str) -> None:
        self._screen, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
        self._command = subprocess.Popen(
            [sys.executable, "-c", COMMAND, *arguments],
            cwd=ROOT,
            env=environment(home) | {"TERM": "xterm", "PAGER": "cat"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509  # no threads here
        )
        os.close(theirs)

    def type(self, text: str) -> None:
        """Type a text."""
        os.write(self._screen, text.encode())

    def wait_for(self, pattern: str) -> str:
        """Return what is shown until a pattern is; fail if it never is."""
        shown, end = b"", time.monotonic() + WAIT_SECONDS
        while time.monotonic() < end:
            if not select.select([self._screen], [], [], 0.2)[0]:
                continue
            try:
                piece = os.read(self._screen, 65536)
            except OSError:
                break  # the command has ended
            if b"\x1b[6n" in piece:
                self.type("\x1b[1;1R")  # where the cursor is
            shown += piece
            text = ESCAPES.sub("", shown.decode(errors="replace"))
            if re.search(pattern, text):
                return text
        raise AssertionError(f"{pattern!r} was never shown: {ESCAPES.sub('', shown.decode(errors='replace'))!r}")

    def end(self) -> int:
        """Wait for the command and return its exit code."""
        try:
            return self._command.wait(WAIT_SECONDS)
        finally:
            self._command.kill()
            os.close(self._screen)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """Return a home with a small published file."""
    file = tmp_path / MARTS_FILE
    file.parent.mkdir()
    with duckdb.connect(str(file)) as connection:
        connection.execute("create table fct_small as select range as number_of_something from range(3)")
    return tmp_path


@pytest.mark.slow
def test_the_prompt_from_the_first_line_to_the_last(home: Path) -> None:
    """Without a query a terminal gets the prompt: completion by Tab, several lines, Ctrl-C in a query, .quit."""
    terminal = Terminal(home, "sql")
    terminal.wait_for("reaction>")
    terminal.type("select count(*) as n from fct_sm\t")
    terminal.wait_for("fct_small|all")
    terminal.type("\r where true;\r")
    assert "3" in terminal.wait_for(r"\(1 row\)")
    terminal.wait_for("reaction>")
    terminal.type("select count(*) from range(1000000000) a, range(1000000000) b where a.range * b.range = 7;\r")
    time.sleep(1.5)
    terminal.type("\x03")
    terminal.wait_for("stopped")
    terminal.type(".quit\r")
    assert terminal.end() == 0
    assert (home / "sql_history").stat().st_mode & 0o077 == 0


@pytest.mark.slow
def test_a_row_that_does_not_fit_is_shown_as_a_record(home: Path) -> None:
    """The terminal is 60 columns wide; the row is not."""
    terminal = Terminal(home, "sql", "select repeat('x', 40) as first, repeat('y', 40) as second")
    shown = terminal.wait_for(r"\(1 row\)")
    assert "── row 1 ──" in shown
    assert terminal.end() == 0


@pytest.mark.slow
def test_parquet_is_not_printed_on_a_terminal(home: Path) -> None:
    """It is binary; the message says where it can go."""
    terminal = Terminal(home, "sql", "from fct_small", "--format", "parquet")
    terminal.wait_for("name a file with --out, or use a pipe")
    assert terminal.end() == 2

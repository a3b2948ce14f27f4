"""Show long text page by page on a terminal, and as it is on a pipe."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence

LESS = "FRSX"
"""Options of less where the user has set none: end if it fits, scroll to the side, leave the screen as it is."""


def terminal_width() -> int | None:
    """Return the width of the terminal that is written to; None where it is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def show(lines: Sequence[str], *, paged: bool = True) -> None:
    """Print lines, through ``$PAGER`` (else less) where they do not fit on the terminal."""
    text = "".join(f"{line}\n" for line in lines)
    fits = len(lines) < shutil.get_terminal_size().lines
    if not paged or fits or not sys.stdout.isatty() or not _paged(text):
        sys.stdout.write(text)


def _paged(text: str) -> bool:
    """Hand a text to the pager; return whether there is one."""
    command = shlex.split(os.environ.get("PAGER", "less"))
    if not command or shutil.which(command[0]) is None:
        return False
    environment = {"LESS": LESS, "LESSCHARSET": "utf-8"} | os.environ
    sys.stdout.flush()
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the pager's
    try:
        subprocess.run(command, input=text.encode(), env=environment, check=False)  # noqa: S603  # the user's own
    finally:
        signal.signal(signal.SIGINT, before)
    return True

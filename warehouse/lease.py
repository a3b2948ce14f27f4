"""One writer at a time: a lock that the operating system takes back when its holder dies."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO

from pipelines.errors import WarehouseBusyError, WarehouseError

_ATTEMPTS = 5
"""Whoever asks for the holder has the lock for a moment; a run that starts just then tries again."""
_PAUSE_SECONDS = 0.05


@contextmanager
def lease(file: Path, *, now: datetime, what: str) -> Iterator[None]:
    """Hold the lock file while the block runs.

    Raises
    ------
    WarehouseBusyError
        If another process holds it; the message says which and since when.
    WarehouseError
        If the file cannot be written.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle = file.open("a+", encoding="utf-8")
    except OSError as error:
        raise WarehouseError(
            f"{file} cannot be written: {error.strerror}; set REACTION_HOME to a folder of yours"
        ) from error
    with handle:
        _lock(handle, file)
        handle.truncate(0)
        handle.write(json.dumps({"pid": os.getpid(), "since": now.isoformat(timespec="seconds"), "what": what}))
        handle.flush()
        yield


def _lock(handle: IO[str], file: Path) -> None:
    for _ in range(_ATTEMPTS):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_PAUSE_SECONDS)
        else:
            return
    raise WarehouseBusyError(f"{file.parent} is in use: {describe(file)}; wait for it, or stop it")


def holder(file: Path) -> str | None:
    """Return a description of the process that holds the lock, None if nobody does."""
    if not file.exists():
        return None
    with file.open("r", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return describe(file)
    return None


def describe(file: Path) -> str:
    """Return who wrote the lock file: command, process and time."""
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
        return f"{record['what']} by process {record['pid']} since {record['since']}"
    except (OSError, ValueError, KeyError):
        return "another process"

"""Tell whoever listens which stage of a run is at work."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar

Listener = Callable[[str, int, int], None]

listener: ContextVar[Listener | None] = ContextVar("listener", default=None)
"""Called with the name of each stage as it starts, how many stages are done, and how many there are."""


def announce(stage: str, done: int, total: int) -> None:
    """Tell the listener, if there is one."""
    hear = listener.get()
    if hear is not None:
        hear(stage, done, total)

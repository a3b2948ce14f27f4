"""Tell whoever listens which stage of a run is at work."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar

Listener = Callable[[str], None]

listener: ContextVar[Listener | None] = ContextVar("listener", default=None)
"""Called with the name of each stage as it starts, and with an empty text when the last one is done."""


def announce(stage: str) -> None:
    """Tell the listener, if there is one."""
    hear = listener.get()
    if hear is not None:
        hear(stage)

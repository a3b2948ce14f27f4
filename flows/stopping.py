"""Ctrl-C and SIGTERM: who hears them, and what they end in order."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@contextmanager
def stoppable() -> Iterator[None]:
    """Let SIGTERM end the block as Ctrl-C does, in order and with its record written; exit with 128 + the signal."""
    received: list[int] = []

    def stop(number: int, frame: object) -> None:
        del frame
        received.append(number)
        raise KeyboardInterrupt

    try:
        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    except ValueError:  # only the main thread hears signals
        yield
        return
    try:
        yield
    except BaseException as error:
        # DuckDB and Prefect may have turned the stop into an error of theirs.
        if received:
            print("stopped", file=sys.stderr)
            raise SystemExit(128 + received[0]) from error
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass(slots=True)
class Heard:
    """A signal that was heard."""

    event: threading.Event = field(default_factory=threading.Event)
    number: int | None = None


@contextmanager
def heard_stop() -> Iterator[Heard]:
    """Note SIGTERM and Ctrl-C instead of ending at once; the second one ends at once."""
    heard = Heard()

    def hear(number: int, frame: object) -> None:
        del frame
        if heard.event.is_set():
            raise KeyboardInterrupt
        heard.number = number
        heard.event.set()

    try:
        before = {number: signal.signal(number, hear) for number in (signal.SIGINT, signal.SIGTERM)}
    except ValueError:  # only the main thread hears signals
        yield heard
        return
    try:
        yield heard
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def stop_in(error: BaseException) -> BaseException | None:
    """Return the stop behind an error: DuckDB says "Query interrupted" and gives the stop as the cause."""
    return next(
        (item for item in (error, error.__cause__) if item is not None and not isinstance(item, Exception)), None
    )


@dataclass(slots=True)
class Swallowed:
    """A stop that hit a place whose errors Python drops, such as the end of an object."""

    stop: BaseException | None = None

    def raise_again(self) -> None:
        """Raise the stop, if one was dropped."""
        if self.stop is not None:
            raise self.stop


@contextmanager
def swallowed_stops() -> Iterator[Swallowed]:
    """Keep stops that would be printed as ignored and forgotten; the block decides when they count."""
    swallowed = Swallowed()
    before = sys.unraisablehook

    def keep(unraisable: sys.UnraisableHookArgs) -> None:
        error = unraisable.exc_value
        if error is None or isinstance(error, Exception):
            before(unraisable)
        else:
            swallowed.stop = error

    sys.unraisablehook = keep
    try:
        yield swallowed
    finally:
        sys.unraisablehook = before

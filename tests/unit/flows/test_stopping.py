"""Ctrl-C and SIGTERM: the block ends in order, the exit code says which it was, and none is lost."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable

import pytest

from flows.stopping import stop_in, stoppable, swallowed_stops
from pipelines.errors import SourceError

SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143)]


def plainly() -> None:
    """Wait for the signal."""
    time.sleep(10)


def as_an_error() -> None:
    """Turn the signal into another error, as DuckDB does in a query and Prefect around a task."""
    try:
        time.sleep(10)
    except KeyboardInterrupt as stop:
        raise RuntimeError("Query interrupted") from stop


@pytest.mark.parametrize(("number", "code"), SIGNALS, ids=["Ctrl-C", "SIGTERM"])
@pytest.mark.parametrize("work", [plainly, as_an_error])
def test_a_signal_ends_the_block_with_its_code(
    capsys: pytest.CaptureFixture[str], number: signal.Signals, code: int, work: Callable[[], None]
) -> None:
    """A stopped run cleans up, prints one word, and exits with 128 plus the signal, whatever the stop turned into."""
    cleaned = []
    threading.Timer(0.1, os.kill, (os.getpid(), number)).start()

    with pytest.raises(SystemExit) as left, stoppable():
        try:
            work()
        finally:
            cleaned.append(True)

    assert left.value.code == code
    assert cleaned == [True]
    assert capsys.readouterr().err == "stopped\n"


def test_other_errors_pass_and_handlers_come_back() -> None:
    """An error without a signal is passed on as it is, and afterwards signals do what they did before."""
    before = [signal.getsignal(number) for number, _ in SIGNALS]

    with pytest.raises(SourceError, match="unreadable"), stoppable():
        assert [signal.getsignal(number) for number, _ in SIGNALS] != before
        raise SourceError("unreadable")

    assert [signal.getsignal(number) for number, _ in SIGNALS] == before


def test_outside_the_main_thread_nothing_is_caught() -> None:
    """In another thread, which hears no signals, the block simply runs."""
    done: list[bool] = []

    def work() -> None:
        with stoppable():
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [True]


def test_a_stop_inside_a_query_is_a_stop() -> None:
    """DuckDB turns a stop into an error of its own whose cause is the stop; other errors are none."""
    stop = KeyboardInterrupt()
    interrupted = RuntimeError("Query interrupted")
    interrupted.__cause__ = stop
    chained = SourceError("unreadable")
    chained.__cause__ = OSError("disk")

    assert stop_in(stop) is stop
    assert stop_in(interrupted) is stop
    assert stop_in(chained) is None
    assert stop_in(RuntimeError("Query interrupted")) is None


class Ending:
    """An object that raises as it ends."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __del__(self) -> None:
        raise self.error


def test_a_stop_that_python_drops_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is raised as an object ends goes nowhere; a stop is kept until it is raised again, an error is shown."""
    shown: list[BaseException | None] = []
    monkeypatch.setattr("sys.unraisablehook", lambda unraisable: shown.append(unraisable.exc_value))
    error, stop = OSError("disk"), KeyboardInterrupt()

    with swallowed_stops() as swallowed:
        Ending(error)
        swallowed.raise_again()
        Ending(stop)
        with pytest.raises(KeyboardInterrupt) as raised:
            swallowed.raise_again()

    assert raised.value is stop
    assert shown == [error]
    Ending(stop)
    assert shown == [error, stop]

"""Ctrl-C and SIGTERM during `reaction run`: the block ends in order, and the exit code says which it was."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable

import pytest

from flows.cli.run import stoppable
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

"""Show how far a backfill is: a bar on a terminal, elsewhere a plain line every few seconds."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flows.backfill_tally import Tally

EVERY_SECONDS = 5.0
"""Time between two lines where there is no terminal."""

_WINDOW_SECONDS = 60.0
"""How far back the rate looks."""


class Pace:
    """Chunks a second over the last minute, and the time that the rest takes at that pace."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def note(self, now: float, n_ended: int) -> None:
        """Take in how many chunks have ended by a second."""
        self._seen.append((now, n_ended))
        while now - self._seen[0][0] > _WINDOW_SECONDS and len(self._seen) > 1:
            self._seen.popleft()

    @property
    def per_second(self) -> float:
        """Return the chunks a second, 0 as long as nobody can tell."""
        (begin, before), (end, now) = self._seen[0], self._seen[-1]
        return (now - before) / (end - begin) if end > begin else 0.0

    def left(self, n_left: int) -> str:
        """Return the time for so many chunks as a clock shows it."""
        if not self.per_second:
            return "--:--"
        seconds = round(n_left / self.per_second)
        hours, rest = divmod(seconds, 3600)
        clock = f"{rest // 60:02d}:{rest % 60:02d}"
        return f"{hours}:{clock}" if hours else clock


def line(tally: Tally, pace: Pace) -> str:
    """Return where a backfill is, without the bar."""
    pauses = "".join(f", {word} is left alone for {seconds:.0f} s" for word, seconds in tally.pauses.items())
    return (
        f"{tally.n_ended:,}/{tally.n_chunks:,} chunks, {pace.per_second:.1f}/s, "
        f"{pace.left(tally.n_chunks - tally.n_ended)} left, {tally.n_rows:,} rows, {tally.n_failed:,} failures{pauses}"
    )


@contextmanager
def progress(*, show: bool) -> Iterator[Callable[[Tally], None]]:
    """Yield what is to be called with every tally."""
    from flows.cli.output import console

    pace = Pace()
    if not show:
        yield lambda tally: None
    elif console(stderr=True).is_terminal:
        with _bar(pace) as hear:
            yield hear
    else:
        yield _lines(pace)


def _lines(pace: Pace) -> Callable[[Tally], None]:
    said_at = time.monotonic()

    def hear(tally: Tally) -> None:
        nonlocal said_at
        now = time.monotonic()
        pace.note(now, tally.n_ended)
        if now - said_at >= EVERY_SECONDS:
            said_at = now
            print(f"backfill: {line(tally, pace)}", file=sys.stderr, flush=True)

    return hear


@contextmanager
def _bar(pace: Pace) -> Iterator[Callable[[Tally], None]]:
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.table import Column

    from flows.cli.output import console

    # The words stay on one line whatever the width of the terminal; the bar has what they leave.
    words = TextColumn("{task.description}", table_column=Column(no_wrap=True, overflow="ellipsis"))
    columns = (SpinnerColumn(), BarColumn(bar_width=None), words, TimeElapsedColumn())
    with Progress(*columns, console=console(stderr=True), transient=True, expand=True) as bar:
        task = bar.add_task("starting", total=None)

        def hear(tally: Tally) -> None:
            pace.note(time.monotonic(), tally.n_ended)
            bar.update(task, description=line(tally, pace), completed=tally.n_ended, total=tally.n_chunks)

        yield hear

"""A moving bar on a terminal for whatever announces its stages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def progress(first: str, *, show: bool) -> Iterator[None]:
    """Show which stage is at work, on a terminal as a moving bar, elsewhere not at all."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from flows.cli.output import console
    from flows.progress import listener

    screen = console(stderr=True)
    columns = (TextColumn("{task.description:<16}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=screen, transient=True, disable=not (show and screen.is_terminal)) as bar:
        task = bar.add_task(first, total=None)

        def hear(stage: str, done: int, total: int) -> None:
            bar.update(task, description=stage, completed=done, total=total, refresh=True)

        token = listener.set(hear)
        try:
            yield
        finally:
            listener.reset(token)

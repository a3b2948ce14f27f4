"""Ask for a window of time in parts small enough for a provider that answers only so much at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from pipelines.sources.live import Outcome
from pipelines.sources.web.client import Page


@dataclass(frozen=True, slots=True)
class Parts:
    """The pages of a window.

    Attributes
    ----------
    pages : list of Page
        In the order of time; together they have the whole window, unless there is a failure.
    failure : Page or None
        The page that ended it. What came before it says nothing of the window as a whole.
    """

    pages: list[Page]
    failure: Page | None = None


def in_parts(
    first: int, last: int, ask: Callable[[int, int], Page], is_cut: Callable[[Page], bool], most_requests: int
) -> Parts:
    """Ask for a window, and halve what was cut until nothing is.

    Parameters
    ----------
    first, last : int
        Both included, in the smallest step of time that the provider tells apart. A window of one step is not halved:
        what is cut there cannot be had.
    ask : callable
        Takes first and last of a part.
    is_cut : callable
        Whether a page has less than there is.
    most_requests : int
        After which it is given up.
    """
    waiting = [(first, last)]
    pages: list[Page] = []
    made = 0
    while waiting:
        begin, end = waiting.pop()
        page = ask(begin, end)
        made += 1
        if page.outcome is not Outcome.OK:
            return Parts(pages, page)
        if not is_cut(page) or begin == end:
            pages.append(page)
            continue
        if made + len(waiting) + 2 > most_requests:
            reason = f"expected a window of at most {most_requests} requests, got a longer one; ask for parts of it"
            return Parts(pages, replace(page, outcome=Outcome.REFUSED, reason=reason, body=b""))
        middle = (begin + end) // 2
        waiting += [(middle + 1, end), (begin, middle)]
    return Parts(pages)

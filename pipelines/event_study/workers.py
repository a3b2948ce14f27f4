"""Do pieces of work on several threads; NumPy lets go of Python's lock, so they do run side by side."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_Item = TypeVar("_Item")
_Made = TypeVar("_Made")


def default_threads() -> int:
    """Return the processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_order(work: Callable[[_Item], _Made], items: Sequence[_Item], threads: int | None = None) -> list[_Made]:
    """Return work(item) for every item, in the order of the items whatever the number of threads."""
    n_threads = min(threads or default_threads(), len(items))
    if n_threads <= 1:
        return [work(item) for item in items]
    with ThreadPoolExecutor(n_threads) as pool:
        return list(pool.map(work, items))


def blocks(n: int, size: int) -> list[slice]:
    """Cut n rows into blocks of a size, at least one, so that no rows give empty results and not none."""
    return [slice(start, min(start + size, n)) for start in range(0, max(n, 1), size)]

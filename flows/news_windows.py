"""Which windows of time are missing of what is asked for, by what was answered before.

A watermark would forget the holes behind it. Here the answered windows themselves are laid side by side, and a poll
begins at the first hole; so one that was missed, that came late or came twice changes nothing but how much is asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TypeAlias

from flows.news_sources import Reach
from pipelines.sources.news import NewsRequest

Span: TypeAlias = tuple[datetime, datetime]
"""First and last instant of what was answered."""


def missing_since(spans: Iterable[Span], now: datetime, reach: Reach) -> datetime | None:
    """Return the instant from which on something is missing; None for a source without history.

    Parameters
    ----------
    spans : iterable of Span
        Windows that were answered, in any order.
    """
    if reach.first is None:
        return None
    horizon = now - reach.most
    ordered = sorted(spans)
    if not ordered:
        return max(now - reach.first, horizon)
    end = max(ordered[0][0], horizon)
    for first, last in ordered:
        if first > end:
            break
        end = max(end, last)
    return min(end, now)


def requests_for(query: str, spans: Iterable[Span], now: datetime, reach: Reach) -> list[NewsRequest]:
    """Return the requests that ask for what is missing of a query, the oldest first."""
    since = missing_since(spans, now, reach)
    if since is None:
        return [NewsRequest(query)]
    first = since - reach.overlap
    last = now + reach.ahead
    if reach.step is not None:
        return cut(query, first, last, reach.step)
    return [NewsRequest(query, first, last if reach.ahead else None)]


def cut(query: str, first: datetime, last: datetime, step: timedelta) -> list[NewsRequest]:
    """Return requests for a window in parts."""
    n_parts = -((first - last) // step)
    begins = [first + number * step for number in range(n_parts)]
    return [NewsRequest(query, begin, min(begin + step, last)) for begin in begins]

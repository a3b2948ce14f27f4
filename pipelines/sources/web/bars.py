"""From pages to answers of bars: what all sources that are asked over the web do alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

import polars as pl

from pipelines.sources.live import BAR_COLUMNS, Answer, BarsRequest, Listing, Outcome
from pipelines.sources.web.client import Page, WebClient
from pipelines.sources.web.judge import ShapeError

Row = tuple[date, datetime, float | None, float | None, float | None, float | None, float | None, float | None]
"""One bar, in the order of BAR_COLUMNS."""

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
STEPS: Final = {"1d": timedelta(days=1), "1h": timedelta(hours=1)}
"""Time from one bar to the next of a market that never closes, by interval."""

_KEPT = 4000  # characters of a body that could not be read


def unaskable(request: BarsRequest, intervals: Sequence[str]) -> str:
    """Return why a request cannot be sent to a source with these intervals; empty if it can."""
    if request.interval not in intervals:
        return f"expected an interval of {list(intervals)}, got {request.interval!r}"
    if request.first > request.last:
        return f"expected a first day that is not after the last, got {request.first} and {request.last}"
    return ""


def not_asked(request: BarsRequest, client: WebClient, reason: str) -> Answer:
    """Return the answer to a request that was not sent."""
    return Answer(request, Outcome.REFUSED, client.clock.now(), client.base_url, reason)


def failed(request: BarsRequest, page: Page, reason: str = "", outcome: Outcome | None = None) -> Answer:
    """Return the answer for a page that has no bars, by default with the page's own reason and outcome."""
    return Answer(
        request,
        outcome or page.outcome,
        page.fetched_at,
        page.url,
        reason or page.reason,
        body=page.body[:_KEPT].decode("utf-8", "replace"),
        extra={"status": str(page.status)},
    )


def answered(
    request: BarsRequest,
    page: Page,
    rows: Sequence[Row] | pl.DataFrame,
    listing: Listing,
    extra: Mapping[str, str] | None = None,
) -> Answer:
    """Return the answer for rows that were read; EMPTY if none of them lies in the days that were asked for.

    Rows of other days are left out and counted in ``extra["rows_outside"]``: some providers answer more than they are
    asked for, and what nobody asked for was not measured as a whole. A source that reads column by column gives a frame
    of BAR_COLUMNS.
    """
    frame = rows if isinstance(rows, pl.DataFrame) else pl.DataFrame(rows, schema=BAR_COLUMNS, orient="row")
    bars = frame.filter(pl.col("date").is_between(request.first, request.last)).sort("opened_at", maintain_order=True)
    facts = dict(extra or {})
    if bars.height < frame.height:
        facts["rows_outside"] = str(frame.height - bars.height)
    if bars.is_empty():
        days = f"{request.symbol} from {request.first} to {request.last}"
        reason = f"expected bars of {days}, got an answer without any"
        return Answer(request, Outcome.EMPTY, page.fetched_at, page.url, reason, listing=listing, extra=facts)
    return Answer(request, Outcome.OK, page.fetched_at, page.url, bars=bars, listing=listing, extra=facts)


def windows(request: BarsRequest, per_page: int) -> Iterator[tuple[datetime, datetime]]:
    """Yield the first and the last opening of each page, both included, for a market that never closes."""
    step = STEPS[request.interval]
    begin = midnight(request.first)
    end = midnight(request.last) + timedelta(days=1) - step
    while begin <= end:
        yield begin, min(begin + (per_page - 1) * step, end)
        begin += per_page * step


def midnight(day: date) -> datetime:
    """Return the beginning of a day in UTC: the stamp of a bar whose provider names nothing but the day."""
    return datetime.combine(day, time(), UTC)


def instant(stamp: Any, per_second: int) -> datetime:
    """Return the instant of a whole number of seconds, milliseconds or microseconds since 1970.

    Raises
    ------
    ShapeError
        If it is no whole number, or not within the years 1 to 9999.
    """
    if isinstance(stamp, bool) or not isinstance(stamp, int):
        raise ShapeError(f"expected an instant as a whole number, got {stamp!r:.60}")
    try:
        return EPOCH + timedelta(microseconds=stamp * (1_000_000 // per_second))
    except OverflowError as error:
        raise ShapeError(f"expected an instant, got {stamp!r:.60}, which no calendar has") from error


def number(cell: Any, missing: Sequence[str] = ()) -> float | None:
    """Return a cell as a number, None if it is left out.

    Parameters
    ----------
    cell : object
        A number, its text, or null.
    missing : sequence of str
        Texts that say that there is none.

    Raises
    ------
    ShapeError
        If it is neither. NaN and infinity are numbers here: the rules on rows judge them.
    """
    if cell is None or (isinstance(cell, str) and cell.strip() in missing):
        return None
    if isinstance(cell, bool) or not isinstance(cell, int | float | str):
        raise ShapeError(f"expected a number, got {cell!r:.60}")
    try:
        return float(cell)
    except (ValueError, OverflowError) as error:
        raise ShapeError(f"expected a number, got {cell!r:.60}") from error

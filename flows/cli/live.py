"""Show what became of the symbols of a live source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flows.news_store import Polled
    from flows.refreshing import Refreshed

SHOWN = 15
"""Symbols that are named in a table; the others are counted."""


def print_refreshed(refreshed: Sequence[Refreshed]) -> None:
    """Print a table of the symbols of each source that need a word, and what the calendars could not give."""
    from flows.cli.output import plain, print_table
    from flows.live import State
    from flows.rejected import WHERE

    for part in refreshed:
        told = sorted(
            (item for item in part.results.values() if item.reason), key=lambda item: not item.state.is_failure
        )
        if told:
            rows = [(item.symbol, str(item.state), item.reason) for item in told[:SHOWN]]
            more = f" ({len(told) - SHOWN} more not shown)" if len(told) > SHOWN else ""
            print_table(["symbol", "state", "what was found"], rows, title=f"{part.title}{more}")
        if any(item.state in (State.QUARANTINED, State.BROKEN) for item in told):
            print(WHERE)
        for text in part.warnings:
            print(f"calendar: {plain(text)}")
        for text in part.notes:
            print(f"{part.title}: {plain(text)}")


def refreshed_record(part: Refreshed) -> dict[str, Any]:
    """Return the same as a record for JSON."""
    return {
        "source": part.provider,
        "interval": part.interval,
        "requests": part.n_requests,
        "warnings": [*part.warnings, *part.notes],
        "symbols": [
            {
                "symbol": item.symbol,
                "state": str(item.state),
                "reason": item.reason,
                "verdict": str(item.judgement.verdict) if item.judgement else None,
                "ratio": item.judgement.ratio if item.judgement else None,
                "bars_new": item.n_new,
                "bars_revised": item.n_revised,
                "missing": [str(day) for day in item.missing],
            }
            for item in part.results.values()
        ],
    }


def polled_record(part: Polled) -> dict[str, Any]:
    """Return what became of the requests to a source of news as a record for JSON."""
    return {
        "source": part.source,
        "followed": part.n_objects,
        "requests": dict(part.outcomes),
        "items": part.n_found,
        "new": part.n_new,
        "reasons": part.reasons,
    }

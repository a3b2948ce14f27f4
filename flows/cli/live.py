"""Show what became of the symbols of a live source."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flows.refreshing import Refreshed

SHOWN = 15
"""Symbols that are named in a table; the others are counted."""


def print_refreshed(refreshed: Sequence[Refreshed]) -> None:
    """Print a line for each source, a table of the symbols that need a word, and what is lacking as a warning."""
    from flows.cli.output import plain, print_table

    for part in refreshed:
        print(plain(count_line(part)))
        told = sorted(
            (item for item in part.results.values() if item.reason), key=lambda item: not item.state.is_failure
        )
        if told:
            rows = [(item.symbol, str(item.state), item.reason) for item in told[:SHOWN]]
            more = f" ({len(told) - SHOWN} more not shown)" if len(told) > SHOWN else ""
            print_table(["symbol", "state", "what was found"], rows, title=f"{part.provider}{more}")
        for text in part.warnings:
            print(f"calendar: {plain(text)}")
        if part.failures:
            print(f"warning: {plain(part.complaint)}. Run again to ask for these alone")


def count_line(part: Refreshed) -> str:
    """Return in a line how many symbols ended how, and what was asked and stored for it."""
    states = Counter(str(item.state) for item in part.results.values())
    n_new = sum(item.n_new for item in part.results.values())
    n_revised = sum(item.n_revised for item in part.results.values())
    ended = ", ".join(f"{n:,} {state}" for state, n in sorted(states.items(), key=lambda item: (-item[1], item[0])))
    return f"{part.provider}: {part.n_requests:,} requests; {n_new:,} bars new, {n_revised:,} revised; symbols: {ended}"


def refreshed_record(part: Refreshed) -> dict[str, Any]:
    """Return the same as a record for JSON."""
    return {
        "source": part.provider,
        "requests": part.n_requests,
        "warnings": list(part.warnings),
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

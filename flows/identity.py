"""Whose history an answer is: the security's that is stored, or another one's that has its symbol now.

What the provider says decides where it leaves no doubt; else the answer is quarantined, and the message names the row
of a seed that would resolve it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Final

from flows.run import seeds_folder
from pipelines.identity import ACCEPTED_FILE, SYMBOLS_FILE, Exceptions, read_exceptions
from pipelines.restatements import Judgement, Remedy, Verdict

FIRST_TRADE: Final = timedelta(days=7)
"""How far the first trade that a provider names may lie before the first session that it has."""


@dataclass(frozen=True, slots=True)
class Reuse:
    """A symbol that another security has now.

    Attributes
    ----------
    last : date
        Last stored session of the security that had it.
    first : date
        First session of the one that has it.
    """

    last: date
    first: date
    reason: str


def known_exceptions() -> Exceptions:
    """Return the rows of the seeds on symbols and restatements; read anew when a file has changed.

    Raises
    ------
    ConfigurationError
        If a row is not valid.
    """
    folder = seeds_folder()
    stamps = tuple((folder / name).stat().st_mtime_ns for name in (SYMBOLS_FILE, ACCEPTED_FILE))
    return _read(folder, stamps)


@lru_cache(maxsize=4)
def _read(folder: Path, stamps: tuple[int, ...]) -> Exceptions:
    del stamps
    return read_exceptions(folder)


def find_reuse(
    exceptions: Exceptions, symbol: str, held: Sequence[date], came: Sequence[date], first_trade: date | None
) -> Reuse | str:
    """Tell whether a whole history that has none of the stored sessions is another security's.

    Parameters
    ----------
    held, came : sequence of date
        Sessions that are stored, and that came; both in order, no day in both.
    first_trade : date or None
        Day of the security's first trade, by the provider's word.

    Returns
    -------
    Reuse or str
        What is sure, or why nothing is and what to do.
    """
    last, first = held[-1], came[0]
    head = f"the history from {first} to {came[-1]} has none of the {len(held)} sessions stored to {last}"
    if first > last and first_trade is not None and last < first_trade <= first <= first_trade + FIRST_TRADE:
        return Reuse(last, first, f"{head}, and its first trade was on {first_trade}: another company's symbol now")
    before, now = exceptions.holder(symbol, last), exceptions.holder(symbol, first)
    if first > last and now is not None and (before is None or before.security_id != now.security_id):
        return Reuse(last, first, f"{head}: {now.security_id} by {SYMBOLS_FILE}")
    says = "names no first trade" if first_trade is None else f"names {first_trade} as the first trade"
    return (
        f"{head}: another company seems to trade under {symbol} now, but the provider {says}. If it is so, add to "
        f"sql/seeds/{SYMBOLS_FILE} `{symbol},{symbol}-OLD,,{last},delisting,,,EVIDENCE` and "
        f"`{symbol},{symbol},{first},,reuse,,,EVIDENCE`"
    )


def judged_by_people(exceptions: Exceptions, source: str, symbol: str, judgement: Judgement, day: date) -> Judgement:
    """Return a verdict of another unit as people have judged it: accepted, or with the row that would accept it.

    Only a whole move is: of a history of which a part comes in another unit, nothing can be made.
    """
    if judgement.verdict is not Verdict.UNIT_SWITCH or judgement.ratio is None:
        return judgement
    if len(judgement.days) < judgement.n_overlap:
        return judgement
    row = exceptions.accepts(source, symbol, judgement.ratio, day)
    if row is not None:
        reason = f"{judgement.reason}; accepted on {row.accepted_date} ({ACCEPTED_FILE}): {row.reason}"
        return replace(judgement, verdict=Verdict.BASIS_CHANGE, remedy=Remedy.REFETCH, reason=reason)
    factor = 100 if judgement.ratio > 1 else 0.01
    hint = (
        f"if the provider has changed the unit for good, add to sql/seeds/{ACCEPTED_FILE} "
        f"`{source},{symbol},{day},{factor},REASON,EVIDENCE`"
    )
    return replace(judgement, reason=f"{judgement.reason}; {hint}")

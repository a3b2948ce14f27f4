"""Ask a live source for what one symbol lacks, and decide what is to be stored of the answer.

The calendar says what is lacking; if it says nothing, nothing is asked. A request reaches back over sessions that are
stored, so that a restated history is seen; then the whole history is asked for once and stored as a vintage of its own.
Nothing here opens the warehouse: what is stored comes in, batches to store go out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

import polars as pl

from flows.identity import Reuse, find_reuse, judged_by_people, known_exceptions
from flows.restating import Fetched, batches
from pipelines.contracts import IDENTITY_ROWS, PRICE_ACTIONS
from pipelines.freshness import GRACE, OVERLAP_SESSIONS, Due, SortedBars, due_sessions, sort_bars
from pipelines.identity import Exceptions
from pipelines.restatements import Judgement, Remedy, Verdict, judge
from pipelines.sources.live import Answer, BarsRequest, BarsSource, Outcome
from warehouse.store import Incoming

MAY_LOSE: Final = 0.02
"""Share of the stored sessions that a whole history may lack; a history that lacks more was cut short."""

REST: Final = timedelta(minutes=15)
"""How long a provisional bar is fresh enough."""

REFUSED_REST: Final = timedelta(hours=20)
"""How long a symbol is left alone that the provider refused."""

BESIDE: Final = tuple(table.name for table in (PRICE_ACTIONS, *IDENTITY_ROWS))
"""Raw tables of what an answer says beside its bars."""

_SHOWN = 3


class State(StrEnum):
    """How a symbol ended; every symbol ends in exactly one."""

    UP_TO_DATE = "up to date"  # nothing was lacking, or nothing new came of a running session
    STORED = "stored"  # new or corrected bars are to be stored
    REFUSED = "refused"  # the provider does not have it, or its exchange is not known
    THROTTLED = "throttled"  # to be asked for again later
    BROKEN = "broken"  # the answer could not be read
    QUARANTINED = "quarantined"  # the answer contradicts what is stored; nothing of it is stored
    MISSING = "missing sessions"  # a session that is over did not come; what came is stored

    @property
    def is_failure(self) -> bool:
        """Whether something that should be there is not, and a later run may get it."""
        return self in (State.THROTTLED, State.BROKEN, State.QUARANTINED, State.MISSING)


@dataclass(frozen=True, slots=True)
class Asked:
    """What earlier requests for a symbol say, from the record of requests.

    Attributes
    ----------
    first : date or None
        First day of the longest request that was answered: what came before the stored bars does not exist.
    answered_at, refused_at : datetime or None
        Newest request that was answered, and that was refused.
    """

    first: date | None = None
    answered_at: datetime | None = None
    refused_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """One symbol: which sessions are wanted, and what is known of it before anything is asked.

    Attributes
    ----------
    first, last : date
        Sessions that are wanted, both included; without a last one up to now.
    sessions : DataFrame
        `session_date`, `open_at`, `close_at` of its exchange.
    stored : DataFrame
        What `warehouse.vintages.stored_bars` gives for the symbol: the whole newest vintage.
    assumed_from : date or None
        Day from which on `sessions` are weekdays that no calendar covers: nobody knows whether they must have a bar.
    exceptions : Exceptions
        What people know of symbols and restatements.
    """

    symbol: str
    first: date
    sessions: pl.DataFrame
    stored: pl.DataFrame
    last: date | None = None
    asked: Asked = field(default_factory=Asked)
    assumed_from: date | None = None
    exceptions: Exceptions = field(default_factory=known_exceptions)

    @property
    def is_whole(self) -> bool:
        """Whether the whole history is asked for: nothing is stored, or more is wanted than ever was."""
        held = self.held
        return not held or (self.first < held[0] and (self.asked.first is None or self.first < self.asked.first))

    @property
    def held(self) -> list[date]:
        """Return the sessions with a final bar, in order."""
        return self.stored["date"].to_list()

    def due(self, now: datetime, grace: timedelta = GRACE) -> Due:
        """Return what is lacking.

        A session that is still lacking when ten later ones are stored is a hole of the provider's history: it is asked
        for only when the whole history is.
        """
        held = self.held
        first = self.first if self.is_whole else max(self.first, held[-OVERLAP_SESSIONS:][0])
        return due_sessions(self.sessions, set(held), now, first=first, last=self.last, grace=grace)


@dataclass(frozen=True, slots=True)
class SymbolResult:
    """How it ended for one symbol.

    Attributes
    ----------
    reason : str
        In one sentence; empty if there is nothing to say.
    answers : tuple of Answer
        What was asked, in order: none, one, or the overlap and then the whole history.
    batches : tuple of Incoming
        What is to be stored.
    n_new, n_revised : int
        Final bars among them that are new, and that are stated otherwise than before.
    is_reuse : bool
        Whether the symbol is another security's now, and its history is stored as that.
    """

    symbol: str
    state: State
    reason: str = ""
    answers: tuple[Answer, ...] = ()
    batches: tuple[Incoming, ...] = ()
    judgement: Judgement | None = None
    missing: tuple[date, ...] = ()
    n_new: int = 0
    n_revised: int = 0
    is_reuse: bool = False


def fetch_symbol(source: BarsSource, wanted: Wanted, now: datetime, *, grace: timedelta = GRACE) -> SymbolResult:
    """Ask for what a symbol lacks, and for its whole history if that was restated.

    Parameters
    ----------
    source : BarsSource
        Who is asked; at most twice.
    wanted : Wanted
        What is wanted and what is stored.
    now : datetime
        Instant that decides which sessions are over.
    grace : timedelta
        How long after its close a session counts as over.

    Returns
    -------
    SymbolResult
        To be stored with `warehouse.store.append`; a symbol whose state is a failure loses nothing that was stored.
    """
    due = wanted.due(now, grace)
    rested = without_asking(wanted, now, grace=grace)
    if rested is not None:
        return rested
    first, last = due.days or (wanted.first, wanted.first)
    # What takes the place of a stored history must reach as far as that does, at both ends.
    whole = (min([wanted.first, *wanted.held[:1]]), max([last, *wanted.held[-1:]]))
    days = whole if wanted.is_whole else (first, last)
    answer = _ask(source, wanted, days)
    result = _weigh(source.name, wanted, due, answer, is_whole=wanted.is_whole, grace=grace)
    if result.judgement is None or result.judgement.remedy is not Remedy.REFETCH or wanted.is_whole:
        return result
    again = _ask(source, wanted, whole)
    second = _weigh(source.name, wanted, due, again, is_whole=True, grace=grace)
    reason = f"{result.judgement.reason}; asked for the whole history" + (f": {second.reason}" if second.reason else "")
    return SymbolResult(
        wanted.symbol,
        second.state,
        reason,
        (answer, again),
        second.batches,
        second.judgement if second.judgement and (second.state.is_failure or second.is_reuse) else result.judgement,
        second.missing,
        second.n_new,
        second.n_revised,
        is_reuse=second.is_reuse,
    )


def verify_symbol(source: BarsSource, wanted: Wanted, *, grace: timedelta = GRACE) -> SymbolResult:
    """Ask again for the whole history that is stored of a symbol, and see what of it is stated otherwise now.

    Returns
    -------
    SymbolResult
        What was revised is to be stored beside what was known; its judgement names the days.
    """
    answer = _ask(source, wanted, (wanted.held[0], wanted.held[-1]))
    return _weigh(source.name, wanted, Due((), None, ()), answer, is_whole=True, grace=grace)


def without_asking(wanted: Wanted, now: datetime, *, grace: timedelta = GRACE) -> SymbolResult | None:
    """Return the result of a symbol that need not be asked for; None if it must be."""
    due = wanted.due(now, grace)
    if due.is_complete:
        return SymbolResult(wanted.symbol, State.UP_TO_DATE)
    answered = wanted.asked.answered_at
    if not due.missing and answered is not None and timedelta() <= now - answered < REST:
        return SymbolResult(wanted.symbol, State.UP_TO_DATE, f"asked at {answered:%H:%M}Z, the session still runs")
    return left_alone(wanted.symbol, wanted.asked, now)


def left_alone(symbol: str, asked: Asked, now: datetime) -> SymbolResult | None:
    """Return the result of a symbol that was refused not long ago; None if it may be asked for."""
    refused, answered = asked.refused_at, asked.answered_at
    if refused is None or (answered is not None and answered > refused):
        return None
    if not timedelta() <= now - refused < REFUSED_REST:
        return None
    reason = f"refused at {refused:%Y-%m-%d %H:%M}Z; asked for again after {refused + REFUSED_REST:%Y-%m-%d %H:%M}Z"
    return SymbolResult(symbol, State.REFUSED, reason)


def _ask(source: BarsSource, wanted: Wanted, days: tuple[date, date]) -> Answer:
    return source.fetch(BarsRequest(wanted.symbol, *days))


def _weigh(
    source_name: str, wanted: Wanted, due: Due, answer: Answer, *, is_whole: bool, grace: timedelta
) -> SymbolResult:
    """Return what an answer is worth, and the batches that are to be stored of it."""
    symbol, answers = wanted.symbol, (answer,)
    failure = _FAILURES.get(answer.outcome)
    if failure is not None:
        return SymbolResult(symbol, failure, answer.reason, answers)
    found = sort_bars(
        answer.bars, wanted.sessions, answer.fetched_at, _expected(wanted, due, answer, is_whole=is_whole), grace=grace
    )
    strange = _shifted(answer.bars, wanted.sessions)
    if strange:
        return SymbolResult(symbol, State.QUARANTINED, strange, answers)
    fetched = _fetched(source_name, wanted, answer, found, is_whole=is_whole)
    judgement = judge(wanted.stored, fetched.bars, fetched.acted).get(symbol)
    if judgement is None:
        return _without_final_bars(symbol, found, answer)
    if is_whole and judgement.verdict is not Verdict.FIRST:
        fetched, judgement = _on_whole(wanted, fetched, judgement)
    judgement = judged_by_people(wanted.exceptions, fetched.provider, symbol, judgement, answer.fetched_at.date())
    if judgement.remedy is Remedy.QUARANTINE:
        return SymbolResult(symbol, State.QUARANTINED, judgement.reason, answers, judgement=judgement)
    return _to_store(wanted, fetched, judgement, found, answer)


_FAILURES: Final = {
    Outcome.REFUSED: State.REFUSED,
    Outcome.THROTTLED: State.THROTTLED,
    Outcome.BROKEN: State.BROKEN,
}


def _expected(wanted: Wanted, due: Due, answer: Answer, *, is_whole: bool) -> tuple[date, ...]:
    """Return the sessions that must come: of a whole history the last ones, and none before its first bar."""
    days = answer.bars["date"].drop_nulls().to_list()
    sure = tuple(day for day in due.missing if wanted.assumed_from is None or day < wanted.assumed_from)
    if not is_whole or not days:
        return sure
    begins = min(days)
    return tuple(day for day in sure if day >= begins)[-OVERLAP_SESSIONS:]


def _shifted(bars: pl.DataFrame, sessions: pl.DataFrame) -> str:
    """Return what is wrong if bars are dated by another clock than the exchange's; empty if none is.

    A stamp that opens one session cannot belong to a bar of another day.
    """
    opened = sessions.select(pl.col("open_at").alias("opened_at"), pl.col("session_date").alias("opens"))
    # Midnights of UTC open the sessions of a market that never closes, and are the stamp of who sends days alone.
    off = bars.join(opened, on="opened_at", how="inner").filter(
        pl.col("date") != pl.col("opens"), pl.col("opened_at").dt.time() != pl.time(0)
    )
    if off.is_empty():
        return ""
    row = off.row(0, named=True)
    return (
        f"the bar of {row['date']} was opened at {row['opened_at']:%Y-%m-%d %H:%M}Z, which opens the session of "
        f"{row['opens']}: {off.height} bars are dated by another clock than the exchange's"
    )


def _fetched(source_name: str, wanted: Wanted, answer: Answer, found: SortedBars, *, is_whole: bool) -> Fetched:
    return Fetched(
        provider=source_name.removesuffix("_prices"),
        symbol=wanted.symbol,
        url=answer.url,
        fetched_at=answer.fetched_at,
        final=found.final,
        provisional=found.provisional,
        actions=answer.actions,
        is_whole=is_whole,
        interval=answer.request.interval,
        listing=answer.listing,
    )


def _without_final_bars(symbol: str, found: SortedBars, answer: Answer) -> SymbolResult:
    """Return the result of an answer that has no bar with a price of a session that is over."""
    if found.missing:
        reason = _missing(found) + (f"; {answer.reason}" if answer.reason else "")
        return SymbolResult(symbol, State.MISSING, reason, (answer,), missing=found.missing)
    if found.final.height:
        reason = f"none of {found.final.height} bars has a price that is a positive number"
        return SymbolResult(symbol, State.QUARANTINED, reason, (answer,))
    return SymbolResult(symbol, State.UP_TO_DATE, "no session that is over came, and none was lacking", (answer,))


def _missing(found: SortedBars) -> str:
    days = ", ".join(str(day) for day in found.missing[:_SHOWN])
    more = f" and {len(found.missing) - _SHOWN} more" if len(found.missing) > _SHOWN else ""
    empty = f"; {found.n_empty} rows came without a close" if found.n_empty else ""
    return f"expected session missing: {days}{more}{empty}"


def _on_whole(wanted: Wanted, fetched: Fetched, judgement: Judgement) -> tuple[Fetched, Judgement]:
    """Return the verdict on a whole history, which must have what is stored.

    A few sessions may have gone: then the others tell what happened. A history that lacks many was cut short, and one
    that has none of them may be another company's, whose ticker it is now.
    """
    came = set(fetched.bars["date"].to_list())
    within = [day for day in wanted.held if day <= max(came)]
    lost = [day for day in within if day not in came]
    if len(lost) == len(wanted.held) and not fetched.is_hourly:
        found = find_reuse(wanted.exceptions, wanted.symbol, lost, sorted(came), fetched.listing.first_day)
        if isinstance(found, Reuse):
            remedy = replace(judgement, remedy=Remedy.REFETCH, reason=found.reason, days=tuple(lost), is_alert=True)
            return replace(fetched, reuse=found), remedy
        return fetched, _quarantine(judgement, found, lost)
    if len(lost) > max(1, MAY_LOSE * len(within)):
        reason = f"the whole history lacks {len(lost)} of {len(within)} sessions that are stored, {lost[0]} first"
        return fetched, _quarantine(judgement, reason, lost)
    if judgement.verdict is not Verdict.GAP:
        return fetched, judgement
    kept = wanted.stored.filter(pl.col("date").is_in(list(came)))
    return fetched, judge(kept, fetched.bars, fetched.acted)[wanted.symbol]


def _quarantine(judgement: Judgement, reason: str, days: Sequence[date]) -> Judgement:
    return Judgement(
        judgement.symbol, Verdict.GAP, Remedy.QUARANTINE, reason, judgement.n_overlap, None, tuple(days), is_alert=True
    )


def _to_store(
    wanted: Wanted, fetched: Fetched, judgement: Judgement, found: SortedBars, answer: Answer
) -> SymbolResult:
    """Return the batches of an answer that is sound."""
    stored = tuple(batches(fetched, wanted.stored, judgement))
    bars = {batch.kind: batch.rows.height for batch in stored if batch.source not in BESIDE}
    n_new, n_revised = bars.get("full", 0) + bars.get("append", 0), bars.get("revision", 0)
    state = State.STORED if n_new or n_revised else State.UP_TO_DATE
    says = "" if judgement.verdict in (Verdict.FIRST, Verdict.APPEND) else judgement.reason
    if found.missing:
        state, says = State.MISSING, "; ".join(part for part in (_missing(found), says) if part)
    is_reuse = fetched.reuse is not None
    return SymbolResult(
        wanted.symbol, state, says, (answer,), stored, judgement, found.missing, n_new, n_revised, is_reuse
    )

"""Fill one group of symbols: hand out chunks, take what comes, and commit rows, requests and ledger together."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import polars as pl

from flows.backfill_asking import Asker, Crew, Ended, Job
from flows.backfill_plan import Days, Lane
from flows.backfill_tally import FAILED, Tally, announce
from flows.live import State, Wanted
from flows.live_sessions import Sessions
from flows.rejected import rejected
from flows.restating import request_rows
from flows.run import Run, models
from pipelines.contracts import BACKFILL_CHUNKS
from pipelines.settings import Settings
from pipelines.sources.live import Outcome
from warehouse.chunks import Delivery, deliver
from warehouse.connection import open_file
from warehouse.models import Model
from warehouse.vintages import bars_of

AT_ONCE: Final = 64
"""Chunks that one commit may hold: some 20 MB of bars of twenty years."""

STOP_SECONDS: Final = 5.0
"""How long requests that are on their way are waited for when somebody wants the backfill to end."""

LOCK_SECONDS: Final = 30.0
"""How long a commit waits, at least, for somebody who reads the warehouse; what was fetched is worth it."""

_OUTCOMES: Final = {
    State.REFUSED: "refused",
    State.THROTTLED: "throttled",
    State.BROKEN: "broken",
    State.QUARANTINED: "quarantined",
}

_NOTHING: Final = pl.DataFrame(
    schema={
        "symbol": pl.String(),
        "date": pl.Date(),
        **dict.fromkeys(("open", "high", "low", "close", "adj_close", "volume"), pl.Float64()),
    }
)

Held = Mapping[tuple[str, str], pl.DataFrame]
"""What is stored, by source and symbol."""


@dataclass(slots=True)
class Desk:
    """What the groups of one backfill share.

    Attributes
    ----------
    sessions : Sessions
        Those of every exchange, from before the first day to now.
    stored : mapping
        Symbols of which something is stored, by source; grows with every commit.
    stop : Event
        Set when somebody wants the backfill to end.
    """

    run: Run
    askers: Mapping[str, Asker]
    sessions: Sessions
    stored: Mapping[str, set[str]]
    tally: Tally
    stop: threading.Event
    models: Sequence[Model] = field(default_factory=models)


def fill(group: Sequence[Lane], desk: Desk) -> int:
    """Ask for the chunks of some symbols and store them; return how many have ended.

    The chunks of a symbol follow one another: each is compared with what the one before it has stored. A chunk that
    fails ends its symbol for now.
    """
    left = {(lane.source, lane.symbol): list(lane.chunks) for lane in group}
    crew = Crew(desk.askers)
    try:
        crew.put(_jobs(desk, group, left))
        n_open, n_ended, deadline = len(group), 0, float("inf")
        while n_open and time.monotonic() < deadline:
            ended = crew.take(AT_ONCE)
            following = _commit(desk, ended)
            if desk.stop.is_set():
                following = []
                deadline = min(deadline, time.monotonic() + STOP_SECONDS)
            following = [lane for lane in following if left[lane.source, lane.symbol]]
            crew.put(_jobs(desk, following, left))
            n_open += len(following) - len(ended)
            n_ended += len(ended)
            desk.tally.pauses = {word: asker.pause for word, asker in desk.askers.items() if asker.pause}
            announce(desk.tally)
    finally:
        crew.leave(0.0 if desk.stop.is_set() else STOP_SECONDS)
    return n_ended


def _jobs(desk: Desk, lanes: Sequence[Lane], left: Mapping[tuple[str, str], list[Days]]) -> list[Job]:
    """Return the next chunk of each symbol, and take it off the list."""
    held = _held(desk, lanes)
    jobs = []
    for lane in lanes:
        key = (lane.source, lane.symbol)
        first, last = days = left[key].pop(0)
        sessions, assumed_from = desk.sessions.of(lane.mic)
        stored = held.get(key, _NOTHING)
        wanted = Wanted(lane.symbol, first, sessions, stored, last, assumed_from=assumed_from)
        jobs.append(Job(lane, days, wanted))
    return jobs


def _held(desk: Desk, lanes: Sequence[Lane]) -> Held:
    """Read what is stored of the symbols, those of which nothing is left out."""
    found: dict[tuple[str, str], pl.DataFrame] = {}
    for source in desk.askers:
        names = [lane.symbol for lane in lanes if lane.source == source and lane.symbol in desk.stored[source]]
        if names:
            settings = desk.run.settings
            bars = bars_of(settings.warehouse_file, desk.models, source, names, wait_seconds=_patience(settings))
            found.update({(source, symbol): frame for symbol, frame in bars.items()})
    return found


def _patience(settings: Settings) -> float:
    """Return how long another process's lock is waited for: a backfill is in no hurry."""
    return max(settings.lock_wait_seconds, LOCK_SECONDS)


def _commit(desk: Desk, ended: Sequence[Ended]) -> list[Lane]:
    """Store what has ended, in one transaction, and return the symbols that may go on."""
    asked = [one for one in ended if one.result is not None or one.error]
    if not asked:
        return []
    now = datetime.now(UTC)
    run, settings = desk.run, desk.run.settings
    batches = [batch for one in asked if one.result is not None for batch in one.result.batches]
    requests = [request_rows(run.run_id, one.job.lane.source, one.answers) for one in asked]
    chunks = [_chunk_row(run.run_id, one, now) for one in asked]
    delivery = Delivery(
        batches,
        pl.concat(requests),
        pl.DataFrame(chunks, schema=BACKFILL_CHUNKS.polars_schema, orient="row"),
        [rejected(run.run_id, one.job.lane.source, [one.result]) for one in asked if one.result is not None],
    )
    with open_file(settings.warehouse_file, wait_seconds=_patience(settings)) as connection:
        deliver(connection, delivery, run.run_id)
    for one in asked:
        _count(desk, one)
    return [one.job.lane for one in asked if outcome_of(one) not in FAILED]


def outcome_of(ended: Ended) -> str:
    """Return how a chunk ended, as a word of CHUNK_OUTCOMES."""
    if ended.result is None:
        return "broken"
    failed = _OUTCOMES.get(ended.result.state)
    if failed is not None:
        return failed
    is_empty = bool(ended.answers) and ended.answers[-1].outcome is Outcome.EMPTY
    return "empty" if is_empty else "ok"


def _reason(ended: Ended) -> str:
    return ended.error or (ended.result.reason if ended.result is not None else "")


def _n_rows(ended: Ended) -> int:
    return 0 if ended.result is None else ended.result.n_new + ended.result.n_revised


def _count(desk: Desk, ended: Ended) -> None:
    lane = ended.job.lane
    if ended.result is not None and ended.result.batches:
        desk.stored[lane.source].add(lane.symbol)
    desk.tally.sources[lane.source].count(
        lane.symbol, outcome_of(ended), _reason(ended), n_rows=_n_rows(ended), n_requests=len(ended.answers)
    )


def _chunk_row(run_id: str, ended: Ended, now: datetime) -> tuple[object, ...]:
    lane, (first, last) = ended.job.lane, ended.job.days
    reason = _reason(ended) or None
    counts = (len(ended.answers), _n_rows(ended))
    return (run_id, f"{lane.source}_prices", lane.symbol, first, last, outcome_of(ended), reason, *counts, now)

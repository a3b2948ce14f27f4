"""Ask for chunks on threads, one source beside another, and wait where a source says so."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from queue import Empty, SimpleQueue
from typing import Final

from flows.backfill_plan import Days, Lane
from flows.live import State, SymbolResult, Wanted, fetch_symbol
from pipelines.sources.live import Answer, BarsSource
from pipelines.sources.web.breaker import Patience
from pipelines.sources.web.manners import Manners

MOST_PAUSES: Final = 5
"""Pauses in a row, each twice as long as the one before, after which a source is given up: half an hour by default."""

MOST_THREADS: Final = 4
TICK: Final = 0.2
"""Seconds after which somebody who waits looks up."""


@dataclass(frozen=True, slots=True)
class Job:
    """One chunk to ask for, and what is known of its symbol."""

    lane: Lane
    days: Days
    wanted: Wanted


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended for one chunk.

    Attributes
    ----------
    result : SymbolResult or None
        None if nobody has asked: the source was given up, or somebody stopped the backfill.
    answers : tuple of Answer
        All that were had, those before a pause too.
    error : str
        What went wrong on our side; empty if nothing did.
    """

    job: Job
    result: SymbolResult | None
    answers: tuple[Answer, ...] = ()
    error: str = ""


class Asker:
    """Asks one source, on as many threads as its rate is worth.

    While the source throttles, its threads pause together; after `MOST_PAUSES` pauses without an answer between them
    it is given up.

    Parameters
    ----------
    manners : Manners
        Their rate and patience.
    grace : timedelta
        How long after its close a session counts as over.
    stop : Event
        Set when somebody wants the backfill to end.
    """

    def __init__(self, source: BarsSource, manners: Manners, grace: timedelta, stop: threading.Event) -> None:
        self.source = source
        self.n_threads = min(MOST_THREADS, max(1, math.ceil(2 * manners.rate.per_second)))
        self._patience: Patience = manners.patience
        self._grace = grace
        self._stop = stop
        self._lock = threading.Lock()
        self._n_pauses = 0
        self._paused_until = -math.inf
        self._n_busy = 0
        self.is_given_up = False

    @property
    def pause(self) -> float:
        """Return the seconds for which the source is still left alone."""
        return max(0.0, self._paused_until - time.monotonic())

    def close(self) -> None:
        """Give the source's connections back, unless a request hangs: that ends with the process."""
        with self._lock:
            if not self._n_busy:
                self.source.close()

    def ask(self, job: Job) -> Ended:
        """Ask for a chunk, again after each pause, until the source answers or is given up."""
        self._busy(1)
        try:
            return self._ask(job)
        finally:
            self._busy(-1)

    def _busy(self, change: int) -> None:
        with self._lock:
            self._n_busy += change

    def _ask(self, job: Job) -> Ended:
        result: SymbolResult | None = None
        answers: tuple[Answer, ...] = ()
        while self._may_ask():
            result = fetch_symbol(self.source, job.wanted, datetime.now(UTC), grace=self._grace)
            answers += result.answers
            if result.state is not State.THROTTLED:
                self._answered()
                break
            self._throttled()
        return Ended(job, result, answers)

    def _may_ask(self) -> bool:
        while self.pause and not self.is_given_up:
            if self._stop.wait(min(self.pause, TICK)):
                break
        return not self.is_given_up and not self._stop.is_set()

    def _answered(self) -> None:
        with self._lock:
            self._n_pauses = 0

    def _throttled(self) -> None:
        with self._lock:
            if self.pause:
                return  # another thread has heard it already
            self.is_given_up = self._n_pauses >= MOST_PAUSES
            seconds = min(self._patience.pause * 2.0**self._n_pauses, self._patience.longest_pause)
            self._paused_until = time.monotonic() + seconds
            self._n_pauses += 1


class Crew:
    """The threads of all sources, with a queue of jobs for each source and one for what has ended."""

    def __init__(self, askers: Mapping[str, Asker]) -> None:
        self._jobs: dict[str, SimpleQueue[Job | None]] = {word: SimpleQueue() for word in askers}
        self._ended: SimpleQueue[Ended] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, args=(asker, self._jobs[word]), name=f"{word}-{n}", daemon=True)
            for word, asker in askers.items()
            for n in range(asker.n_threads)
        ]
        for thread in self._threads:
            thread.start()

    def put(self, jobs: Sequence[Job]) -> None:
        """Let jobs be done."""
        for job in jobs:
            self._jobs[job.lane.source].put(job)

    def take(self, most: int) -> list[Ended]:
        """Return what has ended, waiting a moment for the first."""
        taken: list[Ended] = []
        with suppress(Empty):
            taken.append(self._ended.get(timeout=TICK))
            while len(taken) < most:
                taken.append(self._ended.get_nowait())
        return taken

    def leave(self, seconds: float) -> None:
        """Let the threads end, and wait for them so long; one that hangs in a request ends with the process."""
        for queue in self._jobs.values():
            for _ in self._threads:
                queue.put(None)
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _work(self, asker: Asker, jobs: SimpleQueue[Job | None]) -> None:
        while (job := jobs.get()) is not None:
            try:
                self._ended.put(asker.ask(job))
            except Exception as error:  # one symbol that cannot be understood must not cost the others
                self._ended.put(Ended(job, None, error=f"{type(error).__name__}: {error}"))

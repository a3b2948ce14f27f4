"""Fill the warehouse with the history of news: ask chunk by chunk, store with one writer, go on where it ended.

What a chunk brought, its request and its row of the ledger are committed together. So whatever ends a backfill, the
same command asks for exactly the chunks whose commit was not reached.
"""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from flows.backfill_asking import MOST_PAUSES, TICK
from flows.backfill_plan import Days
from flows.backfill_tally import SourceTally, Tally, announce
from flows.news import Job, answers_of, ask
from flows.news_backfill_plan import Chunk, NewsPlan, make_news_plan
from flows.news_ciks import Tickers, refresh_tickers, stored_tickers
from flows.news_sources import Known, news_manners, news_source
from flows.news_store import Answered, store_answers
from flows.run import Run
from flows.stopping import heard_stop
from pipelines.contracts import BACKFILL_CHUNKS
from pipelines.errors import SourceError
from pipelines.settings import Settings
from pipelines.sources.live import Outcome
from pipelines.sources.news import NewsSource
from pipelines.sources.web.breaker import Patience
from pipelines.sources.web.hosts import HOSTS, Hosts
from warehouse.chunks import done_days, record_chunks
from warehouse.connection import open_file, transaction
from warehouse.lease import lease
from warehouse.migrations import MIGRATIONS, migrate, schema_version
from warehouse.news_record import SOURCE, accepted_filings

LOCK_SECONDS: Final = 30.0
"""How long a commit waits, at least, for somebody who reads the warehouse; what was fetched is worth it."""


@dataclass(frozen=True, slots=True)
class NewsBackfilled:
    """What a backfill of news did."""

    run_id: str
    plan: NewsPlan
    tally: Tally

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to ask for."""
        return self.tally.n_left == 0


def plan_news_backfill(settings: Settings, words: Sequence[str], days: Days) -> NewsPlan:
    """Return what a backfill would ask for, without asking and without writing.

    Filers are those of the map of tickers that is stored; without one the SEC is not counted.
    """
    done: dict[tuple[str, str], list[Days]] = {}
    symbols: Mapping[int, Sequence[str]] = {}
    if settings.warehouse_file.exists():
        with open_file(settings.warehouse_file, read_only=True, wait_seconds=settings.lock_wait_seconds) as connection:
            if schema_version(connection) == len(MIGRATIONS):
                done = done_days(connection)
                symbols = stored_tickers(connection, settings)
    return make_news_plan(settings, words, days, symbols, done)


def run_news_backfill(settings: Settings, words: Sequence[str], days: Days, hosts: Hosts = HOSTS) -> NewsBackfilled:
    """Ask for every chunk that is not done and store what comes, one writer at a time.

    SIGTERM and Ctrl-C are obeyed between two commits: what has been answered is stored.

    Raises
    ------
    ConfigurationError
        If there is nothing to ask a source for, or it lacks what it needs.
    SourceError
        If the SEC's map of tickers does not come.
    WarehouseBusyError
        If a run or another backfill is in progress.
    """
    run = Run.start(settings, hosts=hosts)
    with lease(settings.lock_file, now=run.started_at, what="reaction backfill"), heard_stop() as heard:
        with open_file(settings.warehouse_file, wait_seconds=settings.lock_wait_seconds) as connection:
            migrate(connection)
            done = done_days(connection)
            accepted = accepted_filings(connection)
        symbols = _tickers(run).symbols if "edgar" in words else {}
        plan = make_news_plan(settings, words, days, symbols, done)
        tally = Tally({word: SourceTally(word, len(plan.of(word))) for word in plan.words}, plan.n_done)
        with ExitStack() as stack:
            known = Known(accepted=accepted, symbols=symbols)
            needed = [word for word in plan.words if plan.of(word)]
            sources = {word: stack.enter_context(closing(news_source(word, settings, known, hosts))) for word in needed}
            _fill(run, plan, sources, tally, heard.event)
    if heard.number is not None:
        signal.raise_signal(heard.number)
    return NewsBackfilled(run.run_id, plan, tally)


def _tickers(run: Run) -> Tickers:
    tickers = refresh_tickers(run.settings, run.run_id, run.started_at, run.hosts)
    if tickers.failure and not tickers.symbols:
        raise SourceError(f"the SEC's map of tickers: {': '.join(tickers.failure)}; run again later")
    return tickers


def _fill(run: Run, plan: NewsPlan, sources: Mapping[str, NewsSource], tally: Tally, stop: threading.Event) -> None:
    """Ask for the chunks and commit each as it ends."""
    chunks = {(chunk.word, chunk.request): chunk for chunk in plan.chunks}
    asker = Asker({word: news_manners(word, run.settings).patience for word in sources}, stop)
    jobs = [Job(chunk.word, chunk.request) for chunk in plan.chunks]
    with closing(answers_of(jobs, sources, run.hosts, asker.ask)) as answers:
        for answered in answers:
            if answered is not None:
                chunk = chunks[answered.word, answered.answer.request]
                n_new = _commit(run, chunk, answered)
                outcome, reason = answered.answer.outcome.value, answered.answer.reason
                told = "" if answered.is_measured else reason
                tally.sources[chunk.word].count(chunk.query, outcome, told, n_rows=n_new, n_requests=1)
            tally.pauses = asker.pauses
            announce(tally)


def _commit(run: Run, chunk: Chunk, answered: Answered) -> int:
    """Store a chunk's answer, its request and its row of the ledger, all of them or none; return the new items."""
    wait = max(run.settings.lock_wait_seconds, LOCK_SECONDS)
    with open_file(run.settings.warehouse_file, wait_seconds=wait) as connection, transaction(connection):
        (n_new,) = store_answers(connection, run.run_id, [answered])
        record_chunks(connection, _chunk_row(run.run_id, chunk, answered, n_new, run.hosts.clock.now()))
    return n_new


def _chunk_row(run_id: str, chunk: Chunk, answered: Answered, n_new: int, now: datetime) -> pl.DataFrame:
    row = {
        "run_id": run_id,
        "source": SOURCE,
        "object": chunk.object,
        "first_date": chunk.days[0],
        "last_date": chunk.days[1],
        "outcome": answered.answer.outcome.value,
        "reason": None if answered.is_measured else answered.answer.reason,
        "n_requests": 1,
        "n_rows": n_new,
        "finished_at": now,
    }
    return pl.DataFrame([row], schema=BACKFILL_CHUNKS.polars_schema)


class Asker:
    """Asks patiently: a source that throttles is left alone, each time twice as long, and is given up at last.

    Parameters
    ----------
    patience : mapping
        How long each source is left alone.
    stop : Event
        Set when somebody wants the backfill to end.
    """

    def __init__(self, patience: Mapping[str, Patience], stop: threading.Event) -> None:
        self._patience, self._stop = patience, stop
        self._n_pauses = dict.fromkeys(patience, 0)
        self._until = dict.fromkeys(patience, -math.inf)

    @property
    def pauses(self) -> dict[str, float]:
        """Return the seconds for which sources are still left alone."""
        left = {word: until - time.monotonic() for word, until in self._until.items()}
        return {word: seconds for word, seconds in left.items() if seconds > 0}

    def ask(self, source: NewsSource, job: Job, hosts: Hosts) -> Answered | None:
        """Ask for a chunk, again after each pause; None if nobody has asked, for the source was given up."""
        answered: Answered | None = None
        while self._n_pauses[job.word] <= MOST_PAUSES and not self._stop.is_set():
            answered = ask(source, job, hosts)
            if answered.answer.outcome is not Outcome.THROTTLED:
                self._n_pauses[job.word] = 0
                break
            self._pause(job.word)
        return answered

    def _pause(self, word: str) -> None:
        patience = self._patience[word]
        seconds = min(patience.pause * 2.0 ** self._n_pauses[word], patience.longest_pause)
        self._n_pauses[word] += 1
        if self._n_pauses[word] > MOST_PAUSES:
            return
        self._until[word] = time.monotonic() + seconds
        while time.monotonic() < self._until[word] and not self._stop.wait(TICK):
            pass

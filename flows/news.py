"""Ask the sources of news for what is missing, each at its own pace, with one writer.

How each request ended is stored together with what it brought, group by group: a run that is killed has lost one group
at most. A source that fails costs its own news alone.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from flows.news_ciks import refresh_tickers
from flows.news_sources import Known, news_queries, news_source, reach_of
from flows.news_store import Answered, Polled, object_name, store_answers
from flows.news_windows import requests_for
from flows.progress import announce
from pipelines.settings import Settings
from pipelines.sources.feeds_news import FeedsNews, Validators
from pipelines.sources.live import Outcome
from pipelines.sources.news import NewsAnswer, NewsRequest, NewsSource
from pipelines.sources.web.hosts import HOSTS, Hosts
from warehouse.connection import open_file, transaction
from warehouse.migrations import migrate
from warehouse.news_record import Asked, accepted_filings, asked_for_news, feed_validators

GROUP: Final = 25
"""Answers that are written together."""

THREADS: Final = {"feeds": 4}
"""Threads of a source, one if it is not named: feeds lie on many servers, each of which keeps its own pace."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Job:
    """One request to a source.

    Attributes
    ----------
    since : datetime or None
        For a source without history, its answer before.
    """

    word: str
    request: NewsRequest
    since: datetime | None = None


def refresh_news(settings: Settings, run_id: str, now: datetime, hosts: Hosts = HOSTS) -> tuple[Polled, ...]:
    """Ask each source that the settings name for what is missing, and store what is new.

    Raises
    ------
    ConfigurationError
        If there is nothing to ask a source for, or it lacks what it needs.
    WarehouseError
        If the warehouse cannot be read or written.
    """
    words: tuple[str, ...] = settings.news_sources
    if not words:
        return ()
    with open_file(settings.warehouse_file, wait_seconds=settings.lock_wait_seconds) as connection:
        migrate(connection)
        asked = asked_for_news(connection)
        validators = {address: Validators(*told) for address, told in feed_validators(connection).items()}
        accepted = accepted_filings(connection) if "edgar" in words else {}
    tickers = refresh_tickers(settings, run_id, now, hosts) if "edgar" in words else None
    known = Known(validators, accepted, tickers.symbols if tickers else {})
    queries = {word: news_queries(word, settings, known.symbols) for word in words}
    polled = {word: Polled(word, len(queries[word])) for word in words}
    if tickers is not None and tickers.failure:
        outcome, reason = tickers.failure
        polled["edgar"].outcomes[outcome] += 1
        polled["edgar"].reasons[outcome] = reason
    jobs = [job for word in words for job in jobs_for(word, queries[word], asked, now)]
    with ExitStack() as stack:
        sources = {word: stack.enter_context(closing(news_source(word, settings, known, hosts))) for word in words}
        writer = Writer(settings, run_id, sources, polled)
        answers = stack.enter_context(closing(answers_of(jobs, sources, hosts, ask)))
        writer.all(answers)
    return tuple(polled.values())


def jobs_for(word: str, queries: Sequence[str], asked: Asked, now: datetime) -> list[Job]:
    """Return the requests that ask for what is missing of each query."""
    found: list[Job] = []
    for query in queries:
        name = object_name(word, query)
        since = asked.answered_at.get(name)
        requests = requests_for(query, asked.spans.get(name, ()), now, reach_of(word, query))
        found += [Job(word, request, since) for request in requests]
    return found


def answers_of(
    jobs: Sequence[Job], sources: Mapping[str, NewsSource], hosts: Hosts, ask: Callable[[NewsSource, Job, Hosts], T]
) -> Generator[T, None, None]:
    """Yield what comes of each request as it ends, the sources beside one another; whoever stops listening stops them.

    Parameters
    ----------
    ask : callable
        Asks a source once, or as often as it takes.
    """
    words = list(dict.fromkeys(job.word for job in jobs))
    pools = {word: ThreadPoolExecutor(THREADS.get(word, 1), thread_name_prefix=f"asking-{word}") for word in words}
    try:
        futures: list[Future[T]] = [pools[job.word].submit(ask, sources[job.word], job, hosts) for job in jobs]
        announce("asking for news", 0, len(jobs))
        for done, future in enumerate(as_completed(futures), 1):
            yield future.result()
            announce("asking for news", done, len(jobs))
    finally:
        for pool in pools.values():
            pool.shutdown(wait=False, cancel_futures=True)
        for pool in pools.values():
            pool.shutdown()


def ask(source: NewsSource, job: Job, hosts: Hosts) -> Answered:
    """Ask once; what goes wrong on our side is an answer that could not be read, and costs no other request."""
    try:
        answer = source.fetch(job.request)
    except Exception as error:  # one answer that cannot be understood must not cost the others
        place = traceback.extract_tb(error.__traceback__)[-1]
        reason = f"expected an answer that can be read, got {type(error).__name__} in {place.name}"
        answer = NewsAnswer(job.request, Outcome.BROKEN, hosts.clock.now(), "", reason)
    return Answered(job.word, answer, job.since)


class Writer:
    """The one writer: stores answers and the record of requests, a group at a time."""

    def __init__(
        self, settings: Settings, run_id: str, sources: Mapping[str, NewsSource], polled: Mapping[str, Polled]
    ) -> None:
        self._settings, self._run_id, self._sources, self._polled = settings, run_id, sources, polled

    def all(self, answers: Generator[Answered, None, None]) -> None:
        """Store answers as they come, and what came before a stop too."""
        waiting: list[Answered] = []
        try:
            for answered in answers:
                waiting.append(answered)
                if len(waiting) == GROUP:
                    group, waiting = waiting, []
                    self.write(group)
        finally:
            self.write(waiting)

    def write(self, answers: Sequence[Answered]) -> None:
        """Store some answers, all of them or none."""
        if not answers:
            return
        settings = self._settings
        with (
            open_file(settings.warehouse_file, wait_seconds=settings.lock_wait_seconds) as connection,
            transaction(connection),
        ):
            counts = store_answers(connection, self._run_id, answers)
        for answered, n_new in zip(answers, counts, strict=True):
            self._polled[answered.word].count(answered, n_new)
            source = self._sources[answered.word]
            if isinstance(source, FeedsNews):
                source.stored(answered.answer)

"""Keep the prices of a live source up to date: many symbols asked for at once, one writer.

What is stored of a symbol, and how each request for it ended, is written group by group, so that a run that is killed
has lost one group at most, and the next one asks only for what is lacking.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import ClassVar, Final

import polars as pl

from flows.listings import Listings, mic_of, wanted_symbols
from flows.live import Asked, State, SymbolResult, Wanted, fetch_symbol, left_alone, without_asking
from flows.live_sessions import Sessions
from flows.live_sources import live_source
from flows.progress import announce
from flows.rejected import WHERE, rejected
from flows.restating import request_rows, stored_as
from flows.run import models
from pipelines.contracts import PRICE_ACTIONS, PROVIDER_LISTINGS
from pipelines.contracts.vocabulary import LIVE_SOURCES
from pipelines.errors import SourceError
from pipelines.settings import Settings
from pipelines.sources.live import BarsRequest, BarsSource, Outcome
from pipelines.sources.web.hosts import HOSTS, Hosts
from warehouse.connection import open_file, transaction
from warehouse.live_record import asked_before, said_exchanges
from warehouse.migrations import migrate
from warehouse.rejected import keep
from warehouse.store import StoreResult, append, record_requests
from warehouse.vintages import open_history, stored_bars

WORKERS: Final = 4
"""Symbols that are asked for at once; a source keeps its own pace, whoever asks."""

GROUP: Final = 25
"""Symbols whose answers are written together."""

VALUED: Final = ("fred",)
"""Sources whose answers are values of series, which are no prices."""

PROBED: Final = timedelta(days=14)
"""Days of bars that are asked for to learn where an unknown symbol is listed."""

UNLISTED_REST: Final = timedelta(hours=12)
"""How long a symbol is left alone whose calendar only the provider knows."""

NO_BARS = pl.DataFrame(
    schema={"symbol": pl.String, "date": pl.Date}
    | dict.fromkeys(("open", "high", "low", "close", "adj_close", "volume"), pl.Float64)
)
_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What became of every symbol of a source.

    Attributes
    ----------
    results : dict
        By symbol, in the order in which they were wanted.
    stored : StoreResult
        Batches that were new.
    usable : frozenset of str
        Symbols that have stored bars now, of this run or an earlier one.
    warnings : tuple of str
        What the calendars could not give.
    interval : str
        Time of a bar, "1d" or "1h".
    is_compared : bool
        Whether the source is asked only to hold its prices against those of the run's own.
    notes : tuple of str
        What the source could not give of what was wanted.
    """

    provider: str
    results: Mapping[str, SymbolResult]
    stored: StoreResult
    usable: frozenset[str]
    warnings: tuple[str, ...] = ()
    interval: str = "1d"
    is_compared: bool = False
    notes: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Return the word of the source, and the interval of its bars where that is no day."""
        return self.provider if self.interval == "1d" else f"{self.provider} {self.interval}"

    @property
    def failures(self) -> list[SymbolResult]:
        """Return the symbols that lack something which a later run may get."""
        return [result for result in self.results.values() if result.state.is_failure]

    @property
    def complaint(self) -> str:
        """Return what is lacking in one sentence, the first few symbols with their reasons; empty if nothing is."""
        failures = self.failures
        named = "; ".join(f"{result.symbol} {result.state}: {result.reason}" for result in failures[:_NAMED])
        more = f"; and {len(failures) - _NAMED} more" if len(failures) > _NAMED else ""
        kept = any(result.state in (State.QUARANTINED, State.BROKEN) for result in failures)
        more += f"; {WHERE}" if kept else ""
        of = f"{len(failures)} of {len(self.results)} symbols of {LIVE_SOURCES[self.provider]} lack {self._lacking}"
        return f"{of}: {named}{more}" if failures else ""

    @property
    def _lacking(self) -> str:
        if self.provider in VALUED:
            return "values"
        return "prices" if self.interval == "1d" else "prices of hours"

    @property
    def sentence(self) -> str:
        """Return how many symbols ended how, and what was asked and stored for it."""
        states = Counter(str(item.state) for item in self.results.values())
        n_new = sum(item.n_new for item in self.results.values())
        n_revised = sum(item.n_revised for item in self.results.values())
        ended = ", ".join(f"{n:,} {state}" for state, n in sorted(states.items(), key=lambda item: (-item[1], item[0])))
        bars = f"{n_new:,} {'values' if self.provider in VALUED else 'bars'} new, {n_revised:,} revised"
        return f"{self.title}: {self.n_requests:,} requests; {bars}; symbols: {ended}"

    @property
    def n_requests(self) -> int:
        """Return how many questions were asked, repetitions of one not counted."""
        return sum(len(result.answers) for result in self.results.values())

    @property
    def inputs(self) -> tuple[tuple[str, str], ...]:
        """Return the objects that a run reads: what is usable, and with the bars of days what is said beside them."""
        table = f"{self.provider}_prices"
        names = [symbol for symbol in self.results if symbol in self.usable]
        if self.interval != "1d":
            return tuple(stored_as(self.provider, symbol, self.interval) for symbol in names)
        beside = (PRICE_ACTIONS.name, PROVIDER_LISTINGS.name)
        return tuple(
            pair for symbol in names for pair in ((table, symbol), *((kind, f"{table}:{symbol}") for kind in beside))
        )

    def symbols(self, state: State) -> list[str]:
        """Return the symbols that ended so."""
        return [symbol for symbol, result in self.results.items() if result.state is state]


def refresh_all(settings: Settings, run_id: str, now: datetime, hosts: Hosts = HOSTS) -> tuple[Refreshed, ...]:
    """Refresh the source that the settings name, and the one it is compared with.

    Raises
    ------
    SourceError
        If not one symbol of the source itself can be used; the message says why.
    """
    refreshed = refresh(settings, settings.source, run_id, now, hosts=hosts)
    if not refreshed.usable:
        none = f"no session from {settings.start} on is over"
        reasons = "; ".join(
            f"{item.symbol} {item.state}: {item.reason or none}" for item in [*refreshed.results.values()][:_NAMED]
        )
        raise SourceError(f"no price of {LIVE_SOURCES[settings.source]} can be used: {reasons}")
    other = settings.compare_with
    if other is None or other == settings.source:
        return (refreshed,)
    served = set(Listings.load(settings).served_by(other))
    both = [symbol for symbol in refreshed.results if symbol in served]
    compared = refresh(settings, other, run_id, now, hosts=hosts, symbols=both)
    return (refreshed, replace(compared, is_compared=True))


def refresh(
    settings: Settings,
    provider: str,
    run_id: str,
    now: datetime,
    *,
    hosts: Hosts = HOSTS,
    symbols: Sequence[str] | None = None,
) -> Refreshed:
    """Ask a live source for what its symbols lack, and store it.

    Parameters
    ----------
    provider : str
        A word of LIVE_SOURCES.
    run_id : str
        Run that stores.
    now : datetime
        Instant that decides which sessions are over.
    hosts : Hosts
        Limiters, breakers and the clock of what is asked.
    symbols : sequence of str, optional
        Instead of those of the settings.

    Raises
    ------
    ConfigurationError
        If there are no symbols, or an address or exchange is not valid.
    WarehouseError
        If the warehouse cannot be read or written.
    """
    listings = Listings.load(settings)
    names = list(symbols) if symbols is not None else wanted_symbols(settings, provider, listings)
    return carry_out(
        Work(settings, provider, listings, Sessions(settings, settings.start, now), now, hosts), names, run_id
    )


def carry_out(work: Work, names: Sequence[str], run_id: str) -> Refreshed:
    """Find out what becomes of symbols, and store it.

    Raises
    ------
    ConfigurationError
        If an address or exchange is not valid.
    WarehouseError
        If the warehouse cannot be read or written.
    """
    settings = work.settings
    with open_file(settings.warehouse_file, wait_seconds=settings.lock_wait_seconds) as connection:
        migrate(connection)
        words = said_exchanges(connection, work.provider)
    work = replace(work, listings=work.listings.with_words(words))
    held, asked = work.known()
    writer = Writer(settings, work.provider, run_id)
    with closing(work.results(names, held, asked)) as found:  # a stop ends what is still to be asked at once
        results = dict(writer.all(found))
    usable = {symbol for symbol in names if symbol in held} | writer.symbols
    return Refreshed(
        work.provider,
        {name: results[name] for name in names},
        writer.total,
        frozenset(usable),
        tuple(work.sessions.warnings),
        work.interval,
    )


@dataclass(frozen=True, slots=True)
class Work:
    """What is needed to find out what becomes of a symbol; it asks and writes nothing down."""

    settings: Settings
    provider: str
    listings: Listings
    sessions: Sessions
    now: datetime
    hosts: Hosts
    interval: ClassVar[str] = "1d"

    def known(self) -> tuple[dict[str, pl.DataFrame], dict[str, Asked]]:
        """Return what is stored of each symbol, and what was asked of it."""
        path, table = self.settings.warehouse_file, f"{self.provider}_prices"
        with open_history(path, models(), price_source=self.provider) as connection:
            bars = stored_bars(connection, self.provider)
            rows = asked_before(connection, table).rows()
        held = bars.partition_by("symbol", as_dict=True, maintain_order=True)
        return {str(key[0]): frame for key, frame in held.items()}, {row[0]: Asked(*row[1:]) for row in rows}

    def results(
        self, names: Sequence[str], held: Mapping[str, pl.DataFrame], asked: Mapping[str, Asked]
    ) -> Generator[SymbolResult, None, None]:
        """Yield what becomes of each symbol, as it becomes known: what needs no question first."""
        open_names = []
        for name in names:
            mic = self.listings.mic(name)
            wanted = self.wanted(name, mic, held, asked) if mic else None
            if wanted:
                done = without_asking(wanted, self.now, grace=self.settings.grace)
            else:
                done = self._unlisted(name, asked.get(name, Asked()))
            if done is None:
                open_names.append((name, wanted))
            else:
                yield done
        if open_names:
            with closing(live_source(self.provider, self.settings, self.hosts)) as source:
                jobs = [
                    partial(self.ask, source, wanted)
                    if wanted
                    else partial(self._probe, source, name, lambda name, mic: self.wanted(name, mic, held, asked))
                    for name, wanted in open_names
                ]
                yield from in_threads(jobs, f"asking {LIVE_SOURCES[self.provider]}")

    def _unlisted(self, name: str, asked: Asked) -> SymbolResult | None:
        """Return the result of a symbol without a known exchange that was asked for not long ago."""
        if asked.answered_at is not None and timedelta() <= self.now - asked.answered_at < UNLISTED_REST:
            reason = f"asked at {asked.answered_at:%H:%M}Z; its exchange is not in sql/seeds/securities.csv"
            return SymbolResult(name, State.UP_TO_DATE, reason)
        return left_alone(name, asked, self.now)

    def wanted(self, name: str, mic: str, held: Mapping[str, pl.DataFrame], asked: Mapping[str, Asked]) -> Wanted:
        """Return what is wanted of a symbol of an exchange, with what is stored of it and was asked for."""
        sessions, assumed_from = self.sessions.of(mic)
        return Wanted(
            name,
            self.settings.start,
            sessions,
            held.get(name, NO_BARS),
            asked=asked.get(name, Asked()),
            assumed_from=assumed_from,
        )

    def ask(self, source: BarsSource, wanted: Wanted) -> SymbolResult:
        """Ask for what a symbol lacks."""
        return fetch_symbol(source, wanted, self.now, grace=self.settings.grace)

    def _probe(self, source: BarsSource, name: str, wanted: Callable[[str, str], Wanted]) -> SymbolResult:
        """Ask where a symbol is listed that the seeds do not know, then for its prices."""
        today = self.now.date()
        answer = source.fetch(BarsRequest(name, today - PROBED, today))
        if answer.outcome not in (Outcome.OK, Outcome.EMPTY):
            state = {Outcome.REFUSED: State.REFUSED, Outcome.THROTTLED: State.THROTTLED}.get(answer.outcome)
            return SymbolResult(name, state or State.BROKEN, answer.reason, (answer,))
        mic = mic_of(answer.listing)
        if mic is None:
            says = answer.listing.exchange or "nothing"
            reason = (
                f"its exchange is not known, and {LIVE_SOURCES[self.provider]} calls it {says!r}: "
                "add a row to sql/seeds/securities.csv, or name it with --exchange"
            )
            return SymbolResult(name, State.REFUSED, reason, (answer,))
        result = self.ask(source, wanted(name, mic))
        note = f"on {mic}, by the provider's word; add it to sql/seeds/securities.csv"
        reason = f"{result.reason}; {note}" if result.reason else note
        return replace(result, reason=reason, answers=(answer, *result.answers))


def in_threads(jobs: Sequence[Callable[[], SymbolResult]], title: str) -> Generator[SymbolResult, None, None]:
    """Yield the results of jobs as they end; whoever stops listening stops them."""
    pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="asking")
    try:
        futures: list[Future[SymbolResult]] = [pool.submit(job) for job in jobs]
        announce(title, 0, len(jobs))
        for done, future in enumerate(as_completed(futures), 1):
            yield future.result()
            announce(title, done, len(jobs))
    finally:
        pool.shutdown(cancel_futures=True)


class Writer:
    """The one writer: stores batches and the record of requests, a group of symbols at a time."""

    def __init__(self, settings: Settings, provider: str, run_id: str) -> None:
        self._settings, self._provider, self._run_id = settings, provider, run_id
        self.symbols: set[str] = set()
        self.total = StoreResult(0, 0, 0)

    def all(self, results: Iterable[SymbolResult]) -> Iterator[tuple[str, SymbolResult]]:
        """Store results as they come, and what came before a stop too; pass them on."""
        waiting: list[SymbolResult] = []
        try:
            for result in results:
                waiting += [result] if result.answers else []
                if len(waiting) == GROUP:
                    group, waiting = waiting, []
                    self._write(group)
                yield result.symbol, result
        finally:
            self._write(waiting)

    def _write(self, results: Sequence[SymbolResult]) -> None:
        if not results:
            return
        batches = [batch for result in results for batch in result.batches]
        answers = [answer for result in results for answer in result.answers]
        settings = self._settings
        with (
            open_file(settings.warehouse_file, wait_seconds=settings.lock_wait_seconds) as connection,
            transaction(connection),
        ):
            new = append(connection, batches, self._run_id)
            record_requests(connection, request_rows(self._run_id, self._provider, answers))
            keep(connection, rejected(self._run_id, self._provider, results))
        total = self.total
        self.total = StoreResult(total.n_new + new.n_new, total.n_known + new.n_known, total.n_rows + new.n_rows)
        self.symbols |= {result.symbol for result in results if result.n_new}

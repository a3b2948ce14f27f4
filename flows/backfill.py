"""Fill the warehouse with histories: ask on threads, judge, store with one writer, go on where it ended.

A chunk's rows, its requests and its ledger row are committed together. So whatever ends a backfill, the same command
asks for exactly the chunks whose commit was not reached, and asking for them twice stores nothing twice.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import duckdb

from flows.backfill_asking import Asker
from flows.backfill_group import LOCK_SECONDS, Desk, fill
from flows.backfill_plan import Plan, Scope, checked_scope, make_plan
from flows.backfill_tally import Tally
from flows.listings import Listings
from flows.live_sessions import Sessions
from flows.live_sources import base_url, live_source, manners
from flows.record import State, record, run_row
from flows.run import Run
from flows.stopping import Heard, heard_stop
from pipelines.errors import WarehouseError
from pipelines.settings import Settings
from pipelines.sources.live import BarsSource
from pipelines.sources.web.manners import Manners
from warehouse.chunks import done_days, objects_with_vintage
from warehouse.connection import open_file
from warehouse.lease import lease
from warehouse.migrations import MIGRATIONS, schema_version

FLOW: Final = "backfill"
"""Name of the flow in the record of runs."""

_BEFORE = timedelta(days=40)
"""How far calendars reach before the first day."""

MakeSource = Callable[[str, Settings], tuple[BarsSource, Manners]]


@dataclass(frozen=True, slots=True)
class Backfilled:
    """What a backfill did."""

    run_id: str
    plan: Plan
    tally: Tally

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to ask for."""
        return self.tally.n_left == 0


def make_source(word: str, settings: Settings) -> tuple[BarsSource, Manners]:
    """Return a live source and the manners it is asked with."""
    return live_source(word, settings), source_manners(word, settings)


def source_manners(word: str, settings: Settings) -> Manners:
    """Return the manners with which a source is asked."""
    from pipelines.sources import binance_prices, coinbase_prices, fred_prices, nasdaq_prices, yahoo_source

    modules = {
        "yahoo": yahoo_source,
        "nasdaq": nasdaq_prices,
        "coinbase": coinbase_prices,
        "binance": binance_prices,
        "fred": fred_prices,
    }
    return manners(modules[word].MANNERS, base_url(word, settings))


def plan_backfill(settings: Settings, scope: Scope) -> Plan:
    """Return what a backfill would ask for, without asking and without writing.

    Raises
    ------
    ConfigurationError
        If the scope cannot be filled.
    """
    checked = checked_scope(scope, datetime.now(UTC))
    done: dict[tuple[str, str], list[tuple[date, date]]] = {}
    if settings.warehouse_file.exists():
        with open_file(settings.warehouse_file, read_only=True, wait_seconds=settings.lock_wait_seconds) as connection:
            if schema_version(connection) == len(MIGRATIONS):
                done = done_days(connection)
    return make_plan(checked, Listings.load(settings), done)


def plainly(work: Callable[..., Any], *args: Any) -> Any:
    """Call a function directly."""
    return work(*args)


def run_backfill(
    settings: Settings, scope: Scope, call: Callable[..., Any] = plainly, make: MakeSource = make_source
) -> Backfilled:
    """Ask for every chunk that is not done and store what comes, one writer at a time.

    SIGTERM and Ctrl-C are obeyed between two commits: what has been answered is stored, and the signal goes on to
    whoever else listens.

    Parameters
    ----------
    call : callable
        Applies `fill` to its arguments, once for each group of symbols; the Prefect flow makes it a task.
    make : callable
        Makes a source by its word.

    Raises
    ------
    ConfigurationError
        If the scope cannot be filled.
    WarehouseBusyError
        If a run or another backfill is in progress.
    """
    run = Run.start(settings)
    checked_scope(scope, run.started_at)
    with lease(settings.lock_file, now=run.started_at, what="reaction backfill"), heard_stop() as heard:
        _record(run, scope, State("running"))
        try:
            done = _fill_all(run, scope, heard, call, make)
        except BaseException as error:
            _record_failure(run, scope, error)
            raise
        _record(run, scope, _ended(done, is_stopped=heard.event.is_set()))
    if heard.number is not None:
        signal.raise_signal(heard.number)
    return done


def _fill_all(run: Run, scope: Scope, heard: Heard, call: Callable[..., Any], make: MakeSource) -> Backfilled:
    """Ask for every chunk that is not done, group by group."""
    settings = run.settings
    with open_file(settings.warehouse_file, wait_seconds=settings.lock_wait_seconds) as connection:
        stored = {word: objects_with_vintage(connection, f"{word}_prices") for word in scope.sources}
    plan = plan_backfill(settings, scope)
    with ExitStack() as closing:
        askers = {word: _asker(word, settings, make, heard, closing) for word in _words(plan)}
        sessions = Sessions(settings, scope.first - _BEFORE, run.started_at)
        desk = Desk(run, askers, sessions, stored, Tally.of(plan), heard.event)
        for group in plan.groups():
            if not heard.event.is_set():
                call(fill, group, desk)
    return Backfilled(run.run_id, plan, desk.tally)


def _record(run: Run, scope: Scope, state: State) -> None:
    record(run, run_row(run, FLOW, ",".join(scope.sources), state), wait_seconds=LOCK_SECONDS)


def _record_failure(run: Run, scope: Scope, error: BaseException) -> None:
    state = State("failed", datetime.now(UTC), f"{type(error).__name__}: {error}")
    # A warehouse that cannot take the record must not hide why the backfill failed.
    with suppress(WarehouseError, duckdb.Error, OSError):
        _record(run, scope, state)


def _ended(done: Backfilled, *, is_stopped: bool) -> State:
    """Return how a backfill ended, with its counts."""
    tally = done.tally
    status = "done" if done.is_complete else "partial"
    stopped = "stopped by a signal; " if is_stopped and not done.is_complete else ""
    return State(
        status,
        datetime.now(UTC),
        stopped + tally.sentence,
        n_requests=sum(one.n_requests for one in tally.sources.values()),
        n_rows=tally.n_rows,
    )


def _words(plan: Plan) -> list[str]:
    """Return the sources that something is left to be asked of."""
    return [word for word in plan.scope.sources if any(lane.source == word for lane in plan.lanes)]


def _asker(word: str, settings: Settings, make: MakeSource, heard: Heard, closing: ExitStack) -> Asker:
    source, polite = make(word, settings)
    asker = Asker(source, polite, settings.grace, heard.event)
    closing.callback(asker.close)
    return asker

"""``reaction backfill``: histories of prices and of news from live sources, to be stopped and continued at will."""

from __future__ import annotations

import logging
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

if TYPE_CHECKING:
    from flows.backfill import Backfilled
    from flows.backfill_plan import Load, Plan, Scope
    from flows.news_backfill import NewsBackfilled
    from pipelines.settings import Settings

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
SHOWN = 15
"""Symbols that are named; the others are counted."""


def backfill(
    *,
    first: Annotated[str, Parameter(name="--from")],
    last: Annotated[str | None, Parameter(name="--to")] = None,
    symbols: tuple[str, ...] = (),
    sources: str = "yahoo",
    chunk: int = 365,
    exchange: str | None = None,
    dry_run: Annotated[bool, Parameter(negative="")] = False,
    use_prefect: Annotated[bool, Parameter(name="--prefect")] = True,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> None:
    """Fill the warehouse with the history of many symbols, or of news, from live sources.

    It can be stopped at any moment: the same command goes on with the first chunk that was not stored, and asks for
    nothing twice that is. `reaction run --source yahoo` then studies what is stored. Bars are those of days; bars of an
    hour come with `reaction run --hourly`, which asks for all that the source has of them.

    Exit codes: 0 all is done, 1 something is left (the same command asks for it again), 2 wrong usage.

    ```
    reaction backfill --from 2005-01-01 --to 2024-12-31 --symbols universe.txt --dry-run
    reaction backfill --from 2005-01-01 --to 2024-12-31 --symbols universe.txt
    reaction backfill --from 2015-01-01 --symbols NVDA,BTC-USD --sources yahoo,coinbase --no-prefect
    reaction backfill --from 2000-01-01 --symbols VIXCLS,DGS10 --sources fred
    reaction backfill --from 2024-12-01 --to 2025-01-31 --sources edgar,hackernews,arxiv
    ```

    Parameters
    ----------
    first
        First day, such as 2005-01-01.
    last
        Last day, by default the last one that is over everywhere.
    symbols
        Symbols with commas between them, or a file with one a line; by default those of the settings, else all that
        the sources can serve. `fred:DGS10` is asked of that source alone.
    sources
        Words of live sources with commas between them: yahoo, nasdaq, coinbase, binance, fred. Or of news: edgar,
        gdelt, hackernews, huggingface, arxiv, which are asked for what the settings name, without Prefect.
    chunk
        Days of a chunk where a source gives no whole histories (coinbase, binance).
    exchange
        Exchange (MIC, such as XNYS) of symbols that nothing else tells the exchange of.
    dry_run
        Show how much there is to ask and how long it takes; ask nothing and write nothing.
    use_prefect
        Run as a Prefect flow with a task for every 64 symbols. Without, the same is done in this process alone.
    as_json
        Print the result as JSON.
    """
    from flows.backfill_plan import read_day
    from flows.news_backfill_plan import is_of_news
    from pipelines.settings import load_settings

    overrides: dict[str, Any] = {"exchange": exchange} if exchange else {}
    settings = load_settings(**overrides)
    days = (read_day("--from", first), read_day("--to", last) if last else None)
    words = _words(sources)
    if is_of_news(words):
        _backfill_news(settings, words, days, dry_run=dry_run, as_json=as_json)
        return
    scope = _scope(settings, days, symbols, words, chunk)
    if dry_run:
        _show_plan(settings, scope, as_json=as_json)
        return
    done = _with_progress(settings, overrides, scope, use_prefect=use_prefect, show=not as_json)
    _report(done, as_json=as_json)
    if not done.is_complete:
        raise SystemExit(1)


def _words(sources: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word.strip() for word in sources.split(",") if word.strip()))


def _backfill_news(
    settings: Settings, words: tuple[str, ...], days: tuple[date, date | None], *, dry_run: bool, as_json: bool
) -> None:
    from flows.cli.backfill_news import fill, show_plan

    if dry_run:
        show_plan(settings, words, days, as_json=as_json)
        return
    done = fill(settings, words, days, show=not as_json)
    _report(done, as_json=as_json)
    if not done.is_complete:
        raise SystemExit(1)


def _scope(
    settings: Settings, days: tuple[date, date | None], symbols: tuple[str, ...], words: tuple[str, ...], chunk: int
) -> Scope:
    from datetime import UTC, datetime

    from flows.backfill_plan import Scope, checked_scope, newest_day, wanted_of

    now = datetime.now(UTC)
    first, last = days[0], days[1] or newest_day(now)
    checked_scope(Scope(first, last, words, ("any",), chunk), now)
    return checked_scope(Scope(first, last, words, wanted_of(settings, words, symbols), chunk), now)


def _with_progress(
    settings: Settings, overrides: dict[str, Any], scope: Scope, *, use_prefect: bool, show: bool
) -> Backfilled:
    from flows.backfill_tally import listener
    from flows.cli.backfill_progress import progress
    from flows.stopping import stoppable

    with stoppable(), progress(show=show) as hear:
        token = listener.set(hear)
        try:
            return _with_prefect(settings, overrides, scope) if use_prefect else _alone(settings, scope)
        finally:
            listener.reset(token)


def _alone(settings: Settings, scope: Scope) -> Backfilled:
    from flows.backfill import run_backfill

    return run_backfill(settings, scope)


def _with_prefect(settings: Settings, overrides: dict[str, Any], scope: Scope) -> Backfilled:
    from flows import prefect_settings

    prefect_settings.settle(settings.home)
    logging.raiseExceptions = False  # a log that Prefect's API does not take is no news for the terminal
    from flows.prefect_server import prefect_api

    with prefect_api(meanwhile=_import_heavy):
        from flows.backfill_flow import backfill as flow

        return flow(
            first=scope.first,
            last=scope.last,
            symbols=list(scope.symbols),
            sources=list(scope.sources),
            chunk=scope.chunk_days,
            settings=overrides,
        )


def _import_heavy() -> None:
    import flows.backfill_flow  # noqa: F401


def _show_plan(settings: Settings, scope: Scope, *, as_json: bool) -> None:
    from flows.backfill import plan_backfill, source_manners
    from flows.cli.output import plain, print_json, print_table

    plan = plan_backfill(settings, scope)
    loads = [plan.load(word, source_manners(word, settings).rate.per_second) for word in scope.sources]
    seconds = max((load.seconds for load in loads), default=0.0)
    if as_json:
        print_json(_plan_record(plan, loads, seconds))
        return
    rows = [(one.source, one.n_symbols, one.n_chunks, one.n_requests, duration(one.seconds)) for one in loads]
    title = f"{scope.first} to {scope.last}: {plan.n_chunks:,} chunks to ask for, {plan.n_done:,} done already"
    print_table(["source", "symbols", "chunks", "requests", "at least"], rows, title=title)
    for source, symbol in plan.unlisted:
        print(f"{source} {plain(symbol)}: its exchange is not known; name one with --exchange")
    print(f"expected time: {duration(seconds)}, as fast as the sources allow; nothing was asked")


def _plan_record(plan: Plan, loads: list[Load], seconds: float) -> dict[str, object]:
    scope = plan.scope
    return {
        "from": scope.first,
        "to": scope.last,
        "chunks": plan.n_chunks,
        "done": plan.n_done,
        "requests": sum(load.n_requests for load in loads),
        "seconds": round(seconds, 1),
        "unlisted": [f"{source}:{symbol}" for source, symbol in plan.unlisted],
        "sources": [
            {
                "source": load.source,
                "symbols": load.n_symbols,
                "chunks": load.n_chunks,
                "requests": load.n_requests,
                "seconds": round(load.seconds, 1),
            }
            for load in loads
        ],
    }


def _report(done: Backfilled | NewsBackfilled, *, as_json: bool) -> None:
    from flows.cli.output import plain, print_json, print_table
    from flows.rejected import WHERE
    from pipelines.contracts.vocabulary import REJECTED

    tally = done.tally
    names = ("ok", "empty", "refused", "throttled", "broken", "quarantined")
    if as_json:
        print_json(
            {
                "run_id": done.run_id,
                "status": "done" if done.is_complete else "partial",
                "chunks": tally.n_chunks,
                "done_before": tally.n_done_before,
                "left": tally.n_left,
                "rows": tally.n_rows,
                "sources": [
                    {"source": one.source, "chunks": one.n_chunks, "requests": one.n_requests, "rows": one.n_rows}
                    | {name: one.outcomes[name] for name in names}
                    | {"reasons": one.reasons}
                    | {"symbols": {outcome: list(symbols) for outcome, symbols in one.symbols.items()}}
                    for one in tally.sources.values()
                ],
            }
        )
        return
    rows = [
        (one.source, one.n_chunks, *(one.outcomes[name] for name in names), one.n_chunks - one.n_ended, one.n_rows)
        for one in tally.sources.values()
    ]
    formats = {"chunks": "{:,}", "ok": "{:,}", "rows": "{:,}"}
    print_table(["source", "chunks", *names, "not asked", "rows"], rows, formats=formats)
    for one in tally.sources.values():
        for outcome, reason in one.reasons.items():
            print(f"{one.source}, first {outcome}: {plain(reason)}{_others(list(one.symbols[outcome])[1:])}")
    if any(one.outcomes[name] for one in tally.sources.values() for name in REJECTED):
        print(WHERE)
    before = f" ({tally.n_done_before:,} were done before)" if tally.n_done_before else ""
    if done.is_complete:
        print(f"done: {tally.n_chunks:,} chunks, {tally.n_rows:,} rows{before}")
    else:
        print(
            f"partial: {tally.n_left:,} of {tally.n_chunks:,} chunks are left{before}; the same command asks for them"
        )


def _others(symbols: list[str]) -> str:
    """Return the symbols that ended as the first one did, some of them if they are many."""
    from flows.cli.output import plain

    if not symbols:
        return ""
    more = f" and {len(symbols) - SHOWN:,} more, see --json" if len(symbols) > SHOWN else ""
    return f"; so did {', '.join(plain(symbol) for symbol in symbols[:SHOWN])}{more}"


def duration(seconds: float) -> str:
    """Return a time as people say it."""
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE:.0f} min {seconds % _MINUTE:02.0f} s"
    if seconds < _DAY:
        return f"{seconds // _HOUR:.0f} h {seconds % _HOUR // _MINUTE:02.0f} min"
    return f"{seconds // _DAY:.0f} d {seconds % _DAY // _HOUR:02.0f} h"

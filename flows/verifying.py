"""Hold stored history of live sources against what the providers state now.

A poll asks again for the last sessions alone, so what a provider corrects long after is seen here: the whole history of
a sample of symbols is asked for, those first whose last whole answer is the oldest, so that repeated sweeps go through
all. What is stated otherwise is stored beside what was known; nothing that was known changes.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from typing import Final

import polars as pl

from flows.listings import Listings
from flows.live import Asked, State, SymbolResult, verify_symbol
from flows.live_sessions import Sessions
from flows.live_sources import live_source
from flows.refreshing import Work, Writer, in_threads
from flows.run import models
from pipelines.contracts.vocabulary import LIVE_SOURCES
from pipelines.errors import NothingPublishedError
from pipelines.restatements import Verdict
from pipelines.settings import Settings
from pipelines.sources.web.hosts import HOSTS, Hosts
from warehouse.connection import open_file
from warehouse.lease import lease
from warehouse.live_record import answered_from
from warehouse.migrations import migrate
from warehouse.vintages import open_history, stored_bars

SAMPLE: Final = 20
"""Symbols of a sweep, unless another number is given."""

DIFFERENCES: Final[dict[str, pl.DataType]] = {
    "source": pl.String(),
    "symbol": pl.String(),
    "session_date": pl.Date(),
    "stored_close": pl.Float64(),
    "close": pl.Float64(),
    "stored_volume": pl.Float64(),
    "volume": pl.Float64(),
    "close_change": pl.Float64(),
}


@dataclass(frozen=True, slots=True)
class Verified:
    """What a sweep of one source found.

    Attributes
    ----------
    results : list of SymbolResult
        Of the symbols that were asked for.
    n_stored : int
        Symbols of which the source has stored bars, the sample's among them.
    differences : DataFrame
        DIFFERENCES: every bar that was stored and is stated otherwise now. A history on another basis is one symbol
        among the results, and none of its bars stands here.
    """

    provider: str
    results: list[SymbolResult]
    n_stored: int
    differences: pl.DataFrame

    @property
    def n_unmeasured(self) -> int:
        """Return how many symbols could not be held against the provider."""
        return sum(result.state in (State.THROTTLED, State.BROKEN, State.REFUSED) for result in self.results)


def verify(settings: Settings, *, sample: int = SAMPLE, hosts: Hosts = HOSTS) -> list[Verified]:
    """Sweep every live source that has stored bars, or the one that the settings name.

    Parameters
    ----------
    sample : int
        Symbols to ask for of each source.

    Raises
    ------
    NothingPublishedError
        If no live source has stored bars.
    WarehouseBusyError
        If a run is in progress.
    """
    now = hosts.clock.now()
    run_id = f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
    with lease(settings.lock_file, now=datetime.now(UTC), what="reaction check --sources"):
        with open_file(settings.warehouse_file, wait_seconds=settings.lock_wait_seconds) as connection:
            migrate(connection)
        named = [settings.source] if settings.source in LIVE_SOURCES else list(LIVE_SOURCES)
        found = [_sweep(settings, provider, (run_id, now), sample, hosts) for provider in named]
    swept = [item for item in found if item.n_stored]
    if not swept:
        raise NothingPublishedError(
            f"expected stored prices of {' or '.join(named)}, got none; run `reaction run --source yahoo` first"
        )
    return swept


def _sweep(settings: Settings, provider: str, run: tuple[str, datetime], sample: int, hosts: Hosts) -> Verified:
    run_id, now = run
    listings = Listings.load(settings)
    with open_history(settings.warehouse_file, models(), price_source=provider) as connection:
        bars = stored_bars(connection, provider)
        answered = answered_from(connection, f"{provider}_prices")
    held = {str(key[0]): frame for key, frame in bars.partition_by("symbol", as_dict=True, maintain_order=True).items()}
    if not held:
        return Verified(provider, [], 0, pl.DataFrame(schema=DIFFERENCES))
    begins = min(frame["date"][0] for frame in held.values())
    work = Work(settings, provider, listings, Sessions(settings, begins, now), now, hosts)
    chosen = oldest_first(held, answered)[:sample]
    # A symbol that only the provider knows where to find has dates of its own, which are as good to compare.
    wanted = [work.wanted(name, listings.mic(name) or "24/7", held, dict[str, Asked]()) for name in chosen]
    with closing(live_source(provider, settings, hosts)) as source:
        jobs = [partial(verify_symbol, source, one, grace=settings.grace) for one in wanted]
        with closing(in_threads(jobs, f"verifying {LIVE_SOURCES[provider]}")) as asked:
            results = [result for _, result in Writer(settings, provider, run_id).all(asked)]
    order = {name: number for number, name in enumerate(chosen)}
    results.sort(key=lambda result: order[result.symbol])
    return Verified(provider, results, len(held), _differences(provider, results, held))


def oldest_first(held: Mapping[str, pl.DataFrame], answered: Sequence[tuple[str, date, datetime]]) -> list[str]:
    """Return the symbols in the order in which their whole history was last asked for, the oldest first."""
    first = {symbol: frame["date"][0] for symbol, frame in held.items()}
    whole: dict[str, datetime] = {}
    for symbol, begin, at in answered:
        if symbol in first and begin <= first[symbol]:
            whole[symbol] = max(at, whole.get(symbol, at))
    never = datetime.min.replace(tzinfo=UTC)
    return sorted(held, key=lambda symbol: (whole.get(symbol, never), symbol))


def _differences(provider: str, results: Sequence[SymbolResult], held: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return the bars that were revised, beside what was stored."""
    parts = [pl.DataFrame(schema=DIFFERENCES)]
    for result in results:
        if result.judgement is None or result.judgement.verdict is Verdict.BASIS_CHANGE:
            continue
        for batch in result.batches:
            if batch.kind != "revision":
                continue
            stored = held[result.symbol].select("date", stored_close="close", stored_volume="volume")
            both = batch.rows.join(stored, on="date", how="inner", maintain_order="left")
            change = pl.col("close") / pl.col("stored_close") - 1
            rows = both.with_columns(source=pl.lit(provider), session_date="date", close_change=change)
            parts.append(rows.select(list(DIFFERENCES)))
    return pl.concat(parts)

"""Which requests a backfill needs: chunks of days by source and symbol, without those that the ledger says are done.

A provider that gives a whole history in one request is asked once per symbol, so that all of it has one price basis.
One that gives a few hundred bars at a time is asked for ranges, one after the other: each begins a little before the
end of what is stored, which proves that history was not restated in between.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import chain, zip_longest
from typing import Final

from flows.listings import US, Listings, wanted_symbols
from pipelines.contracts.vocabulary import LIVE_SOURCES, NEWS_SOURCES
from pipelines.errors import ConfigurationError
from pipelines.freshness import GRACE, OVERLAP_SESSIONS
from pipelines.sessions import ALWAYS_OPEN
from pipelines.settings import Settings

EARLIEST: Final = date(1960, 1, 1)
CHUNK_DAYS: Final = 365
GROUP_SIZE: Final = 64
"""Symbols of one group: at one request in two seconds it takes two minutes, and a task of Prefect's half of one."""

PAGE_BARS: Final[Mapping[str, int]] = {"coinbase": 300, "binance": 1000}
"""Bars of one request to the sources that are asked for ranges; the others give whole histories."""

_CRYPTO: Final = ("coinbase", "binance")
_PLAIN: Final = re.compile(r"[A-Z]{1,5}([-.][A-Z]{1,2})?")

Days = tuple[date, date]


@dataclass(frozen=True, slots=True)
class Scope:
    """What is to be filled.

    Attributes
    ----------
    first, last : date
        Days, both included.
    sources : tuple of str
        Words of LIVE_SOURCES.
    symbols : tuple of str
        Each asked of every source that can have it; ``fred:DGS10`` is asked of that source alone.
    chunk_days : int
        Days of a chunk, where a source is asked for ranges.
    """

    first: date
    last: date
    sources: tuple[str, ...]
    symbols: tuple[str, ...]
    chunk_days: int = CHUNK_DAYS


@dataclass(frozen=True, slots=True)
class Lane:
    """What is left of one symbol of one source: chunks that are asked for one after the other, the oldest first."""

    source: str
    symbol: str
    mic: str
    chunks: tuple[Days, ...]


@dataclass(frozen=True, slots=True)
class Load:
    """How much there is to ask of one source.

    Attributes
    ----------
    seconds : float
        Time that its limiter takes for the requests.
    """

    source: str
    n_symbols: int
    n_chunks: int
    n_requests: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Plan:
    """The chunks that are left, and how many the ledger spares.

    Attributes
    ----------
    unlisted : tuple of (source, symbol)
        What cannot be asked for, because nobody knows the exchange.
    """

    scope: Scope
    lanes: tuple[Lane, ...]
    n_done: int
    unlisted: tuple[tuple[str, str], ...]

    @property
    def n_chunks(self) -> int:
        """Return the number of chunks that are left."""
        return sum(len(lane.chunks) for lane in self.lanes)

    def groups(self, size: int = GROUP_SIZE) -> list[tuple[Lane, ...]]:
        """Return the lanes in groups, the sources taking turns so that all hosts are busy."""
        by_source = [[lane for lane in self.lanes if lane.source == word] for word in self.scope.sources]
        mixed = [lane for lane in chain.from_iterable(zip_longest(*by_source)) if lane is not None]
        return [tuple(mixed[begin : begin + size]) for begin in range(0, len(mixed), size)]

    def load(self, source: str, per_second: float) -> Load:
        """Return what there is to ask of a source that bears so many requests in a second."""
        lanes = [lane for lane in self.lanes if lane.source == source]
        n_requests = sum(requests_for(source, days) for lane in lanes for days in lane.chunks)
        n_chunks = sum(len(lane.chunks) for lane in lanes)
        return Load(source, len(lanes), n_chunks, n_requests, n_requests / per_second)


def requests_for(source: str, days: Days) -> int:
    """Return the requests that a chunk takes if nothing has to be repeated."""
    page = PAGE_BARS.get(source)
    n_days = (days[1] - days[0]).days + 1
    return 1 if page is None else math.ceil((n_days + OVERLAP_SESSIONS) / page)


def checked_scope(scope: Scope, now: datetime) -> Scope:
    """Return the scope if it can be filled.

    Raises
    ------
    ConfigurationError
        If a source is not known, a day is not over yet, or first and last day are the wrong way round.
    """
    over = newest_day(now)
    unknown = [source for source in scope.sources if source not in LIVE_SOURCES]
    if unknown or not scope.sources:
        got = repr(unknown[0]) if unknown else "none"
        prices, news = ", ".join(LIVE_SOURCES), ", ".join(NEWS_SOURCES)
        raise ConfigurationError(f"--sources: expected some of {prices} for prices, or of {news} for news, got {got}")
    if scope.first > scope.last:
        raise ConfigurationError(f"--from {scope.first} lies after --to {scope.last}; swap them")
    if scope.first < EARLIEST:
        raise ConfigurationError(f"--from: expected a day from {EARLIEST} on, got {scope.first}")
    if scope.last > over:
        raise ConfigurationError(f"--to: the last day that is over everywhere is {over}, got {scope.last}")
    if scope.chunk_days < 1:
        raise ConfigurationError(f"--chunk: expected days, at least 1, got {scope.chunk_days}")
    if not scope.symbols:
        raise ConfigurationError("--symbols: expected at least one symbol, got none")
    return scope


def read_day(option: str, text: str) -> date:
    """Return the day that an option names.

    Raises
    ------
    ConfigurationError
        If it is none.
    """
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise ConfigurationError(f"{option}: expected a day such as 2005-01-01, got {text!r}") from error


def wanted_of(settings: Settings, sources: Sequence[str], symbols: Sequence[str]) -> tuple[str, ...]:
    """Return the symbols that are named, else those of the settings, else all that the sources can serve.

    Raises
    ------
    ConfigurationError
        If a file of symbols cannot be read, or there is no symbol.
    """
    listings = Listings.load(settings)
    chosen = settings.model_copy(update={"symbols": tuple(symbols)}) if symbols else settings
    if chosen.symbols:
        return tuple(wanted_symbols(chosen, sources[0], listings))
    served = (symbol for source in sources for symbol in listings.served_by(source))
    return tuple(dict.fromkeys(served))


def newest_day(now: datetime) -> date:
    """Return the last day whose sessions are all over, and their grace too."""
    return (now.astimezone(UTC) - GRACE).date() - timedelta(days=1)


def make_plan(scope: Scope, listings: Listings, done: Mapping[tuple[str, str], Sequence[Days]]) -> Plan:
    """Return the chunks that are left.

    Parameters
    ----------
    listings : Listings
        Where the symbols are listed.
    done : mapping
        Days that need not be asked for, as `warehouse.chunks.done_days` returns them.
    """
    lanes: list[Lane] = []
    unlisted: list[tuple[str, str]] = []
    n_done = 0
    for source in scope.sources:
        for symbol in asked_of(source, scope, listings):
            mic = exchange_of(source, symbol, listings)
            if mic is None:
                unlisted.append((source, symbol))
                continue
            chunks = tuple(_chunks(source, scope))
            left = tuple(days for days in chunks if not is_covered(days, done.get((f"{source}_prices", symbol), ())))
            n_done += len(chunks) - len(left)
            if left:
                lanes.append(Lane(source, symbol, mic, left))
    return Plan(scope, tuple(lanes), n_done, tuple(unlisted))


def is_covered(days: Days, ranges: Iterable[Days]) -> bool:
    """Tell whether one of the ranges holds all of the days."""
    return any(first <= days[0] and days[1] <= last for first, last in ranges)


def asked_of(source: str, scope: Scope, listings: Listings) -> list[str]:
    """Return the symbols that a source is asked for, each once."""
    found: dict[str, None] = {}
    for item in scope.symbols:
        word, _, name = item.partition(":")
        if name and word in LIVE_SOURCES:
            if word == source:
                found[name] = None
        elif _may_have(source, item, listings, scope.sources):
            found[item] = None
    return list(found)


def exchange_of(source: str, symbol: str, listings: Listings) -> str | None:
    """Return the calendar of a symbol: the one that is known, else what the source or the form of the name tells."""
    known = listings.mic(symbol)
    if known is not None:
        return known
    if source in _CRYPTO:
        return ALWAYS_OPEN
    is_american = source in ("fred", "nasdaq") or _PLAIN.fullmatch(symbol) is not None
    return US[0] if is_american else None


def _may_have(source: str, symbol: str, listings: Listings, sources: Collection[str]) -> bool:
    if len(sources) == 1 or source == "yahoo":
        return True
    mic = exchange_of("yahoo", symbol, listings)
    match source:
        case "coinbase" | "binance":
            return mic == ALWAYS_OPEN
        case "nasdaq":
            return mic in US and not symbol.startswith("^")
    return False


def _chunks(source: str, scope: Scope) -> Iterable[Days]:
    if source not in PAGE_BARS:
        yield scope.first, scope.last
        return
    first = scope.first
    while first <= scope.last:
        last = min(first + timedelta(days=scope.chunk_days - 1), scope.last)
        yield first, last
        first = last + timedelta(days=1)

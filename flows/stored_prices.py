"""Stored prices of a live source in place of price files, as known now or at an instant.

Only the bars of the symbols that are asked for are read: the warehouse may hold thousands of others.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Final

import polars as pl

from flows.identity import known_exceptions
from flows.run import models
from pipelines.contracts.vocabulary import LIVE_SOURCES
from pipelines.errors import SourceError
from pipelines.settings import Settings
from pipelines.sources.batch import RawBatch
from warehouse.vintages import NEWEST, bars_of, first_known

_NAMED: Final = 5
"""Symbols that a message names."""


@dataclass(frozen=True, slots=True)
class Stored:
    """Which of the stored prices count.

    Attributes
    ----------
    provider : str
        A word of LIVE_SOURCES.
    as_of : datetime, optional
        What became known later is not read; by default all counts.
    """

    provider: str
    as_of: datetime | None = None

    @property
    def name(self) -> str:
        """Return the provider's name, and the instant if there is one."""
        then = "" if self.as_of is None else f" as of {self.as_of.isoformat()}"
        return f"the stored prices of {LIVE_SOURCES[self.provider]}{then}"


@dataclass(frozen=True, slots=True)
class StoredPrices:
    """Bars of the symbols that are wanted, and what there is besides.

    Attributes
    ----------
    batches : list of RawBatch
        In the shape of `files_prices`, so that a study takes them in place of price files.
    symbols : list of str
        Every symbol that the source had by then.
    lacking : str
        Which of the wanted symbols it had not, and what to do; empty if it had all.
    """

    batches: list[RawBatch]
    symbols: list[str]
    lacking: str


def stored_prices(settings: Settings, stored: Stored, wanted: Collection[str], now: datetime) -> StoredPrices:
    """Return the final bars of the wanted symbols, a batch for each that has some.

    Parameters
    ----------
    wanted : collection of str
        Symbols as they were written; of a security that was renamed the bars are those of its present symbol.

    Raises
    ------
    SourceError
        If nothing of the source was known by then, or none of the wanted symbols.
    """
    as_of = stored.as_of or NEWEST
    since = first_known(settings.warehouse_file, stored.provider, settings.lock_wait_seconds)
    known = [symbol for symbol, first in since.items() if first <= as_of]
    if not known:
        raise SourceError(_why_nothing(settings, stored, since))
    names = known_exceptions().present(wanted)
    written = {new: old for old, new in sorted(names.items(), reverse=True) if new not in wanted}
    lacking = _lacking(stored, sorted(set(names.values()) - set(known)), since, written, known)
    chosen = sorted(set(names.values()) & set(known))
    if wanted and not chosen:
        raise SourceError(f"none of the {len(wanted)} symbols that the study needs can be had: {lacking}")
    bars = bars_of(
        settings.warehouse_file, models(), stored.provider, chosen, as_of, wait_seconds=settings.lock_wait_seconds
    )
    batches = [_batch(stored, symbol, bars[symbol], stored.as_of or now) for symbol in chosen if symbol in bars]
    return StoredPrices(batches, known, lacking)


def _batch(stored: Stored, symbol: str, bars: pl.DataFrame, at: datetime) -> RawBatch:
    nothing = pl.lit(None, pl.String)
    rows = bars.with_row_index("row_number").with_columns(
        pl.col("row_number").cast(pl.Int64), unreadable=nothing, file=nothing
    )
    return RawBatch("files_prices", symbol, f"warehouse:{stored.provider}_prices?as_of={at.isoformat()}", rows, at)


def _why_nothing(settings: Settings, stored: Stored, since: Mapping[str, datetime]) -> str:
    source = LIVE_SOURCES[stored.provider]
    if since and stored.as_of is not None:
        first = min(since.values()).astimezone(UTC)
        return (
            f"nothing of {source} was known by {stored.as_of.isoformat()}: "
            f"its first prices were stored at {first.isoformat()}"
        )
    others = [word for word in LIVE_SOURCES if first_known(settings.warehouse_file, word)]
    there = f"there are prices of {', '.join(others)}; " if others else ""
    return (
        f"no price of {source} is stored in {settings.warehouse_file}; {there}"
        f"fetch some with `reaction backfill --sources {stored.provider} --symbols NAMES --from DAY`"
    )


def _lacking(
    stored: Stored, names: list[str], since: Mapping[str, datetime], written: Mapping[str, str], known: list[str]
) -> str:
    """Say of each name whether it was stored later or never, and which stored names are close to it."""
    if not names:
        return ""
    never = [name for name in names if name not in since]
    called = {name: f"{name} ({written[name]} is its former symbol)" if name in written else name for name in names}
    told = [
        f"{called[name]} was first stored at {since[name].astimezone(UTC).isoformat()}"
        for name in names
        if name in since
    ]
    told += [f"{called[name]} was never stored{_close(name, known)}" for name in never]
    more = f"; and {len(told) - _NAMED} more" if len(told) > _NAMED else ""
    unknown = [name for name in never if name.upper() not in known]
    do = ""
    if unknown:
        command = f"reaction backfill --sources {stored.provider} --symbols {','.join(unknown[:_NAMED])} --from DAY"
        do = f"; `{command}` fetches what was never stored"
    return f"{'; '.join(told[:_NAMED])}{more}{do}"


def _close(name: str, known: list[str]) -> str:
    close = get_close_matches(name.upper(), known, n=3)
    return f" (did you mean {', '.join(close)}?)" if close else ""

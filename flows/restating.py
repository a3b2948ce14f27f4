"""What of an answer is stored, once it is judged: a vintage of its own, what continues the one there is, or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import polars as pl

from flows.identity import Reuse
from flows.inputs import incoming
from pipelines.contracts import HOURLY_PRICES, PRICE_ACTIONS, PROVIDER_LISTINGS, REQUESTS, SYMBOL_REUSES, Table
from pipelines.restatements import Judgement, Remedy, changes
from pipelines.sources.batch import RawBatch
from pipelines.sources.live import UNREAD, Answer, Listing, Outcome
from warehouse.store import Incoming, Kind

KEPT_CHARACTERS: Final = 500
"""Of the body of an answer that could not be read."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """The answer of a live source for one symbol, its rows told apart as `pipelines.freshness.sort_bars` does.

    Attributes
    ----------
    provider : str
        A word of LIVE_SOURCES.
    final, provisional : DataFrame
        Columns of BAR_COLUMNS; of hours `date` is the instant at which the hour opens, and `day` its session's.
    actions : DataFrame
        Columns of ACTION_COLUMNS.
    is_whole : bool
        Whether the whole history was asked for, rather than an overlap and what comes after it.
    interval : str
        "1d" or "1h".
    listing : Listing
        What the provider says of the security.
    reuse : Reuse or None
        That the symbol is another security's than the one that is stored.
    """

    provider: str
    symbol: str
    url: str
    fetched_at: datetime
    final: pl.DataFrame
    provisional: pl.DataFrame
    actions: pl.DataFrame
    is_whole: bool
    interval: str = "1d"
    listing: Listing = field(default_factory=Listing)
    reuse: Reuse | None = None

    @property
    def bars(self) -> pl.DataFrame:
        """The final bars as `judge` and `changes` take them."""
        return self.final.with_columns(symbol=pl.lit(self.symbol))

    @property
    def is_hourly(self) -> bool:
        """Whether the bars are those of hours; the corporate actions come with those of days and are stored once."""
        return self.interval == "1h"

    @property
    def acted(self) -> pl.DataFrame:
        """The corporate actions as `judge` takes them."""
        return self.actions.with_columns(symbol=pl.lit(self.symbol))


def batches(fetched: Fetched, stored: pl.DataFrame, judgement: Judgement) -> list[Incoming]:
    """Return what is to be stored of an answer, in one call of `warehouse.store.append`.

    Parameters
    ----------
    stored : DataFrame
        What `warehouse.vintages.stored_bars` gives for the symbol, at least from the answer's first day on.
    judgement : Judgement
        Verdict of `judge` on the same two.

    Notes
    -----
    Nothing is stored of an answer that is to be quarantined, and nothing of a part of a history that has to be fetched
    whole. A whole history begins a vintage unless the stored one is as it was; the old vintage stays as it is.
    """
    if judgement.remedy is Remedy.QUARANTINE or (judgement.remedy is Remedy.REFETCH and not fetched.is_whole):
        return []
    return list(_batches(fetched, stored, judgement))


def _batches(fetched: Fetched, stored: pl.DataFrame, judgement: Judgement) -> Iterator[Incoming]:
    is_first = stored.is_empty()
    if is_first or judgement.remedy is Remedy.REFETCH:
        yield _bars(fetched, fetched.bars, "full")
        if not fetched.is_hourly:
            yield _actions(fetched, "full")
    else:
        found = changes(stored, fetched.bars)
        if found.appended.height:
            yield _bars(fetched, found.appended, "append")
        if found.revised.height:
            yield _bars(fetched, found.revised, "revision")
        if fetched.actions.height and not fetched.is_hourly:
            yield _actions(fetched, "append")
    if fetched.provisional.height:
        yield _bars(fetched, fetched.provisional, "provisional")
    if fetched.listing != Listing() and not fetched.is_hourly:
        yield _listing(fetched)
    if fetched.reuse is not None:
        yield _reuse(fetched, fetched.reuse)


def stored_as(provider: str, symbol: str, interval: str = "1d") -> tuple[str, str]:
    """Return the raw table and the object's name under which a provider's bars of a symbol are stored."""
    source = f"{provider}_prices"
    return (source, symbol) if interval == "1d" else (HOURLY_PRICES.name, f"{source}:{symbol}")


def _bars(fetched: Fetched, bars: pl.DataFrame, kind: Kind) -> Incoming:
    rows = bars.sort("date", "opened_at", maintain_order=True).select(
        pl.int_range(pl.len(), dtype=pl.Int64).alias("row_number"),
        pl.lit(fetched.symbol).alias("symbol"),
        *(_hourly_cells(fetched) if fetched.is_hourly else fetched.final.columns),
        pl.lit(kind != "provisional").alias("is_final"),
    )
    source, name = stored_as(fetched.provider, fetched.symbol, fetched.interval)
    return _incoming(source, name, fetched, rows, kind)


def _hourly_cells(fetched: Fetched) -> list[pl.Expr]:
    """Return the columns that a bar of an hour is stored with, beside those that every bar has."""
    return [
        pl.lit(fetched.provider).alias("source"),
        pl.col("day").alias("session_date"),
        pl.col("date").alias("opened_at"),
        pl.col("opened_at").alias("stamped_at"),
        *map(pl.col, ("open", "high", "low", "close", "volume")),
    ]


def _actions(fetched: Fetched, kind: Kind) -> Incoming:
    rows = fetched.actions.sort("date", "kind", "value").select(
        pl.int_range(pl.len(), dtype=pl.Int64).alias("row_number"),
        pl.lit(fetched.provider).alias("source"),
        pl.lit(fetched.symbol).alias("symbol"),
        *fetched.actions.columns,
    )
    return _incoming(PRICE_ACTIONS.name, f"{fetched.provider}_prices:{fetched.symbol}", fetched, rows, kind)


def _listing(fetched: Fetched) -> Incoming:
    said = fetched.listing
    cells = {
        "currency": said.currency,
        "exchange": said.exchange,
        "time_zone": said.time_zone,
        "kind": said.kind,
        "first_date": said.first_day,
    }
    return _said(PROVIDER_LISTINGS, f"{fetched.provider}_prices:{fetched.symbol}", fetched, cells)


def _reuse(fetched: Fetched, found: Reuse) -> Incoming:
    cells = {"last_date": found.last, "first_date": found.first, "reason": found.reason}
    return _said(SYMBOL_REUSES, f"{fetched.provider}_prices:{fetched.symbol}:{found.first}", fetched, cells)


def _said(table: Table, name: str, fetched: Fetched, cells: Mapping[str, object]) -> Incoming:
    """Return a batch of one row."""
    row = {"batch_id": "", "row_number": 0, "source": fetched.provider, "symbol": fetched.symbol, **cells}
    rows = pl.DataFrame([row], schema=table.polars_schema).drop("batch_id")
    return _incoming(table.name, name, fetched, rows, "full")


def _incoming(source: str, name: str, fetched: Fetched, rows: pl.DataFrame, kind: Kind) -> Incoming:
    return incoming(RawBatch(source, name, fetched.url, rows, fetched.fetched_at), kind)


def request_rows(run_id: str, provider: str, answers: Iterable[Answer]) -> pl.DataFrame:
    """Return the record of requests: contract ``requests``, a row for each answer.

    The beginning of a body that could not be read is kept with the reason; what was not measured has no number of rows.
    """
    named = ((stored_as(provider, one.request.symbol, one.request.interval), one) for one in answers)
    rows = [
        {
            "run_id": run_id,
            "source": source,
            "object": name,
            "first_date": answer.request.first,
            "last_date": answer.request.last,
            "outcome": answer.outcome.value,
            "reason": _reason(answer) or None,
            "url": answer.url,
            "fetched_at": answer.fetched_at,
            "n_rows": answer.bars.height if answer.outcome in (Outcome.OK, Outcome.EMPTY) else None,
        }
        for (source, name), answer in named
    ]
    return pl.DataFrame(rows, schema=REQUESTS.polars_schema)


def _reason(answer: Answer) -> str:
    if answer.outcome is Outcome.OK:
        return f"not read: {answer.extra[UNREAD]}" if UNREAD in answer.extra else ""
    is_shown = answer.outcome is Outcome.BROKEN and answer.body
    return answer.reason + (f"; it begins with {answer.body[:KEPT_CHARACTERS]!r}" if is_shown else "")

"""Marts, and stored prices, as they were known at an instant.

What counts is what the warehouse knew: versions that came later are not read and nothing is fetched. The code, the
seeds and the study definitions are those of today.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from flows.pipeline import Outcome, run_pipeline
from flows.run import models
from pipelines.contracts.vocabulary import LIVE_SOURCES
from pipelines.errors import ConfigurationError
from pipelines.settings import Settings
from pipelines.sources.batch import RawBatch
from warehouse.publish import generation_at
from warehouse.vintages import inputs_as_of, open_history, stored_bars


def parse_instant(text: str, option: str = "--as-of") -> datetime:
    """Return an instant in UTC.

    Raises
    ------
    ConfigurationError
        If the text is no instant, has no zone, or lies in the future.
    """
    expected = f"{option}: expected an instant with a zone, such as 2025-01-27T21:00:00Z or 2025-01-27T16:00-05:00"
    try:
        instant = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise ConfigurationError(f"{expected}; got {text!r}") from error
    if instant.tzinfo is None:
        raise ConfigurationError(f"{expected}; got {text!r}, which could be any of 26 hours")
    if instant > datetime.now(UTC):
        raise ConfigurationError(f"{option}: {text} lies in the future, and what will be known then is not known")
    return instant.astimezone(UTC)


def run_as_of(settings: Settings, as_of: datetime) -> Outcome:
    """Build the marts as they were known at an instant, in a folder of their own.

    The price source is the one that the settings name, else that of the newest run by then.

    Raises
    ------
    WarehouseError
        If no run had read anything by then.
    GateClosedError
        If what was known then does not pass a gate.
    """
    if "source" not in settings.model_fields_set:
        known = inputs_as_of(settings.warehouse_file, as_of)
        settings = settings.model_copy(update={"source": known.price_source})
    return run_pipeline(settings, as_of=as_of)


def marts_as_of(settings: Settings, as_of: datetime) -> Path:
    """Return the database of the marts as known at an instant: as published then if that is kept, else built now."""
    kept = generation_at(settings.published, as_of)
    if kept is not None:
        return kept
    built = settings.published_as_of(as_of) / settings.marts_file.name
    return built if built.exists() else run_as_of(settings, as_of).run.marts_file


def prices_as_of(settings: Settings, price_source: str, as_of: datetime) -> list[RawBatch]:
    """Return the final bars of a live source as known at an instant, a batch for each symbol.

    They have the columns of `files_prices`, so that a study takes them in place of price files.

    Raises
    ------
    ConfigurationError
        If the source is none that is asked over the network.
    """
    if price_source not in LIVE_SOURCES:
        raise ConfigurationError(f"stored prices: expected a source of {', '.join(LIVE_SOURCES)}, got {price_source!r}")
    with open_history(settings.warehouse_file, models(), price_source=price_source, as_of=as_of) as connection:
        bars = stored_bars(connection, price_source)
    nothing = pl.lit(None, pl.String)
    url = f"warehouse:{price_source}_prices?as_of={as_of.isoformat()}"
    return [
        RawBatch(
            "files_prices",
            str(symbol),
            url,
            frame.with_row_index("row_number").with_columns(
                pl.col("row_number").cast(pl.Int64), unreadable=nothing, file=nothing
            ),
            as_of,
        )
        for (symbol,), frame in bars.partition_by("symbol", as_dict=True, maintain_order=True).items()
    ]

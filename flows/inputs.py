"""What a run reads: prices of the source it names, the user's factors, events of the catalogue and the user."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import polars as pl

from flows.run import seeds_folder
from pipelines.errors import ConfigurationError
from pipelines.settings import Settings
from pipelines.sources import (
    candidate_decisions,
    catalogue_events,
    files_events,
    files_factors,
    files_prices,
    sample_prices,
)
from pipelines.sources.batch import RawBatch, content_hash
from warehouse.store import Incoming, Kind

CATALOGUE_SUFFIXES = (".yaml", ".yml")


def fetch_prices(settings: Settings, now: datetime) -> list[RawBatch]:
    """Read the prices of the source that the settings name."""
    if settings.source == "sample":
        return sample_prices.fetch(sample_datasets(), now)
    if not settings.prices:
        raise ConfigurationError("--source files needs --prices: a CSV or Parquet file, or a folder of them")
    request = files_prices.FilesRequest(
        paths=settings.prices, columns=settings.columns, layout=settings.layout, date_format=settings.date_format
    )
    return files_prices.fetch(request, now)


def fetch_factors(settings: Settings, now: datetime) -> list[RawBatch]:
    """Read the factor files that the settings name, if any."""
    request = files_factors.FactorsRequest(paths=settings.factors, date_format=settings.factor_date_format)
    return files_factors.fetch(request, now)


def fetch_events(settings: Settings, now: datetime) -> list[RawBatch]:
    """Read the catalogue that ships, the user's own event files, and what was decided about candidates."""
    _, lists = split_event_files(settings.events)
    return [
        *catalogue_events.fetch(event_catalogues(settings), now),
        *files_events.fetch(lists, now),
        *candidate_decisions.fetch(settings.promoted_file, settings.rejected_file, now),
    ]


def event_catalogues(settings: Settings) -> list[Path]:
    """Return the files of the catalogue's form: those that ship, the user's own, and the promoted candidates."""
    shipped = catalogue_events.catalogue_files(seeds_folder())
    own, _ = split_event_files(settings.events)
    promoted = [settings.promoted_file] if settings.promoted_file.exists() else []
    return [*shipped, *own, *promoted]


def split_event_files(paths: tuple[Path, ...]) -> tuple[list[Path], list[Path]]:
    """Return the catalogue files (YAML) and the event lists (tables) among the paths."""
    catalogues = [path for path in paths if path.suffix.lower() in CATALOGUE_SUFFIXES]
    return catalogues, [path for path in paths if path not in catalogues]


def sample_datasets() -> list[str]:
    """Return the datasets of the sample package that the seeds describe."""
    return pl.read_csv(seeds_folder() / "sample_datasets.csv", infer_schema=False)["dataset"].to_list()


def all_incoming(batches: Sequence[RawBatch]) -> list[Incoming]:
    """Return batches ready for the store, hashed on all processors: there may be thousands, with millions of rows."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(incoming, batches))


def incoming(batch: RawBatch, kind: Kind = "full") -> Incoming:
    """Return a batch with its content hash, ready for the store."""
    return Incoming(
        batch.source, batch.object, batch.url, content_hash(batch.frame), batch.fetched_at, batch.frame, kind
    )

"""Marts as they were known at an instant.

What counts is what the warehouse knew: versions that came later are not read and nothing is fetched. The code, the
seeds and the study definitions are those of today.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from flows.pipeline import Outcome, run_pipeline
from pipelines.settings import Settings
from warehouse.publish import generation_at
from warehouse.vintages import inputs_as_of


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
        known = inputs_as_of(settings.warehouse_file, as_of, wait_seconds=settings.lock_wait_seconds)
        settings = settings.model_copy(update={"source": known.price_source})
    return run_pipeline(settings, as_of=as_of)


def marts_as_of(settings: Settings, as_of: datetime) -> Path:
    """Return the database of the marts as known at an instant: as published then if that is kept, else built now."""
    kept = generation_at(settings.published, as_of)
    if kept is not None:
        return kept
    built = settings.published_as_of(as_of) / settings.marts_file.name
    return built if built.exists() else run_as_of(settings, as_of).run.marts_file

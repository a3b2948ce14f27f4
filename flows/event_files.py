"""Check a user's event files before a run reads them, by the rules the run itself would apply."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from flows.inputs import incoming, split_event_files
from flows.run import models, seeds_folder
from pipelines.errors import SourceError
from pipelines.sources import catalogue_events, files_events
from warehouse.models import run_ready
from warehouse.store import append
from warehouse.workspace import open_memory_workspace, read_frame, set_variables, write_table

PROBLEMS = """
    select row_number, problem from staging.stg_files__events where problem is not null
    union
    select row_number, reason from core.event_quarantine
    union
    select null, event_id || ' x ' || symbol || ': ' || problem from core.event_pairs
    where problem like 'the list gives the pair more than one time%'
    order by row_number, problem
"""


def problems_of(paths: Sequence[Path]) -> list[str]:
    """Return what is wrong with event files, one line per bad field or row; nothing if all is well."""
    catalogues, lists = split_event_files(tuple(paths))
    shipped = catalogue_events.catalogue_files(seeds_folder())
    problems = catalogue_events.check_events([*shipped, *catalogues]) if catalogues else []
    for path in lists:
        problems += [f"{path}: {text}" for text in _problems_of_list(path)]
    return problems


def _problems_of_list(path: Path) -> list[str]:
    try:
        batches = [incoming(batch) for batch in files_events.fetch([path], datetime.now(UTC))]
    except SourceError as error:
        return [str(error).removeprefix(f"{path}: ")]
    with open_memory_workspace() as connection:
        append(connection, batches, run_id="check")
        set_variables(connection, {"as_of": datetime(9999, 1, 1, tzinfo=UTC)})
        write_table(connection, "raw.inputs", read_frame(connection, "select source, object from raw.batches"))
        run_ready(connection, models())
        rows = read_frame(connection, PROBLEMS).rows()
    return [f"row {number + 1}: {text}" if number is not None else text for number, text in rows]

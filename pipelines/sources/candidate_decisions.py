"""What a user decided about candidate events: promotions stand in an event file, rejections in a file of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl
from pydantic import ValidationError

from pipelines.contracts import CANDIDATE_DECISIONS
from pipelines.errors import CatalogueError
from pipelines.sources.batch import RawBatch
from pipelines.sources.catalogue_events import load_events
from pipelines.sources.event_form import Rejection, explain
from pipelines.sources.plain_yaml import PlainYamlError, read_list

__all__ = ["SOURCE", "Decision", "Rejection", "decisions", "fetch"]

SOURCE = "candidate_decisions"


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision about a candidate; the fields are those of the raw table."""

    candidate_id: str
    decision: str
    facts: str
    event_id: str | None
    reason: str | None
    decided_by: str
    decided_at: datetime


def decisions(promoted: Path, rejected: Path) -> list[Decision]:
    """Return the decisions of both files, in the order in which they stand there; a file that is absent holds none.

    Raises
    ------
    CatalogueError
        If anything in either file is wrong; the message lists every bad field.
    """
    return [*_promotions(promoted), *_rejections(rejected)]


def fetch(promoted: Path, rejected: Path, fetched_at: datetime) -> list[RawBatch]:
    """Read the decisions into one batch for each file that exists.

    Parameters
    ----------
    promoted : pathlib.Path
        Event file whose events have a provenance.
    rejected : pathlib.Path
        List of rejections.
    fetched_at : datetime
        Instant of the read, with a zone.

    Raises
    ------
    CatalogueError
        If anything in either file is wrong; the message lists every bad field.
    """
    files = {promoted: _promotions, rejected: _rejections}
    return [
        RawBatch(SOURCE, path.stem, path.absolute().as_uri(), _frame(read(path)), fetched_at)
        for path, read in files.items()
        if path.exists()
    ]


def _promotions(path: Path) -> list[Decision]:
    if not path.exists():
        return []
    return [
        Decision(origin.candidate, "promoted", origin.facts, event.id, None, origin.decided_by, origin.decided_at)
        for event in load_events([path])
        if (origin := event.provenance) is not None
    ]


def _rejections(path: Path) -> list[Decision]:
    if not path.exists():
        return []
    found: list[Decision] = []
    problems: list[str] = []
    try:
        entries = read_list(path)
    except PlainYamlError as error:
        raise CatalogueError(f"{path}: {error}") from error
    for entry in entries:
        try:
            one = Rejection.model_validate(entry.value)
        except ValidationError as error:
            details = error.errors(include_url=False)
            problems += [f"{path}: line {entry.line}: {explain(detail, Rejection)}" for detail in details]
        else:
            found.append(
                Decision(one.candidate, "rejected", one.facts, None, one.reason, one.decided_by, one.decided_at)
            )
    if problems:
        raise CatalogueError("\n".join(["the file of rejections holds mistakes; correct and run again:", *problems]))
    return found


def _frame(rows: Sequence[Decision]) -> pl.DataFrame:
    columns = {column.name: column.polars for column in CANDIDATE_DECISIONS.columns if column.name != "batch_id"}
    records = [
        {"row_number": number, **{name: getattr(row, name) for name in columns if name != "row_number"}}
        for number, row in enumerate(rows)
    ]
    return pl.DataFrame(records, schema=pl.Schema(columns), orient="row")

"""The event catalogue: YAML files of curated events, checked field by field.

The files that ship lie in ``sql/seeds/events``; the top of each says how to add an event. A file with mistakes is
refused as a whole, and the error names every bad field of every file at once.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl
from pydantic import ValidationError

from pipelines.contracts import CATALOGUE_EVENTS
from pipelines.errors import CatalogueError
from pipelines.sources.batch import RawBatch
from pipelines.sources.event_form import ID, Event, explain
from pipelines.sources.plain_yaml import Entry, PlainYamlError, read_list

__all__ = ["SOURCE", "Event", "catalogue_files", "check_events", "fetch", "load_events"]

SOURCE = "catalogue_events"


@dataclass(frozen=True, slots=True)
class _File:
    """What one file holds: its events and what is wrong with it."""

    path: Path
    events: list[Event]
    problems: list[str]


def catalogue_files(seeds_folder: Path) -> list[Path]:
    """Return the event files that lie in ``events`` under the folder of seeds, by name.

    Raises
    ------
    CatalogueError
        If there is none.
    """
    folder = seeds_folder / "events"
    files = sorted(path for path in folder.glob("*.y*ml") if path.suffix in (".yaml", ".yml"))
    if not files:
        raise CatalogueError(f"expected event files (*.yaml) in {folder}, got none; is the installation complete?")
    return files


def check_events(paths: Sequence[Path]) -> list[str]:
    """Return what is wrong with event files: one line per bad field, sorted by file; nothing if all is well."""
    return [problem for file in _read(paths) for problem in file.problems]


def load_events(paths: Sequence[Path]) -> list[Event]:
    """Read event files.

    Raises
    ------
    CatalogueError
        If anything in any of them is wrong; the message lists every bad field.
    """
    return [event for file in _sound(paths) for event in file.events]


def fetch(paths: Sequence[Path], fetched_at: datetime) -> list[RawBatch]:
    """Read event files into one batch per file.

    Parameters
    ----------
    paths : sequence of pathlib.Path
        Files in the catalogue's form.
    fetched_at : datetime
        Instant of the read, with a zone.

    Returns
    -------
    list of RawBatch
        The columns of the raw table except ``batch_id``. Where a file leaves out ``available_at`` or
        ``available_by``, the instant they then mean stands there.

    Raises
    ------
    CatalogueError
        If anything in any of the files is wrong; the message lists every bad field.
    """
    return [
        RawBatch(SOURCE, file.path.stem, file.path.absolute().as_uri(), _frame(file.events), fetched_at)
        for file in _sound(paths)
    ]


def _sound(paths: Sequence[Path]) -> list[_File]:
    files = _read(paths)
    problems = [problem for file in files for problem in file.problems]
    if problems:
        count = f"{len(problems)} mistakes" if len(problems) > 1 else "a mistake"
        raise CatalogueError("\n".join([f"the event files hold {count}; correct and run again:", *problems]))
    return files


def _read(paths: Sequence[Path]) -> list[_File]:
    """Read every file; an id or a file name that stands twice is a mistake of the later one."""
    files = []
    ids: dict[str, Path] = {}
    stems: dict[str, Path] = {}
    for path in sorted(paths):
        file = _read_file(path, ids)
        if path.stem in stems:
            file.problems.append(
                f"{path}: expected a file name of its own, got {path.stem!r} as {stems[path.stem]} has; rename one"
            )
        stems.setdefault(path.stem, path)
        files.append(file)
    return files


def _read_file(path: Path, ids: dict[str, Path]) -> _File:
    file = _File(path, [], [])
    try:
        entries = read_list(path)
    except PlainYamlError as error:
        file.problems.append(f"{path}: {error}")
        return file
    for number, entry in enumerate(entries, start=1):
        where = f"{path}: {_label(entry, number)}"
        try:
            file.events.append(Event.model_validate(entry.value))
        except ValidationError as error:
            file.problems.extend(f"{where}: {explain(detail)}" for detail in error.errors(include_url=False))
        identifier = entry.value.get("id") if isinstance(entry.value, dict) else None
        if isinstance(identifier, str):
            if identifier in ids:
                file.problems.append(
                    f"{where}: id: expected an id of its own, got {identifier!r}, which {ids[identifier]} holds already"
                )
            ids.setdefault(identifier, path)
    return file


def _label(entry: Entry, number: int) -> str:
    """Name an event by its id, or by its place where the id cannot be read."""
    identifier = entry.value.get("id") if isinstance(entry.value, dict) else None
    if isinstance(identifier, str) and ID.fullmatch(identifier):
        return f"event {identifier!r}"
    return f"event {number} (line {entry.line})"


def _frame(events: Sequence[Event]) -> pl.DataFrame:
    rows = [_row(number, event) for number, event in enumerate(events)]
    columns = {column.name: column.polars for column in CATALOGUE_EVENTS.columns if column.name != "batch_id"}
    return pl.DataFrame(rows, schema=pl.Schema(columns), orient="row")


def _row(number: int, event: Event) -> dict[str, object]:
    """Return the event as a row of the raw table."""
    return {
        "row_number": number,
        "event_id": event.id,
        "title": event.title,
        "occurred_at": event.occurred_at,
        "available_at": event.public_from,
        "available_by": event.public_by,
        "event_date": event.event_date,
        "precision": event.precision,
        "kind": event.kind,
        "theme": event.theme,
        "url": event.urls[0] if event.urls else None,
        "verified": event.verified,
        "note": event.note,
        "tickers": json.dumps([ticker.model_dump() for ticker in event.tickers], ensure_ascii=False),
        "urls": json.dumps(event.urls, ensure_ascii=False),
    }

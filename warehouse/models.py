"""Run the files of ``sql/`` in the order of what each file reads.

A file is one ``select`` with a header of four words (``grain``, ``key``, ``reads``, ``units``), a line each; a second
line of the same word goes on where the first ends. Its name is the table's name, its folder the schema. Tables that
Python stages write (sessions, day 0, study results) are inputs like any other: a model runs as soon as everything it
reads exists.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import duckdb

from pipelines.errors import WarehouseError

HEADER = ("grain", "key", "reads", "units")
SCHEMAS = {"staging": "view", "core": "table", "marts": "table"}
"""Folders of models, and what their files become; the schema of ``marts`` is called ``mart``."""


@dataclass(frozen=True, slots=True)
class Model:
    """One file of ``sql/``."""

    name: str
    kind: str
    reads: tuple[str, ...]
    header: dict[str, str]
    select: str
    path: Path


def load_models(folder: Path) -> list[Model]:
    """Read every model below the folder, sorted so that inputs come first.

    Raises
    ------
    WarehouseError
        If a header is incomplete or the files read one another in a circle.
    """
    models = {model.name: model for model in map(_load, _files(folder))}
    graph = {model.name: [name for name in model.reads if name in models] for model in models.values()}
    try:
        return [models[name] for name in TopologicalSorter(graph).static_order()]
    except CycleError as error:
        raise WarehouseError(f"sql files read one another in a circle: {' -> '.join(error.args[1])}") from error


def _files(folder: Path) -> Iterable[Path]:
    for schema in SCHEMAS:
        yield from sorted((folder / schema).glob("*.sql"))


def _load(path: Path) -> Model:
    text = path.read_text(encoding="utf-8")
    header: dict[str, str] = {}
    for word, line in re.findall(r"^-- (\w+):[ \t]*(\S.*)$", text, flags=re.MULTILINE):
        header[word] = f"{header[word]}, {line}" if word in header else line
    missing = [word for word in HEADER if word not in header]
    if missing:
        raise WarehouseError(f"{path}: the header lacks {missing}; expected lines '-- grain:' ... '-- units:'")
    schema = "mart" if path.parent.name == "marts" else path.parent.name
    reads = tuple(name.strip() for name in header["reads"].split(",") if name.strip())
    return Model(f"{schema}.{path.stem}", SCHEMAS[path.parent.name], reads, header, text, path)


def run_ready(connection: duckdb.DuckDBPyConnection, models: Sequence[Model]) -> list[str]:
    """Build, in order, each model that is not built yet and whose inputs all exist; return the names built."""
    existing = _relations(connection)
    built: list[str] = []
    for schema in ("staging", "core", "study", "mart"):
        connection.execute(f"create schema if not exists {schema}")
    for model in models:
        if model.name in existing or not set(model.reads) <= existing:
            continue
        try:
            connection.execute(f"create {model.kind} {model.name} as\n{model.select}")
        except duckdb.Error as error:
            raise WarehouseError(f"{model.path.name} failed: {error}") from error
        existing.add(model.name)
        built.append(model.name)
    return built


def upstream(models: Sequence[Model], names: Iterable[str]) -> list[Model]:
    """Return the models of some names and all that they read, directly or not, in the order of the models."""
    wanted = set(names)
    for model in reversed(models):  # a model comes after those that it reads
        if model.name in wanted:
            wanted.update(model.reads)
    return [model for model in models if model.name in wanted]


def require_all(connection: duckdb.DuckDBPyConnection, models: Sequence[Model]) -> None:
    """Raise unless every model is built.

    Raises
    ------
    WarehouseError
        Naming each model that is not, and the inputs it waits for.
    """
    existing = _relations(connection)
    waiting = [
        f"{model.name} waits for {sorted(set(model.reads) - existing)}"
        for model in models
        if model.name not in existing
    ]
    if waiting:
        raise WarehouseError("models were not built: " + "; ".join(waiting))


def _relations(connection: duckdb.DuckDBPyConnection) -> set[str]:
    rows = connection.execute(
        "select schema_name || '.' || table_name from duckdb_tables() where database_name = current_database() "
        "union all "
        "select schema_name || '.' || view_name from duckdb_views() where database_name = current_database()"
    ).fetchall()
    return {name for (name,) in rows}

"""Run one SQL model on small CSV tables.

A case is a folder ``cases/<schema>.<model>/<case>/`` with one CSV per table the model reads (``<schema>.<table>.csv``),
``expected.csv`` with the columns to compare, and ``variables.csv`` (name, value) where a variable is not as usual. An
empty cell is null. A column has the type its table's contract gives it, else the one that every contract with a column
of that name agrees on, else the one its header states as ``name:type`` in the words of the contracts. Seeds are text.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from pipelines.contracts import (
    DAY_REACTIONS,
    DIM_EVENTS,
    DIM_SESSIONS,
    DIM_STUDIES,
    EVENT_DAYS,
    FCT_ABNORMAL_RETURNS,
    FCT_EVENT_CARS,
    FCT_GROUP_TESTS,
    FCT_STUDY_SECURITIES,
    PUBLISHED,
    RAW,
    READ_NEWS,
    Column,
    Table,
)
from pipelines.home import SQL
from warehouse.connection import identifier, open_memory
from warehouse.models import Model, load_models, run_ready
from warehouse.workspace import set_variables

CASES = Path(__file__).with_name("cases")
MODELS = {model.name: model for model in load_models(SQL)}
CONTRACTS: dict[str, Table] = {
    **{f"raw.{table.name}": table for table in RAW},
    **{f"mart.{table.name}": table for table in PUBLISHED},
    **{f"core.{table.name}": table for table in READ_NEWS},
    "core.event_days": EVENT_DAYS,
    "core.sessions": DIM_SESSIONS,
    "core.events": DIM_EVENTS,
    "study.studies": DIM_STUDIES,
    "study.securities": FCT_STUDY_SECURITIES,
    "study.abnormal_returns": FCT_ABNORMAL_RETURNS,
    "study.cars": FCT_EVENT_CARS,
    "study.day_reactions": DAY_REACTIONS,
    "study.group_tests": FCT_GROUP_TESTS,
}
VARIABLES = {
    "price_source": "sample",
    "factor_unit": "decimal",
    "default_exchange": None,
    "as_of": "9999-01-01T00:00:00+00:00",
    "confounders_listed": "20",
}
RELATIVE_TOLERANCE = 1e-12


@dataclass(frozen=True, slots=True)
class Case:
    """One folder of CSV files."""

    model: Model
    folder: Path

    @property
    def inputs(self) -> list[Path]:
        """The files that hold input tables."""
        return sorted(path for path in self.folder.glob("*.csv") if "." in path.stem)


def all_cases() -> list[Case]:
    """Return every case of the suite."""
    return [Case(MODELS[folder.parent.name], folder) for folder in sorted(CASES.glob("*/*"))]


@contextmanager
def built(case: Case) -> Iterator[duckdb.DuckDBPyConnection]:
    """Load the inputs, build the model, and yield the database."""
    with open_memory() as connection:
        set_variables(connection, _variables(case.folder / "variables.csv"))
        for path in case.inputs:
            _load(connection, path.stem, path)
        assert run_ready(connection, [case.model]) == [case.model.name], "an input of the model has no CSV"
        yield connection


def differences(connection: duckdb.DuckDBPyConnection, case: Case) -> list[str]:
    """Return in words where the model's rows are not the expected ones; both are sorted by the model's key."""
    header, rows = _read(case.folder / "expected.csv")
    types = dict(connection.execute(f"select column_name, column_type from (describe {case.model.name})").fetchall())
    columns = ", ".join(identifier(name) for name in header)
    order = _key(case.model)
    connection.execute(
        f"create temp table expected ({', '.join(f'{identifier(name)} {types[name]}' for name in header)})"
    )
    _insert(connection, "temp.expected", header, [types[name] for name in header], rows)
    found = connection.execute(f"select {columns} from {case.model.name} order by {order}").fetchall()
    expected = connection.execute(f"select {columns} from temp.expected order by {order}").fetchall()
    problems = [] if len(found) == len(expected) else [f"{len(found)} rows, expected {len(expected)}"]
    for number, (got, wanted) in enumerate(zip(found, expected, strict=False)):
        problems += [
            f"row {number} {name}: got {a!r}, expected {b!r} (row {got})"
            for name, a, b in zip(header, got, wanted, strict=True)
            if not _equal(a, b)
        ]
    return problems or ([f"got {found}"] if len(found) != len(expected) else [])


def repeated_keys(connection: duckdb.DuckDBPyConnection, model: Model) -> list[tuple[object, ...]]:
    """Return the keys of the model's output that stand there more than once."""
    key = _key(model)
    return connection.execute(f"select {key} from {model.name} group by {key} having count(*) > 1").fetchall()


def _key(model: Model) -> str:
    return ", ".join(identifier(name.strip()) for name in model.header["key"].split(","))


def _equal(a: object, b: object) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=RELATIVE_TOLERANCE, abs_tol=1e-300) or (math.isnan(a) and math.isnan(b))
    return a == b


def _variables(path: Path) -> dict[str, str | datetime | None]:
    given = dict(_read(path)[1]) if path.exists() else {}
    texts: dict[str, str | None] = VARIABLES | {str(name): value for name, value in given.items()}
    as_of = datetime.fromisoformat(str(texts["as_of"])).astimezone(UTC)
    return {**texts, "as_of": as_of}


def _load(connection: duckdb.DuckDBPyConnection, table: str, path: Path) -> None:
    """Create a table of the columns that the CSV has, and after them those its contract has besides."""
    header, rows = _read(path)
    stated = dict(name.split(":", 1) for name in header if ":" in name)
    names = [name.partition(":")[0] for name in header]
    types = [_sql_type(table, name, stated.get(name)) for name in names]
    contract = CONTRACTS.get(table)
    more = [column for column in contract.columns if column.name not in names] if contract else []
    columns = [f"{identifier(name)} {kind}" for name, kind in zip(names, types, strict=True)]
    columns += [f"{identifier(column.name)} {column.sql}" for column in more]
    connection.execute(f"create schema if not exists {table.split('.', maxsplit=1)[0]}")
    connection.execute(f"create table {table} ({', '.join(columns)})")
    _insert(connection, table, names, types, rows)


def _insert(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    names: Sequence[str],
    types: Sequence[str],
    rows: Sequence[Sequence[str | None]],
) -> None:
    columns = ", ".join(identifier(name) for name in names)
    casts = ", ".join(f"cast(${n} as {kind})" for n, kind in enumerate(types, start=1))
    for row in rows:
        connection.execute(f"insert into {table} ({columns}) select {casts}", list(row))


def _sql_type(table: str, name: str, stated: str | None) -> str:
    if stated:
        return Column(name, stated, "stated by the header").sql  # type: ignore[arg-type]
    if table.startswith("seed."):
        return "varchar"
    if table in CONTRACTS:
        return CONTRACTS[table].column(name).sql
    kinds = {column.sql for contract in CONTRACTS.values() for column in contract.columns if column.name == name}
    assert len(kinds) == 1, f"{table}: state the type of {name!r} in the header, as in {name}:float; found {kinds}"
    return kinds.pop()


def _read(path: Path) -> tuple[list[str], list[list[str | None]]]:
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert all(len(row) == len(header) for row in rows), f"{path}: a row has not as many cells as the header"
    return header, [[cell if cell != "" else None for cell in row] for row in rows]

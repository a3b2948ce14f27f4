"""Read what a report shows: the queries of ``sql/report/``, each over a whole table of the published marts."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import duckdb
import polars as pl

from pipelines.errors import NothingPublishedError, WarehouseError
from pipelines.home import SQL
from warehouse.connection import attach, identifier, open_memory

COMPARED: Final = ("generations", "fct_returns", "fct_event_cars", "fct_study_securities")
"""Tables of the publication before, which queries read as ``previous``."""


def read_report_marts(marts_file: Path, before: Path | None = None) -> dict[str, pl.DataFrame]:
    """Return the frames of a report by the name of their query, each sorted, instants in UTC.

    Parameters
    ----------
    before : Path, optional
        The database that was published before this one. Without it, or if it has other columns than this one, nothing
        counts as changed.

    Raises
    ------
    NothingPublishedError
        If there are no published marts.
    WarehouseError
        If the published file cannot be opened, or was published before it had a column that a report shows.
    """
    if not marts_file.exists():
        raise NothingPublishedError(f"no marts are published yet: expected {marts_file}; run `reaction run`")
    queries = {file.stem: file.read_text(encoding="utf-8") for file in sorted((SQL / "report").glob("*.sql"))}
    with open_memory() as connection:
        attach(connection, marts_file, "marts")
        connection.execute("use marts")
        try:
            _attach_previous(connection, before)
            frames = {name: connection.sql(query).pl() for name, query in queries.items()}
        except (duckdb.BinderException, duckdb.CatalogException) as error:
            raise WarehouseError(
                f"{marts_file} lacks what a report shows ({str(error).splitlines()[0]}); "
                "`reaction run` publishes it anew"
            ) from error
    return frames


def _attach_previous(connection: duckdb.DuckDBPyConnection, before: Path | None) -> None:
    """Attach the publication before, or one of the same tables without rows."""
    if before is not None:
        attach(connection, before, "previous")
        columns = {database: _columns(connection, database) for database in ("marts", "previous")}
        if columns["marts"] == columns["previous"]:
            return
        connection.execute("detach previous")
    connection.execute("attach ':memory:' as previous")
    for table in COMPARED:
        connection.execute(f"create table previous.{identifier(table)} as from marts.{identifier(table)} limit 0")


def _columns(connection: duckdb.DuckDBPyConnection, database: str) -> list[tuple[str, ...]]:
    """Return the columns of the tables that are compared."""
    return connection.execute(
        "select table_name, column_name, data_type from duckdb_columns() "
        "where database_name = $1 and table_name in (select unnest($2)) order by all",
        [database, list(COMPARED)],
    ).fetchall()

"""Read what a report shows: the queries of ``sql/report/``, each over a whole table of the published marts."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import duckdb
import polars as pl

from pipelines.errors import NothingPublishedError, WarehouseError
from pipelines.home import SQL
from warehouse.connection import open_file

CONFOUNDERS: Final = "fct_confounders"
"""Table that is shown if the marts have it."""


def read_report_marts(marts_file: Path) -> dict[str, pl.DataFrame]:
    """Return the frames of a report by the name of their query, each sorted, instants in UTC.

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
    with open_file(marts_file, read_only=True) as connection:
        try:
            frames = {name: connection.sql(query).pl() for name, query in queries.items()}
        except (duckdb.BinderException, duckdb.CatalogException) as error:
            raise WarehouseError(
                f"{marts_file} lacks what a report shows ({str(error).splitlines()[0]}); "
                "`reaction run` publishes it anew"
            ) from error
        frames["confounders"] = _optional(connection, CONFOUNDERS)
    return frames


def _optional(connection: duckdb.DuckDBPyConnection, table: str) -> pl.DataFrame:
    """Return a table that older marts do not have; empty then."""
    known = connection.execute("select count(*) from duckdb_tables() where table_name = $1", [table]).fetchall()
    return connection.sql(f"from {table} order by all").pl() if known[0][0] else pl.DataFrame()

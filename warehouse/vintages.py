"""Read what was known at an instant: the newest vintages by then, and the objects that runs have read.

What counts at an instant is decided by the models of ``sql/staging`` alone, here as in a run.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import polars as pl

from pipelines.contracts import RUN_INPUTS, Table
from pipelines.errors import WarehouseError
from warehouse.connection import WAIT_SECONDS, first_row, identifier, quoted, transaction
from warehouse.models import Model, run_ready, upstream
from warehouse.store import insert
from warehouse.workspace import open_reader, read_frame, set_variables, write_table

NEWEST = datetime(9999, 1, 1, tzinfo=UTC)
"""An instant after every other: what is known at it is what is known now."""

HISTORY = ("staging.stg_live__prices", "staging.stg_live__bars", "staging.stg_price_actions")
"""Models that a history of prices shows. Each view that is made costs some milliseconds, at every poll."""

_BARS = """
    select symbol, session_date as date, open, high, low, close, adj_close, volume
    from staging.stg_live__prices
    where source = $1 and session_date >= $2 and n_holders_since = 0{of_symbols}
    order by symbol, session_date
"""

_FIRST_KNOWN = """
    select object, min(known_from)
    from raw.batches
    where source = $1 and kind = 'full'
    group by object
    order by object
"""

_NEWEST_BATCH = """
    select batch_id, url, fetched_at
    from raw.batches
    where source = $1 and object = $2 and kind = 'full'
    order by known_from desc
    limit 1
"""

_RUN = """
    select run_id, price_source
    from raw.run_inputs
    where known_from <= $1 and ($2 is null or price_source = $2)
    order by known_from desc, run_id desc
    limit 1
"""


@dataclass(frozen=True, slots=True)
class KnownInputs:
    """What the newest run by an instant had read.

    Attributes
    ----------
    inputs : tuple of (source, object)
        The objects; which versions of them count is a question of the instant.
    """

    run_id: str
    price_source: str
    inputs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Version:
    """A stored version of an object: its rows without the batch's name, and where and when they were fetched."""

    url: str
    fetched_at: datetime
    rows: pl.DataFrame


def newest_version(connection: duckdb.DuckDBPyConnection, table: Table, name: str) -> Version | None:
    """Return the newest full batch of an object; None if there is none.

    Parameters
    ----------
    table : Table
        Contract of the raw table, which is the object's source, too.
    name : str
        The object.
    """
    batch = first_row(connection, _NEWEST_BATCH, [table.name, name])
    if batch is None:
        return None
    columns = [column for column in table.names if column != "batch_id"]
    names = ", ".join(map(identifier, columns))
    query = f"select {names} from raw.{identifier(table.name)} where batch_id = $1 order by row_number"
    schema = {column: table.column(column).polars for column in columns}
    rows = read_frame(connection, query, [batch[0]]).cast(pl.Schema(schema))
    return Version(batch[1], batch[2].astimezone(UTC), rows)


@contextmanager
def open_history(
    warehouse_file: Path,
    models: Sequence[Model],
    *,
    price_source: str,
    as_of: datetime = NEWEST,
    symbols: Collection[str] | None = None,
    wait_seconds: float = WAIT_SECONDS,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the models in `HISTORY` over objects of a live source, as known at an instant.

    Parameters
    ----------
    models : sequence of Model
        All models; those in `HISTORY` are built, and what they read.
    price_source : str
        A word of LIVE_SOURCES.
    symbols : collection of str, optional
        Those of which bars are wanted, by default all; actions are there of all.
    wait_seconds : float
        How long another process's lock is waited for.
    """
    with open_reader(warehouse_file, wait_seconds) as connection:
        objects = read_frame(
            connection,
            "select distinct source, object from raw.batches "
            "where source = $1 or (source = 'price_actions' and starts_with(object, $1 || ':'))",
            [f"{price_source}_prices"],
        )
        if symbols is not None:
            objects = objects.filter((pl.col("source") == "price_actions") | pl.col("object").is_in(list(symbols)))
        write_table(connection, "raw.inputs", objects)
        set_variables(connection, {"price_source": price_source, "as_of": as_of})
        run_ready(connection, upstream(models, HISTORY))
        yield connection


def stored_bars(
    connection: duckdb.DuckDBPyConnection,
    price_source: str,
    since: date = date.min,
    symbols: Collection[str] | None = None,
) -> pl.DataFrame:
    """Return the final bars of the newest vintages of a live source: symbol, date, prices and volume.

    Parameters
    ----------
    connection
        As `open_history` yields it.
    since : date
        First session.
    symbols : collection of str, optional
        Rows of others are not read; by default all are.
    """
    names = None if symbols is None else ", ".join(quoted(symbol) for symbol in sorted(symbols)) or "null"
    query = _BARS.format(of_symbols="" if names is None else f" and symbol in ({names})")
    return read_frame(connection, query, [price_source, since])


def bars_of(
    warehouse_file: Path,
    models: Sequence[Model],
    provider: str,
    symbols: Collection[str],
    as_of: datetime = NEWEST,
    *,
    wait_seconds: float = WAIT_SECONDS,
) -> Mapping[str, pl.DataFrame]:
    """Return the final bars of some symbols, as `stored_bars` gives them, by symbol.

    Those of other symbols are not read, however many there are.
    """
    history = open_history(
        warehouse_file, models, price_source=provider, as_of=as_of, symbols=symbols, wait_seconds=wait_seconds
    )
    with history as connection:
        bars = stored_bars(connection, provider, symbols=symbols)
    parts = bars.partition_by("symbol", as_dict=True, maintain_order=True)
    return {str(symbol): frame for (symbol,), frame in parts.items()}


def first_known(warehouse_file: Path, provider: str, wait_seconds: float = WAIT_SECONDS) -> dict[str, datetime]:
    """Return the symbols of a live source of which bars are stored, and since when each has been known."""
    if not warehouse_file.exists():
        return {}
    with open_reader(warehouse_file, wait_seconds) as connection:
        return dict(connection.execute(_FIRST_KNOWN, [f"{provider}_prices"]).fetchall())


def record_inputs(
    connection: duckdb.DuckDBPyConnection,
    run_id: str,
    price_source: str,
    inputs: Sequence[tuple[str, str]],
    started_at: datetime,
) -> None:
    """Append the objects that a run reads to the record, so that the run can be repeated as of an instant.

    They count from the instant by which every version that the run could read was known.
    """
    row = first_row(connection, "select max(known_from) from raw.batches")
    known_from = max(started_at, row[0]) if row and row[0] is not None else started_at
    frame = pl.DataFrame(
        [(run_id, price_source, source, name, known_from) for source, name in dict.fromkeys(inputs)],
        schema=RUN_INPUTS.polars_schema,
        orient="row",
    )
    with transaction(connection):
        insert(connection, RUN_INPUTS, "raw", frame)


def inputs_as_of(
    warehouse_file: Path, as_of: datetime, price_source: str | None = None, wait_seconds: float = WAIT_SECONDS
) -> KnownInputs:
    """Return what the newest run by an instant had read.

    Raises
    ------
    WarehouseError
        If no run had recorded its inputs by then; the message says from when on there are some.
    """
    if not warehouse_file.exists():
        raise WarehouseError(f"{warehouse_file} does not exist yet, so nothing was known; run `reaction run` first")
    with open_reader(warehouse_file, wait_seconds) as connection:
        run = first_row(connection, _RUN, [as_of, price_source])
        if run is None:
            found = first_row(
                connection,
                "select min(known_from)::varchar from raw.run_inputs where $1 is null or price_source = $1",
                [price_source],
            )
            of = f" of source {price_source!r}" if price_source else ""
            when = f"the first is of {found[0]}" if found and found[0] else "there is none yet"
            raise WarehouseError(f"no run{of} had read anything by {as_of.isoformat()}; {when}")
        rows = connection.execute(
            "select source, object from raw.run_inputs where run_id = $1 order by source, object", [run[0]]
        ).fetchall()
    return KnownInputs(run[0], run[1], tuple((source, name) for source, name in rows))

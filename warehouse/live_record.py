"""What the record of requests and the ledger say of the symbols of a live source."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import duckdb
import polars as pl

from warehouse.connection import registered
from warehouse.workspace import read_frame

_ASKED = """
    select
        object as symbol,
        min(first_date) filter (where outcome in ('ok', 'empty')) as first_date,
        max(fetched_at) filter (where outcome in ('ok', 'empty')) as answered_at,
        max(fetched_at) filter (where outcome = 'refused') as refused_at
    from raw.requests
    where source = $1
    group by object
    order by object
"""

_ANSWERED = """
    select object, first_date, max(fetched_at)
    from raw.requests
    where source = $1 and outcome = 'ok'
    group by object, first_date
"""

_SAID = """
    select listings.symbol, max_by(listings.exchange, batches.known_from)
    from raw.provider_listings as listings
    inner join raw.batches as batches using (batch_id)
    where listings.source = $1 and listings.exchange is not null
    group by listings.symbol
"""

_KNOWN = """
    select batches.batch_id
    from raw.batches as batches
    semi join {relation} using (source, object)
    qualify vintage = max_by(vintage, known_from) filter (where kind = 'full') over (partition by source, object)
    order by batches.batch_id
"""


def asked_before(connection: duckdb.DuckDBPyConnection, source: str) -> pl.DataFrame:
    """Return what was asked of a source, a row for each symbol.

    Parameters
    ----------
    source : str
        Name of the raw table, such as ``yahoo_prices``.

    Returns
    -------
    DataFrame
        `symbol`, `first_date` (first day of all requests that were answered), `answered_at` and `refused_at` (newest
        requests that were answered and refused).
    """
    return read_frame(connection, _ASKED, [source])


def answered_from(connection: duckdb.DuckDBPyConnection, source: str) -> list[tuple[str, date, datetime]]:
    """Return object, first day and newest answer of the requests to a source, a row for each first day."""
    return connection.execute(_ANSWERED, [source]).fetchall()


def said_exchanges(connection: duckdb.DuckDBPyConnection, provider: str) -> dict[str, str]:
    """Return the provider's newest word for the exchange of each symbol."""
    return dict(connection.execute(_SAID, [provider]).fetchall())


def stored_objects(connection: duckdb.DuckDBPyConnection, source: str) -> list[str]:
    """Return the objects of a source of which the store has a version."""
    rows = connection.execute("select distinct object from raw.batches where source = $1 order by 1", [source])
    return [str(name) for (name,) in rows.fetchall()]


def known_batches(connection: duckdb.DuckDBPyConnection, inputs: Sequence[tuple[str, str]]) -> list[str]:
    """Return the batches of the newest vintages of objects, in order of their names."""
    objects = pl.DataFrame(list(inputs), schema={"source": pl.String, "object": pl.String}, orient="row")
    with registered(connection, objects) as relation:
        return [str(row[0]) for row in connection.execute(_KNOWN.format(relation=relation)).fetchall()]

"""Measure the raw store on 10 million bars, each figure beside the plainest statement that does the same work.

    uv run python tests/benchmarks/bench_store.py
    uv run python tests/benchmarks/bench_store.py --bars 1000000 --repeat 9

    load      bars from Parquet into the store's table, beside a bare `create table as` of the same file
    csv       the same bars from a CSV of the user's, read, checked, hashed and stored as `reaction run --source files`
              does, beside a bare `create table as select * from read_csv` of the same file
    append    10,000 bars in 500 batches, as of a run of 500 securities, appended in one transaction, ledger and all,
              beside a bare insert of the rows
    one       the same bars as one batch
    read      the newest version of every bar through the staging models, beside a bare scan of the table
    judge     every stored bar compared with a fetched one, verdicts of all symbols, beside a bare join in Polars

Each figure is the median of several runs in this process; times depend on the machine, so quote the ratio.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from flows.inputs import all_incoming
from flows.run import models
from pipelines.contracts import BATCHES, YAHOO_PRICES
from pipelines.restatements import judge
from pipelines.sources import files_prices
from pipelines.sources.batch import content_hash
from warehouse.connection import open_file, quoted
from warehouse.migrations import migrate
from warehouse.store import Incoming, append
from warehouse.vintages import open_history

N_SESSIONS = 2_500
N_APPENDED = 10_000
START = datetime(2025, 1, 1, tzinfo=UTC)
NO_ACTIONS = pl.DataFrame(schema={"symbol": pl.String, "date": pl.Date, "kind": pl.String, "value": pl.Float64})


def write_bars(file: Path, n_bars: int) -> None:
    """Write bars of made-up symbols with 2,500 sessions each, in the columns of the raw table."""
    with duckdb.connect() as connection:
        connection.execute(
            f"""
            copy (
                select
                    'yahoo_prices:S' || (i // {N_SESSIONS}) || ':0123456789abcdef' as batch_id,
                    i % {N_SESSIONS} as row_number,
                    'S' || (i // {N_SESSIONS}) as symbol,
                    date '2015-01-01' + (i % {N_SESSIONS})::integer as date,
                    null::timestamptz as opened_at,
                    close * 0.99 as open,
                    close * 1.01 as high,
                    close * 0.98 as low,
                    close,
                    close as adj_close,
                    1000.0 as volume,
                    true as is_final
                from (select i, 100 + hash(i) % 1000 / 100.0 as close from range({n_bars}) as bars (i))
            ) to {quoted(file)} (format parquet)
            """
        )


def fill(connection: duckdb.DuckDBPyConnection, file: Path) -> None:
    """Load the bars and a ledger row for each symbol."""
    connection.execute(f"insert into raw.yahoo_prices select * from {quoted(file)}")
    ledger = ", ".join(BATCHES.names)
    connection.execute(
        f"insert into raw.batches ({ledger}) select batch_id, 'yahoo_prices', any_value(symbol), 'u', 'h', count(*), "
        f"timestamptz '{START}', timestamptz '{START}', 'r', batch_id, 'full' "
        "from raw.yahoo_prices group by batch_id"
    )


def appended(n_symbols: int, n_batches: int, number: int) -> list[Incoming]:
    """Return new bars of as many symbols as there are batches, other ones with every number."""
    per_batch = N_APPENDED // n_batches
    at = START + timedelta(days=number + 1)
    columns = {column.name: column.polars for column in YAHOO_PRICES.columns if column.name != "batch_id"}
    found = []
    for batch in range(n_batches):
        symbol = f"S{batch % n_symbols}"
        days = [date(2030, 1, 1) + timedelta(days=per_batch * number + n) for n in range(per_batch)]
        rows = pl.DataFrame(
            {
                "row_number": range(per_batch),
                "symbol": [symbol] * per_batch,
                "date": days,
                "opened_at": [None] * per_batch,
                **{
                    name: [100.0 + number] * per_batch
                    for name in ("open", "high", "low", "close", "adj_close", "volume")
                },
                "is_final": [True] * per_batch,
            },
            schema=columns,
        )
        found.append(Incoming("yahoo_prices", symbol, "u", content_hash(rows), at, rows, "append"))
    return found


def median_of(repeat: int, work: Callable[[int], float | None]) -> float:
    """Return the median of several runs; work that returns a time has measured itself."""
    times = []
    for number in range(repeat):
        started = time.perf_counter()
        own = work(number)
        times.append(time.perf_counter() - started if own is None else own)
    return statistics.median(times)


def timed_append(connection: duckdb.DuckDBPyConnection, batches: list[Incoming]) -> float:
    """Return the time of one append; making the batches is no part of it."""
    started = time.perf_counter()
    append(connection, batches, "bench")
    return time.perf_counter() - started


def bare_insert(connection: duckdb.DuckDBPyConnection, rows: pl.DataFrame) -> float:
    """Return the time of a plain insert of the same rows."""
    started = time.perf_counter()
    connection.register("bare", rows.to_arrow())
    connection.execute("insert into bare_bars select * from bare")
    connection.unregister("bare")
    return time.perf_counter() - started


def bench_appends(connection: duckdb.DuckDBPyConnection, n_symbols: int, repeat: int) -> dict[str, tuple[float, float]]:
    """Return the figures of appending in many batches and in one, each with its bare counterpart."""
    rows = appended(n_symbols, 1, 0)[0].rows.with_columns(batch_id=pl.lit("b"))
    rows = YAHOO_PRICES.conform(rows)
    connection.execute("create or replace table bare_bars as select * from raw.yahoo_prices limit 0")
    bare = median_of(repeat, lambda _: bare_insert(connection, rows))
    figures = {}
    first = 0
    for name, n_batches in (("append", min(500, n_symbols)), ("one", 1)):
        prepared = [appended(n_symbols, n_batches, first + number) for number in range(repeat)]
        figures[name] = median_of(repeat, lambda number, sets=prepared: timed_append(connection, sets[number])), bare
        first += repeat
    return figures


def bench_judge(file: Path, repeat: int) -> tuple[float, float]:
    """Return the figure of judging every bar, beside a bare join."""
    stored = pl.read_parquet(file, columns=["symbol", "date", "close", "adj_close", "volume"])
    fetched = stored.with_columns(close=pl.col("close") * (1 + 1e-6))

    def join(_: int) -> None:
        both = stored.join(fetched, on=["symbol", "date"], suffix="_new")
        both.select((pl.col("close_new") / pl.col("close") - 1).abs().max())

    def verdicts(_: int) -> None:
        assert len(judge(stored, fetched, NO_ACTIONS)) == stored["symbol"].n_unique()

    return median_of(repeat, verdicts), median_of(repeat, join)


def write_csv(file: Path, csv: Path) -> None:
    """Write the bars as a user's price file."""
    with duckdb.connect() as connection:
        columns = "symbol, date, open, high, low, close, adj_close, volume"
        connection.execute(f"copy (select {columns} from {quoted(file)}) to {quoted(csv)} (format csv, header true)")


def store_csv(connection: duckdb.DuckDBPyConnection, csv: Path) -> None:
    """Read a price file and store it, a batch for each symbol."""
    found = files_prices.fetch(files_prices.FilesRequest([csv]), START)
    append(connection, all_incoming(found), "bench")


def bench_csv(folder: Path, file: Path) -> tuple[float, float]:
    """Return the figure of loading a CSV, beside a bare load; neither has the file's pages to read first."""
    csv = folder / "bars.csv"
    write_csv(file, csv)
    create = f"create table bars as select * from read_csv({quoted(csv)})"
    with open_file(folder / "bare_csv.duckdb") as connection:
        bare = median_of(1, lambda _: connection.execute(create) and None)
    with open_file(folder / "csv.duckdb") as connection:
        migrate(connection)
        ours = median_of(1, lambda _: store_csv(connection, csv))
    for made in (csv, folder / "bare_csv.duckdb", folder / "csv.duckdb"):
        made.unlink()
    return ours, bare


def bench(folder: Path, n_bars: int, repeat: int) -> dict[str, tuple[float, float]]:
    """Return every figure with its bare counterpart, in seconds."""
    file, warehouse = folder / "bars.parquet", folder / "warehouse.duckdb"
    write_bars(file, n_bars)
    figures: dict[str, tuple[float, float]] = {}
    with open_file(folder / "bare.duckdb") as connection:
        bare = median_of(1, lambda _: connection.execute(f"create table bars as select * from {quoted(file)}") and None)
    with open_file(warehouse) as connection:
        migrate(connection)
        figures["load"] = median_of(1, lambda _: fill(connection, file)), bare
        connection.execute("checkpoint")
        figures |= bench_appends(connection, -(-n_bars // N_SESSIONS), repeat)
        scan = median_of(
            repeat, lambda _: connection.execute("select sum(close) from raw.yahoo_prices").fetchall() and None
        )
    newest = "select sum(close) from staging.stg_live__prices where source = 'yahoo'"
    with open_history(warehouse, models(), price_source="yahoo") as connection:
        figures["read"] = median_of(3, lambda _: connection.execute(newest).fetchall() and None), scan
    figures["csv"] = bench_csv(folder, file)
    figures["judge"] = bench_judge(file, 3)
    return figures


def main() -> None:
    """Print every figure, its bare counterpart and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bars", type=int, default=10_000_000)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = bench(Path(folder), options.bars, options.repeat)
    print(f"{options.bars:,} bars\n{'':<8}{'ours':>12}{'bare':>12}{'ratio':>8}")
    for name, (ours, bare) in figures.items():
        print(f"{name:<8}{1000 * ours:>9,.0f} ms{1000 * bare:>9,.0f} ms{ours / bare:>8.1f}")


if __name__ == "__main__":
    main()

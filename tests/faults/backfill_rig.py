"""A fake Yahoo that answers fast, warm processes that backfill from it, and what must hold of what they leave."""

from __future__ import annotations

import hashlib
import runpy
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from multiprocessing import get_context
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

import duckdb
import polars as pl

from flows.run import models
from pipelines.fake_providers.market import Market, Security
from pipelines.fake_providers.server import Reply
from pipelines.fake_providers.yahoo import CHART, FakeYahoo
from pipelines.sources.batch import content_hash
from tests.running import ROOT
from warehouse.connection import open_file
from warehouse.vintages import open_history, stored_bars

FIRST, LAST = date(2005, 1, 3), date(2024, 12, 31)
MODELS = models()
HEAVY = ["flows.backfill", "pipelines.sources.yahoo_web", "exchange_calendars", "pyarrow.dataset"]
"""Modules that a warm process holds already."""


class QuickYahoo(FakeYahoo):
    """A fake Yahoo that makes each answer once."""

    def __init__(self, market: Market) -> None:
        self._made: dict[tuple[str, ...], Reply] = {}
        super().__init__(market)

    def _chart(self, symbol: str, query: Mapping[str, str]) -> Reply:
        key = (symbol, *sorted(query.values()))
        if key not in self._made:
            self._made[key] = super()._chart(symbol, query)
        return self._made[key]

    def settle(self) -> None:
        """Wait until the requests of clients that are gone are all in the log."""
        while any("process_request_thread" in thread.name for thread in threading.enumerate()):
            time.sleep(0.002)

    def asked(self, begin: int = 0) -> Counter[str]:
        """Return the requests for charts by symbol, from a position of the log on."""
        paths = [request.path for request in self.log[begin:]]
        return Counter(path.removeprefix(CHART) for path in paths if path.startswith(CHART))


def names(count: int) -> list[str]:
    """Return so many tickers."""
    return [f"Q{chr(65 + n // 26)}{chr(65 + n % 26)}" for n in range(count)]


def quick_yahoo(symbols: Sequence[str], listed: date = FIRST) -> QuickYahoo:
    """Return a server with a history of each symbol; every third splits once."""
    market = Market(45, LAST, securities=[Security(symbol, listed=listed) for symbol in symbols])
    for symbol in symbols[::3]:
        market.add_split(symbol, date(2024, 6, 10), 4.0)
    return QuickYahoo(market)


def context() -> ForkServerContext:
    """Return a context whose processes have all modules loaded and have never opened a database."""
    made = get_context("forkserver")
    made.set_forkserver_preload(
        ["flows.backfill", "pipelines.sources.yahoo_web", "exchange_calendars", "pyarrow.dataset"]
    )
    return made


def start(made: ForkServerContext, home: Path, yahoo: QuickYahoo, symbols: Sequence[str]) -> ForkServerProcess:
    """Start a backfill in a warm process; the exit code says whether all was done."""
    given = {"HOME": home, "BASE_URL": yahoo.base_url, "FIRST": FIRST, "LAST": LAST, "SYMBOLS": tuple(symbols)}
    process = made.Process(target=runpy.run_path, args=(str(ROOT / "tests/faults/warm_backfill.py"), given, "__main__"))
    process.start()
    return process


@dataclass
class Audit:
    """Holds a warehouse to its invariants, time and again; a batch's own hash is computed once.

    Attributes
    ----------
    acknowledged : dict
        Outcome by symbol of every chunk that the ledger has ever shown.
    """

    home: Path
    acknowledged: dict[str, str] = field(default_factory=dict)
    _hashed: dict[str, str] = field(default_factory=dict)

    def check(self) -> None:
        """Assert I1, I2, I3, I4 and I7."""
        file = self.home / "warehouse.duckdb"
        if not file.exists():
            assert not self.acknowledged
            return
        with open_file(file) as connection:
            if not connection.execute("select 1 from duckdb_tables() where table_name = 'backfill_chunks'").fetchall():
                assert not self.acknowledged
                return
            self._rows_fit_the_ledger(connection)
            self._chunks_fit_the_batches(connection)
        if self.acknowledged:
            self._one_row_per_session(file)

    def _rows_fit_the_ledger(self, connection: duckdb.DuckDBPyConnection) -> None:
        for table in ("yahoo_prices", "price_actions"):
            torn = connection.execute(
                f"select batch_id from (select batch_id, count(*) as n from raw.{table} group by 1) as rows "
                f"full join (from raw.batches where source = '{table}') as ledger using (batch_id) "
                "where coalesce(n, 0) is distinct from n_rows"
            ).fetchall()
            assert torn == [], "I2: rows without a ledger entry, or the other way round"
            ledger = connection.execute(
                "select batch_id, content_hash from raw.batches where source = $1", [table]
            ).fetchall()
            for batch_id, stated in ledger:
                if batch_id not in self._hashed:
                    rows = connection.execute(
                        f"select * exclude (batch_id) from raw.{table} where batch_id = $1 order by row_number",
                        [batch_id],
                    ).pl()
                    assert content_hash(rows) == stated, f"I2: {batch_id} is not what was hashed"
                    self._hashed[batch_id] = stated
            known = {batch_id for batch_id, _ in ledger}
            assert len(ledger) == len(known), "I1: a batch is there twice"
            lost = {name for name in self._hashed if name.startswith(table)} - known
            assert not lost, "I1: an acknowledged batch is gone"

    def _chunks_fit_the_batches(self, connection: duckdb.DuckDBPyConnection) -> None:
        chunks = connection.execute("select object, outcome, n_rows from raw.backfill_chunks").fetchall()
        asked = connection.execute("select object, outcome, n_rows from raw.requests").fetchall()
        stored = connection.execute("select object, 'ok', n_rows from raw.batches where source = 'yahoo_prices'")
        assert sorted(chunks) == sorted(asked) == sorted(stored.fetchall()), "I7: the ledger says more than there is"
        found = {name: outcome for name, outcome, _ in chunks}
        assert len(found) == len(chunks), "I1: a chunk is there twice"
        assert self.acknowledged.items() <= found.items(), "I1: an acknowledged chunk is gone"
        self.acknowledged = found

    def _one_row_per_session(self, file: Path) -> None:
        with open_history(file, MODELS, price_source="yahoo") as connection:
            for what, query in {
                "I3": "select count(*), count(distinct (symbol, session_date, known_from)) from staging.stg_live__bars",
                "I4": "select count(*), count(distinct (symbol, session_date)) from staging.stg_live__prices",
            }.items():
                n_rows, n_distinct = connection.execute(query).fetchall()[0]
                assert n_rows == n_distinct > 0, what


def table_hash(home: Path) -> str:
    """Return a hash of every stored bar and action in an order of their own, and of what the ledger says of them."""
    digest = hashlib.sha256()
    with open_history(home / "warehouse.duckdb", MODELS, price_source="yahoo") as connection:
        digest.update(content_hash(stored_bars(connection, "yahoo")).encode())
        actions = "select symbol, action_date, kind, value from staging.stg_price_actions order by all"
        digest.update(content_hash(connection.execute(actions).pl()).encode())
    with open_file(home / "warehouse.duckdb", read_only=True) as connection:
        ledger = "select source, object, content_hash, n_rows, kind from raw.batches order by all"
        digest.update(content_hash(pl.DataFrame(connection.execute(ledger).pl())).encode())
    return digest.hexdigest()

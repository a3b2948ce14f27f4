"""Backfills in this process, from fake providers: one vintage, resuming, restatements, failures, throttles."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from flows.backfill import Backfilled, make_source, plan_backfill, run_backfill
from flows.backfill_asking import MOST_PAUSES
from flows.backfill_plan import Days, Scope
from flows.backfill_tally import Tally, listener
from flows.run import models
from pipelines.errors import ConfigurationError, WarehouseBusyError
from pipelines.fake_providers.coinbase import FakeCoinbase
from pipelines.fake_providers.faults import page, throttled
from pipelines.fake_providers.market import Market, Security
from pipelines.fake_providers.yahoo import CHART, FakeYahoo
from pipelines.fake_providers.yahoo_faults import in_other_units
from pipelines.settings import Settings
from pipelines.sources.live import BAR_COLUMNS, Answer, BarsRequest, BarsSource, Outcome
from pipelines.sources.web.breaker import Patience
from pipelines.sources.web.limiter import Rate
from pipelines.sources.web.manners import Manners
from warehouse.connection import open_file
from warehouse.lease import lease
from warehouse.vintages import bars_of

FIRST, LAST = date(2022, 1, 3), date(2024, 12, 31)
MARKET_DAY = date(2025, 1, 31)
STOCKS = ("AAA", "BBB", "CCC", "DDD")
IMPATIENT = Manners(Rate(10_000, 100), patience=Patience(8, 0.01, 0.02))
MODELS = models()


def market() -> Market:
    """Return a market of four stocks and a coin that is listed in 2023."""
    coin = Security("BTC-USD", "crypto", date(2023, 3, 1), exchange="CCC", time_zone="UTC")
    return Market(9, MARKET_DAY, securities=[*(Security(name) for name in STOCKS), coin])


def backfill(
    settings: Settings, *symbols: str, source: str = "yahoo", days: Days = (FIRST, LAST), chunk_days: int = 365
) -> Backfilled:
    """Backfill some symbols."""
    return run_backfill(settings, Scope(*days, (source,), symbols or STOCKS, chunk_days))


def outcomes(done: Backfilled, source: str = "yahoo") -> dict[str, int]:
    """Return the number of chunks by outcome."""
    return dict(done.tally.sources[source].outcomes)


def rows(settings: Settings, query: str) -> list[tuple[object, ...]]:
    """Return the rows of a query on the warehouse."""
    with open_file(settings.warehouse_file, read_only=True) as connection:
        return connection.execute(query).fetchall()


def kinds(settings: Settings, source: str) -> list[tuple[object, ...]]:
    """Return kind and number of rows of the batches of bars, in the order of storing."""
    return rows(settings, f"select kind, n_rows from raw.batches where source = '{source}_prices' order by known_from")


def asked(server: FakeYahoo, begin: int = 0) -> list[str]:
    """Return the symbols whose charts were asked for, from a position of the log on."""
    return sorted(r.path.removeprefix(CHART) for r in server.log[begin:] if r.path.startswith(CHART))


def test_a_backfill_stores_what_the_provider_has_and_asks_once(tmp_path: Path) -> None:
    """Every symbol is asked for once, stored whole, and in the ledger; the same again asks and stores nothing (I8)."""
    with FakeYahoo(market()) as yahoo:
        settings = Settings(home=tmp_path, yahoo_base_url=yahoo.base_url)
        first = backfill(settings)
        begin = len(yahoo.log)
        second = backfill(settings)
        assert asked(yahoo, 0) == list(STOCKS)
        assert asked(yahoo, begin) == []

    assert first.is_complete
    assert outcomes(first) == {"ok": 4}
    assert second.is_complete
    assert (second.tally.n_chunks, second.tally.n_done_before) == (0, 4)
    (n_rows,) = rows(settings, "select count(*) from raw.yahoo_prices")[0]
    assert n_rows == first.tally.n_rows > 4 * 700
    ledger = rows(settings, "select object, outcome, first_date, last_date, n_requests from raw.backfill_chunks")
    assert sorted(ledger) == [(name, "ok", FIRST, LAST, 1) for name in STOCKS]
    assert rows(settings, "select count(*) from raw.requests where outcome = 'ok'") == [(4,)]


def test_chunks_of_a_source_of_ranges_continue_one_vintage(tmp_path: Path) -> None:
    """Chunks before the listing are empty, the first one with bars begins the vintage, the others continue it."""
    with FakeCoinbase(market()) as coinbase:
        settings = Settings(home=tmp_path, coinbase_base_url=coinbase.base_url)
        done = backfill(settings, "BTC-USD", source="coinbase", chunk_days=200)
        wanted = [(bar.session, bar.close) for bar in coinbase.market.bars("BTC-USD", FIRST, LAST)]

    assert done.is_complete
    assert outcomes(done, "coinbase") == {"empty": 2, "ok": 4}
    assert [kind for kind, _ in kinds(settings, "coinbase")] == ["full", "append", "append", "append"]
    bars = bars_of(settings.warehouse_file, MODELS, "coinbase", ["BTC-USD"])["BTC-USD"]
    assert bars.select("date", "close").rows() == wanted


def test_an_earlier_beginning_fetches_up_to_what_is_stored(tmp_path: Path) -> None:
    """Days before the stored ones are fetched with them, so that both are on one basis: the vintage has no seam."""
    with FakeYahoo(market()) as yahoo:
        settings = Settings(home=tmp_path, yahoo_base_url=yahoo.base_url)
        backfill(settings, "AAA", days=(date(2024, 1, 2), LAST))
        yahoo.market.add_split("AAA", date(2025, 1, 15), 10)
        done = backfill(settings, "AAA", days=(FIRST, date(2023, 12, 29)))
        sessions = yahoo.market.sessions("AAA", FIRST, LAST)

    assert done.is_complete
    assert [kind for kind, _ in kinds(settings, "yahoo")] == ["full", "full"]
    bars = bars_of(settings.warehouse_file, MODELS, "yahoo", ["AAA"])["AAA"]
    assert bars["date"].to_list() == sessions
    change = (bars["close"] / bars["close"].shift(1)).drop_nulls()
    assert change.is_between(0.8, 1.25).all(), "two price bases were mixed"


class Restating:
    """A source of ranges that rescales its whole history after so many answers."""

    name = "coinbase_prices"

    def __init__(self, after: int) -> None:
        self.requests: list[BarsRequest] = []
        self._after = after

    def fetch(self, request: BarsRequest) -> Answer:
        """Return a bar for every day that was asked for."""
        self.requests.append(request)
        factor = 0.1 if len(self.requests) > self._after else 1.0
        days = [request.first + timedelta(n) for n in range((request.last - request.first).days + 1)]
        bars = [self._bar(day, factor * (100 + day.toordinal() % 7)) for day in days]
        frame = pl.DataFrame(bars, schema=BAR_COLUMNS, orient="row")
        return Answer(request, Outcome.OK, datetime.now(UTC), "https://example.org", bars=frame)

    def close(self) -> None:
        """Do nothing."""

    @staticmethod
    def _bar(day: date, price: float) -> tuple[object, ...]:
        opened = datetime.combine(day, datetime.min.time(), UTC)
        return (day, opened, price, price, price, price, None, 1000.0)


def test_a_restatement_between_two_chunks_is_fetched_whole(tmp_path: Path) -> None:
    """Bars of two bases never stand in one vintage: the overlap shows the change, and the history is fetched anew."""
    source = Restating(after=2)
    made: Callable[[str, Settings], tuple[BarsSource, Manners]] = lambda *_: (source, IMPATIENT)  # noqa: E731
    settings = Settings(home=tmp_path)
    days = (date(2023, 1, 1), date(2023, 12, 31))
    done = run_backfill(settings, Scope(*days, ("coinbase",), ("BTC-USD",), 100), make=made)

    assert done.is_complete
    assert [kind for kind, _ in kinds(settings, "coinbase")] == ["full", "append", "full", "append"]
    spans = [(request.first, request.last) for request in source.requests]
    assert spans[3] == (days[0], date(2023, 10, 27)), "the whole history up to the end of the third chunk"
    bars = bars_of(settings.warehouse_file, MODELS, "coinbase", ["BTC-USD"])["BTC-USD"]
    assert bars.height == 365
    assert bars["close"].is_between(9.9, 10.7).all()


def test_failures_are_asked_for_again_and_nothing_else(tmp_path: Path) -> None:
    """A page instead of a chart fails one symbol; an unknown one is refused for good; then only one is asked for."""
    with FakeYahoo(market()) as yahoo:
        settings = Settings(home=tmp_path, yahoo_base_url=yahoo.base_url)
        yahoo.arm(page(), "BBB")
        first = backfill(settings, *STOCKS, "NOPE")
        yahoo.disarm()
        begin = len(yahoo.log)
        second = backfill(settings, *STOCKS, "NOPE")
        assert asked(yahoo, begin) == ["BBB"]

    assert not first.is_complete
    assert outcomes(first) == {"ok": 3, "broken": 1, "refused": 1}
    assert first.tally.n_left == 1
    assert first.tally.sources["yahoo"].reasons["broken"].startswith("BBB: expected")
    assert second.is_complete
    assert second.tally.n_done_before == 4


def test_an_answer_that_contradicts_what_is_stored_is_left_for_later(tmp_path: Path) -> None:
    """Prices in another unit are not stored and not done; when the unit is back, they are."""
    with FakeYahoo(market()) as yahoo:
        settings = Settings(home=tmp_path, yahoo_base_url=yahoo.base_url)
        backfill(settings, "AAA", days=(FIRST, date(2023, 12, 29)))
        yahoo.arm(in_other_units(100.0), "AAA")
        spoiled = backfill(settings, "AAA")
        yahoo.disarm()
        honest = backfill(settings, "AAA")

    assert outcomes(spoiled) == {"quarantined": 1}
    assert not spoiled.is_complete
    assert outcomes(honest) == {"ok": 1}
    assert [kind for kind, _ in kinds(settings, "yahoo")] == ["full", "append"]


def impatiently(word: str, settings: Settings) -> tuple[BarsSource, Manners]:
    """Make a source whose pauses are short."""
    return make_source(word, settings)[0], IMPATIENT


def test_a_throttle_that_ends_costs_nothing(tmp_path: Path) -> None:
    """While the provider throttles the backfill pauses; then it goes on with the same chunk (24)."""
    with FakeYahoo(market()) as yahoo:
        settings = Settings(home=tmp_path, yahoo_base_url=yahoo.base_url)
        yahoo.arm(throttled(), CHART, times=5)  # a request repeats itself four times
        done = run_backfill(settings, Scope(FIRST, LAST, ("yahoo",), ("AAA",)), make=impatiently)

    assert done.is_complete
    assert rows(settings, "select outcome from raw.requests order by fetched_at") == [("throttled",), ("ok",)]
    assert rows(settings, "select outcome, n_requests from raw.backfill_chunks") == [("ok", 2)]


def test_a_throttle_without_end_leaves_a_list(tmp_path: Path) -> None:
    """A source is given up after some pauses: what was asked is in the ledger as throttled, all is left (25)."""
    seen: list[Tally] = []
    token = listener.set(seen.append)
    try:
        done = run_backfill(
            Settings(home=tmp_path), Scope(FIRST, LAST, ("yahoo",), STOCKS), make=lambda *_: (Refusing(), IMPATIENT)
        )
    finally:
        listener.reset(token)
    assert done.tally.n_left == len(STOCKS)
    assert not done.is_complete
    assert outcomes(done)["throttled"] >= 1
    assert set(outcomes(done)) == {"throttled"}
    assert seen
    again = plan_backfill(Settings(home=tmp_path), Scope(FIRST, LAST, ("yahoo",), STOCKS))
    assert again.n_chunks == len(STOCKS)


class Refusing:
    """A source that always says to ask later."""

    name = "yahoo_prices"

    def __init__(self) -> None:
        self.n = 0

    def fetch(self, request: BarsRequest) -> Answer:
        """Say so."""
        self.n += 1
        return Answer(request, Outcome.THROTTLED, datetime.now(UTC), "https://example.org", "too many requests")

    def close(self) -> None:
        """Do nothing."""


def test_a_given_up_source_is_asked_no_more_than_pauses_allow(tmp_path: Path) -> None:
    """However many symbols are left, a source that never answers is asked as often as there are pauses and threads."""
    source = Refusing()
    symbols = tuple(f"S{chr(65 + n // 26)}{chr(65 + n % 26)}" for n in range(200))
    done = run_backfill(
        Settings(home=tmp_path), Scope(FIRST, LAST, ("yahoo",), symbols), make=lambda *_: (source, IMPATIENT)
    )
    assert done.tally.n_left == 200
    assert source.n <= 4 * (MOST_PAUSES + 1)


def test_an_error_of_ours_costs_one_symbol(tmp_path: Path) -> None:
    """What cannot be understood is named with its symbol, and the others are stored."""

    def broken(word: str, settings: Settings) -> tuple[BarsSource, Manners]:
        source, manners = make_source(word, settings)
        fetch = source.fetch
        source.fetch = lambda request: 1 / 0 if request.symbol == "CCC" else fetch(request)  # type: ignore
        return source, manners

    with FakeYahoo(market()) as yahoo:
        settings = Settings(home=tmp_path, yahoo_base_url=yahoo.base_url)
        done = run_backfill(settings, Scope(FIRST, LAST, ("yahoo",), STOCKS), make=broken)
    assert outcomes(done) == {"ok": 3, "broken": 1}
    assert done.tally.sources["yahoo"].reasons == {"broken": "CCC: ZeroDivisionError: division by zero"}


def test_a_plan_asks_and_writes_nothing(tmp_path: Path) -> None:
    """A dry run of an empty home leaves it as it was."""
    plan = plan_backfill(Settings(home=tmp_path / "home"), Scope(FIRST, LAST, ("yahoo",), STOCKS))
    assert plan.n_chunks == 4
    assert not (tmp_path / "home").exists()


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    """A backfill beside a run ends at once; a scope that is wrong is refused before anything is made."""
    settings = Settings(home=tmp_path)
    with (
        lease(settings.lock_file, now=datetime(2025, 1, 27, tzinfo=UTC), what="reaction run"),
        pytest.raises(WarehouseBusyError, match="reaction run by process"),
    ):
        backfill(settings)
    with pytest.raises(ConfigurationError, match="swap them"):
        backfill(Settings(home=tmp_path / "other"), days=(LAST, FIRST))
    assert not (tmp_path / "other").exists()


READ = """
import duckdb, sys
with duckdb.connect(sys.argv[1], read_only=True):
    print("open", flush=True)
    sys.stdin.read()
"""


def test_a_commit_waits_for_a_reader(tmp_path: Path) -> None:
    """Somebody who looks into the warehouse for a moment costs a moment, and nothing that was fetched."""

    def beside_a_reader(fill: Callable[..., int], *args: object) -> int:
        command = [sys.executable, "-c", READ, str(tmp_path / "warehouse.duckdb")]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as reader:
            assert reader.stdin is not None
            assert reader.stdout is not None
            assert reader.stdout.readline() == "open\n"
            threading.Timer(1.0, reader.stdin.close).start()
            return fill(*args)

    with FakeYahoo(market()) as yahoo:
        settings = Settings(home=tmp_path, yahoo_base_url=yahoo.base_url, lock_wait_seconds=0)
        done = run_backfill(settings, Scope(FIRST, LAST, ("yahoo",), STOCKS), call=beside_a_reader)
        assert asked(yahoo) == list(STOCKS)
    assert outcomes(done) == {"ok": 4}

"""Answers of a vendor that restates history, one after the other into a warehouse file."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from pipelines.contracts import RAW_ROWS
from pipelines.restatements import Verdict
from pipelines.sources.batch import content_hash
from tests.vendor import SYMBOL, Follower, Vendor, day
from warehouse.connection import open_file
from warehouse.store import StoreResult


@pytest.fixture
def vendor() -> Vendor:
    """Return a vendor with 30 sessions: 100, 101, ... and every seventh again from 100."""
    found = Vendor()
    for number in range(30):
        found.trade(100.0 + number % 7)
    return found


@pytest.fixture
def follower(tmp_path: Path, vendor: Vendor) -> Follower:
    """Return a warehouse that has fetched the vendor's history once."""
    found = Follower(tmp_path / "warehouse.duckdb")
    judgement, stored = found.take(vendor.answer(found.now, whole=True))
    assert (judgement.verdict, stored) == (Verdict.FIRST, StoreResult(2, 0, 30))
    return found


def kinds(follower: Follower) -> list[tuple[str, int]]:
    """Return kind and number of rows of the batches of bars, in the order of storing."""
    with open_file(follower.file, read_only=True) as connection:
        return connection.execute(
            "select kind, n_rows from raw.batches where source = 'yahoo_prices' order by known_from, kind"
        ).fetchall()


def closes(follower: Follower, column: str = "close", as_of: datetime | None = None) -> dict[int, float]:
    """Return a price by number of the session."""
    bars = follower.bars() if as_of is None else follower.bars(as_of)
    return {(at - day(0)).days: price for at, price in bars.select("date", column).iter_rows()}


def test_a_session_is_appended_to_the_vintage(follower: Follower, vendor: Vendor) -> None:
    """An ordinary day adds one row, and asking again adds none (I8)."""
    vendor.trade(111.0)
    assert follower.follow(vendor).verdict is Verdict.APPEND
    assert follower.follow(vendor).verdict is Verdict.APPEND
    assert kinds(follower) == [("full", 30), ("append", 1)]
    assert closes(follower)[30] == 111.0


def test_a_dividend_begins_a_vintage_and_leaves_the_old_one(follower: Follower, vendor: Vendor) -> None:
    """31: the rescaled history is fetched whole; as of before, the old one is there to the last digit (I5, I9)."""
    before, known = follower.now, closes(follower, "adj_close")
    vendor.pay(0.005)
    vendor.trade(111.0)
    assert follower.follow(vendor).verdict is Verdict.BASIS_CHANGE
    assert kinds(follower) == [("full", 30), ("full", 31)]
    assert closes(follower, "adj_close", before) == known
    after = closes(follower, "adj_close")
    assert after == {number: row[1] for number, row in vendor.rows.items()}
    # Returns are those of before on every old session: a constant factor leaves them alone.
    for number in range(1, 30):
        assert after[number] / after[number - 1] == pytest.approx(known[number] / known[number - 1], rel=1e-12)


def test_a_split_half_way_is_left_for_tomorrow(follower: Follower, vendor: Vendor) -> None:
    """32: nothing is stored of a history of which half is rescaled; when the vendor has finished, all of it is."""
    known = closes(follower)
    vendor.actions.append((30, "split", 10.0))
    assert follower.follow(vendor, scaled=range(24)).verdict is Verdict.INCONSISTENT
    assert closes(follower) == known
    vendor.actions.clear()
    vendor.split(10.0)
    vendor.trade(10.7)
    assert follower.follow(vendor).verdict is Verdict.BASIS_CHANGE
    assert closes(follower) == {number: row[0] for number, row in vendor.rows.items()}


def test_a_revision_takes_the_place_of_its_bar_alone(follower: Follower, vendor: Vendor) -> None:
    """33: one corrected close within the overlap is stored beside the first, and the newest counts."""
    before = follower.now
    vendor.revise(26, 1.004)
    assert follower.follow(vendor).verdict is Verdict.REVISION
    assert kinds(follower) == [("full", 30), ("revision", 1)]
    assert closes(follower)[26] == pytest.approx((100 + 26 % 7) * 1.004)
    assert closes(follower, "close", before)[26] == 100 + 26 % 7


def test_a_sweep_finds_a_revision_far_back(follower: Follower, vendor: Vendor) -> None:
    """33: a whole history that differs in one bar is no new vintage but a revision of that bar."""
    vendor.revise(2, 1.02)
    assert follower.follow(vendor).verdict is Verdict.APPEND
    judgement, _ = follower.take(vendor.answer(follower.now, whole=True))
    assert (judgement.verdict, judgement.days, judgement.is_alert) == (Verdict.REVISION, (day(2),), True)
    assert kinds(follower) == [("full", 30), ("revision", 1)]


def test_a_unit_switch_stores_nothing(follower: Follower, vendor: Vendor) -> None:
    """35: prices in pence are not stored, not even the new session's."""
    vendor.trade(105.0)
    assert follower.follow(vendor, unit=100.0).verdict is Verdict.UNIT_SWITCH
    assert kinds(follower) == [("full", 30)]


def test_a_running_session_is_kept_apart_and_replaced(follower: Follower, vendor: Vendor) -> None:
    """36, 39: provisional bars are no prices; the final bar takes their place whatever comes later."""
    for price in (104.0, 104.5):
        vendor.running = price
        follower.follow(vendor)
    assert 30 not in closes(follower)
    assert kinds(follower) == [("full", 30), ("provisional", 1), ("provisional", 1)]
    vendor.trade(105.0)
    follower.follow(vendor)
    assert closes(follower)[30] == 105.0
    vendor.running = 99.0
    answer = vendor.answer(follower.now)
    late = answer.provisional.with_columns(date=day(30))
    follower.take(replace(answer, provisional=late))
    assert kinds(follower)[-1] == ("provisional", 1)
    assert closes(follower)[30] == 105.0


def test_an_answer_that_does_not_reach_back_is_never_appended(follower: Follower, vendor: Vendor) -> None:
    """After 20 sessions without a fetch the overlap is missing: the whole history is fetched, and proves the basis."""
    for number in range(20):
        vendor.trade(100.0 + number)
    assert follower.follow(vendor).verdict is Verdict.GAP
    assert kinds(follower) == [("full", 30), ("append", 20)]


def test_the_invariants_hold_in_the_file(follower: Follower, vendor: Vendor) -> None:
    """I2, I3, I4 after a life with everything in it."""
    vendor.trade(103.0)
    follower.follow(vendor)
    vendor.pay(0.01)
    vendor.running = 104.0
    follower.follow(vendor)
    vendor.trade(105.0)
    vendor.revise(25, 1.01)
    follower.follow(vendor)
    vendor.split(4.0)
    vendor.trade(26.0)
    follower.follow(vendor)
    with open_file(follower.file, read_only=True) as connection:
        assert_ledger_holds(connection)
    bars = follower.bars()
    assert bars.height == bars["date"].n_unique() == len(vendor.rows)
    assert set(bars["symbol"]) == {SYMBOL}


def assert_ledger_holds(connection: duckdb.DuckDBPyConnection) -> None:
    """Assert that no row is without a ledger entry of its count and hash, and that no version states a day twice."""
    for table in RAW_ROWS:
        names = ", ".join(f'"{name}"' for name in table.names if name != "batch_id")
        ledger = connection.execute(
            "select batch_id, n_rows, content_hash from raw.batches where source = $1", [table.name]
        ).fetchall()
        orphans = f"select count(*) from raw.{table.name} anti join raw.batches using (batch_id)"
        assert connection.execute(orphans).fetchall() == [(0,)]
        for batch_id, n_rows, wanted in ledger:
            query = f"select {names} from raw.{table.name} where batch_id = $1 order by row_number"
            rows = connection.execute(query, [batch_id]).pl()
            assert (rows.height, content_hash(rows)) == (n_rows, wanted)
    twice = connection.execute(
        "select symbol, date, known_from from raw.yahoo_prices inner join raw.batches using (batch_id) "
        "group by all having count(*) > 1"
    ).fetchall()
    assert twice == []

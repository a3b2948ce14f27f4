"""Late, empty and broken answers of a live source, and those of a wrong day: what is stored, what is asked again."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date, timedelta
from email.utils import format_datetime
from math import nan
from pathlib import Path

import pytest

from flows import refreshing
from flows.live import State
from pipelines.errors import WarehouseError
from pipelines.fake_providers.faults import answers, cut, drips, hangs, page, throttled
from pipelines.fake_providers.market import Security
from pipelines.fake_providers.server import Fault, Reply
from pipelines.fake_providers.yahoo import CHART
from pipelines.fake_providers.yahoo_faults import cell, chart_fault, live_beside_final, meta, nothing, without
from pipelines.sources import yahoo_source
from pipelines.sources.web.manners import Limits
from tests.live_rig import Rig, rig, states
from warehouse.store import StoreResult, append

THURSDAY, FRIDAY, MONDAY = date(2024, 6, 6), date(2024, 6, 7), date(2024, 6, 10)


@pytest.fixture
def polled(tmp_path: Path) -> Iterator[Rig]:
    """Return a rig that has the prices of NVDA up to Thursday, on Friday evening."""
    with rig(tmp_path) as made:
        made.poll()
        made.at(FRIDAY)
        yield made


def days(made: Rig, symbol: str = "NVDA") -> list[date]:
    """Return the stored sessions of June."""
    return [day for day in made.bars(symbol)["date"].to_list() if day >= date(2024, 6, 1)]


@pytest.mark.parametrize("names_a_date", [False, True], ids=["seconds", "HTTP date"])
def test_fault_24_a_provider_that_names_a_wait_is_left_alone_so_long(polled: Rig, names_a_date: bool) -> None:
    """The poll waits as it is told, is repeated once, and gets its bar: no symbol is lost to a 429."""
    until = format_datetime(polled.clock.at.replace(microsecond=0) + timedelta(seconds=2), usegmt=True)
    polled.yahoo.arm(throttled(until if names_a_date else "1"), "NVDA", times=1)
    before = len(polled.yahoo.requests("NVDA"))
    assert states(polled.poll()) == {"NVDA": "stored"}
    first, second = polled.yahoo.requests("NVDA")[before:]
    assert second.at - first.at >= 1.0
    assert days(polled)[-1] == FRIDAY


def test_fault_25_a_throttled_run_keeps_a_list_and_asks_for_no_more_than_that(tmp_path: Path) -> None:
    """The breaker spares the provider, what was up to date stays so, and the next run asks for the others alone."""
    others = ("SPY", "^GSPC", "BTC-USD", "ETH-USD")
    with rig(tmp_path) as made:
        made.poll("NVDA", "AAPL")
        before = made.asked()
        made.yahoo.arm(throttled(), CHART, times=50)
        done = made.poll("NVDA", "AAPL", *others)
        assert states(done) == dict.fromkeys(("NVDA", "AAPL"), "up to date") | dict.fromkeys(others, "throttled")
        assert [item.symbol for item in done.failures] == list(others)
        assert "4 of 6 symbols of Yahoo Finance lack prices: SPY throttled: " in done.complaint
        assert made.asked() - before <= 8 + 3  # the breaker's patience, and those on their way
        assert made.rows("select count(*) from raw.requests where outcome = 'throttled' and n_rows is null") == [(4,)]
        made.yahoo.disarm()
        before = made.asked()
        assert states(made.poll("NVDA", "AAPL", *others)) == dict.fromkeys(("NVDA", "AAPL"), "up to date") | (
            dict.fromkeys(others, "stored")
        )
        assert made.asked() - before == len(others)


@pytest.mark.parametrize(
    ("fault", "begins"),
    [(page(), "<!DOCTYPE html>"), (cut, '{"chart": {"result": [{"meta": {')],
    ids=["page of HTML", "half of a JSON"],
)
def test_fault_26_a_page_or_half_an_answer_is_a_failure_and_not_no_data(polled: Rig, fault: Fault, begins: str) -> None:
    """Nothing is stored, the beginning of what came is kept for whoever looks, and the next run gets the day."""
    before = polled.dump()
    polled.yahoo.arm(fault, "NVDA")
    done = polled.poll()
    assert states(done) == {"NVDA": "broken"}
    assert done.failures
    assert "kept in audit.rejected_answers" in done.complaint
    assert polled.dump() == before
    [(reason, n_rows)] = polled.rows("select reason, n_rows from raw.requests where outcome = 'broken'")
    assert "begins with" in str(reason)
    assert n_rows is None  # not measured is not none
    [(state, body)] = polled.rows("select state, body from audit.rejected_answers")
    assert state == "broken"
    assert str(body).startswith(begins)
    polled.yahoo.disarm()
    assert states(polled.poll()) == {"NVDA": "stored"}


def test_fault_26_of_a_huge_page_the_beginning_is_kept(polled: Rig) -> None:
    """Ten megabytes of a page leave some thousand characters, and the request's reason fewer."""
    polled.yahoo.arm(answers(200, b"<html>" + b"x" * 10_000_000, "text/html"), "NVDA")
    assert states(polled.poll()) == {"NVDA": "broken"}
    [(body,)] = polled.rows("select body from audit.rejected_answers")
    assert str(body) == "<html>" + "x" * 3994
    [(reason,)] = polled.rows("select reason from raw.requests where outcome = 'broken'")
    assert len(str(reason)) < 1000


@pytest.mark.parametrize(
    "fault",
    [hangs(60), drips(0.02), drips(0.02, is_head_slow=True)],
    ids=["hangs", "body drips", "headers drip"],
)
def test_fault_30_one_answer_that_does_not_end_costs_its_symbol(
    polled: Rig, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    """Each byte comes in time, and all of them do not: at its deadline the request is broken, the others are stored."""
    monkeypatch.setattr(yahoo_source, "MANNERS", replace(yahoo_source.MANNERS, limits=Limits(total=1.5)))
    before = polled.bars()
    polled.yahoo.arm(fault, "NVDA")
    done = polled.poll("NVDA", "AAPL")
    assert states(done) == {"NVDA": "broken", "AAPL": "stored"}
    assert polled.bars().equals(before)
    [(reason, n_rows)] = polled.rows("select reason, n_rows from raw.requests where outcome = 'broken'")
    assert "1.5 s" in str(reason) or "2 s" in str(reason), reason
    assert n_rows is None
    polled.yahoo.disarm()
    assert states(polled.poll("NVDA", "AAPL")) == {"NVDA": "stored", "AAPL": "up to date"}
    assert days(polled)[-1] == FRIDAY


@pytest.mark.parametrize("fault", [nothing(), without("close"), cell("close", -1, None), cell("close", -1, nan)])
def test_fault_27_a_session_without_a_bar_is_missing_and_the_watermark_stays(polled: Rig, fault: Fault) -> None:
    """An empty answer on a trading day, a lost column and a null close are failures, to be asked for again."""
    before = polled.bars()
    polled.yahoo.arm(fault, "NVDA", times=2)
    done = polled.poll()
    assert states(done) == {"NVDA": "missing sessions"}
    assert done.results["NVDA"].missing == (FRIDAY,)
    assert "expected session missing: 2024-06-07" in done.results["NVDA"].reason
    assert polled.bars().equals(before)
    polled.yahoo.disarm()
    assert states(polled.poll()) == {"NVDA": "stored"}
    assert days(polled)[-1] == FRIDAY


def test_fault_28_on_a_holiday_and_a_weekend_nobody_is_asked(tmp_path: Path) -> None:
    """No session, no request, no failure: 19 June is a holiday, the days before the 24th are a weekend."""
    with rig(tmp_path) as made:
        made.at(date(2024, 6, 18))
        made.poll()
        asked = made.asked()
        made.at(date(2024, 6, 19))
        assert states(made.poll()) == {"NVDA": "up to date"}
        assert made.asked() == asked
        made.at(date(2024, 6, 21))
        assert made.poll().results["NVDA"].n_new == 2  # the 20th and the 21st, and no 19th
        asked = made.asked()
        made.at(date(2024, 6, 23))
        assert states(made.poll()) == {"NVDA": "up to date"}
        assert made.asked() == asked


@pytest.mark.slow
def test_fault_29_one_bad_ticker_among_500_costs_that_one(tmp_path: Path) -> None:
    """499 are stored, one is refused with the provider's reason, and asking again the same day asks nobody."""
    with rig(tmp_path, start=date(2024, 6, 3), exchange="XNYS") as made:
        names = [f"T{number}" for number in range(499)]
        for name in names:
            made.market.add(Security(name, listed=date(2024, 5, 1)))
        done = made.poll(*names, "BROKEN")
        assert len(done.symbols(State.STORED)) == 499
        assert done.symbols(State.REFUSED) == ["BROKEN"]
        assert "unknown symbol or delisted" in done.results["BROKEN"].reason
        assert not done.failures
        stored = made.rows("select count(distinct symbol), count(*) from raw.yahoo_prices")
        assert stored == [(499, 499 * 4)]
        asked = made.asked()
        made.poll(*names, "BROKEN")
        assert made.asked() == asked


def test_fault_36_a_live_row_beside_the_final_one_is_no_second_bar(polled: Rig) -> None:
    """Of two rows of one session the one that is stamped with its open counts."""
    polled.yahoo.arm(live_beside_final(1.05), "NVDA")
    polled.poll()
    bars = polled.bars()
    assert bars["date"].is_unique().all()
    honest = polled.market.bars("NVDA", FRIDAY, FRIDAY)[0].close
    assert bars["close"][-1] == pytest.approx(honest, rel=1e-6)


def test_fault_38_bars_dated_by_another_clock_are_not_stored(polled: Rig) -> None:
    """A provider that dates New York's bars by Auckland's clock shifts every one of them by a day."""
    before = polled.dump()
    polled.yahoo.arm(meta(exchangeTimezoneName="Pacific/Auckland"), "NVDA")
    done = polled.poll()
    assert states(done) == {"NVDA": "quarantined"}
    assert "dated by another clock than the exchange's" in done.results["NVDA"].reason
    assert polled.dump() == before


@pytest.mark.parametrize(
    ("day", "before_close", "after_close"),
    [
        (date(2024, 3, 8), (21, 10), (21, 31)),  # winter: 16:00 is 21:00
        (date(2024, 3, 11), (20, 10), (20, 31)),  # summer began on Sunday: 16:00 is 20:00
        (date(2024, 7, 3), (17, 10), (17, 31)),  # half a day: it closed at 13:00
    ],
)
def test_fault_38_a_session_is_over_by_its_own_clock(
    tmp_path: Path, day: date, before_close: tuple[int, int], after_close: tuple[int, int]
) -> None:
    """Before close and time of grace a bar is provisional, after it final: in winter, in summer, on half days."""
    with rig(tmp_path) as made:
        made.at(day, *before_close)
        made.poll()
        assert day not in made.bars()["date"].to_list()
        made.at(day, *after_close)
        assert made.poll().results["NVDA"].n_new == 1
        assert made.bars()["date"].max() == day


def test_fault_39_a_bar_of_a_running_session_is_provisional_and_replaced(polled: Rig) -> None:
    """It is no price until the session is over; then the final bar takes its place."""
    polled.at(FRIDAY, 17, is_open=True)
    assert states(polled.poll()) == {"NVDA": "up to date"}
    assert days(polled)[-1] == THURSDAY
    assert polled.rows("select date, is_final from raw.yahoo_prices where not is_final") == [(FRIDAY, False)]
    asked = polled.asked()
    assert states(polled.poll()) == {"NVDA": "up to date"}  # at once again: it is fresh enough
    assert polled.asked() == asked
    polled.at(FRIDAY)
    assert polled.poll().results["NVDA"].n_new == 1
    assert polled.bars()["close"][-1] == pytest.approx(polled.market.bars("NVDA", FRIDAY, FRIDAY)[0].close, rel=1e-6)


def renamed(old: str, new: str) -> Fault:
    """Return a fault that calls a column of the chart otherwise."""

    def change(result: dict[str, object]) -> None:
        quote = result["indicators"]["quote"][0]  # type: ignore[index]
        quote[new] = quote.pop(old)

    return chart_fault(change)


def as_text(honest: Reply) -> Reply:
    """Send the last close as a text."""
    return cell("close", -1, "117.02")(honest)


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        (renamed("close", "last"), "missing sessions"),
        (as_text, "broken"),
        (cell("volume", -1, True), "broken"),
        (meta(dataGranularity="1wk"), "broken"),
        (meta(symbol="OTHER"), "broken"),
    ],
    ids=["renamed", "text for number", "truth for number", "weekly bars", "another symbol"],
)
def test_fault_41_another_form_of_answer_stops_and_says_so(polled: Rig, fault: Fault, state: str) -> None:
    """A column that is renamed or has another type is never read as no data or as something else."""
    before = polled.bars()
    polled.yahoo.arm(fault, "NVDA")
    done = polled.poll()
    assert states(done) == {"NVDA": state}
    assert done.results["NVDA"].reason
    assert polled.bars().equals(before)


def test_fault_41_a_new_column_is_let_through_and_told(polled: Rig) -> None:
    """What the provider adds changes nothing of what is read, and the record of the request names it."""

    def add(result: dict[str, object]) -> None:
        quote = result["indicators"]["quote"][0]  # type: ignore[index]
        quote["vwap"] = quote["close"]
        result["novelty"] = {"a": 1}

    polled.yahoo.arm(chart_fault(add), "NVDA")
    assert states(polled.poll()) == {"NVDA": "stored"}
    [(told,)] = polled.rows("select reason from raw.requests order by fetched_at desc limit 1")
    assert told == "not read: novelty, quote.vwap"


@pytest.mark.slow
def test_fault_45_polls_that_are_stopped_again_and_again_end_as_one_that_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped at a random write each time: what is stored in the end is the same, and is not asked for again."""
    names = [f"T{number}" for number in range(24)]
    with rig(tmp_path / "one", exchange="XNYS") as made:
        for name in names:
            made.market.add(Security(name, listed=date(2024, 5, 1)))
        made.poll(*names)
        whole, n_asked = made.dump(), made.asked()
        made.settings = made.settings.model_copy(update={"home": tmp_path / "two"})
        monkeypatch.setattr(refreshing, "GROUP", 3)
        chance = random.Random(45)  # noqa: S311 - a seed, so that a failure comes again
        stops = 0
        while not (made.settings.home / "warehouse.duckdb").exists() or made.dump() != whole:
            with stopped_at(monkeypatch, chance.randint(1, 3)):
                made.poll(*names)
            stops += 1
            assert stops < 50
        assert stops > 3
        assert made.asked() - n_asked < len(names) * stops / 2  # what was written is not asked for again
        asked = made.asked()
        made.poll(*names)
        assert made.asked() == asked


@contextmanager
def stopped_at(monkeypatch: pytest.MonkeyPatch, number: int) -> Iterator[None]:
    """Let the block be stopped, as Ctrl-C does, before it writes for the n-th time."""
    written = 0

    def stop(*arguments: object) -> StoreResult:
        nonlocal written
        written += 1
        if written >= number:
            raise KeyboardInterrupt
        return append(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patched, suppress(KeyboardInterrupt):
        patched.setattr(refreshing, "append", stop)
        yield


def test_a_group_is_written_with_its_requests_or_not_at_all(polled: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """I2: rows are not there without the record of the request that brought them, nor the record without them."""
    before = polled.dump()

    def refuse(*_: object) -> None:
        raise WarehouseError("the disk is full")

    monkeypatch.setattr(refreshing, "record_requests", refuse)
    with pytest.raises(WarehouseError, match="the disk is full"):
        polled.poll()
    assert polled.dump() == before
    monkeypatch.undo()
    assert states(polled.poll()) == {"NVDA": "stored"}

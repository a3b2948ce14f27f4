"""Bars of an hour against a faked Yahoo: what is asked for, what becomes of each answer, and what stays as it was."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows.hourly import refresh_hours
from flows.live import State, SymbolResult
from flows.refreshing import Refreshed
from pipelines.errors import ConfigurationError
from pipelines.fake_providers.faults import throttled
from pipelines.fake_providers.server import Fault, Reply
from pipelines.fake_providers.yahoo_faults import cell, chart_fault, half_rescaled, in_other_units, live_beside_final
from pipelines.restatements import Verdict
from pipelines.sources.web.hosts import Hosts
from tests.live_rig import HOLIDAYS, MODELS, Rig, rig
from warehouse.hours import stored_hours
from warehouse.vintages import NEWEST

THURSDAY, FRIDAY, MONDAY = date(2024, 6, 6), date(2024, 6, 7), date(2024, 6, 10)
N_SESSIONS = 109
"""Of New York from 2 January to 6 June 2024."""


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Rig]:
    """Return a rig on Thursday evening, before anything was asked."""
    with rig(tmp_path / "home", hourly=True) as found:
        yield found


def poll(made: Rig, *symbols: str) -> Refreshed:
    """Bring the hours up to date; hosts are met as by a new process."""
    made.runs += 1
    now, names = made.clock.now(), symbols or ("NVDA",)
    return refresh_hours(made.settings, f"run-{made.runs}", now, names, hosts=Hosts(made.clock))


def result(made: Rig, symbol: str = "NVDA") -> SymbolResult:
    """Poll for one symbol, and return what became of it."""
    return poll(made, symbol).results[symbol]


def hours(made: Rig, as_of: datetime = NEWEST, provider: str = "yahoo") -> pl.DataFrame:
    """Return the final hours of the newest vintages."""
    return stored_hours(made.settings.warehouse_file, MODELS, provider, as_of=as_of)


def at(day: date, hour: int, minute: int = 30) -> datetime:
    """Return an instant of UTC."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


def of_day(frame: pl.DataFrame, day: date) -> list[datetime]:
    """Return the openings of the hours of a day."""
    return frame.filter(pl.col("date").dt.date() == day)["date"].to_list()


def changes(frame: pl.DataFrame) -> dict[datetime, float]:
    """Return the change of the close from each hour to the next."""
    rows = frame.sort("date").select("date", pl.col("close") / pl.col("close").shift(1) - 1).drop_nulls()
    return dict(rows.iter_rows())


def kinds(made: Rig) -> list[tuple[object, ...]]:
    """Return kind and rows of each batch of hours, in order."""
    return made.rows(
        "select kind, n_rows from raw.batches where source = 'hourly_prices' order by known_from, kind != 'full', kind"
    )


def without_rows(kept: Callable[[int], bool]) -> Fault:
    """Return a fault that leaves out rows of a chart, by their stamps."""

    def change(found: dict[str, Any]) -> None:
        chosen = [n for n, stamp in enumerate(found["timestamp"]) if kept(stamp)]
        found["timestamp"] = [found["timestamp"][n] for n in chosen]
        for group in found["indicators"].values():
            group[0].update({name: [cells[n] for n in chosen] for name, cells in group[0].items()})

    return chart_fault(change)


def test_a_first_poll_stores_every_hour_of_the_sessions_and_the_next_one_asks_nothing(made: Rig) -> None:
    """Seven hours a session, on the clock of New York before and after it was put forward."""
    assert result(made).state is State.STORED
    found = hours(made)
    assert found.height == 7 * N_SESSIONS
    assert of_day(found, date(2024, 3, 8))[0] == at(date(2024, 3, 8), 14)
    assert of_day(found, date(2024, 3, 11))[0] == at(date(2024, 3, 11), 13)
    assert found["date"].max() == at(THURSDAY, 19)
    asked = made.asked()
    assert result(made).state is State.UP_TO_DATE
    assert made.asked() == asked


def test_requests_for_hours_are_recorded_as_such(made: Rig) -> None:
    """They say nothing of what was asked for days."""
    poll(made)
    made.poll()
    assert made.rows("select source, object, outcome, first_date, n_rows from raw.requests order by source") == [
        ("hourly_prices", "yahoo_prices:NVDA", "ok", date(2024, 1, 2), 7 * N_SESSIONS),
        ("yahoo_prices", "NVDA", "ok", date(2024, 1, 2), N_SESSIONS),
    ]


def test_new_hours_are_appended_to_what_is_as_it_was(made: Rig) -> None:
    """The overlap is the same, so that Friday's seven hours continue the vintage."""
    poll(made)
    made.at(FRIDAY)
    found = result(made)
    assert (found.state, found.n_new, found.n_revised, len(found.answers)) == (State.STORED, 7, 0, 1)
    assert found.answers[0].request.first == date(2024, 6, 5)
    assert kinds(made) == [("full", 7 * N_SESSIONS), ("append", 7)]


def test_a_running_hour_is_provisional_until_it_and_its_grace_are_over(made: Rig) -> None:
    """At 15:46 the hour of 13:30 is final, that of 14:30 is in its grace and that of 15:30 runs."""
    poll(made)
    made.at(FRIDAY, 15, 46, is_open=True)
    running = result(made)
    assert (running.state, running.n_new) == (State.STORED, 1)
    assert of_day(hours(made), FRIDAY) == [at(FRIDAY, 13)]
    provisional = "select opened_at, stamped_at, is_final from raw.hourly_prices where not is_final order by 1"
    assert made.rows(provisional) == [
        (at(FRIDAY, 14), at(FRIDAY, 14), False),
        (at(FRIDAY, 15), at(FRIDAY, 15), False),
    ]
    first = hours(made)
    made.at(FRIDAY)
    evening = result(made)
    assert (evening.n_new, evening.n_revised) == (6, 0)
    assert of_day(hours(made), FRIDAY) == [at(FRIDAY, hour) for hour in range(13, 20)]
    assert hours(made)[: first.height].equals(first)


def test_a_live_row_alone_is_provisional_and_never_final(made: Rig) -> None:
    """Without the bar of the running hour its last trade stands for it; one of an hour that is over is no bar."""
    poll(made)
    made.at(FRIDAY, 15, 46, is_open=True)
    made.yahoo.arm(without_rows(lambda stamp: stamp != at(FRIDAY, 15).timestamp()), "NVDA", times=1)
    poll(made)
    [(opened, stamped)] = made.rows("select opened_at, stamped_at from raw.hourly_prices where stamped_at != opened_at")
    assert (opened, stamped) == (at(FRIDAY, 15), datetime(2024, 6, 7, 15, 45, 7, tzinfo=UTC))
    made.at(FRIDAY)
    made.yahoo.arm(live_beside_final(2.0), "NVDA", times=1)
    assert result(made).state is State.STORED
    assert made.rows("select count(*) from raw.hourly_prices where is_final and stamped_at != opened_at") == [(0,)]


def test_a_row_at_the_close_is_no_hour(made: Rig) -> None:
    """The last trade of a session, stamped at its close, opens no hour and lies in none."""

    def add(found: dict[str, Any]) -> None:
        found["timestamp"].append(int(at(THURSDAY, 20, 0).timestamp()))
        for group in found["indicators"].values():
            for cells in group[0].values():
                cells.append(cells[-1])

    made.yahoo.arm(chart_fault(add), "NVDA", times=1)
    assert result(made).state is State.STORED
    assert hours(made).height == 7 * N_SESSIONS


def test_a_split_begins_a_vintage_whose_changes_are_the_same(made: Rig) -> None:
    """The whole history is asked for once; as of Friday everything is what it was."""
    poll(made)
    made.at(FRIDAY)
    poll(made)
    friday, before = made.clock.now(), hours(made)
    made.market.add_split("NVDA", MONDAY, 10)
    made.at(MONDAY)
    found = result(made)
    assert found.judgement is not None
    assert (found.judgement.verdict, found.state, len(found.answers)) == (
        Verdict.BASIS_CHANGE,
        State.STORED,
        2,
    )
    assert "split 10 of 2024-06-10 13:30:00Z" in found.reason
    assert "hours moved by a factor of 0.1" in found.reason
    after = hours(made)
    assert after.height == 7 * (N_SESSIONS + 2)
    assert after["close"][0] == pytest.approx(before["close"][0] / 10, rel=1e-6)
    for instant, change in changes(before).items():
        assert changes(after)[instant] == pytest.approx(change, abs=1e-6)
    assert hours(made, friday).equals(before)
    assert made.rows("select count(*) from raw.price_actions") == [(0,)]


def test_a_split_while_the_session_runs_rescales_what_was_provisional_too(made: Rig) -> None:
    """The first poll sees half of Monday on the new basis; the evening completes it within that vintage."""
    made.at(FRIDAY)
    poll(made)
    made.market.add_split("NVDA", MONDAY, 10)
    made.at(MONDAY, 15, 46, is_open=True)
    assert "asked for the whole history" in result(made).reason
    made.at(MONDAY)
    evening = result(made)
    assert (evening.state, len(evening.answers), evening.n_new) == (State.STORED, 1, 6)
    assert [kind for kind, _ in kinds(made)] == ["full", "full", "provisional", "append"]


@pytest.mark.parametrize("factor", [100.0, 0.01])
def test_hours_in_another_unit_are_quarantined(made: Rig, factor: float) -> None:
    """Nothing of the answer is stored, and the next one is fine."""
    poll(made)
    made.at(FRIDAY)
    made.yahoo.arm(in_other_units(factor), "NVDA", times=1)
    before = kinds(made)
    assert result(made).state is State.QUARANTINED
    assert kinds(made) == before
    rejected = [("hourly_prices", "yahoo_prices:NVDA", "quarantined", 3 * 7)]
    assert made.rows("select source, object, state, n_bars from audit.rejected_answers") == rejected
    assert result(made).state is State.STORED


def test_a_history_that_is_half_rescaled_is_quarantined(made: Rig) -> None:
    """A provider that was caught half-way is asked again."""
    poll(made)
    made.at(FRIDAY)
    made.yahoo.arm(half_rescaled(0.1), "NVDA", times=1)
    assert result(made).state is State.QUARANTINED


def test_an_hour_that_is_stated_otherwise_is_stored_beside_what_was_known(made: Rig) -> None:
    """It counts from now on; as of before it does not."""
    poll(made)
    known, old = made.clock.now(), hours(made)
    made.at(FRIDAY)
    made.yahoo.arm(cell("close", 9, 123.0), "NVDA", times=1)
    found = result(made)
    assert found.judgement is not None
    assert (found.judgement.verdict, found.n_revised, found.judgement.is_alert) == (Verdict.REVISION, 1, True)
    revised = hours(made).filter(pl.col("close") == 123.0)
    assert revised["date"].to_list() == [at(date(2024, 6, 5), 15)]
    assert hours(made, known).equals(old)


def test_an_answer_that_does_not_reach_what_is_stored_is_answered_by_asking_for_all(made: Rig) -> None:
    """Nothing proves that both are on one basis, so the whole history is compared."""
    poll(made)
    made.at(FRIDAY)
    made.yahoo.arm(without_rows(lambda stamp: stamp >= at(FRIDAY, 13).timestamp()), "NVDA", times=1)
    found = result(made)
    assert (found.state, len(found.answers), found.n_new) == (State.STORED, 2, 7)
    assert [kind for kind, _ in kinds(made)] == ["full", "append"]


def test_an_hour_that_is_over_and_does_not_come_is_missing_and_asked_for_again(made: Rig) -> None:
    """The reason names the hour."""
    poll(made)
    made.at(FRIDAY)
    made.yahoo.arm(without_rows(lambda stamp: stamp != at(FRIDAY, 17).timestamp()), "NVDA", times=1)
    found = result(made)
    assert (found.state, found.missing) == (State.MISSING, (at(FRIDAY, 17),))
    assert "expected hour missing: 2024-06-07 17:30:00Z" in found.reason
    assert (result(made).state, hours(made).height) == (State.STORED, 7 * (N_SESSIONS + 1))


def test_a_half_day_has_four_hours(tmp_path: Path) -> None:
    """3 July 2024 ended at 13:00, and nothing is missing after it."""
    with rig(tmp_path / "home", hourly=True, start=date(2024, 6, 3), holidays=(*HOLIDAYS, date(2024, 7, 4))) as made:
        half = date(2024, 7, 3)
        made.market.half_days.add(half)
        made.at(half, 17, 31)
        assert result(made).state is State.STORED
        assert of_day(hours(made), half) == [at(half, hour) for hour in (13, 14, 15, 16)]
        made.at(date(2024, 7, 4))
        asked = made.asked()
        assert result(made).state is State.UP_TO_DATE
        assert made.asked() == asked


def test_yahoo_is_never_asked_for_more_than_it_has(tmp_path: Path) -> None:
    """Who wants more is told so, and gets what there is."""
    with rig(tmp_path / "home", hourly=True, hourly_start=date(2020, 1, 1), holidays=()) as made:
        done = poll(made, "BTC-USD")
        begins = date(2024, 6, 6) - timedelta(days=728)
        assert done.results["BTC-USD"].state is State.STORED
        assert done.results["BTC-USD"].answers[0].request.first == begins
        [note] = done.notes
        assert note.startswith(
            f"hours were wanted from 2020-01-01 on; Yahoo Finance has them for 730 days, so they begin on {begins}"
        )
        assert hours(made)["date"].min() == datetime(begins.year, begins.month, begins.day, tzinfo=UTC)


def test_hours_that_no_provider_has_any_more_stay_in_their_vintage(tmp_path: Path) -> None:
    """Two years on a split begins a vintage that cannot reach as far back as the first one did."""
    with rig(tmp_path / "home", hourly=True, start=date(2024, 5, 1)) as made:
        poll(made, "BTC-USD")
        later = date(2026, 5, 20)
        made.market.add_split("BTC-USD", later, 10)
        made.at(later)
        found = result(made, "BTC-USD")
        assert found.state is State.STORED
        assert hours(made)["date"].min() == datetime(2024, 5, 22, tzinfo=UTC)
        assert made.rows("select min(opened_at) from raw.hourly_prices") == [(datetime(2024, 5, 1, tzinfo=UTC),)]
        asked = made.asked()
        made.at(later + timedelta(days=1), 1, 45)
        assert result(made, "BTC-USD").n_new == 25 + 1 - 22
        assert made.asked() == asked + 1


def test_a_symbol_whose_hours_nobody_can_tell_is_not_asked_for(made: Rig) -> None:
    """Tokyo rests at midday; a symbol without an exchange has no hours."""
    done = poll(made, "7203.T", "NOWHERE")
    assert {name: one.state for name, one in done.results.items()} == {
        "7203.T": State.REFUSED,
        "NOWHERE": State.REFUSED,
    }
    assert "XTKS rests at midday" in done.results["7203.T"].reason
    assert "its exchange is not known" in done.results["NOWHERE"].reason
    assert made.asked() == 0


def test_a_source_without_hours_is_refused(made: Rig) -> None:
    """Before anything is asked."""
    made.settings = made.settings.model_copy(update={"source": "nasdaq"})
    with pytest.raises(ConfigurationError, match=r"--hourly: expected a source that has hours .*, got 'nasdaq'"):
        poll(made)


def test_a_symbol_that_is_throttled_keeps_its_hours(made: Rig) -> None:
    """The complaint says that it is hours that lack."""
    poll(made)
    before = hours(made)
    made.at(FRIDAY)
    made.yahoo.arm(throttled(), "NVDA", times=50)
    done = poll(made)
    assert done.results["NVDA"].state is State.THROTTLED
    assert done.complaint.startswith("1 of 1 symbols of Yahoo Finance lack prices of hours: NVDA throttled: ")
    assert hours(made).equals(before)


def test_a_chart_of_nulls_is_no_bar(made: Rig) -> None:
    """Rows without a close are missing, never zero."""

    def empty(reply: Reply) -> Reply:
        data = json.loads(reply.body)
        quote = data["chart"]["result"][0]["indicators"]["quote"][0]
        for cells in quote.values():
            cells[-2:] = [None, None]
        return replace(reply, body=json.dumps(data).encode())

    poll(made)
    made.at(FRIDAY)
    made.yahoo.arm(empty, "NVDA", times=1)
    found = result(made)
    assert found.missing == (at(FRIDAY, 18), at(FRIDAY, 19))
    assert "2 rows came without a close" in found.reason

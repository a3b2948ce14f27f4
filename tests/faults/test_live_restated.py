"""A provider that restates history between two polls: what is stored, what was known stays, and returns do not move."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from pipelines.fake_providers.market import Security
from pipelines.fake_providers.yahoo_faults import half_rescaled, in_other_units
from tests.live_rig import Rig, returns, rig, states

FRIDAY, MONDAY, TUESDAY = date(2024, 6, 7), date(2024, 6, 10), date(2024, 6, 11)
SINGLE = 1.2e-7
"""Relative precision of the prices that Yahoo sends."""


@pytest.fixture
def polled(tmp_path: Path) -> Iterator[Rig]:
    """Return a rig that has the prices of NVDA up to Friday, on Monday evening."""
    with rig(tmp_path) as made:
        made.at(FRIDAY)
        made.poll()
        made.at(MONDAY)
        yield made


def vintages(made: Rig) -> list[tuple[object, ...]]:
    """Return kind and number of rows of the batches of bars, in the order of storing."""
    return made.rows("select kind, n_rows from raw.batches where source = 'yahoo_prices' order by known_from, kind")


def fresh(made: Rig, home: Path) -> pl.DataFrame:
    """Return what one full download into an empty warehouse gives."""
    other = Rig(made.market, made.yahoo, made.clock, made.settings.model_copy(update={"home": home}))
    other.poll()
    return other.bars()


def test_a_split_and_a_dividend_between_two_polls(polled: Rig, tmp_path: Path) -> None:
    """Across the seam returns are those of one full download; as of before stays; once is enough."""
    friday = polled.clock.at - timedelta(days=1)
    before = polled.dump()
    polled.market.add_split("NVDA", MONDAY, 10)
    polled.market.add_dividend("NVDA", MONDAY, 0.1)
    done = polled.poll()
    assert states(done) == {"NVDA": "stored"}
    assert (done.n_requests, vintages(polled)) == (2, [("full", 110), ("full", 111)])
    whole = fresh(polled, tmp_path / "other")
    for column in ("close", "adj_close"):
        ours, theirs = returns(polled.bars(), column), returns(whole, column)
        assert ours.keys() == theirs.keys()
        assert all(abs(ours[day] - theirs[day]) < 1e-12 for day in ours)
    assert polled.dump(friday) == before
    asked = polled.asked()
    assert states(polled.poll()) == {"NVDA": "up to date"}
    assert polled.asked() == asked


@pytest.mark.parametrize("days_later", [1, 2, 3, 7, 12])
def test_a_seam_is_seamless_whenever_the_second_poll_comes(tmp_path: Path, days_later: int) -> None:
    """A split is seen also when the poll after it is missed, and the one after that."""
    with rig(tmp_path / "one") as made:
        made.at(FRIDAY)
        made.poll()
        made.market.add_split("NVDA", MONDAY, 10)
        made.at(FRIDAY + timedelta(days=days_later + 2))
        made.poll()
        ours, theirs = returns(made.bars()), returns(fresh(made, tmp_path / "two"))
        assert ours.keys() == theirs.keys()
        assert all(abs(ours[day] - theirs[day]) < 1e-12 for day in ours)


def test_fault_31_a_dividend_begins_a_vintage_and_leaves_the_old_one(polled: Rig) -> None:
    """The overlap shows another basis, the whole history is asked for once, and what was known stays (I5, I9)."""
    friday, known = polled.clock.at - timedelta(days=1), polled.bars()
    before = polled.dump()
    polled.market.add_dividend("NVDA", MONDAY, 1.0)
    done = polled.poll()
    judged = done.results["NVDA"].judgement
    assert judged is not None
    assert (str(judged.verdict), judged.is_alert) == ("basis_change", False)
    assert "dividend 1 of 2024-06-10" in judged.reason
    assert polled.dump(friday) == before
    now = polled.bars().filter(pl.col("date") <= FRIDAY)
    factor = (now["adj_close"] / known["adj_close"]).to_list()
    assert max(factor) - min(factor) < 4 * SINGLE
    assert max(factor) < 1 - 0.001
    assert now["close"].equals(known["close"])
    actions = polled.rows("select kind, date, value from raw.price_actions")
    assert actions == [("dividend", MONDAY, 1.0)]


def test_fault_32_half_a_split_is_left_for_tomorrow(polled: Rig) -> None:
    """While half of the rows are on the old basis nothing is stored; when the provider has finished, all of it is."""
    before = polled.dump()
    polled.market.add_split("NVDA", MONDAY, 10)
    polled.yahoo.arm(half_rescaled(10.0), "NVDA")
    done = polled.poll()
    assert states(done) == {"NVDA": "quarantined"}
    assert done.failures
    assert polled.dump() == before
    polled.yahoo.disarm()
    polled.at(TUESDAY)
    assert states(polled.poll()) == {"NVDA": "stored"}
    assert vintages(polled) == [("full", 110), ("full", 112)]


def test_fault_34_a_volume_that_moves_by_less_than_one_percent_is_no_alert(polled: Rig) -> None:
    """A late trade changes Friday's volume by 0.4 %: the bar is stored anew, and nobody is called."""
    polled.market.revise("NVDA", FRIDAY, 1.0, 1.004)
    done = polled.poll()
    assert states(done) == {"NVDA": "stored"}
    judged = done.results["NVDA"].judgement
    assert judged is not None
    assert (str(judged.verdict), judged.is_alert) == ("append", False)
    assert vintages(polled) == [("full", 110), ("append", 1), ("revision", 1)]
    volume = polled.bars().filter(pl.col("date") == FRIDAY)["volume"].item()
    assert volume == polled.market.bars("NVDA", FRIDAY, FRIDAY)[0].volume


def test_fault_35_prices_in_another_unit_are_not_stored(polled: Rig) -> None:
    """Pence for pounds: not even the new session is taken, until the unit is the old one again."""
    before = polled.dump()
    polled.yahoo.arm(in_other_units(100.0), "NVDA")
    done = polled.poll()
    assert states(done) == {"NVDA": "quarantined"}
    assert polled.dump() == before
    polled.yahoo.disarm()
    assert states(polled.poll()) == {"NVDA": "stored"}


def test_fault_40_what_is_delisted_or_renamed_stays_with_its_history(polled: Rig) -> None:
    """The provider does not know the symbol any more: a refusal, no failure, and its bars are used as before."""
    known = polled.bars()
    polled.market.add(Security("NVDA", delisted=FRIDAY))
    done = polled.poll()
    assert states(done) == {"NVDA": "refused"}
    assert not done.failures
    assert ("yahoo_prices", "NVDA") in done.inputs
    assert polled.bars().equals(known)
    asked = polled.asked()
    polled.poll()
    assert polled.asked() == asked
    polled.at(TUESDAY)  # the next day it is asked for again
    polled.poll()
    assert polled.asked() == asked + 1


def test_a_history_that_was_cut_short_does_not_take_the_place_of_a_longer_one(polled: Rig) -> None:
    """After a split the provider sends the last weeks alone: nothing is stored, for the rest would be gone."""
    before = polled.dump()
    polled.market.add_split("NVDA", MONDAY, 10)
    polled.market.add(Security("NVDA", listed=date(2024, 4, 1)))
    done = polled.poll()
    assert states(done) == {"NVDA": "quarantined"}
    assert polled.dump() == before


def test_a_stored_session_that_the_provider_drops_is_kept(polled: Rig) -> None:
    """One session of the overlap is gone for good: the whole history proves the basis, and its bar stays."""
    polled.market.halt("NVDA", FRIDAY)
    done = polled.poll()
    assert states(done) == {"NVDA": "stored"}
    assert {FRIDAY, MONDAY} <= set(polled.bars()["date"].to_list())
    assert vintages(polled) == [("full", 110), ("append", 1)]


def test_fault_43_a_clock_that_was_set_back_reorders_no_versions(polled: Rig) -> None:
    """`known_from` never runs back, and a session that is not over by the clock is not final."""
    polled.poll()
    polled.at(TUESDAY)
    polled.clock.at -= timedelta(days=1)
    assert states(polled.poll()) == {"NVDA": "up to date"}
    polled.market.revise("NVDA", FRIDAY, 1.01)
    polled.market.today = TUESDAY
    polled.clock.at = polled.clock.at + timedelta(days=1)
    polled.poll()
    instants = [row[0] for row in polled.rows("select distinct known_from from raw.batches order by rowid")]
    assert instants == sorted(instants)  # type: ignore[type-var]
    close = polled.bars().filter(pl.col("date") == FRIDAY)["close"].item()
    assert close == pytest.approx(polled.market.bars("NVDA", FRIDAY, FRIDAY)[0].close, rel=1e-6)


def test_fault_43_a_clock_a_year_ahead_stores_no_sessions_of_the_future(polled: Rig) -> None:
    """What the clock calls missing does not come, what came is stored, and the right clock goes on from there."""
    polled.clock.at += timedelta(days=365)
    done = polled.poll()
    assert states(done) == {"NVDA": "missing sessions"}
    assert polled.bars()["date"].max() == MONDAY
    polled.at(TUESDAY)
    assert states(polled.poll()) == {"NVDA": "stored"}
    assert polled.bars()["date"].max() == TUESDAY
    instants = [row[0] for row in polled.rows("select distinct known_from from raw.batches order by rowid")]
    assert instants == sorted(instants)  # type: ignore[type-var]


def test_fault_42_a_calendar_that_has_ended_stops_nothing(polled: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weekdays are asked for with a warning, what comes is stored, and a day that does not come is no failure."""
    from flows import live_sessions
    from pipelines.sessions import Calendars

    def ended(*arguments: object) -> Calendars:
        whole = build(*arguments)
        return Calendars(whole.sessions.filter(pl.col("session_date") <= date(2024, 5, 31)), ("XNAS: it ends",))

    build = live_sessions.cached_sessions
    monkeypatch.setattr(live_sessions, "cached_sessions", ended)
    polled.at(date(2024, 6, 20))
    done = polled.poll()
    assert states(done) == {"NVDA": "stored"}  # without Juneteenth, which did not come
    assert done.warnings == ("XNAS: it ends; until then every weekday may be a session",)
    assert polled.bars()["date"].max() == date(2024, 6, 20)
    assert date(2024, 6, 19) not in polled.bars()["date"].to_list()


def test_fault_42_a_wrong_holiday_is_a_missing_session_until_the_calendar_is_corrected(tmp_path: Path) -> None:
    """The calendar has a session on a day on which nobody traded: it is asked for, said to be missing, then a hole."""
    with rig(tmp_path, holidays=()) as made:
        made.market.holidays = set()
        made.market.halt("NVDA", TUESDAY)
        made.at(MONDAY)
        made.poll()
        made.at(date(2024, 6, 12))
        done = made.poll()
        assert states(done) == {"NVDA": "missing sessions"}
        assert done.results["NVDA"].n_new == 1  # the 12th is stored all the same
        made.at(date(2024, 6, 28))
        made.poll()
        asked = made.asked()
        assert states(made.poll()) == {"NVDA": "up to date"}  # ten later sessions are held: it is a hole
        assert made.asked() == asked


def test_fault_46_one_run_catches_up_on_nine_sessions_and_late_ones_do_nothing(polled: Rig) -> None:
    """Nine scheduled days were missed and three runs come at once: one request fills them, the others ask nobody."""
    polled.at(date(2024, 6, 21))
    asked = polled.asked()
    assert polled.poll().results["NVDA"].n_new == 9
    assert polled.asked() == asked + 1
    for _ in range(2):
        assert states(polled.poll()) == {"NVDA": "up to date"}
    assert polled.asked() == asked + 1
    assert vintages(polled) == [("full", 110), ("append", 9)]


def test_a_hole_of_long_ago_is_not_asked_for_again(tmp_path: Path) -> None:
    """A history that lacks a session of February is stored, and is up to date."""
    with rig(tmp_path) as made:
        made.market.halt("NVDA", date(2024, 2, 6))
        assert states(made.poll()) == {"NVDA": "stored"}
        asked = made.asked()
        assert states(made.poll()) == {"NVDA": "up to date"}
        assert made.asked() == asked


def test_an_earlier_start_is_asked_for_once(polled: Rig) -> None:
    """More history is wanted than is stored: the whole is asked for, and what is not there is not asked for again."""
    polled.market.add(Security("LATE", listed=date(2024, 3, 1), exchange="NMS"))
    settings = polled.settings.model_copy(update={"start": date(2024, 5, 1), "exchange": "XNAS"})
    polled.poll("LATE", settings=settings)
    earlier = settings.model_copy(update={"start": date(2024, 1, 2)})
    asked = polled.asked()
    assert states(polled.poll("LATE", settings=earlier)) == {"LATE": "stored"}
    assert polled.bars("LATE")["date"].min() == date(2024, 3, 1)
    assert states(polled.poll("LATE", settings=earlier)) == {"LATE": "up to date"}
    assert polled.asked() == asked + 1


def test_an_answer_for_an_unknown_listing_is_used_by_the_providers_word(polled: Rig) -> None:
    """A symbol that no seed knows follows the exchange that the provider names, or is refused with what to do."""
    polled.market.add(Security("NEWNAME", listed=date(2024, 5, 1), exchange="NYQ"))
    polled.market.add(Security("ODD", listed=date(2024, 5, 1), exchange="XYZ"))
    done = polled.poll("NEWNAME", "ODD")
    assert states(done) == {"NEWNAME": "stored", "ODD": "refused"}
    assert "on XNYS, by the provider's word" in done.results["NEWNAME"].reason
    assert "add a row to sql/seeds/securities.csv, or name it with --exchange" in done.results["ODD"].reason
    asked = polled.asked()
    polled.poll("NEWNAME")
    assert polled.asked() == asked

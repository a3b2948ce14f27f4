"""Case 43: the clock of the machine is wrong, or its time zone is another one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.live_rig import Rig, rig, states

FRIDAY, MONDAY, TUESDAY = date(2024, 6, 7), date(2024, 6, 10), date(2024, 6, 11)


@pytest.fixture
def polled(tmp_path: Path) -> Iterator[Rig]:
    """Return a rig that has the prices of NVDA up to Friday, on Monday evening."""
    with rig(tmp_path) as made:
        made.at(FRIDAY)
        made.poll()
        made.at(MONDAY)
        yield made


@pytest.fixture
def local_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Give the machine its own time zone back in the end."""
    yield monkeypatch
    monkeypatch.undo()
    time.tzset()


def known_from(made: Rig) -> list[object]:
    """Return the instants from which versions were known, in the order of storing."""
    return [row[0] for row in made.rows("select distinct known_from from raw.batches order by rowid")]


def close_of(made: Rig, day: date) -> float:
    """Return the stored close of a day."""
    return float(made.bars().filter(pl.col("date") == day)["close"].item())


def test_fault_43_a_clock_a_day_ahead_stores_no_session_of_tomorrow(polled: Rig) -> None:
    """Tuesday is called missing and does not come; Monday is stored; the right clock goes on, in order."""
    polled.clock.at += timedelta(days=1)
    done = polled.poll()
    assert states(done) == {"NVDA": "missing sessions"}
    assert done.results["NVDA"].missing == (TUESDAY,)
    assert polled.bars()["date"].max() == MONDAY
    polled.at(MONDAY, 23)
    assert states(polled.poll()) == {"NVDA": "up to date"}
    polled.at(TUESDAY)
    assert states(polled.poll()) == {"NVDA": "stored"}
    assert polled.bars()["date"].max() == TUESDAY
    assert known_from(polled) == sorted(known_from(polled))  # type: ignore[type-var]


def test_fault_43_a_running_bar_that_a_fast_clock_took_for_final_is_corrected(polled: Rig) -> None:
    """On Monday noon the clock says Tuesday: Monday's bar looks final. The right clock stores its close beside it."""
    polled.at(MONDAY, 17, is_open=True)
    polled.clock.at += timedelta(days=1)
    polled.poll()
    early = close_of(polled, MONDAY)
    polled.at(TUESDAY)
    assert polled.poll().results["NVDA"].n_revised == 1
    final = polled.market.bars("NVDA", MONDAY, MONDAY)[0].close
    assert close_of(polled, MONDAY) == pytest.approx(final, rel=1e-6)
    assert early != pytest.approx(final, rel=1e-6)
    assert known_from(polled) == sorted(known_from(polled))  # type: ignore[type-var]


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/Los_Angeles", "Asia/Kolkata"])
def test_fault_43_the_machine_s_time_zone_changes_nothing(
    tmp_path: Path, local_zone: pytest.MonkeyPatch, zone: str
) -> None:
    """Polls on a machine that moves between zones store, byte for byte, what polls on one in UTC do."""

    def polls(home: Path, *zones: str) -> bytes:
        with rig(home) as made:
            for number, name in enumerate(zones):
                local_zone.setenv("TZ", name)
                time.tzset()
                made.at(FRIDAY + timedelta(days=3 * number), 22, 30 * number)
                made.poll()
            return made.dump()

    at_home = polls(tmp_path / "utc", "UTC", "UTC")
    assert polls(tmp_path / "moved", "UTC", zone) == at_home
    assert polls(tmp_path / "abroad", zone, "UTC") == at_home

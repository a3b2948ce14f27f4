"""Whole runs on a live source that has faults: what is published, how the run ends, and what it says."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from flows import stages
from flows.pipeline import Outcome, run_pipeline
from pipelines.errors import GateClosedError, SourceError
from pipelines.fake_providers.faults import throttled
from pipelines.fake_providers.market import SECURITIES, Market, Security
from pipelines.fake_providers.yahoo import CHART, FakeYahoo
from pipelines.fake_providers.yahoo_faults import cell, in_other_units
from pipelines.settings import Settings
from pipelines.sources.web.hosts import Hosts
from tests.live_rig import INDEX, Rig, rig, weekdays_off
from tests.running import generation, published_bytes, reaction_here, rows
from warehouse.connection import open_file

pytestmark = pytest.mark.slow

FRIDAY, MONDAY = date(2024, 6, 7), date(2024, 6, 10)
SYMBOLS = ("NVDA", "AAPL", "^GSPC")


@dataclass(frozen=True, slots=True)
class Friday:
    """What two runs on Friday evening left: AAPL was throttled in the first.

    Attributes
    ----------
    partial, home : Path
        The home after the first run, and after the second. A test that runs takes a copy of the second.
    outcomes : list of Outcome
        How the runs ended.
    asked : list of int
        How many requests for NVDA had come after each.
    """

    partial: Path
    home: Path
    outcomes: list[Outcome]
    asked: list[int]


@pytest.fixture(scope="module")
def friday(tmp_path_factory: pytest.TempPathFactory) -> Friday:
    """Run twice on Friday evening; only the second run gets every symbol."""
    folder = tmp_path_factory.mktemp("friday")
    with rig(folder / "home", symbols=SYMBOLS) as throttling:
        throttling.at(FRIDAY)
        throttling.yahoo.arm(throttled(), "AAPL", times=50)
        outcomes, asked = [run(throttling)], [throttling.asked("NVDA")]
        copied(folder / "home", folder / "partial")
        throttling.yahoo.disarm()
        outcomes.append(run(throttling))
        asked.append(throttling.asked("NVDA"))
    return Friday(folder / "partial", folder / "home", outcomes, asked)


@pytest.fixture
def made(friday: Friday, tmp_path: Path) -> Iterator[Rig]:
    """Return a rig whose marts are those of Friday evening; it is an hour later."""
    with rig(copied(friday.home, tmp_path / "home"), symbols=SYMBOLS) as found:
        found.at(FRIDAY, 23)
        yield found


def copied(home: Path, place: Path) -> Path:
    """Copy a home, links as links."""
    return shutil.copytree(home, place, symlinks=True)


def run(made: Rig) -> Outcome:
    """Run everything, by the rig's clock."""
    return run_pipeline(made.settings, hosts=Hosts(made.clock))


def ended(home: Path) -> list[tuple[Any, ...]]:
    """Return how the runs ended, in order."""
    query = "select status, message from audit.runs where status != 'running' order by started_at"
    with open_file(home / "warehouse.duckdb", read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_fault_25_a_run_that_is_throttled_ends_partial_and_publishes_what_there_is(friday: Friday) -> None:
    """Status and message name what is lacking, in the warehouse and in the marts; the next run completes it."""
    assert [outcome.status for outcome in friday.outcomes] == ["partial", "published"]
    [(status, message)] = ended(friday.partial)
    assert status == "partial"
    assert str(message).startswith("1 of 3 symbols of Yahoo Finance lack prices: AAPL throttled: ")
    assert rows(friday.partial, "select distinct symbol from fct_returns order by 1") == [("NVDA",), ("^GSPC",)]
    assert rows(friday.partial, "select status from runs") == [("partial",)]
    assert friday.asked[0] == friday.asked[1]
    assert rows(friday.home, "select count(distinct symbol) from fct_returns") == [(3,)]


def test_a_run_without_one_price_fails_and_says_why(tmp_path: Path) -> None:
    """Nothing can be used: no marts, and an error that names the symbols and their reasons."""
    with rig(tmp_path / "home", symbols=SYMBOLS) as made:
        made.at(FRIDAY)
        made.yahoo.arm(throttled(), CHART)
        with pytest.raises(SourceError, match=r"no price of Yahoo Finance can be used: NVDA throttled: "):
            run(made)
        assert ended(made.settings.home)[0][0] == "failed"
        assert not made.settings.published.exists()


def test_fault_35_a_unit_switch_leaves_the_marts_as_they_are(made: Rig) -> None:
    """Nothing of the answer is published: the marts are byte for byte those of Friday."""
    before = published_bytes(made.settings.home)
    made.at(MONDAY)
    made.yahoo.arm(in_other_units(100.0))
    outcome = run(made)
    assert (outcome.status, outcome.publication.is_new) == ("partial", False)
    assert published_bytes(made.settings.home) == before


BROKEN_BARS = {
    "NVDA": (cell("close", -1, -5.0), "not_positive"),
    "AAPL": (cell("high", -1, 1e308), "too_large"),
    "SPY": (cell("low", -1, 1e9), "high_below_low"),
    "NEWCO": (cell("volume", -1, -1), "bad_volume"),
    "AVGO": (cell("high", -1, math.inf), "not_finite"),
}
"""What is wrong with Friday's bar of each symbol, and the rule that it breaks. Rules look at one row each, so that one
run can have all of them."""


@dataclass(frozen=True, slots=True)
class Weekend:
    """Copies of a home after runs on Friday evening, during Monday's session, and on Monday evening.

    Friday's bars are broken as `BROKEN_BARS` says, in Friday's answers alone.
    """

    friday: Path
    running: Path
    monday: Path


@pytest.fixture(scope="module")
def weekend(tmp_path_factory: pytest.TempPathFactory) -> Weekend:
    """Run three times, and keep what each run left."""
    folder = tmp_path_factory.mktemp("weekend")
    left = Weekend(folder / "friday", folder / "running", folder / "monday")
    with rig(folder / "home", symbols=(*BROKEN_BARS, "^GSPC")) as made:
        made.market.add(Security("AVGO"))
        for symbol, (fault, _) in BROKEN_BARS.items():
            made.yahoo.arm(fault, symbol)
        made.at(FRIDAY)
        run(made)
        copied(made.settings.home, left.friday)
        made.yahoo.disarm()
        made.at(MONDAY, 17, is_open=True)
        run(made)
        copied(made.settings.home, left.running)
        made.at(MONDAY)
        run(made)
        copied(made.settings.home, left.monday)
    return left


@pytest.mark.parametrize("symbol", BROKEN_BARS)
def test_fault_37_a_bar_that_cannot_be_is_in_quarantine_with_its_rule(weekend: Weekend, symbol: str) -> None:
    """The row is stored as it came and rejected by the rules on rows; its session has no return."""
    quarantined = f"select rule_id, symbol from quarantine where symbol = '{symbol}'"
    newest = f"select max(session_date) from fct_returns where symbol = '{symbol}'"
    assert rows(weekend.friday, quarantined) == [(BROKEN_BARS[symbol][1], symbol)]
    assert rows(weekend.friday, newest) == [(date(2024, 6, 6),)]
    assert rows(weekend.monday, quarantined) == []
    assert rows(weekend.monday, newest) == [(MONDAY,)]


def test_fault_39_a_running_session_is_in_no_return(weekend: Weekend) -> None:
    """Its bar stands among the provisional ones until the session is over."""
    provisional = "select symbol, session_date from fct_provisional_prices where symbol = 'NVDA'"
    newest = "select max(session_date) from fct_returns"
    assert rows(weekend.running, provisional) == [("NVDA", MONDAY)]
    assert rows(weekend.running, newest) == [(FRIDAY,)]
    assert rows(weekend.monday, provisional) == []
    assert rows(weekend.monday, newest) == [(MONDAY,)]


def test_fault_31_returns_of_the_marts_do_not_move_at_a_split(made: Rig) -> None:
    """The marts after a split have Friday's returns; a run again changes nothing; as of Friday they are Friday's."""
    home = made.settings.home
    friday, all_returns = made.clock.now(), rows(home, "select * from fct_returns order by symbol, session_date")
    query = (
        "select symbol, session_date, simple_return from fct_returns where session_date <= '2024-06-07' order by 1, 2"
    )
    before = rows(home, query)
    made.market.add_split("NVDA", MONDAY, 10)
    made.market.add_dividend("AAPL", MONDAY, 0.3)
    made.at(MONDAY)
    assert run(made).status == "published"
    for (*_, ours), (*_, theirs) in zip(rows(home, query), before, strict=True):
        assert (ours is None) == (theirs is None)
        assert ours is None or abs(ours - theirs) < 1e-6  # prices come as numbers of 32 bits
    assert rows(home, "select symbol, kind from fct_corporate_actions order by 1") == [
        ("AAPL", "dividend"),
        ("NVDA", "split"),
    ]
    asked, live = made.asked(), generation(home)
    assert run(made).status == "unchanged"
    assert made.asked() == asked
    assert generation(home) == live
    run_pipeline(made.settings, as_of=friday)
    then = made.settings.published_as_of(friday).parent
    assert rows(then, "select * from fct_returns order by symbol, session_date") == all_returns
    assert generation(home) == live


def test_the_command_asks_says_and_publishes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`reaction run --source yahoo` on today's calendar: a table of what was found, then a run that asks nothing."""
    now, home = datetime.now(UTC), tmp_path / "home"
    market = Market(3, now.date(), weekdays_off(Settings(home=home), now.date(), now), [*SECURITIES, INDEX])
    listed = tmp_path / "symbols.txt"
    listed.write_text("NVDA  # the one that is studied\n^GSPC\n\nNOSUCH\n")
    with FakeYahoo(market) as yahoo:
        (tmp_path / "reaction.toml").write_text(f'yahoo_base_url = "{yahoo.base_url}"\nstart = "{now.year}-01-02"\n')
        monkeypatch.chdir(tmp_path)
        command = ("run", "--source", "yahoo", "--symbols", listed, "--exchange", "XNYS", "--no-prefect")
        first = reaction_here(*command, home=home)
        assert first.code == 0, first.err
        assert "yahoo: 3 requests; " in first.out
        assert "unknown symbol or delisted" in first.out
        again = reaction_here(*command, "--json", home=home)
        assert again.code == 0, again.err
        [live] = again.json["live"]
        assert (live["requests"], again.json["status"]) == (0, "unchanged")
        assert {row["symbol"]: row["state"] for row in live["symbols"]} == {
            "NVDA": "up to date",
            "^GSPC": "up to date",
            "NOSUCH": "refused",
        }


def test_fault_44_marts_with_far_fewer_returns_are_not_published(made: Rig) -> None:
    """Two of three symbols are asked for no more: the gate says which check failed, and the marts stay."""
    before = published_bytes(made.settings.home)
    made.settings = made.settings.model_copy(update={"symbols": ("NVDA",)})
    with pytest.raises(GateClosedError, match="fct_returns"):
        run(made)
    assert published_bytes(made.settings.home) == before
    assert ended(made.settings.home)[-1][0] == "gate_closed"


SPOILT = {
    "delete from mart.fct_returns where session_date >= '2024-06-07'": "fct_returns.not_older: 1 row",
    "insert into mart.fct_returns from mart.fct_returns limit 1": "fct_returns.unique_key: 2 rows",
}
"""A stale session and a key twice, and what is said of each; neither check counts what the other one does."""


def test_fault_44_marts_that_fail_the_audit_are_not_published(made: Rig) -> None:
    """Something between the models and the gate spoils the marts: each check and its rows are named, the marts stay."""
    before = published_bytes(made.settings.home)

    def call(stage: Callable[..., Any], *arguments: Any) -> Any:
        done = stage(*arguments)
        if stage is stages.build_marts:
            with arguments[0].workspace() as connection:
                for spoil in SPOILT:
                    connection.execute(spoil)
        return done

    with pytest.raises(GateClosedError) as closed:
        run_pipeline(made.settings, call, hosts=Hosts(made.clock))
    assert published_bytes(made.settings.home) == before
    status, message = ended(made.settings.home)[-1]
    assert status == "gate_closed"
    for check in SPOILT.values():
        assert f"  fail  {check}" in str(closed.value)
        assert check in str(message)

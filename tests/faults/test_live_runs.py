"""Whole runs on a live source that has faults: what is published, how the run ends, and what it says."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from flows import stages
from flows.pipeline import Outcome, run_pipeline
from pipelines.errors import GateClosedError, SourceError
from pipelines.fake_providers.faults import throttled
from pipelines.fake_providers.market import SECURITIES, Market
from pipelines.fake_providers.server import Fault
from pipelines.fake_providers.yahoo import CHART, FakeYahoo
from pipelines.fake_providers.yahoo_faults import cell, in_other_units
from pipelines.settings import Settings
from pipelines.sources.web.hosts import Hosts
from tests.live_rig import INDEX, Rig, rig, weekdays_off
from tests.running import generation, published_bytes, reaction_here, rows

pytestmark = pytest.mark.slow

FRIDAY, MONDAY = date(2024, 6, 7), date(2024, 6, 10)


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Rig]:
    """Return a rig for whole runs of three symbols, on Friday evening."""
    with rig(tmp_path / "home", symbols=("NVDA", "AAPL", "^GSPC")) as found:
        found.at(FRIDAY)
        yield found


def run(made: Rig) -> Outcome:
    """Run everything, by the rig's clock."""
    return run_pipeline(made.settings, hosts=Hosts(made.clock))


def ended(made: Rig) -> list[tuple[object, ...]]:
    """Return how the runs ended, in order."""
    return made.rows("select status, message from audit.runs where status != 'running' order by started_at")


def test_fault_25_a_run_that_is_throttled_ends_partial_and_publishes_what_there_is(made: Rig) -> None:
    """Status and message name what is lacking, in the warehouse and in the marts; the next run completes it."""
    made.yahoo.arm(throttled(), "AAPL", times=50)
    outcome = run(made)
    assert outcome.status == "partial"
    [(status, message)] = ended(made)
    assert status == "partial"
    assert str(message).startswith("1 of 3 symbols of Yahoo Finance lack prices: AAPL throttled: ")
    home = made.settings.home
    assert rows(home, "select distinct symbol from fct_returns order by 1") == [("NVDA",), ("^GSPC",)]
    assert rows(home, "select status from runs") == [("partial",)]
    made.yahoo.disarm()
    asked = made.asked("NVDA")
    assert run(made).status == "published"
    assert made.asked("NVDA") == asked
    assert rows(home, "select count(distinct symbol) from fct_returns") == [(3,)]


def test_a_run_without_one_price_fails_and_says_why(made: Rig) -> None:
    """Nothing can be used: no marts, and an error that names the symbols and their reasons."""
    made.yahoo.arm(throttled(), CHART)
    with pytest.raises(SourceError, match=r"no price of Yahoo Finance can be used: NVDA throttled: "):
        run(made)
    assert ended(made)[0][0] == "failed"


def test_fault_35_a_unit_switch_leaves_the_marts_as_they_are(made: Rig) -> None:
    """Nothing of the answer is published: the marts are byte for byte those of Friday."""
    run(made)
    before = published_bytes(made.settings.home)
    made.at(MONDAY)
    made.yahoo.arm(in_other_units(100.0))
    outcome = run(made)
    assert (outcome.status, outcome.publication.is_new) == ("partial", False)
    assert published_bytes(made.settings.home) == before


@pytest.mark.parametrize(
    ("fault", "rule"),
    [
        (cell("close", -1, -5.0), "not_positive"),
        (cell("high", -1, 1e308), "too_large"),
        (cell("low", -1, 1e9), "high_below_low"),
        (cell("volume", -1, -1), "bad_volume"),
        (cell("high", -1, math.inf), "not_finite"),
    ],
)
def test_fault_37_a_bar_that_cannot_be_is_in_quarantine_with_its_rule(made: Rig, fault: Fault, rule: str) -> None:
    """The row is stored as it came and rejected by the rules on rows; its session has no return."""
    made.yahoo.arm(fault, "NVDA")
    run(made)
    home = made.settings.home
    assert rows(home, "select rule_id, symbol from quarantine where symbol = 'NVDA'") == [(rule, "NVDA")]
    assert rows(home, "select max(session_date) from fct_returns where symbol = 'NVDA'") == [(date(2024, 6, 6),)]
    made.yahoo.disarm()
    made.at(MONDAY)
    run(made)
    assert rows(home, "select count(*) from quarantine where symbol = 'NVDA'") == [(0,)]
    assert rows(home, "select max(session_date) from fct_returns where symbol = 'NVDA'") == [(MONDAY,)]


def test_fault_39_a_running_session_is_in_no_return(made: Rig) -> None:
    """Its bar stands among the provisional ones until the session is over."""
    made.at(FRIDAY, 17, is_open=True)
    run(made)
    home = made.settings.home
    provisional = "select symbol, session_date from fct_provisional_prices where symbol = 'NVDA'"
    assert rows(home, provisional) == [("NVDA", FRIDAY)]
    assert rows(home, "select max(session_date) from fct_returns") == [(date(2024, 6, 6),)]
    made.at(FRIDAY)
    run(made)
    assert rows(home, provisional) == []
    assert rows(home, "select max(session_date) from fct_returns") == [(FRIDAY,)]


def test_fault_31_returns_of_the_marts_do_not_move_at_a_split(made: Rig) -> None:
    """The marts after a split have Friday's returns; a run again changes nothing; as of Friday they are Friday's."""
    run(made)
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
    run(made)
    before = published_bytes(made.settings.home)
    made.settings = made.settings.model_copy(update={"symbols": ("NVDA",)})
    with pytest.raises(GateClosedError, match="fct_returns"):
        run(made)
    assert published_bytes(made.settings.home) == before
    assert ended(made)[-1][0] == "gate_closed"


@pytest.mark.parametrize(
    ("spoil", "check"),
    [
        ("insert into mart.fct_returns from mart.fct_returns limit 1", "fct_returns.unique_key: 2 rows"),
        ("delete from mart.fct_returns where session_date >= '2024-06-07'", "fct_returns.not_older: 1 row"),
    ],
    ids=["a key twice", "a stale session"],
)
def test_fault_44_marts_that_fail_the_audit_are_not_published(made: Rig, spoil: str, check: str) -> None:
    """Something between the models and the gate spoils the marts: the check and the rows are named, the marts stay."""
    run(made)
    before = published_bytes(made.settings.home)

    def call(stage: Callable[..., Any], *arguments: Any) -> Any:
        done = stage(*arguments)
        if stage is stages.build_marts:
            with arguments[0].workspace() as connection:
                connection.execute(spoil)
        return done

    with pytest.raises(GateClosedError) as closed:
        run_pipeline(made.settings, call, hosts=Hosts(made.clock))
    assert check in str(closed.value)
    assert "fct_returns" in str(closed.value)
    assert published_bytes(made.settings.home) == before
    status, message = ended(made)[-1]
    assert status == "gate_closed"
    assert check in str(message)

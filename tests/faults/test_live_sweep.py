"""The sweep over stored history: what a provider has corrected long after is found, stored and shown."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from flows.refreshing import refresh
from flows.verifying import oldest_first, verify
from pipelines.errors import NothingPublishedError
from pipelines.fake_providers.faults import page
from pipelines.fake_providers.market import SECURITIES, Market
from pipelines.fake_providers.yahoo import FakeYahoo
from pipelines.settings import Settings
from pipelines.sources.web.hosts import Hosts
from tests.live_rig import INDEX, Rig, rig, weekdays_off
from tests.running import reaction_here

LONG_AGO = date(2024, 4, 10)  # 40 sessions before
FRIDAY = date(2024, 6, 7)


@pytest.fixture
def polled(tmp_path: Path) -> Iterator[Rig]:
    """Return a rig that has three symbols up to Thursday."""
    with rig(tmp_path) as made:
        made.poll("NVDA", "AAPL", "SPY")
        yield made


def test_fault_33_a_close_that_was_revised_40_days_back_is_found_by_a_sweep(polled: Rig) -> None:
    """A poll does not see it; the sweep stores it beside what was known, and says which bar and by how much."""
    before, known = polled.dump(), polled.clock.now()
    polled.market.revise("NVDA", LONG_AGO, 1.02)
    polled.at(FRIDAY)
    assert polled.poll("NVDA", "AAPL", "SPY").results["NVDA"].n_revised == 0
    [found] = verify(polled.settings, hosts=Hosts(polled.clock))
    assert (found.provider, found.n_stored, len(found.results)) == ("yahoo", 3, 3)
    [row] = found.differences.rows(named=True)
    assert (row["symbol"], row["session_date"]) == ("NVDA", LONG_AGO)
    assert row["close_change"] == pytest.approx(0.02, abs=1e-6)
    judged = next(result.judgement for result in found.results if result.symbol == "NVDA")
    assert judged is not None
    assert (str(judged.verdict), judged.is_alert) == ("revision", True)
    close = polled.bars().filter(pl.col("date") == LONG_AGO)["close"].item()
    assert close == pytest.approx(row["close"])
    assert polled.dump(known) == before
    [again] = verify(polled.settings, hosts=Hosts(polled.clock))
    assert again.differences.is_empty()


def test_a_sample_goes_through_all_symbols_in_turn(polled: Rig) -> None:
    """Who was asked for as a whole longest ago comes first."""
    asked = []
    for _ in range(3):
        polled.clock.at += timedelta(hours=1)
        [found] = verify(polled.settings, sample=1, hosts=Hosts(polled.clock))
        asked += [result.symbol for result in found.results]
    assert sorted(asked) == ["AAPL", "NVDA", "SPY"]


def test_only_answers_about_the_whole_count(polled: Rig) -> None:
    """A poll of the last sessions does not put a symbol back; one that was never asked for as a whole is first."""
    held = {name: polled.bars(name) for name in ("NVDA", "AAPL")}
    begins = held["NVDA"]["date"][0]
    at = datetime(2024, 6, 1, tzinfo=UTC)
    answered = [("NVDA", begins, at), ("AAPL", date(2024, 5, 1), at + timedelta(days=1))]
    assert oldest_first(held, answered) == ["AAPL", "NVDA"]


def test_a_sweep_without_stored_prices_says_what_to_do(tmp_path: Path) -> None:
    """There is nothing to hold against anything."""
    with rig(tmp_path) as made, pytest.raises(NothingPublishedError, match="run `reaction run --source yahoo` first"):
        verify(made.settings, hosts=Hosts(made.clock))


def test_the_command_reports_and_its_exit_code_agrees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`reaction check --sources` lists what was revised; if nothing could be measured it fails."""
    now = datetime.now(UTC)
    home = tmp_path / "home"
    market = Market(3, now.date(), weekdays_off(Settings(home=home), now.date(), now), [*SECURITIES, INDEX])
    with FakeYahoo(market) as yahoo:
        (tmp_path / "reaction.toml").write_text(f'source = "yahoo"\nyahoo_base_url = "{yahoo.base_url}"\n')
        monkeypatch.chdir(tmp_path)
        settings = Settings(home=home, start=date(now.year - 1, 1, 2))
        refresh(settings, "yahoo", "run-1", now, symbols=["NVDA"])
        day = market.sessions("NVDA", date(now.year - 1, 2, 1), now.date())[0]
        market.revise("NVDA", day, 1.03)
        shown = reaction_here("check", "--sources", home=home)
        assert shown.code == 0, shown.err
        assert "1 bars are stated otherwise now" in shown.out
        assert f"{day}" in shown.out
        assert "+3.0000%" in shown.out
        record = reaction_here("check", "--sources", "--sample", "1", "--json", home=home).json
        assert (record[0]["symbols_stored"], record[0]["differences"]) == (1, [])
        yahoo.arm(page())
        broken = reaction_here("check", "--sources", home=home)
        assert broken.code == 1
        assert "none of 1 symbols could be verified: NVDA: " in broken.err

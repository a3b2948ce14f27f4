"""The demonstration of live prices shows what it says, and two providers are held against each other."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from flows.pipeline import run_pipeline
from pipelines.fake_providers.nasdaq import FakeNasdaq
from pipelines.sources.web.hosts import Hosts
from tests.live_rig import rig
from tests.running import reaction_here, rows

pytestmark = pytest.mark.slow


def test_the_demonstration_shows_a_split_a_dividend_and_what_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the user's own settings are; it leaves nothing in the home."""
    home = tmp_path / "home"
    own = 'source = "files"\nprices = ["nowhere"]\nexchange = "XLON"\nhourly = true\nseries = ["DGS10"]\n'
    (tmp_path / "reaction.toml").write_text(own + 'fred_base_url = "http://127.0.0.1:9"\n')
    monkeypatch.chdir(tmp_path)
    shown = reaction_here("run", "--demo-live", home=home)
    assert shown.code == 0, shown.err
    for text in (
        "yahoo: 4 requests; ",
        "nothing: no session is over that is not stored",
        "basis change: close of 10 of 10 sessions moved by a factor of 0.1: split 10 of 2025-01-27",
        "dividend 0.25 of 2025-01-27",
        "yahoo: 6 requests; ",
        "as of Friday every number is byte for byte what it was",
    ):
        assert text in shown.out
    n_asked = 2 * 2 + 4 + 6  # twice the cookie and its crumb, and charts of days alone
    assert shown.out.count("   asked   GET") == n_asked
    assert not home.exists()


def test_a_second_provider_is_compared_and_never_blended(tmp_path: Path) -> None:
    """One that fails costs the comparison alone; one that answers differently changes no price and no return."""
    dead = {"compare_with": "nasdaq", "nasdaq_base_url": "http://127.0.0.1:9"}
    with rig(tmp_path / "home", symbols=("NVDA", "^GSPC"), **dead) as made, FakeNasdaq(made.market) as nasdaq:
        home = made.settings.home
        failed = run_pipeline(made.settings, hosts=Hosts(made.clock))
        assert failed.status == "published"
        assert str(failed.ingested.refreshed[1].results["NVDA"].state) == "broken"
        assert rows(home, "select count(*) from fct_price_differences") == [(0,)]
        closes = rows(home, "select * from fct_returns order by symbol, session_date")
        made.settings = made.settings.model_copy(update={"nasdaq_base_url": nasdaq.base_url, "accept_fewer_rows": True})
        made.market.revise("NVDA", date(2024, 3, 5), 1.01)  # what Yahoo is not asked for again
        outcome = run_pipeline(made.settings, hosts=Hosts(made.clock))
        assert [part.provider for part in outcome.ingested.refreshed] == ["yahoo", "nasdaq"]
        assert list(outcome.ingested.refreshed[1].results) == ["NVDA"]
        assert rows(home, "select * from fct_returns order by symbol, session_date") == closes
        found = rows(
            home, "select symbol, session_date, source, other_source, round(difference, 4) from fct_price_differences"
        )
        assert found == [("NVDA", date(2024, 3, 5), "nasdaq", "yahoo", pytest.approx(1 / 1.01 - 1, abs=1e-3))]
        assert outcome.status == "published"

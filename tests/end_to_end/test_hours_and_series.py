"""Whole runs that keep hours and series beside the prices of days: what is published, and as of before."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from flows.hourly import refresh_hours
from flows.pipeline import Outcome, run_pipeline
from flows.run import models
from pipelines.errors import ConfigurationError
from pipelines.fake_providers.binance import FakeBinance
from pipelines.fake_providers.coinbase import FakeCoinbase
from pipelines.fake_providers.faults import throttled
from pipelines.fake_providers.fred import FakeFred
from pipelines.fake_providers.market import Market
from pipelines.fake_providers.yahoo_faults import cell
from pipelines.settings import Settings
from pipelines.sources.web.clock import SetClock
from pipelines.sources.web.hosts import Hosts
from tests.live_rig import Rig, rig
from tests.running import generation, reaction_here, rows
from warehouse.hours import stored_hours

pytestmark = pytest.mark.slow

FRIDAY, MONDAY, TUESDAY = date(2024, 6, 7), date(2024, 6, 10), date(2024, 6, 11)


@contextmanager
def hourly_rig(home: Path) -> Iterator[Rig]:
    """Make a rig for whole runs of two symbols with hours from May on, on Friday evening."""
    chosen = {"symbols": ("NVDA", "^GSPC"), "hourly": True, "hourly_start": date(2024, 5, 1)}
    with rig(home, **chosen) as found, FakeFred(found.market) as fred:
        found.settings = found.settings.model_copy(update={"fred_base_url": fred.base_url, "series": ("DGS10", "X1")})
        found.at(FRIDAY)
        yield found


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Rig]:
    """Return a rig before its first run."""
    with hourly_rig(tmp_path / "home") as found:
        yield found


@pytest.fixture(scope="module")
def friday(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Outcome]:
    """Return a home after the run of Friday evening, to be copied, and what that run did."""
    home = tmp_path_factory.mktemp("friday") / "home"
    with hourly_rig(home) as found:
        return home, run(found)


@pytest.fixture
def after_friday(friday: tuple[Path, Outcome], tmp_path: Path) -> Iterator[Rig]:
    """Return a rig a minute after the run of Friday evening, with a home of its own."""
    home = shutil.copytree(friday[0], tmp_path / "home", symlinks=True)
    with hourly_rig(home) as found:
        found.clock.at += timedelta(minutes=1)
        yield found


def run(made: Rig, as_of: datetime | None = None) -> Outcome:
    """Run everything, by the rig's clock."""
    return run_pipeline(made.settings, hosts=Hosts(made.clock), as_of=as_of)


def test_a_run_publishes_hours_and_series(friday: tuple[Path, Outcome], after_friday: Rig) -> None:
    """Every hour but the first has a return, those of a night among them; a yield has its unit."""
    _, outcome = friday
    assert outcome.status == "published"
    assert [part.title for part in outcome.ingested.refreshed] == ["yahoo", "yahoo 1h", "fred"]
    home = after_friday.settings.home
    counted = (
        "select symbol, count(*), count(simple_return), min(session_date) from fct_hourly_prices group by 1 order by 1"
    )
    assert rows(home, counted) == [
        ("NVDA", 7 * 27, 7 * 27 - 1, date(2024, 5, 1)),
        ("^GSPC", 7 * 27, 7 * 27 - 1, date(2024, 5, 1)),
    ]
    daily = (
        "select count(*), max(abs(product - 1 - simple_return)) from (select symbol, session_date, "
        "product(1 + simple_return) as product from fct_hourly_prices where session_date > '2024-05-01' group by 1, 2) "
        "join fct_returns using (symbol, session_date)"
    )
    [(n_days, furthest)] = rows(home, daily)
    assert n_days == 2 * 26
    assert furthest < 1e-6
    assert rows(home, "select distinct series_id, unit from fct_series") == [("DGS10", "percent per year")]
    assert rows(home, "select count(*) from quarantine") == [(0,)]
    assert run(after_friday).status == "unchanged"


def test_as_of_friday_hours_and_series_are_fridays(after_friday: Rig) -> None:
    """A split and a revised yield later, the marts of then are the marts of then."""
    made = after_friday
    home, friday = made.settings.home, made.clock.now()
    hours, series = "select * from fct_hourly_prices order by all", "select * from fct_series order by all"
    before = rows(home, hours), rows(home, series)
    made.market.add_split("NVDA", MONDAY, 10)
    made.market.revise("DGS10", date(2024, 6, 5), 1.1)
    made.at(TUESDAY)
    assert run(made).status == "published"
    assert rows(home, hours) != before[0]
    assert rows(home, series) != before[1]
    split = "select count(*) from fct_hourly_prices where symbol = 'NVDA' and abs(simple_return) > 0.5"
    assert rows(home, split) == [(0,)]
    live = generation(home)
    run(made, friday)
    then = made.settings.published_as_of(friday).parent
    assert (rows(then, hours), rows(then, series)) == before
    assert generation(home) == live


def test_a_bar_of_an_hour_that_cannot_be_is_in_quarantine(made: Rig) -> None:
    """Neither its hour nor the one after it has a return that spans it."""
    made.yahoo.arm(cell("low", -3, -1.0), "NVDA", times=2)  # the answers for days and for hours
    made.market.holidays.add(date(2024, 6, 3))
    run(made)
    home = made.settings.home
    opened = datetime(2024, 6, 7, 17, 30, tzinfo=UTC)
    rejected = rows(home, "select rule_id, session_date, content from quarantine where symbol = 'NVDA' order by 2 desc")
    assert next(row[:2] for row in rejected) == ("not_positive", FRIDAY)
    after = f"select opened_at, simple_return from fct_hourly_prices where symbol = 'NVDA' and opened_at >= '{opened}'"
    assert rows(home, f"{after} order by 1")[0] == (opened.replace(hour=18), None)


def test_a_run_whose_hours_are_throttled_ends_partial(after_friday: Rig) -> None:
    """The record says that it is hours that lack; what there is is published."""
    made = after_friday
    asked_for_days = 2
    made.at(MONDAY)
    made.yahoo.arm(throttled(), "^GSPC", times=50)
    outcome = run(made)
    assert outcome.status == "partial"
    [(message,)] = made.rows("select message from audit.runs where status = 'partial'")
    assert "1 of 2 symbols of Yahoo Finance lack prices of hours: ^GSPC throttled" in str(message)
    assert len(outcome.ingested.refreshed[0].results) == asked_for_days


@pytest.mark.parametrize("word", ["coinbase", "binance"])
def test_hours_of_crypto_come_in_pages_and_the_running_one_is_provisional(tmp_path: Path, word: str) -> None:
    """Twenty-four a day, on weekends too."""
    market = Market(5, MONDAY)
    market.is_open = True
    made = {"coinbase": FakeCoinbase, "binance": FakeBinance}[word](market)
    with made as server:
        settings = Settings(
            home=tmp_path / "home",
            source=word,  # type: ignore[arg-type]
            hourly_start=date(2024, 4, 1),
            **{f"{word}_base_url": server.base_url},  # type: ignore[arg-type]
        )
        now = datetime(2024, 6, 10, 11, 45, tzinfo=UTC)
        done = refresh_hours(settings, "run-1", now, ["BTC-USD"], hosts=Hosts(SetClock(now)))
        assert done.complaint == ""
        found = stored_hours(settings.warehouse_file, models(), word)
        assert found.height == 70 * 24 + 11
        assert found["date"].max() == datetime(2024, 6, 10, 10, tzinfo=UTC)
        later = datetime(2024, 6, 10, 13, 5, tzinfo=UTC)
        again = refresh_hours(settings, "run-2", later, ["BTC-USD"], hosts=Hosts(SetClock(later)))
        assert again.results["BTC-USD"].n_new == 1
        assert stored_hours(settings.warehouse_file, models(), word)["date"].max() == datetime(
            2024, 6, 10, 11, tzinfo=UTC
        )


def test_hours_of_the_sample_are_refused(made: Rig) -> None:
    """Only live sources that have them are asked."""
    made.settings = made.settings.model_copy(update={"source": "sample", "series": ()})
    with pytest.raises(ConfigurationError, match="--hourly: expected a source that has hours"):
        run(made)


def test_the_sample_may_have_series_beside_it(made: Rig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The command takes them with commas, and shows what became of each."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reaction.toml").write_text(f'fred_base_url = "{made.settings.fred_base_url}"\n')
    home = tmp_path / "other"
    now = datetime.now(UTC)
    made.market.today = now.date()
    done = reaction_here("run", "--with-series", "DGS10,VIXCLS", "--no-prefect", home=home)
    assert done.code == 0, done.err
    assert re.search(r"fred: 2 requests; \d,\d{3} values new, 0 revised", done.out)
    assert rows(home, "select distinct series_id from fct_series order by 1") == [("DGS10",), ("VIXCLS",)]


def test_as_of_takes_neither_hours_nor_series(tmp_path: Path) -> None:
    """Which were read then is on record."""
    command = ("run", "--as-of", "2025-01-27T21:00:00Z", "--hourly", "--with-series", "DGS10")
    done = reaction_here(*command, home=tmp_path)
    assert done.code == 2
    assert "leave out --hourly and --with-series" in done.err

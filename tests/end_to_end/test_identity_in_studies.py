"""Studies over a rename and over a symbol that another company took: one series, or two that nothing spans."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from flows.pipeline import run_pipeline
from pipelines.fake_providers.market import Security
from pipelines.sources.web.hosts import Hosts
from tests.faults.studies import MARKET, study
from tests.generated_prices import market, new_york_sessions
from tests.live_rig import rig
from tests.running import rows

SESSIONS = new_york_sessions(date(2021, 3, 1), date(2022, 7, 29))
RENAMED = date(2022, 6, 9)
STUDY = """
- id: own-mean
  title: Own mean return
  sources: [files]
  model: constant_mean
  returns: simple
  estimation: [-60, -5]
  event_window: [-1, 1]
  car_windows: [[0, 0]]
  min_estimation_obs: 30
  events: {ids: [before, after]}
  securities: {which: named}
  group_by: [all]
"""


def test_a_study_over_a_rename_is_that_of_one_series(tmp_path: Path) -> None:
    """Prices that go on under META and an event that names FB give what one series under META gives."""
    prices = market(["META", MARKET], SESSIONS)
    is_old = (pl.col("symbol") == "META") & (pl.col("date") < RENAMED)
    renamed = prices.with_columns(pl.when(is_old).then(pl.lit("FB")).otherwise("symbol").alias("symbol"))
    events = "event_id,symbol,event_date\ne1,{},2022-06-03\ne2,META,2022-06-13\n"
    found = study(renamed, _folder(tmp_path / "renamed"), events.format("FB"))
    whole = study(prices, _folder(tmp_path / "whole"), events.format("FB"))
    assert found.tables["fct_study_securities"]["status"].to_list() == ["used", "used"]
    assert found.tables["fct_study_securities"]["symbol"].unique().to_list() == ["META"]
    for name in ("fct_study_securities", "fct_abnormal_returns", "fct_event_cars"):
        assert_frame_equal(found.tables[name], whole.tables[name])


def test_a_study_may_name_its_securities_and_its_benchmark_by_former_symbols(tmp_path: Path) -> None:
    """They are the same study as by the present ones."""
    events = "event_id,symbol,event_date\ne1,META,2022-06-13\n"
    prices = market(["META", MARKET], SESSIONS)
    found = {}
    for name in ("FB", "META"):
        listed = {"securities": {"which": "listed", "symbols": [name]}}
        found[name] = study(prices, _folder(tmp_path / name), events, defined=listed)
    assert found["FB"].tables["fct_study_securities"]["status"].to_list() == ["used"]
    assert_frame_equal(found["FB"].tables["fct_event_cars"], found["META"].tables["fct_event_cars"])
    as_benchmark = prices.with_columns(pl.col("symbol").replace({MARKET: "META", "META": MARKET}))
    events = f"event_id,symbol,event_date\ne1,{MARKET},2022-06-13\n"
    old, new = (
        study(as_benchmark, _folder(tmp_path / f"against-{name}"), events, defined={"benchmark": name})
        for name in ("FB", "META")
    )
    assert old.tables["dim_studies"]["benchmark_symbol"].to_list() == ["META"]
    assert_frame_equal(old.tables["fct_event_cars"], new.tables["fct_event_cars"])


@pytest.mark.slow
def test_fault_40_a_run_after_a_reuse_studies_both_companies(tmp_path: Path) -> None:
    """The old company's event keeps its numbers under its label; the new one has too little history to be studied."""
    home = tmp_path / "home"
    (tmp_path / "study.yaml").write_text(STUDY, "utf-8")
    (tmp_path / "events.csv").write_text("event_id,symbol,event_date\nbefore,NVDA,2024-06-04\nafter,NVDA,2024-06-26\n")
    chosen = {"studies": (tmp_path / "study.yaml",), "events": (tmp_path / "events.csv",), "symbols": ("NVDA", "^GSPC")}
    cars = """
        select symbol, car, status
        from fct_study_securities
        left join fct_event_cars using (study_id, event_id, symbol)
        where study_id = 'own-mean'
        order by event_id desc
    """
    with rig(home, **chosen) as made:
        made.at(date(2024, 6, 7))
        run_pipeline(made.settings, hosts=Hosts(made.clock))
        [(symbol, car, _), _] = rows(home, cars)
        assert symbol == "NVDA"
        known = made.clock.at + timedelta(hours=1)
        made.market.add(Security("NVDA", listed=date(2024, 6, 24), price=12.0))
        made.at(date(2024, 7, 5))
        outcome = run_pipeline(made.settings, hosts=Hosts(made.clock))
        assert outcome.status == "published"
        assert rows(home, cars) == [("NVDA-202406", car, "used"), ("NVDA", None, "excluded")]
        spanning = "select simple_return from fct_returns where symbol = 'NVDA' order by session_date limit 1"
        assert rows(home, spanning) == [(None,)]
        then = run_pipeline(made.settings, as_of=known, hosts=Hosts(made.clock))
        assert rows(then.run.published.parent, cars)[0] == ("NVDA", car, "used")


def _folder(path: Path) -> Path:
    path.mkdir(parents=True)
    return path

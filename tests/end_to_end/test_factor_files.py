"""A study on a user's own factor file: `reaction study` against ordinary least squares, and what it refuses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.generated_prices import new_york_sessions, write
from tests.running import Finished, reaction_here

DAYS = new_york_sessions(date(2023, 1, 3), date(2024, 4, 30))[:320]
DAY_0 = 280
ESTIMATION = slice(DAY_0 - 260, DAY_0 - 10)
FACTORS = ("Mkt-RF", "SMB", "HML", "RF")
SHOCK = 0.08
TOLERANCE = 1e-10


@dataclass(frozen=True, slots=True)
class Market:
    """A made-up security that follows three factors, with a shock on day 0.

    Attributes
    ----------
    factors : array, shape (days, 4)
        Decimal returns of FACTORS.
    excess : array, shape (days,)
        The security's return less the risk-free one; the first is no return.
    """

    folder: Path
    factors: np.ndarray[Any, np.dtype[np.float64]]
    excess: np.ndarray[Any, np.dtype[np.float64]]

    def study(self, *options: object, model: str = "ff3") -> Finished:
        """Run the study of the security's one event."""
        files = ("--prices", self.folder / "prices.csv", "--events", self.folder / "events.csv")
        windows = ("--estimation=-260,-11", "--window=-5,5", "--car=0,0", "--exchange", "XNYS")
        return reaction_here("study", *files, *windows, "--model", model, *options, home=self.folder / "home")

    def factor_file(self, name: str, scale: float, columns: tuple[str, ...] = FACTORS) -> Path:
        """Write factors as the French data library does, but for the unit."""
        table = pl.DataFrame(self.factors * scale, schema=list(FACTORS)).select(columns)
        dates = pl.Series("Date", DAYS).dt.strftime("%Y%m%d")
        return write(table.insert_column(0, dates), self.folder / name)


@pytest.fixture
def market(tmp_path: Path) -> Market:
    """Return a market whose files of prices and events are written."""
    random = np.random.default_rng(11)
    factors = np.column_stack([random.normal(0.0004, 0.01, (len(DAYS), 3)), np.full(len(DAYS), 0.0002)])
    returns = factors[:, 3] + factors[:, :3] @ [1.1, 0.4, -0.3] + random.normal(0.0, 0.005, len(DAYS))
    returns[DAY_0] += SHOCK
    prices = 100.0 * np.cumprod(1.0 + returns)
    write(pl.DataFrame({"symbol": "AAA", "date": DAYS, "close": prices}), tmp_path / "prices.csv")
    (tmp_path / "events.csv").write_text(f"event_id,symbol,event_date\nnews,AAA,{DAYS[DAY_0]}\n")
    return Market(tmp_path, factors, np.append(np.nan, prices[1:] / prices[:-1] - 1.0) - factors[:, 3])


def expected_day_0(market: Market) -> float:
    """Return the abnormal return of day 0 by ordinary least squares on the three factors."""
    regressors = np.column_stack([np.ones(len(DAYS)), market.factors[:, :3]])
    beta, *_ = np.linalg.lstsq(regressors[ESTIMATION], market.excess[ESTIMATION], rcond=None)
    return float(market.excess[DAY_0] - regressors[DAY_0] @ beta)


@pytest.mark.parametrize(("scale", "unit"), [(1.0, "decimal"), (100.0, "percent")])
def test_three_factors_from_a_file(market: Market, scale: float, unit: str) -> None:
    """The three-factor model runs on a user's file, in decimals or in percent, and is least squares on it."""
    file = market.factor_file("ff3.csv", scale)
    finished = market.study("--factors", file, "--factor-unit", unit, "--json")
    assert finished.code == 0, finished.err
    (day_0,) = [row for row in finished.json["fct_abnormal_returns"] if row["relative_day"] == 0]
    assert day_0["abnormal_return"] == pytest.approx(expected_day_0(market), abs=TOLERANCE)
    assert day_0["abnormal_return"] == pytest.approx(SHOCK, abs=0.02)
    (pair,) = finished.json["fct_study_securities"]
    assert (pair["status"], pair["n_estimation_obs"]) == ("used", 250)
    assert finished.json["quarantine"] == []


def test_factors_may_come_from_several_files(market: Market) -> None:
    """Factors that are spread over files give what one file gives."""
    files = [market.factor_file(f"{name}.csv", 1.0, (name,)) for name in FACTORS]
    options = [word for file in files for word in ("--factors", file)]
    together = market.study("--factors", market.factor_file("all.csv", 1.0), "--json")
    assert market.study(*options, "--json").json == together.json


def test_a_rejected_return_of_a_factor_costs_its_day(market: Market) -> None:
    """A cell that cannot be read is in quarantine with its text, and the estimation has one day less."""
    file = market.factor_file("ff3.csv", 1.0)
    lines = file.read_text().splitlines()
    cells = lines[1 + DAY_0 - 100].split(",")
    lines[1 + DAY_0 - 100] = ",".join([cells[0], "n/a?", *cells[2:]])
    file.write_text("\n".join(lines))
    found = market.study("--factors", file, "--json").json
    assert [pair["n_estimation_obs"] for pair in found["fct_study_securities"]] == [249]
    (row,) = found["quarantine"]
    assert (row["rule_id"], row["source"], row["session_date"]) == (
        "unreadable",
        "factor file",
        str(DAYS[DAY_0 - 100]),
    )
    assert "n/a?" in row["reason"]


def test_a_model_without_its_factors_is_a_usage_error(market: Market) -> None:
    """Without the factors that its model needs a study is refused before it starts, with what there is."""
    none = market.study()
    assert none.code == 2
    assert none.err == (
        "error: --factors: model 'ff3' needs the factors mkt_rf, smb, hml, rf; this source has none "
        "(give --factors FILE or --factors-source ken_french)\n"
    )
    some = market.study("--factors", market.factor_file("f.csv", 1.0, ("Mkt-RF", "RF")))
    assert some.code == 2
    assert "this source lacks smb, hml (add another --factors FILE); the files have mkt_rf, rf" in some.err


def test_percent_that_is_called_decimal_is_refused(market: Market) -> None:
    """Numbers in percent without a word on their unit are refused, and the option is named."""
    finished = market.study("--factors", market.factor_file("ff3.csv", 100.0))
    assert finished.code == 2
    assert finished.err.startswith("error: --factors: expected decimal returns of a day")
    assert "--factor-unit percent" in finished.err


@pytest.mark.slow
def test_a_run_excludes_what_lacks_factors_and_uses_them_once_it_has_them(market: Market) -> None:
    """In `reaction run` a study without its factors excludes every pair with that reason; with a file it uses them."""
    studies = market.folder / "studies.yaml"
    studies.write_text(
        "- {id: three-factors, title: three factors, model: ff3, estimation: [-260, -11], event_window: [-5, 5], "
        "car_windows: [[0, 0]], events: {ids: [news]}}\n"
    )
    home = market.folder / "home"
    files = ("--prices", market.folder / "prices.csv", "--events", market.folder / "events.csv")
    command = ("run", "--no-prefect", "--json", *files, "--studies", studies, "--exchange", "XNYS")

    def ledger() -> list[tuple[object, ...]]:
        query = "select status, reason from fct_study_securities where study_id = 'three-factors'"
        answer = reaction_here("sql", query, "--json", home=home)
        return [(row["status"], row["reason"]) for row in answer.json]

    without = reaction_here(*command, home=home)
    assert without.code == 0, without.err
    needs = (
        "model 'ff3' needs the factors mkt_rf, smb, hml, rf; this source has none "
        "(give --factors FILE or --factors-source ken_french)"
    )
    assert ledger() == [("excluded", needs)]
    file = market.factor_file("ff3.csv", 100.0)
    refused = reaction_here(*command, "--factors", file, home=home)
    assert refused.code == 2
    assert "--factor-unit percent" in refused.err
    with_factors = reaction_here(*command, "--factors", file, "--factor-unit", "percent", home=home)
    assert with_factors.code == 0, with_factors.err
    assert ledger() == [("used", None)]

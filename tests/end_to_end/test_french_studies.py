"""Studies on the French data library: the models on factors against least squares, and a run that keeps the library."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from flows.ad_hoc import ad_hoc_study
from flows.cli.study_options import ModelOptions, TestOptions, WindowOptions, definition_of
from pipelines.errors import ConfigurationError, SourceError, SpecError
from pipelines.fake_providers import faults
from pipelines.fake_providers.ken_french import COLUMNS, OLD, FakeFrench
from pipelines.settings import Settings
from tests.generated_prices import new_york_sessions, write
from tests.running import reaction, reaction_here

DAYS = new_york_sessions(date(2023, 1, 3), date(2024, 4, 30))[:320]
DAY_0 = 280
ESTIMATION = slice(DAY_0 - 260, DAY_0 - 10)
THREE, FIVE, MOMENTUM = COLUMNS
MODELS = {"ff3": [(THREE, (0, 1, 2))], "carhart": [(THREE, (0, 1, 2)), (MOMENTUM, (0,))], "ff5": [(FIVE, range(5))]}
"""Files and columns of each model's regressors; the last column of a file that has one is the risk-free return."""

FILES = {THREE: "ff3_daily", FIVE: "ff5_daily", MOMENTUM: "mom_daily"}
TOLERANCE = 1e-10


@dataclass(frozen=True, slots=True)
class World:
    """A library, and a security with one event."""

    library: FakeFrench
    folder: Path

    def settings(self, **more: Any) -> Settings:
        """Return the settings of a study on the library."""
        return Settings(
            home=self.folder / "home",
            prices=(self.folder / "prices.csv",),
            events=(self.folder / "events.csv",),
            exchange="XNYS",
            **{"factors_source": "ken_french", "ken_french_base_url": self.library.base_url, **more},
        )

    def day_0(self, model: str, **more: Any) -> float:
        """Return the abnormal return of day 0 as a study finds it."""
        windows = WindowOptions(estimation="-260,-11", window="-5,5", car=("0,0",))
        definition = definition_of(ModelOptions(model=model), windows, TestOptions())  # type: ignore[arg-type]
        found = ad_hoc_study(self.settings(**more), definition).tables["fct_abnormal_returns"]
        return float(found.filter(pl.col("relative_day") == 0)["abnormal_return"].item())

    def expected(self, model: str) -> float:
        """Return it by least squares on what the library holds."""
        files = MODELS[model]
        columns = [self.library.returns[name][:, list(chosen)] / 100 for name, chosen in files]
        risk_free = self.library.returns[files[0][0]][:, -1] / 100
        prices = pl.read_csv(self.folder / "prices.csv")["close"].to_numpy()
        excess = np.append(np.nan, prices[1:] / prices[:-1] - 1.0) - risk_free
        regressors = np.column_stack([np.ones(len(DAYS)), *columns])
        beta, *_ = np.linalg.lstsq(regressors[ESTIMATION], excess[ESTIMATION], rcond=None)
        return float(excess[DAY_0] - regressors[DAY_0] @ beta)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Start a library, and write prices that follow its five factors with a shock on day 0."""
    with FakeFrench(list(DAYS), seed=3) as library:
        random = np.random.default_rng(11)
        loads = library.returns[FIVE][:, :5] @ [1.1, 0.4, -0.3, 0.2, 0.1] / 100
        returns = 0.0002 + loads + random.normal(0.0, 0.005, len(DAYS))
        returns[DAY_0] += 0.08
        write(
            pl.DataFrame({"symbol": "AAA", "date": DAYS, "close": 100.0 * np.cumprod(1.0 + returns)}),
            tmp_path / "prices.csv",
        )
        (tmp_path / "events.csv").write_text(f"event_id,symbol,event_date\nnews,AAA,{DAYS[DAY_0]}\n")
        yield World(library, tmp_path)


@pytest.mark.parametrize("model", MODELS)
def test_a_model_on_the_library_is_least_squares_on_its_own_files(world: World, model: str) -> None:
    """Three factors, Carhart and five factors run from the library, in either format, and ask for no other file."""
    assert world.day_0(model) == pytest.approx(world.expected(model), abs=TOLERANCE)
    asked = {request.path.removesuffix("_CSV.zip").removeprefix("/") for request in world.library.log}
    assert asked == {name for name, _ in MODELS[model]}
    world.library.format = OLD
    assert world.day_0(model) == pytest.approx(world.expected(model), abs=TOLERANCE)


def test_the_models_differ(world: World) -> None:
    """So the agreement above tells the files apart, SMB of three factors from SMB of five among them."""
    assert len({round(world.expected(model), 6) for model in MODELS}) == 3


def test_what_a_study_cannot_have_is_said_before_it_starts(world: World, tmp_path: Path) -> None:
    """No answer, a factor that the library does not have, files beside it."""
    world.library.arm(faults.page(200))
    with pytest.raises(SourceError, match=r"ff3_daily of the French data library at http.*: broken: expected zip"):
        world.day_0("ff3")
    world.library.disarm()
    with pytest.raises(ConfigurationError, match="--factors names files of one's own; give one of them"):
        world.day_0("ff3", factors=(tmp_path / "prices.csv",))
    windows = WindowOptions(estimation="-260,-11", window="-5,5", car=("0,0",))
    odd = definition_of(ModelOptions(model="linear", regress_on=("mkt_rf", "vix")), windows, TestOptions())
    with pytest.raises(SpecError, match=r"this source lacks vix .*; the library has mkt_rf, smb, hml, rf"):
        ad_hoc_study(world.settings(), odd)


@pytest.mark.slow
def test_a_run_keeps_the_library_and_its_studies_use_one_family_each(world: World) -> None:
    """A run stores every file as a version, asks again only after a week, and a study reads what it stored."""
    studies = world.folder / "studies.yaml"
    windows = "estimation: [-260, -11], event_window: [-5, 5], car_windows: [[0, 0]], events: {ids: [news]}"
    studies.write_text("".join(f"- {{id: {model}, title: t, model: {model}, {windows}}}\n" for model in MODELS))
    home = world.folder / "home"
    files = ("--prices", world.folder / "prices.csv", "--events", world.folder / "events.csv")
    options = (*files, "--studies", studies, "--exchange", "XNYS", "--factors-source", "ken_french")
    address = {"REACTION_KEN_FRENCH_BASE_URL": world.library.base_url}
    command = ("run", "--no-prefect", "--json", *options)
    first = reaction_here(*command, home=home, settings=address)
    assert len(world.library.log) == 3
    second = reaction(*command, home=home, settings=address)  # a new process knows what is stored and nothing else
    for finished in (first, second):
        assert finished.code == 0, finished.err
        assert finished.json["warnings"] == []
    assert len(world.library.log) == 3
    query = "select study_id, abnormal_return from fct_abnormal_returns where relative_day = 0 and study_id in "
    answer = reaction_here("sql", f"{query} ('ff3', 'carhart', 'ff5')", "--json", home=home)
    found = {row["study_id"]: row["abnormal_return"] for row in answer.json}
    assert found == {model: pytest.approx(world.expected(model), abs=TOLERANCE) for model in MODELS}
    world.library.arm(faults.page(500))
    assert world.day_0("ff5") == pytest.approx(world.expected("ff5"), abs=TOLERANCE)
    assert len(world.library.log) == 3

"""Fixtures that every suite may use."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from tests.built_once import built_once

# A shared machine's pauses are no faults of what is tested; half of the usual examples keep the suite in its minutes.
settings.register_profile("untimed", deadline=None, max_examples=50)
settings.load_profile("untimed")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the project's root."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of reference data beside the project, or skip."""
    folder = ROOT.parent / "shared"
    if not (folder / "reference").is_dir():
        pytest.skip("the reference data (../shared) is not beside this checkout")
    return folder


@pytest.fixture(scope="session")
def generated_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home whose marts are of made-up prices: every study that ships has pairs in it."""
    from tests.generated_marts import publish_generated

    return built_once(tmp_path_factory, "generated", lambda folder: publish_generated(folder / "home")) / "home"


@pytest.fixture(scope="session")
def real_home(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home whose marts are of the real prices, or skip."""
    from tests.running import reaction_here

    prices = shared / "data" / "prices.parquet"
    if not prices.is_file():
        pytest.skip("the price panel is not among the reference data")

    def publish(folder: Path) -> None:
        command = ("run", "--no-prefect", "--source", "files", "--prices", prices)
        finished = reaction_here(*command, home=folder / "home")
        assert finished.code == 0, finished.err

    return built_once(tmp_path_factory, "real", publish) / "home"

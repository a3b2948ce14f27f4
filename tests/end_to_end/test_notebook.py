"""The notebook runs from the first cell to the last on published marts, and answers."""

from __future__ import annotations

import runpy
from pathlib import Path

import altair as alt
import pytest

from tests.end_to_end.conftest import SampleRun

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "deepseek.py"


def run(home: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """Run every cell on the marts of a home and return what the cells define."""
    monkeypatch.setenv("REACTION_HOME", str(home))
    app = runpy.run_path(str(NOTEBOOK))["app"]
    _, defined = app.run()
    return dict(defined)


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # marimo's own
def test_the_notebook_answers_on_generated_marts(generated_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It uses the market model, finds the fall that was made, and draws both figures."""
    defined = run(generated_home, monkeypatch)
    assert defined["study"] == "deepseek-market-model"
    assert str(defined["answer"]).startswith("R1's release, first tradable on 2025-01-21: ")
    assert isinstance(defined["path_figure"], alt.LayerChart)
    assert isinstance(defined["who_figure"], alt.LayerChart)


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # marimo's own
def test_the_notebook_answers_on_the_bundled_sample(sample_run: SampleRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an index it takes the constant mean and says so; Nvidia's fall is that of the README."""
    defined = run(sample_run.home, monkeypatch)
    assert defined["study"] == "deepseek-constant-mean"
    assert "-17.4%" in str(defined["answer"])
    assert "-594 bn USD" in str(defined["answer"])

"""Figures of `reaction study`."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from flows.ad_hoc import AdHocStudy
from flows.cli.study_figures import expect_figure, plot_study, sparkline, sparklines
from flows.core import CoreSummary
from pipelines.contracts import DIM_STUDIES, FCT_ABNORMAL_RETURNS
from pipelines.errors import ConfigurationError


def test_a_sparkline_runs_from_the_smallest_to_the_largest() -> None:
    """The lowest block, the highest, and the middle; a space for a day that is missing."""
    assert sparkline([-1.0, 1.0, None, 0.0]) == "▁█ ▅"
    assert sparkline([0.5, 0.5]) == "▁▁"
    assert sparkline([None]) == ""


def test_the_days_of_a_pair_are_drawn_in_their_order() -> None:
    """Whatever the order of the rows."""
    days = pl.DataFrame(
        {"event_id": ["e"] * 3, "symbol": ["A"] * 3, "relative_day": [1, -1, 0], "cum_abnormal_return": [1.0, 0.0, 0.5]}
    )
    assert sparklines(days) == {("e", "A"): "▁▅█"}


@pytest.mark.parametrize(("name", "match"), [("x.pdf", r"\.png or \.svg"), ("nowhere/x.png", "no folder")])
def test_a_figure_that_cannot_be_written_is_refused_first(tmp_path: Path, name: str, match: str) -> None:
    """The message says what was expected."""
    with pytest.raises(ConfigurationError, match=match):
        expect_figure(tmp_path / name)


def _study(days: pl.DataFrame) -> AdHocStudy:
    study = dict.fromkeys(DIM_STUDIES.names) | {"model": "market", "benchmark_symbol": "^X", "estimation_start": -260}
    tables = {"dim_studies": pl.DataFrame([study | {"estimation_end": -11}]), "fct_abnormal_returns": days}
    return AdHocStudy(tables, CoreSummary.__new__(CoreSummary))


def test_a_figure_names_its_model_and_its_pairs(tmp_path: Path) -> None:
    """An SVG of one event: its name, the symbols and the model are in it."""
    rows = [
        dict.fromkeys(FCT_ABNORMAL_RETURNS.names)
        | {"study_id": "s", "event_id": "an-event", "symbol": symbol, "relative_day": day}
        | {"cum_abnormal_return": day / 100, "cum_abnormal_return_se": 0.01}
        for symbol in ("AAA", "BBB")
        for day in (-1, 0, 1)
    ]
    plot_study(_study(pl.DataFrame(rows, infer_schema_length=None)), tmp_path / "paths.svg")
    drawn = (tmp_path / "paths.svg").read_text(encoding="utf-8")
    for word in ("an-event", "AAA", "BBB", "n = 2, model market on ^X"):
        assert word in drawn


def test_a_study_that_used_nothing_has_no_figure(tmp_path: Path) -> None:
    """The message says that there is nothing to draw."""
    with pytest.raises(ConfigurationError, match="nothing to draw"):
        plot_study(_study(FCT_ABNORMAL_RETURNS.empty()), tmp_path / "paths.png")

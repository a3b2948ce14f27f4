"""Figures draw what they are given, with the bounds that the table's degrees of freedom imply, and nothing else."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import altair as alt
import polars as pl
import pytest

from pipelines.errors import ContractError
from pipelines.report import figures

CARS = pl.DataFrame(
    {"symbol": ["NVDA", "TSM"], "car": [-0.13, 0.01], "car_se": [0.025, 0.02], "df": [248, 10], "p_value": [1e-6, 0.6]}
)
PATHS = pl.DataFrame(
    {
        "symbol": ["NVDA"] * 3 + ["AAPL"] * 3,
        "relative_day": [-1, 0, 1] * 2,
        "cum_abnormal_return": [0.0, -0.1, -0.12, 0.0, 0.02, -0.119],
    }
)
DAYS = pl.DataFrame(
    {
        "session_date": [date(2025, 1, 26), date(2025, 1, 27)] * 2,
        "symbol": ["NVDA", "NVDA", "BTC-USD", "BTC-USD"],
        "abnormal_return": [None, -0.17, -0.02, -0.01],
    }
)
MONEY = pl.DataFrame({"day": ["a"], "value_change_usd": [-5.9e11], "abnormal_value_usd": [-4.6e11]})
THEMES = pl.DataFrame({"theme": ["scaling_laws"], "mean_abnormal": [0.01], "median_abnormal": [0.02], "n_days": [4]})

DRAWN = {
    "event_path": figures.event_path(PATHS, title="t"),
    "intervals": figures.intervals(CARS, title="t"),
    "side_by_side": figures.side_by_side(DAYS, title="t"),
    "money": figures.money(MONEY, title="t", label="day"),
    "mean_and_median": figures.mean_and_median(THEMES, title="t", label="theme"),
}


def drawn_rows(chart: alt.LayerChart, column: str) -> list[dict[str, Any]]:
    """Return the rows of the data set of a chart that has a column."""
    for rows in chart.to_dict()["datasets"].values():
        if rows and column in rows[0]:
            return list(rows)
    raise AssertionError(f"no data set has {column}")


def test_an_interval_is_student_s() -> None:
    """95 % of t with 10 degrees of freedom is 2.2281 standard errors, with 248 it is 1.9696."""
    first, second = drawn_rows(DRAWN["intervals"], "low")
    assert first["low"] == pytest.approx(-0.13 - 1.9696 * 0.025, abs=1e-6)
    assert second["high"] == pytest.approx(0.01 + 2.2281 * 0.02, abs=1e-6)


def test_what_is_not_significant_is_quiet_and_a_corrected_p_decides_where_there_is_one() -> None:
    """The colour follows p_holm if the frame has it."""
    assert [row["shade"] for row in drawn_rows(DRAWN["intervals"], "shade")] == [figures.DOWN, figures.QUIET]
    corrected = figures.intervals(CARS.with_columns(p_holm=pl.lit(0.2)), title="t")
    assert {row["shade"] for row in drawn_rows(corrected, "shade")} == {figures.QUIET}


def test_labels_of_lines_that_end_together_are_moved_apart() -> None:
    """NVDA ends at -12.0 %, AAPL at -11.9 %; their names must not lie on each other."""
    rows = drawn_rows(DRAWN["event_path"], "label_at")
    assert abs(rows[0]["label_at"] - rows[1]["label_at"]) >= 0.045 * 0.14 - 1e-12


def test_names_have_room_in_a_wide_font() -> None:
    """Readers' programs draw them in fonts of their own: 40 letters get 6.8 px each, whatever they were measured as."""
    named = CARS.with_columns(symbol=pl.lit("i" * 40))
    found = re.search(r"translate\(([\d.]+),", figures.svg(figures.intervals(named, title="t")))
    assert found is not None
    assert float(found[1]) >= 40 * 6.8


def test_money_is_in_billions() -> None:
    """The axis says so."""
    (row,) = drawn_rows(DRAWN["money"], "value_change_usd")
    assert row["value_change_usd"] == pytest.approx(-590.0)


@pytest.mark.parametrize("name", DRAWN)
def test_a_figure_is_written_in_every_form(tmp_path: Path, name: str) -> None:
    """SVG, PNG, and HTML that fetches nothing; twice the same bytes."""
    for suffix in (".svg", ".png"):
        figures.save(DRAWN[name], tmp_path / f"one{suffix}")
        figures.save(DRAWN[name], tmp_path / f"two{suffix}")
        first = (tmp_path / f"one{suffix}").read_bytes()
        assert len(first) > 1000
        assert first == (tmp_path / f"two{suffix}").read_bytes()
    page = tmp_path / "figure.html"
    figures.save(DRAWN[name], page)
    assert "cdn" not in page.read_text(encoding="utf-8").split("<script")[0]


def test_a_missing_column_is_named() -> None:
    """The error says what is expected and what is missing."""
    with pytest.raises(ContractError, match=r"missing \['car_se'\]"):
        figures.intervals(CARS.drop("car_se"), title="t")


def test_nothing_to_draw_is_an_error() -> None:
    """An empty figure would look like an answer."""
    with pytest.raises(ContractError, match="expected at least one row"):
        figures.event_path(PATHS.clear(), title="t")

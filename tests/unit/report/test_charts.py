"""Figures of the pages: compiled specifications that hold no data and reach no network."""

from __future__ import annotations

import json
from typing import Any

import pytest
import vl_convert

from pipelines.report import charts
from pipelines.report.palette import DARK
from pipelines.report.site import VEGA


@pytest.fixture(scope="module")
def specs() -> dict[str, dict[str, Any]]:
    """Every kind of figure as a page has it."""
    return charts.compile_kinds()


def test_every_kind_takes_its_rows_from_the_page(specs: dict[str, dict[str, Any]]) -> None:
    """Each has an empty data set of that name, and no address to load anything from."""
    assert set(specs) == set(charts.KINDS)
    for spec in specs.values():
        rows = [data for data in spec["data"] if data["name"] == charts.ROWS]
        assert len(rows) == 1
        assert "values" not in rows[0]
        assert not any("url" in data for data in spec["data"])


def test_the_page_s_vega_is_the_one_that_figures_are_compiled_for() -> None:
    """The version in the file's name is that of the compiler."""
    assert f"vega-{vl_convert.get_vega_version()}.min.js" in VEGA


def test_colours_of_the_dark_theme_stand_for_colours_in_use(specs: dict[str, dict[str, Any]]) -> None:
    """A colour that no figure has would be swapped for nothing."""
    used = json.dumps(specs)
    assert [colour for colour in DARK if f'"{colour}"' not in used] == []

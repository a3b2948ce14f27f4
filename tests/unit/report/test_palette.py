"""Colours of the figures: those of named lines can be told apart on either ground."""

from __future__ import annotations

from itertools import combinations
from math import dist

import pytest

from pipelines.report.palette import DARK, LEADS

APART = 40
"""Distance of two colours in red, green and blue (0 to 255 each) below which two thin lines look alike."""


@pytest.mark.parametrize("colours", [LEADS, tuple(DARK.get(lead, lead) for lead in LEADS)], ids=["light", "dark"])
def test_no_two_named_lines_look_alike(colours: tuple[str, ...]) -> None:
    """The dark theme does not bring together what the light one keeps apart."""
    parts = [tuple(int(colour[place : place + 2], 16) for place in (1, 3, 5)) for colour in colours]
    assert [pair for pair in combinations(parts, 2) if dist(*pair) < APART] == []


def test_a_dark_colour_is_not_a_light_one() -> None:
    """The page's script swaps a colour once, so a swapped colour must not be one that is swapped."""
    assert not set(DARK) & set(DARK.values())

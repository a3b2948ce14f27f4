"""Colours and levels that figures and pages share; apart from the figures, because a page needs no charting library."""

from __future__ import annotations

from typing import Final

DOWN, UP, QUIET, INK = "#b2433f", "#2f6f9f", "#9aa3ab", "#30363c"
"""Colours: a loss, a gain, what is not significant, text and rules. Told apart by readers who see no red."""

LIGHT_LOSS: Final = "#e3b5b3"
LEADS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56b4e9")
"""Colours of named lines (Okabe and Ito, the yellow darkened), told apart whatever a reader's colour vision."""

DARK: Final = {
    UP: "#6fb1e3",
    DOWN: "#f08a80",
    QUIET: "#7d8790",
    INK: "#c8d0d6",
    LIGHT_LOSS: "#6d3b3a",
    LEADS[0]: "#3f8fd0",
    LEADS[1]: "#ff8a3c",
    LEADS[2]: "#2fc79b",
    LEADS[4]: "#e0b04a",
    LEADS[5]: "#a8dcfa",
}
"""Colours of the dark theme by those of the light one."""

LEVEL: Final = 0.05
CONFIDENCE: Final = 0.95

"""Which test of a group to read: the guide of ``docs/methods.md`` as data."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from pipelines.report.text import clean

FIRST: Final = ("bmp_t_adjusted", "grank_t")
"""Tests that hold on a shared date and where the event raises the variance; on independent dates they hold too."""

NEXT: Final = (
    "corrado_zivney_sign_z",
    "placebo_p",
    "permutation_p",
    "patell_z_adjusted",
    "crude_dependence_t",
    "lamb_t",
)
"""What is read where neither of those is valid, the first that is."""


_NAMES: Final = {
    "bmp": "BMP", "grank": "GRANK", "brown": "Brown", "warner": "Warner", "corrado": "Corrado", "zivney": "Zivney",
    "patell": "Patell", "lamb": "Lamb", "wilcoxon": "Wilcoxon", "csar": "CSAR", "chi2": "χ²",
}  # fmt: skip
"""Parts of the tests' words that are names of people or symbols."""


def name_of_test(test: str) -> str:
    """Return a test's name for reading, ``BMP t adjusted`` for ``bmp_t_adjusted``."""
    return " ".join(_NAMES.get(part, part) for part in clean(test).split("_"))


def recommended(valid: Collection[str]) -> tuple[str, ...]:
    """Return the tests to read among the valid ones of a group and window; none if none of them holds there."""
    first = tuple(test for test in FIRST if test in valid)
    return first or tuple(test for test in NEXT if test in valid)[:1]

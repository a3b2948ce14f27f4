"""Which test of a group to read: the guide of ``docs/methods.md`` as data."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

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


def recommended(valid: Collection[str]) -> tuple[str, ...]:
    """Return the tests to read among the valid ones of a group and window; none if none of them holds there."""
    first = tuple(test for test in FIRST if test in valid)
    return first or tuple(test for test in NEXT if test in valid)[:1]

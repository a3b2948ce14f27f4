"""How often tests reject a true null, in small; tests/benchmarks/size_of_tests.py does it with thousands."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from tests.benchmarks.simulated_studies import EXPECTED, REASONS, WINDOWS, Outcomes, band, designs, simulate, study_of

pytestmark = pytest.mark.slow

N_STUDIES = 200
LOWEST, HIGHEST = band(N_STUDIES, 0.05, 4.0)
"""Four standard errors around 5 %."""

INDEPENDENT, COMMON_DATE, VARIANCE = range(3)
CASES = [(design, test) for test in EXPECTED for design in range(3)]
OVER = ("across", "pooled", "counted", "induced")
"""Reasons for which a test must reject far too often."""


@cache
def outcomes(design: int, effect: float = 0.0) -> Outcomes:
    """Simulate the studies of a design once."""
    return simulate(designs()[design], study_of(resamples=99, placebo_dates=19), N_STUDIES, seed=11, effect=effect)


def sizes(design: int, test: str) -> list[float]:
    """Return the sizes of a test over the windows."""
    return [outcomes(design).size(test, window) for window in range(len(WINDOWS))]


def cases(*reasons: str) -> list[tuple[int, str]]:
    """Return the designs and tests of these reasons."""
    return [(design, test) for design, test in CASES if EXPECTED[test][design] in reasons]


HOLDING = cases(*(name for name, reason in REASONS.items() if reason.word == "holds" and name != "one day"))


def test_every_test_of_the_engine_is_looked_at() -> None:
    """A test that is new has no size until somebody says what it should be."""
    assert set(study_of(resamples=99, placebo_dates=19).all_tests) == set(EXPECTED)


@pytest.mark.parametrize(("design", "test"), HOLDING)
def test_where_its_assumptions_hold_a_test_keeps_its_size(design: int, test: str) -> None:
    """The share of rejections is within four standard errors of 5 %."""
    assert all(LOWEST <= size <= HIGHEST for size in sizes(design, test)), sizes(design, test)


@pytest.mark.parametrize(("design", "test"), cases(*OVER))
def test_where_they_fail_a_test_rejects_far_too_often(design: int, test: str) -> None:
    """More than 10 % on one common date, or with a tripled variance, for the tests that the literature says so of."""
    assert all(size > 0.1 for size in sizes(design, test)), sizes(design, test)


@pytest.mark.parametrize(("design", "test"), cases("one cluster"))
def test_one_cluster_is_no_value(design: int, test: str) -> None:
    """A standard error clustered by date does not exist for one date."""
    assert np.isnan(sizes(design, test)).all()


@pytest.mark.parametrize("test", EXPECTED)
def test_the_engine_knows_where_a_test_breaks(test: str) -> None:
    """A test is called not valid on one common date if that breaks it, and mostly so if the variance does."""
    for design in range(3):
        flagged = [outcomes(design).flagged(test, window) for window in range(len(WINDOWS))]
        reason = EXPECTED[test][design]
        if design == COMMON_DATE and reason in OVER:
            assert min(flagged) == 1.0
        elif reason in {"induced", "ranked"}:
            assert min(flagged) > 0.75
        elif REASONS[reason].word == "holds" and reason != "one day":
            assert max(flagged) < 0.05


@pytest.mark.parametrize(
    ("design", "test"), [(INDEPENDENT, "bmp_t"), (VARIANCE, "grank_t"), (COMMON_DATE, "placebo_p")]
)
def test_an_effect_is_found(design: int, test: str) -> None:
    """Tests that hold their size have power: an effect of 2 % is found more often than not."""
    assert outcomes(design, effect=0.02).size(test, 0) > 0.5

"""P-values are two-sided and keep their digits far into the tails."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
from scipy import stats

from pipelines.event_study.significance import two_sided_normal, two_sided_t

STATISTICS = np.array([-40.0, -8.0, -1.96, -1e-6, 0.0, 0.5, 3.0, 20.0])


@pytest.mark.parametrize("df", [1, 2, 118, 248, 10_000])
def test_t_p_value_is_that_of_scipys_distribution(df: int) -> None:
    """The p-value is twice the survival function of Student's t, to 1e-10 relative."""
    np.testing.assert_allclose(
        two_sided_t(STATISTICS, np.full(STATISTICS.size, df)), 2 * stats.t.sf(abs(STATISTICS), df), rtol=1e-10
    )


def test_t_p_value_by_hand() -> None:
    """With one degree of freedom the distribution is Cauchy's: p = 1 - (2/pi) arctan t."""
    np.testing.assert_allclose(two_sided_t(np.array([1.0]), np.array([1])), [0.5], rtol=1e-14)
    np.testing.assert_allclose(two_sided_t(np.array([math.sqrt(3)]), np.array([1])), [1 / 3], rtol=1e-14)


def test_normal_p_value_is_that_of_scipys_distribution() -> None:
    """The p-value is twice the survival function of the normal distribution."""
    np.testing.assert_allclose(two_sided_normal(STATISTICS), 2 * stats.norm.sf(abs(STATISTICS)), rtol=1e-10)


def test_missing_statistic_has_no_p_value() -> None:
    """NaN gives NaN."""
    assert np.isnan(two_sided_t(np.array([np.nan]), np.array([5]))).all()
    assert np.isnan(two_sided_normal(np.array([np.nan]))).all()


def test_importing_the_engine_does_not_import_scipy() -> None:
    """SciPy is loaded when a p-value is computed, not when the package is imported."""
    code = "import sys, pipelines.event_study; sys.exit('scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

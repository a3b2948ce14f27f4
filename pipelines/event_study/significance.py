"""Two-sided p-values. SciPy is imported on first use: a command that tests nothing should not wait for it."""

from __future__ import annotations

import numpy as np

from pipelines.event_study.arrays import FloatArray, IntArray


def two_sided_t(statistic: FloatArray, df: FloatArray | IntArray) -> FloatArray:
    """Return P(|T| >= |statistic|) for Student's t.

    Parameters
    ----------
    statistic : array
        Values of the statistic; NaN gives NaN.
    df : array that broadcasts with it
        Degrees of freedom, positive.
    """
    from scipy.special import stdtr

    p_value: FloatArray = 2.0 * stdtr(np.asarray(df, dtype=np.float64), -np.abs(statistic))
    return p_value


def two_sided_normal(statistic: FloatArray) -> FloatArray:
    """Return P(|Z| >= |statistic|) for the standard normal; NaN gives NaN."""
    from scipy.special import ndtr

    p_value: FloatArray = 2.0 * ndtr(-np.abs(statistic))
    return p_value

"""P-values, and their adjustment for many tests.

SciPy is imported on first use: a command that tests nothing should not wait for it.
"""

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


def upper_chi2(statistic: FloatArray, df: FloatArray | IntArray) -> FloatArray:
    """Return P(X >= statistic) for chi-squared with `df` degrees of freedom; NaN gives NaN."""
    from scipy.special import chdtrc

    p_value: FloatArray = chdtrc(np.asarray(df, dtype=np.float64), statistic)
    return p_value


def holm(p_values: FloatArray) -> FloatArray:
    """Return p-values adjusted for the family-wise error rate.

    Parameters
    ----------
    p_values : array, shape (tests, families)
        Each column is a family; NaN is no test and stays NaN.

    References
    ----------
    Holm, S. (1979), Scandinavian Journal of Statistics 6, 65-70.
    """
    order, ordered, n = _ordered(p_values)
    scaled = ordered * (n - np.arange(p_values.shape[0])[:, None])
    return _in_place(np.maximum.accumulate(scaled, axis=0), order)


def benjamini_hochberg(p_values: FloatArray) -> FloatArray:
    """Return p-values adjusted for the false discovery rate.

    Parameters
    ----------
    p_values : array, shape (tests, families)
        Each column is a family; NaN is no test and stays NaN.

    References
    ----------
    Benjamini and Hochberg (1995), Journal of the Royal Statistical Society B 57, 289-300.
    """
    order, ordered, n = _ordered(p_values)
    scaled = ordered * n / (np.arange(p_values.shape[0])[:, None] + 1.0)
    least = np.fmin.accumulate(scaled[::-1], axis=0)[::-1]
    return _in_place(np.where(np.isnan(ordered), np.nan, least), order)


def _ordered(p_values: FloatArray) -> tuple[IntArray, FloatArray, IntArray]:
    """Return each column's order, its values in that order with NaN last, and how many they are."""
    order = np.argsort(p_values, axis=0, kind="stable")
    return order, np.take_along_axis(p_values, order, axis=0), (~np.isnan(p_values)).sum(axis=0)


def _in_place(values: FloatArray, order: IntArray) -> FloatArray:
    placed = np.empty_like(values)
    np.put_along_axis(placed, order, np.minimum(values, 1.0), axis=0)
    return placed

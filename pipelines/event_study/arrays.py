"""Array types of the engine, and what counts as nothing but rounding."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
DayArray = NDArray[np.int32]
BoolArray = NDArray[np.bool_]

ROUNDING: Final = 100.0 * float(np.finfo(np.float64).eps)
"""Largest deviation of a gross return (1 + R) that rounding of prices and returns can make."""


def is_rounding(squares: FloatArray, n: IntArray, total_squares: FloatArray) -> BoolArray:
    """Tell whether a sum of squared deviations is no more than rounding.

    A return is the difference of two numbers near one, so its rounding error is absolute, about the machine epsilon,
    however small the return. A sum of squares is compared with that error squared, over all observations.

    Parameters
    ----------
    squares : array, shape (pairs,)
        Sum of squared residuals or of squared deviations from the mean.
    n : array, shape (pairs,)
        Observations in that sum.
    total_squares : array, shape (pairs,)
        Sum of the squared returns themselves.

    Returns
    -------
    array of bool, shape (pairs,)
    """
    return squares <= ROUNDING**2 * (n + total_squares)


def sum_rows(values: FloatArray) -> FloatArray:
    """Add up the rows of a C-ordered array one after the other; (m, n) to (n,).

    NumPy adds the rows of two or more columns in that order, and a single column in pairs, so that a column's sum would
    depend on whether it is alone.
    """
    if values.shape[1] == 1:
        values = np.repeat(values, 2, axis=1)
        return np.asarray(values.sum(axis=0)[:1])
    total: FloatArray = values.sum(axis=0)
    return total


def multiply_rows(values: FloatArray) -> FloatArray:
    """Multiply the rows of a C-ordered array one after the other, as `sum_rows` adds them; (m, n) to (n,)."""
    if values.shape[1] == 1:
        values = np.repeat(values, 2, axis=1)
        return np.asarray(values.prod(axis=0)[:1])
    product: FloatArray = values.prod(axis=0)
    return product


def by_day(values: FloatArray) -> FloatArray:
    """Return values of shape (pairs, days) as C-ordered (days, pairs)."""
    return np.ascontiguousarray(values.T)


def zero_missing(values: FloatArray) -> FloatArray:
    """Return the values with 0 in place of NaN, so that sums pass over missing days."""
    return np.where(np.isnan(values), 0.0, values)

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
    """Add up the rows of a C-ordered array one after the other; (m, n) to (n,)."""
    return _by_rows(np.add, values)


def multiply_rows(values: FloatArray) -> FloatArray:
    """Multiply the rows of a C-ordered array one after the other; (m, n) to (n,)."""
    return _by_rows(np.multiply, values)


def _by_rows(operation: np.ufunc, values: FloatArray) -> FloatArray:
    """Reduce the rows in one order.

    NumPy takes the rows of two or more columns one after the other, and a single column in pairs, so that a column's
    result would depend on whether it is alone.
    """
    n = values.shape[1]
    reduced: FloatArray = operation.reduce(np.repeat(values, 2, axis=1) if n == 1 else values, axis=0)
    return reduced[:n]


def by_day(values: FloatArray) -> FloatArray:
    """Return values of shape (pairs, days) as C-ordered (days, pairs)."""
    return np.ascontiguousarray(values.T)


def zero_missing(values: FloatArray) -> FloatArray:
    """Return the values with 0 in place of NaN, so that sums pass over missing days."""
    return np.where(np.isnan(values), 0.0, values)

"""Mean and deviation of the values there are.

NaN, and no warning, where there are too few: groups are worked on by several threads, and filters of warnings belong to
all of them.
"""

from __future__ import annotations

import numpy as np

from pipelines.event_study.arrays import FloatArray


def mean(values: FloatArray) -> float:
    """Return the mean of the values that are not NaN; NaN without one."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")


def deviation(values: FloatArray) -> float:
    """Return the sample deviation of the values that are not NaN; NaN below two."""
    known = values[~np.isnan(values)]
    return float(known.std(ddof=1)) if known.size > 1 else float("nan")


def row_deviations(values: FloatArray) -> FloatArray:
    """Return the sample deviation of each row's values that are not NaN; NaN below two; shape (rows,)."""
    n = (~np.isnan(values)).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        about = values - (np.nansum(values, axis=1) / n)[:, None]
        return np.asarray(np.sqrt(np.nansum(about**2, axis=1) / (n - 1.0)))

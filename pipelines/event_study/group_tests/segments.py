"""Rows of many groups one after the other, and sums over each group's run of rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.event_study.arrays import FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Segments:
    """Consecutive, non-empty runs of rows.

    Attributes
    ----------
    starts, sizes : array, shape (groups,)
        First row and number of rows of each group.
    """

    starts: IntArray
    sizes: IntArray

    @classmethod
    def of(cls, sizes: IntArray) -> Segments:
        """Lay runs of these sizes one after the other."""
        return cls(np.concatenate(([0], np.cumsum(sizes)[:-1])), sizes)

    @classmethod
    def of_keys(cls, *keys: NDArray[Any]) -> Segments:
        """Cut rows wherever one of their keys changes; each key has shape (rows,), at least one row."""
        changes = np.zeros(keys[0].size, dtype=np.bool_)
        changes[0] = True
        for key in keys:
            changes[1:] |= key[1:] != key[:-1]
        starts = np.flatnonzero(changes)
        return cls(starts, np.diff(np.append(starts, changes.size)))

    @property
    def n_groups(self) -> int:
        """Number of groups."""
        return self.starts.size

    @property
    def n_rows(self) -> int:
        """Rows of all groups."""
        return int(self.sizes.sum())

    @property
    def ids(self) -> IntArray:
        """Group of each row, counted from 0; shape (rows,)."""
        return np.repeat(np.arange(self.n_groups), self.sizes)

    def sum(self, values: NDArray[Any]) -> FloatArray:
        """Add up the rows of each group; (rows, ...) to (groups, ...)."""
        total: FloatArray = np.add.reduceat(values, self.starts, axis=0, dtype=np.float64)
        return total

    def largest(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return each group's largest row by row element; (rows, ...) to (groups, ...)."""
        found: NDArray[Any] = np.maximum.reduceat(values, self.starts, axis=0)
        return found

    def least(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return each group's least row by row element; (rows, ...) to (groups, ...)."""
        found: NDArray[Any] = np.minimum.reduceat(values, self.starts, axis=0)
        return found

    def expand(self, values: NDArray[Any]) -> NDArray[Any]:
        """Give every row its group's values; (groups, ...) to (rows, ...)."""
        return np.repeat(values, self.sizes, axis=0)

"""Lay out: one slot per session of each listing, so that any window of any listing is one slice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.event_study.arrays import IntArray
from pipelines.event_study.pairs import Places
from pipelines.event_study.panel import ReturnPanel
from pipelines.event_study.windows import Window


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """One slot per session of each listing's count, from its first to its last row.

    Between two listings, before the first and after the last lie `padding` empty slots, so a window that starts
    outside a listing reads nothing but missing values. The last listing is an empty one: the code of a symbol
    without prices, -1, leads to it.

    Attributes
    ----------
    first_slot, first_index, n_slots : array, shape (symbols + 1,)
        Slot and session index of a listing's first row, and slots up to its last row.
    padding : int
        Empty slots between listings; no window may be longer.
    total : int
        All slots.
    """

    first_slot: IntArray
    first_index: IntArray
    n_slots: IntArray
    padding: int
    total: int

    @classmethod
    def of(cls, panel: ReturnPanel, padding: int) -> Layout:
        """Lay out the listings of a panel."""
        first_index = np.append(panel.session_index[panel.offsets[:-1]], 0)
        n_slots = np.append(panel.session_index[panel.offsets[1:] - 1] + 1, 0) - first_index
        end_slot = np.cumsum(n_slots + padding)
        return cls(end_slot - n_slots, first_index, n_slots, padding, int(end_slot[-1]) + padding)

    def slots(self, panel: ReturnPanel) -> IntArray:
        """Return the slot of every row of the panel."""
        return panel.session_index + (self.first_slot[:-1] - self.first_index[:-1])[panel.row_code]

    def start(self, pairs: Places, window: Window) -> IntArray:
        """Return the slot of each pair's first day of a window, in the padding if it lies outside the listing."""
        offset = pairs.event_index + window.start - self.first_index[pairs.code]
        slot: IntArray = self.first_slot[pairs.code] + np.clip(offset, -self.padding, self.n_slots[pairs.code])
        return slot

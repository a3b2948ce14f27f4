"""Screen: which pairs a study can use."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np

from pipelines.errors import ContractError
from pipelines.event_study.alignment import NO_DAY, AlignedReturns
from pipelines.event_study.arrays import IntArray
from pipelines.event_study.pairs import NO_PRICES, Pairs
from pipelines.event_study.panel import as_date
from pipelines.event_study.spec import StudySpec
from pipelines.event_study.windows import Window

_DAY_0: Final = Window(0, 0)


class Outcome(IntEnum):
    """What becomes of a pair."""

    USED = 0
    NO_PRICES = 1
    PENDING = 2
    ENDED = 3
    TOO_FEW_SESSIONS = 4
    NO_DAY_0_RETURN = 5
    NOT_IDENTIFIED = 6

    @property
    def status(self) -> str:
        """The word for it in the ledger."""
        return {Outcome.USED: "used", Outcome.PENDING: "pending"}.get(self, "excluded")


@dataclass(frozen=True, slots=True, eq=False)
class Screening:
    """What has been decided about each pair; every array has shape (pairs,).

    Attributes
    ----------
    outcome : array of int
        Values of Outcome; USED for a pair that is still in.
    n_estimation_obs : array of int
        Usable sessions in the estimation window.
    """

    outcome: IntArray
    n_estimation_obs: IntArray

    @property
    def used(self) -> IntArray:
        """Places of the pairs that are in, ascending."""
        return np.flatnonzero(self.outcome == Outcome.USED)

    def exclude(self, rows: IntArray, outcome: Outcome) -> Screening:
        """Return the screening with some pairs taken out."""
        changed = self.outcome.copy()
        changed[rows] = outcome
        return Screening(changed, self.n_estimation_obs)


def screen(spec: StudySpec, aligned: AlignedReturns, pairs: Pairs) -> Screening:
    """Decide what can be decided before a model is fitted.

    The first that holds counts: no prices; an event window that is not complete yet, or will never be; too few usable
    estimation sessions; no abnormal return on day 0.

    Raises
    ------
    ContractError
        If a pair's day 0 carries another date in the panel than in the pair.
    """
    _check_day_0(aligned, pairs)
    n_obs = aligned.n_estimation(pairs.places, spec.estimation)
    is_unfinished = pairs.event_index + spec.event.end + spec.reach > pairs.last_index
    outcomes = {
        Outcome.NO_PRICES: pairs.code == NO_PRICES,
        Outcome.PENDING: is_unfinished & ~pairs.frame["is_ended"].to_numpy(),
        Outcome.ENDED: is_unfinished,
        Outcome.TOO_FEW_SESSIONS: n_obs < spec.min_estimation_obs,
        Outcome.NO_DAY_0_RETURN: np.isnan(aligned.take(aligned.base, pairs.places, _DAY_0)[:, 0]),
    }
    outcome = np.select(list(outcomes.values()), [int(each) for each in outcomes], default=int(Outcome.USED))
    return Screening(outcome, n_obs)


def _check_day_0(aligned: AlignedReturns, pairs: Pairs) -> None:
    in_panel = aligned.take(aligned.session_day, pairs.places, _DAY_0)[:, 0]
    in_pair = pairs.session
    wrong = np.flatnonzero((in_panel != NO_DAY) & (in_panel != in_pair))
    if wrong.size:
        pair = pairs.frame.row(int(wrong[0]), named=True)
        raise ContractError(
            f"event {pair['event_id']!r} x {pair['symbol']}: day 0 is {pair['event_session']} with session_index "
            f"{pair['event_index']}, but the panel has {as_date(in_panel[wrong[0]])} there; pairs and returns must "
            "count the same sessions"
        )

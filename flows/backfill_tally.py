"""What a backfill has done so far, counted by source, and whoever wants to hear of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final

from flows.backfill_plan import Plan

FAILED: Final = ("throttled", "broken", "quarantined")
"""Outcomes of chunks that the same command asks for again."""


@dataclass(slots=True)
class SourceTally:
    """What became of the chunks of one source.

    Attributes
    ----------
    n_chunks : int
        Chunks that were left when the backfill began.
    outcomes : Counter
        Chunks by outcome.
    reasons : dict
        First reason of each outcome, with the symbol it was about.
    symbols : dict
        By outcome, the symbols that ended so for a reason, each once.
    """

    source: str
    n_chunks: int
    outcomes: Counter[str] = field(default_factory=Counter)
    n_rows: int = 0
    n_requests: int = 0
    reasons: dict[str, str] = field(default_factory=dict)
    symbols: dict[str, dict[str, None]] = field(default_factory=dict)

    @property
    def n_ended(self) -> int:
        """Return the chunks that have an outcome."""
        return sum(self.outcomes.values())

    @property
    def n_failed(self) -> int:
        """Return the chunks that have to be asked for again."""
        return sum(self.outcomes[outcome] for outcome in FAILED)

    def count(self, symbol: str, outcome: str, reason: str, *, n_rows: int = 0, n_requests: int = 0) -> None:
        """Count a chunk that has ended."""
        self.outcomes[outcome] += 1
        self.n_rows += n_rows
        self.n_requests += n_requests
        if reason:
            self.reasons.setdefault(outcome, f"{symbol}: {reason.removeprefix(f'{symbol}: ')}")
            self.symbols.setdefault(outcome, {})[symbol] = None


@dataclass(slots=True)
class Tally:
    """What became of the chunks of all sources.

    Attributes
    ----------
    n_done_before : int
        Chunks that the ledger spared.
    pauses : dict
        Seconds for which a source is left alone from now on, by source; none if it is not.
    """

    sources: dict[str, SourceTally]
    n_done_before: int = 0
    pauses: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, plan: Plan) -> Tally:
        """Return the tally of a plan of which nothing is done, but for what cannot be asked at all."""
        counts = {
            word: sum(len(lane.chunks) for lane in plan.lanes if lane.source == word) for word in plan.scope.sources
        }
        tally = cls({word: SourceTally(word, n) for word, n in counts.items()}, plan.n_done)
        for source, symbol in plan.unlisted:
            reason = "its exchange is not known; name one with --exchange, or list it in sql/seeds/securities.csv"
            tally.sources[source].n_chunks += 1
            tally.sources[source].count(symbol, "refused", reason)
        return tally

    @property
    def n_chunks(self) -> int:
        """Return the chunks that were left when the backfill began."""
        return sum(one.n_chunks for one in self.sources.values())

    @property
    def n_ended(self) -> int:
        """Return the chunks that have an outcome."""
        return sum(one.n_ended for one in self.sources.values())

    @property
    def n_failed(self) -> int:
        """Return the chunks that have to be asked for again."""
        return sum(one.n_failed for one in self.sources.values())

    @property
    def n_left(self) -> int:
        """Return the chunks that are not done: those that failed and those that nobody has asked for."""
        return self.n_chunks - self.n_ended + self.n_failed

    @property
    def n_rows(self) -> int:
        """Return the bars that were stored."""
        return sum(one.n_rows for one in self.sources.values())

    @property
    def sentence(self) -> str:
        """Return how many chunks are done and how they ended, with the first reason of those that are not."""
        outcomes = sum((one.outcomes for one in self.sources.values()), Counter[str]())
        ended = ", ".join(f"{n:,} {outcome}" for outcome, n in sorted(outcomes.items(), key=lambda item: -item[1]))
        before = f" ({self.n_done_before:,} were done before)" if self.n_done_before else ""
        reasons = (pair for one in self.sources.values() for pair in one.reasons.items())
        first = next((f"; first {outcome}: {reason}" for outcome, reason in reasons if outcome in FAILED), "")
        said = f"{self.n_chunks - self.n_left:,} of {self.n_chunks:,} chunks are done{before}"
        return f"{said}: {ended}{first}" if ended else said


Listener = Callable[[Tally], None]

listener: ContextVar[Listener | None] = ContextVar("backfill_listener", default=None)
"""Called with the tally several times a second."""


def announce(tally: Tally) -> None:
    """Tell the listener, if there is one."""
    hear = listener.get()
    if hear is not None:
        hear(tally)

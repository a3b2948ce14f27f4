"""Reactions of single sessions: every session of every security as if it were a day 0, and which of them are large.

A session is judged by the market model on the security's own index; where that index has no return, or too few before
the session, by the security's own mean. Either estimation window ends before the session, so that nothing later than
the session has a part in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from pipelines.contracts import DAY_REACTIONS
from pipelines.event_study.cars import run_cars
from pipelines.event_study.engine import run_study
from pipelines.event_study.panel import ReturnPanel
from pipelines.event_study.spec import StudySpec
from pipelines.event_study.windows import Window

_DAY_0: Final = Window(0, 0)
_ESTIMATION: Final = Window(-260, -11)
_KEY: Final = ("symbol", "session_date")
_SAFETY: Final = 1.0 - 1e-6
"""A t near the threshold is decided by the study's own arithmetic, not by that of running sums."""


@dataclass(frozen=True, slots=True)
class ReactionRule:
    """What a large reaction is.

    Attributes
    ----------
    threshold : float
        Smallest size of a standardised abnormal return that is large.
    estimation : Window
        Estimation window in sessions from the session that is judged; the default is that of the studies that ship.
    min_estimation_obs : int
        Usable sessions in it.
    """

    threshold: float = 3.0
    estimation: Window = _ESTIMATION
    min_estimation_obs: int = 120


def day_reactions(
    panel: ReturnPanel,
    benchmarks: pl.DataFrame,
    days: pl.DataFrame,
    rule: ReactionRule | None = None,
    *,
    threads: int | None = None,
) -> pl.DataFrame:
    """Return the sessions with a large reaction, and those that are asked for by name.

    Parameters
    ----------
    panel : ReturnPanel
        Returns of the securities and their indices.
    benchmarks : DataFrame
        ``symbol``, ``benchmark_symbol`` (null where there is none): the securities to be judged.
    days : DataFrame
        ``symbol``, ``session_date``: sessions whose reaction is wanted whatever its size.
    rule : ReactionRule, optional
        What is large.
    threads : int, optional
        Threads to work on; they change speed, never a result.

    Returns
    -------
    DataFrame
        Columns of DAY_REACTIONS, sorted by symbol and session. A session that cannot be judged is not there.
    """
    judge = _Judge(panel, rule or ReactionRule(), days.select(_KEY).unique(), threads)
    asked = _sessions(panel, benchmarks)
    indices = sorted(set(asked["benchmark_symbol"].drop_nulls()))
    judged = [judge(index, asked.filter(pl.col("benchmark_symbol") == index)) for index in indices]
    known = [part.sessions for part in judged]
    judged.append(judge(None, asked.join(pl.concat(known), on=_KEY, how="anti") if known else asked))
    before = pl.col("event_index").rank("ordinal").over("symbol").cast(pl.Int64) - 1
    numbered = pl.concat([part.sessions for part in judged]).with_columns(n_sessions_before=before)
    reactions = pl.concat([part.reactions for part in judged]).join(numbered, on=_KEY)
    return DAY_REACTIONS.conform(reactions).sort(_KEY)


def _sessions(panel: ReturnPanel, benchmarks: pl.DataFrame) -> pl.DataFrame:
    """Return every session with a return as a pair, with the index its security is held against, if it has prices."""
    rows = np.flatnonzero(~np.isnan(panel.simple_return))
    dates = pl.Series(panel.session_day[rows]).cast(pl.Date)
    sessions = pl.DataFrame(
        {
            "symbol": pl.Series(panel.symbols, dtype=pl.String).gather(panel.row_code[rows]),
            "session_date": dates,
            "event_id": dates.cast(pl.String),
            "event_session": dates,
            "event_index": panel.session_index[rows],
            "last_index": panel.session_index[rows],
            "is_ended": np.zeros(rows.size, dtype=np.bool_),
        }
    )
    index = pl.col("benchmark_symbol")
    has_index = index.is_in(list(panel.symbols)) & (index != pl.col("symbol"))
    return sessions.join(benchmarks.select("symbol", pl.when(has_index).then(index)), on="symbol")


@dataclass(frozen=True, slots=True)
class _Judged:
    """The sessions that a model can judge, and the reactions of those that are large or wanted."""

    sessions: pl.DataFrame
    reactions: pl.DataFrame


@dataclass(frozen=True, slots=True)
class _Judge:
    """Judges sessions: all of them from running sums, those that matter once more as a study does."""

    panel: ReturnPanel
    rule: ReactionRule
    wanted: pl.DataFrame
    threads: int | None

    def __call__(self, benchmark: str | None, asked: pl.DataFrame) -> _Judged:
        """Judge sessions by the market model on an index, or by the securities' own means."""
        spec = self._spec(benchmark)
        cars = run_cars(spec, self.panel, asked, threads=self.threads)
        used = cars.pairs.frame[cars.screening.used].with_columns(session_date="event_session")
        may_be_large = pl.Series(np.abs(np.nan_to_num(cars.t_stat[:, 0])) >= _SAFETY * self.rule.threshold)
        marked = used.with_columns(may_be_large.alias("may_be_large")).join(
            self.wanted.with_columns(is_wanted=pl.lit(value=True)), on=_KEY, how="left", maintain_order="left"
        )
        chosen = marked.filter(pl.col("may_be_large") | pl.col("is_wanted"))
        return _Judged(used.select(*_KEY, "event_index"), self._reactions(spec, chosen))

    def _reactions(self, spec: StudySpec, chosen: pl.DataFrame) -> pl.DataFrame:
        pair = ["event_id", "symbol"]
        result = run_study(spec, self.panel, chosen, threads=self.threads)
        is_mover = pl.col("std_abnormal_return").abs() >= self.rule.threshold
        return (
            result.abnormal_returns.join(result.securities.select(*pair, "n_estimation_obs"), on=pair)
            .join(chosen.select(*pair, "is_wanted", session_index="event_index"), on=pair)
            .with_columns(
                is_mover=is_mover.fill_null(value=False),
                model=pl.lit(spec.model),
                benchmark_symbol=pl.lit(spec.benchmark, dtype=pl.String),
                df=pl.col("n_estimation_obs") - spec.n_parameters,
            )
            .filter(pl.col("is_mover") | pl.col("is_wanted"))
        )

    def _spec(self, benchmark: str | None) -> StudySpec:
        return StudySpec(
            study_id="day_reactions",
            title="every session as a day 0",
            model="market" if benchmark else "constant_mean",
            benchmark_symbol=benchmark,
            return_type="simple",
            estimation=self.rule.estimation,
            event=_DAY_0,
            car_windows=(_DAY_0,),
            min_estimation_obs=self.rule.min_estimation_obs,
        )

"""Keep series of FRED beside the prices: levels and yields, which are no prices and are never studied as such.

A series is not due like the bar of an exchange. Its value of a day is published on the next business day or later, and
a holiday has none, so that a value which has not come is never a failure. FRED states the newest vintage alone: where
it states stored values otherwise, the whole series is asked for once and stored as a vintage of its own, and what was
known before stays.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from flows.listings import Listings
from flows.live import MAY_LOSE, Asked, State, SymbolResult, left_alone
from flows.live_sessions import Sessions
from flows.live_sources import live_source
from flows.refreshing import NO_BARS, Refreshed, Work, carry_out, in_threads
from flows.restating import Fetched, batches
from pipelines.freshness import OVERLAP_SESSIONS
from pipelines.ratios import is_unit
from pipelines.restatements import Judgement, Remedy, Verdict
from pipelines.settings import Settings
from pipelines.sources.live import Answer, BarsRequest, BarsSource, Outcome
from pipelines.sources.web.hosts import HOSTS, Hosts

PROVIDER: Final = "fred"

REST: Final = timedelta(hours=6)
"""How long a series is left alone after an answer; values come once a day."""

LATE: Final = timedelta(days=10)
"""A series without a value for so long is said to be late: no daily one of FRED rests longer."""

EXACT: Final = 1e-9
"""Relative. FRED writes decimals, so that a value is the same or is not; this is the rounding of a sum of them."""

_WASHINGTON: Final = ZoneInfo("America/New_York")
_SATURDAY: Final = 6


def refresh_series(settings: Settings, run_id: str, now: datetime, *, hosts: Hosts = HOSTS) -> Refreshed:
    """Ask FRED for what the series of the settings lack, and store it.

    Raises
    ------
    ConfigurationError
        If the address of FRED is none.
    WarehouseError
        If the warehouse cannot be read or written.
    """
    names = tuple(dict.fromkeys(name.strip().upper() for name in settings.series if name.strip()))
    sessions = Sessions(settings, settings.start, now)
    work = SeriesWork(settings, PROVIDER, Listings.load(settings), sessions, now, hosts)
    return carry_out(work, names, run_id)


class SeriesWork(Work):
    """What is needed to find out what becomes of a series."""

    __slots__ = ()

    def results(
        self, names: Sequence[str], held: Mapping[str, pl.DataFrame], asked: Mapping[str, Asked]
    ) -> Generator[SymbolResult, None, None]:
        """Yield what becomes of each series, as it becomes known: what needs no question first."""
        wanted = [
            Series(name, self.settings.start, held.get(name, NO_BARS), asked.get(name, Asked())) for name in names
        ]
        open_series = []
        for one in wanted:
            rested = one.without_asking(self.now)
            if rested is None:
                open_series.append(one)
            else:
                yield rested
        if open_series:
            source = live_source(PROVIDER, self.settings, self.hosts)
            try:
                jobs = [partial(fetch_series, source, one, self.now) for one in open_series]
                yield from in_threads(jobs, "asking FRED")
            finally:
                source.close()


Change = tuple[date, float, float | None]
"""A day, its stored value and the one that is stated now; None if it has gone."""


@dataclass(frozen=True, slots=True)
class Series:
    """One series: from when on it is wanted, and what is known of it before anything is asked.

    Attributes
    ----------
    stored : DataFrame
        Its newest vintage as `warehouse.vintages.stored_bars` gives it; the value of a day is the close.
    """

    name: str
    first: date
    stored: pl.DataFrame
    asked: Asked

    @property
    def is_whole(self) -> bool:
        """Whether the whole series is asked for: nothing is stored, or more is wanted than ever was."""
        begins = self.stored["date"].min()
        is_longer = isinstance(begins, date) and self.first < begins
        return self.stored.is_empty() or (is_longer and (self.asked.first is None or self.first < self.asked.first))

    def without_asking(self, now: datetime) -> SymbolResult | None:
        """Return the result of a series that need not be asked for; None if it must be."""
        newest, yesterday = self.stored["date"].max(), now.astimezone(_WASHINGTON).date() - timedelta(days=1)
        if isinstance(newest, date) and not self.is_whole:
            days = (newest + timedelta(days=n) for n in range(1, (yesterday - newest).days + 1))
            if not any(day.isoweekday() < _SATURDAY for day in days):
                return SymbolResult(self.name, State.UP_TO_DATE)
        answered = self.asked.answered_at
        if not self.is_whole and answered is not None and timedelta() <= now - answered < REST:
            reason = f"asked at {answered:%H:%M}Z; FRED publishes a day's value on the next business day or later"
            return SymbolResult(self.name, State.UP_TO_DATE, reason)
        return left_alone(self.name, self.asked, now)

    def days(self, now: datetime, *, is_whole: bool) -> tuple[date, date]:
        """Return the days to ask for: all that is wanted, or an overlap with what is stored and what comes after it."""
        held = self.stored["date"].sort().to_list()
        first = min([self.first, *held[:1]]) if is_whole else held[-OVERLAP_SESSIONS:][0]
        return first, now.date()


def fetch_series(source: BarsSource, series: Series, now: datetime) -> SymbolResult:
    """Ask for what a series lacks, and for all of it if stored values are stated otherwise now.

    Parameters
    ----------
    source : BarsSource
        FRED; asked at most twice.
    """
    answer = source.fetch(BarsRequest(series.name, *series.days(now, is_whole=series.is_whole)))
    if answer.outcome not in (Outcome.OK, Outcome.EMPTY):
        return SymbolResult(series.name, State(answer.outcome.value), answer.reason, (answer,))
    changed = _changed(series.stored, answer)
    if not changed or series.is_whole:
        return _weigh(series, answer, changed, now, is_whole=series.is_whole)
    again = source.fetch(BarsRequest(series.name, *series.days(now, is_whole=True)))
    if again.outcome is not Outcome.OK:
        state = State.BROKEN if again.outcome is Outcome.EMPTY else State(again.outcome.value)
        return SymbolResult(series.name, state, f"{_said(changed)}; {again.reason}", (answer, again))
    result = _weigh(series, again, _changed(series.stored, again), now, is_whole=True)
    return replace(result, answers=(answer, again))


def _changed(stored: pl.DataFrame, answer: Answer) -> list[Change]:
    """Return the stored values that an answer states otherwise."""
    first, last = answer.request.first, answer.request.last
    values = _values(answer).select("date", pl.col("close").alias("now"))
    held = stored.filter(pl.col("date").is_between(first, last)).select("date", "close")
    both = held.join(values, on="date", how="left").sort("date")
    moved = (pl.col("now") - pl.col("close")).abs() > EXACT * pl.max_horizontal(pl.col("close").abs(), 1.0)
    return both.filter(moved | pl.col("now").is_null()).rows()


def _values(answer: Answer) -> pl.DataFrame:
    """Return the rows that have a value; a day with `.` or nothing, such as a holiday, has none."""
    return answer.bars.filter(pl.col("close").is_finite())


def _weigh(
    series: Series,
    answer: Answer,
    changed: Sequence[Change],
    now: datetime,
    *,
    is_whole: bool,
) -> SymbolResult:
    """Return what an answer that was read is worth, and the batches that are to be stored of it."""
    values = _values(answer)
    if values.is_empty():
        return SymbolResult(series.name, State.UP_TO_DATE, answer.reason or "no day has a value", (answer,))
    wrong = _wrong(series, changed)
    if wrong:
        return SymbolResult(series.name, State.QUARANTINED, wrong, (answer,))
    verdict = Verdict.REVISION if changed else Verdict.APPEND
    judgement = Judgement(series.name, verdict, Remedy.REFETCH if changed else Remedy.STORE, _said(changed))
    none = answer.bars.clear()
    fetched = Fetched(
        PROVIDER, series.name, answer.url, answer.fetched_at, values, none, answer.actions.clear(), is_whole
    )
    stored = tuple(batches(fetched, series.stored, judgement))
    n_new = values.join(series.stored, on="date", how="anti").height
    state = State.STORED if n_new or changed else State.UP_TO_DATE
    says = "; ".join(text for text in (_said(changed), _late(values, now)) if text)
    return SymbolResult(series.name, state, says, (answer,), stored, judgement, (), n_new, len(changed))


def _wrong(series: Series, changed: Sequence[Change]) -> str:
    """Return why an answer cannot be another vintage of the series; empty if it can."""
    lost = [day for day, _, new in changed if new is None]
    if len(lost) > max(1, MAY_LOSE * series.stored.height):
        return f"the answer lacks {len(lost)} of {series.stored.height} days that are stored, {lost[0]} first"
    ratios = [new / old for _, old, new in changed if new and old]
    if ratios and all(is_unit(ratio) for ratio in ratios):
        return f"{len(ratios)} values moved by a factor of {ratios[0]:.6g}, as in another unit, {changed[0][0]} first"
    return ""


def _said(changed: Sequence[Change]) -> str:
    if not changed:
        return ""
    day, old, new = changed[0]
    is_now = "has gone" if new is None else f"is {new:g} now"
    return f"{len(changed)} stored values are stated otherwise, first that of {day}: {old:g} {is_now}"


def _late(values: pl.DataFrame, now: datetime) -> str:
    newest = values["date"].sort().to_list()[-1]
    return f"its newest value is of {newest}: it has ended, or FRED is late" if now.date() - newest > LATE else ""

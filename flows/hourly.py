"""Keep bars of an hour up to date, for events whose reaction lies inside of a session.

An hour is treated as a session of its own: the calendar says which hours are over, an overlap of hours is asked for
again, and what an answer says of stored hours is judged by the same rules as with days (`flows.live`). So in what goes
through them, the `date` of a bar is the instant at which its hour opens.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import ClassVar, Final

import polars as pl

from flows.listings import Listings
from flows.live import Asked, State, SymbolResult, Wanted, fetch_symbol
from flows.live_sessions import Sessions
from flows.refreshing import NO_BARS, Refreshed, Work, carry_out
from flows.run import models
from pipelines.contracts.vocabulary import HOURLY_SOURCES, LIVE_SOURCES
from pipelines.errors import ConfigurationError
from pipelines.sessions import hours_of, rests_at_midday
from pipelines.settings import Settings
from pipelines.sources.live import Answer, BarsRequest, BarsSource
from pipelines.sources.web.hosts import HOSTS, Hosts
from pipelines.sources.yahoo_prices import HOURLY_DAYS
from warehouse.connection import open_file
from warehouse.hours import asked_for_hours, stored_hours

INTERVAL: Final = "1h"
DEPTH_DAYS: Final[Mapping[str, int]] = {"yahoo": HOURLY_DAYS}
"""Days back to which a source has hours; the others have them from the beginning on."""

_MARGIN: Final = timedelta(days=2)
"""A provider's depth counts from its own clock, and the first day that is asked for is to be a whole one."""

_NO_HOURS: Final = pl.DataFrame(schema={**NO_BARS.schema, "date": pl.Datetime("us", "UTC")})


def refresh_hours(
    settings: Settings, run_id: str, now: datetime, symbols: Sequence[str], *, hosts: Hosts = HOSTS
) -> Refreshed:
    """Ask the run's live source for the hours that its symbols lack, and store them.

    Parameters
    ----------
    symbols : sequence of str
        Symbols whose bars of days can be used.

    Raises
    ------
    ConfigurationError
        If the source has no bars of an hour.
    WarehouseError
        If the warehouse cannot be read or written.
    """
    expect_hours(settings)
    sessions = Sessions(settings, first_day(settings, now), now)
    work = HourlyWork(settings, settings.source, Listings.load(settings), sessions, now, hosts)
    return replace(carry_out(work, symbols, run_id), notes=_too_early(settings, now))


def expect_hours(settings: Settings) -> None:
    """Check that the run's source has bars of an hour.

    Raises
    ------
    ConfigurationError
        If it has none.
    """
    if settings.source not in HOURLY_SOURCES:
        words = ", ".join(HOURLY_SOURCES)
        raise ConfigurationError(
            f"--hourly: expected a source that has hours ({words}), got {settings.source!r}; "
            "--no-hourly leaves them out where reaction.toml has `hourly = true`"
        )


def first_day(settings: Settings, now: datetime) -> date:
    """Return the first day of hours that is asked for: what is wanted, as far as the source goes back."""
    wanted = settings.hourly_start or max(settings.start, (now - timedelta(days=HOURLY_DAYS)).date())
    earliest = _earliest(settings.source, now)
    return max(wanted, earliest) if earliest else wanted


def _earliest(provider: str, now: datetime) -> date | None:
    depth = DEPTH_DAYS.get(provider)
    return (now - timedelta(days=depth) + _MARGIN).date() if depth else None


def _too_early(settings: Settings, now: datetime) -> tuple[str, ...]:
    """Return what is to be said if more hours are wanted than the source has."""
    wanted, earliest = settings.hourly_start, _earliest(settings.source, now)
    if wanted is None or earliest is None or wanted >= earliest:
        return ()
    name, depth = LIVE_SOURCES[settings.source], DEPTH_DAYS[settings.source]
    text = f"hours were wanted from {wanted} on; {name} has them for {depth} days, so they begin on {earliest}"
    return (f"{text}. What older runs have stored stays",)


class HourlyWork(Work):
    """What is needed to find out what becomes of the hours of a symbol."""

    __slots__ = ()
    interval: ClassVar[str] = INTERVAL

    def known(self) -> tuple[dict[str, pl.DataFrame], dict[str, Asked]]:
        """Return the hours that are stored of each symbol, as far back as they can be asked for, and what was asked."""
        path = self.settings.warehouse_file
        bars = stored_hours(path, models(), self.provider, since=first_day(self.settings, self.now))
        with open_file(path, read_only=True) as connection:
            rows = asked_for_hours(connection, self.provider).rows()
        held = bars.partition_by("symbol", as_dict=True, maintain_order=True)
        asked = {symbol: Asked(first and _midnight(first), *rest) for symbol, first, *rest in rows}
        return {str(key[0]): frame for key, frame in held.items()}, asked

    def results(
        self, names: Sequence[str], held: Mapping[str, pl.DataFrame], asked: Mapping[str, Asked]
    ) -> Generator[SymbolResult, None, None]:
        """Yield what becomes of each symbol, as it becomes known; whose hours nobody can tell is not asked for."""
        refusals = {name: _refusal(name, self.listings.mic(name)) for name in names}
        yield from (found for found in refusals.values() if found)
        yield from super().results([name for name in names if refusals[name] is None], held, asked)

    def wanted(self, name: str, mic: str, held: Mapping[str, pl.DataFrame], asked: Mapping[str, Asked]) -> Wanted:
        """Return which hours are wanted of a symbol of an exchange, with what is stored of it and was asked for."""
        days = super().wanted(name, mic, {}, asked)
        first = first_day(self.settings, self.now)
        hours = hours_of(days.sessions.filter(pl.col("session_date") >= first))
        return replace(
            days,
            first=_midnight(first),
            sessions=hours.rename({"session_date": "day"}).with_columns(session_date="open_at"),
            stored=held.get(name, _NO_HOURS),
            assumed_from=days.assumed_from and _midnight(days.assumed_from),
        )

    def ask(self, source: BarsSource, wanted: Wanted) -> SymbolResult:
        """Ask for the hours that a symbol lacks."""
        result = fetch_symbol(_Hours(source, wanted.sessions), wanted, self.now, grace=self.settings.grace)
        return replace(result, reason=in_hours(result.reason))


def _refusal(name: str, mic: str | None) -> SymbolResult | None:
    """Return the result of a symbol whose hours cannot be told; None if they can."""
    if mic is None:
        reason = "its exchange is not known: add a row to sql/seeds/securities.csv, or name it with --exchange"
        return SymbolResult(name, State.REFUSED, reason)
    if rests_at_midday(mic):
        reason = f"{mic} rests at midday, and how its hours are counted around that is not known"
        return SymbolResult(name, State.REFUSED, reason)
    return None


def in_hours(text: str) -> str:
    """Return a sentence that was made for sessions, which here are hours, in words for hours."""
    return re.sub(r"\bsession(s?)\b", r"hour\1", text).replace("+00:00", "Z")


class _Hours:
    """A live source as it is asked for hours: requests go out in days, and bars come back dated by their hours."""

    def __init__(self, source: BarsSource, hours: pl.DataFrame) -> None:
        self._source, self._hours = source, hours
        self.name = source.name

    def fetch(self, request: BarsRequest) -> Answer:
        """Ask for the days that hold the hours from the first to the last."""
        days = (self._day(request.first), self._day(request.last))
        answer = self._source.fetch(BarsRequest(request.symbol, *days, INTERVAL))
        return replace(answer, bars=self._in_hours(answer), actions=self._opened(answer.actions))

    def close(self) -> None:
        """Leave the source to who made it."""

    @cached_property
    def _days(self) -> dict[date, date]:
        return dict(self._hours.select("session_date", "day").iter_rows())

    def _day(self, instant: date) -> date:
        """Return the day of an hour; an instant that opens none stands for its day in UTC."""
        day = instant.date() if isinstance(instant, datetime) else instant
        return self._days.get(instant, day)

    def _in_hours(self, answer: Answer) -> pl.DataFrame:
        """Return the bars with the opening of their hour as the date, and their day beside it.

        A provider stamps the last trade of a running hour with its own time: such a row is one of the hour that it lies
        in. If that is over, or the session, the row is no bar of an hour. What lies in no hour keeps its stamp as the
        date, and is rejected by the rules on rows.
        """
        hours = self._hours.select(pl.col("session_date").alias("hour"), pl.col("close_at").alias("ends_at"))
        at = answer.bars.rename({"date": "day"}).sort("opened_at", maintain_order=True)
        found = at.join_asof(hours, left_on="opened_at", right_on="hour", strategy="backward")
        is_inside = pl.col("opened_at") <= pl.col("ends_at")
        is_live = is_inside & (pl.col("opened_at") != pl.col("hour"))
        is_bar = ~is_live | (pl.col("ends_at") > pl.lit(answer.fetched_at))
        dated = found.filter(is_bar.fill_null(value=True)).with_columns(
            pl.when(is_inside).then("hour").otherwise("opened_at").alias("date")
        )
        return dated.drop("hour", "ends_at")

    def _opened(self, actions: pl.DataFrame) -> pl.DataFrame:
        """Return corporate actions dated by the first hour that trades without them."""
        first = self._hours.group_by("day").agg(pl.col("session_date").min().alias("opens"))
        midnight = pl.col("date").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
        dated = actions.join(first, left_on="date", right_on="day", how="left", maintain_order="left")
        return dated.with_columns(pl.coalesce("opens", midnight).alias("date")).drop("opens")


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)

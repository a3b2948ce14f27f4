"""The day-0 rule: the first session of a listing whose close can hold the news.

Every request takes one of three roads. An instant is looked up among the closes of the exchange, a date among its
session dates, and where the exchange is not known either is looked up among the dates of the security's own prices.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from pipelines.contracts import (
    DIM_EVENTS,
    DIM_SECURITIES,
    DIM_SESSIONS,
    FCT_EVENT_SECURITIES,
    FCT_RETURNS,
    Table,
)
from pipelines.contracts.vocabulary import EVENT_KINDS
from pipelines.errors import ContractError
from pipelines.sessions.calendars import ALWAYS_OPEN, time_zone

REQUESTS = Table(
    name="day0_requests",
    grain="one row per event and listing",
    key=("event_id", "symbol"),
    meaning="Pairs of event and listing for which day 0 is asked",
    columns=(
        DIM_EVENTS.column("event_id"),
        DIM_SECURITIES.column("symbol"),
        DIM_SECURITIES.column("exchange_mic"),
        *(DIM_EVENTS.column(name) for name in ("kind", "available_at", "available_by", "event_date")),
    ),
)

OWN_DATES = Table(
    name="own_dates",
    grain="one row per symbol and session with a price",
    key=("symbol", "session_date"),
    meaning="Sessions of the listings whose exchange is not known: the dates of their own prices",
    columns=tuple(FCT_RETURNS.column(name) for name in ("symbol", "session_date", "session_index")),
)

_RULE = FCT_EVENT_SECURITIES.column("day0_rule").name
_ANSWER = pl.Schema(
    {
        "event_session": FCT_EVENT_SECURITIES.column("event_session").polars,
        "event_index": DIM_SESSIONS.column("session_index").polars,
        _RULE: FCT_EVENT_SECURITIES.column("day0_rule").polars,
        "day0_reason": FCT_EVENT_SECURITIES.column("reason").polars,
    }
)
_DAY = timedelta(days=1)


def resolve_day0(requests: pl.DataFrame, sessions: pl.DataFrame, own_dates: pl.DataFrame) -> pl.DataFrame:
    """Find day 0 of every request, and name the rule that chose it.

    Parameters
    ----------
    requests : DataFrame
        Columns of `REQUESTS`, any order of rows. `exchange_mic` is null where the exchange is not known. If only one
        of `available_at` and `available_by` is given it counts for both; with `available_by` alone the earliest
        instant is not known, so the rule is ``conservative``.
    sessions : DataFrame
        Contract ``dim_sessions``, reaching beyond the last event.
    own_dates : DataFrame
        Columns of `OWN_DATES`, for listings without a known exchange.

    Returns
    -------
    DataFrame
        The requests in their order, with ``event_session`` (date), ``event_index`` (its session index), ``day0_rule``
        (a word of ``DAY0_RULES``) and ``day0_reason`` (text where no day 0 was found, else null).

    Raises
    ------
    ContractError
        If a column is missing or of the wrong type, or a kind of event is not known.

    Notes
    -----
    Where instants decide, ``close of the session before day 0 <= available_by < close of day 0``. A day 0 is only
    given inside the range the sessions (or own prices) cover: before it, a session that is not listed might be meant.
    """
    asked = _routed(REQUESTS.conform(requests).with_row_index("row"))
    has_exchange = pl.col("exchange_mic").is_not_null()
    calendar = DIM_SESSIONS.conform(sessions).join(asked, on="exchange_mic", how="semi")
    own = OWN_DATES.conform(own_dates).join(asked.filter(~has_exchange), on="symbol", how="semi")
    road = pl.col("road")
    answers = pl.concat(
        [
            _refused(asked.filter(road == "none")),
            _by_instant(asked.filter(has_exchange, road == "instant"), calendar),
            _by_date(asked.filter(has_exchange, road == "date"), calendar),
            _by_own_dates(asked.filter(~has_exchange, road != "none"), own),
        ]
    ).sort("row")
    return requests.with_columns(answers.drop("row").get_columns())


def _routed(asked: pl.DataFrame) -> pl.DataFrame:
    """Add the road each request takes, the text where it can take none, and both ends of the instants."""
    unknown = set(asked["kind"].unique()) - set(EVENT_KINDS)
    if unknown:
        raise ContractError(
            f"table {REQUESTS.name}: kind holds {sorted(map(repr, unknown))}; it may hold {sorted(EVENT_KINDS)}"
        )
    is_outcome = pl.col("kind") == "outcome"
    no_date = pl.col("event_date").is_null()
    at, by = pl.col("available_at"), pl.coalesce("available_by", "available_at")
    problem = (
        pl.when(is_outcome & no_date)
        .then(pl.lit("an outcome names the session it happened in, and this one has no event_date"))
        .when(~is_outcome & (at > by))
        .then(pl.lit("available_at is later than available_by"))
        .when(by.is_null() & no_date)
        .then(pl.lit("none of available_at, available_by and event_date is given"))
    )
    road = (
        pl.when(problem.is_not_null())
        .then(pl.lit("none"))
        .when(is_outcome | by.is_null())
        .then(pl.lit("date"))
        .otherwise(pl.lit("instant"))
    )
    return asked.with_columns(problem.alias("problem"), road.alias("road"), by.alias("by"))


def _by_instant(asked: pl.DataFrame, sessions: pl.DataFrame) -> pl.DataFrame:
    """Resolve instants on a known exchange: the first session that closes after the latest of them."""
    joined = asked.sort("by").join_asof(
        _with_bounds(sessions.join(asked, on="exchange_mic", how="semi")),
        left_on="by",
        right_on="close_at",
        by="exchange_mic",
        strategy="forward",
        allow_exact_matches=False,
        check_sortedness=False,
    )
    at, by = pl.col("available_at"), pl.col("by")
    is_first = pl.col("previous_close_at").is_null()
    is_later = at.is_null() | (at < pl.coalesce("previous_close_at", pl.min_horizontal("day_start_at", "open_at")))
    rule = (
        pl.when(is_later)
        .then(pl.lit("conservative"))
        .when(pl.col("exchange_mic") == ALWAYS_OPEN)
        .then(pl.lit("utc_day"))
        .when(by >= pl.col("open_at"))
        .then(pl.lit("in_session"))
        .when(by >= pl.col("day_start_at"))
        .then(pl.lit("pre_open"))
        .when(by < pl.col("previous_day_end_at"))
        .then(pl.lit("after_close"))
        .otherwise(pl.lit("closed_day"))
    )
    is_covered = ~is_first | (by >= pl.min_horizontal("day_start_at", "open_at"))
    return _answered(joined, sessions, "exchange_mic", rule, is_covered)


def _with_bounds(sessions: pl.DataFrame) -> pl.DataFrame:
    """Add what the rule compares with: the close before, and the local midnights around it and the session."""
    parts = [
        sessions.clear().with_columns(_midnight("UTC").alias("day_start_at"), _midnight("UTC").alias("day_end_at"))
    ]
    for part in sessions.partition_by("exchange_mic"):
        zone = time_zone(part["exchange_mic"][0])
        parts.append(
            part.sort("close_at").with_columns(
                _midnight(zone).alias("day_start_at"), _midnight(zone, after=_DAY).alias("day_end_at")
            )
        )
    return (
        pl.concat(parts)
        .with_columns(
            pl.col("close_at").shift(1).over("exchange_mic").alias("previous_close_at"),
            pl.col("day_end_at").shift(1).over("exchange_mic").alias("previous_day_end_at"),
        )
        .sort("close_at")
    )


def _midnight(zone: str, after: timedelta = timedelta(0)) -> pl.Expr:
    """Return the UTC instant at which the session's local day begins, shifted by whole days.

    Where clocks are put forward at midnight the day begins at 01:00.
    """
    naive = pl.col("session_date").cast(pl.Datetime("us")) + after
    starts = (
        (naive + late).dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
        for late in (timedelta(0), timedelta(hours=1))
    )
    return pl.coalesce(starts).dt.convert_time_zone("UTC")


def _by_date(asked: pl.DataFrame, sessions: pl.DataFrame) -> pl.DataFrame:
    """Resolve dates on a known exchange: the session of that date, else the next one."""
    joined = asked.sort("event_date").join_asof(
        sessions.sort("session_date"),
        left_on="event_date",
        right_on="session_date",
        by="exchange_mic",
        strategy="forward",
        coalesce=False,
        check_sortedness=False,
    )
    rule = pl.concat_str(
        pl.when(pl.col("kind") == "outcome").then(pl.lit("outcome_")).otherwise(pl.lit("date_")),
        pl.when(pl.col("session_date") == pl.col("event_date"))
        .then(pl.lit("session"))
        .otherwise(pl.lit("next_session")),
    )
    return _answered(joined, sessions, "exchange_mic", rule, pl.col("event_date") >= pl.col("first_session"))


def _by_own_dates(asked: pl.DataFrame, own_dates: pl.DataFrame) -> pl.DataFrame:
    """Resolve requests whose exchange is not known: the next own date, after the UTC day of an instant."""
    is_instant = pl.col("road") == "instant"
    earliest = pl.when(is_instant).then(pl.col("by").dt.date() + _DAY).otherwise("event_date")
    joined = (
        asked.with_columns(earliest.alias("earliest"))
        .sort("earliest")
        .join_asof(
            own_dates.sort("session_date"),
            left_on="earliest",
            right_on="session_date",
            by="symbol",
            strategy="forward",
            coalesce=False,
            check_sortedness=False,
        )
    )
    rule = pl.when(is_instant).then(pl.lit("own_dates_conservative")).otherwise(pl.lit("own_dates"))
    return _answered(joined, own_dates, "symbol", rule, pl.col("earliest") >= pl.col("first_session"))


def _answered(
    joined: pl.DataFrame, sessions: pl.DataFrame, listing: str, rule: pl.Expr, is_covered: pl.Expr
) -> pl.DataFrame:
    """Turn looked-up sessions into answers, and say of the others what the listing's sessions cover."""
    dates = pl.col("session_date")
    ranges = sessions.group_by(listing).agg(dates.min().alias("first_session"), dates.max().alias("last_session"))
    known = joined.join(ranges, on=listing, how="left", maintain_order="left").with_columns(
        (pl.col("session_date").is_not_null() & is_covered).fill_null(value=False).alias("is_found")
    )
    found = known.filter("is_found").select(
        "row",
        pl.col("session_date").alias("event_session"),
        pl.col("session_index").alias("event_index"),
        rule.alias(_RULE),
        pl.lit(None, pl.String).alias("day0_reason"),
    )
    return pl.concat([_refused(known.filter(~pl.col("is_found")), _why(listing)), found])


def _why(listing: str) -> pl.Expr:
    """Say why a request found no session."""
    what = (
        pl.when(pl.col("road") == "instant")
        .then(pl.col("by").dt.to_string("%Y-%m-%dT%H:%M:%SZ"))
        .otherwise(pl.col("event_date").dt.to_string("%Y-%m-%d"))
    )
    name = pl.col(listing).fill_null("a listing without a name")
    side = pl.when(pl.col("session_date").is_null()).then(pl.lit("after")).otherwise(pl.lit("before"))
    if listing == "symbol":
        nothing = pl.format("the exchange of {} is not known, and it has no prices to take sessions from", name)
        owner = "the prices of {} cover"
    else:
        nothing = pl.format("no sessions of exchange {} are loaded", name)
        owner = "the sessions of {} cover"
    span = pl.format(
        "{} lies {} what is known: " + owner + " {} to {}", what, side, name, "first_session", "last_session"
    )
    return pl.when(pl.col("first_session").is_null()).then(nothing).otherwise(span)


def _refused(asked: pl.DataFrame, why: pl.Expr | None = None) -> pl.DataFrame:
    """Answer that no day 0 was found, and why."""
    return asked.select(
        "row",
        pl.lit(None, _ANSWER["event_session"]).alias("event_session"),
        pl.lit(None, _ANSWER["event_index"]).alias("event_index"),
        pl.lit("none").alias(_RULE),
        (pl.col("problem") if why is None else why).alias("day0_reason"),
    )

"""Contracts of what live sources say beside final prices of days: actions, hours, disagreements, series."""

from __future__ import annotations

from pipelines.contracts.model import Column, Table
from pipelines.contracts.vocabulary import ACTION_KINDS, LIVE_SOURCES

_SOURCE = Column("source", "text", "provider", allowed=tuple(LIVE_SOURCES))
_SYMBOL = Column("symbol", "text", "security")
_SESSION = Column("session_date", "date", "exchange-local date")
_OHLC = ("open", "high", "low", "close")


def _price(name: str, meaning: str) -> Column:
    return Column(name, "float", meaning, unit="currency", nullable=True)


FCT_CORPORATE_ACTIONS = Table(
    name="fct_corporate_actions",
    grain="one row per source, symbol, day and kind of corporate action",
    key=("source", "symbol", "action_date", "kind"),
    meaning="Splits and distributions as the sources of prices state them",
    columns=(
        _SOURCE,
        _SYMBOL,
        Column("action_date", "date", "first session that trades without it"),
        Column("kind", "text", "what sort of action", allowed=tuple(ACTION_KINDS)),
        Column("value", "float", "currency per share; for a split, new shares per old one", minimum=0.0),
    ),
)

FCT_PROVISIONAL_PRICES = Table(
    name="fct_provisional_prices",
    grain="one row per source, symbol and session that has a provisional bar and no final one",
    key=("source", "symbol", "session_date"),
    meaning="Bars of sessions that were not over when they were fetched; they are in no return and no study",
    columns=(
        _SOURCE,
        _SYMBOL,
        _SESSION,
        *(_price(name, f"{name} so far") for name in _OHLC),
        _price("adj_close", "close so far, adjusted for splits and dividends"),
        Column("volume", "float", "shares or units traded so far", unit="shares", nullable=True),
        Column("fetched_at", "instant", "when the bar was fetched"),
    ),
)

FCT_PRICE_DIFFERENCES = Table(
    name="fct_price_differences",
    grain="one row per symbol, session and two live sources whose closes differ by more than 0.1 %",
    key=("symbol", "session_date", "source", "other_source"),
    meaning="Where two sources disagree on a final close: both values, neither corrected by the other",
    columns=(
        _SYMBOL,
        _SESSION,
        _SOURCE,
        Column("other_source", "text", "the other provider", allowed=tuple(LIVE_SOURCES)),
        Column("close", "float", "close of source", unit="currency", minimum=0.0),
        Column("other_close", "float", "close of other_source", unit="currency", minimum=0.0),
        Column("difference", "float", "other_close over close, minus 1", unit="decimal", minimum=-1.0),
    ),
)

FCT_HOURLY_PRICES = Table(
    name="fct_hourly_prices",
    grain="one row per symbol and hour of a session with a final bar",
    key=("symbol", "opened_at"),
    meaning="Bars of an hour of the run's live source, and the returns over exactly one hour of trading",
    columns=(
        _SYMBOL,
        Column("opened_at", "instant", "opening of the hour"),
        _SESSION,
        Column(
            "hour_of_session",
            "integer",
            "0 for the first hour of the session; null if the symbol's exchange is not known",
            unit="hours",
            nullable=True,
            minimum=0,
        ),
        *(_price(name, f"{name}, adjusted for splits as the provider does and not for dividends") for name in _OHLC),
        Column("volume", "float", "shares or units traded in the hour", unit="shares", nullable=True, minimum=0.0),
        Column(
            "simple_return",
            "float",
            "close over the close of the hour of trading before it, minus 1; that of a session's first hour takes in "
            "the time since the last close; null after a missing hour and at the beginning of a vintage",
            unit="decimal",
            nullable=True,
            minimum=-1.0,
        ),
        Column("vintage", "text", "batch that began the history it belongs to: prices of one are on one basis"),
    ),
)

FCT_SERIES = Table(
    name="fct_series",
    grain="one row per series and day with a value",
    key=("series_id", "series_date"),
    meaning="Levels and yields of FRED beside the prices; a day without a value, such as a holiday, has no row",
    columns=(
        Column("series_id", "text", "series, by FRED's name for it"),
        Column("series_date", "date", "day the value is of"),
        Column("value", "float", "value as FRED states it: a level or a yield, never a price or return"),
        Column("unit", "text", "what the value counts, from sql/seeds/series.csv; null if not known", nullable=True),
        Column(
            "known_from",
            "instant",
            "from when on this warehouse knew the value; FRED publishes it on the next business day or later",
        ),
    ),
)

MARKET = (
    FCT_CORPORATE_ACTIONS,
    FCT_PROVISIONAL_PRICES,
    FCT_PRICE_DIFFERENCES,
    FCT_HOURLY_PRICES,
    FCT_SERIES,
)

"""Contracts of what live sources say beside final prices: corporate actions, provisional bars, disagreements."""

from __future__ import annotations

from pipelines.contracts.model import Column, Table
from pipelines.contracts.vocabulary import ACTION_KINDS, LIVE_SOURCES

_SOURCE = Column("source", "text", "provider", allowed=tuple(LIVE_SOURCES))
_SYMBOL = Column("symbol", "text", "security")
_SESSION = Column("session_date", "date", "exchange-local date")


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
        *(_price(name, f"{name} so far") for name in ("open", "high", "low", "close")),
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

MARKET = (FCT_CORPORATE_ACTIONS, FCT_PROVISIONAL_PRICES, FCT_PRICE_DIFFERENCES)

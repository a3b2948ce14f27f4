"""Contracts of the published dimensions."""

from __future__ import annotations

from pipelines.contracts.identity import DIM_SYMBOLS
from pipelines.contracts.model import Column, Table
from pipelines.contracts.vocabulary import (
    ASSET_CLASSES,
    EVENT_KINDS,
    MODELS,
    PRECISIONS,
    RETURN_TYPES,
    VERIFIED,
)

DIM_SECURITIES = Table(
    name="dim_securities",
    grain="one row per published symbol with prices",
    key=("symbol",),
    meaning="Securities that have prices, with the exchange whose calendar they follow",
    columns=(
        Column("symbol", "text", "newest ticker; who lost it to another one bears the month of its end: XYZ-202001"),
        Column("security_id", "text", "id that stays when the symbol changes, see dim_symbols"),
        Column("name", "text", "name of the security", nullable=True),
        Column("issuer", "text", "company or fund that issued it, where dim_symbols has one", nullable=True),
        Column("share_class", "text", "class of the share, where its issuer has several", nullable=True),
        Column("exchange_mic", "text", "ISO 10383 code of the exchange; null where it is not known", nullable=True),
        Column("currency", "text", "currency of the prices; GBX, ILA, ZAC and USX are hundredths", nullable=True),
        Column("major_currency", "text", "currency that the prices are units or hundredths of", nullable=True),
        Column("units_per_major", "integer", "price units in one unit of major_currency: 100 for pence", minimum=1),
        Column("is_minor_unit", "boolean", "prices are in pence, agorot or cents"),
        Column("provider_currency", "text", "currency by the provider's word, in our spelling", nullable=True),
        Column("asset_class", "text", "kind of security", allowed=ASSET_CLASSES),
        Column("benchmark_symbol", "text", "index that fits the listing", nullable=True),
        Column("source", "text", "source of the prices"),
        Column("return_basis", "text", "price the returns are computed from", allowed=("adj_close", "close")),
        Column(
            "session_basis",
            "text",
            "where the sessions come from",
            allowed=("exchange_calendar", "own_dates"),
        ),
        Column("first_session", "date", "first session with a price"),
        Column("last_session", "date", "last session with a price"),
        Column("last_session_index", "integer", "its running number in the listing's calendar", unit="sessions"),
        Column("n_sessions", "integer", "sessions with a price", unit="sessions", minimum=1),
        Column(
            "is_ended",
            "boolean",
            "its symbol has ended (dim_symbols), or the prices stop well before those of the source's other securities",
        ),
        Column("ended_date", "date", "last session with a price of a security that has ended", nullable=True),
    ),
)

DIM_SESSIONS = Table(
    name="dim_sessions",
    grain="one row per exchange and session",
    key=("exchange_mic", "session_date"),
    meaning="Trading sessions of the exchanges in use",
    columns=(
        Column("exchange_mic", "text", "ISO 10383 code of the exchange"),
        Column("session_date", "date", "exchange-local date of the session"),
        Column("open_at", "instant", "opening of the session"),
        Column("close_at", "instant", "close of the session"),
        Column("session_index", "integer", "running number of the session on its exchange", unit="sessions"),
    ),
)

DIM_EVENTS = Table(
    name="dim_events",
    grain="one row per event",
    key=("event_id",),
    meaning="Events: what happened, when it happened, and when anybody could first read of it",
    columns=(
        Column("event_id", "text", "name of the event"),
        Column("title", "text", "what happened"),
        Column("occurred_at", "instant", "when the source says it happened", nullable=True),
        Column("available_at", "instant", "earliest instant at which anybody could read it", nullable=True),
        Column("available_by", "instant", "latest instant at which it was surely public", nullable=True),
        Column("event_date", "date", "date, for an event known by date alone and for an outcome", nullable=True),
        Column("precision", "text", "precision of occurred_at", allowed=PRECISIONS),
        Column("kind", "text", "what sort of event", allowed=tuple(EVENT_KINDS)),
        Column("theme", "text", "line of argument the event belongs to", nullable=True),
        Column("source", "text", "where the event comes from"),
        Column("url", "text", "page that evidences it", nullable=True),
        Column("verified", "text", "how far date and time were checked", allowed=VERIFIED, nullable=True),
        Column("note", "text", "what a reader should know", nullable=True),
    ),
)

DIM_STUDIES = Table(
    name="dim_studies",
    grain="one row per study",
    key=("study_id",),
    meaning="Studies: model, windows and the securities they look at",
    columns=(
        Column("study_id", "text", "name of the study"),
        Column("title", "text", "what the study asks"),
        Column("model", "text", "model of the normal return", allowed=tuple(MODELS)),
        Column("benchmark_symbol", "text", "benchmark; null where the model needs none", nullable=True),
        Column("return_type", "text", "simple or log returns", allowed=RETURN_TYPES),
        Column("estimation_start", "integer", "first relative day of the estimation window", unit="sessions"),
        Column("estimation_end", "integer", "last relative day of the estimation window", unit="sessions"),
        Column("event_start", "integer", "first relative day of the event window", unit="sessions"),
        Column("event_end", "integer", "last relative day of the event window", unit="sessions"),
        Column("min_estimation_obs", "integer", "usable estimation sessions a pair needs", unit="sessions", minimum=1),
        Column("spec", "json", "the whole specification"),
    ),
)

DIMENSIONS = (DIM_SECURITIES, DIM_SYMBOLS, DIM_SESSIONS, DIM_EVENTS, DIM_STUDIES)

"""Contracts of what is known of a security's identity: what providers say of a listing, and who had a symbol when."""

from __future__ import annotations

from pipelines.contracts.model import Column, Table
from pipelines.contracts.vocabulary import LIVE_SOURCES, SYMBOL_REASONS

_BATCH = Column("batch_id", "text", "raw batch")
_ROW = Column("row_number", "integer", "row of the batch, counted from 0", minimum=0)
_SOURCE = Column("source", "text", "provider", allowed=tuple(LIVE_SOURCES))
_SYMBOL = Column("symbol", "text", "symbol that was asked for, by our name for it")

PROVIDER_LISTINGS = Table(
    name="provider_listings",
    grain="one row per symbol and statement",
    key=("batch_id", "row_number"),
    meaning="What providers say of a security, in their words; a new statement is a version of its own",
    columns=(
        _BATCH,
        _ROW,
        _SOURCE,
        _SYMBOL,
        Column("currency", "text", "currency of the prices", nullable=True),
        Column("exchange", "text", "exchange", nullable=True),
        Column("time_zone", "text", "time zone of the exchange", nullable=True),
        Column("kind", "text", "kind of security", nullable=True),
        Column("first_date", "date", "day of its first trade", nullable=True),
    ),
)

SYMBOL_REUSES = Table(
    name="symbol_reuses",
    grain="one row per symbol that was found to be another security's",
    key=("batch_id", "row_number"),
    meaning="Symbols that a provider gives to another security than before: what came earlier is the former's history",
    columns=(
        _BATCH,
        _ROW,
        _SOURCE,
        _SYMBOL,
        Column("last_date", "date", "last stored session of the former security"),
        Column("first_date", "date", "first session of the security that has the symbol now"),
        Column("reason", "text", "what proved it"),
    ),
)

DIM_SYMBOLS = Table(
    name="dim_symbols",
    grain="one row per symbol and security that it named, in the order of time",
    key=("symbol", "holder_number"),
    meaning="Which security a symbol named when; without a first or last date the period is open",
    columns=(
        Column("symbol", "text", "symbol as it was written at the time"),
        Column("holder_number", "integer", "securities that had the symbol, counted from the first known", minimum=1),
        Column("security_id", "text", "security, see dim_securities; it keeps its id whatever its symbol"),
        Column("published_symbol", "text", "name of the security in the other tables"),
        Column("first_date", "date", "first day on which the symbol named it; null if not known", nullable=True),
        Column("last_date", "date", "last day on which the symbol named it; null while it does", nullable=True),
        Column("reason", "text", "how the period began, or that it ended for good", allowed=tuple(SYMBOL_REASONS)),
        Column("share_class", "text", "class of the share, where an issuer has several", nullable=True),
        Column("issuer", "text", "company or fund that issued it", nullable=True),
        Column("evidence", "text", "what the row rests on; null for a symbol that never changed", nullable=True),
    ),
)

IDENTITY_ROWS = (PROVIDER_LISTINGS, SYMBOL_REUSES)

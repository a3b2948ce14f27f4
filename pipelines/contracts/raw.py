"""Contracts of the raw layer: append-only, one version of one object per batch.

A batch is one version of one object of one source (the prices of one symbol, one event file), or a piece that continues
it. It becomes known at ``known_from``; a later version never overwrites it. A full batch and the batches that continue
it are one vintage: bars of one price basis, so that returns never mix two.
"""

from __future__ import annotations

from pipelines.contracts.identity import IDENTITY_ROWS
from pipelines.contracts.model import Column, Table
from pipelines.contracts.news import FEED_VALIDATORS, NEWS_ITEMS
from pipelines.contracts.reactions import CANDIDATE_DECISIONS
from pipelines.contracts.vocabulary import (
    ACTION_KINDS,
    BATCH_KINDS,
    CHUNK_OUTCOMES,
    FRENCH_DATASETS,
    HOURLY_SOURCES,
    LIVE_SOURCES,
    OUTCOMES,
)

BATCHES = Table(
    name="batches",
    grain="one row per stored version of one object of one source",
    key=("batch_id",),
    meaning="Ledger of raw batches, written in the transaction that writes their rows",
    columns=(
        Column("batch_id", "text", "name of the batch"),
        Column("source", "text", "source"),
        Column("object", "text", "what the batch is a version of: a symbol, a dataset, an event file"),
        Column("url", "text", "where it came from"),
        Column("content_hash", "text", "sha256 of the content"),
        Column("n_rows", "integer", "rows stored", minimum=0),
        Column("fetched_at", "instant", "when it was fetched"),
        Column("known_from", "instant", "from when on the pipeline knew this version; never runs backwards"),
        Column("run_id", "text", "run that stored it"),
        Column("vintage", "text", "full batch whose price basis it shares; a full batch names itself"),
        Column("kind", "text", "what it adds to its vintage", allowed=tuple(BATCH_KINDS)),
    ),
)

REQUESTS = Table(
    name="requests",
    grain="one row per request to a provider",
    key=("run_id", "source", "object", "first_date", "fetched_at"),
    meaning="How each request to a provider ended; what was not measured is null, never zero",
    columns=(
        Column("run_id", "text", "run that asked"),
        Column("source", "text", "source"),
        Column("object", "text", "what was asked for, by our name for it"),
        Column("first_date", "date", "first day asked for"),
        Column("last_date", "date", "last day asked for"),
        Column("outcome", "text", "how it ended", allowed=tuple(OUTCOMES)),
        Column("reason", "text", "what was expected and got; of an answer that is ok, what is not read", nullable=True),
        Column("url", "text", "what was asked, without anything secret"),
        Column("fetched_at", "instant", "when it was answered"),
        Column(
            "n_rows", "integer", "bars in the answer; null if the answer measured nothing", nullable=True, minimum=0
        ),
    ),
)

BACKFILL_CHUNKS = Table(
    name="backfill_chunks",
    grain="one row per chunk of a backfill and attempt at it",
    key=("run_id", "source", "object", "first_date", "last_date"),
    meaning="Ledger of backfills: how each chunk ended, written in the transaction that writes its rows",
    columns=(
        Column("run_id", "text", "backfill"),
        Column("source", "text", "source"),
        Column("object", "text", "what was asked for, by our name for it"),
        Column("first_date", "date", "first day of the chunk"),
        Column("last_date", "date", "last day of the chunk"),
        Column("outcome", "text", "how it ended", allowed=tuple(CHUNK_OUTCOMES)),
        Column("reason", "text", "what was found, where there is something to say", nullable=True),
        Column("n_requests", "integer", "requests that were made for it", minimum=0),
        Column("n_rows", "integer", "final bars that were stored", minimum=0),
        Column("finished_at", "instant", "when it ended"),
    ),
)

RUN_INPUTS = Table(
    name="run_inputs",
    grain="one row per run and object it read",
    key=("run_id", "source", "object"),
    meaning="The objects whose newest versions each run read, so that it can be repeated as of an instant",
    columns=(
        Column("run_id", "text", "run"),
        Column("price_source", "text", "source of the run's prices"),
        Column("source", "text", "source of the object"),
        Column("object", "text", "object"),
        Column("known_from", "instant", "instant by which every version that the run read was known"),
    ),
)

_BATCH = Column("batch_id", "text", "raw batch")
_ROW = Column("row_number", "integer", "row of the batch, counted from 0", minimum=0)


def _text(name: str, meaning: str) -> Column:
    return Column(name, "text", meaning, nullable=True)


def _number(name: str, meaning: str) -> Column:
    return Column(name, "float", meaning, nullable=True)


SAMPLE_PRICES = Table(
    name="sample_prices",
    grain="one row per row of a bundled dataset",
    key=("batch_id", "row_number"),
    meaning="Rows of the bundled price files, every cell as the file writes it",
    columns=(
        _BATCH,
        _ROW,
        Column("dataset", "text", "dataset of the package"),
        *(
            _text(name, f"the file's column {name!r}")
            for name in ("date", "open", "high", "low", "close", "adj_close", "volume")
        ),
    ),
)

FILES_PRICES = Table(
    name="files_prices",
    grain="one row per row of the user's price files",
    key=("batch_id", "row_number"),
    meaning="Rows of the user's price files; a cell that cannot be read stands as text in `unreadable`",
    columns=(
        _BATCH,
        _ROW,
        _text("symbol", "ticker"),
        Column("date", "date", "session date", nullable=True),
        *(_number(name, name) for name in ("open", "high", "low", "close", "adj_close", "volume")),
        Column("unreadable", "json", "cells that could not be read, by column", nullable=True),
        _text("file", "file the row came from"),
    ),
)

FILES_FACTORS = Table(
    name="files_factors",
    grain="one row per date and factor of the user's factor files",
    key=("batch_id", "row_number"),
    meaning="Cells of the user's factor files; a cell that cannot be read stands as text in `unreadable`",
    columns=(
        _BATCH,
        _ROW,
        Column("factor_date", "date", "date of the factor returns", nullable=True),
        Column("factor", "text", "factor, by our name for it"),
        _number("value", "return of the factor as the file writes it, decimal or percent"),
        Column("unreadable", "json", "cells that could not be read, by column", nullable=True),
        _text("file", "file the row came from"),
    ),
)

KEN_FRENCH_FACTORS = Table(
    name="ken_french_factors",
    grain="one row per date and factor of a file of the French data library",
    key=("batch_id", "row_number"),
    meaning="Factor returns as the French data library states them; its history is revised, each version is a batch",
    columns=(
        _BATCH,
        _ROW,
        Column("dataset", "text", "file", allowed=tuple(FRENCH_DATASETS)),
        Column("factor_date", "date", "date of the factor returns"),
        Column("factor", "text", "factor, by our name for it"),
        Column("value", "float", "return as the file writes it; -99.99 and -999 stand for none", unit="percent"),
        _text("crsp_vintage", "database that the file was made from, such as 202605 CRSP"),
        Column("file_hash", "text", "sha256 of the file inside of the zip"),
    ),
)

EDGAR_SHARE_COUNTS = Table(
    name="edgar_share_counts",
    grain="one row per count of shares that a filing states",
    key=("batch_id", "row_number"),
    meaning="Shares outstanding as filed at the SEC, on the split basis of their day",
    columns=(
        _BATCH,
        _ROW,
        Column("cik", "integer", "filer at the SEC", minimum=1),
        Column("symbol", "text", "security, by our name for it"),
        Column("concept", "text", "element of the filing, such as dei:EntityCommonStockSharesOutstanding"),
        Column("as_of_date", "date", "day of the count"),
        Column("filed_date", "date", "day of filing, before which nobody knew the count"),
        Column("shares_outstanding", "float", "count as filed", unit="shares", minimum=0),
        Column("form", "text", "form of the filing"),
        Column("accession", "text", "accession number of the filing"),
    ),
)

EDGAR_TICKERS = Table(
    name="edgar_tickers",
    grain="one row per ticker of a filer",
    key=("batch_id", "row_number"),
    meaning="Filers and their tickers as the SEC lists them, by market value; share classes are tickers of one filer",
    columns=(
        _BATCH,
        _ROW,
        Column("cik", "integer", "filer at the SEC", minimum=1),
        Column("symbol", "text", "ticker, such as BRK-B"),
        Column("name", "text", "name of the filer"),
    ),
)

CATALOGUE_EVENTS = Table(
    name="catalogue_events",
    grain="one row per event of an event catalogue",
    key=("batch_id", "row_number"),
    meaning="Curated events, validated field by field",
    columns=(
        _BATCH,
        _ROW,
        Column("event_id", "text", "name of the event"),
        Column("title", "text", "what happened"),
        Column("occurred_at", "instant", "when the source says it happened", nullable=True),
        Column("available_at", "instant", "earliest instant of public availability", nullable=True),
        Column("available_by", "instant", "latest instant of public availability", nullable=True),
        Column("event_date", "date", "session of an outcome, or the date where only that is known", nullable=True),
        Column("precision", "text", "minute, hour or day"),
        Column("kind", "text", "news, outcome or corporate_action"),
        _text("theme", "line of argument"),
        _text("url", "first source"),
        _text("verified", "yes, partial or no"),
        _text("note", "remark"),
        Column("tickers", "json", "list of {ticker, sign}"),
        Column("urls", "json", "list of all sources", nullable=True),
    ),
)

FILES_EVENTS = Table(
    name="files_events",
    grain="one row per row of the user's event list",
    key=("batch_id", "row_number"),
    meaning="Rows of a user's event list, the time cells as text",
    columns=(
        _BATCH,
        _ROW,
        _text("event_id", "name of the event"),
        _text("symbol", "security"),
        _text("event_date", "date of the event as written"),
        _text("occurred_at", "instant of the event as written"),
        _text("title", "what happened"),
        _text("expected_sign", "direction expected"),
        Column("attributes", "json", "every other column of the list, by name"),
    ),
)


def _bars(provider: str, name: str) -> Table:
    """Return the contract of a provider's bars: the columns of `BAR_COLUMNS` and what says where a row came from."""
    return Table(
        name=f"{provider}_prices",
        grain="one row per bar of an answer",
        key=("batch_id", "row_number"),
        meaning=f"Daily bars as {name} sends them; a batch holds what was new or changed, see batches",
        columns=(
            _BATCH,
            _ROW,
            Column("symbol", "text", "security, by our name for it"),
            Column("date", "date", "day of the bar on the exchange's clock", nullable=True),
            Column("opened_at", "instant", "the provider's own stamp", nullable=True),
            *(_number(name, name) for name in ("open", "high", "low", "close", "adj_close", "volume")),
            Column("is_final", "boolean", "the session and a grace time were over when the bar was fetched"),
        ),
    )


YAHOO_PRICES = _bars("yahoo", "Yahoo Finance")
NASDAQ_PRICES = _bars("nasdaq", "nasdaq.com")
COINBASE_PRICES = _bars("coinbase", "Coinbase")
BINANCE_PRICES = _bars("binance", "Binance")
FRED_PRICES = _bars("fred", "FRED")

HOURLY_PRICES = Table(
    name="hourly_prices",
    grain="one row per bar of an hour of an answer",
    key=("batch_id", "row_number"),
    meaning="Bars of an hour as the providers send them; a batch holds what was new or changed, see batches",
    columns=(
        _BATCH,
        _ROW,
        Column("source", "text", "provider", allowed=HOURLY_SOURCES),
        Column("symbol", "text", "security, by our name for it"),
        Column("session_date", "date", "day of the bar on the exchange's clock"),
        Column("opened_at", "instant", "opening of the hour, by the calendar where it has such an hour"),
        Column("stamped_at", "instant", "the provider's own stamp; that of a live row is not the hour's opening"),
        *(_number(name, name) for name in ("open", "high", "low", "close", "volume")),
        Column("is_final", "boolean", "the hour and a grace time were over when the bar was fetched"),
    ),
)

PRICE_ACTIONS = Table(
    name="price_actions",
    grain="one row per corporate action of an answer",
    key=("batch_id", "row_number"),
    meaning="Splits, dividends and capital gains as the providers of prices state them",
    columns=(
        _BATCH,
        _ROW,
        Column("source", "text", "provider", allowed=tuple(LIVE_SOURCES)),
        Column("symbol", "text", "security, by our name for it"),
        Column("date", "date", "first day that trades without it"),
        Column("kind", "text", "what sort of action", allowed=tuple(ACTION_KINDS)),
        _number("value", "dividend or capital gain in currency per share, split as new shares per old one"),
    ),
)

LIVE_PRICES = (YAHOO_PRICES, NASDAQ_PRICES, COINBASE_PRICES, BINANCE_PRICES, FRED_PRICES)
"""Raw tables of the providers that are asked over the network."""

RAW_ROWS = (
    SAMPLE_PRICES,
    FILES_PRICES,
    FILES_FACTORS,
    CATALOGUE_EVENTS,
    FILES_EVENTS,
    *LIVE_PRICES,
    HOURLY_PRICES,
    PRICE_ACTIONS,
    *IDENTITY_ROWS,
    NEWS_ITEMS,
    KEN_FRENCH_FACTORS,
    EDGAR_SHARE_COUNTS,
    EDGAR_TICKERS,
    CANDIDATE_DECISIONS,
)
RAW = (BATCHES, REQUESTS, RUN_INPUTS, BACKFILL_CHUNKS, FEED_VALIDATORS, *RAW_ROWS)

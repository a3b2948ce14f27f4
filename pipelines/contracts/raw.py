"""Contracts of the raw layer: append-only, one version of one object per batch.

A batch is one version of one object of one source (the prices of one symbol, one event file). It becomes known at
``known_from``; a later version never overwrites it.
"""

from __future__ import annotations

from pipelines.contracts.model import Column, Table

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

RAW_ROWS = (SAMPLE_PRICES, FILES_PRICES, FILES_FACTORS, CATALOGUE_EVENTS, FILES_EVENTS)
RAW = (BATCHES, *RAW_ROWS)

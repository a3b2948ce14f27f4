"""Contract of the news side of the raw layer: what was said, where, and from when on anybody could read it.

A batch of ``news_items`` is one poll's answer; its object names the source and the query, ``edgar:0001045810``. An item
that was changed is a new row of a later batch; one that says the same again is not stored. Two that differ only in
``available_at`` say the same: each is an instant by which the item was public, so the earliest counts. The instant at
which we first saw an item is ``fetched_at`` of its first batch.
"""

from __future__ import annotations

from pipelines.contracts.model import Column, Table
from pipelines.contracts.vocabulary import NEWS_KINDS, NEWS_SOURCES, PRECISIONS, TIME_BASES

NEWS_ITEMS = Table(
    name="news_items",
    grain="one row per item of an answer and version",
    key=("batch_id", "row_number"),
    meaning="Filings, headlines, stories, releases and papers as their sources state them",
    columns=(
        Column("batch_id", "text", "raw batch"),
        Column("row_number", "integer", "row of the batch, counted from 0", minimum=0),
        Column("source", "text", "source", allowed=tuple(NEWS_SOURCES)),
        Column("item_id", "text", "name of the item that stays the same within the source"),
        Column("url", "text", "where it can be read"),
        Column("title", "text", "headline, or what the item is"),
        Column("summary", "text", "beginning or abstract as plain text, cut to a limit", nullable=True),
        Column("publisher", "text", "who published it", nullable=True),
        Column("occurred_at", "instant", "when the source claims that it happened or was published", nullable=True),
        Column("time_text", "text", "the source's time as it was written", nullable=True),
        Column("time_basis", "text", "how that time was read", allowed=tuple(TIME_BASES)),
        Column(
            "precision", "text", "how exact the time is; null if nothing is known", nullable=True, allowed=PRECISIONS
        ),
        Column(
            "available_at",
            "instant",
            "earliest instant at which it was surely public; never later than when it was first seen",
            nullable=True,
        ),
        Column("symbols", "json", "list of the securities that the source itself names, by our names"),
        Column("kind", "text", "what sort of item", allowed=tuple(NEWS_KINDS)),
        Column("attributes", "json", "what one source alone says: form, items, cik, points"),
    ),
)

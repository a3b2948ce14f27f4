"""What every source of news answers: items as the source states them, and how the request ended.

A source asks for one query and reads times by the rule of its provider. It decides nothing else: which items were
stored before, which security an item is about and which items say the same is the business of those who know the
others.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

import polars as pl

from pipelines.contracts.news import NEWS_ITEMS
from pipelines.sources.live import Outcome

ITEM_COLUMNS: Final[dict[str, pl.DataType]] = {
    column.name: column.polars for column in NEWS_ITEMS.columns if column.name not in ("batch_id", "row_number")
}
"""Columns of an answer's items: those of ``raw.news_items`` that do not say where in the store a row is."""

SUMMARY_CHARACTERS: Final = 2000
"""Length to which a source cuts a summary."""


@dataclass(frozen=True, slots=True)
class NewsRequest:
    """What is asked of a source.

    Attributes
    ----------
    query : str
        In the words of the source: the address of a feed, a CIK, words to search for.
    first, last : datetime or None
        Instants between which the items lie, both included; None for what the source gives by itself.
    """

    query: str
    first: datetime | None = None
    last: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewsItem:
    """One item; see the contract ``news_items`` for what each field means."""

    item_id: str
    url: str
    title: str
    kind: str
    time_basis: str
    time_text: str | None = None
    occurred_at: datetime | None = None
    precision: str | None = None
    available_at: datetime | None = None
    summary: str | None = None
    publisher: str | None = None
    symbols: Sequence[str] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)


def items_frame(source: str, items: Iterable[NewsItem] = ()) -> pl.DataFrame:
    """Return items as a frame of ITEM_COLUMNS, in their order.

    Parameters
    ----------
    source : str
        A word of NEWS_SOURCES.
    """
    rows = [
        {
            "source": source,
            **{name: getattr(item, name) for name in ITEM_COLUMNS if name != "source"},
            "symbols": json.dumps(list(item.symbols)),
            "attributes": json.dumps(dict(item.attributes), sort_keys=True, ensure_ascii=False),
        }
        for item in items
    ]
    return pl.DataFrame(rows, schema=ITEM_COLUMNS, orient="row")


@dataclass(frozen=True, slots=True)
class NewsAnswer:
    """What came back.

    Attributes
    ----------
    reason : str
        For every outcome but OK: what was expected and what was got, in one sentence.
    items : DataFrame
        ITEM_COLUMNS, empty unless the outcome is OK.
    url : str
        What was asked, without anything secret.
    body : str
        Beginning of an answer that could not be read, for whoever looks into it.
    extra : mapping
        Facts of one source alone, such as what was left out and why.
    """

    request: NewsRequest
    outcome: Outcome
    fetched_at: datetime
    url: str
    reason: str = ""
    items: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=ITEM_COLUMNS))
    body: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)


class NewsSource(Protocol):
    """A source of news."""

    name: str
    """A word of NEWS_SOURCES."""

    def fetch(self, request: NewsRequest) -> NewsAnswer:
        """Ask, repetitions and further pages included; never raises for what a provider does."""
        ...

    def close(self) -> None:
        """Give connections back."""
        ...

"""What every live source of prices answers: bars as the provider sent them, and how the request ended.

A source asks for one symbol and one range of days. It decides nothing: which sessions there should have been, whether
a bar is final, whether history was restated and which version counts is the business of those who know the calendar
and what is stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final, Protocol

import polars as pl

BAR_COLUMNS: Final[dict[str, pl.DataType]] = {
    "date": pl.Date(),
    "opened_at": pl.Datetime("us", "UTC"),
    "open": pl.Float64(),
    "high": pl.Float64(),
    "low": pl.Float64(),
    "close": pl.Float64(),
    "adj_close": pl.Float64(),
    "volume": pl.Float64(),
}
"""Columns of an answer's bars, ascending by `opened_at`.

`date` is the day of the bar on the exchange's clock, `opened_at` the provider's own stamp. A cell that the provider
leaves out is null; what is no finite number stays what it is, for the rules on rows to say so.
"""

ACTION_COLUMNS: Final[dict[str, pl.DataType]] = {
    "date": pl.Date(),
    "kind": pl.String(),
    "value": pl.Float64(),
}
"""Columns of an answer's corporate actions: dividend and capital_gain in currency per share, split as new per old."""


UNREAD: Final = "unread"
"""In `Answer.extra`: names of what an answer has and nobody reads, such as a column that the provider has added."""


class Outcome(StrEnum):
    """How a request ended."""

    OK = "ok"
    EMPTY = "empty"  # the provider says that there is nothing
    REFUSED = "refused"  # a bad request or an unknown symbol: asking again changes nothing
    THROTTLED = "throttled"  # ask later; what there is was not measured
    BROKEN = "broken"  # truncated, a page instead of data, a time-out: ask again


@dataclass(frozen=True, slots=True)
class BarsRequest:
    """What is asked of a provider.

    Attributes
    ----------
    symbol : str
        By our name; a source that has another name for it translates.
    first, last : date
        Days on the exchange's clock, both included.
    interval : str
        "1d" or "1h".
    """

    symbol: str
    first: date
    last: date
    interval: str = "1d"


@dataclass(frozen=True, slots=True)
class Listing:
    """What the provider says of the security; None where it says nothing."""

    currency: str | None = None
    exchange: str | None = None
    time_zone: str | None = None
    kind: str | None = None
    first_day: date | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes
    ----------
    reason : str
        For every outcome but OK: what was expected and what was got, in one sentence.
    bars, actions : DataFrame
        BAR_COLUMNS and ACTION_COLUMNS, empty unless the outcome is OK.
    url : str
        What was asked, without anything secret.
    body : str
        Beginning of an answer that could not be read, for whoever looks into it.
    extra : mapping
        Facts of one provider alone.
    """

    request: BarsRequest
    outcome: Outcome
    fetched_at: datetime
    url: str
    reason: str = ""
    bars: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=BAR_COLUMNS))
    actions: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=ACTION_COLUMNS))
    listing: Listing = field(default_factory=Listing)
    body: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)


class BarsSource(Protocol):
    """A live source of prices."""

    name: str
    """Word that names its module, raw table and staging view, such as ``yahoo_prices``."""

    def fetch(self, request: BarsRequest) -> Answer:
        """Ask once, retries included; never raises for what a provider does."""
        ...

    def close(self) -> None:
        """Give connections back."""
        ...

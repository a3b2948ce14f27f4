"""Counts of shares outstanding that a filer's reports state, from EDGAR's facts.

A count is as filed: on the split basis of its day, known from the day of filing on, and stated again by later filings.
Filers of several share classes state none on their cover as a whole, but often one in the balance sheet; both elements
are kept, and which counts is decided in ``sql/core/share_counts.sql``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import polars as pl

from pipelines.contracts import EDGAR_SHARE_COUNTS
from pipelines.sources.edgar_web import EdgarAnswer, EdgarWeb
from pipelines.sources.live import Outcome
from pipelines.sources.web.judge import Expected, ShapeError

SOURCE: Final = EDGAR_SHARE_COUNTS.name
CONCEPTS: Final = (("dei", "EntityCommonStockSharesOutstanding"), ("us-gaap", "CommonStockSharesOutstanding"))
"""Elements that state a count: on the cover of a report, and in its balance sheet."""

_COLUMNS: Final = {
    column.name: column.polars for column in EDGAR_SHARE_COUNTS.columns if column.name not in ("batch_id", "row_number")
}


@dataclass(frozen=True, slots=True)
class ShareCountsRequest:
    """Whose counts are asked for.

    Attributes
    ----------
    symbol : str
        Our name of the security that the counts are of.
    """

    cik: int
    symbol: str


class EdgarShareCounts(EdgarWeb):
    """Counts of shares, to be closed after use; for the parameters see `EdgarWeb`."""

    name = SOURCE

    def fetch(self, request: ShareCountsRequest) -> EdgarAnswer:
        """Ask for the facts of a filer; EMPTY if they have no count. Never raises for what EDGAR does."""
        expected = Expected("json", read=lambda content: read_counts(content, request))
        page = self.get("data", f"/api/xbrl/companyfacts/CIK{request.cik:010d}.json", expected)
        if page.outcome is Outcome.OK and page.data.is_empty():
            reason = f"expected a count of shares of {request.symbol}, got facts without any"
            return EdgarAnswer(request.symbol, Outcome.EMPTY, page.fetched_at, page.url, reason)
        return EdgarAnswer.of(request.symbol, page, SOURCE, page.data if page.outcome is Outcome.OK else None)


def read_counts(content: Any, request: ShareCountsRequest) -> pl.DataFrame:
    """Return every count of both elements, in the order of EDGAR.

    Raises
    ------
    ShapeError
        If the facts are another filer's.
    """
    if int(content["cik"]) != request.cik:
        raise ShapeError(f"expected the facts of CIK {request.cik}, got those of {content['cik']!r:.20}")
    facts = content["facts"]
    rows = [
        _row(request, f"{space}:{name}", fact)
        for space, name in CONCEPTS
        for fact in facts.get(space, {}).get(name, {}).get("units", {}).get("shares", ())
    ]
    return pl.DataFrame(rows, schema=_COLUMNS, orient="row")


def _row(request: ShareCountsRequest, concept: str, fact: Mapping[str, Any]) -> tuple[object, ...]:
    end, filed = date.fromisoformat(fact["end"]), date.fromisoformat(fact["filed"])
    return request.cik, request.symbol, concept, end, filed, float(fact["val"]), str(fact["form"]), str(fact["accn"])

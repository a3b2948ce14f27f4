"""Daily market series of FRED such as ``DGS10`` and ``VIXCLS``, without a key.

A value is a bar's close, in the unit of the series (percent, points); there is nothing else. The days are those of the
latest vintage: a series that is revised says what is known now, not what was known then. A day without a value, such
as a holiday, is a row with ``.`` or nothing, and stays a row without a close. The column of days was ``DATE`` until the
end of 2024 and is ``observation_date`` since. A series that does not exist is a page of HTML, with status 404 or 200.
"""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Final

from pipelines.sources.live import Answer, BarsRequest, Listing, Outcome
from pipelines.sources.web.bars import Row, answered, failed, midnight, not_asked, number, unaskable
from pipelines.sources.web.judge import Expected, ShapeError
from pipelines.sources.web.limiter import Rate
from pipelines.sources.web.manners import Manners
from pipelines.sources.web.source import WebSource

SOURCE = "fred_prices"
BASE_URL = "https://fred.stlouisfed.org"
MANNERS = Manners(Rate(per_second=1))
HEADERS: Final = ("observation_date", "DATE")
MISSING: Final = (".", "")


class FredPrices(WebSource):
    """Daily values of FRED; a symbol is the id of a series."""

    name = SOURCE

    default_url = BASE_URL
    default_manners = MANNERS

    def fetch(self, request: BarsRequest) -> Answer:
        """Ask for one series."""
        reason = unaskable(request, ("1d",))
        if reason:
            return not_asked(request, self._client, reason)
        params = {"id": request.symbol, "cosd": request.first.isoformat(), "coed": request.last.isoformat()}
        expected = Expected("csv", read=lambda text: _rows(text, request.symbol))
        page = self._client.get("/graph/fredgraph.csv", params, expected)
        if page.outcome is not Outcome.OK:
            is_page = page.outcome in (Outcome.BROKEN, Outcome.REFUSED) and page.body.lstrip()[:1] == b"<"
            hint = f"; FRED answers so, too, if it has no series {request.symbol!r}" if is_page else ""
            return failed(request, page, page.reason + hint)
        return answered(request, page, page.data, Listing(kind="series"))


def _rows(text: str, series: str) -> list[Row]:
    try:
        header, *lines = list(csv.reader(io.StringIO(text, newline=""))) or [[]]
    except csv.Error as error:
        raise ShapeError(f"expected a CSV of two columns, got one that cannot be read: {error}") from error
    if header not in ([name, series] for name in HEADERS):
        raise ShapeError(f"expected the columns observation_date or DATE, and {series}, got {header!r:.80}")
    return [_row(line) for line in lines if line]


def _row(line: list[str]) -> Row:
    try:
        cell, value = line
        day = date.fromisoformat(cell)
    except ValueError as error:
        raise ShapeError(f"expected a day YYYY-MM-DD and a value, got {line!r:.80}") from error
    return day, midnight(day), None, None, None, number(value, MISSING), None, None

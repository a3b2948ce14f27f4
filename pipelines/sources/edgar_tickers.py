"""The SEC's map of filers and tickers: one filer may have several, its share classes, written as BRK-B.

The map is that of today, in order of market value; it says nothing of who had a ticker before.
"""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from pipelines.contracts import EDGAR_TICKERS
from pipelines.sources.edgar_web import EdgarAnswer, EdgarWeb
from pipelines.sources.live import Outcome
from pipelines.sources.web.judge import Expected, ShapeError

SOURCE: Final = EDGAR_TICKERS.name
OBJECT: Final = "company_tickers"
_COLUMNS: Final = {name: EDGAR_TICKERS.column(name).polars for name in ("cik", "symbol", "name")}


class EdgarTickers(EdgarWeb):
    """The map of tickers, to be closed after use; for the parameters see `EdgarWeb`."""

    name = SOURCE

    def fetch(self) -> EdgarAnswer:
        """Ask for the map; never raises for what EDGAR does."""
        page = self.get("site", "/files/company_tickers.json", Expected("json", read=read_tickers))
        return EdgarAnswer.of(OBJECT, page, SOURCE, page.data if page.outcome is Outcome.OK else None)


def read_tickers(content: Any) -> pl.DataFrame:
    """Return cik, symbol and name, a row for each ticker in the SEC's order.

    Raises
    ------
    ShapeError
        If there is none.
    """
    rows = [(int(row["cik_str"]), str(row["ticker"]).upper(), str(row["title"])) for row in content.values()]
    if not rows:
        raise ShapeError("expected filers with their tickers, got none")
    return pl.DataFrame(rows, schema=_COLUMNS, orient="row")


def symbols_by_cik(tickers: pl.DataFrame) -> dict[int, tuple[str, ...]]:
    """Return the tickers of each filer, the one of the largest market value first."""
    grouped = tickers.group_by("cik", maintain_order=True).agg("symbol")
    return {cik: tuple(symbols) for cik, symbols in grouped.iter_rows()}

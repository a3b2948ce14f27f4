"""A fake of FRED's download of one series."""

from __future__ import annotations

from datetime import date, timedelta
from http import HTTPStatus

from pipelines.fake_providers.market import Market
from pipelines.fake_providers.server import FakeServer, Reply, Request

_PAGE = b"<!DOCTYPE html>\n<html><head><title>Page not found | FRED</title></head><body></body></html>"
_SATURDAY = 5


class FakeFred(FakeServer):
    """Answers ``/graph/fredgraph.csv`` as FRED does: every weekday, with or without a value.

    Attributes
    ----------
    header : str
        Name of the column of days: ``observation_date``, or ``DATE`` as until 2024.
    missing : str
        What stands for no value: ``.`` or nothing.
    line_end : str
        Between two lines.
    unknown : int
        Status of the page of HTML for a series that does not exist.
    """

    def __init__(self, market: Market) -> None:
        self.market = market
        self.header = "observation_date"
        self.missing = "."
        self.line_end = "\n"
        self.unknown: int = HTTPStatus.NOT_FOUND
        super().__init__(self._series)

    def _series(self, request: Request) -> Reply:
        name = request.query.get("id", "")
        security = self.market.security(name)
        if request.path != "/graph/fredgraph.csv" or security is None or security.kind != "series":
            return Reply(_PAGE, self.unknown, "text/html; charset=utf-8")
        first = max(date.fromisoformat(request.query["cosd"]), security.listed)
        last = min(date.fromisoformat(request.query["coed"]), self.market.today)
        values = {bar.session: f"{bar.close:.2f}" for bar in self.market.bars(name, first, last)}
        days = [first + timedelta(n) for n in range((last - first).days + 1)]
        rows = [f"{day},{values.get(day, self.missing)}" for day in days if day.weekday() < _SATURDAY]
        lines = [f"{self.header},{name}", *rows]
        return Reply("".join(line + self.line_end for line in lines).encode(), content_type="application/csv")

"""FRED's download of a series, in the shapes in which it was seen, and every trap of its."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from pipelines.fake_providers import faults
from pipelines.fake_providers.fred import FakeFred
from pipelines.sources.fred_prices import FredPrices
from pipelines.sources.live import Outcome
from tests.recorded.asking import CLOSED, FIRST, LAST, ask, ask_recorded, market

CSV = "application/csv"


@pytest.fixture
def server() -> Iterator[FakeFred]:
    """Start a fake FRED."""
    with FakeFred(market()) as server:
        yield server


def test_a_value_is_a_close(server: FakeFred) -> None:
    """There is nothing else."""
    answer = ask(FredPrices, server, "DGS10")
    bars = answer.bars.drop_nulls("close")
    expected = server.market.bars("DGS10", FIRST, LAST)
    assert bars["date"].to_list() == [bar.session for bar in expected]
    assert bars["close"].to_list() == [round(bar.close, 2) for bar in expected]
    assert bars["opened_at"][0] == datetime(2025, 1, 6, tzinfo=UTC)
    assert bars.select("open", "high", "low", "adj_close", "volume").null_count().row(0) == (len(expected),) * 5
    assert server.log[0].query == {"id": "DGS10", "cosd": "2025-01-06", "coed": "2025-01-17"}


@pytest.mark.parametrize("header", ["observation_date", "DATE"])
@pytest.mark.parametrize("missing", [".", ""])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_both_headers_both_words_for_nothing_and_both_line_ends(
    server: FakeFred, header: str, missing: str, line_end: str
) -> None:
    """A holiday is a row without a close."""
    honest = ask(FredPrices, server, "VIXCLS").bars
    server.header, server.missing, server.line_end = header, missing, line_end
    bars = ask(FredPrices, server, "VIXCLS").bars
    assert bars.equals(honest)
    assert bars.filter(bars["close"].is_null())["date"].to_list() == [CLOSED]
    assert bars.height == 10


@pytest.mark.parametrize(
    "body",
    ["DATE,DGS10\n2025-01-06,4.5", "\ufeffDATE,DGS10\r\n2025-01-06,4.5\r\n\r\n", 'DATE,"DGS10"\n2025-01-06,"4.5"'],
)
def test_the_end_the_beginning_and_quotes_do_not_matter(body: str) -> None:
    """No last line end, blank lines, a byte order mark."""
    assert ask_recorded(FredPrices, body, "DGS10", CSV).bars["close"].to_list() == [4.5]


def test_an_unknown_series_is_a_page_with_404(server: FakeFred) -> None:
    """It is refused, and the reason says what the page means."""
    answer = ask(FredPrices, server, "NOPE")
    assert (answer.outcome, len(server.log)) == (Outcome.REFUSED, 1)
    assert answer.reason.endswith("FRED answers so, too, if it has no series 'NOPE'")


def test_fault_26_a_page_with_200_is_broken_and_the_reason_names_both_causes(server: FakeFred) -> None:
    """An unknown series and a server out of order look the same."""
    server.unknown = 200
    answer = ask(FredPrices, server, "NOPE")
    assert answer.outcome is Outcome.BROKEN
    assert "if it has no series 'NOPE'" in answer.reason
    assert "Page not found" in answer.body


def test_a_header_alone_is_empty(server: FakeFred) -> None:
    """There are no days so far ahead."""
    answer = ask(FredPrices, server, "DGS10", first=date(2030, 1, 1), last=date(2030, 1, 31))
    assert answer.outcome is Outcome.EMPTY
    assert ask_recorded(FredPrices, "DATE,DGS10\n", "DGS10", CSV).outcome is Outcome.EMPTY


def test_days_that_were_not_asked_for_are_counted_and_left_out() -> None:
    """FRED may ignore the range."""
    body = "DATE,DGS10\n1962-01-02,4.06\n2025-01-06,4.62\n"
    answer = ask_recorded(FredPrices, body, "DGS10", CSV)
    assert (answer.bars["close"].to_list(), answer.extra["rows_outside"]) == ([4.62], "1")


@pytest.mark.parametrize(
    "body",
    [
        "DATE,DGS2\n2025-01-06,4.5\n",
        "date,DGS10\n2025-01-06,4.5\n",
        "DATE,DGS10,DGS2\n2025-01-06,4.5,4.2\n",
        "DATE,DGS10\n2025-01-06\n",
        "DATE,DGS10\n2025-01-06,4.5,1\n",
        "DATE,DGS10\n06/01/2025,4.5\n",
        "DATE,DGS10\n2025-01-06,high\n",
        "DATE,DGS10\n2025-01-06," + "9" * 200_000 + "\n",
        "DATE,DGS10\n2025-01-0",
        "Too many requests",
        "",
    ],
)
def test_fault_41_another_shape_is_broken(body: str) -> None:
    """Another series, another column, a cell that cannot be read, a line that was cut."""
    assert ask_recorded(FredPrices, body, "DGS10", CSV).outcome is Outcome.BROKEN


def test_fault_26_a_body_that_ends_too_early_is_broken(server: FakeFred) -> None:
    """A CSV does not say where it ends, but HTTP and gzip do."""
    for fault in (faults.hung_up, faults.cut_zip):
        server.arm(fault)
        assert ask(FredPrices, server, "DGS10").outcome is Outcome.BROKEN
        server.disarm()


def test_hours_are_not_offered(server: FakeFred) -> None:
    """Nothing is asked."""
    assert ask(FredPrices, server, "DGS10", interval="1h").outcome is Outcome.REFUSED
    assert server.log == []

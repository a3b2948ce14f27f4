"""A chart of another shape than agreed is named as such, and never read halfway."""

from __future__ import annotations

import copy
import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.sources.live import ACTION_COLUMNS, BAR_COLUMNS, BarsRequest, Outcome
from pipelines.sources.web.judge import ShapeError
from pipelines.sources.yahoo_chart import judge_chart, read_chart

NVDA = BarsRequest("NVDA", date(2024, 6, 7), date(2024, 6, 10))
# As in the documentation of the wire format: the split of 10 for 1, and the dividend of a day later.
CHART: dict[str, Any] = {
    "meta": {
        "currency": "USD",
        "symbol": "NVDA",
        "exchangeName": "NMS",
        "instrumentType": "EQUITY",
        "firstTradeDate": 917015400,
        "regularMarketTime": 1718049600,
        "exchangeTimezoneName": "America/New_York",
        "dataGranularity": "1d",
    },
    "timestamp": [1717767000, 1718026200],
    "events": {
        "dividends": {"1718026200": {"amount": 0.01, "date": 1718026200}},
        "splits": {"1718026200": {"date": 1718026200, "numerator": 10, "denominator": 1, "splitRatio": "10:1"}},
    },
    "indicators": {
        "quote": [
            {
                "open": [119.77, 120.37],
                "high": [121.0, 123.1],
                "low": [118.6, 117.01],
                "close": [120.888, 121.79],
                "volume": [412386000, 314162700],
            }
        ],
        "adjclose": [{"adjclose": [120.8, 121.7]}],
    },
}


def with_part(path: str, value: Any) -> dict[str, Any]:
    """Return an answer in which one part, named by its path, has another value."""
    result = copy.deepcopy(CHART)
    inner: Any = result
    *outer, last = [int(step) if step.isdigit() and len(step) == 1 else step for step in path.split("/")]
    for step in outer:
        inner = inner[step]
    inner[last] = value
    return {"chart": {"result": [result], "error": None}}


def test_the_documented_chart() -> None:
    """Bars, the split as new per old, the first day on the exchange's clock."""
    chart = read_chart({"chart": {"result": [CHART], "error": None}}, NVDA)
    assert chart.bars.row(0) == (
        date(2024, 6, 7),
        datetime(2024, 6, 7, 13, 30, tzinfo=UTC),
        *(119.77, 121.0, 118.6, 120.888, 120.8, 412386000.0),
    )
    assert chart.actions.rows() == [(date(2024, 6, 10), "dividend", 0.01), (date(2024, 6, 10), "split", 10.0)]
    assert chart.listing.first_day == date(1999, 1, 22)
    assert chart.extra == {"last_trade_at": "1718049600"}


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("meta", None, "expected meta to be an object"),
        ("meta/exchangeTimezoneName", None, "expected exchangeTimezoneName to be a time zone, got None"),
        ("meta/exchangeTimezoneName", "../etc", "to be a time zone"),
        ("meta/firstTradeDate", "1999", "expected seconds of UTC, got '1999'"),
        ("timestamp", {"0": 1}, "expected timestamp to be an array"),
        ("timestamp/0", None, "expected seconds of UTC, got None"),
        ("timestamp/0", True, "expected seconds of UTC"),
        ("timestamp/0", 1717767000.5, "expected seconds of UTC"),
        ("timestamp/0", 10**15, "expected seconds of UTC"),
        ("timestamp", [1717767000], "expected 1 cells of open, one per time stamp, got 2"),
        ("indicators", "none", "expected indicators to be an object"),
        ("indicators/quote", "none", "expected quote to be an array"),
        ("indicators/quote/0/close", [1.0], "expected 2 cells of close, one per time stamp, got 1"),
        ("indicators/quote/0/close", "12", "expected close to be an array"),
        ("indicators/quote/0/close/0", "120.888", "expected numbers in close, got '120.888'"),
        ("indicators/quote/0/volume/0", True, "expected numbers in volume, got True"),
        ("events", ["dividends"], "expected events to be an object"),
        ("events/splits/1718026200/denominator", 0, "expected numbers for a split, got 0"),
        ("events/splits/1718026200/numerator", None, "expected numbers for a split, got None"),
        ("events/dividends/1718026200/amount", "0.01", "expected numbers in dividend, got '0.01'"),
        ("events/dividends/1718026200/date", None, "expected seconds of UTC, got None"),
    ],
)
def test_another_shape_is_named_41(path: str, value: Any, reason: str) -> None:
    """FAULTS 41: a column of another type, of another length, a part that is none."""
    with pytest.raises(ShapeError, match=reason.replace("(", r"\(").replace("[", r"\[")):
        read_chart(with_part(path, value), NVDA)


@pytest.mark.parametrize(("path", "value"), [("indicators", {}), ("indicators/quote", [{}]), ("indicators/quote", [])])
def test_what_is_left_out_is_null(path: str, value: Any) -> None:
    """Every cell of the arrays that are not there."""
    assert read_chart(with_part(path, value), NVDA).bars["close"].null_count() == 2


def test_a_new_column_is_allowed_41() -> None:
    """FAULTS 41: what is not known is not read."""
    answer = with_part("indicators/quote/0/turnover", [1, 2])
    assert read_chart(answer, NVDA).bars.height == 2


def test_a_whole_number_beyond_floats_is_infinite() -> None:
    """It stays what it is, for the rules on rows."""
    answer = with_part("indicators/quote/0/volume/0", 10**400)
    assert read_chart(answer, NVDA).bars["volume"][0] == float("inf")


def test_rows_come_in_the_order_of_their_stamps() -> None:
    """Whatever order Yahoo had."""
    answer = with_part("timestamp", [1718026200, 1717767000])
    assert read_chart(answer, NVDA).bars["close"].to_list() == [121.79, 120.888]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
PARTS = [
    *("meta", "meta/symbol", "meta/exchangeTimezoneName", "meta/firstTradeDate", "meta/dataGranularity"),
    *("timestamp", "timestamp/0", "indicators", "indicators/quote", "indicators/quote/0"),
    *("indicators/quote/0/close/1", "indicators/adjclose", "events", "events/splits"),
    *("events/splits/1718026200/numerator", "events/dividends", "events/dividends/1718026200"),
]


@given(path=st.sampled_from(PARTS), value=JSON)
def test_anything_is_judged_and_never_raises(path: str, value: Any) -> None:
    """A part replaced by whatever JSON there is: a chart of the agreed columns, or broken with a reason."""
    body = json.dumps(with_part(path, value)).encode()
    verdict = judge_chart(NVDA, 200, {"content-type": "application/json"}, body)
    if verdict.outcome is Outcome.OK:
        assert dict(verdict.data.bars.schema) == BAR_COLUMNS
        assert dict(verdict.data.actions.schema) == ACTION_COLUMNS
        assert not any(verdict.data.bars[name].is_nan().any() for name in ("open", "close", "adj_close", "volume"))
    else:
        assert verdict.outcome is Outcome.BROKEN
        assert verdict.reason
        assert verdict.may_retry


@given(status=st.integers(100, 999), body=st.binary(max_size=60), kind=st.sampled_from(["text/html", "", "x/y"]))
def test_any_status_is_judged(status: int, body: bytes, kind: str) -> None:
    """No answer without an outcome, and none but a chart is OK."""
    verdict = judge_chart(NVDA, status, {"content-type": kind} if kind else {}, body)
    assert verdict.outcome is not Outcome.OK
    assert verdict.reason

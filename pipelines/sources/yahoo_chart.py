"""Read what Yahoo's chart says, as it says it, and judge answers that are no chart.

One result holds `meta`, a `timestamp` per bar and one array per column beside it. Stamps are seconds of UTC at which a
bar opened; the last of them may be now instead, for a bar that still runs. Prices are divided by all later splits
whenever they are asked for; `adjclose`, which bars of an hour do not have, is reduced by dividends besides.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from http import HTTPStatus
from typing import Any, Final
from zoneinfo import ZoneInfo

import polars as pl

from pipelines.sources.live import ACTION_COLUMNS, BAR_COLUMNS, UNREAD, BarsRequest, Listing, Outcome
from pipelines.sources.web.judge import ShapeError, Verdict
from pipelines.sources.yahoo_answers import described, judge_answer

_PRICES: Final = ("open", "high", "low", "close")
_GRANULARITIES: Final = {"1d": ("1d",), "1h": ("1h", "60m")}
_EVENTS: Final = {"dividends": "dividend", "splits": "split", "capitalGains": "capital_gain"}
_NUMBERS: Final = frozenset({float, int, type(None)})
_READ: Final = {
    "": ("meta", "timestamp", "events", "indicators"),
    "indicators.": ("quote", "adjclose"),
    "quote.": (*_PRICES, "volume"),
    "adjclose.": ("adjclose",),
}
"""What an answer has, by the part that it is in; the rest is not read."""

_LAST_SECOND: Final = 253_402_300_799  # of the year 9999


@dataclass(frozen=True, slots=True)
class Chart:
    """Rows of the days that were asked for, and what is said of the security."""

    bars: pl.DataFrame
    actions: pl.DataFrame
    listing: Listing
    extra: Mapping[str, str]


def judge_chart(request: BarsRequest, status: int, headers: Mapping[str, str], body: bytes) -> Verdict:
    """Return what an answer to a request for a chart is worth; for OK, its data is the `Chart`.

    Parameters
    ----------
    headers : mapping
        Names in lower case.
    """
    said = "" if status == HTTPStatus.OK else described(body)
    if status == HTTPStatus.BAD_REQUEST and said.startswith("Data doesn't exist"):
        return Verdict(Outcome.EMPTY, f"Yahoo says: {said}")
    if status == HTTPStatus.NOT_FOUND and said:
        return Verdict(Outcome.REFUSED, f"{request.symbol}: unknown symbol or delisted; Yahoo says: {said}")
    if status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY) and said:
        return Verdict(Outcome.REFUSED, f"refused with status {status}; Yahoo says: {said}")
    return judge_answer("a chart", lambda data: read_chart(data, request), status, headers, body)


def read_chart(data: Any, request: BarsRequest) -> Chart:
    """Return the bars and actions of a parsed answer.

    Raises
    ------
    ShapeError
        If a part is missing, has another type, or the arrays differ in length.
    """
    result = _result(data)
    meta = _mapping(result.get("meta"), "meta")
    _check_identity(meta, request)
    zone = meta.get("exchangeTimezoneName")
    if not isinstance(zone, str) or not _is_zone(zone):
        raise ShapeError(f"expected exchangeTimezoneName to be a time zone, got {zone!r}")
    bars, n_outside = _within(_bars(result, zone), request)
    events = _mapping(result.get("events") or {}, "events")
    actions, _ = _within(_actions(events, zone), request)
    return Chart(bars, actions, _listing(meta, zone), _extra(meta, events, n_outside) | _unread(result))


def _result(data: Any) -> Mapping[str, Any]:
    chart = _mapping(_mapping(data, "the answer").get("chart"), "chart")
    if chart.get("error"):
        raise ShapeError(f"expected a chart, got the error {str(chart['error'])[:200]}")
    results = chart.get("result")
    if not isinstance(results, list) or len(results) != 1:
        raise ShapeError(f"expected a list of one result, got {str(results)[:80]}")
    return _mapping(results[0], "result")


def _mapping(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ShapeError(f"expected {name} to be an object, got {str(value)[:80]!r}")
    return value


def _check_identity(meta: Mapping[str, Any], request: BarsRequest) -> None:
    symbol, granularity = str(meta.get("symbol", "")), str(meta.get("dataGranularity", request.interval))
    if symbol.upper() != request.symbol.upper():
        raise ShapeError(f"asked for {request.symbol}, got a chart of {symbol[:40]!r}")
    if granularity not in _GRANULARITIES[request.interval]:
        raise ShapeError(f"asked for bars of {request.interval}, got bars of {granularity[:40]!r}")


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
        pl.select(pl.lit(datetime(2000, 1, 1, tzinfo=UTC)).dt.convert_time_zone(name))
    except (ValueError, OSError, pl.exceptions.PolarsError):  # ZoneInfoNotFoundError is a KeyError
        return False
    except KeyError:
        return False
    return True


def _bars(result: Mapping[str, Any], zone: str) -> pl.DataFrame:
    stamps = result.get("timestamp") or []
    columns = _cells(result, "quote") | _cells(result, "adjclose")
    names = {**{name: name for name in _PRICES}, "adj_close": "adjclose", "volume": "volume"}
    frame = {"stamp": _seconds(_sequence(stamps, "timestamp"))}
    for ours, theirs in names.items():
        frame[ours] = _numbers(columns.get(theirs), theirs, len(stamps))
    return _dated(pl.DataFrame(frame).fill_nan(None), zone, "opened_at").select(_typed(BAR_COLUMNS))


def _cells(result: Mapping[str, Any], group: str) -> dict[str, Any]:
    """Return the arrays of a group of indicators; none where the window is empty or the interval has none."""
    indicators = _mapping(result.get("indicators") or {}, "indicators")
    groups = _sequence(indicators.get(group) or [{}], group)
    return dict(_mapping(groups[0] or {}, group))


def _actions(events: Mapping[str, Any], zone: str) -> pl.DataFrame:
    rows = [row for theirs, kind in _EVENTS.items() for row in _events_of(events.get(theirs) or {}, kind)]
    frame = pl.DataFrame(rows, schema={"stamp": pl.Int64, "kind": pl.String, "value": pl.Float64}, orient="row")
    return _dated(frame, zone, "at").sort("at", "kind", maintain_order=True).select(_typed(ACTION_COLUMNS))


def _events_of(events: Any, kind: str) -> Iterator[tuple[int, str, float]]:
    for event in _mapping(events, f"events of the kind {kind}").values():
        facts = _mapping(event, kind)
        if kind == "split":
            new, old = _action_value(facts.get("numerator"), kind), _action_value(facts.get("denominator"), kind)
            yield _second(facts.get("date")), kind, new / old
        else:
            yield _second(facts.get("date")), kind, _action_value(facts.get("amount"), kind)


def _action_value(value: Any, kind: str) -> float:
    number = _number(value, kind)
    if number is None or not math.isfinite(number) or (kind == "split" and number <= 0):
        raise ShapeError(f"expected numbers for a {kind}, got {value!r}")
    return number


def _dated(frame: pl.DataFrame, zone: str, name: str) -> pl.DataFrame:
    """Turn stamps into instants, in whose order the rows then are, and days on the exchange's clock."""
    instant = pl.from_epoch("stamp", "s").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    frame = frame.with_columns(instant.alias(name)).sort(name, maintain_order=True)
    return frame.with_columns(pl.col(name).dt.convert_time_zone(zone).dt.date().alias("date"))


def _within(frame: pl.DataFrame, request: BarsRequest) -> tuple[pl.DataFrame, int]:
    """Return the rows of the days that were asked for, and the number of the others."""
    kept = frame.filter(pl.col("date").is_between(request.first, request.last))
    return kept, frame.height - kept.height


def _typed(columns: Mapping[str, pl.DataType]) -> list[pl.Expr]:
    return [pl.col(name).cast(dtype) for name, dtype in columns.items()]


def _sequence(value: Any, name: str) -> Sequence[Any]:
    if not isinstance(value, list):
        raise ShapeError(f"expected {name} to be an array, got {str(value)[:80]!r}")
    return value


def _second(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not -_LAST_SECOND < value < _LAST_SECOND:
        raise ShapeError(f"expected seconds of UTC, got {value!r}")
    return value


def _seconds(values: Sequence[Any]) -> pl.Series:
    if set(map(type, values)) == {int} and -_LAST_SECOND < min(values) <= max(values) < _LAST_SECOND:
        return pl.Series(values, dtype=pl.Int64)
    return pl.Series([_second(value) for value in values], dtype=pl.Int64)


def _numbers(cells: Any, name: str, count: int) -> pl.Series:
    """Return an array's cells; all null if it is left out."""
    if cells is None:
        return pl.repeat(None, count, dtype=pl.Float64, eager=True)
    values = _sequence(cells, name)
    if len(values) != count:
        raise ShapeError(f"expected {count} cells of {name}, one per time stamp, got {len(values)}")
    if set(map(type, values)) <= _NUMBERS:
        with suppress(OverflowError):  # a whole number of more digits than a column can take is read by itself
            return pl.Series(values, dtype=pl.Float64)
    return pl.Series([_number(value, name) for value in values], dtype=pl.Float64)


def _number(value: Any, name: str) -> float | None:
    """Return a number, None for null."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ShapeError(f"expected numbers in {name}, got {value!r}")
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _listing(meta: Mapping[str, Any], zone: str) -> Listing:
    first = meta.get("firstTradeDate")
    return Listing(
        currency=_text(meta.get("currency")),
        exchange=_text(meta.get("exchangeName")),
        time_zone=zone,
        kind=_text(meta.get("instrumentType")),
        first_day=None if first is None else _day(_second(first), zone),
    )


def _day(second: int, zone: str) -> date:
    return _dated(pl.DataFrame({"stamp": [second]}), zone, "at")["date"].item()  # type: ignore[no-any-return]


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _unread(result: Mapping[str, Any]) -> dict[str, str]:
    """Return the names of what the answer has that is not read: what a provider adds is let through, and told."""
    parts = {"": result, "indicators.": result.get("indicators") or {}}
    parts |= {f"{group}.": _cells(result, group) for group in ("quote", "adjclose")}
    names = [f"{at}{name}" for at, part in parts.items() for name in part if name not in _READ[at]]
    return {UNREAD: ", ".join(sorted(names))} if names else {}


def _extra(meta: Mapping[str, Any], events: Mapping[str, Any], n_outside: int) -> dict[str, str]:
    """Return when the last trade was, how many rows lie outside of the request, and in what else dividends are paid."""
    extra = {"rows_outside": str(n_outside)} if n_outside else {}
    if isinstance(meta.get("regularMarketTime"), int):
        extra["last_trade_at"] = str(meta["regularMarketTime"])
    paid = {str(each.get("currency")) for each in (events.get("dividends") or {}).values() if each.get("currency")}
    if paid - {meta.get("currency")}:
        extra["dividend_currency"] = ",".join(sorted(paid))
    return extra

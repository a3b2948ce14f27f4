"""What can be wrong with a chart of Yahoo's, beside what can be wrong with any reply.

Each function returns a fault to arm: ``yahoo.arm(in_other_units(100), "VOD.L", times=1)``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pipelines.fake_providers.server import Fault, Reply
from pipelines.fake_providers.yahoo import error


def chart_fault(change: Callable[[dict[str, Any]], None]) -> Fault:
    """Return a fault that changes the first result of a chart in place."""

    def spoil(honest: Reply) -> Reply:
        data = json.loads(honest.body)
        for result in (data.get("chart") or {}).get("result") or ():
            change(result)
        return replace(honest, body=json.dumps(data).encode())

    return spoil


def nothing() -> Fault:
    """Return a fault that leaves out time stamps and every array, as for a window without sessions."""

    def change(result: dict[str, Any]) -> None:
        result.pop("timestamp", None)
        result.pop("events", None)
        result["indicators"] = {"quote": [{}], "adjclose": [{}]}

    return chart_fault(change)


def null_bars(count: int = 1) -> Fault:
    """Return a fault that makes nulls of `count` bars in the middle, volumes included."""

    def change(result: dict[str, Any]) -> None:
        middle = len(result["timestamp"]) // 2
        for cells in _arrays(result).values():
            cells[middle : middle + count] = [None] * count

    return chart_fault(change)


def cell(name: str, position: int, value: Any) -> Fault:
    """Return a fault that puts a value into one cell of an array, such as ``cell("close", -1, None)``."""
    return chart_fault(lambda result: _arrays(result)[name].__setitem__(position, value))


def without(name: str) -> Fault:
    """Return a fault that leaves one array out, such as ``volume``."""

    def change(result: dict[str, Any]) -> None:
        for group in result["indicators"].values():
            group[0].pop(name, None)

    return chart_fault(change)


def live_beside_final(factor: float = 1.001) -> Fault:
    """Return a fault that adds a live row, stamped now, after the final row of the same day."""

    def change(result: dict[str, Any]) -> None:
        for name, cells in _arrays(result).items():
            cells.append(round(cells[-1] * factor) if name == "volume" else cells[-1] * factor)
        result["timestamp"].append(result["meta"]["regularMarketTime"])

    return chart_fault(change)


def in_other_units(factor: float = 100.0) -> Fault:
    """Return a fault that multiplies all prices, as when pence become pounds."""
    return chart_fault(lambda result: _scale(result, factor, len(result["timestamp"])))


def half_rescaled(ratio: float) -> Fault:
    """Return a fault that takes a split back in the older half of the rows."""
    return chart_fault(lambda result: _scale(result, ratio, len(result["timestamp"]) // 2))


def meta(**facts: Any) -> Fault:
    """Return a fault that says other things of the security; None leaves them out."""

    def change(result: dict[str, Any]) -> None:
        merged = {**result["meta"], **facts}
        result["meta"] = {name: value for name, value in merged.items() if value is not None}

    return chart_fault(change)


def dividends_in(currency: str) -> Fault:
    """Return a fault that says that dividends are paid in a currency."""

    def change(result: dict[str, Any]) -> None:
        for dividend in result["events"]["dividends"].values():
            dividend["currency"] = currency

    return chart_fault(change)


def error_with_200(code: str = "Internal Server Error", description: str = "Oops") -> Fault:
    """Return a fault that says status 200 and means an error."""
    return lambda _: error(200, code, description)


def _arrays(result: dict[str, Any]) -> dict[str, list[Any]]:
    return {name: cells for group in result["indicators"].values() for name, cells in group[0].items()}


def _scale(result: dict[str, Any], factor: float, rows: int) -> None:
    for name, cells in _arrays(result).items():
        if name != "volume":
            cells[:rows] = [None if value is None else value * factor for value in cells[:rows]]

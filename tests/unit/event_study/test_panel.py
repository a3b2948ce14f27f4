"""A return panel holds what it was given, or says what is wrong with it."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from pipelines.errors import ContractError, SpecError
from pipelines.event_study import ReturnPanel
from pipelines.event_study.panel import as_date
from tests.event_study_inputs import day, price_rows, returns_frame

FRAME = returns_frame(price_rows("B", [1.0, None, 3.0]), price_rows("A", [4.0, 5.0], first=7))


def test_rows_are_sorted_by_symbol_and_session() -> None:
    """Rows in any order become one run per symbol, each in order of its sessions."""
    panel = ReturnPanel.from_frame(FRAME.reverse())
    assert panel.symbols == ("A", "B")
    assert panel.offsets.tolist() == [0, 2, 4]
    assert panel.session_index.tolist() == [7, 8, 0, 2]
    assert panel.price.tolist() == [4.0, 5.0, 1.0, 3.0]
    assert [as_date(number) for number in panel.session_day] == [day(7), day(8), day(0), day(2)]


def test_missing_returns_become_nan() -> None:
    """A null return, on a first row or after a gap, is NaN in the panel."""
    panel = ReturnPanel.from_frame(FRAME)
    np.testing.assert_array_equal(panel.simple_return, [np.nan, 0.25, np.nan, np.nan])


def test_sessions_without_a_price_may_be_rows_with_a_null_price() -> None:
    """A row with a null price adds the session's date and nothing else."""
    gap = pl.DataFrame({"symbol": "B", "session_date": day(1), "session_index": 1}).with_columns(
        pl.lit(None, pl.Float64).alias(name) for name in ("return_price", "simple_return", "log_return")
    )
    panel = ReturnPanel.from_frame(pl.concat([FRAME, gap.select(FRAME.columns)]))
    assert panel.has_price.tolist() == [True, True, True, False, True]
    assert panel.priced_row(panel.code("B"), 1) is None
    assert panel.priced_row(panel.code("B"), 2) == 4


def test_symbols_are_looked_up_at_once() -> None:
    """Every symbol gets its code, one the panel does not hold gets -1."""
    codes = ReturnPanel.from_frame(FRAME).codes(pl.Series(["B", "Z", "A", "B"]))
    assert codes.tolist() == [1, -1, 0, 1]


def test_price_on_a_day_is_found_by_date() -> None:
    """Whether a listing has a price on a day is asked by the day's date."""
    panel = ReturnPanel.from_frame(FRAME)
    days = [(day(number) - date(1970, 1, 1)).days for number in range(4)]
    assert [panel.has_price_on(panel.code("B"), number) for number in days] == [True, False, True, False]


def test_unknown_benchmark_is_named_with_some_of_the_symbols() -> None:
    """A benchmark without prices is named together with symbols that have some."""
    with pytest.raises(SpecError, match=r"benchmark 'SPX' has no prices in the panel; it holds A, B$"):
        ReturnPanel.from_frame(FRAME).code("SPX")
    many = returns_frame(*(price_rows(symbol, [1.0]) for symbol in "ABCDEFGH"))
    with pytest.raises(SpecError, match=r"it holds A, B, C, D, E and 3 more$"):
        ReturnPanel.from_frame(many).code("SPX")


def test_panel_without_rows_holds_no_symbols() -> None:
    """An empty frame makes an empty panel."""
    panel = ReturnPanel.from_frame(FRAME.clear())
    assert panel.symbols == ()
    assert panel.codes(pl.Series(["A"])).tolist() == [-1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (FRAME.drop("log_return"), r"needs the columns .* missing \['log_return'\]"),
        (
            FRAME.with_columns(session_date=pl.lit(None, pl.Date)),
            "session_date of a return panel must not be null; 4 rows",
        ),
        (FRAME.with_columns(return_price=0.0), r"return_price must be a positive number or null; A on .* has 0.0"),
        (FRAME.with_columns(return_price=pl.lit(float("inf"))), "return_price must be a positive number"),
        (pl.concat([FRAME, FRAME.head(1)]), "one row per session_index; A on 2024-01-08 has session_index 7 twice"),
        (
            FRAME.with_columns(session_date=pl.lit(day(3))),
            "session_date must rise with session_index; after A on 2024-01-04 comes 2024-01-04",
        ),
    ],
)
def test_frame_that_is_no_panel_is_refused_and_the_row_named(change: pl.DataFrame, message: str) -> None:
    """A frame that breaks the panel's rules is refused, and the message names column, listing and day."""
    with pytest.raises(ContractError, match=message):
        ReturnPanel.from_frame(change)

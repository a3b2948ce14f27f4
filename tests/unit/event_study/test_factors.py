"""A factor's return spans the days that a security's return spans, or is missing."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from pipelines.errors import ContractError, SpecError
from pipelines.event_study import ReturnPanel, Window, run_study
from pipelines.event_study.alignment import matched_factor
from pipelines.event_study.factors import FactorTable
from tests.event_study_inputs import a_spec, compounded, day, price_rows, resolved_pairs, returns_frame

TABLE = pl.DataFrame({"factor_date": [day(n) for n in range(5)], "smb": [0.5, 1.0, 2.0, 0.25, 3.0]})


def over(table: pl.DataFrame, before: int, last: int, name: str = "smb") -> float:
    """Return a factor's return over the days after one number up to another."""
    days = [np.array([(day(number) - date(1970, 1, 1)).days], dtype=np.int32) for number in (before, last)]
    return float(FactorTable.from_frame(table).over(name, *days)[0])


def test_one_day_is_the_factors_own_value() -> None:
    """Over one date the value itself is taken, bit for bit: 1 + x - 1 would lose digits."""
    table = TABLE.with_columns(smb=pl.lit(1e-9))
    assert over(table, 1, 2) == 1e-9


def test_several_days_are_compounded() -> None:
    """Over the dates 1, 2 and 3 the return is 2 * 3 * 1.25 - 1 = 6.5; the value of the first price's date is not in."""
    assert over(TABLE, 0, 3) == pytest.approx(6.5, rel=1e-15)
    assert over(TABLE, 1, 3) == pytest.approx(2.75, rel=1e-15)


def test_dates_between_that_the_table_does_not_have_are_no_days() -> None:
    """A weekend between two dates of the table adds nothing: the next date's own value spans it."""
    assert over(TABLE.filter(pl.col("factor_date") != day(2)), 1, 3) == 0.25


@pytest.mark.parametrize("gone", [1, 3])
def test_table_without_either_end_has_no_match(gone: int) -> None:
    """Without the date of the price before, or of the price itself, it is not known what the factor did."""
    assert np.isnan(over(TABLE.filter(pl.col("factor_date") != day(gone)), 1, 3))


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_missing_value_on_a_date_between_leaves_no_match(missing: float | None) -> None:
    """A date of the table without a value is a day whose return is not known; one outside the span does not matter."""
    table = TABLE.with_columns(smb=pl.when(pl.col("factor_date") == day(2)).then(missing).otherwise("smb"))
    assert np.isnan(over(table, 1, 3))
    assert np.isnan(over(table, 1, 2))
    assert over(table, 2, 3) == 0.25


@pytest.mark.parametrize(("before", "last"), [(-2, 0), (-1, 1), (3, 5), (4, 6), (7, 9)])
def test_span_that_reaches_outside_the_table_has_no_match(before: int, last: int) -> None:
    """Before the table's first date and after its last nothing is known."""
    assert np.isnan(over(TABLE, before, last))


def test_order_of_the_rows_does_not_matter() -> None:
    """A table is sorted by date when it is read."""
    assert over(TABLE.reverse(), 0, 3) == over(TABLE, 0, 3)


def test_table_without_rows_matches_nothing() -> None:
    """An empty table is a table whose factors are missing everywhere."""
    assert np.isnan(over(TABLE.clear(), 1, 2))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (TABLE.rename({"factor_date": "date"}), r"needs the column 'factor_date'; got \['date', 'smb'\]"),
        (pl.concat([TABLE, TABLE.head(1)]), "one row per date; a date is missing or stands twice"),
        (TABLE.with_columns(factor_date=pl.lit(None, pl.Date)), "a date is missing or stands twice"),
        (TABLE.with_columns(smb=pl.lit(float("inf"))), "smb"),
    ],
)
def test_table_that_breaks_its_rules_is_refused(table: pl.DataFrame, message: str) -> None:
    """A table without dates, with one twice, or with a value that is no number is refused."""
    with pytest.raises(ContractError, match=message):
        FactorTable.from_frame(table)


def test_factor_that_is_not_there_is_named_with_those_that_are() -> None:
    """An unknown factor is named with the columns of the table."""
    with pytest.raises(SpecError, match="the factor table has no column 'hml'; it has smb"):
        over(TABLE, 0, 1, "hml")


def test_panel_without_a_table_says_so() -> None:
    """A model that needs a factor stops at a panel without any."""
    panel = ReturnPanel.from_frame(returns_frame(price_rows("S", [1.0, 2.0])))
    with pytest.raises(
        SpecError, match="the model needs the factor 'smb', and the panel has no factor table; give one"
    ):
        matched_factor(panel, "smb")


def test_rows_of_a_panel_are_matched_listing_by_listing() -> None:
    """A listing's first price has no match; a price after two sessions without one is matched over all three."""
    returns = returns_frame(price_rows("A", [1.0, 1.0, None, None, 1.0]), price_rows("B", [1.0, 1.0], first=1))
    panel = ReturnPanel.from_frame(returns, TABLE)
    # A: days 1 (own value 1) and 4 (dates 2, 3, 4: 3 * 1.25 * 4 - 1 = 14); B: day 2 (own value 2).
    np.testing.assert_allclose(matched_factor(panel, "smb"), [np.nan, 1.0, 14.0, np.nan, 2.0], rtol=1e-15)


def test_capm_takes_the_risk_free_return_from_both_sides() -> None:
    """Excess returns regressed on the market's: AR = R - rf - a - b (Rm - rf), the expected return with rf in it."""
    # Excess returns as in the market model worked by hand in test_engine: market 5, 5, 7 and 3, 5; security 6, 8, 10
    # and 12, 16; a = -1/2, b = 3/2, abnormal 8 and 9. With rf = 1 each price rises by one more.
    rf, market, security = [1.0] * 5, [5, 5, 7, 3, 5], [6, 8, 10, 12, 16]
    returns = returns_frame(
        price_rows("S", compounded(value + 1 for value in security)),
        price_rows("MKT", compounded(value + 1 for value in market)),
    )
    factors = pl.DataFrame({"factor_date": [day(n) for n in range(6)], "rf": [0.0, *rf]})
    fields = {"estimation": Window(-3, -1), "event": Window(0, 1), "car_windows": (Window(0, 1),)}
    spec = a_spec(model="capm", min_estimation_obs=3, **fields)
    result = run_study(spec, ReturnPanel.from_frame(returns, factors), resolved_pairs(returns, [("e", "S", 4)]))
    ledger = result.securities.row(0, named=True)
    assert (ledger["alpha"], ledger["beta"]) == (pytest.approx(-0.5, abs=1e-12), pytest.approx(1.5, rel=1e-12))
    np.testing.assert_allclose(result.abnormal_returns["expected_return"], [5, 8], rtol=1e-12)
    np.testing.assert_allclose(result.abnormal_returns["abnormal_return"], [8, 9], rtol=1e-12)
    # BHAR = 14 * 18 - 6 * 9 = 198.
    assert result.cars["bhar"][0] == pytest.approx(198, rel=1e-12)


def test_a_family_of_factors_takes_the_place_of_its_namesakes() -> None:
    """A model sees the factors of its own family under their plain names; without such factors nothing changes."""
    frame = pl.DataFrame(
        {"factor_date": [date(2025, 1, 2)], "smb": [0.01], "smb_ff5": [0.02], "rmw": [0.03], "mom": [0.04]}
    )
    table = FactorTable.from_frame(frame)
    own = table.of_family("_ff5")
    assert dict(zip(own.names, own.values[:, 0].tolist(), strict=True)) == {"smb": 0.02, "rmw": 0.03, "mom": 0.04}
    plain = table.of_family("_ff7")
    assert (plain.names, plain.values.tolist()) == (table.names, table.values.tolist())

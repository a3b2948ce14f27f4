"""What a study measures: returns, log volume or log turnover, and the panel's mean that stands in for a market."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest

from pipelines.errors import ContractError, SpecError
from pipelines.event_study import ReturnPanel, Window, run_study
from pipelines.event_study.measures import TURNOVER_OFFSET, measured, panel_mean
from tests.event_study_inputs import a_spec, price_rows, resolved_pairs, returns_frame

TINY = {
    "model": "constant_mean",
    "estimation": Window(-3, -1),
    "event": Window(0, 1),
    "car_windows": (Window(0, 0), Window(0, 1)),
    "min_estimation_obs": 3,
}


def volumes(**by_symbol: Sequence[float | None]) -> pl.DataFrame:
    """Return listings of flat prices with these volumes, a million units in issue."""
    rows = returns_frame(*(price_rows(symbol, [1.0] * len(each)) for symbol, each in sorted(by_symbol.items())))
    column = [value for _, each in sorted(by_symbol.items()) for value in each]
    return rows.with_columns(pl.Series("volume", column, dtype=pl.Float64), shares_outstanding=pl.lit(1e6))


def test_returns_are_simple_or_log() -> None:
    """A study of returns measures what its return_type says; a first price has none."""
    panel = ReturnPanel.from_frame(returns_frame(price_rows("S", [1.0, 2.0])))
    np.testing.assert_allclose(measured(a_spec(), panel), [np.nan, 1.0])
    np.testing.assert_allclose(measured(a_spec(return_type="log"), panel), [np.nan, math.log(2.0)])


def test_log_volume_of_a_day_without_trades_is_zero() -> None:
    """ln(1 + V): 0 for no trades, 1 for e - 1 units, missing where the volume is not known, also on the first day."""
    panel = ReturnPanel.from_frame(volumes(S=[math.e - 1, 0.0, None]))
    np.testing.assert_allclose(measured(a_spec(measure="log_volume"), panel), [1.0, 0.0, np.nan], rtol=1e-15)


def test_log_turnover_of_a_day_without_trades_is_the_offsets_logarithm() -> None:
    """ln(100 V/S + 0.000255): 1 % of a million units is ln(1.000255); no trades ln(0.000255) = -8.274."""
    assert TURNOVER_OFFSET == 0.000255
    panel = ReturnPanel.from_frame(volumes(S=[10_000.0, 0.0, None]))
    found = measured(a_spec(measure="log_turnover"), panel)
    np.testing.assert_allclose(found, [math.log(1.000255), math.log(0.000255), np.nan], rtol=1e-12)


def test_turnover_is_missing_where_the_units_in_issue_are() -> None:
    """Without a count of units there is no turnover, though there is a volume."""
    returns = volumes(S=[1.0, 2.0]).with_columns(shares_outstanding=pl.Series([None, 1e6], dtype=pl.Float64))
    found = measured(a_spec(measure="log_turnover"), ReturnPanel.from_frame(returns))
    assert np.isnan(found).tolist() == [True, False]


@pytest.mark.parametrize(
    ("measure", "columns", "message"),
    [
        ("log_volume", ["volume"], "measure 'log_volume' needs the columns volume; the prices have no value there"),
        ("log_turnover", ["volume"], "measure 'log_turnover' needs the columns volume and shares_outstanding;"),
        ("log_turnover", ["shares_outstanding"], "needs the columns volume and shares_outstanding;"),
    ],
)
def test_measure_without_its_column_stops_the_study(measure: str, columns: list[str], message: str) -> None:
    """A study of volume or turnover names the column that it does not find."""
    returns = volumes(S=[1.0, 2.0]).drop(columns)
    with pytest.raises(SpecError, match=message):
        measured(a_spec(measure=measure), ReturnPanel.from_frame(returns))


@pytest.mark.parametrize("column", ["volume", "shares_outstanding"])
@pytest.mark.parametrize("value", [-1.0, float("inf")])
def test_volume_or_count_that_is_no_number_of_units_is_refused(column: str, value: float) -> None:
    """A negative or infinite number of units is an error of the prices, and not a logarithm of something else."""
    with pytest.raises(ContractError, match=column):
        ReturnPanel.from_frame(volumes(S=[1.0, 2.0]).with_columns(pl.lit(value).alias(column)))


def test_nothing_in_issue_is_refused() -> None:
    """A listing with prices has units in issue; a turnover over none of them would be infinite."""
    with pytest.raises(ContractError, match="shares_outstanding"):
        ReturnPanel.from_frame(volumes(S=[1.0, 2.0]).with_columns(shares_outstanding=pl.lit(0.0)))


def test_mean_of_a_day_is_over_those_that_have_a_value() -> None:
    """Listings without a volume on a day, and the benchmark itself, have no part in the day's mean.

    ln(1 + V) is 1 and 3 on the first day, mean 2; on the second day only B has a volume, on the third neither.
    """
    one, three, five = (math.expm1(x) for x in (1, 3, 5))
    panel = ReturnPanel.from_frame(volumes(A=[one, None, None], B=[three, five, None], MKT=[five, five, five]))
    mean = panel_mean(a_spec(measure="log_volume"), panel)
    np.testing.assert_allclose(mean[panel.rows(panel.code("A"))], [2.0, np.nan, np.nan], rtol=1e-12)
    np.testing.assert_allclose(mean[panel.rows(panel.code("B"))], [2.0, 5.0, np.nan], rtol=1e-12)
    with_all = panel_mean(a_spec(measure="log_volume", benchmark_symbol=None), panel)
    np.testing.assert_allclose(with_all[panel.rows(panel.code("A"))], [3.0, np.nan, np.nan], rtol=1e-12)


def test_abnormal_volume_by_hand() -> None:
    """Mean and deviation of log volume by hand, with a day without trades in the event window.

    ln(1 + V) is 3, 2, 1 before the event: mean 2, residuals 1, 0, -1, whose products with the day before are 0, so
    rho = 0 and s^2 = (1 + 0 + 1)/2 = 1. Day 0 has no trades: 0 - 2 = -2, variance 1 + 1/3. Day 1 has 2: abnormal 0.
    CAR = -2 with variance 2 + 4/3 = 10/3, df 2, where p = 1 - t/sqrt(2 + t^2), t^2 = 4/(10/3) = 1.2.
    """
    given = [math.expm1(x) for x in (9, 3, 2, 1, 0, 2)]
    returns = volumes(S=given)
    result = run_study(
        a_spec(**TINY, measure="log_volume"),
        ReturnPanel.from_frame(returns),
        resolved_pairs(returns, [("e", "S", 4)]),
    )
    ledger = result.securities.row(0, named=True)
    assert (ledger["alpha"], ledger["sigma"], ledger["beta"]) == (pytest.approx(2), pytest.approx(1), None)
    np.testing.assert_allclose(result.abnormal_returns["abnormal_return"], [-2, 0], atol=1e-12)
    np.testing.assert_allclose(result.abnormal_returns["abnormal_return_se"], math.sqrt(4 / 3), rtol=1e-12)
    car = result.cars.filter(window_end=1).row(0, named=True)
    assert car["car_se"] == pytest.approx(math.sqrt(10 / 3), rel=1e-12)
    assert car["p_value"] == pytest.approx(1 - math.sqrt(1.2 / 3.2), rel=1e-12)
    assert (car["bhar"], car["df"]) == (None, 2)


def test_volume_is_measured_on_a_first_day_and_after_a_gap() -> None:
    """A volume needs no price before: the day after a gap and the first day have one where a return is missing."""
    returns = returns_frame(price_rows("S", [1.0, None, 1.0])).with_columns(volume=pl.lit(math.e - 1))
    panel = ReturnPanel.from_frame(returns)
    np.testing.assert_allclose(measured(a_spec(measure="log_volume"), panel), [1.0, 1.0], rtol=1e-15)
    assert np.isnan(panel.simple_return).all()

"""The engine against the slow, readable reference of this folder, one pair at a time, to 1e-10."""

from __future__ import annotations

import dataclasses
import itertools
import math

import numpy as np
import polars as pl
import pytest

from pipelines.event_study import ReturnPanel, StudyResult, StudySpec, Window, group_tests, run_study
from tests.event_study_inputs import a_spec, random_returns, resolved_pairs
from tests.oracle import reference

RTOL = 1e-10
ATOL = 1e-13
"""Abnormal returns near zero are differences of returns, so they carry the returns' absolute rounding."""

STUDIES = list(itertools.product(("market", "market_adjusted", "constant_mean"), ("simple", "log")))
MISSING = {"complete": (0.0, 0.0), "security": (0.08, 0.0), "both": (0.05, 0.04)}
DAY_COLUMNS = {
    "actual": "actual_return",
    "expected": "expected_return",
    "abnormal": "abnormal_return",
    "se": "abnormal_return_se",
    "standardised": "std_abnormal_return",
    "p_value": "p_value",
}
CAR_COLUMNS = {"car": "car", "se": "car_se", "scar": "scar", "p_value": "p_value", "bhar": "bhar"}


def both(
    spec: StudySpec, gaps: tuple[float, float], seed: int
) -> tuple[StudyResult, dict[tuple[str, str], reference.Pair]]:
    """Run the engine and the reference on the same seeded panel with gaps."""
    returns = random_returns(seed, n_symbols=6, n_sessions=150, missing=gaps[0], benchmark_missing=gaps[1])
    asked = [(f"e{index}", f"S{number}", index) for number in range(6) for index in (50, 77, 110, 148)]
    pairs = resolved_pairs(returns, asked)
    market = reference.listings(returns)
    found = {
        (row["event_id"], row["symbol"]): reference.study_pair(
            spec, market, row["symbol"], row["event_index"], row["last_index"]
        )
        for row in pairs.iter_rows(named=True)
    }
    return run_study(spec, ReturnPanel.from_frame(returns), pairs), found


def close(actual: float | None, expected: float) -> bool:
    """Compare two numbers, null with NaN."""
    if actual is None or math.isnan(expected):
        return actual is None and math.isnan(expected)
    return math.isclose(actual, expected, rel_tol=RTOL, abs_tol=ATOL)


@pytest.mark.parametrize(("model", "return_type"), STUDIES)
@pytest.mark.parametrize("gaps", MISSING.values(), ids=MISSING)
def test_every_value_of_every_pair_is_the_references(model: str, return_type: str, gaps: tuple[float, float]) -> None:
    """Ledger, days and windows agree with the reference in every value and every missing value."""
    windows = (Window(0, 0), Window(-1, 1), Window(0, 5), Window(-5, 5))
    spec = a_spec(model=model, return_type=return_type, car_windows=windows, min_estimation_obs=25)
    result, found = both(spec, gaps, seed=20)
    statuses = {pair.status for pair in found.values()}
    assert statuses >= {"used", "pending"}

    for row in result.securities.iter_rows(named=True):
        pair = found[row["event_id"], row["symbol"]]
        assert row["status"] == pair.status
        assert all(close(row[name], getattr(pair, name)) for name in ("alpha", "beta", "sigma")), (row, pair)
    for row in result.abnormal_returns.iter_rows(named=True):
        day = found[row["event_id"], row["symbol"]].days[row["relative_day"]]
        assert all(close(row[column], getattr(day, name)) for name, column in DAY_COLUMNS.items()), (row, day)
    for row in result.cars.iter_rows(named=True):
        window = Window(row["window_start"], row["window_end"])
        car = found[row["event_id"], row["symbol"]].cars[window]
        assert all(close(row[column], getattr(car, name)) for name, column in CAR_COLUMNS.items()), (row, car)
        assert (row["n_days"], row["is_complete"]) == (car.n_days, car.is_complete)


@pytest.mark.parametrize(("model", "return_type"), STUDIES)
@pytest.mark.parametrize("gaps", MISSING.values(), ids=MISSING)
def test_every_group_test_is_the_references(model: str, return_type: str, gaps: tuple[float, float]) -> None:
    """Statistic and p-value of every test, group and window agree with the reference."""
    spec = a_spec(model=model, return_type=return_type, min_estimation_obs=25)
    result, found = both(spec, gaps, seed=21)
    names = result.securities.select("event_id", "symbol")
    groups = pl.concat(
        [
            names.with_columns(group_by=pl.lit("all"), group_value=pl.lit("all")),
            names.with_columns(group_by=pl.lit("symbol"), group_value="symbol"),
        ]
    )
    tests = group_tests(spec, result, groups).filter(pl.col("statistic").is_not_null())
    assert tests.height > 100
    for row in tests.iter_rows(named=True):
        pairs = [
            pair
            for (_, symbol), pair in found.items()
            if pair.status == "used" and row["group_value"] in ("all", symbol)
        ]
        window = Window(row["window_start"], row["window_end"])
        statistic, p_value = reference.group_statistics(spec, pairs, window)[row["test"]]
        assert close(row["statistic"], statistic), row
        assert close(row["p_value"], p_value), row


def test_references_own_hand_worked_case() -> None:
    """The reference itself gives the hand-worked numbers: a -1/2, b 3/2, s^2 2, CAR 17, Var(CAR) 15."""
    spec = a_spec(estimation=Window(-3, -1), event=Window(0, 1), car_windows=(Window(0, 1),), min_estimation_obs=3)
    prices = {"S": [1, 7, 63, 693, 9009, 153153], "MKT": [1, 6, 36, 288, 1152, 6912]}
    market = {
        symbol: reference.Listing(dict(enumerate(map(float, levels))), {index: index for index in range(6)})
        for symbol, levels in prices.items()
    }
    pair = reference.study_pair(spec, market, "S", event_index=4, last_index=5)
    np.testing.assert_allclose([pair.alpha, pair.beta, pair.sigma**2], [-0.5, 1.5, 2.0], rtol=1e-12)
    car = dataclasses.asdict(pair.cars[Window(0, 1)])
    assert (car["car"], car["se"] ** 2, car["bhar"]) == pytest.approx((17, 15, 181), rel=1e-12)

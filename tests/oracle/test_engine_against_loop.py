"""The engine against the slow, readable reference of this folder, one pair and one group at a time, to 1e-10."""

from __future__ import annotations

import json
import math

import polars as pl
import pytest

from pipelines.event_study import Window, group_tests
from pipelines.event_study.spec import DEFAULT_TESTS
from tests.event_study_inputs import PRICE_COLUMNS, random_returns, with_returns
from tests.oracle.loop_panels import (
    MODELS,
    N_SESSIONS,
    NO_FACTORS,
    PANELS,
    Loop,
    a_loop,
    a_loop_spec,
    samples_of,
)
from tests.oracle.reference import NAN
from tests.oracle.reference_ranks import GROUP_TESTS
from tests.oracle.reference_tests import ROUNDING, Sample, r_bar

RTOL = 1e-10
ATOL = 1e-12
"""Statistics near zero are differences, so they carry the absolute rounding of what is subtracted."""

ATOL_RETURN = 1e-13
"""The same of abnormal returns, which are differences of returns."""

ROUNDING_OF_R = 1e-15
"""Rounding of a mean correlation."""

DAY_COLUMNS = {
    "actual": "actual_return",
    "expected": "expected_return",
    "abnormal": "abnormal_return",
    "se": "abnormal_return_se",
    "standardised": "std_abnormal_return",
    "p_value": "p_value",
}
PARAMETERS = ("alpha", "beta", "sigma", "alpha_se", "beta_se")
CAR_COLUMNS = ("car", "car_se", "scar", "p_value", "bhar", "n_days", "is_complete", "df")

CORRELATION_TESTS = ("patell_z_adjusted", "bmp_t_adjusted")

QUICK_PANEL = "both"
QUICK_MODEL = "market"
CASES = [
    pytest.param(panel, model, marks=() if panel == QUICK_PANEL or model == QUICK_MODEL else pytest.mark.slow)
    for place, model in enumerate(MODELS)
    for panel in PANELS
    if panel == QUICK_PANEL or model == QUICK_MODEL or panel == list(PANELS)[place % len(PANELS)]
]
"""Every model on the panel with every kind of gap and on one other in turn, the market model on every panel."""


def close(actual: float | None, expected: float, atol: float = ATOL, rtol: float = RTOL) -> bool:
    """Compare two numbers, null with NaN."""
    if actual is None or not math.isfinite(expected):
        return actual is None and not math.isfinite(expected)
    return math.isclose(actual, expected, rel_tol=rtol, abs_tol=atol)


@pytest.mark.parametrize(("panel", "model"), CASES)
def test_every_value_of_every_pair_is_the_references(panel: str, model: str) -> None:
    """Ledger, days and windows agree with the reference in every value and every missing value."""
    loop = a_loop(model, panel, seed=20)
    result, found = loop.engine, loop.reference
    assert {pair.status for pair in found.values()} >= {"used", "pending"}

    assert result.securities.height == len(found)
    for row in result.securities.iter_rows(named=True):
        pair = found[row["event_id"], row["symbol"]]
        assert row["status"] == pair.status
        assert pair.status != "used" or row["n_estimation_obs"] == pair.n_obs
        values = {name: getattr(pair, name) for name in PARAMETERS}
        assert all(close(row[name], value, ATOL_RETURN) for name, value in values.items()), (row, pair)
        slopes = list(json.loads(row["coefficients"]).values()) if row["coefficients"] else []
        assert not slopes or all(map(close, slopes, pair.slopes)), (row, pair)
    for row in result.abnormal_returns.iter_rows(named=True):
        day = found[row["event_id"], row["symbol"]].days[row["relative_day"]]
        same = (close(row[column], getattr(day, name), ATOL_RETURN) for name, column in DAY_COLUMNS.items())
        assert all(same), (row, day)
    for row in result.cars.iter_rows(named=True):
        pair = found[row["event_id"], row["symbol"]]
        car = pair.cars[Window(row["window_start"], row["window_end"])]
        expected = (car.car, car.se, car.scar, car.p_value, car.bhar, car.n_days, car.is_complete, pair.df)
        same = (close(row[name], value, ATOL_RETURN) for name, value in zip(CAR_COLUMNS, expected, strict=True))
        assert all(same), (row, car)


def grouped(loop: Loop) -> pl.DataFrame:
    """Group the pairs of a study by all, security, event (one date on most panels), pair, and overlapping events."""
    pairs = loop.pairs.select("event_id", "symbol")
    groups = {"all": pl.lit("all"), "symbol": pl.col("symbol"), "event": pl.col("event_id")}
    groups["pair"] = pl.when(pl.col("symbol").is_in(["S1", "S4"])).then(pl.format("{} {}", "event_id", "symbol"))
    groups["twins"] = pl.when(pl.col("event_id").is_in(["e64", "e84"])).then(pl.col("symbol"))
    return pl.concat(
        pairs.with_columns(group_by=pl.lit(name), group_value=value) for name, value in groups.items()
    ).drop_nulls()


def disagreements(loop: Loop) -> list[str]:
    """Return every value of the table of group tests that is not the reference's."""
    groups = grouped(loop)
    found, wrong = samples_of(loop, groups), []
    for row in group_tests(loop.engine, groups).iter_rows(named=True):
        key = row["group_by"], row["group_value"], row["window_start"], row["window_end"]
        sample = found.get(key, Sample((), Window(*key[2:])))
        test = row["test"]
        statistic = GROUP_TESTS[test](sample)
        expected = {"n": sample.n, "caar": sample.caar, "r_bar": NAN}
        expected |= {"statistic": statistic.value, "p_value": statistic.p_value, "df": statistic.df}
        if test in CORRELATION_TESTS:
            expected["r_bar"] = r_bar(sample.group)
        wrong += [
            f"{key} {test}: {name} is {row[name]}, expected {value}; note {row['note']}, n {sample.n}"
            for name, value in expected.items()
            if not close(row[name], value, rtol=RTOL + rounding_of(test, sample))
        ]
    return wrong


def rounding_of(test: str, sample: Sample) -> float:
    """Return the relative rounding of a test that takes 1 - r, which is what is left of r near one."""
    if test != "bmp_t_adjusted" or len(sample.group) < 2:
        return 0.0
    return ROUNDING_OF_R / max(1.0 - r_bar(sample.group), ROUNDING)


@pytest.mark.parametrize(("panel", "model"), CASES)
def test_every_group_test_is_the_references(panel: str, model: str) -> None:
    """Every test of every group and window agrees with the reference, and is null where the reference has no value."""
    loop = a_loop(model, panel, seed=20)
    assert set(GROUP_TESTS) == set(DEFAULT_TESTS) == set(group_tests(loop.engine, grouped(loop))["test"])
    assert not disagreements(loop)


def two_pairs(loop: Loop) -> pl.DataFrame:
    """Return both pairs of a study as one group."""
    return loop.pairs.select("event_id", "symbol", group_by=pl.lit("all"), group_value=pl.lit("both"))


def test_grank_of_the_one_pair_with_a_complete_window_is_the_references() -> None:
    """Where one of two pairs has the window, its SCAR is taken as it is, as in a group of one."""
    returns = random_returns(5, n_symbols=1, n_sessions=N_SESSIONS).filter(
        (pl.col("symbol") != "S0") | (pl.col("session_index") != 101)
    )
    loop = Loop(a_loop_spec("constant_mean"), with_returns(returns.select(*PRICE_COLUMNS)), NO_FACTORS, (100, 180))
    sample = samples_of(loop, two_pairs(loop))["all", "both", -1, 1]
    assert (sample.n, len(sample.group)) == (1, 2)
    rows = group_tests(loop.engine, two_pairs(loop)).filter(window_start=-1, window_end=1)
    for test in ("grank_t", "grank_z"):
        assert close(rows.filter(test=test)["statistic"].item(), GROUP_TESTS[test](sample).value)


def test_an_adjusted_bmp_without_a_value_says_why() -> None:
    """Events of one security a few days apart have residuals that correlate by one, and that is said."""
    for seed in range(8):
        returns = random_returns(seed, n_symbols=1, n_sessions=N_SESSIONS)
        loop = Loop(a_loop_spec("market_adjusted"), returns, NO_FACTORS, (100, 104))
        rows = group_tests(loop.engine, two_pairs(loop)).filter(test="bmp_t_adjusted")
        assert rows["statistic"].is_null().all()
        assert rows["note"].is_not_null().all()

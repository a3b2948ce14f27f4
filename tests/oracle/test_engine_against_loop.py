"""The engine against the slow, readable reference of this folder, one pair and one group at a time, to 1e-10."""

from __future__ import annotations

import json
import math

import polars as pl
import pytest

from pipelines.event_study import Window, group_tests
from pipelines.event_study.spec import DEFAULT_TESTS
from tests.oracle.loop_panels import MODELS, PANELS, Loop, a_loop
from tests.oracle.reference import NAN
from tests.oracle.reference_ranks import GROUP_TESTS
from tests.oracle.reference_tests import Sample, r_bar

RTOL = 1e-10
ATOL = 1e-12
"""Statistics near zero are differences, so they carry the absolute rounding of what is subtracted."""

ATOL_RETURN = 1e-13
"""The same of abnormal returns, which are differences of returns."""

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


def close(actual: float | None, expected: float, atol: float = ATOL) -> bool:
    """Compare two numbers, null with NaN."""
    if actual is None or not math.isfinite(expected):
        return actual is None and not math.isfinite(expected)
    return math.isclose(actual, expected, rel_tol=RTOL, abs_tol=atol)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("panel", PANELS)
def test_every_value_of_every_pair_is_the_references(model: str, panel: str) -> None:
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
    """Group the pairs of a study by all, security, event (one date on most panels) and pair."""
    pairs = loop.pairs.select("event_id", "symbol")
    groups = {"all": pl.lit("all"), "symbol": pl.col("symbol"), "event": pl.col("event_id")}
    groups["pair"] = pl.when(pl.col("symbol").is_in(["S1", "S4"])).then(pl.format("{} {}", "event_id", "symbol"))
    groups["twins"] = pl.when(pl.col("event_id").is_in(["e64", "e84"])).then(pl.col("symbol"))
    return pl.concat(
        pairs.with_columns(group_by=pl.lit(name), group_value=value) for name, value in groups.items()
    ).drop_nulls()


def disagreements(loop: Loop) -> list[str]:
    """Return every value of the table of group tests that is not the reference's."""
    tests, groups = group_tests(loop.engine, grouped(loop)), grouped(loop)
    wrong = []
    for key, rows in tests.group_by("group_by", "group_value", "window_start", "window_end", maintain_order=True):
        *group, start, end = key
        members = groups.filter(group_by=group[0], group_value=group[1]).select("event_id", "symbol").rows()
        used = [loop.reference[member] for member in sorted(members) if loop.reference[member].status == "used"]
        sample = Sample.of(used, Window(start, end))
        of_group = {"n": sample.n, "caar": sample.caar}
        for row in rows.iter_rows(named=True):
            statistic = GROUP_TESTS[row["test"]](sample)
            expected = of_group | {"statistic": statistic.value, "p_value": statistic.p_value, "df": statistic.df}
            expected["r_bar"] = r_bar(sample) if row["test"] in CORRELATION_TESTS else NAN
            wrong += [
                f"{key} {row['test']}: {name} is {row[name]}, expected {value}; note {row['note']}, n {sample.n}"
                for name, value in expected.items()
                if not close(row[name], value)
            ]
    return wrong


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("panel", PANELS)
def test_every_group_test_is_the_references(model: str, panel: str) -> None:
    """Every test of every group and window agrees with the reference, and is null where the reference has no value."""
    loop = a_loop(model, panel, seed=21)
    assert set(GROUP_TESTS) == set(DEFAULT_TESTS) == set(group_tests(loop.engine, grouped(loop))["test"])
    assert not disagreements(loop)

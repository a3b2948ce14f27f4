"""The engine against eight other implementations on the same inputs: 20 stocks on one date, 9 events on 9 dates.

Where the implementations differ, the reference tables hold the textbook value, which is this project's convention.
Three of their statistics are other quantities than ours, and are rebuilt here from our columns to show it:

- `ar_t` and `car_t` divide by the residual deviation alone, AR/s and CAR/(s sqrt(L2)), without prediction error;
- `bhar` is the security minus the benchmark whatever the model, and compounds log returns as if they were simple.
  It is our BHAR for the market-adjusted model with simple returns, and for no other.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.event_study_inputs import wide_returns
from tests.oracle.golden import (
    CASES,
    OF_DAYS,
    OF_PAIRS,
    OF_WINDOWS,
    PANELS,
    STATISTICS,
    WINDOWS,
    days,
    expected,
    matched,
    over_all_pairs,
    study,
    table,
    windows,
)

RTOL = 1e-9
"""Relative difference from a reference value."""

ATOL = 1e-14
"""Absolute difference from one that is itself a difference of nearly equal returns; p-values get none."""


@pytest.fixture
def folder(shared: Path) -> Path:
    """Return the folder of the reference tables."""
    return shared / "reference" / "peers"


def compare(
    found: pl.DataFrame, reference: pl.DataFrame, value: str, golden: str = "value_oracle", atol: float = ATOL
) -> None:
    """Assert that a column is the reference's on every row that the reference has."""
    joined = matched(found, reference, value)
    assert joined["found"].null_count() == 0, (reference["stat"].unique().to_list(), value)
    difference = (joined["found"] - joined[golden]).abs()
    too_far = joined.filter(difference > atol + RTOL * joined[golden].abs())
    assert too_far.height == 0, too_far


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_pairs_days_and_windows_are_the_references(folder: Path, case: tuple[str, str, str]) -> None:
    """Coefficients, abnormal returns, their standard errors, CARs, Var(CAR) and SCARs are the reference's."""
    result = study(folder, *case)
    n_compared = 0
    for columns, frame in ((OF_PAIRS, result.securities), (OF_DAYS, days(result)), (OF_WINDOWS, windows(result))):
        for stat, column in columns.items():
            reference = expected(folder, "events.csv", case, stat)
            if reference.height:
                compare(frame, reference, column)
                n_compared += reference.height
    variance = windows(result).with_columns(variance=pl.col("car_se") ** 2)
    if case[1] != "ma":
        compare(variance, expected(folder, "events.csv", case, "var_car_full"), "variance")
    if case[1:] == ("mm", "log"):
        compare(windows(result), expected(folder, "events.csv", case, "scar_full"), "p_value", "p_oracle", atol=0.0)
    assert n_compared >= result.securities.height * 27


@pytest.mark.parametrize("case", [case for case in CASES if case[1] != "ma"], ids="-".join)
def test_peers_t_of_one_pair_leaves_out_the_prediction_error(folder: Path, case: tuple[str, str, str]) -> None:
    """The peers' t of a pair is AR/s and CAR/(s sqrt(L2)); ours is smaller in size, by the prediction error."""
    result = study(folder, *case)
    simple_days = days(result).with_columns(simple_t=pl.col("abnormal_return") / pl.col("sigma"))
    length = pl.col("window_end") - pl.col("window_start") + 1
    simple_windows = windows(result).with_columns(simple_t=pl.col("car") / (pl.col("sigma") * length.sqrt()))
    compare(simple_days, expected(folder, "events.csv", case, "ar_t"), "simple_t")
    compare(simple_windows, expected(folder, "events.csv", case, "car_t"), "simple_t")
    assert (simple_days["std_abnormal_return"].abs() < simple_days["simple_t"].abs()).all()
    assert (simple_windows["t_stat"].abs() < simple_windows["simple_t"].abs()).all()


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_peers_bhar_is_security_minus_benchmark(folder: Path, case: tuple[str, str, str]) -> None:
    """The peers' BHAR is the security minus the benchmark with returns compounded as simple ones."""
    result = study(folder, *case)
    market = wide_returns(table(folder, PANELS[case[0]])).filter(symbol="SPX")
    benchmark = market.select("session_date", benchmark=f"{case[2]}_return")
    day_by_day = result.abnormal_returns.join(benchmark, on="session_date")
    held = pl.concat(
        [
            day_by_day.filter(pl.col("relative_day").is_between(window.start, window.end))
            .group_by("event_id")
            .agg(bhar=(1 + pl.col("actual_return")).product() - (1 + pl.col("benchmark")).product())
            .with_columns(window=pl.lit(str(window)))
            for window in WINDOWS
        ]
    )
    reference = expected(folder, "events.csv", case, "bhar")
    compare(held, reference, "bhar")
    if case[1:] == ("ma", "simple"):
        compare(windows(result), reference, "bhar")


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_group_tests_are_the_references(folder: Path, case: tuple[str, str, str]) -> None:
    """AAR, CAAR, mean correlation and every test that has a reference, with its p-value, are the reference's."""
    frames = over_all_pairs(folder, case)
    n_compared = 0
    for keys, names in STATISTICS.items():
        for stat, name in names.items():
            reference = expected(folder, "aggregate.csv", case, stat)
            if keys == "both":
                reference = reference.filter(day=0, window="[0,0]")
            found = frames[keys].filter(test=name)
            compare(found, reference, "statistic")
            compare(found, reference, "p_value", "p_oracle", atol=0.0)
            n_compared += reference.height
    assert n_compared > 200
    compare(frames["day"].filter(test="bmp_t"), expected(folder, "aggregate.csv", case, "aar"), "caar")
    compare(frames["window"].filter(test="bmp_t"), expected(folder, "aggregate.csv", case, "caar"), "caar")
    r_bar = expected(folder, "aggregate.csv", case, "rho_bar_cal")["value_oracle"].item()
    assert frames["both"].filter(test="bmp_t_adjusted")["r_bar"].item() == pytest.approx(r_bar, rel=RTOL)


@pytest.mark.parametrize("event_set", PANELS)
def test_pairs_on_one_date_are_flagged_and_on_many_are_not(folder: Path, event_set: str) -> None:
    """Twenty stocks on one date are not independent: tests that assume it say so; on nine dates none does."""
    tests = over_all_pairs(folder, (event_set, "mm", "simple"))["window"]
    flagged = tests.filter(pl.col("note").str.contains("20 of 20 pairs share the event session 2020-03-16"))
    assuming = {"cross_sectional_t", "patell_z", "bmp_t", "sign_z", "wilcoxon_w", "grank_z", "jackknife_t"}
    robust = {"bmp_t_adjusted", "patell_z_adjusted", "crude_dependence_t", "corrado_rank_z", "grank_t"}
    if event_set == "E1":
        assert assuming <= set(flagged["test"])
        assert not flagged["is_valid"].any()
        assert not robust & set(flagged["test"])
    else:
        assert not tests["note"].drop_nulls().str.contains("share the event session").any()

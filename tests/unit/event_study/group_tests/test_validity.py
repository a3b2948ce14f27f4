"""What every test of the vocabulary says of a group that does not meet its assumptions, or has no value at all."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import polars as pl
import pytest

from pipelines.contracts.vocabulary import TESTS
from pipelines.event_study import StudyResult, Window, group_tests
from tests.unit.event_study.group_tests.hand_studies import (
    a_study,
    everyone,
    has_no_value,
    on_one_date,
    one_day,
    rows_of,
    swings,
)

ALL: dict[str, Any] = {"resamples": 199, "placebo_dates": 25, "seed": 5}
VALUES = [4, -2, 3, 1, 5, -1, 2, 3.5, 0.5, 2.5, 1.5, 4.5]
SIZES = [2.0, 2.5, 3.0] * 4
"""Twelve values whose spread is what sigmas of 2 to 3 percent imply."""

INDEPENDENT = {
    "cross_sectional_t",
    "brown_warner_t",
    "patell_z",
    "patell_csar_z",
    "bmp_t",
    "skewness_adjusted_t",
    "jackknife_t",
    "cluster_robust_t_firm",
    "sign_z",
    "generalized_sign_z",
    "wilcoxon_w",
    "grank_z",
    "volatility_z",
    "volatility_chi2",
    "wild_bootstrap_p",
    "pairs_bootstrap_p",
    "skewness_bootstrap_p",
}
"""Tests that take pairs as independent, whatever their dates."""

BETWEEN_DATES = {"cluster_robust_t_date", "cluster_robust_t", "calendar_time_t"}
"""Tests that compare dates, and so need more than one."""

ROBUST_TO_VARIANCE = {
    "cross_sectional_t",
    "bmp_t",
    "bmp_t_adjusted",
    "skewness_adjusted_t",
    "jackknife_t",
    "cluster_robust_t_date",
    "cluster_robust_t_firm",
    "cluster_robust_t",
    "calendar_time_t",
    "sign_z",
    "generalized_sign_z",
    "wilcoxon_w",
    "corrado_zivney_sign_z",
    "grank_t",
    "grank_z",
    "volatility_z",
    "volatility_chi2",
    "wild_bootstrap_p",
    "pairs_bootstrap_p",
    "skewness_bootstrap_p",
}
"""Tests that take their deviation from the event itself, or that look for its variance."""

STANDARDISED = {
    "patell_z",
    "patell_csar_z",
    "patell_z_adjusted",
    "bmp_t",
    "bmp_t_adjusted",
    "grank_t",
    "grank_z",
    "volatility_z",
    "volatility_chi2",
}
"""Tests of SCARs, which a pair without residual variance does not have."""


def a_sound_study(*, at: list[int] | None = None, scale: float = 1.0) -> StudyResult:
    """Run a study of twelve pairs with a long history, in which nothing speaks against any test."""
    history = [swings(size, 46) for size in SIZES]
    # Steps between pairs keep their returns from moving alike: no mean correlation, and a mean that varies.
    history = [[*row[number % 3 :], *row[: number % 3]] for number, row in enumerate(history)]
    return a_study(
        history,
        [[scale * value] for value in VALUES],
        at=at,
        estimation=Window(-20, -1),
        **ALL,
    )


@cache
def sound() -> dict[str, Any]:
    """Return the tests of the sound study."""
    return rows_of(a_sound_study())


@pytest.mark.parametrize("name", TESTS)
def test_sound_group_is_valid_for_every_test(name: str) -> None:
    """Twelve pairs on twelve dates: every test has a value, a p-value between 0 and 1, and is valid."""
    row = sound()[name]
    assert row["statistic"] is not None
    assert 0 < row["p_value"] <= 1
    assert (row["is_valid"], row["n"]) == (True, 12)


@cache
def on_a_date() -> dict[str, Any]:
    """Return the tests of the same pairs on one date."""
    return rows_of(a_sound_study(at=on_one_date(12, 46)))


@pytest.mark.parametrize("name", TESTS)
def test_one_common_date_is_no_sample_of_independent_pairs(name: str) -> None:
    """On one date tests of independent pairs have a value that is not valid; those between dates have none."""
    row = on_a_date()[name]
    shared = "12 of 12 pairs share the event session 2024-02-17: the test assumes independence across pairs"
    if name in BETWEEN_DATES:
        assert has_no_value(row)
    elif name in INDEPENDENT:
        assert row["statistic"] is not None
        assert not row["is_valid"]
        assert str(row["note"]).startswith(shared)
    else:
        assert row["is_valid"]
        assert "share the event session" not in str(row["note"])


@cache
def of_induced_variance() -> dict[str, Any]:
    """Return the tests of pairs that vary five times as much as before."""
    return rows_of(a_sound_study(scale=5.0))


@pytest.mark.parametrize("name", TESTS)
def test_event_that_changes_the_variance_misleads_tests_that_take_it_from_before(name: str) -> None:
    """Five times the values are 25 times the variance: who compares with the estimation window says so."""
    row = of_induced_variance()[name]
    assert row["statistic"] is not None
    assert row["is_valid"] == (name in ROBUST_TO_VARIANCE)
    said = "times what the estimation window implies: an event-induced variance that the test takes for an effect"
    assert (said in str(row["note"])) == (name not in ROBUST_TO_VARIANCE)


@pytest.mark.parametrize("name", sorted(STANDARDISED))
def test_without_residual_variance_there_is_nothing_standardised(name: str) -> None:
    """Securities that never moved have no SCAR."""
    row = rows_of(one_day([1, 2, 4], [0, 0, 0], tests=(name,)))[name]
    assert has_no_value(row)
    assert (row["n"], row["note"]) == (0, "no pair has residual variance")


@pytest.mark.parametrize("name", sorted(STANDARDISED - {"bmp_t_adjusted", "patell_z_adjusted"}))
def test_some_without_residual_variance_are_left_out_and_counted(name: str) -> None:
    """The others make the test, as if the pair were not there."""
    row = rows_of(one_day([1, 2, 4, 7], [1, 1, 1, 0], tests=(name,)))[name]
    without = rows_of(one_day([1, 2, 4], tests=(name,)))[name]
    assert row["statistic"] == pytest.approx(without["statistic"], rel=1e-12)
    assert (row["n"], row["is_valid"]) == (3, True)
    assert row["note"] == "1 of 4 pairs have no residual variance and are left out"


@cache
def of_gaps() -> dict[str, Any]:
    """Return the tests of a window that holds a missing day of every pair."""
    result = a_study([swings(1, 20)] * 3, [[1, None, 1], [2, None, 1], [4, None, 3]], **ALL)
    return rows_of(result, window=Window(0, 2))


@pytest.mark.parametrize("name", TESTS)
def test_no_complete_window_has_no_value(name: str) -> None:
    """A window that no pair has complete is a row without a value, though its day 0 has one."""
    row = of_gaps()[name]
    assert has_no_value(row)
    assert (row["n"], row["caar"]) == (0, None)
    assert str(row["note"]).startswith("no pair has a complete window")


DEGENERATE: dict[str, Callable[..., StudyResult]] = {
    "one pair": lambda **more: one_day([2], **more),
    "no return": lambda **more: one_day([0, 0, 0], **more),
    "equal values": lambda **more: one_day([2, 2, 2], **more),
    "no variance before": lambda **more: one_day([1, 2, 4], [0, 0, 0], **more),
    "one date": lambda **more: one_day([1, 2, 4], at=on_one_date(3), **more),
    "two degrees of freedom": lambda **more: one_day([1, 2, 4], n=2, **more),
    "a gap": lambda **more: a_study([swings(1)] * 2, [[1, None, 2], [2, 1, 1]], **more),
    "one security": lambda **more: one_day([1, 2, 4], symbols=["A"] * 3, at=[11, 30, 50], **more),
    "moving against each other": lambda **more: a_study([swings(1), swings(-1)], [[1], [2]], **more),
}


@pytest.mark.parametrize("case", DEGENERATE)
def test_value_that_does_not_exist_has_no_p_value_and_is_not_valid(case: str) -> None:
    """In every test of a degenerate group: no statistic, no p-value, not valid, a reason; or a p-value from 0 to 1."""
    result = DEGENERATE[case](**ALL)
    rows = group_tests(result, everyone(result))
    absent = rows.filter(pl.col("statistic").is_null())
    assert absent.height
    for row in absent.iter_rows(named=True):
        assert has_no_value(row)
    present = rows.filter(pl.col("statistic").is_not_null())
    assert present["statistic"].is_finite().all()
    assert present["p_value"].is_between(0.0, 1.0).all()
    assert present.filter(~pl.col("is_valid"))["note"].null_count() == 0

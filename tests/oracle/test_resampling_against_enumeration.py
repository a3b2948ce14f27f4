"""Tests that draw at random against their exact distributions, and the placebo test against a loop over its dates."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import polars as pl
import pytest

from pipelines.event_study import Window, group_tests
from pipelines.event_study.spec import RESAMPLING_TESTS
from tests.event_study_inputs import random_returns
from tests.oracle import reference_resampling
from tests.oracle.loop_panels import NO_FACTORS, Loop, a_loop_spec, samples_of
from tests.oracle.reference_ranks import GROUP_TESTS
from tests.oracle.reference_tests import Sample

RESAMPLES = 19_999
STANDARD_ERRORS = 5
"""Binomial standard errors by which a share of the draws may miss its probability."""

RTOL = 1e-10

ENUMERATED = {
    "wild_bootstrap_p": reference_resampling.wild_bootstrap_p,
    "pairs_bootstrap_p": reference_resampling.pairs_bootstrap_p,
    "skewness_bootstrap_p": reference_resampling.skewness_bootstrap_p,
}
OBSERVED = {
    "wild_bootstrap_p": "cross_sectional_t",
    "pairs_bootstrap_p": "cross_sectional_t",
    "skewness_bootstrap_p": "skewness_adjusted_t",
    "permutation_p": "crude_dependence_t",
}
MOST_PAIRS = {"wild_bootstrap_p": 12, "pairs_bootstrap_p": 5, "skewness_bootstrap_p": 5, "permutation_p": 12}
"""Pairs up to which all draws are enumerated: 2^12 signs, 5^5 draws with replacement."""

EVENTS = (30, 45, 60)


def grouped(loop: Loop) -> pl.DataFrame:
    """Group the pairs of a study by event, by security and all together."""
    pairs = loop.pairs.select("event_id", "symbol")
    groups = {"all": pl.lit("all"), "symbol": pl.col("symbol"), "event": pl.col("event_id")}
    return pl.concat(pairs.with_columns(group_by=pl.lit(name), group_value=value) for name, value in groups.items())


def with_samples(loop: Loop) -> list[tuple[dict[str, Any], Sample]]:
    """Return the rows of the engine's table of group tests that have a sample, each with its sample."""
    groups = grouped(loop)
    samples = samples_of(loop, groups)
    rows = group_tests(loop.engine, groups).to_dicts()
    keys = ("group_by", "group_value", "window_start", "window_end")
    return [(row, samples[key]) for row in rows if (key := tuple(row[name] for name in keys)) in samples]


@cache
def drawn() -> list[tuple[dict[str, Any], Sample]]:
    """Return the tests of few pairs with eight estimation days, some missing, from many draws."""
    spec = a_loop_spec(
        "market",
        estimation=Window(-9, -2),
        event=Window(-1, 2),
        car_windows=(Window(0, 1), Window(-1, 1), Window(-1, 2)),
        min_estimation_obs=5,
        tests=RESAMPLING_TESTS,
        resamples=RESAMPLES,
        seed=11,
    )
    returns = random_returns(3, n_symbols=5, n_sessions=70, missing=0.03, benchmark_missing=0.01, always=EVENTS)
    return with_samples(Loop(spec, returns, NO_FACTORS, EVENTS))


def probability(test: str, sample: Sample) -> float:
    """Return the exact probability of a draw that is as far out as the sample."""
    return reference_resampling.permutation_p(sample) if test == "permutation_p" else ENUMERATED[test](sample.cars)


def drawn_share(test: str, p_value: float) -> float:
    """Return the share of the draws behind a p-value: p = (1 + count)/(B + 1), of the skewness bootstrap twice it."""
    return (p_value / (2 if test == "skewness_bootstrap_p" else 1) * (RESAMPLES + 1) - 1) / RESAMPLES


@pytest.mark.parametrize("test", RESAMPLING_TESTS)
def test_the_share_of_draws_is_near_its_exact_probability(test: str) -> None:
    """With 19,999 draws every p-value of a few pairs lies within five standard errors of the enumerated one."""
    sizes = []
    for row, sample in drawn():
        if row["test"] != test or row["p_value"] is None or sample.n > MOST_PAIRS[test]:
            continue
        exact = probability(test, sample)
        room = STANDARD_ERRORS * math.sqrt(exact * (1.0 - exact) / RESAMPLES) + 1e-12
        share = drawn_share(test, row["p_value"])
        is_capped = test == "skewness_bootstrap_p" and row["p_value"] == 1.0
        assert abs(share - exact) <= room or (is_capped and exact >= share - room), (row, exact)
        sizes.append(sample.n)
    assert len(sizes) > 30
    assert len(set(sizes)) > 1


@pytest.mark.parametrize("test", RESAMPLING_TESTS)
def test_the_statistic_of_a_drawn_test_is_the_one_it_refers(test: str) -> None:
    """The column `statistic` holds the cross-sectional, the skewness-adjusted or the crude dependence t."""
    for row, sample in drawn():
        if row["test"] == test:
            expected = GROUP_TESTS[OBSERVED[test]](sample).value
            assert row["statistic"] == (None if math.isnan(expected) else pytest.approx(expected, rel=RTOL)), row


PLACEBO_EVENTS = (150, 178, 240)


@pytest.mark.parametrize("model", ["market", "market_adjusted", "constant_mean, log", "market, clean"])
@pytest.mark.parametrize("missing", [0.0, 0.01])
def test_the_placebo_test_is_a_loop_over_dates(model: str, missing: float) -> None:
    """The same dates count, p is the same fraction, and the statistic is CAAR over the root mean square of theirs."""
    spec = a_loop_spec(
        model,
        estimation=Window(-40, -6),
        event=Window(-2, 3),
        car_windows=(Window(0, 1), Window(-2, 3)),
        tests=(),
        placebo_dates=25,
    )
    returns = random_returns(9, n_symbols=11, n_sessions=250, missing=missing, always=PLACEBO_EVENTS)
    loop = Loop(spec, returns, NO_FACTORS, PLACEBO_EVENTS)
    used = [pair for pair in loop.reference.values() if pair.status == "used"]
    placebo = reference_resampling.Placebo(spec, loop.market, used, PLACEBO_EVENTS)
    compared = 0
    for row, sample in with_samples(loop):
        expected = placebo.test(sample)
        if math.isnan(expected.value):
            assert row["statistic"] is None
            continue
        n_dates = sum(1 for _ in placebo.means(sample))
        assert f"from {n_dates} dates without an event" in row["note"]
        assert (row["p_value"], row["statistic"]) == (expected.p_value, pytest.approx(expected.value, rel=RTOL)), row
        compared += 1
    assert compared > 60

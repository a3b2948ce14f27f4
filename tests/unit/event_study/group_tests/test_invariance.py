"""What must hold of every statistic whatever the returns: Hypothesis looks for a counter-example."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.contracts.vocabulary import TESTS
from pipelines.event_study import StudyResult, Window, group_tests
from tests.unit.event_study.group_tests.hand_studies import a_study, everyone, on_one_date

SEEDS = st.integers(0, 10_000)
MODELS = st.sampled_from(["market_adjusted", "constant_mean"])
N_PAIRS, LENGTH, DAYS = 12, 30, 3
Rows = list[list[float]]

UNSIGNED = ("volatility_z", "volatility_chi2")
KEEPS = ("crude_dependence_t", "lamb_t", "calendar_time_t", "cluster_robust_t_date", "corrado_rank_z")
"""Statistics that copies of all pairs on the same dates leave as they are."""

GROWS = ("patell_z", "patell_csar_z", "sign_z", "generalized_sign_z", "volatility_z")
"""Statistics that grow by the root of two as the pairs are taken for twice as many."""


def draws(seed: int) -> tuple[Rows, Rows]:
    """Return returns in percent before and on the event, no two the same."""
    random = np.random.default_rng(seed)
    market = random.normal(size=LENGTH)
    before = 0.4 * market + random.normal(size=(N_PAIRS, LENGTH))
    return before.tolist(), random.normal(0.3, 1.2, size=(N_PAIRS, DAYS)).tolist()


def times(rows: Rows, factor: float) -> Rows:
    """Multiply returns."""
    return [[factor * value for value in row] for row in rows]


def study(before: Rows, event: Rows, model: str, **changes: Any) -> StudyResult:
    """Run a study with every test, its estimation window shorter than the history so that there are placebo dates."""
    fields: dict[str, Any] = {
        "estimation": Window(-15, -1),
        "min_estimation_obs": 10,
        "resamples": 99,
        "placebo_dates": 5,
    }
    return a_study(before, event, **(fields | {"model": model, "car_windows": (Window(0, 2),)} | changes))


def table_of(before: Rows, event: Rows, model: str, **changes: Any) -> pl.DataFrame:
    """Return all tests of one group of all pairs."""
    result = study(before, event, model, **changes)
    return group_tests(result, everyone(result))


@given(seed=SEEDS, model=MODELS, factor=st.floats(0.01, 20.0))
@settings(max_examples=8)
def test_returns_in_another_unit_change_no_statistic(seed: int, model: str, factor: float) -> None:
    """All returns times c > 0 leave every statistic and p-value, and multiply the mean by c."""
    before, event = draws(seed)
    plain = table_of(before, event, model)
    scaled = table_of(times(before, factor), times(event, factor), model)
    assert set(plain["test"]) == set(TESTS)
    for name in ("statistic", "p_value", "p_holm", "r_bar"):
        np.testing.assert_allclose(scaled[name], plain[name], rtol=1e-7, atol=1e-10)
    np.testing.assert_allclose(scaled["caar"], factor * plain["caar"], rtol=1e-9, atol=1e-14)
    assert scaled["is_valid"].equals(plain["is_valid"])


@given(seed=SEEDS, model=MODELS)
@settings(max_examples=8)
def test_returns_with_the_other_sign_turn_statistics_and_keep_p_values(seed: int, model: str) -> None:
    """-R turns every t and z, leaves measures of variance, and makes W+ the rest of N(N + 1)/2."""
    before, event = draws(seed)
    plain, turned = table_of(before, event, model), table_of(times(before, -1.0), times(event, -1.0), model)
    expected = (
        pl.when(pl.col("test").is_in(UNSIGNED))
        .then("statistic")
        .when(pl.col("test") == "wilcoxon_w")
        .then(N_PAIRS * (N_PAIRS + 1) / 2 - pl.col("statistic"))
        .otherwise(-pl.col("statistic"))
    )
    np.testing.assert_allclose(turned["statistic"], plain.select(expected).to_series(), rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(turned["p_value"], plain["p_value"], rtol=1e-9, atol=1e-12)
    assert turned["is_valid"].equals(plain["is_valid"])


@given(seed=SEEDS, model=MODELS, order=st.permutations(range(N_PAIRS)))
@settings(max_examples=8)
def test_order_of_pairs_changes_no_closed_form(seed: int, model: str, order: list[int]) -> None:
    """Pairs under other names, and so in another order, have the same tests; draws of pairs alone may differ."""
    before, event = draws(seed)
    at = on_one_date(N_PAIRS, LENGTH)
    plain = table_of(before, event, model, at=at, resamples=0)
    mixed = table_of([before[each] for each in order], [event[each] for each in order], model, at=at, resamples=0)
    np.testing.assert_allclose(mixed["statistic"], plain["statistic"], rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(mixed["p_value"], plain["p_value"], rtol=1e-8, atol=1e-10)


@given(seed=SEEDS, model=MODELS)
@settings(max_examples=8)
def test_copies_of_all_pairs_fool_independence_and_nothing_else(seed: int, model: str) -> None:
    """Every pair twice: tests of independent pairs grow by sqrt 2, those by date, day or mean stay as they are."""
    before, event = draws(seed)
    at = [LENGTH + 1 + number for number in range(N_PAIRS)]
    once = table_of(before, event, model, at=at, resamples=0)
    twice = table_of(before * 2, event * 2, model, at=at * 2, resamples=0)
    for name in (*KEEPS, *GROWS):
        left, right = (frame.filter(test=name)["statistic"] for frame in (once, twice))
        factor = np.sqrt(2.0) if name in GROWS else 1.0
        np.testing.assert_allclose(right, factor * left, rtol=1e-8, atol=1e-10)
    left, right = (frame.filter(test="cross_sectional_t")["statistic"] for frame in (once, twice))
    # sd with divisor 2N - 1 of the doubled squares: t grows by sqrt((2N - 1)/(N - 1)).
    np.testing.assert_allclose(right, np.sqrt((2 * N_PAIRS - 1) / (N_PAIRS - 1)) * left, rtol=1e-8)


@pytest.mark.parametrize("seed", range(3))
def test_statistic_grows_with_its_p_value_falling(seed: int) -> None:
    """A larger shift of all event returns away from zero never raises the p-value of Patell's and of Brown's tests."""
    before, event = draws(seed)
    names = ("patell_z", "crude_dependence_t", "lamb_t", "brown_warner_t")
    p_values = []
    for shift in (1.0, 2.0, 4.0):
        moved = [[value + shift for value in row] for row in event]
        frame = table_of(before, moved, "market_adjusted", tests=names, resamples=0, placebo_dates=0)
        p_values.append(frame["p_value"].to_numpy())
    assert (np.diff(np.stack(p_values), axis=0) <= 0).all()

"""What the random draws depend on: the seed, the test and the size of a sample, and nothing else."""

from __future__ import annotations

import importlib
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from pipelines.event_study import StudyResult, Window, group_tests
from pipelines.event_study.group_tests import battery, resampling
from pipelines.event_study.spec import RESAMPLING_TESTS
from tests.unit.event_study.group_tests.hand_studies import a_study, everyone, group, swings, values_of

# The package's name is also that of its function, which is what a plain import finds.
PACKAGE = importlib.import_module("pipelines.event_study.group_tests")
FLOATS = ("statistic", "p_value", "p_holm", "p_bh", "caar")
COUNTED = (*RESAMPLING_TESTS, "placebo_p")
KEY = ("group_by", "group_value", "window_start", "window_end", "test")
SIZES = {"a": range(7), "b": range(7, 14), "c": range(20), "d": (2,), "e": range(0, 24, 3)}


def a_random_study(*, seed: int = 1, threads: int | None = None) -> StudyResult:
    """Run a study of 24 pairs of returns drawn once, with every test that draws and the placebo test."""
    random = np.random.default_rng(11)
    before = random.normal(size=(24, 20)).round(3).tolist()
    before[5][3] = None
    event = random.normal(0.4, 1.0, size=(24, 3)).round(3).tolist()
    event[8][1] = None
    return a_study(
        before,
        event,
        estimation=Window(-12, -1),
        car_windows=(Window(0, 2), Window(0, 1)),
        tests=("cross_sectional_t", "corrado_rank_z"),
        resamples=199,
        placebo_dates=20,
        seed=seed,
        threads=threads,
    )


def groups_of(result: StudyResult, names: str = "abcde") -> pl.DataFrame:
    """Return some groups of several sizes, two of them of the same."""
    return pl.concat([group(result, SIZES[name], name) for name in names])


def assert_same(left: pl.DataFrame, right: pl.DataFrame) -> None:
    """Check that p-values that are drawn or counted agree to the last bit, and statistics but for rounding."""
    assert left.select(pl.exclude(FLOATS)).equals(right.select(pl.exclude(FLOATS)))
    for name in set(FLOATS) & set(left.columns):
        np.testing.assert_allclose(left[name], right[name], rtol=1e-12)
    counted = pl.col("test").is_in(COUNTED)
    assert left.filter(counted)["p_value"].equals(right.filter(counted)["p_value"])


def of_group(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return one group's rows, without what other groups of a family may change."""
    return values_of(frame.filter(group_value=name))


@pytest.fixture(scope="module")
def result() -> StudyResult:
    """Return the study."""
    return a_random_study()


@pytest.fixture(scope="module")
def found(result: StudyResult) -> pl.DataFrame:
    """Return the tests of all groups at once."""
    return group_tests(result, groups_of(result))


def test_study_draws_in_every_way(found: pl.DataFrame) -> None:
    """The study of this file has a p-value of each test that draws, none of them 0."""
    drawn = found.filter(pl.col("test").is_in(RESAMPLING_TESTS)).drop_nulls("p_value")
    assert set(drawn["test"]) == set(RESAMPLING_TESTS)
    assert drawn["p_value"].to_numpy().min() >= 1 / 200
    assert drawn["p_value"].n_unique() > 20


def test_same_seed_draws_the_same(found: pl.DataFrame) -> None:
    """A second run gives the same rows bit for bit."""
    again = a_random_study()
    assert group_tests(again, groups_of(again)).equals(found)


@pytest.mark.parametrize("name", RESAMPLING_TESTS)
def test_another_seed_draws_another_p_and_no_other_statistic(found: pl.DataFrame, name: str) -> None:
    """The seed moves p-values of the tests that draw, by Monte Carlo error, and nothing else."""
    other = group_tests(other_result := a_random_study(seed=2), groups_of(other_result))
    left, right = (frame.filter(test=name).drop_nulls("p_value") for frame in (found, other))
    assert left.drop("p_value", "p_holm", "p_bh").equals(right.drop("p_value", "p_holm", "p_bh"))
    assert (left["p_value"] != right["p_value"]).any()
    # Two p-values of 199 draws: standard error of their difference at most sqrt(2)/2/sqrt(200), twice for two tails.
    assert (left["p_value"] - right["p_value"]).abs().to_numpy().max() < 5 * 0.1
    drawing = pl.col("test").is_in(RESAMPLING_TESTS)
    assert found.filter(~drawing).equals(other.filter(~drawing))


@pytest.mark.parametrize("name", list(SIZES))
def test_group_does_not_depend_on_its_company(result: StudyResult, found: pl.DataFrame, name: str) -> None:
    """A group tested alone has the rows that it has among others."""
    alone = group_tests(result, groups_of(result, name))
    assert_same(of_group(alone, name), of_group(found, name))


def test_order_of_groups_and_pairs_does_not_matter(result: StudyResult, found: pl.DataFrame) -> None:
    """Shuffled rows of groups, some of them twice, give the same rows bit for bit."""
    mixed = groups_of(result, "edcba").sample(fraction=1.0, shuffle=True, seed=4)
    assert group_tests(result, pl.concat([mixed, mixed.head(9)])).equals(found)


def test_names_of_groups_do_not_matter(result: StudyResult, found: pl.DataFrame) -> None:
    """Groups under other names, and so in another order, have the same values."""
    names = {"a": "z", "b": "y", "c": "x", "d": "w", "e": "v"}
    renamed = groups_of(result).with_columns(pl.col("group_value").replace(names))
    other = group_tests(result, renamed).with_columns(pl.col("group_value").replace({v: k for k, v in names.items()}))
    assert other.sort(KEY).equals(found.sort(KEY))


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_do_not_matter(found: pl.DataFrame, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches on several threads give the same rows."""
    monkeypatch.setattr(PACKAGE, "BATCH_SIZE", 8)
    again = a_random_study(threads=threads)
    assert_same(group_tests(again, groups_of(again)), found)


LIMITS = (
    *((PACKAGE, "BATCH_SIZE", size) for size in (1, 8, 20)),
    *((battery, "SAMPLE_ELEMENTS", elements) for elements in (1, 50)),
    *((resampling, "BLOCK_ELEMENTS", elements) for elements in (1, 70, 1000)),
)
"""Every limit on what is worked on at a time, made small."""


@pytest.mark.parametrize(("module", "name", "value"), LIMITS)
def test_how_much_is_worked_on_at_a_time_does_not_matter(
    result: StudyResult, found: pl.DataFrame, monkeypatch: pytest.MonkeyPatch, module: object, name: str, value: int
) -> None:
    """Small batches, few windows and few random numbers at a time give the same rows."""
    monkeypatch.setattr(module, name, value)
    parts = group_tests(result, groups_of(result))
    assert_same(parts, found)


def test_groups_and_windows_of_one_size_share_their_draws() -> None:
    """The same values in two groups and on two days have the same p-values to the last bit."""
    values = [1.0, -2.0, 3.0, 4.0, 5.0, 6.0, 2.5]
    twice = a_study([swings(1)] * 14, [[value, value] for value in values * 2], tests=(), resamples=99)
    frame = group_tests(twice, group(twice, range(7), "a").vstack(group(twice, range(7, 14), "b")))
    for name in ("wild_bootstrap_p", "pairs_bootstrap_p", "skewness_bootstrap_p"):
        days = frame.filter(pl.col("window_start") == pl.col("window_end"), test=name)
        assert days.height == 4
        assert days["p_value"].n_unique() == 1


def test_draws_depend_on_the_seed_the_test_and_the_size_of_the_sample(result: StudyResult) -> None:
    """Each of the three gives other random numbers, and the same three the same."""

    def first(seed: int, test: str, size: int) -> float:
        return float(resampling._random(replace(result.spec, seed=seed), test, size).random())

    keys = [(seed, test, size) for seed in (1, 2) for test in RESAMPLING_TESTS for size in (7, 8)]
    assert len({first(*key) for key in keys}) == len(keys)
    assert first(*keys[0]) == first(*keys[0])


def test_everyone_is_a_group_like_any_other(result: StudyResult) -> None:
    """The group of all pairs is the same under two names."""
    frame = group_tests(result, everyone(result).vstack(everyone(result, "also", "all")))
    left, right = (frame.filter(group_by=name).drop("group_by") for name in ("all", "also"))
    assert left.equals(right)

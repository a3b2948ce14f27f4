"""With the textbook's definitions the plain evaluator gives the engine's own statistics."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import polars as pl
import pytest

from pipelines.contracts.vocabulary import TESTS
from pipelines.event_study import StudyResult, Window, group_tests, run_study
from pipelines.event_study.conventions import (
    MEAN_BHAR,
    OTHERS,
    STATISTICS,
    TEXTBOOK,
    Benchmark,
    Convention,
    Definition,
    Definitions,
    Group,
    mean_correlation,
    statistic,
)
from tests.event_study_inputs import a_spec, panel_of, random_returns, resolved_pairs

TOLERANCE = 1e-12
N_SYMBOLS = 7
LEAST_CHANGE = 1e-6


def random_result(seed: int, **changes: object) -> StudyResult:
    """Run a study of securities with gaps in both windows, one of them with two events."""
    returns = random_returns(seed, N_SYMBOLS, 130, missing=0.04, benchmark_missing=0.01, always=(0, 129))
    days = np.random.default_rng(seed).integers(60, 115, N_SYMBOLS)
    pairs = [(f"e{number}", f"S{number}", int(day)) for number, day in enumerate(days)]
    pairs.append(("again", "S0", int(days[0]) + 8))
    fields = {"estimation": Window(-50, -6), "event": Window(-3, 3), "car_windows": (Window(-1, 1), Window(0, 3))}
    spec = a_spec(**(fields | changes))
    return run_study(spec, panel_of(returns), resolved_pairs(returns, pairs))


def groups_of(result: StudyResult) -> pl.DataFrame:
    """Return the used pairs as one group and as two."""
    pairs = result.used.select("event_id", "symbol")
    halves = pairs.with_columns(
        pl.lit("half").alias("group_by"), (pl.int_range(pl.len()) % 2).cast(pl.String).alias("group_value")
    )
    everyone = pairs.with_columns(pl.lit("all").alias("group_by"), pl.lit("all").alias("group_value"))
    return pl.concat([everyone, halves])


@pytest.mark.parametrize("model", ["market", "constant_mean", "market_adjusted"])
@pytest.mark.parametrize("seed", range(4))
def test_the_textbook_is_the_engine(seed: int, model: str) -> None:
    """Every statistic of every group and window, to 1e-12, and NaN where the engine has none."""
    tests = tuple(test for test in STATISTICS if test != MEAN_BHAR)
    result = random_result(seed, model=model, tests=tests)
    groups = groups_of(result)
    place = {pair: number for number, pair in enumerate(result.used.select("event_id", "symbol").iter_rows())}
    rows = {
        label: np.sort([place[pair] for pair in part.select("event_id", "symbol").iter_rows()])
        for label, part in groups.partition_by("group_by", "group_value", as_dict=True).items()
    }
    found = group_tests(result, groups)
    assert found["statistic"].null_count() < found.height / 4
    for row in found.iter_rows(named=True):
        window = Window(row["window_start"], row["window_end"])
        value = statistic(TEXTBOOK, result.estimates, rows[row["group_by"], row["group_value"]], window, row["test"])
        expected = np.nan if row["statistic"] is None else row["statistic"]
        np.testing.assert_allclose(value, expected, rtol=TOLERANCE, atol=TOLERANCE, err_msg=f"{row['test']} {window}")


def test_every_definition_says_what_it_is_about() -> None:
    """A definition sets a switch away from the textbook, and touches tests that its program has."""
    for convention in OTHERS.values():
        assert set(convention.coverage) <= set(TESTS) | {MEAN_BHAR}
        for definition in convention.definitions:
            assert definition.put(TEXTBOOK) != TEXTBOOK
            assert set(definition.tests) <= set(convention.coverage) & set(STATISTICS)
            assert definition.textbook
            assert definition.convention
            assert definition.source


DEFINITIONS = {
    f"{name} {each.name}": (convention, each) for name, convention in OTHERS.items() for each in convention.definitions
}


@pytest.mark.parametrize(("convention", "definition"), DEFINITIONS.values(), ids=DEFINITIONS)
def test_every_definition_makes_a_difference(convention: Convention, definition: Definition) -> None:
    """Exchanged alone it changes each of its tests that it may touch, on a panel with gaps and a security twice."""
    model = definition.models[0] if definition.models else "market"
    result = random_result(3, model=model, return_type="log")
    rows = np.arange(result.used.height)
    windows = [*(Window(day, day) for day in result.spec.event.days), *result.spec.car_windows]
    for test in definition.tests:
        changes = [
            abs(
                statistic(definition.put(TEXTBOOK), result.estimates, rows, window, test)
                - statistic(TEXTBOOK, result.estimates, rows, window, test)
            )
            for window in windows
            if convention.defines(test, window, result.spec) and definition.touches(test, window, model)
        ]
        assert np.nanmax(changes) > LEAST_CHANGE, test


def test_the_mean_correlation_is_that_of_every_two_pairs() -> None:
    """By relative day, it is the mean of NumPy's own over the days that two pairs both have."""
    result = random_result(1)
    group = Group(result.estimates, np.arange(result.used.height), Benchmark.of(result.estimates))
    residual = group.residual
    expected = []
    for first, second in combinations(range(group.n_pairs), 2):
        both = ~np.isnan(residual[first]) & ~np.isnan(residual[second])
        expected.append(np.corrcoef(residual[first][both], residual[second][both])[0, 1])
    found = mean_correlation(Definitions(correlation="relative_day"), group)
    assert found == pytest.approx(np.mean(expected), rel=TOLERANCE)

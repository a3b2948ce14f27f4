"""Why another program gives another number: the steps, and the tests of groups by its definitions."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from pipelines.errors import ContractError, SpecError
from pipelines.event_study import StudyResult, Window, group_tests, run_study
from pipelines.event_study.conventions import MEAN_BHAR, OTHERS
from pipelines.event_study.differences import COLUMNS, explain_difference
from tests.event_study_inputs import a_spec, panel_of, random_returns, resolved_pairs

KEY = ["group_value", "window_start", "window_end", "test"]


@pytest.fixture(scope="module")
def result() -> StudyResult:
    """Return a study of five securities with gaps, one of them with two events."""
    returns = random_returns(5, 5, 110, missing=0.05, always=(0, 80, 88, 109))
    pairs = [*((f"e{number}", f"S{number}", 80) for number in range(5)), ("again", "S0", 88)]
    spec = a_spec(estimation=Window(-60, -5), event=Window(-2, 2), car_windows=(Window(-1, 1),))
    return run_study(spec, panel_of(returns), resolved_pairs(returns, pairs))


def by(result: StudyResult, convention: str) -> StudyResult:
    """Return the same study with the tests of another convention."""
    spec = replace(result.spec, convention=convention)
    return replace(result, spec=spec, estimates=replace(result.estimates, spec=spec))


def everyone(result: StudyResult) -> pl.DataFrame:
    """Return two groups of the used pairs, and one pair that is not used."""
    pairs = result.used.select("event_id", "symbol").with_columns(
        pl.lit("half").alias("group_by"), (pl.int_range(pl.len()) % 2).cast(pl.String).alias("group_value")
    )
    stranger = pl.DataFrame({"event_id": ["e0"], "symbol": ["S4"], "group_by": ["half"], "group_value": ["0"]})
    return pl.concat([pairs, stranger])


@pytest.mark.parametrize("convention", OTHERS)
def test_steps_sum_to_the_difference(result: StudyResult, convention: str) -> None:
    """Changes of the steps add up, each step starts where the one before it ended, and the ends are the statistics."""
    found = explain_difference(result, everyone(result), convention)
    assert found.columns == list(COLUMNS)
    for _, steps in found.group_by(KEY, maintain_order=True):
        rows = steps.sort("step").to_dicts()
        assert rows[0]["before"] == rows[0]["textbook_statistic"]
        assert rows[-1]["after"] == rows[0]["convention_statistic"]
        assert all(row["after"] == later["before"] for row, later in itertools.pairwise(rows))
        if None not in steps["change"].to_list():
            assert steps["change"].sum() == pytest.approx(rows[0]["difference"], abs=1e-12)
    assert found.filter(pl.col("change").abs() > 1e-6)["definition"].n_unique() >= 5


@pytest.mark.parametrize("convention", OTHERS)
def test_group_tests_hold_the_convention_and_say_so(result: StudyResult, convention: str) -> None:
    """Both columns of the explanation are the statistics of group tests; a test it lacks keeps its value."""
    groups = everyone(result)
    explained = explain_difference(result, groups, convention).filter(pl.col("test") != MEAN_BHAR)
    theirs, ours = (group_tests(each, groups) for each in (by(result, convention), result))
    both = explained.unique(KEY).join(theirs, on=KEY).join(ours, on=KEY, suffix="_ours")
    assert both.height == explained.unique(KEY).height > 0
    for ending, column in (("", "convention_statistic"), ("_ours", "textbook_statistic")):
        np.testing.assert_allclose(
            both["statistic" + ending].to_numpy(), both[column].to_numpy(), rtol=1e-10, atol=1e-10
        )
    program = OTHERS[convention].program
    changed = both.filter(pl.col("step") > 0, pl.col("statistic").is_not_null())
    assert changed["note"].str.contains(f"by the definitions of {program}", literal=True).all()
    skewness = theirs.filter(test="skewness_adjusted_t")
    assert skewness["statistic"].to_list() == ours.filter(test="skewness_adjusted_t")["statistic"].to_list()
    has_value = skewness.filter(pl.col("statistic").is_not_null())
    assert has_value["note"].str.contains(f"{program} has no such test here", literal=True).all()


def test_the_reference_distribution_is_the_programs(result: StudyResult) -> None:
    """The crude dependence test of estudy2 has t(mean L1 - 1) on a day and the normal over a window."""
    rows = group_tests(by(result, "estudy2"), everyone(result)).filter(test="crude_dependence_t", group_value="1")
    used = result.estimates.fit.n[1::2]
    assert rows.filter(window_start=0, window_end=0)["df"].item() == pytest.approx(used.mean() - 1)
    assert rows.filter(window_start=-1, window_end=1)["df"].item() is None


def test_a_convention_covers_its_own_models_only(result: StudyResult) -> None:
    """Patell's test of estudy2 is for the market model: of a constant mean nothing is explained."""
    spec = replace(result.spec, model="constant_mean", benchmark_symbol=None)
    returns = random_returns(5, 5, 110)
    pairs = resolved_pairs(returns, [(f"e{number}", f"S{number}", 80) for number in range(5)])
    other = run_study(spec, panel_of(returns), pairs)
    tests = explain_difference(other, everyone(other), "estudy2")["test"].unique().to_list()
    assert "patell_z" not in tests
    assert "sign_z" in tests


def test_what_cannot_be_explained_is_refused(result: StudyResult) -> None:
    """An unknown convention and a group without its columns are said to be so."""
    with pytest.raises(SpecError, match="estudy2, eventstudytools; got 'textbook'"):
        explain_difference(result, everyone(result), "textbook")
    with pytest.raises(ContractError, match=r"missing \['group_value'\]"):
        explain_difference(result, everyone(result).drop("group_value"), "estudy2")

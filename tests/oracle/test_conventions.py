"""Statistics by other programs' definitions against what the programs print for estudy2's COVID data.

Two securities of seven are listed late, so every definition that is about gaps makes a difference.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from pipelines.event_study import StudyResult, Window, group_tests
from pipelines.event_study.conventions import Definitions, named, statistic
from pipelines.event_study.differences import explain_difference
from tests.oracle.test_engine_against_published import covid_study, printed

DAYS = tuple(Window(day, day) for day in range(5))

BY_DAY = {
    ("estudy2", "cross_sectional_t"): ("1.3941497", "-1.2769075", "-.4023135", "1.7958275", "5.1233281"),
    ("estudy2", "patell_z"): ("2.5507399", "-2.9495613", ".3283654", "8.4216222", "6.3196352"),
    ("estudy2", "bmp_t"): ("1.20471169", "-1.17531339", ".07606284", "2.16657728", "8.65212561"),
    ("estudy2", "brown_warner_t"): ("2.486449", "-3.370281", "-1.726675", "8.188085", "6.233409"),
    ("estudy2", "crude_dependence_t"): ("1.858514", "-2.519140", "-1.290615", "6.120241", "4.659205"),
    ("estudy2", "lamb_t"): ("1.620049", "-2.435456", "-1.254626", "6.105794", "4.565195"),
    ("estudy2", "sign_z"): ("1.1338934", ".3779645", "1.1338934", "1.8898224", "2.6457513"),
    ("estudy2", "generalized_sign_z"): ("1.1516761", ".3957301", "1.1516761", "1.9076220", "2.6635680"),
    ("estudy2", "wilcoxon_w"): ("23.0", "10.0", "15.0", "27.0", "28.0"),
    ("estudy2", "corrado_rank_z"): (".7962064",),
    ("estudy2", "corrado_zivney_rank_z"): (".8499246",),
    ("estudy2", "corrado_zivney_sign_z"): (".8636930",),
    ("eventstudytools", "patell_z"): ("2.5455211",),
    ("eventstudytools", "bmp_t"): ("1.2046923",),
    ("textbook", "patell_z"): ("2.5444397",),
    ("textbook", "bmp_t"): ("1.2042844",),
}
RANKS = {
    ("corrado_rank_z", "mean_length"): ".8165955",
    ("corrado_zivney_rank_z", "days"): ".8778896",
    ("corrado_zivney_rank_z", "mean_length"): ".8673324",
    ("corrado_zivney_sign_z", "mean_length"): ".8858513",
}
"""Ranks over estimation and event window by the plain sums, with either divisor of S."""


@cache
def study(folder: Path, convention: str) -> StudyResult:
    """Run the COVID example by a convention, once."""
    result = covid_study(folder)
    spec = replace(result.spec, convention=convention)
    return replace(result, spec=spec, estimates=replace(result.estimates, spec=spec))


def everyone(result: StudyResult) -> pl.DataFrame:
    """Return one group of all seven stocks."""
    return result.used.select("event_id", "symbol", group_by=pl.lit("all"), group_value=pl.lit("all"))


@pytest.mark.parametrize(("convention", "test"), BY_DAY, ids=" ".join)
def test_what_the_program_prints(shared: Path, convention: str, test: str) -> None:
    """The rows of the group tests hold the program's statistics of 2020-03-16 and the days after it."""
    result = study(shared, convention)
    rows = group_tests(result, everyone(result)).filter(test=test).sort("window_start", "window_end")
    found = rows.filter(rows["window_start"] == rows["window_end"])["statistic"].to_list()
    values = BY_DAY[convention, test]
    assert found[: len(values)] == [printed(value) for value in values]


def test_eventstudy_sums_the_days_of_a_window(shared: Path) -> None:
    """Patell's test of five days is 6.5476433 there, and 6.3657933 with the exact covariance."""
    result = study(shared, "eventstudytools")
    explained = explain_difference(result, everyone(result), "eventstudytools")
    steps = explained.filter(test="patell_z", window_start=0, window_end=4)
    assert steps["textbook_statistic"].unique().item() == printed("6.36579332")
    assert steps["convention_statistic"].unique().item() == printed("6.5476433")
    assert steps.sort(steps["change"].abs(), descending=True)["definition"][0] == "window_form"


@pytest.mark.parametrize(("test", "divisor"), RANKS, ids=" ".join)
def test_ranks_by_plain_sums(shared: Path, test: str, divisor: str) -> None:
    """Without estudy2's rowMeans times ncol the sums over the event window are those worked out elsewhere."""
    estimates = study(shared, "textbook").estimates
    definitions = Definitions(rank_days="event_window", rank_divisor=divisor)  # type: ignore[arg-type]
    assert statistic(definitions, estimates, np.arange(7), DAYS[0], test) == printed(RANKS[test, divisor])


def test_the_pooled_share_of_positive_residuals(shared: Path) -> None:
    """The share is .4966443 over all residuals together: z of five of seven says it back."""
    found = statistic(
        named("estudy2").applied("generalized_sign_z", DAYS[0], study(shared, "estudy2").spec),
        study(shared, "estudy2").estimates,
        np.arange(7),
        DAYS[0],
        "generalized_sign_z",
    )
    share = 0.4966443
    assert found == pytest.approx((5 - 7 * share) / np.sqrt(7 * share * (1 - share)), rel=1e-6)


def test_every_difference_is_the_sum_of_its_steps(shared: Path) -> None:
    """Patell's 2.5444397 becomes 2.5507399 by the residual deviation (.0055) and the market's moments (.0008)."""
    result = study(shared, "textbook")
    explained = explain_difference(result, everyone(result), "estudy2")
    steps = explained.filter(test="patell_z", window_start=0, window_end=0)
    assert steps["definition"].to_list() == ["sigma", "market_moments", "absent"]
    np.testing.assert_allclose(steps["change"].to_numpy(), [0.00551163, 0.00078852, 0.0], atol=1e-8)
    assert steps["difference"].unique().item() == pytest.approx(2.5507399 - 2.5444397, abs=1e-7)

"""Mean correlation of residuals, and the tests that allow for pairs that move together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from pipelines.event_study import StudyResult, Window, group_tests
from pipelines.event_study.group_tests import cross_correlation
from pipelines.event_study.group_tests.parametric import bmp_t, patell_z
from pipelines.event_study.group_tests.sample import Batch, Sample
from pipelines.event_study.group_tests.segments import Segments
from tests.unit.event_study.group_tests.hand_studies import (
    DAY_0,
    PerPair,
    a_study,
    everyone,
    has_no_value,
    on_one_date,
    p_normal,
    p_t,
    row_of,
    rows_of,
    swings,
    verdict,
)

# Blocks of eight days, each of mean 0 and sigma 1; A and B agree on six days of eight, so r = (6 - 2)/8 = 1/2, and C
# agrees with either on four, so r = 0. Four blocks are L1 = 32 days, two more than the 30 that a correlation takes.
A = [1, 1, 1, 1, -1, -1, -1, -1] * 4
B = [1, 1, 1, -1, -1, -1, -1, 1] * 4
C = [1, 1, -1, -1, 1, 1, -1, -1] * 4
ADJUSTED = ("patell_z", "patell_z_adjusted", "bmp_t", "bmp_t_adjusted")
SERIES = [[5, -1, -3, -1], [1, -1, 1, -1]]
"""Their mean by relative day is 3, -1, -1, -1: sum of squares 12, S = sqrt(12/3) = 2."""


def on_one_day(before: PerPair, values: Sequence[float], **changes: Any) -> StudyResult:
    """Run a study of pairs that share their day 0, and so the dates of their estimation windows."""
    at = on_one_date(len(values), max(map(len, before)))
    return a_study(before, [[value] for value in values], at=at, **changes)


def test_mean_correlation_corrects_patell_and_bmp_by_hand() -> None:
    """Correlations 1/2, 0, 0 of three pairs: r = 1/6 and 1 + 2 r = 4/3; SAR 1, 2, 3 with d = 32.

    Patell: 6/sqrt(3 32/30) = 6/sqrt 3.2, over sqrt(4/3). BMP: 2 sqrt 3 sqrt((5/6)/(4/3)) = sqrt 7.5, df 2.
    """
    rows = rows_of(on_one_day([A, B, C], [1, 2, 3], tests=ADJUSTED))
    assert rows["patell_z_adjusted"]["statistic"] == pytest.approx(6 / math.sqrt(3.2 * 4 / 3), rel=1e-12)
    assert rows["patell_z_adjusted"]["p_value"] == pytest.approx(p_normal(6 / math.sqrt(3.2 * 4 / 3)), rel=1e-10)
    assert rows["bmp_t_adjusted"]["statistic"] == pytest.approx(math.sqrt(7.5), rel=1e-12)
    assert rows["bmp_t_adjusted"]["p_value"] == pytest.approx(p_t(math.sqrt(7.5), 2), rel=1e-10)
    for name in ("patell_z_adjusted", "bmp_t_adjusted"):
        assert rows[name]["r_bar"] == pytest.approx(1 / 6, rel=1e-12)
        assert verdict(rows[name]) == (True, None)
    assert rows["patell_z"]["r_bar"] is None
    assert not rows["patell_z"]["is_valid"]
    assert (rows["patell_z_adjusted"]["df"], rows["bmp_t_adjusted"]["df"]) == (None, 2.0)


@pytest.mark.parametrize(
    ("n", "r", "patell", "bmp"),
    [(30, 0.02, 0.7955573, 0.7875615), (100, 0.02, 0.5792844, 0.5734623), (11, 0.3, 0.5, 0.41833)],
)
def test_multipliers_of_kolari_and_pynnonen(n: int, r: float, patell: float, bmp: float) -> None:
    """The factors on Patell's Z and BMP's t that the reference list has for N pairs of mean correlation r."""
    result = a_study([swings(1)] * n, [[number % 4 + 1] for number in range(n)])
    batch = Batch(np.arange(n), Segments.of(np.array([n])))
    sample, r_bar = Sample.of(result.estimates, batch, (DAY_0,)), np.array([r])
    z, t = patell_z(sample).statistic, bmp_t(sample).statistic
    np.testing.assert_allclose(cross_correlation.patell_z_adjusted(sample, r_bar).statistic / z, patell, rtol=1e-6)
    np.testing.assert_allclose(cross_correlation.bmp_t_adjusted(sample, r_bar).statistic / t, bmp, rtol=1e-6)


def test_negative_mean_correlation_enlarges_and_is_remarked() -> None:
    """A and -B correlate by -1/2: Z of SAR 1 and 2 grows by sqrt 2, and the remark asks to compare."""
    rows = rows_of(on_one_day([A, [-each for each in B]], [1, 2], tests=ADJUSTED))
    assert rows["patell_z_adjusted"]["statistic"] == pytest.approx(3 / math.sqrt(2 * 32 / 30 / 2), rel=1e-12)
    assert rows["bmp_t_adjusted"]["statistic"] == pytest.approx(
        rows["bmp_t"]["statistic"] * math.sqrt(1.5 / 0.5), rel=1e-12
    )
    for name in ("patell_z_adjusted", "bmp_t_adjusted"):
        assert verdict(rows[name]) == (
            True,
            "the mean correlation is negative (-0.5000), so the correction enlarges the statistic; compare it with the "
            "uncorrected one",
        )


def test_mean_correlation_that_leaves_no_variance_has_no_value() -> None:
    """A and -A correlate by -1: 1 + (N - 1) r = 0."""
    rows = rows_of(on_one_day([A, [-each for each in A]], [1, 2], tests=ADJUSTED))
    for name in ("patell_z_adjusted", "bmp_t_adjusted"):
        assert has_no_value(rows[name])
        assert rows[name]["note"] == "a mean correlation of -1.0000 leaves no variance for 2 pairs"


def test_one_pair_has_no_mean_correlation_and_nothing_to_correct() -> None:
    """Patell's Z of one pair stays as it is; BMP's t needs two."""
    rows = rows_of(on_one_day([A], [2], tests=ADJUSTED))
    assert rows["patell_z_adjusted"]["statistic"] == rows["patell_z"]["statistic"]
    assert rows["patell_z_adjusted"]["r_bar"] is None
    assert verdict(rows["patell_z_adjusted"]) == (True, None)
    assert has_no_value(rows["bmp_t_adjusted"])
    assert rows["bmp_t_adjusted"]["note"] == "needs at least 2 pairs, has 1"


def test_pairs_that_move_as_one_leave_no_t() -> None:
    """Twice the same residuals: r = 1 but for rounding, and 1 - r = 0 is nothing to divide by."""
    random = np.random.default_rng(2)
    for _ in range(20):
        series = random.normal(size=40).tolist()
        row = row_of(on_one_day([series, series], [1, 2], tests=("bmp_t_adjusted",)), "bmp_t_adjusted")
        assert has_no_value(row)
        assert row["note"] == "the pairs have the same residuals, and a mean correlation of 1 leaves no t"


@pytest.mark.parametrize(("apart", "r"), [(2, 1.0), (3, 0.0)])
def test_correlation_is_taken_on_common_calendar_days_if_there_are_thirty(apart: int, r: float) -> None:
    """Two securities move alike on every date; windows of 32 days have 30 in common 2 sessions apart, 29 if 3."""
    calendar = [1, 1, -1, -1] * 9
    before = [calendar[:32], calendar[apart : apart + 32]]
    row = row_of(a_study(before, [[1], [3]], at=[33, 33 + apart]), "patell_z_adjusted")
    assert row["r_bar"] == pytest.approx(r, abs=1e-12)
    assert row["statistic"] == pytest.approx(4 / math.sqrt(2 * 32 / 30) / math.sqrt(1 + r), rel=1e-12)


def test_series_that_move_alike_by_relative_day_only_do_not_correlate() -> None:
    """A 31 sessions later is the same series by relative day, with one calendar day in common."""
    row = row_of(a_study([A, A], [[1], [3]], at=[33, 64]), "patell_z_adjusted")
    assert row["r_bar"] == 0.0


def test_fewer_than_thirty_days_count_as_no_correlation_where_the_dates_are_the_same_too() -> None:
    """Twenty-nine common days of the same returns are taken for zero, thirty for one."""
    series = [1.0, 1, -1, -1, 2, -2] * 5
    for n, r in ((29, 0.0), (30, 1.0)):
        row = row_of(on_one_day([series[:n], series[:n]], [1, 3]), "patell_z_adjusted")
        assert row["r_bar"] == pytest.approx(r, abs=1e-12)


def test_one_missing_day_leaves_the_correlation_of_the_others() -> None:
    """A and B without a day of disagreement: 24 agree and 7 do not; Pearson on 31 days, means 1/31 and -1/31."""
    before = [A, B]
    without = [[None if day == 3 else value for day, value in enumerate(series)] for series in before]
    row = row_of(on_one_day([without[0], B], [1, 3]), "patell_z_adjusted")
    # A loses a 1, B a -1: sums -1 and 1, products 24 - 7 = 17; (17 + 1/31)/(31 - 1/31) = 528/960.
    assert row["r_bar"] == pytest.approx(528 / 960, rel=1e-12)
    both = row_of(on_one_day(without, [1, 3]), "patell_z_adjusted")
    assert both["r_bar"] == pytest.approx(528 / 960, rel=1e-12)


def test_sampled_mean_correlation_is_near_the_exact_one_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit the mean is estimated from drawn correlations, the same ones every time."""
    before = [*([A, B, C] * 4), [*C[:-1], None]]
    result = on_one_day(before, [1 + number % 5 for number in range(13)], tests=ADJUSTED)
    exact = rows_of(result)["patell_z_adjusted"]
    monkeypatch.setattr(cross_correlation, "MAX_EXACT_PAIRS", 12)
    monkeypatch.setattr(cross_correlation, "SAMPLED_CORRELATIONS", 20_000)
    drawn = rows_of(result)["patell_z_adjusted"]
    assert drawn["r_bar"] != exact["r_bar"]
    assert drawn["r_bar"] == pytest.approx(exact["r_bar"], abs=5 * 0.5 / math.sqrt(20_000))
    assert drawn["note"] == (
        "if the days of its pairs differ, the mean correlation of a group of more than 12 is estimated from 20,000 of "
        "them"
    )
    assert drawn["is_valid"]
    assert group_tests(result, everyone(result)).equals(group_tests(result, everyone(result)))


def test_crude_dependence_t_by_hand() -> None:
    """AAR (1 + 3)/2 = 2 over S = 2 is t = 1 with df L1 - 1 = 3, valid although all pairs share their date."""
    row = row_of(on_one_day(SERIES, [1, 3]), "crude_dependence_t")
    assert row["statistic"] == pytest.approx(1, rel=1e-12)
    assert row["p_value"] == pytest.approx(p_t(1, 3), rel=1e-10)
    assert (row["df"], row["n"], *verdict(row)) == (3.0, 2, True, None)


def test_crude_dependence_t_of_a_window_divides_by_the_root_of_its_days() -> None:
    """CAAR (2 + 6)/2 = 4 over four days: 4/(2 sqrt 4) = 1."""
    result = a_study(SERIES, [[2, 0, 0, 0], [0, 1, 2, 3]])
    assert row_of(result, "crude_dependence_t", Window(0, 3))["statistic"] == pytest.approx(1, rel=1e-12)


def test_crude_dependence_t_averages_by_relative_day_over_the_pairs_that_have_it() -> None:
    """The second series starts a day later: the mean is 5, -1, -1, -1 (sum 2, squares 28); S^2 = (28 - 1)/3 = 9."""
    row = row_of(a_study([[5, -1, -3, -1], [-1, 1, -1]], [[1], [5]]), "crude_dependence_t")
    assert row["statistic"] == pytest.approx(1, rel=1e-12)
    assert row["df"] == 3.0


@pytest.mark.parametrize("name", ["crude_dependence_t", "lamb_t"])
def test_deviation_is_that_of_the_pairs_in_the_mean(name: str) -> None:
    """B lacks day 1: over the window S is A's own, sqrt(12/3) = 2, and 4/(2 sqrt 3); on day 0 S is that of both."""
    result = a_study([[3, -1, -1, -1], [1, -3, 1, 1]], [[1, 1, 2], [3, None, 9]], tests=(name,))
    window = row_of(result, name, Window(0, 2))
    assert window["statistic"] == pytest.approx(4 / (2 * math.sqrt(3)), rel=1e-12)
    assert window["n"] == 1
    # Means 2, -2, 0, 0: S^2 = 8/3, AAR 2.
    assert row_of(result, name)["statistic"] == pytest.approx(2 / math.sqrt(8 / 3), rel=1e-12)


def test_lamb_t_by_hand() -> None:
    """Constant mean over four days: C = 1 + 1/4, so t = AAR/(S sqrt C) = 2/(2 sqrt 1.25) = 2/sqrt 5, N(0,1)."""
    result = on_one_day(SERIES, [1, 3], model="constant_mean", min_estimation_obs=4)
    row = row_of(result, "lamb_t")
    assert row["statistic"] == pytest.approx(2 / math.sqrt(5), rel=1e-12)
    assert row["p_value"] == pytest.approx(p_normal(2 / math.sqrt(5)), rel=1e-10)
    assert (row["df"], row["n"], *verdict(row)) == (None, 2, True, None)


def test_lamb_t_of_a_window_is_the_sum_of_its_days_over_the_root_of_their_number() -> None:
    """Days 2, 0, 1, 1 each over 2 sqrt 1.25, their sum over sqrt 4: 4/(2 sqrt 1.25 2) = 1/sqrt 1.25."""
    result = a_study(SERIES, [[1, 0, 2, 1], [3, 0, 0, 1]], model="constant_mean", min_estimation_obs=4)
    row = row_of(result, "lamb_t", Window(0, 3))
    assert row["statistic"] == pytest.approx(1 / math.sqrt(1.25), rel=1e-12)


@pytest.mark.parametrize("name", ["crude_dependence_t", "lamb_t"])
def test_group_whose_mean_does_not_vary_has_nothing_to_compare_with(name: str) -> None:
    """A and -A add up to nothing on every day of the estimation window."""
    row = row_of(on_one_day([swings(1), swings(-1)], [1, 3], tests=(name,)), name)
    assert has_no_value(row)
    assert row["note"] == "the group's mean does not vary in the estimation window"


@pytest.mark.parametrize("name", ["crude_dependence_t", "lamb_t"])
def test_mean_that_varies_by_rounding_alone_does_not_vary(name: str) -> None:
    """1 + 6 and 2 + 5 percent are 7, though not to the last bit."""
    assert has_no_value(row_of(on_one_day([[1, 2, 1, 2], [6, 5, 6, 5]], [1, 3], tests=(name,)), name))


@pytest.mark.parametrize("name", ["crude_dependence_t", "lamb_t", "patell_z_adjusted"])
def test_event_induced_variance_is_not_allowed_for(name: str) -> None:
    """Ten SAR of -3 and 3 vary 8 times as much as d = 10 implies; the test allows for dependence, not for that."""
    row = row_of(on_one_day([swings(1)] * 10, [3, -3] * 5), name)
    assert not row["is_valid"]
    assert row["note"].startswith("the variance across pairs is 8.00 times what the estimation window implies")


def test_a_pair_that_never_moved_has_no_part_in_the_mean_correlation() -> None:
    """Two pairs with the same residuals correlate by 1, and the third, which the tests leave out, changes nothing."""
    series = swings(1, 30)
    rows = rows_of(on_one_day([series, series, [0] * 30], [1, 3, 2], tests=("patell_z_adjusted", "bmp_t_adjusted")))
    assert rows["patell_z_adjusted"]["r_bar"] == pytest.approx(1.0, abs=1e-12)
    assert rows["patell_z_adjusted"]["n"] == 2
    assert rows["bmp_t_adjusted"]["statistic"] is None
    assert rows["bmp_t_adjusted"]["note"] == (
        "the pairs have the same residuals, and a mean correlation of 1 leaves no t"
    )

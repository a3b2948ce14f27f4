"""Rank tests by other definitions, worked by hand on constant-mean studies with gaps.

    A  1  2  3  4 | 5    ranks 1 2 3 4 5, less their middle 3:   -2 -1 0 1 2
    B  .  3  1  2 | 5    ranks 3 1 2 4, less their middle 5/2:  1/2 -3/2 -1/2 3/2

Their means by day are -2, -1/4, -3/4, 1/4, 7/4, the sum of squares is 7.75 over five days.
"""

from __future__ import annotations

from math import sqrt

import pytest

from pipelines.event_study import StudyResult, Window
from tests.unit.event_study.conventions.hand_panels import found, study_of


def rank_study(*later: float, **changes: object) -> StudyResult:
    """Run the constant-mean model on A and B, with further returns after day 0."""
    percents = {"A": [1, 2, 3, 4, 5, *later], "B": [None, 3, 1, 2, 5, *later]}
    fields = {"model": "constant_mean", "benchmark_symbol": None, "last_day": len(later)}
    return study_of(percents, n_estimation=4, **(fields | changes))


def test_corrado_by_days_by_mean_length_and_by_scaled_means() -> None:
    """S^2 over 5 days or over the mean of 5 and 4 returns; scaled means double the lone pair's day."""
    result = rank_study()
    assert found(result, "corrado_rank_z") == pytest.approx(1.75 / sqrt(7.75 / 5), rel=1e-12)
    by_length = found(result, "corrado_rank_z", rank_divisor="mean_length")
    assert by_length == pytest.approx(1.75 / sqrt(7.75 / 4.5), rel=1e-12)
    scaled = found(result, "corrado_rank_z", rank_divisor="mean_length", rank_sums="scaled_means")
    assert scaled == pytest.approx(1.75 / sqrt((7.75 + 12.0) / 4.5), rel=1e-12)  # -2 becomes -4


def test_corrado_zivney_ranks() -> None:
    """Shares: A over 6 and B over 5; sums over the root of the number of pairs, scaled by 2/1 on the first day."""
    result = rank_study()
    sums = [(-1 / 6 + 1 / 10), (0 - 3 / 10), (1 / 6 - 1 / 10), (1 / 3 + 3 / 10)]
    squares = sum(each**2 for each in sums) / 2
    plain = found(result, "corrado_zivney_rank_z")
    assert plain == pytest.approx(sums[-1] / sqrt(2) / sqrt((1 / 9 + squares) / 5), rel=1e-12)
    scaled = found(result, "corrado_zivney_rank_z", rank_divisor="mean_length", rank_sums="scaled_means")
    assert scaled == pytest.approx(sums[-1] / sqrt(2) / sqrt((4 / 9 + squares) / 4.5), rel=1e-12)


def test_corrado_zivney_signs() -> None:
    """Signs of A -1 -1 0 1 1 and of B 1 -1 -1 1: sums -1, 0, -1, 0, 2 over the root of 1, 2, 2, 2, 2."""
    result = rank_study()
    plain = found(result, "corrado_zivney_sign_z")
    assert plain == pytest.approx(sqrt(2) / sqrt((1 + 0.5 + 2) / 5), rel=1e-12)
    scaled = found(result, "corrado_zivney_sign_z", rank_divisor="mean_length", rank_sums="scaled_means")
    assert scaled == pytest.approx(sqrt(2) / sqrt((4 + 0.5 + 2) / 4.5), rel=1e-12)


def test_ranks_over_the_tested_day_or_the_whole_event_window() -> None:
    """With a day 1 of 6 percent the ranks of day 0 stay, their middles rise by 1/2 and there is a sixth day."""
    result = rank_study(6.0)
    assert found(result, "corrado_rank_z") == pytest.approx(1.75 / sqrt(7.75 / 5), rel=1e-12)
    means = [-2.5, -0.75, -1.25, -0.25, 1.25, 2.25]
    wide = found(result, "corrado_rank_z", rank_days="event_window")
    assert wide == pytest.approx(1.25 / sqrt(sum(each**2 for each in means) / 6), rel=1e-12)


def test_ranks_of_a_window_with_a_common_middle() -> None:
    """Middles 7/2 and 3 have the mean 13/4; ranks of days 0 and 1 are 5, 4 and 6, 5."""
    result = rank_study(6.0)
    window = Window(0, 1)
    means = [1 - 3.25, 2.5 - 3.25, 2 - 3.25, 3 - 3.25, 4.5 - 3.25, 5.5 - 3.25]
    squares = sum(each**2 for each in means)
    common = found(result, "corrado_rank_z", window, rank_centre="common")
    assert common == pytest.approx(sqrt(2) * (5 - 3.25) / sqrt(squares / 6), rel=1e-12)
    by_length = found(result, "corrado_rank_z", window, rank_centre="common", rank_divisor="mean_length")
    assert by_length == pytest.approx(sqrt(2) * (5 - 3.25) / sqrt(squares / 5.5), rel=1e-12)


def test_ranks_over_rows_with_the_sample_deviation() -> None:
    """Ranks over 1 + 5 rows less 1/2, B's as if it had five; the sample deviation is about the mean of the days."""
    result = rank_study()
    shares = [1 / 6 - 0.5, (2 + 3) / 12 - 0.5, (3 + 1) / 12 - 0.5, (4 + 2) / 12 - 0.5, (5 + 4) / 12 - 0.5]
    mean = sum(shares) / 5
    rows = found(result, "corrado_rank_z", rank_size="rows")
    assert rows == pytest.approx(shares[-1] / sqrt(sum(each**2 for each in shares) / 5), rel=1e-12)
    sample = found(result, "corrado_rank_z", rank_size="rows", rank_divisor="sample")
    assert sample == pytest.approx(shares[-1] / sqrt(sum((each - mean) ** 2 for each in shares) / 4), rel=1e-12)


def test_the_first_day_stands_for_every_day() -> None:
    """The statistic of day 1 is that of day 0 where one value is recycled."""
    result = rank_study(-6.0)
    day_0, day_1 = (found(result, "corrado_rank_z", Window(day, day)) for day in (0, 1))
    assert day_0 != day_1
    assert found(result, "corrado_rank_z", Window(1, 1), recycled="first_day") == day_0


def test_events_of_one_security_ranked_together() -> None:
    """Two events of A with abnormal returns -1.5 -.5 .5 1.5 | 2.5 and -3 -1 1 3 | 4: ten ranks, middle 11/2."""
    percents = {"A": [1, 2, 3, 4, 5, 1, 3, 5, 7, 8.0]}
    events = [("e1", "A", 5), ("e2", "A", 10)]
    result = study_of(percents, n_estimation=4, events=events, model="constant_mean", benchmark_symbol=None)
    # in order: -3 -1.5 -1 -.5 .5 1 1.5 2.5 3 4
    first, second = [2, 4, 5, 7, 8], [1, 3, 6, 9, 10]
    means = [(a + b) / 2 - 5.5 for a, b in zip(first, second, strict=True)]
    together = found(result, "corrado_rank_z", rank_unit="security")
    assert together == pytest.approx(means[-1] / sqrt(sum(each**2 for each in means) / 5), rel=1e-12)

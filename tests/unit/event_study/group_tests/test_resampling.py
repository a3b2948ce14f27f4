"""Bootstraps and permutations: against all possible draws of small samples, and the same however they are drawn."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from pipelines.event_study import StudyResult, StudySpec, Window
from pipelines.event_study.group_tests import resampling
from pipelines.event_study.spec import RESAMPLING_TESTS
from tests.unit.event_study.group_tests.hand_studies import (
    a_study,
    has_no_value,
    on_one_date,
    one_day,
    row_of,
    rows_of,
    swings,
    verdict,
)

DRAWS = 9_999
FloatArray = np.ndarray[Any, np.dtype[np.float64]]


def drawn(values: Sequence[float], draws: int = DRAWS, **changes: Any) -> StudyResult:
    """Run a study of one day with the tests that draw."""
    fields: dict[str, Any] = {"tests": (), "resamples": draws, "seed": 7}
    return one_day(values, **(fields | changes))


def assert_is_share(p_value: float, share: float, draws: int = DRAWS) -> None:
    """Check (1 + k)/(B + 1) against the probability of k's draws, within five standard errors."""
    error = math.sqrt(share * (1 - share) / draws)
    assert abs(p_value - (1 + draws * share) / (draws + 1)) <= 5 * error


def cross_t(sample: FloatArray, centre: float = 0.0) -> float:
    """Return sqrt(N) (mean - centre)/sd, infinite without deviation."""
    sd = float(sample.std(ddof=1))
    return math.inf if sd < 1e-12 else math.sqrt(sample.size) * (float(sample.mean()) - centre) / sd


def hall_t(sample: FloatArray, centre: float = 0.0) -> float:
    """Return the skewness-adjusted t about a centre, NaN without deviation."""
    n, sd = sample.size, float(sample.std(ddof=1))
    if sd < 1e-12:
        return math.nan
    s = (float(sample.mean()) - centre) / sd
    g = n / ((n - 1) * (n - 2)) * float((((sample - sample.mean()) / sd) ** 3).sum())
    return math.sqrt(n) * (s + g * s**2 / 3 + g**2 * s**3 / 27 + g / (6 * n))


def resamples_of(values: Sequence[float]) -> list[FloatArray]:
    """Return every ordered draw of N of N values with replacement."""
    return [np.array(draw, dtype=np.float64) for draw in itertools.product(values, repeat=len(values))]


def test_wild_bootstrap_against_all_sixty_four_signs() -> None:
    """1, -2, 3, 4, 5, 6 sum to 17; |sum| >= 17 where the minuses take 2 or less, or 19 or more: 6 of 64 patterns."""
    row = row_of(drawn([1, -2, 3, 4, 5, 6]), "wild_bootstrap_p")
    assert_is_share(row["p_value"], 6 / 64)
    values = np.array([1, -2, 3, 4, 5, 6])
    patterns = [abs(values @ np.array(signs)) >= 17 for signs in itertools.product((-1, 1), repeat=6)]
    assert sum(patterns) == 6
    assert row["statistic"] == pytest.approx(cross_t(values.astype(np.float64)), rel=1e-12)
    assert (row["df"], row["n"], *verdict(row)) == (None, 6, True, None)


def test_wild_bootstrap_counts_the_sample_itself_among_its_equals() -> None:
    """Six equal signs: only all plus and all minus reach the sum, 2 of 64, ties and rounding notwithstanding."""
    row = row_of(drawn([0.1, 0.7, 1.3, 0.2, 0.9, 1.1]), "wild_bootstrap_p")
    assert_is_share(row["p_value"], 2 / 64)


def test_pairs_bootstrap_against_all_resamples() -> None:
    """1, 2, 4, 6: the share of 256 resamples whose t about the mean is as far out; no deviation is infinitely far."""
    values = [1.0, 2.0, 4.0, 6.0]
    row = row_of(drawn(values), "pairs_bootstrap_p")
    observed = cross_t(np.array(values))
    share = np.mean([abs(cross_t(draw, 3.25)) >= observed * (1 - 1e-9) for draw in resamples_of(values)])
    assert 0.02 < share < 0.5
    assert_is_share(row["p_value"], float(share))
    assert row["statistic"] == pytest.approx(observed, rel=1e-12)
    assert (row["df"], row["n"], *verdict(row)) == (None, 4, True, None)


def test_skewness_bootstrap_against_all_resamples() -> None:
    """-3, -1, 2, 6: twice the smaller tail of Hall's t about the mean 1; a resample without deviation is in both."""
    values = [-3.0, -1.0, 2.0, 6.0]
    row = row_of(drawn(values), "skewness_bootstrap_p")
    observed = hall_t(np.array(values))
    found = [hall_t(draw, 1.0) for draw in resamples_of(values)]
    tails = [np.mean([not each > observed for each in found]), np.mean([not each < observed for each in found])]
    share = float(min(tails))
    assert 0.02 < share < 0.5
    assert_is_share(row["p_value"] / 2, share)
    assert row["statistic"] == pytest.approx(observed, rel=1e-12)
    assert (row["df"], row["n"], *verdict(row)) == (None, 4, True, None)


@pytest.mark.parametrize(("n_pairs", "n_drawn"), [(4, 4), (9, 9), (10, 10), (40, 10), (43, 10), (44, 11), (80, 20)])
def test_skewness_bootstrap_draws_a_quarter_of_many_pairs(
    monkeypatch: pytest.MonkeyPatch, n_pairs: int, n_drawn: int
) -> None:
    """A resample has N/4 pairs, but at least ten, or all of fewer."""
    sizes = []
    resamples = resampling._resamples

    def recorded(test: str, spec: StudySpec, values: FloatArray, size: int) -> Iterator[FloatArray]:
        if test == "skewness_bootstrap_p":
            sizes.append(size)
        for times in resamples(test, spec, values, size):
            assert test != "skewness_bootstrap_p" or (times.sum(axis=1) == size).all()
            yield times

    monkeypatch.setattr(resampling, "_resamples", recorded)
    row_of(drawn([number % 7 - 2 + number / 50 for number in range(n_pairs)], 19), "skewness_bootstrap_p")
    assert sizes == [n_drawn]


def permuted_share(before: Sequence[float], event: Sequence[float]) -> float:
    """Return the share of the choices of L2 days whose |mean/s| is at least that of the event days."""
    days, length = np.array([*before, *event]), len(event)

    def size(place: tuple[int, ...]) -> float:
        return abs(float(days[list(place)].mean()) / float(np.delete(days, place).std(ddof=1)))

    observed = size(tuple(range(len(before), days.size)))
    choices = list(itertools.combinations(range(days.size), length))
    return sum(size(place) >= observed * (1 - 1e-9) for place in choices) / len(choices)


def test_permutation_of_one_day_against_all_days() -> None:
    """One pair, nineteen days and day 0: a day's |AR| over the deviation of the others is as large on 2 of 20 days."""
    before = [float(number) for number in range(-9, 10)]
    row = row_of(a_study([before], [[8.5]], tests=(), resamples=DRAWS), "permutation_p")
    # 9 and -9 are further out than 8.5 as they are larger, and the deviation of the rest is smaller without them.
    assert permuted_share(before, [8.5]) == 3 / 20
    assert_is_share(row["p_value"], 3 / 20)
    assert (row["df"], row["n"], *verdict(row)) == (None, 1, True, None)


def test_permutation_of_a_window_against_all_choices_of_days() -> None:
    """Two pairs, six days and a window of two: all 28 choices of two of the means of eight days."""
    before, event = [[1, -2, 3, 0, 2, -3], [3, 2, -5, 4, -2, 1]], [[4, 1], [2, 3]]
    result = a_study(before, event, at=on_one_date(2, 6), tests=(), resamples=DRAWS)
    rows = rows_of(result, window=Window(0, 1))
    share = permuted_share(np.mean(before, axis=0).tolist(), np.mean(event, axis=0).tolist())
    assert 0.02 < share < 0.5
    assert_is_share(rows["permutation_p"]["p_value"], share)
    # Means 2, 0, -1, 2, 0, -1 (squared deviations 10 - 4/6): CAAR 5 over S sqrt 2 is the crude dependence t.
    assert rows["permutation_p"]["statistic"] == pytest.approx(5 / math.sqrt(2 * (10 - 4 / 6) / 5), rel=1e-12)


def test_permutation_takes_the_days_of_the_pairs_in_the_mean() -> None:
    """The second pair lacks day 1, so over the window the p-value and its draws are those of the first alone."""
    before, event = [[1, -2, 3, 0, 2, -3], [9, 2, -5, 4, -2, 1]], [[4, 1, 2], [5, None, 5]]
    both = a_study(before, event, tests=(), resamples=499)
    first = a_study(before[:1], event[:1], tests=(), resamples=499)
    left, right = (row_of(result, "permutation_p", Window(0, 2)) for result in (both, first))
    assert left == right


@pytest.mark.parametrize("name", RESAMPLING_TESTS)
def test_p_is_at_least_one_in_one_more_than_the_draws(name: str) -> None:
    """However far out the sample, it is one of its own draws: p >= 1/100 with 99 draws, and 2/100 for two tails."""
    values = [100 + number / 10 for number in range(30)]
    row = row_of(drawn(values, 99, n=40), name)
    least = 0.02 if name == "skewness_bootstrap_p" else 0.01
    assert row["p_value"] >= least
    # A permutation draws day 0 once in 41 times.
    assert row["p_value"] <= (0.2 if name == "permutation_p" else least)


@pytest.mark.parametrize(("name", "least"), [(name, 19) for name in RESAMPLING_TESTS if name != "skewness_bootstrap_p"])
def test_fewer_than_nineteen_draws_cannot_reject(name: str, least: int) -> None:
    """With B draws p is at least 1/(B + 1)."""
    few = row_of(drawn([1, 2, 3, 4, -5, 6], least - 1, n=30), name)
    assert few["p_value"] is not None
    assert verdict(few) == (False, "18 draws cannot reject at 5 %: that takes 19")
    assert verdict(row_of(drawn([1, 2, 3, 4, -5, 6], least, n=30), name)) == (True, None)


def test_two_tails_take_twice_the_draws() -> None:
    """With B draws the equal-tailed p is at least 2/(B + 1)."""
    few = row_of(drawn([1, 2, 3, 4, -5, 6], 38), "skewness_bootstrap_p")
    assert verdict(few) == (False, "38 draws cannot reject at 5 %: that takes 39")
    assert verdict(row_of(drawn([1, 2, 3, 4, -5, 6], 39), "skewness_bootstrap_p")) == (True, None)


@pytest.mark.parametrize(
    ("name", "least"), [("wild_bootstrap_p", 6), ("pairs_bootstrap_p", 4), ("skewness_bootstrap_p", 4)]
)
def test_too_few_pairs_cannot_reject_whatever_the_draws(name: str, least: int) -> None:
    """2^(1 - N) and about N^(1 - N) bound the p-values of N pairs."""
    values = [1, 2, 4, 7, 11, 16]
    row = row_of(drawn(values[: least - 1], 99), name)
    assert row["p_value"] is not None
    assert verdict(row) == (
        False,
        f"N = {least - 1} cannot reject at 5 %, whatever the values: that takes {least} pairs",
    )
    assert verdict(row_of(drawn(values[:least], 99), name)) == (True, None)


def test_too_few_days_cannot_reject_whatever_the_draws() -> None:
    """Eighteen estimation days and day 0 are 19 choices of one day, each at least one draw in 19."""
    row = row_of(drawn([1, 2, 4], 99, n=18), "permutation_p")
    assert row["p_value"] is not None
    assert verdict(row) == (False, "19 choices of days cannot reject at 5 %, whatever their values: that takes 20")
    assert verdict(row_of(drawn([1, 2, 4], 99, n=20), "permutation_p")) == (True, None)


@pytest.mark.parametrize("name", [name for name in RESAMPLING_TESTS if name != "permutation_p"])
def test_bootstraps_say_what_their_statistic_says(name: str) -> None:
    """One pair, equal pairs and pairs of one date are judged as the t that is resampled."""
    one = row_of(drawn([1], 99), name)
    assert has_no_value(one)
    assert one["note"].startswith("needs at least ")
    same = row_of(drawn([2] * 6, 99), name)
    assert has_no_value(same)
    assert same["note"] == "all pairs have the same value, so there is no cross-sectional deviation"
    shared = row_of(drawn([1, 2, 3, 4, 5, 7], 99, at=on_one_date(6)), name)
    assert shared["p_value"] is not None
    assert not shared["is_valid"]
    assert shared["note"].startswith("6 of 6 pairs share the event session 2024-01-12")


def test_permutation_allows_for_pairs_of_one_date_and_not_for_induced_variance() -> None:
    """The days of the group's mean hold what pairs have in common; a variance that the event changes they do not."""
    shared = row_of(drawn([1, 2, 4], 99, n=20, at=on_one_date(3)), "permutation_p")
    assert verdict(shared) == (True, None)
    induced = row_of(drawn([3, -3] * 5, 99, n=20), "permutation_p")
    assert not induced["is_valid"]
    assert induced["note"].startswith("the variance across pairs is 9.00 times what the estimation window implies")
    still = row_of(a_study([swings(1, 20), swings(-1, 20)], [[1], [2]], tests=(), resamples=99), "permutation_p")
    assert has_no_value(still)
    assert still["note"] == "the group's mean does not vary in the estimation window"

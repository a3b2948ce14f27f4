"""Windows are gathered by the listing's own sessions, and the benchmark's return spans the same days."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from pipelines.event_study import ReturnPanel, Window
from pipelines.event_study.alignment import NO_DAY, align, matched_benchmark
from pipelines.event_study.pairs import Pairs, checked_pairs
from tests.event_study_inputs import a_spec, compounded, day, panel_of, price_rows, resolved_pairs, returns_frame


def listing(symbol: str, prices: dict[int, float]) -> list[tuple[str, date, int, float]]:
    """Return rows of a listing whose sessions fall on the given days, counted without gaps."""
    return [(symbol, day(number), index, price) for index, (number, price) in enumerate(sorted(prices.items()))]


def matched(panel: ReturnPanel, symbol: str, return_type: str = "simple") -> np.ndarray:
    """Return the benchmark returns matched to one symbol."""
    return matched_benchmark(panel, "MKT", return_type)[panel.rows(panel.code(symbol))]


def test_security_closed_while_the_benchmark_trades_gets_the_compounded_return() -> None:
    """A return over the security's holiday is matched with the benchmark's return over both days."""
    # MKT rises by 10 % on each of the days 1, 2, 3; the security is closed on day 2.
    # Day 3: 133.1 / 110 - 1 = 0.21 = 1.1^2 - 1.
    panel = panel_of(
        returns_frame(
            listing("MKT", {0: 100.0, 1: 110.0, 2: 121.0, 3: 133.1}), listing("S", {0: 10.0, 1: 11.0, 3: 12.0})
        )
    )
    np.testing.assert_allclose(matched(panel, "S"), [np.nan, 0.1, 0.21], rtol=1e-14)
    np.testing.assert_allclose(matched(panel, "S", "log"), [np.nan, np.log(1.1), 2 * np.log(1.1)], rtol=1e-14)


def test_benchmark_closed_while_the_security_trades_leaves_two_returns_unmatched() -> None:
    """Without a benchmark price on day 2, neither the return up to it nor the one from it has a match."""
    panel = panel_of(
        returns_frame(
            listing("MKT", {0: 100.0, 1: 110.0, 3: 121.0, 4: 121.0}),
            listing("S", {0: 10.0, 1: 11.0, 2: 12.0, 3: 13.0, 4: 14.0}),
        )
    )
    np.testing.assert_allclose(matched(panel, "S"), [np.nan, 0.1, np.nan, np.nan, 0.0], rtol=1e-14)


def test_days_outside_the_benchmarks_history_have_no_match() -> None:
    """Before the benchmark's first price and after its last there is no match."""
    panel = panel_of(returns_frame(listing("MKT", {2: 100.0, 3: 110.0}), listing("S", dict.fromkeys(range(6), 10.0))))
    np.testing.assert_allclose(matched(panel, "S"), [np.nan, np.nan, np.nan, 0.1, np.nan, np.nan], rtol=1e-14)


def test_benchmark_matched_to_itself_is_its_own_return() -> None:
    """The benchmark's matched return is bit for bit its own return."""
    panel = panel_of(returns_frame(price_rows("MKT", compounded([0.013, -0.027, 0.0041], start=97.3))))
    np.testing.assert_array_equal(matched(panel, "MKT"), panel.simple_return)


@pytest.mark.parametrize("order", [1, -1])
def test_window_holds_the_listings_own_sessions_and_nothing_of_its_neighbours(order: int) -> None:
    """A window reads its listing's sessions, missing values at a gap and beyond both ends, and no other listing."""
    frame = returns_frame(
        price_rows("A", [1.0] * 9), price_rows("S", [1, 2, 6, None, 24, 48], first=3), price_rows("Z", [1.0] * 9)
    )
    panel = panel_of(frame[::order])
    spec = a_spec(
        model="constant_mean",
        estimation=Window(-8, -5),
        event=Window(-4, 4),
        car_windows=(Window(0, 0),),
        min_estimation_obs=2,
    )
    pairs = Pairs.of(checked_pairs(resolved_pairs(frame, [("e", "S", 5)])), panel)
    aligned = align(spec, panel, pairs)

    # Sessions 1..9 of S: prices at 3, 4, 5, 7, 8; returns at 4 (+1), 5 (+2) and 8 (+1).
    expected = [np.nan, np.nan, np.nan, 1.0, 2.0, np.nan, np.nan, 1.0, np.nan]
    np.testing.assert_array_equal(aligned.take(aligned.actual, pairs.places, spec.event), [expected])
    assert aligned.n_estimation(pairs.places, spec.event).tolist() == [3]
    days = aligned.take(aligned.session_day, pairs.places, spec.event)[0]
    assert [number == NO_DAY for number in days] == [True, True, False, False, False, True, False, False, True]


@pytest.mark.parametrize("event_index", [-100_000, 100_000])
def test_window_far_outside_a_listing_is_all_missing(event_index: int) -> None:
    """A window that lies nowhere near its listing holds missing values only."""
    frame = returns_frame(price_rows("S", [1.0, 2.0, 4.0]))
    spec = a_spec(model="constant_mean")
    pairs = Pairs.of(
        resolved_pairs(frame, [("e", "S", 1)]).with_columns(event_index=pl.lit(event_index)), panel_of(frame)
    )
    aligned = align(spec, panel_of(frame), pairs)
    assert np.isnan(aligned.take(aligned.actual, pairs.places, spec.estimation)).all()
    assert aligned.n_estimation(pairs.places, spec.estimation).tolist() == [0]

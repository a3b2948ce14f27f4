"""Days around other events of a security are left out of its estimation windows, and of nothing else."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
import pytest

from pipelines.event_study import StudyResult, Window, run_cars, run_study
from tests.event_study_inputs import (
    a_spec,
    compounded,
    panel_of,
    price_rows,
    random_returns,
    resolved_pairs,
    returns_frame,
)

TINY: dict[str, Any] = {
    "model": "constant_mean",
    "estimation": Window(-4, -1),
    "event": Window(0, 1),
    "car_windows": (Window(0, 0), Window(0, 1)),
    "min_estimation_obs": 3,
}
# Session      1     2     3     4     5     6     7
PATH = [0.01, 0.03, 0.50, 0.02, 0.05, 0.00, 0.01]
DAY_0 = Window(0, 0)


def study(
    *events: tuple[str, str, int], path: list[float] | None = None, is_ended: bool = False, **spec: Any
) -> StudyResult:
    """Study events of S and T, whose returns are the same, given as (event, symbol, session of day 0)."""
    returns = returns_frame(*(price_rows(symbol, compounded(path or PATH)) for symbol in "ST"))
    pairs = resolved_pairs(returns, events, is_ended=is_ended)
    return run_study(a_spec(**TINY | spec), panel_of(returns), pairs)


def row(result: StudyResult, event_id: str = "b") -> dict[str, Any]:
    """Return an event's row of the ledger."""
    return result.securities.row(by_predicate=pl.col("event_id") == event_id, named=True)


def test_without_the_option_an_earlier_events_reaction_is_taken_for_normal() -> None:
    """Event b on session 5 has 0.01, 0.03, 0.50, 0.02 before it: their mean is 0.14, and day 0 is 0.05 - 0.14."""
    result = study(("a", "S", 3), ("b", "S", 5))
    assert (row(result)["n_estimation_obs"], row(result)["alpha"]) == (4, pytest.approx(0.14, rel=1e-12))
    car = result.cars.filter(event_id="b", window_end=0).row(0, named=True)
    assert car["car"] == pytest.approx(-0.09, rel=1e-12)


def test_excluded_days_leave_the_other_events_day_out() -> None:
    """Without session 3, day 0 of event a, event b has 0.01, 0.03, 0.02: mean 0.02, s = 0.01, two days by hand.

    Abnormal 0.03 and -0.02, CAR 0.01 with variance 1e-4 (2 + 4/3), so t = sqrt(0.3) with df 2.
    """
    result = study(("a", "S", 3), ("b", "S", 5), excluded_days=DAY_0)
    ledger = row(result)
    assert (ledger["n_estimation_obs"], ledger["reason"]) == (3, None)
    np.testing.assert_allclose([ledger["alpha"], ledger["sigma"]], [0.02, 0.01], rtol=1e-10)
    car = result.cars.filter(event_id="b", window_end=1).row(0, named=True)
    assert (car["df"], car["t_stat"]) == (2, pytest.approx(math.sqrt(0.3), rel=1e-9))


def test_only_the_same_securitys_events_count() -> None:
    """An event of T on session 3 leaves the estimation window of S as it is."""
    assert row(study(("a", "T", 3), ("b", "S", 5), excluded_days=DAY_0))["n_estimation_obs"] == 4


def test_event_windows_keep_the_days_that_estimation_windows_leave_out() -> None:
    """Event b lies a day after a: its day 0 is a's day 1, and both keep their abnormal returns and CARs."""
    path = [0.01, 0.03, 0.02, 0.02, 0.05, 0.00, 0.01]
    both = study(("a", "S", 5), ("b", "S", 6), path=path, excluded_days=Window(0, 1))
    alone = study(("a", "S", 5), path=path, excluded_days=Window(0, 1))
    assert both.cars.filter(event_id="a").drop("p_holm", "p_bh").equals(alone.cars.drop("p_holm", "p_bh"))
    assert both.abnormal_returns.filter(event_id="b")["abnormal_return"].null_count() == 0
    assert both.cars["n_days"].to_list() == [1, 2, 1, 2]
    # b: sessions 2 to 5 without 5, day 0 of a: (0.03 + 0.02 + 0.02)/3.
    assert row(both)["alpha"] == pytest.approx(0.07 / 3, rel=1e-10)


def test_an_event_does_not_shorten_its_own_estimation_window() -> None:
    """An event's own days lie in its event window; alone it loses none, however many days are left out."""
    result = study(("b", "S", 5), excluded_days=Window(0, 1))
    assert row(result)["n_estimation_obs"] == 4


def test_days_around_two_events_that_overlap_are_left_out_once() -> None:
    """Sessions 2, 3 and 3, 4 around events on 2 and 3 take three sessions, not four."""
    result = study(("a", "S", 2), ("c", "S", 3), ("b", "S", 5), excluded_days=Window(0, 1), min_estimation_obs=2)
    assert row(result)["n_estimation_obs"] == 1
    assert row(result)["status"] == "excluded"


@pytest.mark.parametrize("session", [1, 2])
def test_an_event_that_is_not_used_is_an_event_all_the_same(session: int) -> None:
    """An event too early to be estimated moved the price too: its day is left out of the later window."""
    result = study(("a", "S", session), ("b", "S", 5), excluded_days=DAY_0)
    assert row(result, "a")["status"] == "excluded"
    assert row(result)["n_estimation_obs"] == 3


@pytest.mark.parametrize("session", [-100, -1, 8, 100])
def test_an_event_outside_the_prices_leaves_no_day_out(session: int) -> None:
    """An event before the first or after the last price takes nothing, of its listing or of its neighbour's."""
    for symbol in "ST":
        result = study(("a", symbol, session), ("b", "S", 5), ("c", "T", 5), excluded_days=DAY_0)
        assert row(result)["n_estimation_obs"] == row(result, "c")["n_estimation_obs"] == 4


def test_days_before_the_first_price_shift_nothing() -> None:
    """An event on session 1 with five days on either side leaves out sessions 1 to 6 of its listing, no others."""
    returns = returns_frame(*(price_rows(symbol, compounded([0.01, 0.02, 0.03] * 10)) for symbol in "RST"))
    spec = a_spec(model="constant_mean", estimation=Window(-15, -6), min_estimation_obs=2, excluded_days=Window(-5, 5))
    events = [("a", "S", 1), *(("b", symbol, 17) for symbol in "RST")]
    ledger = run_study(spec, panel_of(returns), resolved_pairs(returns, events)).securities.filter(event_id="b")
    # The window is sessions 2 to 11; of S 7 to 11 are left.
    assert ledger.select("symbol", "n_estimation_obs").rows() == [("R", 10), ("S", 5), ("T", 10)]


def test_too_few_sessions_say_that_some_were_left_out() -> None:
    """A pair that other events leave too few sessions is told why."""
    result = study(("a", "S", 2), ("c", "S", 3), ("b", "S", 5), excluded_days=DAY_0)
    assert row(result)["reason"] == (
        "S has 2 usable estimation sessions in [-4,-1]; the study needs 3 (min_estimation_obs); "
        "days [0,0] around other events of the security are left out. First price: 2024-01-01."
    )


@pytest.mark.parametrize("model", ["market", "market_adjusted", "constant_mean"])
@pytest.mark.parametrize("days", [Window(0, 0), Window(-1, 1), Window(-5, 5)])
def test_cars_alone_leave_the_same_days_out(model: str, days: Window) -> None:
    """The short way to CARs excludes what a whole study excludes."""
    returns = random_returns(5, n_symbols=2, missing=0.03, always=(59, 60, 69, 70, 79, 80))
    pairs = resolved_pairs(returns, [(f"e{index}", symbol, index) for index in (60, 70, 80) for symbol in ("S0", "S1")])
    spec = a_spec(model=model, excluded_days=days)
    whole, short = run_study(spec, panel_of(returns), pairs), run_cars(spec, panel_of(returns), pairs)
    n_windows = len(spec.car_windows)
    np.testing.assert_allclose(whole.cars["car"].to_numpy().reshape(-1, n_windows), short.car, rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(whole.cars["car_se"].to_numpy().reshape(-1, n_windows), short.se, rtol=1e-9)


def test_leaving_no_day_out_is_leaving_the_option_out() -> None:
    """With one event per security the option changes no bit."""
    returns = random_returns(6)
    pairs = resolved_pairs(returns, [("e", f"S{number}", 60 + 5 * number) for number in range(4)])
    plain, excluding = (
        run_study(a_spec(excluded_days=days), panel_of(returns), pairs) for days in (None, Window(-5, 5))
    )
    assert plain.securities.equals(excluding.securities)
    assert plain.abnormal_returns.equals(excluding.abnormal_returns)
    assert plain.cars.equals(excluding.cars)

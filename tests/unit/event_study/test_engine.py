"""A whole study on numbers small enough to work by hand."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

from pipelines.contracts import FCT_ABNORMAL_RETURNS, FCT_EVENT_CARS, FCT_STUDY_SECURITIES
from pipelines.errors import ContractError, SpecError
from pipelines.event_study import StudyResult, StudySpec, Window, run_study
from tests.event_study_inputs import (
    a_spec,
    compounded,
    day,
    panel_of,
    price_rows,
    random_returns,
    resolved_pairs,
    returns_frame,
    with_returns,
)

TINY = {
    "estimation": Window(-3, -1),
    "event": Window(0, 1),
    "car_windows": (Window(0, 0), Window(0, 1)),
    "min_estimation_obs": 3,
}


def study(spec: StudySpec, security: list[float], market: list[float]) -> StudyResult:
    """Run a study of one security whose day 0 is its fifth session (three returns before it)."""
    returns = returns_frame(price_rows("S", compounded(security)), price_rows("MKT", compounded(market)))
    return run_study(spec, panel_of(returns), resolved_pairs(returns, [("e", "S", 4)]))


def test_market_model_by_hand() -> None:
    """The market model gives the coefficients, variances and p-value worked by hand."""
    # Estimation: market 5, 5, 7 and security 6, 8, 10. Means 17/3 and 8; Sxx = 4/9 + 4/9 + 16/9 = 8/3;
    # Sxy = (-2/3)(-2) + 0 + (4/3)(2) = 4, so b = 3/2 and a = 8 - 17/2 = -1/2. Residuals -1, 1, 0: s^2 = 2/(3-2) = 2.
    # Event: market 3, 5 and security 12, 16; expected 4 and 7, abnormal 8 and 9.
    # V = 2 (I + X*(X'X)^-1 X*') = [[8, 2], [2, 3]], so Var(CAR) = 8 + 2 + 2 + 3 = 15 and t = 17/sqrt(15), df 1,
    # p = 1 - (2/pi) arctan t. BHAR = 13 * 17 - 5 * 8 = 181.
    result = study(a_spec(**TINY), [6, 8, 10, 12, 16], [5, 5, 7, 3, 5])

    ledger = result.securities.row(0, named=True)
    assert (ledger["status"], ledger["reason"], ledger["n_estimation_obs"]) == ("used", None, 3)
    assert ledger["alpha"] == pytest.approx(-0.5, abs=1e-12)
    assert ledger["beta"] == pytest.approx(1.5, rel=1e-12)
    assert ledger["sigma"] == pytest.approx(math.sqrt(2), rel=1e-12)

    days = result.abnormal_returns
    assert days["relative_day"].to_list() == [0, 1]
    assert days["session_date"].to_list() == [day(4), day(5)]
    np.testing.assert_allclose(days["actual_return"], [12, 16], rtol=1e-12)
    np.testing.assert_allclose(days["expected_return"], [4, 7], rtol=1e-12)
    np.testing.assert_allclose(days["abnormal_return"], [8, 9], rtol=1e-12)
    np.testing.assert_allclose(days["abnormal_return_se"], [math.sqrt(8), math.sqrt(3)], rtol=1e-12)
    np.testing.assert_allclose(days["std_abnormal_return"], [8 / math.sqrt(8), 9 / math.sqrt(3)], rtol=1e-12)
    np.testing.assert_allclose(days["cum_abnormal_return"], [8, 17], rtol=1e-12)
    np.testing.assert_allclose(days["cum_abnormal_return_se"], [math.sqrt(8), math.sqrt(15)], rtol=1e-12)

    car = result.cars.filter(window_end=1).row(0, named=True)
    t_stat = 17 / math.sqrt(15)
    assert car["car"] == pytest.approx(17, rel=1e-12)
    assert car["car_se"] == pytest.approx(math.sqrt(15), rel=1e-12)
    assert car["scar"] == car["t_stat"] == pytest.approx(t_stat, rel=1e-12)
    assert car["p_value"] == pytest.approx(1 - 2 / math.pi * math.atan(t_stat), rel=1e-12)
    assert car["p_value"] == pytest.approx(0.142602412, rel=1e-6)
    assert car["bhar"] == pytest.approx(181, rel=1e-12)
    assert (car["df"], car["n_days"], car["is_complete"]) == (1, 2, True)


def test_constant_mean_by_hand() -> None:
    """The constant mean has no beta, one parameter, and a variance that grows with the mean's own error."""
    # Estimation 0.01, 0.03, 0.02: mean 0.02, s^2 = 2e-4/2 = 1e-4. Event 0.05, 0.00: abnormal 0.03, -0.02.
    # Var(AR) = 1e-4 (1 + 1/3); Var(CAR) = 1e-4 (2 + 4/3) = 1e-3/3, so t^2 = 0.01^2 / (1e-3/3) = 0.3 with df 2,
    # and for two degrees of freedom p = 1 - t/sqrt(2 + t^2). BHAR = 1.05 * 1 - 1.02^2.
    spec = a_spec(**TINY, model="constant_mean", benchmark_symbol=None)
    result = study(spec, [0.01, 0.03, 0.02, 0.05, 0.0], [0.0] * 5)
    ledger = result.securities.row(0, named=True)
    assert (ledger["alpha"], ledger["beta"]) == (pytest.approx(0.02, rel=1e-12), None)
    assert ledger["sigma"] == pytest.approx(0.01, rel=1e-12)
    car = result.cars.filter(window_end=1).row(0, named=True)
    assert result.abnormal_returns["abnormal_return_se"][0] == pytest.approx(0.01 * math.sqrt(4 / 3), rel=1e-12)
    assert car["car"] == pytest.approx(0.01, rel=1e-10)
    assert car["t_stat"] == pytest.approx(math.sqrt(0.3), rel=1e-10)
    assert car["p_value"] == pytest.approx(1 - math.sqrt(0.3 / 2.3), rel=1e-10)
    assert car["bhar"] == pytest.approx(1.05 - 1.02**2, rel=1e-10)
    assert (car["df"], car["beta"]) == (2, None)


def test_market_adjusted_by_hand() -> None:
    """The market-adjusted model estimates nothing: variance about zero, as many degrees of freedom as sessions."""
    # Differences 0.02, -0.01, 0.02: s^2 = 9e-4/3 = 3e-4. Day 0: 0.05 - 0.02 = 0.03, so t = 0.03/sqrt(3e-4) = sqrt(3)
    # with df 3, where p = 1 - (2/pi)(theta + sin theta cos theta), theta = arctan(t/sqrt(3)) = pi/4: 1/2 - 1/pi.
    spec = a_spec(**TINY, model="market_adjusted")
    result = study(spec, [0.03, 0.01, 0.02, 0.05, 0.01], [0.01, 0.02, 0.00, 0.02, 0.01])
    ledger = result.securities.row(0, named=True)
    assert (ledger["alpha"], ledger["beta"]) == (0.0, 1.0)
    assert ledger["sigma"] == pytest.approx(math.sqrt(3e-4), rel=1e-12)
    day_0 = result.abnormal_returns.row(0, named=True)
    assert day_0["abnormal_return"] == pytest.approx(0.03, rel=1e-12)
    assert day_0["std_abnormal_return"] == pytest.approx(math.sqrt(3), rel=1e-12)
    assert day_0["p_value"] == pytest.approx(0.5 - 1 / math.pi, rel=1e-12)
    both = result.cars.filter(window_end=1).row(0, named=True)
    assert both["car_se"] == pytest.approx(math.sqrt(2 * 3e-4), rel=1e-12)
    assert both["df"] == 3


def test_log_returns_are_held_by_their_exponential() -> None:
    """With log returns BHAR is exp(sum R) - exp(sum E[R])."""
    # The security trebles on day 0, the benchmark doubles; market-adjusted: 3 - 2 = 1, abnormal ln 3 - ln 2.
    spec = a_spec(**TINY, model="market_adjusted", return_type="log")
    result = study(spec, [0.03, 0.01, 0.02, 2.0, 0.0], [0.01, 0.02, 0.00, 1.0, 0.0])
    car = result.cars.filter(window_end=0).row(0, named=True)
    assert car["car"] == pytest.approx(math.log(1.5), rel=1e-12)
    assert car["bhar"] == pytest.approx(1.0, rel=1e-12)


def test_missing_day_is_null_and_the_car_takes_the_others() -> None:
    """A missing day has no abnormal return; the CAR and its variance are over the days that are there."""
    # Constant mean as above, event window of three days, no price on day 1: the returns of the days 1 and 2 are
    # missing. Only day 0 is left: CAR = 0.03, Var = 1e-4 (1 + 1/3).
    spec = a_spec(**TINY | {"event": Window(0, 2), "car_windows": (Window(0, 2), Window(1, 2))}, model="constant_mean")
    prices = compounded([0.01, 0.03, 0.02, 0.05, 0.0, 0.07])
    prices[5] = None
    returns = returns_frame(price_rows("S", prices))
    result = run_study(spec, panel_of(returns), resolved_pairs(returns, [("e", "S", 4)]))

    days = result.abnormal_returns
    assert days["abnormal_return"].is_null().to_list() == [False, True, True]
    assert days["cum_abnormal_return"].is_null().to_list() == [False, True, True]
    assert days["expected_return"].is_null().to_list() == [False, True, True]
    assert days["session_date"].to_list() == [day(4), None, day(6)]

    car = result.cars.filter(window_start=0).row(0, named=True)
    assert car["car"] == pytest.approx(0.03, rel=1e-12)
    assert car["car_se"] == pytest.approx(0.01 * math.sqrt(4 / 3), rel=1e-12)
    assert (car["n_days"], car["is_complete"], car["bhar"]) == (1, False, None)
    empty = result.cars.filter(window_start=1).row(0, named=True)
    names = ("car", "car_se", "scar", "t_stat", "p_value", "bhar")
    assert [empty[name] for name in names] == [None] * len(names)
    assert (empty["n_days"], empty["is_complete"]) == (0, False)


def test_running_sum_goes_on_after_a_missing_day() -> None:
    """The running sum is null on a missing day and continues with the next one."""
    spec = a_spec(model="constant_mean", event=Window(-2, 3), car_windows=(Window(-2, 3),))
    gap = (pl.col("symbol") == "S0") & (pl.col("session_index") == 81)
    returns = with_returns(random_returns(3, n_symbols=1).filter(~gap))
    result = run_study(spec, panel_of(returns), resolved_pairs(returns, [("e", "S0", 80)]))
    days = result.abnormal_returns
    assert days["cum_abnormal_return"].is_null().to_list() == [False, False, False, True, True, False]
    assert days["cum_abnormal_return_se"].is_null().to_list() == [False, False, False, True, True, False]
    assert days["cum_abnormal_return_se"][-1] == pytest.approx(result.cars["car_se"][0], rel=1e-12)
    assert days["cum_abnormal_return"][-1] == pytest.approx(days["abnormal_return"].sum(), rel=1e-12)
    assert days["cum_abnormal_return"][-1] == pytest.approx(result.cars["car"][0], rel=1e-12)


@pytest.mark.parametrize("model", ["market", "market_adjusted"])
def test_benchmark_against_itself_is_used_without_t_statistics(model: str) -> None:
    """A study of the benchmark itself finds abnormal returns of 0 and no standard error to divide by."""
    returns = random_returns(4)
    spec = a_spec(model=model)
    result = run_study(spec, panel_of(returns), resolved_pairs(returns, [("e", "MKT", 80)]))
    ledger = result.securities.row(0, named=True)
    assert (ledger["status"], ledger["sigma"]) == ("used", 0.0)
    assert ledger["reason"] == "the model leaves no residual variance, so there are no t statistics"
    assert result.abnormal_returns["abnormal_return"].abs().max() == 0.0
    assert result.abnormal_returns["std_abnormal_return"].is_null().all()
    assert result.cars.select("scar", "t_stat", "p_value").null_count().row(0) == (3, 3, 3)
    assert result.cars["car_se"].to_list() == [0.0, 0.0, 0.0]


def test_flat_prices_are_used_without_t_statistics() -> None:
    """A security whose price never moves has no residual variance, and is used all the same."""
    returns = returns_frame(price_rows("S", [12.34] * 90))
    spec = a_spec(model="constant_mean")
    result = run_study(spec, panel_of(returns), resolved_pairs(returns, [("e", "S", 80)]))
    assert result.securities["status"].to_list() == ["used"]
    assert result.securities["sigma"].to_list() == [0.0]
    assert result.cars["t_stat"].is_null().all()


def test_rounding_of_prices_is_no_residual_variance() -> None:
    """A copy of the benchmark at another price level differs by rounding only, and has no t statistics either."""
    market = random_returns(5).filter(symbol="MKT")
    copy = market.with_columns(symbol=pl.lit("COPY"), return_price=pl.col("return_price") * 1.37)
    prices = pl.concat([market, copy]).select("symbol", "session_date", "session_index", "return_price")
    returns = returns_frame(list(prices.iter_rows()))
    result = run_study(a_spec(), panel_of(returns), resolved_pairs(returns, [("e", "COPY", 80)]))
    assert result.securities["sigma"].to_list() == [0.0]
    assert result.abnormal_returns["abnormal_return"].abs().max() < 1e-14


def test_small_but_real_variance_is_kept() -> None:
    """A residual deviation of a hundredth of a basis point is not taken for rounding."""
    random = np.random.default_rng(6)
    market = 0.01 * random.standard_normal(100)
    returns = returns_frame(
        price_rows("MKT", compounded(market)), price_rows("S", compounded(market + 1e-6 * random.standard_normal(100)))
    )
    result = run_study(a_spec(), panel_of(returns), resolved_pairs(returns, [("e", "S", 80)]))
    assert result.securities["sigma"][0] == pytest.approx(1e-6, rel=0.5)
    assert result.cars["t_stat"].null_count() == 0


def test_frames_have_their_contracts_and_are_sorted_by_key() -> None:
    """Every frame has exactly the columns of its contract and is sorted by its key."""
    returns = random_returns(7, n_symbols=5)
    asked = [(event, f"S{number}", index) for event, index in (("b", 90), ("a", 70)) for number in (4, 0, 2)]
    result = run_study(a_spec(), panel_of(returns), resolved_pairs(returns, asked))
    for frame, table in (
        (result.securities, FCT_STUDY_SECURITIES),
        (result.abnormal_returns, FCT_ABNORMAL_RETURNS),
        (result.cars, FCT_EVENT_CARS),
    ):
        assert frame.schema == table.polars_schema
        assert frame.equals(frame.sort(table.key))
        assert not frame.select(table.key).is_duplicated().any()
    assert result.abnormal_returns.height == 6 * 11
    assert result.cars.height == 6 * 3


def test_study_of_no_pairs_has_empty_frames() -> None:
    """A study that is asked for nothing answers with empty frames of the right columns."""
    returns = random_returns(8)
    result = run_study(a_spec(), panel_of(returns), resolved_pairs(returns, [("e", "S0", 80)]).clear())
    assert result.securities.equals(FCT_STUDY_SECURITIES.empty())
    assert result.abnormal_returns.equals(FCT_ABNORMAL_RETURNS.empty())
    assert result.cars.equals(FCT_EVENT_CARS.empty())


def test_unknown_benchmark_stops_the_study() -> None:
    """A study whose benchmark has no prices is refused with symbols that have some."""
    returns = random_returns(9, n_symbols=1)
    with pytest.raises(SpecError, match="benchmark 'SPX' has no prices in the panel; it holds MKT, S0"):
        run_study(a_spec(benchmark_symbol="SPX"), panel_of(returns), resolved_pairs(returns, [("e", "S0", 80)]))


PAIRS = resolved_pairs(random_returns(10), [("e", "S0", 80)])


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        (PAIRS.drop("is_ended"), r"pairs need the columns .* missing \['is_ended'\]"),
        (PAIRS.with_columns(event_index=pl.lit(None, pl.Int64)), r"nulls by column: \{'event_index': 1\}"),
        (pl.concat([PAIRS, PAIRS]), "event 'e' x S0 is there twice"),
        (
            PAIRS.with_columns(event_session=pl.lit(day(81))),
            "event 'e' x S0: day 0 is 2024-03-22 with session_index 80, but the panel has 2024-03-21 there",
        ),
    ],
)
def test_pairs_that_are_not_resolved_are_refused(pairs: pl.DataFrame, message: str) -> None:
    """Pairs with a missing column, a null, a repetition or another session count than the panel are refused."""
    with pytest.raises(ContractError, match=message):
        run_study(a_spec(), panel_of(random_returns(10)), pairs)

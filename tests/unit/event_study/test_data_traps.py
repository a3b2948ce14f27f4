"""Traps in prices and events: each ends in a number worked by hand, or in a row that says why there is none.

Most cases are built around the market model that test_engine works by hand. Estimation days with market returns
5, 5, 7 and security returns 6, 8, 10 give a = -1/2, b = 3/2 and s^2 = 2; on event days with 3, 5 and 12, 16 the
abnormal returns are 8 and 9. A trap that takes away what it should leaves exactly those numbers, over three sessions.
"""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import polars as pl
import pytest

from pipelines.errors import ContractError
from pipelines.event_study import ReturnPanel, StudyResult, Window, group_tests, run_study
from tests.event_study_inputs import a_spec, compounded, day, panel_of, price_rows, resolved_pairs, returns_frame

MARKET, SECURITY = [5.0, 5.0, 7.0, 3.0, 5.0], [6.0, 8.0, 10.0, 12.0, 16.0]
MISSING = pl.lit(None, pl.Float64)


def fields(length: int, **changes: Any) -> dict[str, Any]:
    """Return a study with an estimation window of some days that needs three of them."""
    tiny = {"estimation": Window(-length, -1), "event": Window(0, 1), "car_windows": (Window(0, 0), Window(0, 1))}
    return tiny | {"min_estimation_obs": 3} | changes


def prices(market: list[float], security: list[float]) -> pl.DataFrame:
    """Return the prices of MKT and S that have these returns, one session a day."""
    return returns_frame(price_rows("MKT", compounded(market)), price_rows("S", compounded(security)))


def without(returns: pl.DataFrame, symbol: str, *sessions: int) -> pl.DataFrame:
    """Return the listings without some sessions of one, the returns to and from them null."""
    kept = returns.filter(~((pl.col("symbol") == symbol) & pl.col("session_index").is_in(sessions)))
    rows = kept.sort("symbol", "session_index").select("symbol", "session_date", "session_index", "return_price")
    return returns_frame(list(rows.iter_rows()))


def study(returns: pl.DataFrame, day_0: int, is_ended: bool = False, **spec: Any) -> StudyResult:
    """Study S with day 0 on one of its sessions."""
    pairs = resolved_pairs(returns, [("e", "S", day_0)], is_ended=is_ended)
    return run_study(a_spec(**spec), panel_of(returns), pairs)


def reason(result: StudyResult) -> str:
    """Return why the one pair of a study is not used."""
    (row,) = result.securities.iter_rows(named=True)
    assert row["status"] == "excluded"
    assert result.abnormal_returns.is_empty()
    return str(row["reason"])


def is_the_case_by_hand(result: StudyResult) -> None:
    """Check that three sessions were used and gave the coefficients and abnormal returns worked by hand."""
    ledger = result.securities.row(0, named=True)
    assert (ledger["status"], ledger["n_estimation_obs"]) == ("used", 3)
    found = [ledger[name] for name in ("alpha", "beta", "sigma")]
    np.testing.assert_allclose(found, [-0.5, 1.5, math.sqrt(2)], rtol=1e-9)
    np.testing.assert_allclose(result.abnormal_returns["abnormal_return"], [8, 9], rtol=1e-9)
    car = result.cars.filter(window_end=1).row(0, named=True)
    assert (car["df"], car["n_days"]) == (1, 2)
    assert car["t_stat"] == pytest.approx(17 / math.sqrt(15), rel=1e-9)


def test_a_gap_in_the_security_takes_out_two_returns() -> None:
    """Without a price on session 2 the returns of sessions 2 and 3 are null; the other three are the case by hand."""
    returns = prices([5, 0.5, 0.5, 5, 7, 3, 5], [6, 0.2, 0.2, 8, 10, 12, 16])
    result = study(without(returns, "S", 2), 6, **fields(5))
    is_the_case_by_hand(result)
    assert without(returns, "S", 2).filter(symbol="S")["simple_return"].is_null().to_list()[:4] == [
        True,
        False,
        True,
        False,
    ]


@pytest.mark.parametrize("how", ["null", "nan"])
def test_a_session_with_a_null_price_is_a_session_without_one(how: str) -> None:
    """A row whose price is null, or not a number, is a gap: its return and the next are missing."""
    returns = prices([5, 0.5, 0.5, 5, 7, 3, 5], [6, 0.2, 0.2, 8, 10, 12, 16])
    gap = (pl.col("symbol") == "S") & (pl.col("session_index") == 2)
    value = None if how == "null" else float("nan")
    there = pl.concat([without(returns, "S", 2), returns.filter(gap).with_columns(return_price=pl.lit(value))])
    there = there.with_columns(
        pl.when(gap).then(value).otherwise(name).alias(name) for name in ("simple_return", "log_return")
    )
    is_the_case_by_hand(study(there, 6, **fields(5)))


def test_a_return_over_a_gap_meets_the_benchmark_over_the_same_days() -> None:
    """A return of 8 that the caller gives over sessions 2 and 3 meets (1 + 1)(1 + 2) - 1 = 5 of the benchmark."""
    returns = without(prices([5, 1, 2, 7, 3, 5], [6, 2, 2, 10, 12, 16]), "S", 2)
    after = (pl.col("symbol") == "S") & (pl.col("session_index") == 3)
    given = returns.with_columns(pl.when(after).then(8.0).otherwise("simple_return").alias("simple_return"))
    is_the_case_by_hand(study(given, 5, **fields(4)))


def test_a_holiday_of_the_securitys_market_alone_is_compounded() -> None:
    """S is closed on day 2 and counts on: its return of day 3 spans both days, as do the benchmark's (1+1)(1+2)-1."""
    returns = prices([5, 1, 2, 7, 3, 5], [6, 2, 2, 10, 12, 16])
    dates = [day(number) for number in (0, 1, 3, 4, 5, 6)]
    rows = [
        ("S", date, number, price) for number, (date, price) in enumerate(zip(dates, compounded(SECURITY), strict=True))
    ]
    market = list(returns.filter(symbol="MKT").select("symbol", "session_date", "session_index", "return_price").rows())
    both = returns_frame(market, rows)
    pairs = resolved_pairs(both, [("e", "S", 4)]).with_columns(event_session=pl.lit(day(5)))
    result = run_study(a_spec(**fields(3)), panel_of(both), pairs)
    is_the_case_by_hand(result)
    assert result.abnormal_returns["session_date"].to_list() == [day(5), day(6)]


def test_a_holiday_of_the_benchmarks_market_alone_leaves_two_returns_out() -> None:
    """MKT has no price on session 2: the security's returns of sessions 2 and 3 have nothing to be compared with."""
    returns = prices([5, 0.5, 0.5, 5, 7, 3, 5], [6, 0.2, 0.2, 8, 10, 12, 16])
    is_the_case_by_hand(study(without(returns, "MKT", 2), 6, **fields(5)))


def test_a_benchmark_without_a_price_in_the_event_window_leaves_the_car_of_the_other_days() -> None:
    """MKT has no price on the day after day 0: abnormal 8 on day 0 alone, variance 8, and no buy-and-hold return."""
    result = study(without(prices(MARKET, SECURITY), "MKT", 5), 4, **fields(3))
    assert result.abnormal_returns["abnormal_return"].to_list() == [pytest.approx(8), None]
    assert result.abnormal_returns["actual_return"].to_list() == [pytest.approx(12), pytest.approx(16)]
    car = result.cars.filter(window_end=1).row(0, named=True)
    assert (car["car"], car["car_se"]) == (pytest.approx(8), pytest.approx(math.sqrt(8)))
    assert (car["n_days"], car["is_complete"], car["bhar"]) == (1, False, None)


def test_a_benchmark_without_a_price_on_day_0_excludes_the_pair() -> None:
    """The reason names the benchmark and the day."""
    assert reason(study(without(prices(MARKET, SECURITY), "MKT", 4), 4, **fields(3))) == (
        "no abnormal return on day 0: the benchmark MKT has no price on 2024-01-05"
    )


@pytest.mark.parametrize("model", ["market", "market_adjusted"])
def test_a_benchmark_without_any_price_excludes_the_pair(model: str) -> None:
    """A benchmark whose prices are all null leaves no usable session, and the reason counts them."""
    returns = prices(MARKET, SECURITY).with_columns(
        pl.when(symbol="S").then(name).alias(name) for name in ("return_price", "simple_return", "log_return")
    )
    found = reason(study(returns, 4, **fields(3, model=model)))
    assert found.startswith("S has 0 usable estimation sessions in [-3,-1]; the study needs 3 (min_estimation_obs)")


def test_a_listing_inside_the_estimation_window_uses_what_it_has() -> None:
    """With its first price on session 2 the security has three returns, the case by hand; a fourth is not there."""
    returns = without(prices([0.5, 0.5, *MARKET], [0.5, 0.5, *SECURITY]), "S", 0, 1)
    is_the_case_by_hand(study(returns, 6, **fields(5)))
    assert reason(study(returns, 6, **fields(5, min_estimation_obs=4))) == (
        "S has 3 usable estimation sessions in [-5,-1]; the study needs 4 (min_estimation_obs). "
        "First price: 2024-01-03."
    )


@pytest.mark.parametrize("first", [4, 5])
def test_a_listing_on_day_0_or_later_has_no_estimation_window(first: int) -> None:
    """A security that is listed on the event day, or after it, is excluded with the date of its first price."""
    returns = without(prices(MARKET, SECURITY), "S", *range(first))
    assert reason(study(returns, 4, **fields(3))) == (
        "S has 0 usable estimation sessions in [-3,-1]; the study needs 3 (min_estimation_obs). "
        f"First price: {day(first)}."
    )


@pytest.mark.parametrize("last", [2, 4])
def test_a_delisting_before_or_inside_the_event_window_excludes_the_pair(last: int) -> None:
    """A listing that ended before its window did has a reason with its last price; one that goes on is waited for."""
    returns = without(prices(MARKET, SECURITY), "S", *range(last + 1, 6))
    ended = study(returns, 4, is_ended=True, **fields(3))
    assert reason(ended) == f"prices end {day(last)}, before the event window is complete"
    waiting = study(returns, 4, **fields(3)).securities.row(0, named=True)
    assert (waiting["status"], waiting["reason"]) == (
        "pending",
        f"window ends 1 sessions after day 0; prices reach day {last - 4:+d} ({day(last)})",
    )


def test_a_delisting_after_the_event_window_does_not_matter() -> None:
    """A listing whose last price is the window's last day is used."""
    is_the_case_by_hand(study(prices(MARKET, SECURITY), 4, is_ended=True, **fields(3)))


def test_constant_returns_leave_abnormal_returns_and_no_t_statistic() -> None:
    """A security that gains 1/2 on every estimation day: b = 0, a = 1/2, no residual; day 0 of 3/4 is 1/4 above."""
    result = study(prices([5, 5, 7, 3, 5], [0.5, 0.5, 0.5, 0.75, 0.5]), 4, **fields(3))
    ledger = result.securities.row(0, named=True)
    assert (ledger["alpha"], ledger["sigma"]) == (pytest.approx(0.5), 0.0)
    assert ledger["beta"] == pytest.approx(0.0, abs=1e-15)
    assert ledger["reason"] == "the model leaves no residual variance, so there are no t statistics"
    np.testing.assert_allclose(result.abnormal_returns["abnormal_return"], [0.25, 0.0], atol=1e-14)
    assert result.cars.select("scar", "t_stat", "p_value", "p_holm", "p_bh").null_count().row(0) == (2,) * 5
    assert result.cars["car"].to_list() == [pytest.approx(0.25), pytest.approx(0.25)]


def test_a_security_that_is_the_benchmark_under_another_name_has_nothing_abnormal() -> None:
    """The same prices as the benchmark's: a = 0, b = 1, no residual, abnormal returns of rounding size."""
    result = study(prices(MARKET, MARKET), 4, **fields(3))
    ledger = result.securities.row(0, named=True)
    assert (ledger["status"], ledger["sigma"]) == ("used", 0.0)
    np.testing.assert_allclose([ledger["alpha"], ledger["beta"]], [0, 1], atol=1e-14)
    np.testing.assert_allclose(result.abnormal_returns["abnormal_return"], 0.0, atol=1e-13)
    assert result.cars["t_stat"].is_null().all()


def test_the_same_event_twice_is_refused_under_one_name_and_kept_under_two() -> None:
    """A pair that stands twice stops the study; one event under two names gives the same row twice."""
    returns = prices(MARKET, SECURITY)
    pair = resolved_pairs(returns, [("e", "S", 4)])
    with pytest.raises(ContractError, match="a pair may be asked for once; event 'e' x S is there twice"):
        run_study(a_spec(**fields(3)), panel_of(returns), pl.concat([pair, pair]))
    twice = pl.concat([pair, pair.with_columns(event_id=pl.lit("f"))])
    result = run_study(a_spec(**fields(3)), panel_of(returns), twice)
    for frame in (result.securities, result.abnormal_returns, result.cars.drop("p_holm", "p_bh")):
        first, second = (frame.filter(event_id=name).drop("event_id") for name in ("e", "f"))
        assert first.equals(second)
        assert first.height


def test_one_event_under_two_names_has_no_cross_section() -> None:
    """Two rows of the same numbers have no deviation between them, and the group's test says so."""
    returns = prices(MARKET, SECURITY)
    pair = resolved_pairs(returns, [("e", "S", 4), ("f", "S", 4)])
    result = run_study(a_spec(**fields(3, tests=("cross_sectional_t",))), panel_of(returns), pair)
    groups = pair.select("event_id", "symbol", group_by=pl.lit("all"), group_value=pl.lit("all"))
    row = group_tests(result, groups).filter(window_start=0, window_end=1).row(0, named=True)
    assert (row["statistic"], row["n"], row["is_valid"]) == (None, 2, False)
    assert row["caar"] == pytest.approx(17)
    assert row["note"] == "all pairs have the same value, so there is no cross-sectional deviation"


def test_pairs_of_unequal_length_keep_their_own_sessions_and_degrees_of_freedom() -> None:
    """A, listed late, has three sessions and one degree of freedom; B five and three. Both stand beside each other."""
    market = [1.0, 3.0, *MARKET]
    late = price_rows("A", compounded(SECURITY), first=2)
    # B: 2 R_m but for residuals 1, -1 on the two market returns of 5, which leave a = 0 and b = 2 as they are.
    early = price_rows("B", compounded([2.0, 6.0, 11.0, 9.0, 14.0, 6.0, 10.0]))
    returns = returns_frame(price_rows("MKT", compounded(market)), late, early)
    pairs = resolved_pairs(returns, [("e", "A", 6), ("e", "B", 6)])
    result = run_study(a_spec(**fields(5)), panel_of(returns), pairs)
    rows = result.cars.filter(window_end=1).select("symbol", "n_estimation_obs", "df").rows()
    assert rows == [("A", 3, 1), ("B", 5, 3)]
    np.testing.assert_allclose(result.securities["sigma"], [math.sqrt(2), math.sqrt(2 / 3)], rtol=1e-9)
    np.testing.assert_allclose(result.securities["beta"], [1.5, 2.0], rtol=1e-9)
    np.testing.assert_allclose(result.cars.filter(window_end=1)["car"], [17, 0], atol=1e-9)


def test_fewer_sessions_than_parameters_exclude_the_pair() -> None:
    """Four returns cannot carry the four parameters of ff3: a study of it asks for five at least, and says so."""
    factors = pl.DataFrame({"factor_date": [day(n) for n in range(6)]} | dict.fromkeys(("mkt_rf", "smb"), [0.1] * 6))
    factors = factors.with_columns(hml=pl.lit(0.1), rf=pl.lit(0.0))
    returns = prices(MARKET, SECURITY)
    spec = a_spec(**fields(5, model="ff3", min_estimation_obs=5))
    result = run_study(spec, ReturnPanel.from_frame(returns, factors), resolved_pairs(returns, [("e", "S", 4)]))
    assert reason(result) == (
        "S has 3 usable estimation sessions in [-5,-1]; the study needs 5 (min_estimation_obs). "
        "First price: 2024-01-01."
    )


def test_day_0_without_a_price_on_either_side_excludes_the_pair() -> None:
    """Without a price on day 0, or on the session before it, there is no return of day 0."""
    returns = prices([5, 5, 7, 1, 3, 5], [6, 8, 10, 1, 12, 16])
    assert reason(study(without(returns, "S", 5), 5, **fields(4))) == (
        "no abnormal return on day 0: S has no price on 2024-01-06"
    )
    assert reason(study(without(returns, "S", 4), 5, **fields(4))) == (
        "no abnormal return on day 0: S has no return on 2024-01-06, because it has no price on the session before"
    )


@pytest.mark.parametrize("column", ["return_price", "simple_return", "log_return"])
@pytest.mark.parametrize("value", [float("inf"), -float("inf")])
def test_a_number_that_is_not_finite_is_refused(column: str, value: float) -> None:
    """An infinite price or return is an error of the input: it would reach every later window of the listing."""
    returns = prices(MARKET, SECURITY)
    one = (pl.col("symbol") == "S") & (pl.col("session_index") == 1)
    with pytest.raises(ContractError, match=column):
        panel_of(returns.with_columns(pl.when(one).then(value).otherwise(column).alias(column)))


@pytest.mark.parametrize("price", [0.0, -1.0])
def test_a_price_that_is_not_positive_is_refused(price: float) -> None:
    """A price of zero or below is named with its listing and day."""
    returns = prices(MARKET, SECURITY)
    one = (pl.col("symbol") == "S") & (pl.col("session_index") == 1)
    changed = returns.with_columns(pl.when(one).then(price).otherwise("return_price").alias("return_price"))
    with pytest.raises(
        ContractError, match=f"return_price must be a positive number or null; S on 2024-01-02 has {price}"
    ):
        panel_of(changed)


FACTORS = pl.DataFrame({"factor_date": [day(n) for n in range(8)], "f": [0.0, 5.0, 0.5, 0.5, 5.0, 7.0, 3.0, 5.0]})
LINEAR: dict[str, Any] = {"model": "linear", "factors": ("f",), "benchmark_symbol": None}


def linear_study(table: pl.DataFrame, **spec: Any) -> StudyResult:
    """Study S, day 0 on session 6, on factors; it returns 6, 8 and 10 on the sessions 1, 4 and 5, 12 and 16 then."""
    returns = returns_frame(price_rows("S", compounded([6, 0.2, 0.2, 8, 10, 12, 16])))
    panel = ReturnPanel.from_frame(returns, table)
    return run_study(a_spec(**fields(5) | LINEAR | spec), panel, resolved_pairs(returns, [("e", "S", 6)]))


@pytest.mark.parametrize("how", ["no row", "no value"])
def test_a_factor_table_with_days_missing_takes_out_their_returns(how: str) -> None:
    """Without the factor on day 2, and so over day 3 too if there is no row, only the case by hand is left.

    Where the row is there and its value is not, day 3 has a value of its own and has to be taken away beside it.
    """
    gone = pl.col("factor_date").is_in([day(2)] if how == "no row" else [day(2), day(3)])
    table = FACTORS.filter(~gone) if how == "no row" else FACTORS.with_columns(pl.when(~gone).then("f").alias("f"))
    result = linear_study(table)
    ledger = result.securities.row(0, named=True)
    assert (ledger["n_estimation_obs"], ledger["beta"]) == (3, None)
    assert json.loads(ledger["coefficients"]) == {"f": pytest.approx(1.5, rel=1e-9)}
    assert ledger["alpha"] == pytest.approx(-0.5, abs=1e-9)
    np.testing.assert_allclose(result.abnormal_returns["abnormal_return"], [8, 9], rtol=1e-9)


@pytest.mark.parametrize("gone", [5, 6])
def test_a_factor_that_is_missing_over_day_0_excludes_the_pair(gone: int) -> None:
    """The return of day 0 spans the day of the price before, and needs the table to have both."""
    assert reason(linear_study(FACTORS.filter(pl.col("factor_date") != day(gone)))) == (
        "no abnormal return on day 0: no value of f for 2024-01-07 and the days it spans"
    )


def test_a_factor_that_is_missing_after_day_0_leaves_a_day_without_an_abnormal_return() -> None:
    """Without the factor on the day after day 0 the CAR is that of day 0 alone: 0.5, five sessions used."""
    whole = linear_study(FACTORS)
    result = linear_study(FACTORS.filter(pl.col("factor_date") != day(7)))
    assert result.securities["n_estimation_obs"].to_list() == [5]
    assert result.abnormal_returns["abnormal_return"].to_list() == [whole.abnormal_returns["abnormal_return"][0], None]
    assert result.cars.filter(window_end=1).select("n_days", "is_complete").row(0) == (1, False)


@pytest.mark.parametrize("other", [pl.col("f") * 2, pl.col("f") * -1e-6, 1.0 - pl.col("f"), pl.lit(0.25)])
def test_regressors_that_are_collinear_or_do_not_move_exclude_the_pair(other: pl.Expr) -> None:
    """A factor that is another in other units, mirrored or shifted, or that stands still, has no slope of its own."""
    result = linear_study(FACTORS.with_columns(g=other), factors=("f", "g"), min_estimation_obs=4)
    assert reason(result) == ("the regressors f, g do not move or are collinear in [-5,-1]: slopes cannot be estimated")


def test_a_single_factor_that_does_not_move_is_named() -> None:
    """The reason names the factor, and not a market that the study does not have."""
    assert "f does not move in [-5,-1]" in reason(linear_study(FACTORS.with_columns(f=pl.lit(0.25))))


def turnover_study(session: int, **columns: float | None) -> StudyResult:
    """Study the log turnover of S, day 0 on session 4, with a column changed on one session."""
    one = pl.col("session_index") == session
    returns = returns_frame(price_rows("S", [1.0] * 6)).with_columns(
        volume=pl.lit(100.0) * (1 + pl.col("session_index")), shares_outstanding=pl.lit(1e4)
    )
    changed = returns.with_columns(
        pl.when(one).then(pl.lit(value, pl.Float64)).otherwise(name).alias(name) for name, value in columns.items()
    )
    spec = fields(4, model="constant_mean", measure="log_turnover")
    return run_study(a_spec(**spec), panel_of(changed), resolved_pairs(changed, [("e", "S", 4)]))


@pytest.mark.parametrize("column", ["volume", "shares_outstanding"])
def test_a_session_without_volume_or_units_in_issue_is_left_out(column: str) -> None:
    """Turnover is not known on that session: the estimation window has one session less."""
    assert turnover_study(0).securities["n_estimation_obs"].to_list() == [4]
    assert turnover_study(1, **{column: None}).securities["n_estimation_obs"].to_list() == [3]


@pytest.mark.parametrize("column", ["volume", "shares_outstanding"])
def test_day_0_without_volume_or_units_in_issue_excludes_the_pair(column: str) -> None:
    """The reason names what is missing on day 0."""
    found = reason(turnover_study(4, **{column: None}))
    assert found.startswith("no abnormal return on day 0: S has no ")
    assert {"volume": "volume", "shares_outstanding": "shares"}[column] in found


def test_a_day_without_trades_is_a_low_volume_and_not_a_missing_one() -> None:
    """No units traded on day 0: ln(0.000255), the day counts."""
    result = turnover_study(4, volume=0.0)
    assert result.abnormal_returns["actual_return"][0] == pytest.approx(math.log(0.000255), rel=1e-12)
    assert result.securities["status"].to_list() == ["used"]

"""The engine against published worked examples: estudy2's COVID data and Alphabet's reorganisation."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from pipelines.event_study import ReturnPanel, StudyResult, StudySpec, Window, group_tests, run_study
from tests.event_study_inputs import a_spec, compounded, wide_returns

COVID_DAY_0 = date(2020, 3, 16)
COVID = a_spec(
    study_id="covid",
    benchmark_symbol="X.GSPC",
    return_type="log",
    estimation=Window(-240, -1),
    event=Window(0, 4),
    car_windows=(Window(0, 4),),
    min_estimation_obs=200,
)
COEFFICIENTS = {
    "AMZN": (".000134189", ".8646351", 240),
    "ZM": (".00251654", ".3063879", 227),
    "UBER": ("-.002548508", "1.1344339", 212),
    "NFLX": ("-.000139929", ".9581999", 240),
    "SHOP": (".002954661", "1.2272839", 240),
    "FB": (".000280159", "1.0340753", 240),
    "UPWK": ("-.003810215", ".6928419", 240),
}
BY_DAY = {
    "aar": (".02329740", "-.03157867", "-.01617850", ".07672027", ".05840545"),
    "cross_sectional_t": ("1.3941497", "-1.2769075", "-.4023135", "1.7958275", "5.1233281"),
    "patell_z": ("2.54443973", "-2.94207407", ".32896293", "8.40269803", "6.30573485"),
    "bmp_t": ("1.20428444", "-1.17517887", ".07637747", "2.1668867", "8.654536"),
    "bmp_t_adjusted": (".78798673", "-.76894239", ".04997526", "1.41783611", "5.6628312"),
    "brown_warner_t": ("2.486449", "-3.370281", "-1.726675", "8.188085", "6.233409"),
    "crude_dependence_t": ("1.858514", "-2.519140", "-1.290615", "6.120241", "4.659205"),
    "sign_z": ("1.1338934", ".3779645", "1.1338934", "1.8898224", "2.6457513"),
    "wilcoxon_w": ("23.0", "10.0", "15.0", "27.0", "28.0"),
}
"""Textbook values; the forms that differ with gaps (Lamb, generalised sign, ranks) are in test_conventions."""

R_BAR = ".16024027"
CARS = {
    "AMZN": (".17329265", "6.904359"),
    "ZM": (".2316822", "2.592497"),
    "UBER": (".13900198", "2.096813"),
    "NFLX": (".14582361", "3.345812"),
    "SHOP": (".06254953", "1.013932"),
    "FB": (".03779744", "1.192687"),
    "UPWK": ("-.01548578", "-.230621"),
}
OVER_WINDOW = {
    "cross_sectional_t": "3.41347265",
    "patell_z": "6.36579332",
    "bmp_t": "2.78547807",
    "grank_t": "1.87480865",
}


def printed(text: str) -> object:
    """Return what a number printed with so many digits matches: half a unit of the last, or 1e-6 of it."""
    decimals = len(text.split(".")[1])
    return pytest.approx(float(text), rel=1e-6, abs=0.5 * 10.0**-decimals)


def covid_study(shared: Path) -> StudyResult:
    """Run estudy2's COVID example: seven stocks, one common event date."""
    folder = shared / "reference" / "estudy2_covid"
    stocks, index = (
        pl.read_csv(folder / name, try_parse_dates=True, null_values="NA") for name in ("prices.csv", "prices_indx.csv")
    )
    returns = wide_returns(stocks.join(index, on="date", how="left", maintain_order="left"))
    day_0 = returns.filter(pl.col("session_date") == COVID_DAY_0)
    pairs = day_0.filter(pl.col("symbol") != "X.GSPC").select(
        event_id=pl.lit("covid"),
        symbol="symbol",
        event_session="session_date",
        event_index="session_index",
        last_index=pl.lit(returns["session_index"].max()),
        is_ended=pl.lit(value=False),
    )
    return run_study(COVID, ReturnPanel.from_frame(returns), pairs)


def covid_tests(result: StudyResult) -> pl.DataFrame:
    """Return the group tests over all seven stocks."""
    groups = result.securities.select("event_id", "symbol", group_by=pl.lit("all"), group_value=pl.lit("all"))
    return group_tests(result, groups)


def test_covid_coefficients_and_cars(shared: Path) -> None:
    """Alpha, beta, L1, CAR and SCAR of each stock are the published ones, also of the two that start late."""
    result = covid_study(shared)
    assert result.securities["status"].unique().to_list() == ["used"]
    for row in result.cars.iter_rows(named=True):
        alpha, beta, n_obs = COEFFICIENTS[row["symbol"]]
        car, scar = CARS[row["symbol"]]
        assert (row["alpha"], row["beta"], row["n_estimation_obs"]) == (printed(alpha), printed(beta), n_obs)
        assert (row["car"], row["scar"]) == (printed(car), printed(scar))


def test_covid_tests_by_day(shared: Path) -> None:
    """AAR, cross-sectional t, Patell's Z and BMP's t of each day are the published textbook values."""
    tests = covid_tests(covid_study(shared)).filter(pl.col("window_start") == pl.col("window_end"))
    for name, values in BY_DAY.items():
        column = tests.filter(test="bmp_t")["caar"] if name == "aar" else tests.filter(test=name)["statistic"]
        assert column.to_list() == [printed(value) for value in values], name


def test_covid_tests_over_the_window(shared: Path) -> None:
    """CAAR and its tests over five days are the published ones, and marked as not independent."""
    tests = covid_tests(covid_study(shared)).filter(window_start=0, window_end=4)
    assert tests["caar"].unique().to_list() == [printed(".11066595")]
    for name, value in OVER_WINDOW.items():
        assert tests.filter(test=name)["statistic"].item() == printed(value), name
    assert tests.filter(test="grank_t")["df"].item() == 239
    assert tests.filter(test="bmp_t_adjusted")["r_bar"].item() == printed(R_BAR)
    for name in ("cross_sectional_t", "patell_z", "bmp_t"):
        row = tests.row(by_predicate=pl.col("test") == name, named=True)
        assert not row["is_valid"]
        assert "7 of 7 pairs share the event session 2020-03-16" in row["note"]
    for name in ("bmp_t_adjusted", "grank_t"):
        assert tests.filter(test=name)["is_valid"].item(), name


def alphabet_study(shared: Path, spec: StudySpec, day_0: date) -> StudyResult:
    """Run the market model on Alphabet's returns of 2015, prices compounded from them."""
    returns = pl.read_csv(shared / "reference" / "alphabet_2015" / "google_stock.csv", try_parse_dates=True)
    dates = returns["Date"].to_list()
    prices = pl.DataFrame(
        {
            "date": [date(2015, 5, 1), *dates],
            "GOOG": compounded(returns["Google_Return"]),
            "SP500": compounded(returns["SP500_Return"]),
        }
    )
    pairs = pl.DataFrame(
        {
            "event_id": "alphabet",
            "symbol": "GOOG",
            "event_session": day_0,
            "event_index": dates.index(day_0) + 1,
            "last_index": len(dates),
            "is_ended": False,
        }
    )
    return run_study(spec, ReturnPanel.from_frame(wide_returns(prices)), pairs)


def test_alphabet_is_studied_on_the_session_that_could_hold_the_news(shared: Path) -> None:
    """Announced after the close of 2015-08-10: the reaction is that of 2015-08-11, with the published estimates."""
    spec = a_spec(
        benchmark_symbol="SP500",
        estimation=Window(-69, -7),
        event=Window(-1, 1),
        car_windows=(Window(0, 0),),
        min_estimation_obs=60,
    )
    result = alphabet_study(shared, spec, date(2015, 8, 11))
    ledger = result.securities.row(0, named=True)
    assert ledger["n_estimation_obs"] == 63
    np.testing.assert_allclose(
        [ledger["alpha"], ledger["beta"], ledger["sigma"]],
        [0.002671283063, 1.412105721639, 0.021734524765],
        rtol=1e-10,
        atol=5e-13,
    )
    before, day_0, _ = result.abnormal_returns.iter_rows(named=True)
    assert (before["session_date"], before["abnormal_return"]) == (date(2015, 8, 10), printed("-.023229"))
    assert (day_0["session_date"], day_0["abnormal_return"]) == (date(2015, 8, 11), printed(".053508"))
    assert day_0["std_abnormal_return"] == printed("2.41")

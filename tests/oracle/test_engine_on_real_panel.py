"""The engine against statsmodels, SciPy and arch on real prices: 20 stocks on 11 dates of 2019 to 2022.

The fits are compared pair by pair, the tests of means over all 220 pairs and event by event.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from arch import arch_model
from scipy import stats
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.proportion import proportions_ztest

from pipelines.event_study import StudyResult, StudySpec, group_tests
from tests.oracle.real_panel import (
    BENCHMARK,
    EVENTS,
    FUNDS,
    WINDOWS,
    a_real_spec,
    factor_returns,
    panel_pairs,
    panel_prices,
    panel_returns,
    study_of,
)

RTOL = 1e-9
ATOL = 1e-14
"""Abnormal returns near zero are differences of returns."""

GARCH_RTOL = 5e-6
"""A maximum of a likelihood is found to about the root of the precision of its values."""

SCALE = 100.0

HAC_LAGS = 4
"""floor(4 (240/100)^(2/9))."""


@dataclass
class PairData:
    """One pair's returns and regressors, the constant first, of estimation and event window."""

    key: dict[str, Any]
    y: np.ndarray
    x: np.ndarray
    y_event: np.ndarray
    x_event: np.ndarray


@cache
def matrix() -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return simple returns by symbol, and factor returns by name; the first session has none."""
    prices = panel_prices()
    returns = {name: np.diff(prices[name].to_numpy()) / prices[name].to_numpy()[:-1] for name in prices.columns[1:]}
    factors = prices.select(factor_date="date").join(factor_returns(), on="factor_date", how="left")[1:]
    return returns, {name: factors[name].to_numpy() for name in FUNDS}


def pair_data(spec: StudySpec, names: tuple[str, ...]) -> Iterator[PairData]:
    """Yield the data of every pair; a name is the benchmark's or a factor's."""
    returns, factors = matrix()
    columns = [returns[name] if name == BENCHMARK else factors[name] for name in names]
    design = np.column_stack([np.ones_like(columns[0]), *columns])
    for pair in panel_pairs().iter_rows(named=True):
        day_0, y = pair["event_index"] - 1, returns[pair["symbol"]]
        estimation, event = (
            slice(day_0 + window.start, day_0 + window.end + 1) for window in (spec.estimation, spec.event)
        )
        yield PairData(pair, y[estimation], design[estimation], y[event], design[event])


def rows_of(frame: pl.DataFrame) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Return the rows of each pair, in their order, by event and symbol."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in frame.iter_rows(named=True):
        found.setdefault((row["event_id"], row["symbol"]), []).append(row)
    return found


def column(rows: list[dict[str, Any]], name: str) -> np.ndarray:
    """Return a column of some rows."""
    return np.array([row[name] for row in rows], dtype=np.float64)


Covariance = Callable[[OLS, PairData], tuple[np.ndarray, Any]]


def check_pairs(result: StudyResult, names: tuple[str, ...], covariance: Covariance) -> int:
    """Assert that coefficients, ARs, CARs, their errors and p-values are those of a regression of each pair.

    `covariance` returns that of the residuals of the event window, shape (days, days), and the fit whose covariance of
    the parameters counts.
    """
    ledger, days, cars = (rows_of(frame) for frame in (result.securities, result.abnormal_returns, result.cars))
    for data in pair_data(result.spec, names):
        key = data.key["event_id"], data.key["symbol"]
        noise, fit = covariance(OLS(data.y, data.x), data)
        row = ledger[key][0]
        slopes = list(json.loads(row["coefficients"]).values()) if row["coefficients"] else [row["beta"]]
        np.testing.assert_allclose([row["alpha"], *slopes], fit.params, rtol=RTOL, atol=ATOL)
        np.testing.assert_allclose(row["sigma"], np.sqrt(fit.mse_resid), rtol=RTOL)
        np.testing.assert_allclose(row["alpha_se"], fit.bse[0], rtol=RTOL)
        abnormal = data.y_event - data.x_event @ fit.params
        errors = noise + data.x_event @ fit.cov_params() @ data.x_event.T
        np.testing.assert_allclose(column(days[key], "abnormal_return"), abnormal, rtol=RTOL, atol=ATOL)
        np.testing.assert_allclose(column(days[key], "abnormal_return_se"), np.sqrt(np.diag(errors)), rtol=RTOL)
        p_values = 2 * stats.t.sf(np.abs(abnormal) / np.sqrt(np.diag(errors)), fit.df_resid)
        np.testing.assert_allclose(column(days[key], "p_value"), p_values, rtol=RTOL)
        for car in cars[key]:
            place = slice(car["window_start"] + 5, car["window_end"] + 6)
            np.testing.assert_allclose(car["car"], abnormal[place].sum(), rtol=RTOL, atol=ATOL)
            np.testing.assert_allclose(car["car_se"], np.sqrt(errors[place, place].sum()), rtol=RTOL)
    return len(ledger)


def alike_and_independent(model: OLS, data: PairData) -> tuple[np.ndarray, Any]:
    """Return s^2 I, and the fit with the usual covariance."""
    fit = model.fit()
    return fit.mse_resid * np.eye(data.y_event.size), fit


def newey_west(model: OLS, data: PairData) -> tuple[np.ndarray, Any]:
    """Return s^2 w_j r_j between days j apart, and the fit with statsmodels' HAC covariance."""
    fit = model.fit(cov_type="HAC", cov_kwds={"maxlags": HAC_LAGS, "use_correction": False})
    e, apart = fit.resid, np.abs(np.subtract.outer(*2 * (np.arange(data.y_event.size),)))
    weighted = [
        e[lag:] @ e[: e.size - lag] / (e @ e) * max(0.0, 1 - lag / (HAC_LAGS + 1)) for lag in range(apart.max() + 1)
    ]
    return fit.mse_resid * np.array(weighted)[apart], fit


def test_market_model_is_statsmodels_ols() -> None:
    """Every coefficient, AR, CAR, prediction error and p-value of 220 pairs is that of statsmodels."""
    result = study_of(a_real_spec())
    assert check_pairs(result, (BENCHMARK,), alike_and_independent) == 220


def test_hac_is_statsmodels_newey_west() -> None:
    """With HAC standard errors the parameters' covariance is statsmodels', and residuals correlate by w_j r_j."""
    result = study_of(a_real_spec(standard_errors="hac"))
    assert check_pairs(result, (BENCHMARK,), newey_west) == 220


def test_five_factors_are_statsmodels_ols() -> None:
    """A regression on the returns of five factor funds, which correlate above 0.8, is that of statsmodels."""
    result = study_of(a_real_spec(model="linear", benchmark_symbol=None, factors=FUNDS))
    assert check_pairs(result, FUNDS, alike_and_independent) == 220


@pytest.mark.parametrize(("event", "symbol"), [("vaccine", "PFE"), ("invasion", "XOM")])
def test_garch_is_archs(event: str, symbol: str) -> None:
    """Parameters of the mean, conditional variance and ARs of the GARCH(1,1) market model are those of arch."""
    pairs = panel_pairs().filter(event_id=event, symbol=symbol)
    spec = a_real_spec(model="garch")
    result = study_of(spec, pairs)
    data = next(
        each for each in pair_data(spec, (BENCHMARK,)) if (each.key["event_id"], each.key["symbol"]) == (event, symbol)
    )
    model = arch_model(SCALE * data.y, SCALE * data.x[:, 1:], mean="LS", vol="GARCH", p=1, q=1, rescale=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        oracle = model.fit(disp="off", show_warning=False, options={"ftol": 1e-15, "maxiter": 1000})
    row = result.securities.row(0, named=True)
    intercept, slope = oracle.params.iloc[:2]
    np.testing.assert_allclose(row["beta"], slope, rtol=GARCH_RTOL)
    np.testing.assert_allclose(row["alpha"], intercept / SCALE, rtol=GARCH_RTOL, atol=GARCH_RTOL * row["sigma"])
    volatility = oracle.conditional_volatility / SCALE
    np.testing.assert_allclose(row["sigma"], np.sqrt(np.mean(volatility**2)), rtol=GARCH_RTOL)
    abnormal = data.y_event - data.x_event @ [intercept / SCALE, slope]
    np.testing.assert_allclose(result.abnormal_returns["abnormal_return"], abnormal, rtol=GARCH_RTOL, atol=1e-7)


@cache
def table_of_tests() -> pl.DataFrame:
    """Return the group tests of the market model over all pairs, by event and by stock."""
    pairs = panel_pairs().select("event_id", "symbol")
    groups = {"all": pl.lit("all"), "event": pl.col("event_id"), "stock": pl.col("symbol")}
    return group_tests(
        study_of(a_real_spec()),
        pl.concat(pairs.with_columns(group_by=pl.lit(name), group_value=value) for name, value in groups.items()),
    )


def groups_with_cars(test: str) -> Iterator[tuple[dict[str, Any], pl.DataFrame]]:
    """Yield every row of a test over a window of several days, with the CARs, dates and stocks of its group."""
    result = study_of(a_real_spec())
    cars = result.cars.join(panel_pairs().select("event_id", "symbol", "event_session"), on=["event_id", "symbol"])
    keys = {"event": "event_id", "stock": "symbol"}
    for row in table_of_tests().filter(pl.col("window_start") < pl.col("window_end"), test=test).iter_rows(named=True):
        of_window = cars.filter(window_start=row["window_start"], window_end=row["window_end"])
        if row["group_by"] != "all":
            of_window = of_window.filter(pl.col(keys[row["group_by"]]) == row["group_value"])
        yield row, of_window


N_ROWS = len(WINDOWS) * (1 + len(EVENTS) + 20)


def test_cross_sectional_t_is_scipys_t_test() -> None:
    """Statistic, p-value and degrees of freedom are those of a one-sample t-test of the CARs."""
    rows = list(groups_with_cars("cross_sectional_t"))
    assert len(rows) == N_ROWS
    for row, cars in rows:
        expected = stats.ttest_1samp(cars["car"].to_numpy(), 0.0)
        found = row["statistic"], row["p_value"], row["df"]
        np.testing.assert_allclose(found, (expected.statistic, expected.pvalue, expected.df), rtol=RTOL)


def test_wilcoxon_is_scipys() -> None:
    """W+ is SciPy's sum of the positive ranks; the p-value is exact up to 50 pairs, else normal."""
    rows = list(groups_with_cars("wilcoxon_w"))
    assert len(rows) == N_ROWS
    for row, cars in rows:
        values = cars["car"].to_numpy()
        method = "exact" if values.size <= 50 else "asymptotic"
        expected = stats.wilcoxon(values, alternative="greater", correction=False, method=method)
        two_sided = stats.wilcoxon(values, correction=False, method=method)
        np.testing.assert_allclose(
            (row["statistic"], row["p_value"]), (expected.statistic, two_sided.pvalue), rtol=RTOL
        )


def test_sign_z_is_statsmodels_test_of_a_proportion() -> None:
    """The sign test is the z-test that the share of positive CARs is one half, with the variance of the null."""
    for row, cars in groups_with_cars("sign_z"):
        positive = int((cars["car"] > 0).sum())
        z, p_value = proportions_ztest(positive, cars.height, value=0.5, prop_var=0.5)
        np.testing.assert_allclose((row["statistic"], row["p_value"]), (z, p_value), rtol=RTOL, atol=ATOL)


def codes(cars: pl.DataFrame, name: str) -> np.ndarray:
    """Return a column as whole numbers, equal where its values are."""
    return cars[name].rank("dense").to_numpy().astype(np.int64)


CLUSTERS = {
    "cluster_robust_t_date": ("event_session",),
    "cluster_robust_t_firm": ("symbol",),
    "cluster_robust_t": ("event_session", "symbol"),
}


@pytest.mark.parametrize("test", CLUSTERS)
def test_cluster_robust_t_is_statsmodels(test: str) -> None:
    """Statistic, p-value and degrees of freedom are those of CARs regressed on a constant with clustered errors."""
    compared = 0
    for row, cars in groups_with_cars(test):
        keys = np.column_stack([codes(cars, name) for name in CLUSTERS[test]])
        if any(np.unique(key).size < 2 for key in keys.T):
            assert row["statistic"] is None
            continue
        kwds = {"groups": keys if keys.shape[1] > 1 else keys[:, 0]}
        fit = OLS(cars["car"].to_numpy(), np.ones(cars.height)).fit(cov_type="cluster", cov_kwds=kwds, use_t=True)
        df = min(np.unique(key).size for key in keys.T) - 1
        np.testing.assert_allclose(row["statistic"], fit.tvalues[0], rtol=RTOL)
        np.testing.assert_allclose(
            (row["p_value"], row["df"]), (2 * stats.t.sf(abs(fit.tvalues[0]), df), df), rtol=RTOL
        )
        compared += 1
    assert compared >= len(WINDOWS)


def test_the_rebuilt_panel_is_the_reference_panel(shared: Path) -> None:
    """The prices rebuilt from the package are those of panel a, to which eight other programs were held."""
    path = shared / "reference" / "peers" / "panel_a_prices.csv"
    if not path.exists():
        pytest.skip("panel a (../shared/reference/peers/panel_a_prices.csv) is not beside this checkout")
    reference = pl.read_csv(path, try_parse_dates=True)
    assert panel_prices().columns == reference.columns
    assert panel_prices().equals(reference)
    assert panel_returns()["symbol"].n_unique() == 21

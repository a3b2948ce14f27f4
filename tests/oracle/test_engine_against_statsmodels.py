"""The engine against statsmodels: ordinary least squares and its prediction intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats
from statsmodels.regression.linear_model import OLS, RegressionResults

from pipelines.event_study import ReturnPanel, Window, run_study
from tests.event_study_inputs import a_spec, random_returns, resolved_pairs

RTOL = 1e-10
ATOL = 1e-14
DAY_0 = 100


def wide(returns: pl.DataFrame, column: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the returns of S0 and of MKT by session, NaN where there is none."""
    matrix = returns.pivot("symbol", index="session_index", values=column).sort("session_index")
    return tuple(matrix[name].fill_null(np.nan).to_numpy() for name in ("S0", "MKT"))  # type: ignore[return-value]


def design(model: str, market: np.ndarray) -> np.ndarray:
    """Return the regressors: the constant, and for the market model the benchmark."""
    return np.column_stack([np.ones_like(market), market])[:, : 2 if model == "market" else 1]


@pytest.mark.parametrize("return_type", ["simple", "log"])
@pytest.mark.parametrize("model", ["market", "constant_mean"])
@pytest.mark.parametrize("missing", [0.0, 0.07])
@pytest.mark.parametrize("seed", [31, 32, 33])
def test_regression_and_prediction_agree(model: str, return_type: str, missing: float, seed: int) -> None:
    """Coefficients, residual deviation, prediction errors, Var(CAR) and p-values are those of statsmodels."""
    spec = a_spec(
        model=model,
        return_type=return_type,
        estimation=Window(-90, -11),
        event=Window(-10, 10),
        car_windows=(Window(-10, 10), Window(0, 0)),
    )
    returns = random_returns(seed, n_symbols=1, missing=missing, always=(DAY_0 - 1, DAY_0))
    result = run_study(spec, ReturnPanel.from_frame(returns), resolved_pairs(returns, [("e", "S0", DAY_0)]))

    security, market = wide(returns, f"{return_type}_return")
    session = returns["session_index"].unique().sort().to_numpy()
    estimation = (session >= DAY_0 - 90) & (session <= DAY_0 - 11) & ~np.isnan(security)
    event = (session >= DAY_0 - 10) & (session <= DAY_0 + 10)
    fit = OLS(security[estimation], design(model, market[estimation])).fit()
    star = design(model, market[event])
    prediction = fit.get_prediction(star)

    ledger = result.securities.row(0, named=True)
    coefficients = [ledger["alpha"], ledger["beta"]] if model == "market" else [ledger["alpha"]]
    np.testing.assert_allclose(coefficients, fit.params, rtol=RTOL)
    np.testing.assert_allclose(ledger["sigma"], np.sqrt(fit.mse_resid), rtol=RTOL)
    assert ledger["n_estimation_obs"] == fit.nobs

    available = ~np.isnan(security[event])
    abnormal = (security[event] - prediction.predicted_mean)[available]
    days = result.abnormal_returns.filter(pl.col("abnormal_return").is_not_null())
    np.testing.assert_allclose(days["abnormal_return"], abnormal, rtol=RTOL, atol=ATOL)
    np.testing.assert_allclose(days["abnormal_return_se"], prediction.se_obs[available], rtol=RTOL)
    p_values = 2 * stats.t.sf(np.abs(abnormal / prediction.se_obs[available]), fit.df_resid)
    np.testing.assert_allclose(days["p_value"], p_values, rtol=1e-9)

    check_car(result.cars.filter(window_start=-10).row(0, named=True), abnormal, fit, star[available])


def check_car(car: dict[str, Any], abnormal: np.ndarray, fit: RegressionResults, star: np.ndarray) -> None:
    """Assert that a CAR is the sum of the days, with the variance 1'V1 that statsmodels' covariance gives."""
    covariance = fit.mse_resid * np.eye(abnormal.size) + star @ fit.cov_params() @ star.T
    se = np.sqrt(covariance.sum())
    assert car["n_days"] == abnormal.size
    np.testing.assert_allclose(car["car"], abnormal.sum(), rtol=RTOL, atol=ATOL)
    np.testing.assert_allclose(car["car_se"], se, rtol=RTOL)
    np.testing.assert_allclose(car["p_value"], 2 * stats.t.sf(abs(abnormal.sum()) / se, fit.df_resid), rtol=1e-9)

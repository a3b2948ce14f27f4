"""The market model with GARCH(1,1) residuals, one likelihood per pair."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipelines.event_study.arrays import BoolArray, FloatArray, IntArray, is_rounding
from pipelines.event_study.normal_returns.fit import GeneralPrediction, NormalReturnFit

if TYPE_CHECKING:
    from arch.univariate import GARCH

N_PARAMETERS: Final = 5
"""Parameters of the likelihood: alpha, slope, w, p and q."""

TOLERANCES: Final = (1e-12, 1e-7)
"""Change of the log likelihood at which the optimiser stops; the looser one where the tighter one is out of reach."""

MAX_ITERATIONS: Final = 500

STARTS: Final = tuple((p, persistence) for p in (0.01, 0.05, 0.1, 0.2) for persistence in (0.5, 0.7, 0.9, 0.98))
"""Values of p and p + q among which the likelihood chooses where to start."""

_ONE_AT_A_TIME: Final = Lock()
"""arch changes the process-wide filters of warnings while it fits."""


@dataclass(frozen=True, slots=True, eq=False)
class _Estimate:
    """What one pair's likelihood gives, in units of its returns."""

    parameters: FloatArray
    covariance: FloatArray
    variance: float
    forecast: FloatArray


def fit_garch(y: FloatArray, x: FloatArray, steps: IntArray) -> tuple[NormalReturnFit, BoolArray]:
    """Fit a market model with GARCH(1,1) residuals by maximum likelihood.

    Parameters
    ----------
    y : array, shape (pairs, L)
        Decimal returns in the estimation window, NaN on an unusable day.
    x : array, shape (1, pairs, L)
        Benchmark returns.
    steps : array of int, shape (days,)
        How many sessions after the last estimation day each event day lies; 1 is the next.

    Returns
    -------
    fit : NormalReturnFit
        df = L1 - 2, the parameters of the mean; sigma is the square root of the mean conditional variance over the
        estimation window.
    converged : array of bool, shape (pairs,)
        False, with parameters of NaN, where the optimiser did not report success, where a parameter, the covariance or
        a forecast is not finite, and where returns or benchmark do not vary or L1 <= 5.

    Notes
    -----
    R_t = a + b x_t + e_t, e_t = sqrt(h_t) z_t, h_t = w + p e_(t-1)^2 + q h_(t-1), z_t normal, p + q <= 1; the
    likelihood and its optimum are those of the package arch, h_1 = w + (p + q) times its backcast. Unusable days are
    skipped, so T is the last usable one and the next session is T + 1:
    h_(T+1) = w + p e_T^2 + q h_T, h_(T+j) = w + (p + q) h_(T+j-1). Where p + q = 1 forecasts grow but are finite, and
    count.

    The covariance of (a, b) is J^-1 S J^-1 (robust to z that is not normal), with w, p, q taken as known:
    J = sum x_t x_t'/h_t + d_t d_t'/(2 h_t^2), d_t = dh_t/d(a, b), S the sum of outer products of the scores. Mean and
    variance parameters are uncorrelated for symmetric z, and this block is positive semi-definite even where p = 0
    leaves q unidentified. There the covariance of all five by numerical derivatives, which arch offers, can give
    standard errors a hundred times too large.

    The likelihood is that of standardised least-squares residuals, so returns of any unit converge alike.

    References
    ----------
    Bollerslev, T. (1986), Journal of Econometrics 31, 307-327.
    Bollerslev and Wooldridge (1992), Econometric Reviews 11, 143-172 (covariance from first derivatives).
    """
    estimates = [_estimate(y[pair], x[0, pair], steps) for pair in range(y.shape[0])]
    nothing = _Estimate(np.full(2, np.nan), np.full((2, 2), np.nan), np.nan, np.full(steps.size, np.nan))
    known = [estimate or nothing for estimate in estimates]
    parameters = np.array([each.parameters for each in known]).reshape(-1, 2)
    n = (~np.isnan(y)).sum(axis=1)
    autocorrelation = np.zeros((n.size, steps.size))
    autocorrelation[:, 0] = 1.0
    prediction = GeneralPrediction(
        day_variance=np.array([each.forecast for each in known]).reshape(-1, steps.size),
        autocorrelation=autocorrelation,
        covariance=np.array([each.covariance for each in known]).reshape(-1, 2, 2),
    )
    sigma = np.sqrt(np.array([each.variance for each in known], dtype=np.float64))
    fit = NormalReturnFit(parameters[:, 0], parameters[:, 1:], sigma, n, n - 2, prediction)
    return fit, np.array([estimate is not None for estimate in estimates], dtype=np.bool_)


def _estimate(y: FloatArray, x: FloatArray, steps: IntArray) -> _Estimate | None:
    """Fit one pair, y and x of shape (L,); None where that fails."""
    usable = ~np.isnan(y)
    y, x = y[usable], x[usable]
    if y.size <= N_PARAMETERS:
        return None
    mean_x = x.mean()
    dx = x - mean_x
    if _is_still(dx, x):
        return None
    slope = float(dx @ (y - y.mean()) / (dx @ dx))
    residual = y - y.mean() - slope * dx
    if _is_still(residual, y):
        return None
    unit_y, unit_x = np.sqrt(np.mean(residual**2)), np.sqrt(np.mean(dx**2))
    standardised, z = residual / unit_y, dx / unit_x
    optimum = _optimum(standardised, z)
    if optimum is None:
        return None
    (a, b, w, p, q), variances = optimum
    errors = standardised - a - b * z
    back = np.array([[unit_y, -mean_x * unit_y / unit_x], [0.0, unit_y / unit_x]])
    first = np.array([y.mean() - slope * mean_x, slope])
    estimate = _Estimate(
        parameters=first + back @ np.array([a, b]),
        covariance=back @ _covariance(errors, z, variances, p, q) @ back.T,
        variance=float(unit_y**2 * variances.mean()),
        forecast=unit_y**2 * _forecast(w + p * errors[-1] ** 2 + q * variances[-1], w, p + q, steps),
    )
    numbers = (estimate.parameters, estimate.covariance, estimate.variance, estimate.forecast)
    return estimate if all(np.isfinite(each).all() for each in numbers) else None


def _optimum(y: FloatArray, z: FloatArray) -> tuple[FloatArray, FloatArray] | None:
    """Return (a, b, w, p, q) and the conditional variances at the likelihood's maximum; None if it is not found."""
    from arch.univariate import LS

    for tolerance in TOLERANCES:
        model = LS(y, z[:, None], volatility=_quick_garch()(p=1, o=0, q=1), rescale=False)
        options = {"ftol": tolerance, "maxiter": MAX_ITERATIONS}
        with _ONE_AT_A_TIME, warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            result = model.fit(disp="off", show_warning=False, options=options)
        parameters = np.asarray(result.params, dtype=np.float64)
        variances = np.asarray(result.conditional_volatility, dtype=np.float64) ** 2
        if result.convergence_flag == 0 and np.isfinite(parameters).all() and (variances > 0.0).all():
            return parameters, variances
    return None


def _covariance(errors: FloatArray, z: FloatArray, variances: FloatArray, p: float, q: float) -> FloatArray:
    """Return the robust covariance of (a, b), shape (2, 2), given residuals and their variances of shape (L1,)."""
    from scipy.signal import lfilter

    design = np.column_stack([np.ones_like(z), z])
    drive = np.zeros_like(design)
    drive[1:] = -2.0 * p * errors[:-1, None] * design[:-1]
    change = lfilter([1.0], [1.0, -q], drive, axis=0) / variances[:, None]
    information = design.T @ (design / variances[:, None]) + 0.5 * change.T @ change
    scores = design * (errors / variances)[:, None] + 0.5 * change * (errors**2 / variances - 1.0)[:, None]
    inverse = np.linalg.inv(information)
    half = scores @ inverse
    return np.asarray(half.T @ half)


def _forecast(first: float, w: float, persistence: float, steps: IntArray) -> FloatArray:
    """Return the variances forecast `steps` sessions ahead, shape (days,), given the one of the next session."""
    path = [first]
    for _ in range(int(steps.max(initial=1)) - 1):
        path.append(w + persistence * path[-1])
    return np.array(path)[steps - 1]


def _is_still(deviations: FloatArray, values: FloatArray) -> bool:
    """Tell whether deviations from the mean, or residuals, are nothing but rounding; shape (L1,)."""
    squares = np.array([deviations @ deviations])
    return bool(is_rounding(squares, np.array([values.size]), np.array([values @ values]))[0])


@cache
def _quick_garch() -> type[GARCH]:
    """Return arch's GARCH, quicker at the start and without constraints that bounds already keep."""
    from arch.univariate import GARCH

    class QuickGarch(GARCH):
        def constraints(self) -> tuple[FloatArray, FloatArray]:
            """Keep p + q <= 1 alone: that w, p and q are not negative is among the bounds."""
            return np.array([[0.0, -1.0, -1.0]]), np.array([-1.0])

        def starting_values(self, resids: Any) -> Any:
            """Return the likeliest of STARTS, w such that the variance is that of the residuals."""
            squares, bounds, backcast = resids**2, self.variance_bounds(resids), self.backcast(resids)
            level = squares.mean()

            def cost(start: Any) -> float:
                variances = self.compute_variance(start, resids, np.empty_like(resids), backcast, bounds)
                return float(np.sum(np.log(variances) + squares / variances))

            return min((np.array([(1.0 - total) * level, p, total - p]) for p, total in STARTS), key=cost)

    return QuickGarch

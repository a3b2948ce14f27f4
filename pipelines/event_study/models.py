"""The models of the normal return, each as the regression it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

BENCHMARK: Final = "benchmark"
"""Name of the regressor that is the matched return of the benchmark."""

RISK_FREE: Final = "rf"
"""Factor column with the risk-free return of a session."""

MARKET_EXCESS: Final = "mkt_rf"
"""Factor column with the market's return in excess of the risk-free one."""

Estimator = Literal["least_squares", "scholes_williams", "garch"]


@dataclass(frozen=True, slots=True)
class Regressor:
    """A column of the regression: the benchmark or a factor, `lag` sessions earlier (negative: later)."""

    name: str
    lag: int = 0

    def __str__(self) -> str:
        """Write the column as it is named in `coefficients`, such as "smb" or "benchmark(-1)"."""
        return f"{self.name}({-self.lag:+d})" if self.lag else self.name


@dataclass(frozen=True, slots=True)
class NormalModel:
    """What a model asks for.

    Attributes
    ----------
    benchmark : {"regressor", "subtracted", "either", "none"}
        Role of the benchmark; "either" takes the factor `mkt_rf` where no benchmark is named.
    factors : tuple of str
        Columns of the factor table that are regressors.
    is_excess : bool
        Whether the return (and the benchmark's) is in excess of the risk-free return.
    has_intercept : bool
        Whether an intercept is estimated.
    estimator : str
        How the parameters are found.

    References
    ----------
    Sharpe (1964), Journal of Finance 19 (CAPM); Fama and French (1993), Journal of Financial Economics 33;
    Carhart (1997), Journal of Finance 52; Fama and French (2015), Journal of Financial Economics 116;
    Scholes and Williams (1977), Journal of Financial Economics 5; Dimson (1979), Journal of Financial Economics 7;
    Bollerslev (1986), Journal of Econometrics 31.
    """

    benchmark: Literal["regressor", "subtracted", "either", "none"] = "none"
    factors: tuple[str, ...] = ()
    is_excess: bool = False
    has_intercept: bool = True
    estimator: Estimator = "least_squares"


NORMAL_MODELS: Final = {
    "market": NormalModel(benchmark="regressor"),
    "market_adjusted": NormalModel(benchmark="subtracted", has_intercept=False),
    "constant_mean": NormalModel(),
    "capm": NormalModel(benchmark="either", is_excess=True),
    "ff3": NormalModel(factors=(MARKET_EXCESS, "smb", "hml"), is_excess=True),
    "carhart": NormalModel(factors=(MARKET_EXCESS, "smb", "hml", "mom"), is_excess=True),
    "ff5": NormalModel(factors=(MARKET_EXCESS, "smb", "hml", "rmw", "cma"), is_excess=True),
    "scholes_williams": NormalModel(benchmark="regressor", estimator="scholes_williams"),
    "dimson": NormalModel(benchmark="regressor"),
    "garch": NormalModel(benchmark="regressor", estimator="garch"),
    "linear": NormalModel(),
}
"""Every model of the vocabulary; `linear` takes its factors from the study, `dimson` its leads and lags."""

"""Types of options that are more than one command's or one word's.

The words of a study have their home in ``pipelines.contracts.vocabulary``. Importing that brings in Polars, which help
must not wait for, so they stand here once more and a test (``tests/unit/flows/test_cli_words.py``) holds the two
together.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

Paths = Annotated[tuple[Path, ...], Parameter(consume_multiple=True)]
"""Files of one option: several after it, as a shell's ``*.csv`` gives them, or the option again."""

LiveSource = Literal["yahoo", "nasdaq", "coinbase", "binance"]
"""Live sources of prices; fred's series are no prices of securities."""

FactorsSource = Literal["files", "ken_french"]

Model = Literal[
    "market",
    "market_adjusted",
    "constant_mean",
    "capm",
    "ff3",
    "carhart",
    "ff5",
    "scholes_williams",
    "dimson",
    "garch",
    "linear",
]

Measure = Literal["return", "log_volume", "log_turnover"]

StandardErrors = Literal["ols", "hac"]

Returns = Literal["simple", "log"]

Convention = Literal["textbook", "estudy2", "eventstudytools"]

OtherConvention = Literal["estudy2", "eventstudytools"]

Test = Literal[
    "cross_sectional_t",
    "crude_dependence_t",
    "brown_warner_t",
    "lamb_t",
    "patell_z",
    "patell_csar_z",
    "patell_z_adjusted",
    "bmp_t",
    "bmp_t_adjusted",
    "skewness_adjusted_t",
    "jackknife_t",
    "cluster_robust_t_date",
    "cluster_robust_t_firm",
    "cluster_robust_t",
    "calendar_time_t",
    "sign_z",
    "generalized_sign_z",
    "wilcoxon_w",
    "corrado_rank_z",
    "corrado_zivney_rank_z",
    "corrado_zivney_sign_z",
    "grank_t",
    "grank_z",
    "volatility_z",
    "volatility_chi2",
    "wild_bootstrap_p",
    "pairs_bootstrap_p",
    "skewness_bootstrap_p",
    "permutation_p",
    "placebo_p",
]

"""R package EventStudy 0.50.0 (Mueller, eventstudytools.com), as its classes compute."""

from __future__ import annotations

from typing import Final

from pipelines.event_study.conventions.switches import MEAN_BHAR, Convention, Coverage, Definition

_STANDARDISED: Final = ("patell_z", "patell_csar_z", "bmp_t", "bmp_t_adjusted")
_PATELL: Final = ("patell_z", "patell_csar_z")
_ADJUSTED: Final = ("market_adjusted",)
_HELD: Final = ("market", "market_adjusted")

DEFINITIONS: Final = (
    Definition(
        "adjusted_sigma",
        "about_mean",
        _STANDARDISED,
        "deviation of the market-adjusted returns about zero, divisor L1",
        "their sample deviation about the mean, divisor L1-1",
        "MarketAdjustedModel: sd(residuals)",
        models=_ADJUSTED,
    ),
    Definition(
        "adjusted_error",
        "mean",
        _PATELL,
        "no forecast error where nothing is estimated",
        "forecast error 1 + 1/L1 and one parameter, as if a mean had been estimated",
        "MarketAdjustedModel: forecast_error_corrected_sigma",
        models=_ADJUSTED,
    ),
    Definition(
        "market_moments",
        "full_window",
        _PATELL,
        "mean and sum of squares of the market over the security's own days",
        "the same over the whole window, also on days without the security's return",
        "ModelBase: calculate_forecast_error_correction",
        models=("market",),
    ),
    Definition(
        "patell_length",
        "rows",
        _PATELL,
        "(L-k)/(L-k-2) with the usable days of the pair",
        "the same with all rows of the window, also those without a return",
        "PatellZTest: m = n()",
    ),
    Definition(
        "bmp_error",
        "none",
        ("bmp_t", "bmp_t_adjusted"),
        "abnormal return over its standard error of prediction",
        "abnormal return over the residual deviation alone",
        "BMPTest, KolariPynnonenTest: abnormal_returns / sigma",
    ),
    Definition(
        "window_form",
        "daily_sum",
        ("patell_z",),
        "CAR over its exact standard error",
        "sum of the days' standardised returns over sqrt(L2), as if they were independent",
        "PatellZTest: csar / sqrt(n * Q)",
        spans="windows",
    ),
    Definition(
        "correlation",
        "relative_day",
        ("bmp_t_adjusted",),
        "residuals correlated on common calendar days, 30 at least",
        "residuals correlated on the same relative days, however few; N counted on the first day",
        "KolariPynnonenTest: pivot_wider over relative_index",
    ),
    Definition(
        "positive_share",
        "securities",
        ("generalized_sign_z",),
        "expected share of positive returns as the mean over the pairs",
        "the mean over securities, several events of one taken together",
        "GeneralizedSignTest: group_by(firm_symbol)",
    ),
    Definition(
        "rank_days",
        "event_window",
        ("corrado_rank_z",),
        "ranks over the estimation window and the tested day",
        "ranks over the estimation window and the whole event window",
        "RankTest: estimation_window == 1 | event_window == 1",
        spans="days",
    ),
    Definition(
        "rank_unit",
        "security",
        ("corrado_rank_z",),
        "returns of each event ranked on their own",
        "several events of one security ranked together",
        "RankTest: group_by(firm_symbol)",
        spans="days",
    ),
    Definition(
        "rank_size",
        "rows",
        ("corrado_rank_z",),
        "ranks less their middle (M+1)/2, M the number of returns",
        "ranks over 1 + the number of rows, also those without a return, less 1/2",
        "RankTest: ar_rank / (total_obs + 1) - 0.5",
        spans="days",
    ),
    Definition(
        "rank_divisor",
        "sample",
        ("corrado_rank_z",),
        "squares of the days' mean ranks over the number of days",
        "sample deviation of the mean ranks about their mean, divisor T-1",
        "RankTest: sd(mean_centered_rank)",
        spans="days",
    ),
    Definition(
        "recycled",
        "first_day",
        ("corrado_rank_z",),
        "every day has its own statistic",
        "every day has that of the event window's first day (a defect of 0.50.0: ifelse() on one condition)",
        "RankTest: ifelse(is.finite(S_rank), ...)",
        spans="days",
    ),
    Definition(
        "absent",
        "zero",
        (*_PATELL, "bmp_t", "bmp_t_adjusted", "cross_sectional_t", "sign_z", "generalized_sign_z"),
        "a pair without a return on a day of the window is left out",
        "that day counts as zero",
        "sum(..., na.rm = TRUE) and cumsum(coalesce(..., 0))",
    ),
    Definition(
        "bhar_normal",
        "benchmark",
        (MEAN_BHAR,),
        "the return held less the normal return held as long",
        "the return held less the benchmark's, whatever the model",
        "BHARTTest",
        models=_HELD,
    ),
    Definition(
        "bhar_compounding",
        "simple",
        (MEAN_BHAR,),
        "log returns compounded as exp(sum)",
        "any return compounded as if it were simple",
        "BHARTTest: prod(1 + r)",
    ),
)

EVENTSTUDYTOOLS: Final = Convention(
    name="eventstudytools",
    program="R package EventStudy 0.50.0",
    coverage={
        "cross_sectional_t": Coverage(windows=True),
        "patell_z": Coverage(windows=True),
        "patell_csar_z": Coverage(windows=True),
        "bmp_t": Coverage(windows=True),
        "bmp_t_adjusted": Coverage(windows=True),
        "sign_z": Coverage(windows=True),
        "generalized_sign_z": Coverage(windows=True),
        "corrado_rank_z": Coverage(),
        MEAN_BHAR: Coverage(windows=True, models=_HELD),
    },
    definitions=DEFINITIONS,
)
"""Its calendar-time portfolio test is left out: it takes means by relative day, another test of the same name."""

"""R package estudy2 0.10.0 (Rudnytskyi), as its functions compute."""

from __future__ import annotations

from typing import Final

from pipelines.event_study.conventions.switches import Convention, Coverage, Definition

_MARKET: Final = ("market",)
_RANKS: Final = ("corrado_rank_z", "corrado_zivney_rank_z", "corrado_zivney_sign_z")

DEFINITIONS: Final = (
    Definition(
        "sigma",
        "sample",
        ("patell_z", "bmp_t"),
        "residual deviation with divisor L1-k",
        "sample deviation of the residuals, divisor L1-1",
        "patell(), boehmer(): sd(company_estimation_abnormal)",
    ),
    Definition(
        "market_moments",
        "full_window",
        ("patell_z", "bmp_t", "lamb_t"),
        "mean and sum of squares of the market over the security's own days",
        "the same over the whole window, also on days without the security's return",
        "patell(), boehmer(), lamb(): mean(market_estimation)",
        models=_MARKET,
    ),
    Definition(
        "lamb_length",
        "inverse_of_mean",
        ("lamb_t",),
        "mean over the pairs of 1/L1 in the forecast error",
        "one over the mean L1",
        "lamb(): 1 / mean_delta",
    ),
    Definition(
        "window_mean",
        "daily_means",
        ("lamb_t", "crude_dependence_t"),
        "mean of the pairs that have every day of the window",
        "sum of the days' own means, days on which at most 90 % of the pairs have a return left out",
        "car_lamb(), car_brown_warner_1985(): percentage = 90",
        spans="windows",
    ),
    Definition(
        "series_pairs",
        "group",
        ("lamb_t", "crude_dependence_t"),
        "deviation over the estimation window of the average of the pairs that are in the tested mean",
        "deviation of the average of all pairs, also where some have no return on the tested days",
        "lamb(), brown_warner_1985(): rowMeans(estimation_abnormal, na.rm = TRUE)",
    ),
    Definition(
        "positive_share",
        "pooled",
        ("generalized_sign_z",),
        "expected share of positive returns as the mean over the pairs",
        "share over all residuals together, so that a longer series weighs more",
        "generalized_sign_test(): mean(as.matrix(estimation_binary))",
    ),
    Definition(
        "rank_days",
        "event_window",
        _RANKS,
        "ranks over the estimation window and the tested day",
        "ranks over the estimation window and the whole event window",
        "rank_test(), modified_rank_test(), corrado_sign_test(): company_full_abnormal",
        spans="days",
    ),
    Definition(
        "rank_centre",
        "common",
        ("corrado_rank_z",),
        "ranks less each pair's own middle",
        "ranks less the mean of the pairs' middles, days with at most 90 % of the pairs left out",
        "car_rank_test(): mean_rank",
        spans="windows",
    ),
    Definition(
        "rank_divisor",
        "mean_length",
        _RANKS,
        "squares of the days' sums over the number of days",
        "the same over the mean number of returns of a pair",
        "rank_test(), modified_rank_test(), corrado_sign_test(): 1 / mean(delta_full)",
    ),
    Definition(
        "rank_sums",
        "scaled_means",
        _RANKS,
        "sum over the pairs that have a return on the day",
        "their mean times the number of all pairs",
        "rank_test(), modified_rank_test(), corrado_sign_test(): rowMeans(...) * ncol(...)",
        spans="days",
    ),
    Definition(
        "absent",
        "averaged",
        ("patell_z", "brown_warner_t", "sign_z", "generalized_sign_z"),
        "a pair without a return on the day is left out",
        "it is counted as if it had the mean of the others",
        "patell(), sign_test(), generalized_sign_test(): rowMeans(...) * ncol(...); brown_warner_1980()",
    ),
)

ESTUDY2: Final = Convention(
    name="estudy2",
    program="R package estudy2 0.10.0",
    coverage={
        "cross_sectional_t": Coverage(),
        "crude_dependence_t": Coverage(windows=True, day_reference="mean_length", window_reference="normal"),
        "brown_warner_t": Coverage(day_reference="mean_length"),
        "lamb_t": Coverage(windows=True, models=_MARKET),
        "patell_z": Coverage(models=_MARKET),
        "bmp_t": Coverage(models=_MARKET),
        "sign_z": Coverage(),
        "generalized_sign_z": Coverage(),
        "wilcoxon_w": Coverage(),
        "corrado_rank_z": Coverage(windows=True),
        "corrado_zivney_rank_z": Coverage(),
        "corrado_zivney_sign_z": Coverage(),
    },
    definitions=DEFINITIONS,
)
"""Patell's, the BMP and Lamb's test exist for the market model alone; over several days it has three tests."""

"""The values that eight other implementations and the textbook give: loaders, and our studies of the same inputs."""

from __future__ import annotations

import itertools
from functools import cache
from pathlib import Path

import polars as pl

from pipelines.event_study import ReturnPanel, StudyResult, Window, group_tests, run_study
from tests.event_study_inputs import a_spec, wide_returns

MODELS = {"cm": "constant_mean", "ma": "market_adjusted", "mm": "market"}
PANELS = {"E1": "panel_a_prices.csv", "E4": "panel_b_prices.csv"}
CASES = list(itertools.product(PANELS, MODELS, ("simple", "log")))
WINDOWS = tuple(Window(*bounds) for bounds in ((0, 0), (-1, 1), (-5, 5), (0, 10), (-10, 10)))

OF_PAIRS = {"alpha": "alpha", "beta": "beta", "sigma": "sigma"}
OF_DAYS = {"ar": "abnormal_return", "fec_sigma": "abnormal_return_se"}
OF_WINDOWS = {"car": "car", "scar_full": "scar"}
TESTS_OF_DAYS = {
    "csect_t_ar": "cross_sectional_t",
    "bw1985": "crude_dependence_t",
    "bw1980": "brown_warner_t",
    "lamb": "lamb_t",
    "patell": "patell_z",
    "bmp": "bmp_t",
    "kp_cal": "bmp_t_adjusted",
    "skewt_cubic_ar": "skewness_adjusted_t",
    "sign_ar": "sign_z",
    "gsign_ar": "generalized_sign_z",
    "wilcoxon_V_ar": "wilcoxon_w",
}
TESTS_OF_WINDOWS = {
    "csect_t_car": "cross_sectional_t",
    "bw1985_car": "crude_dependence_t",
    "lamb_car": "lamb_t",
    "patell_car": "patell_csar_z",
    "bmp_car": "bmp_t",
    "kp_cal_car": "bmp_t_adjusted",
    "skewt_cubic_car": "skewness_adjusted_t",
    "sign_car": "sign_z",
    "gsign_car": "generalized_sign_z",
    "wilcoxon_V_car": "wilcoxon_w",
    "rank_car": "corrado_rank_z",
    "grank_t": "grank_t",
    "grank_z": "grank_z",
}
RANKS_OF_DAY_0 = {
    "rank_w": "corrado_rank_z",
    "rank_cz_w": "corrado_zivney_rank_z",
    "sign_cz_w": "corrado_zivney_sign_z",
}
"""Ranks depend on the window they are taken over, and ours of a day are over that day: day 0 of the window [0,0]."""


STATISTICS = {
    "day": TESTS_OF_DAYS,
    "window": TESTS_OF_WINDOWS,
    "both": RANKS_OF_DAY_0,
}


@cache
def table(folder: Path, name: str) -> pl.DataFrame:
    """Read a reference table."""
    return pl.read_csv(folder / name, infer_schema_length=None, try_parse_dates=True)


@cache
def study(folder: Path, event_set: str, model: str, return_type: str) -> StudyResult:
    """Run one of the reference studies; `pos` counts rows of returns, so day 0 is price row pos + 1."""
    spec = a_spec(
        study_id=f"{event_set}-{model}-{return_type}",
        model=MODELS[model],
        benchmark_symbol="SPX",
        return_type=return_type,
        estimation=Window(-260, -11),
        event=Window(-10, 10),
        car_windows=WINDOWS,
        min_estimation_obs=250,
    )
    returns = wide_returns(table(folder, PANELS[event_set]))
    pairs = table(folder, "event_list.csv").filter(eventset=event_set)
    return run_study(
        spec,
        ReturnPanel.from_frame(returns),
        pairs.select(
            event_id=pl.col("event_id").cast(pl.String),
            symbol="ticker",
            event_session="event_date",
            event_index=pl.col("pos") + 1,
            last_index=pl.lit(returns["session_index"].max()),
            is_ended=pl.lit(value=False),
        ),
    )


def expected(folder: Path, name: str, case: tuple[str, str, str], stat: str) -> pl.DataFrame:
    """Return the reference values of one statistic."""
    event_set, model, return_type = case
    rows = table(folder, name).filter(eventset=event_set, model=model, returns=return_type, stat=stat)
    return rows.with_columns(pl.col("event_id").cast(pl.String)) if "event_id" in rows.columns else rows


def matched(found: pl.DataFrame, reference: pl.DataFrame, value: str) -> pl.DataFrame:
    """Return the reference's rows with our value of each as `found`, null where we have none."""
    keys = [key for key in ("event_id", "day", "window") if key in reference.columns and key in found.columns]
    return reference.join(found.select(*keys, pl.col(value).alias("found")), on=keys, how="left")


def days(result: StudyResult) -> pl.DataFrame:
    """Return the abnormal returns with the reference's key and the pair's sigma."""
    sigma = result.securities.select("event_id", "symbol", "sigma")
    return result.abnormal_returns.join(sigma, on=["event_id", "symbol"]).with_columns(day="relative_day")


def windows(result: StudyResult) -> pl.DataFrame:
    """Return the CARs with the reference's key."""
    return result.cars.with_columns(window=pl.format("[{},{}]", "window_start", "window_end"))


def over_all_pairs(folder: Path, case: tuple[str, str, str]) -> dict[str, pl.DataFrame]:
    """Return the tests over all pairs with the reference's keys: by day, by window, and day 0 with its window."""
    result = study(folder, *case)
    groups = result.securities.select("event_id", "symbol", group_by=pl.lit("all"), group_value=pl.lit("all"))
    tests = group_tests(result, groups).with_columns(
        day="window_start", window=pl.format("[{},{}]", "window_start", "window_end")
    )
    one_day = tests.filter(pl.col("window_start") == pl.col("window_end"))
    return {"day": one_day.drop("window"), "window": tests.drop("day"), "both": one_day.filter(day=0)}

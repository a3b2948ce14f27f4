"""Aggregate over pairs: tests that the average (cumulative) abnormal return of a group is zero."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from pipelines.contracts import FCT_GROUP_TESTS
from pipelines.errors import ContractError, SpecError
from pipelines.event_study.arrays import ROUNDING, FloatArray
from pipelines.event_study.result import StudyResult
from pipelines.event_study.significance import two_sided_normal, two_sided_t
from pipelines.event_study.spec import StudySpec, Window

GROUP_COLUMNS: Final = ("event_id", "symbol", "group_by", "group_value")
"""Columns of the frame that says which pair belongs to which group."""

MIN_DISPERSION_PAIRS: Final = 2
"""Pairs without which a cross-sectional standard deviation does not exist."""

MIN_VARIANCE_DF: Final = 2
"""Degrees of freedom above which a t variable has a variance."""


def group_tests(spec: StudySpec, result: StudyResult, groups: pl.DataFrame) -> pl.DataFrame:
    """Test the average (cumulative) abnormal return of every group on every day and CAR window.

    Parameters
    ----------
    spec : StudySpec
        The study that `result` comes from.
    result : StudyResult
        Abnormal returns and CARs of the used pairs.
    groups : DataFrame
        Columns `event_id`, `symbol`, `group_by`, `group_value`; a pair may be in many groups, and a pair that the
        study does not use is passed over.

    Returns
    -------
    DataFrame
        Contract FCT_GROUP_TESTS, sorted by its key: four tests for every group of `groups`, every day (d,d) of the
        event window and every CAR window. Only pairs with a complete window count.

    Raises
    ------
    SpecError
        If `result` comes from another study.
    ContractError
        If a column of `groups` is missing.

    Notes
    -----
    With N pairs, SCAR the CAR over its standard error and d the degrees of freedom L1 - k of a pair:

    cross_sectional_t  sqrt(N) mean(CAR) / sd(CAR), t(N - 1)
    patell_z           sum SCAR / sqrt(sum d / (d - 2)), N(0,1)
    patell_csar_z      sum (sum of the days' SAR / sqrt(L2 d / (d - 2))) / sqrt(N), N(0,1); on one day patell_z
    bmp_t              sqrt(N) mean(SCAR) / sd(SCAR), t(N - 1)

    patell_csar_z ignores that the prediction errors of one pair's days are correlated; patell_z does not. All four
    assume independence across pairs: a group of which more than half share one event session is marked as not valid.

    References
    ----------
    Patell, J. M. (1976), Journal of Accounting Research 14, doi:10.2307/2490543.
    Boehmer, Musumeci and Poulsen (1991), Journal of Financial Economics 30, doi:10.1016/0304-405X(91)90032-F.
    """
    if spec != result.spec:
        raise SpecError(f"the result comes from study {result.spec.study_id!r}, not from {spec.study_id!r} as given")
    used = result.used.with_columns(df=pl.col("n_estimation_obs") - spec.n_parameters)
    labels, members = _members(used, groups)
    observed = _Observed.of(result)
    moments = pl.concat(
        [
            _moments(labels, members, observed.over(window, used)).with_columns(
                window_start=pl.lit(window.start, pl.Int64), window_end=pl.lit(window.end, pl.Int64)
            )
            for window in sorted({Window(day, day) for day in spec.event.days} | set(spec.car_windows))
        ]
    )
    tests = pl.concat([_evaluate(moments, test) for test in _TESTS])
    frame = labels.join(tests, on="group").with_columns(study_id=pl.lit(spec.study_id))
    return FCT_GROUP_TESTS.conform(frame).sort(FCT_GROUP_TESTS.key)


def _members(used: pl.DataFrame, groups: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give each group a number, and list the used pairs of each by their place among the used pairs."""
    missing = [name for name in GROUP_COLUMNS if name not in groups.columns]
    if missing:
        raise ContractError(f"groups need the columns {list(GROUP_COLUMNS)}; missing {missing}")
    asked = groups.select(pl.col(name).cast(pl.String) for name in GROUP_COLUMNS).unique()
    nulls = {name: n for name in GROUP_COLUMNS if (n := asked[name].null_count())}
    if nulls:
        raise ContractError(f"a row of groups names a pair and its group; nulls by column: {nulls}")
    labels = asked.select("group_by", "group_value").unique().sort("group_by", "group_value").with_row_index("group")
    pairs = used.select("event_id", "symbol").with_row_index("pair")
    members = asked.join(pairs, on=["event_id", "symbol"]).join(labels, on=["group_by", "group_value"])
    return labels, members.select("group", "pair").sort("group", "pair")


@dataclass(frozen=True, slots=True, eq=False)
class _Observed:
    """A result's values as arrays: by day of shape (used pairs, days), by window of shape (used pairs, windows)."""

    spec: StudySpec
    abnormal: FloatArray
    standardised: FloatArray
    car: FloatArray
    scar: FloatArray
    is_complete: FloatArray

    @classmethod
    def of(cls, result: StudyResult) -> _Observed:
        """Read them from the result."""
        by_day = (result.by_day(name) for name in ("abnormal_return", "std_abnormal_return"))
        return cls(result.spec, *by_day, *(result.by_window(name) for name in ("car", "scar", "is_complete")))

    def over(self, window: Window, used: pl.DataFrame) -> pl.DataFrame:
        """Return what each used pair contributes to a window, null where the window is not complete.

        Columns: `value` (AR or CAR), `scar`, `csar` (sum of the days' SAR over sqrt(L2)), `df`, `event_session`.
        """
        start = window.start - self.spec.event.start
        standardised = self.standardised[:, start : start + window.length]
        if window.length == 1:
            value, scar = self.abnormal[:, start], standardised[:, 0]
        else:
            place = sorted(self.spec.car_windows).index(window)
            is_complete = self.is_complete[:, place] == 1
            value, scar = (np.where(is_complete, values[:, place], np.nan) for values in (self.car, self.scar))
        csar = standardised.sum(axis=1) / np.sqrt(window.length)
        columns = {"value": value, "scar": scar, "csar": csar}
        return used.select("df", "event_session").with_columns(
            pl.Series(name, values, nan_to_null=True) for name, values in columns.items()
        )


def _moments(labels: pl.DataFrame, members: pl.DataFrame, observations: pl.DataFrame) -> pl.DataFrame:
    """Return one row of sums and moments per group, with n = 0 for a group that has no complete window."""
    rows = observations[members["pair"]].with_columns(members["group"]).drop_nulls("value")
    inflation = pl.col("df") / (pl.col("df") - MIN_VARIANCE_DF)
    has_scar = pl.col("scar").is_not_null()
    moments = rows.group_by("group", maintain_order=True).agg(
        n=pl.len(),
        caar=pl.col("value").mean(),
        sd=pl.col("value").std(),
        n_together=pl.col("event_session").unique_counts().max(),
        session=pl.col("event_session").mode().min(),
        n_scar=has_scar.sum(),
        mean_scar=pl.col("scar").mean(),
        sd_scar=pl.col("scar").std(),
        sum_scar=pl.col("scar").sum(),
        sum_csar=(pl.col("csar") / inflation.sqrt()).sum(),
        sum_inflation=inflation.filter(has_scar).sum(),
        least_df=pl.col("df").filter(has_scar).min(),
        n_together_scar=pl.col("event_session").filter(has_scar).unique_counts().max(),
        session_scar=pl.col("event_session").filter(has_scar).mode().min(),
    )
    return labels.select("group").join(moments, on="group", how="left").with_columns(pl.col("n", "n_scar").fill_null(0))


@dataclass(frozen=True, slots=True)
class _Sample:
    """The pairs a test rests on, as columns of the moments; `session` is the day 0 that most of them share."""

    n: pl.Expr
    mean: pl.Expr
    sd: pl.Expr
    n_together: pl.Expr
    session: pl.Expr


_COMPLETE: Final = _Sample(*map(pl.col, ("n", "caar", "sd", "n_together", "session")))
"""All pairs with a complete window."""

_STANDARDISED: Final = _Sample(*map(pl.col, ("n_scar", "mean_scar", "sd_scar", "n_together_scar", "session_scar")))
"""Those of them whose model leaves residual variance."""


@dataclass(frozen=True, slots=True)
class _Test:
    """A test: its statistic, the pairs it rests on, and why it may have no value (null if it has one)."""

    name: str
    sample: _Sample
    statistic: pl.Expr
    obstacle: pl.Expr
    is_t: bool


def _studentised(name: str, sample: _Sample) -> _Test:
    """Return the test of a mean over its cross-sectional standard error."""
    is_constant = sample.sd <= ROUNDING * (1.0 + sample.mean.abs())
    obstacle = (
        pl.when(sample.n < MIN_DISPERSION_PAIRS)
        .then(pl.format("needs at least 2 pairs, has {}", sample.n))
        .when(is_constant)
        .then(pl.lit("all pairs have the same value, so there is no cross-sectional deviation"))
    )
    return _Test(name, sample, sample.n.sqrt() * sample.mean / sample.sd, obstacle, is_t=True)


def _patell(name: str, statistic: pl.Expr) -> _Test:
    """Return a test that takes its variance from the t distribution of each standardised return."""
    obstacle = pl.when(pl.col("least_df") <= MIN_VARIANCE_DF).then(
        pl.format("needs more than 2 degrees of freedom for every pair, one has {}", pl.col("least_df"))
    )
    return _Test(name, _STANDARDISED, statistic, obstacle, is_t=False)


_PATELL_Z: Final = pl.col("sum_scar") / pl.col("sum_inflation").sqrt()
_PATELL_CSAR_Z: Final = (
    pl.when(pl.col("window_start") == pl.col("window_end"))
    .then(_PATELL_Z)
    .otherwise(pl.col("sum_csar") / pl.col("n_scar").sqrt())
)
_TESTS: Final = (
    _studentised("cross_sectional_t", _COMPLETE),
    _patell("patell_z", _PATELL_Z),
    _patell("patell_csar_z", _PATELL_CSAR_Z),
    _studentised("bmp_t", _STANDARDISED),
)


def _obstacle(test: _Test) -> pl.Expr:
    """Say why a test has no value on a row of the moments; null if it has one."""
    return pl.coalesce(
        pl.when(_COMPLETE.n == 0).then(pl.lit("no pair has a complete window")),
        pl.when(test.sample.n == 0).then(pl.lit("no pair has residual variance")),
        test.obstacle,
    )


def _left_out(sample: _Sample) -> pl.Expr:
    """Say how many pairs with a complete window a test does without; null if none."""
    n_left_out = _COMPLETE.n - sample.n
    return pl.when((sample.n > 0) & (sample.n < _COMPLETE.n)).then(
        pl.format("{} of {} pairs have no residual variance and are left out", n_left_out, _COMPLETE.n)
    )


def _clustered(sample: _Sample) -> pl.Expr:
    """Say that more than half of the pairs share one event session; null if they do not."""
    how_many = (
        pl.when(sample.n_together == sample.n)
        .then(pl.format("all {}", sample.n))
        .otherwise(pl.format("{} of {}", sample.n_together, sample.n))
    )
    note = (
        "{} pairs share the event session {}: the test assumes independence across pairs, so its p-value is too small"
    )
    return pl.when((sample.n > 1) & (2 * sample.n_together > sample.n)).then(pl.format(note, how_many, sample.session))


def _evaluate(moments: pl.DataFrame, test: _Test) -> pl.DataFrame:
    """Evaluate a test on every row of the moments, with its p-value, validity and note."""
    n = test.sample.n
    obstacle, clustered = _obstacle(test), _clustered(test.sample)
    notes = pl.concat_str(obstacle, _left_out(test.sample), clustered, separator="; ", ignore_nulls=True)
    frame = moments.select(
        "group",
        "window_start",
        "window_end",
        "caar",
        test=pl.lit(test.name),
        statistic=pl.when(obstacle.is_null()).then(test.statistic),
        df=pl.when((n > 1) & test.is_t).then(n.cast(pl.Float64) - 1.0),
        n=n.cast(pl.Int64),
        is_valid=obstacle.is_null() & clustered.is_null(),
        note=pl.when(notes != "").then(notes),
    )
    statistic, df = (frame[name].fill_null(float("nan")).to_numpy() for name in ("statistic", "df"))
    p_value = two_sided_t(statistic, df) if test.is_t else two_sided_normal(statistic)
    return frame.with_columns(pl.Series("p_value", p_value, nan_to_null=True))

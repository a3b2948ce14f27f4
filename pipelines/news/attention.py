"""How many items a theme had on a day, against what was usual for it, and when attention burst.

The count of a day is compared with the days before it, as public-health surveillance does with cases. The baseline is
that of EARS C2 (Hutwagner, Thompson, Seeman and Treadwell 2003, The bioterrorism preparedness and response Early
Aberration Reporting System, Journal of Urban Health 80, Supplement 1, i89-i96): a moving window that ends some days
before the day, so that a burst that builds up does not hide itself. EARS divides by a standard deviation; counts of
news are few and more dispersed than Poisson's, so here the tail of a negative binomial with the baseline's mean and
variance says how rare a count is. A whole-series model such as Kleinberg's (2003, doi:10.1023/A:1024940629314) would
find bursts by what came after them, which no study may know; this one looks back alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from scipy import special

from pipelines.contracts.vocabulary import EVENT_THEMES
from pipelines.errors import SpecError
from pipelines.news.themes import THEMES

ATTENTION: Final = pl.Schema(
    {
        "theme": THEMES["theme"],
        "date": pl.Date(),
        "n_items": pl.Int64(),
        "n_clusters": pl.Int64(),
        "n_baseline_days": pl.Int64(),
        "expected": pl.Float64(),
        "p_value": pl.Float64(),
        "is_burst": pl.Boolean(),
    }
)
"""One row per theme and day: counts (null on a day that was not measured), the mean of the baseline's days and the
probability of as many clusters or more; null where the baseline has too few days."""

BURSTS: Final = pl.Schema(
    {
        "theme": THEMES["theme"],
        "start_date": pl.Date(),
        "peak_date": pl.Date(),
        "end_date": pl.Date(),
        "n_days": pl.Int64(),
        "n_clusters": pl.Int64(),
        "excess": pl.Float64(),
        "min_p_value": pl.Float64(),
    }
)
"""One row per burst: first day, day of the most clusters, last day; clusters beyond what was expected."""


@dataclass(frozen=True, slots=True)
class AttentionSpec:
    """What is usual, and how rare a burst is.

    Attributes
    ----------
    baseline_days : int
        Length of the baseline. Working days are compared with working days and weekends with weekends, for the press
        rests as its readers do.
    guard_days : int
        Days between the baseline and the day.
    min_days : int
        Measured days that the baseline needs.
    min_clusters : int
        Fewest clusters of a burst's day: two on a theme that nobody spoke of are rare, and are no burst.
    level : float
        Largest probability under the baseline that is a burst. With ten themes, 0.001 is a false alarm a quarter.
    """

    baseline_days: int = 28
    guard_days: int = 2
    min_days: int = 6
    min_clusters: int = 3
    level: float = 0.001

    def __post_init__(self) -> None:
        """Refuse what no baseline can be made of."""
        if not (self.baseline_days >= self.min_days >= 2 and self.guard_days >= 0 and 0 < self.level < 1):  # noqa: PLR2004
            raise SpecError(
                f"attention: expected baseline_days >= min_days >= 2, a guard and a level in (0, 1), got {self}"
            )


def attention(
    themes: pl.DataFrame, items: pl.DataFrame, days: pl.DataFrame, spec: AttentionSpec | None = None
) -> pl.DataFrame:
    """Return the attention of each theme on each day.

    Parameters
    ----------
    themes : DataFrame
        ``news_id``, ``theme``.
    items : DataFrame
        ``news_id``, ``cluster_id``, ``available_at``. A day is one of UTC; an item counts on the day on which it could
        be read, and a cluster on each day on which it has an item.
    days : DataFrame
        ``date``, ``is_measured``: every day once. Where a source was throttled or not asked, nobody knows how many
        items there were: the day has no count and is in no baseline.

    Returns
    -------
    DataFrame
        Columns of `ATTENTION`, sorted by theme and date; every theme on every day.
    """
    spec = spec or AttentionSpec()
    calendar = days.select("date", "is_measured").unique("date", keep="first", maintain_order=True).sort("date")
    dated = (
        themes.select("news_id", pl.col("theme").cast(THEMES["theme"]))
        .join(items.select("news_id", "cluster_id", date=pl.col("available_at").dt.date()), on="news_id")
        .group_by("theme", "date")
        .agg(n_items=pl.col("news_id").n_unique(), n_clusters=pl.col("cluster_id").n_unique())
    )
    every = pl.DataFrame({"theme": list(EVENT_THEMES)}, schema={"theme": THEMES["theme"]}).join(calendar, how="cross")
    counts = every.join(dated, on=["theme", "date"], how="left").with_columns(
        pl.when("is_measured").then(pl.col("n_items", "n_clusters").cast(pl.Int64).fill_null(0))
    )
    usual = _baseline(counts, spec)
    tail = _tail(*(usual[name].to_numpy() for name in ("n_clusters", "expected", "variance")))
    is_burst = (pl.col("p_value") <= spec.level) & (pl.col("n_clusters") >= spec.min_clusters)
    return (
        usual.with_columns(p_value=pl.Series(tail).fill_nan(None))
        .with_columns(is_burst=is_burst.fill_null(value=False))
        .select(pl.col(name).cast(dtype) for name, dtype in ATTENTION.items())
        .sort("theme", "date")
    )


def _baseline(counts: pl.DataFrame, spec: AttentionSpec) -> pl.DataFrame:
    """Return the counts with mean and variance of their baselines' measured days of the same kind."""
    kind = pl.col("date").dt.weekday() > 5  # noqa: PLR2004 - Saturday and Sunday
    reach = spec.baseline_days + spec.guard_days + 1
    count = pl.col("n_clusters")
    moments = (
        counts.with_columns(is_weekend=kind)
        .sort("theme", "is_weekend", "date")
        .rolling("date", period=f"{spec.baseline_days}d", offset=f"-{reach}d", group_by=["theme", "is_weekend"])
        .agg(
            n_baseline_days=count.count().cast(pl.Int64),
            expected=pl.max_horizontal(count.mean(), 0.5 / count.count()),
            variance=count.var(),
        )
    )
    is_enough = pl.col("n_baseline_days") >= spec.min_days
    return (
        counts.join(moments.drop("is_weekend"), on=["theme", "date"])
        .with_columns(pl.when(is_enough).then(pl.col("expected", "variance")))
        .sort("theme", "date")
    )


def _tail(count: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Return the probability of that count or more.

    Notes
    -----
    A negative binomial of mean m and variance v > m has size r = m^2 / (v - m); with q = m / (r + m),
    P(X >= x) = I_q(x, r), the regularised incomplete beta function. With v <= m it is Poisson's, P(X >= x) = P(x, m),
    the regularised lower incomplete gamma function. A baseline of zeros has the mean that half an item in all its days
    would give (Jeffreys), for the next item is no miracle.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        x, m = np.asarray(count, dtype=float), np.asarray(mean, dtype=float)
        size = m**2 / (variance - m)
        dispersed = special.betainc(x, size, m / (size + m))
        poisson = special.gammainc(x, m)
        tail = np.where(variance > m, dispersed, poisson)
    return np.where(x == 0, np.where(np.isnan(m), np.nan, 1.0), tail)


def bursts(attention_days: pl.DataFrame) -> pl.DataFrame:
    """Return the bursts: runs of days with ``is_burst``; a day that was not measured neither ends nor makes one.

    Parameters
    ----------
    attention_days : DataFrame
        Columns of `ATTENTION`.

    Returns
    -------
    DataFrame
        Columns of `BURSTS`, sorted by theme and start.
    """
    measured = attention_days.filter(pl.col("n_items").is_not_null()).sort("theme", "date")
    begins = pl.col("is_burst") & ~pl.col("is_burst").shift(1, fill_value=False).over("theme")
    runs = measured.with_columns(run=begins.cum_sum().over("theme")).filter("is_burst")
    peak = pl.col("date").sort_by("n_clusters", "date", descending=[True, False]).first()
    return (
        runs.group_by("theme", "run")
        .agg(
            start_date=pl.col("date").min(),
            peak_date=peak,
            end_date=pl.col("date").max(),
            n_days=pl.len(),
            n_clusters=pl.col("n_clusters").sum(),
            excess=(pl.col("n_clusters") - pl.col("expected")).sum(),
            min_p_value=pl.col("p_value").min(),
        )
        .select(pl.col(name).cast(dtype) for name, dtype in BURSTS.items())
        .sort("theme", "start_date")
    )

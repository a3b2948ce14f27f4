"""Attention by day against its own past, and bursts."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time, timedelta

import polars as pl
import pytest
from scipy import stats

from pipelines.contracts.vocabulary import EVENT_THEMES
from pipelines.errors import SpecError
from pipelines.news import AttentionSpec, attention, bursts
from pipelines.news.attention import ATTENTION, BURSTS

MONDAY = date(2025, 1, 6)


def days(n: int, unmeasured: set[int] | None = None) -> pl.DataFrame:
    """Return days from a Monday on, those of the numbers not measured."""
    dates = [MONDAY + timedelta(days=i) for i in range(n)]
    return pl.DataFrame({"date": dates, "is_measured": [i not in (unmeasured or set()) for i in range(n)]})


def counted(counts: list[int], theme: str = "demand") -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return themes and items with that many items, each a cluster, on each day from a Monday on."""
    rows = [
        (f"{day}-{i}", datetime.combine(MONDAY + timedelta(days=day), time(12), tzinfo=UTC))
        for day, n in enumerate(counts)
        for i in range(n)
    ]
    schema = {"news_id": pl.String, "available_at": pl.Datetime("us", "UTC")}
    items = pl.DataFrame(rows, schema=schema, orient="row").with_columns(cluster_id="news_id")
    return items.select("news_id", theme=pl.lit(theme)), items


def of_day(frame: pl.DataFrame, day: int, theme: str = "demand") -> dict[str, object]:
    """Return the row of a theme on a day."""
    on = pl.col("date") == MONDAY + timedelta(days=day)
    return frame.filter(on & (pl.col("theme") == theme)).row(0, named=True)


def test_every_theme_has_every_day() -> None:
    """A day without an item is a zero, not a gap."""
    themes, items = counted([2, 0, 1])
    found = attention(themes, items, days(3))
    assert found.schema == ATTENTION
    assert found.height == 3 * len(EVENT_THEMES)
    assert [of_day(found, i)["n_items"] for i in range(3)] == [2, 0, 1]
    assert of_day(found, 1, "macro")["n_items"] == 0


def test_a_day_that_was_not_measured_has_no_count_and_is_in_no_baseline() -> None:
    """Throttled is not zero: 19 working days of the 20 are the baseline, whose mean stays 4."""
    counts = [4] * 35
    counts[8] = 0
    themes, items = counted(counts)
    found = attention(themes, items, days(35, {8}))
    assert of_day(found, 8)["n_items"] is None
    assert of_day(found, 8)["p_value"] is None
    assert (of_day(found, 32)["n_baseline_days"], of_day(found, 32)["expected"]) == (19, 4.0)


def test_the_baseline_ends_two_days_before_and_is_of_the_same_kind_of_day() -> None:
    """Thursday of the fifth week: 20 working days of the 28 that end on Monday; Saturday has 8 weekend days."""
    themes, items = counted([10 if i % 7 < 5 else 1 for i in range(36)])
    found = attention(themes, items, days(36))
    assert (of_day(found, 31)["n_baseline_days"], of_day(found, 31)["expected"]) == (20, 10.0)
    assert (of_day(found, 33)["n_baseline_days"], of_day(found, 33)["expected"]) == (8, 1.0)
    assert not found["is_burst"].any()


def test_a_baseline_of_few_days_says_nothing() -> None:
    """Before there are six measured days no count is rare."""
    themes, items = counted([1, 1, 1, 50])
    found = of_day(attention(themes, items, days(4)), 3)
    assert (found["expected"], found["p_value"], found["is_burst"]) == (None, None, False)


def test_the_tail_is_poisson_or_negative_binomial() -> None:
    """Against scipy.stats: mean 4 without variance, and days of 2 and 6 in turns, whose variance is over their mean."""
    flat_themes, flat_items = counted([4] * 30 + [9])
    flat = of_day(attention(flat_themes, flat_items, days(31)), 30)
    assert flat["p_value"] == pytest.approx(stats.poisson.sf(8, 4))
    wild = [1 if i % 2 else 9 for i in range(30)] + [20]
    themes, items = counted(wild)
    found = of_day(attention(themes, items, days(31)), 30)
    baseline = [wild[i] for i in range(28) if i % 7 < 5]
    mean = sum(baseline) / 20
    variance = sum((x - mean) ** 2 for x in baseline) / 19
    size = mean**2 / (variance - mean)
    assert found["p_value"] == pytest.approx(stats.nbinom.sf(19, size, size / (size + mean)))


def test_a_theme_that_nobody_spoke_of_bursts_with_three_clusters() -> None:
    """The mean of 20 zeros is taken as half an item in 20 days; two items are rare and no burst."""
    for n, is_burst in ((2, False), (3, True)):
        themes, items = counted([0] * 30 + [n])
        found = of_day(attention(themes, items, days(31)), 30)
        assert found["expected"] == pytest.approx(0.5 / 20)
        assert found["p_value"] == pytest.approx(stats.poisson.sf(n - 1, 0.025))
        assert found["is_burst"] is is_burst


def test_one_story_told_by_many_is_one_cluster() -> None:
    """Copies of a wire's story raise the count of items alone."""
    themes, items = counted([4] * 30 + [40])
    copied = items.with_columns(cluster_id=pl.col("news_id").str.replace(r"^30-.*$", "30-0"))
    found = of_day(attention(themes, copied, days(31)), 30)
    assert (found["n_items"], found["n_clusters"], found["is_burst"]) == (40, 1, False)


def test_later_days_change_nothing_of_earlier_ones() -> None:
    """A baseline looks back alone."""
    themes, items = counted([3, 5] * 20 + [60] * 5)
    early = attention(themes, items, days(40))
    late = attention(themes, items, days(45))
    assert late.filter(pl.col("date") < MONDAY + timedelta(days=40)).equals(early)


def test_a_burst_has_a_start_a_peak_and_an_end() -> None:
    """Three days of a week, of which one was not measured, are one burst; one six weeks later is another."""
    counts = [4, 3, 5, 4, 4, 1, 1] * 5 + [25, 90, 0, 60, 4, 1, 1] + [4, 3, 5, 4, 4, 1, 1] * 5 + [50]
    themes, items = counted(counts)
    found = bursts(attention(themes, items, days(len(counts), {37})))
    assert found.schema == BURSTS
    first, second = found.iter_rows(named=True)
    on = {name: (first[name] - MONDAY).days for name in ("start_date", "peak_date", "end_date")}
    assert on == {"start_date": 35, "peak_date": 36, "end_date": 38}
    assert (first["theme"], first["n_days"], first["n_clusters"]) == ("demand", 3, 175)
    # The baselines of 10 and 11 February have the mean 4; that of the 13th ends on the 10th and has its 25 for a 4.
    assert first["excess"] == pytest.approx(175 - 4 - 4 - (20 * 4 + 21) / 20)
    assert second["start_date"] == second["end_date"] == MONDAY + timedelta(days=77)
    assert math.isfinite(second["min_p_value"])


def test_no_items_have_no_bursts() -> None:
    """A quiet month."""
    themes, items = counted([])
    assert bursts(attention(themes, items, days(30))).height == 0


def test_a_spec_that_no_baseline_can_be_made_of_is_refused() -> None:
    """More days needed than there are."""
    with pytest.raises(SpecError, match="baseline_days >= min_days"):
        AttentionSpec(baseline_days=5, min_days=6)

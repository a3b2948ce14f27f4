"""The line of a theme: its standard error is the engine's own, and it is drawn from whole windows alone."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.home import MARTS_FILE
from warehouse.report_marts import read_report_marts

ENDS = """
    select group_value as theme, study_id, n, caar, statistic, df, note
    from fct_group_tests
    inner join dim_studies using (study_id)
    where
        group_by = 'theme' and test = 'cluster_robust_t_date'
        and window_start = event_start and window_end = event_end
"""


def test_the_end_of_the_line_is_the_engine_s_test(generated_home: Path) -> None:
    """Over the whole event window CAAR, pairs and the t clustered by event session are those of fct_group_tests."""
    with duckdb.connect(str(generated_home / MARTS_FILE), read_only=True) as connection:
        tests = connection.sql(ENDS).pl()
    drawn = read_report_marts(generated_home / MARTS_FILE)["theme_days"]
    last = drawn.filter(pl.col("relative_day") == pl.col("relative_day").max().over("theme", "study_id"))
    both = tests.join(last, on=["theme", "study_id"], suffix="_drawn")

    assert both.height == tests.height > 5
    assert both["n"].to_list() == both["n_pairs"].to_list()
    assert both["caar_drawn"].to_list() == pytest.approx(both["caar"].to_list(), rel=1e-9, abs=1e-12)
    known = both.drop_nulls("statistic")
    assert known.height > 3
    t = (known["caar_drawn"] / known["caar_se"]).to_list()
    assert t == pytest.approx(known["statistic"].to_list(), rel=1e-8)
    assert known["df_drawn"].to_list() == known["df"].to_list()
    alone = both.filter(pl.col("n_sessions") == 1)
    assert alone["caar_se"].null_count() == alone.height

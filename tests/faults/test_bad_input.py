"""Bad price rows: each is put in quarantine with its rule, and nothing else is lost or changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows.ad_hoc import AdHocStudy
from pipelines.errors import SourceError
from tests.faults.studies import (
    DAYS,
    EVENTS,
    assert_same_results,
    clean_prices,
    edited,
    is_bad_row,
    ledger,
    quarantine,
    study,
)
from tests.generated_prices import MARKET, write

PAIRS_OF_AAA = [("e1", "AAA"), ("e2", "AAA")]
PAIRS_OF_BBB = [("e1", "BBB")]
ALL_PAIRS = [*PAIRS_OF_AAA, *PAIRS_OF_BBB]
INFINITY = float("inf")

BAD_ROWS: dict[str, tuple[set[str], dict[str, Any]]] = {
    "not a number": ({"not_finite"}, {"adj_close": float("nan")}),
    "infinite": ({"not_finite"}, {"adj_close": INFINITY}),
    "minus infinite": ({"not_finite", "not_positive"}, {"close": -INFINITY}),
    "negative": ({"not_positive"}, {"adj_close": -5.0}),
    "zero": ({"not_positive"}, {"adj_close": 0.0}),
    "1e308": ({"too_large"}, {"adj_close": 1e308}),
    "high below low": ({"high_below_low"}, {"high": 1.0, "low": 2.0}),
    "negative volume": ({"bad_volume"}, {"volume": -1.0}),
    "no price": ({"no_price"}, {"close": None, "adj_close": None}),
    "no date": ({"no_date"}, {"date": None}),
    "in the year 2999": ({"in_the_future", "not_a_session"}, {"date": DAYS[0].replace(year=2999)}),
}


@pytest.fixture(scope="module")
def without_row(tmp_path_factory: pytest.TempPathFactory) -> AdHocStudy:
    """Return the study of the clean prices without AAA's row of the bad day."""
    return study(clean_prices().filter(~is_bad_row()), tmp_path_factory.mktemp("without"))


@pytest.mark.parametrize(("rules", "cells"), BAD_ROWS.values(), ids=BAD_ROWS)
def test_a_bad_row_goes_to_quarantine_alone(
    tmp_path: Path, clean: AdHocStudy, without_row: AdHocStudy, rules: set[str], cells: dict[str, Any]
) -> None:
    """A row that breaks a rule is quarantined; its symbol is studied as if the row were not there, others as before."""
    found = study(edited(clean_prices(), **cells), tmp_path)

    assert set(quarantine(found)) == {(rule, "AAA") for rule in rules}
    assert found.core.n_quarantined_rows == 1
    assert_same_results(found, clean, PAIRS_OF_BBB)
    assert_same_results(found, without_row, PAIRS_OF_AAA)
    assert {status for status, _ in ledger(found).values()} == {"used"}


@pytest.mark.parametrize("exchange", ["XNYS", None])
def test_no_return_spans_a_bad_row(tmp_path: Path, exchange: str | None) -> None:
    """A bad price costs the two returns it is part of, also where the sessions are the dates of the symbol's rows."""
    found = study(edited(clean_prices(), adj_close=-5.0), tmp_path, exchange=exchange)

    n_obs = found.tables["fct_study_securities"].select("event_id", "symbol", "n_estimation_obs").rows()
    assert n_obs == [("e1", "AAA", 248), ("e1", "BBB", 250), ("e2", "AAA", 248)]


def test_a_row_without_a_symbol_is_quarantined(tmp_path: Path, without_row: AdHocStudy) -> None:
    """A row that names no symbol is in quarantine, not forgotten."""
    found = study(edited(clean_prices(), symbol=None), tmp_path)

    assert quarantine(found) == [("no_symbol", None)]
    assert_same_results(found, without_row, ALL_PAIRS)


def test_text_in_a_number_cell_is_quarantined_as_written(
    tmp_path: Path, clean: AdHocStudy, without_row: AdHocStudy
) -> None:
    """A cell of a CSV that is no number puts its row in quarantine with the cell's text; the file is read on."""
    texts = clean_prices().with_columns(pl.col("adj_close").cast(pl.String))
    found = study(write(edited(texts, adj_close="n/a?"), tmp_path / "prices.csv"), tmp_path)

    assert quarantine(found) == [("unreadable", "AAA")]
    assert "n/a?" in found.tables["quarantine"]["reason"][0]
    assert_same_results(found, clean, PAIRS_OF_BBB)
    assert_same_results(found, without_row, PAIRS_OF_AAA)


def test_a_repeated_session_counts_once(tmp_path: Path, clean: AdHocStudy) -> None:
    """A row that stands twice with the same prices counts once; the second is quarantined, all results are the same."""
    rows = clean_prices()
    found = study(pl.concat([rows, rows.filter(is_bad_row())]), tmp_path)

    assert quarantine(found) == [("duplicate_session", "AAA")]
    assert_same_results(found, clean, ALL_PAIRS)


def test_conflicting_prices_of_a_session_count_not_at_all(
    tmp_path: Path, clean: AdHocStudy, without_row: AdHocStudy
) -> None:
    """Of two prices for one session neither is believed: both rows are quarantined."""
    rows = clean_prices()
    other = rows.filter(is_bad_row()).with_columns(pl.col("adj_close") * 1.1)
    found = study(pl.concat([rows, other]), tmp_path)

    assert quarantine(found) == [("conflicting_session", "AAA")] * 2
    assert_same_results(found, clean, PAIRS_OF_BBB)
    assert_same_results(found, without_row, PAIRS_OF_AAA)


def test_the_order_of_rows_does_not_matter(tmp_path: Path, clean: AdHocStudy) -> None:
    """Rows in any order give the same results to the last digit."""
    found = study(clean_prices().sample(fraction=1, shuffle=True, seed=3), tmp_path)

    assert quarantine(found) == []
    assert_same_results(found, clean, ALL_PAIRS)


def test_a_price_on_a_holiday_is_quarantined(tmp_path: Path, clean: AdHocStudy) -> None:
    """A price of a day on which the exchange was closed is no session; the results are those without it."""
    holiday = DAYS[0].replace(month=7, day=4)
    extra = clean_prices().filter(is_bad_row()).with_columns(pl.lit(holiday).alias("date"))
    found = study(pl.concat([clean_prices(), extra]), tmp_path)

    assert quarantine(found) == [("not_a_session", "AAA")]
    assert_same_results(found, clean, ALL_PAIRS)


def test_a_symbol_whose_rows_are_all_bad_is_excluded_alone(tmp_path: Path, clean: AdHocStudy) -> None:
    """A symbol without one sound row is excluded with a reason; the others are studied as before."""
    spoiled = pl.when(pl.col("symbol") == "AAA").then(-1.0).otherwise(pl.col("adj_close")).alias("adj_close")
    found = study(clean_prices().with_columns(spoiled), tmp_path)

    assert quarantine(found) == [("not_positive", "AAA")] * len(DAYS)
    assert ledger(found)["e1", "AAA"][0] == ledger(found)["e2", "AAA"][0] == "excluded"
    assert_same_results(found, clean, PAIRS_OF_BBB)


def test_a_benchmark_whose_rows_are_all_bad_excludes_every_pair(tmp_path: Path) -> None:
    """Without a benchmark no pair can be used, and each says so."""
    spoiled = pl.when(pl.col("symbol") == MARKET).then(-1.0).otherwise(pl.col("adj_close")).alias("adj_close")
    found = study(clean_prices().with_columns(spoiled), tmp_path)

    assert set(ledger(found).values()) == {("excluded", f"the benchmark {MARKET} has no prices in this source")}


def test_prices_that_are_all_bad_stop_the_study(tmp_path: Path) -> None:
    """Where no price row is sound there is nothing to study: an error counts the rows by rule."""
    with pytest.raises(SourceError, match=r"none of the 960 price rows is sound. not_positive: 960 rows"):
        study(clean_prices().with_columns(pl.lit(-1.0).alias("adj_close")), tmp_path, EVENTS)

"""A result that contradicts itself is not made."""

from __future__ import annotations

import polars as pl
import pytest

from pipelines.errors import ContractError
from pipelines.event_study import StudyResult, run_study
from tests.event_study_inputs import a_spec, panel_of, random_returns, resolved_pairs

SPEC = a_spec()
RETURNS = random_returns(12)
RESULT = run_study(SPEC, panel_of(RETURNS), resolved_pairs(RETURNS, [("e", "S0", 80), ("e", "S1", 80)]))


def test_values_are_read_as_a_row_per_used_pair() -> None:
    """Days and windows of a column become an array with a row per used pair."""
    assert RESULT.by_day("abnormal_return").shape == (2, 11)
    assert RESULT.by_window("car").shape == (2, 3)
    assert RESULT.by_window("car")[1].tolist() == RESULT.cars.filter(symbol="S1")["car"].to_list()
    assert RESULT.used["symbol"].to_list() == ["S0", "S1"]


def test_car_that_is_not_the_sum_of_its_days_is_refused() -> None:
    """A CAR that differs from the sum of its abnormal returns is refused, naming pair and window."""
    wrong = RESULT.cars.with_columns(
        pl.when(symbol="S1", window_start=-1).then(pl.col("car") + 1e-9).otherwise("car").alias("car")
    )
    with pytest.raises(ContractError, match=r"event 'e' x S1: the abnormal returns of \[-1,1\] sum to"):
        StudyResult(SPEC, RESULT.securities, RESULT.abnormal_returns, wrong)


@pytest.mark.parametrize("name", ["abnormal_returns", "cars"])
def test_used_pair_without_its_rows_is_refused(name: str) -> None:
    """A used pair must have a row for every day and every window."""
    frames = {"abnormal_returns": RESULT.abnormal_returns, "cars": RESULT.cars}
    with pytest.raises(ContractError, match=rf"{name} must hold \d+ rows for each of 2 used pairs"):
        StudyResult(SPEC, RESULT.securities, **frames | {name: frames[name].head(-1)})


def test_rows_in_another_order_than_the_ledger_are_refused() -> None:
    """Rows must follow the ledger's order, so that days and windows can be read as arrays."""
    with pytest.raises(ContractError, match="in the order of the ledger"):
        StudyResult(SPEC, RESULT.securities, RESULT.abnormal_returns.sort("symbol", descending=True), RESULT.cars)


def test_frame_without_its_contracts_columns_is_refused() -> None:
    """A frame that lacks a column of its contract is refused."""
    with pytest.raises(ContractError, match="fct_event_cars"):
        StudyResult(SPEC, RESULT.securities, RESULT.abnormal_returns, RESULT.cars.drop("bhar"))

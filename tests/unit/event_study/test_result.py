"""A result that contradicts itself is not made."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from pipelines.errors import ContractError
from pipelines.event_study import run_study
from tests.event_study_inputs import a_spec, panel_of, random_returns, resolved_pairs

SPEC = a_spec()
RETURNS = random_returns(12)
RESULT = run_study(SPEC, panel_of(RETURNS), resolved_pairs(RETURNS, [("e", "S0", 80), ("e", "S1", 80)]))


def test_car_that_is_not_the_sum_of_its_days_is_refused() -> None:
    """A CAR that differs from the sum of its abnormal returns is refused, naming pair and window."""
    cumulated = RESULT.estimates.cumulated
    car = cumulated.car.copy()
    car[1, 1] += 1e-9
    with pytest.raises(ContractError, match=r"event 'e' x S1: the abnormal returns of \[-1,1\] sum to"):
        replace(RESULT.estimates, cumulated=replace(cumulated, car=car))


def test_estimates_of_other_pairs_than_the_used_ones_are_refused() -> None:
    """The used pairs are the estimated ones, in the same order."""
    estimates = RESULT.estimates
    for rows in (np.array([0, 0]), np.array([1, 0])):
        other = replace(estimates, pairs=estimates.pairs.take(rows))
        with pytest.raises(ContractError, match="2 pairs are used, the estimates are of"):
            replace(RESULT, estimates=other)


def test_chunks_are_the_whole_table() -> None:
    """Abnormal returns that are written a pair at a time are the ones that are written at once."""
    chunks = list(RESULT.abnormal_return_chunks(1))
    assert [chunk.height for chunk in chunks] == [11, 11]
    assert pl.concat(chunks).equals(RESULT.abnormal_returns)


def test_residuals_are_those_of_the_fit() -> None:
    """Estimation-window residuals sum to zero, and their squares to (L1 - k) sigma^2."""
    residual = RESULT.estimates.residuals()
    fit = RESULT.estimates.fit
    np.testing.assert_allclose(residual.sum(axis=1), 0.0, atol=1e-14)
    np.testing.assert_allclose((residual**2).sum(axis=1), fit.df * fit.sigma**2, rtol=1e-12)

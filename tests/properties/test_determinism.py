"""Tables are the same bit for bit whatever the order of the rows, the threads and the size of the pieces of work."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.properties.identical_tables import (
    SIZES,
    SPECS,
    block_sizes,
    differences,
    expected,
    inputs_of,
    spec_of,
    tables,
)

SHUFFLES = 20
PIECED = ("market", "ff3", "scholes_williams", "log_volume")
"""Studies that between them go through every way of fitting, predicting and adding up, but for GARCH's climb."""
RTOL = 1e-9
every_study = pytest.mark.parametrize("name", SPECS)


@every_study
def test_the_study_compared_uses_pairs_and_runs_every_test(name: str) -> None:
    """What is compared below is not empty: most pairs are used, every test has a value for some group."""
    wanted = expected(name)
    ledger = wanted["securities"]
    assert ledger.filter(status="used").height > ledger.height / 2
    valued = wanted["group_tests"].drop_nulls("statistic")
    assert set(valued["test"]) == set(spec_of(name).all_tests)


@every_study
def test_order_of_the_rows_does_not_matter(name: str) -> None:
    """Twenty shuffles of prices, factors, pairs and groups give the same tables."""
    given = inputs_of(name)
    for seed in range(SHUFFLES):
        assert differences(tables(name, given.shuffled(10 * seed)), expected(name)) == [], f"shuffle {seed}"


SHARED = ("estimated pairs", "pairs fitted from sums", "pairs fitted from windows", "pairs of groups")
"""Pieces that threads share."""


@every_study
@pytest.mark.parametrize("threads", [2, 4])
def test_number_of_threads_does_not_matter(name: str, threads: int) -> None:
    """Two and four threads that share many pieces of work give the tables of one thread and few pieces."""
    with block_sizes(*SHARED, size=5):
        assert differences(tables(name, inputs_of(name), threads), expected(name)) == []


@pytest.mark.parametrize("name", PIECED)
@pytest.mark.parametrize("what", [what for what in SIZES if what != "correlations"])
def test_size_of_the_pieces_does_not_matter(name: str, what: str) -> None:
    """Pieces of one pair, of seven and of all give the same tables."""
    given, wanted = inputs_of(name), expected(name)
    for size in (1, 7):
        with block_sizes(what, size=size):
            assert differences(tables(name, given), wanted) == [], f"size {size}"


@pytest.mark.parametrize("name", PIECED)
def test_correlations_in_smaller_pieces_differ_by_rounding_alone(name: str) -> None:
    """Matrix products of other shapes may round otherwise; a group's own size decides on the shape, nothing else."""
    given, wanted = inputs_of(name), expected(name)["group_tests"]
    with block_sizes("correlations", size=3):
        found = tables(name, given)["group_tests"]
    for column in ("statistic", "p_value", "r_bar"):
        np.testing.assert_allclose(found[column].fill_null(np.nan), wanted[column].fill_null(np.nan), rtol=RTOL)


@pytest.mark.parametrize("name", PIECED)
@pytest.mark.parametrize("value", ["all", "e70", "S2"])
def test_a_group_does_not_depend_on_the_groups_beside_it(name: str, value: str) -> None:
    """A group tested alone has the rows that it has among others, but for p-values adjusted over all groups."""
    given = inputs_of(name)
    alone = replace(given, groups=given.groups.filter(group_value=value))
    found, wanted = (
        {"group_tests": each["group_tests"].filter(group_value=value).drop("p_holm", "p_bh")}
        for each in (tables(name, alone), expected(name))
    )
    assert wanted["group_tests"].height
    assert differences(found, wanted) == []

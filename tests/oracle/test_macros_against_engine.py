"""Macros of the published file against the engine: every event and security of the catalogue, on real prices."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.running import reaction_here

AGREEMENT = 1e-10
"""Largest distance of a macro's number from the published one."""

STUDIES = ("catalogue-market-model", "deepseek-market-model", "deepseek-constant-mean", "adjusted")
ADJUSTED = """
- id: adjusted
  title: Every event of the catalogue, market-adjusted
  model: market_adjusted
  benchmark: ^GSPC
  returns: log
  estimation: [-260, -11]
  event_window: [-10, 10]
  car_windows: [[0, 0], [-1, 1], [-10, 10]]
  min_estimation_obs: 120
  securities: {which: named}
  group_by: [all, event_id]
"""
DAYS = ("actual_return", "expected_return", "abnormal_return", "abnormal_return_se", "std_abnormal_return", "p_value",
        "cum_abnormal_return", "cum_abnormal_return_se")  # fmt: skip
CARS = ("car", "car_se", "scar", "p_value", "bhar", "n_days", "alpha", "beta", "sigma", "df", "n_estimation_obs")
TESTS = ("statistic", "p_value", "df", "n", "caar", "r_bar")


@pytest.fixture(scope="module")
def marts(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """Publish the marts of the real prices, and open them beside a database in memory."""
    home = tmp_path_factory.mktemp("macros")
    studies = home / "studies.yaml"
    studies.write_text(ADJUSTED, encoding="utf-8")
    prices = shared / "data" / "prices.parquet"
    ran = reaction_here(
        "run", "--no-prefect", "--source", "files", "--prices", prices, "--studies", studies, home=home / "home"
    )
    assert ran.code == 0, ran.err
    with duckdb.connect() as connection:
        connection.execute(f"attach '{home / 'home' / 'published' / 'marts.duckdb'}' as marts (read_only)")
        connection.execute("set search_path = 'memory.main,marts.main'")
        yield connection


@pytest.fixture(params=STUDIES)
def arguments(request: pytest.FixtureRequest, marts: duckdb.DuckDBPyConnection) -> str:
    """Return a study's arguments, its pairs in the table `asked` and its rows in `days`, `cars` and `tests`."""
    study = f"study_id = '{request.param}'"
    marts.execute(
        'create or replace table asked as select event_id, symbol, event_session as event_date, event_id as "group" '
        f"from fct_study_securities where {study} and event_session is not null"
    )
    for name in ("abnormal_returns", "event_cars", "group_tests", "study_securities"):
        marts.execute(f"create or replace view engine_{name} as select * from fct_{name} where {study}")
    ((written,),) = marts.execute(
        "select format('model := ''{}'', benchmark := {}, est_from := {}, est_to := {}, day_from := {}, day_to := {}, "
        "min_obs := {}, return_type := ''{}''', model, coalesce('''' || benchmark_symbol || '''', 'null'), "
        "estimation_start, estimation_end, event_start, event_end, min_estimation_obs, return_type) "
        f"from dim_studies where {study}"
    ).fetchall()
    return str(written)


def largest_distance(
    connection: duckdb.DuckDBPyConnection, found: str, expected: str, key: str, columns: tuple[str, ...]
) -> float:
    """Return how far two tables are apart, asserting that they have the same rows and the same nulls."""
    apart = ", ".join(f"max(abs(found.{name} - expected.{name}))" for name in columns)
    nulls = " + ".join(f"count_if((found.{name} is null) != (expected.{name} is null))" for name in columns)
    ((*distances, n_nulls, n_rows, n_found, n_expected),) = connection.execute(
        f"select {apart}, {nulls}, count(*), (select count(*) from {found}), (select count(*) from {expected}) "
        f"from {found} as found inner join {expected} as expected using ({key})"
    ).fetchall()
    assert n_nulls == 0
    assert n_rows == n_found == n_expected > 0
    return max(distance for distance in distances if distance is not None)


@pytest.mark.slow
def test_days_agree(marts: duckdb.DuckDBPyConnection, arguments: str) -> None:
    """Abnormal and standardised returns and their p-values, and the outcome of every pair."""
    marts.execute(f"create or replace table answers as from event_study_table('asked', {arguments})")
    marts.execute("create or replace view found as from answers where status = 'used'")
    assert (
        largest_distance(marts, "found", "engine_abnormal_returns", "event_id, symbol, relative_day", DAYS) <= AGREEMENT
    )
    different = marts.execute(
        "select count(*) from (select distinct event_id, symbol, status from answers) as found "
        "inner join engine_study_securities as expected using (event_id, symbol) where found.status != expected.status"
    ).fetchall()
    assert different == [(0,)]


@pytest.mark.slow
@pytest.mark.parametrize(("first", "last"), [(0, 0), (-1, 1), (-10, 10)])
def test_cars_and_tests_of_groups_agree(
    marts: duckdb.DuckDBPyConnection, arguments: str, first: int, last: int
) -> None:
    """CARs by pair; tests by event, with the same verdict and the same note."""
    window = f"window_start = {first} and window_end = {last}"
    marts.execute(
        f"create or replace table answers as from event_study_car_table('asked', {first}, {last}, {arguments})"
    )
    marts.execute("create or replace view found as from answers where status = 'used'")
    marts.execute(f"create or replace view expected_cars as from engine_event_cars where {window}")
    assert largest_distance(marts, "found", "expected_cars", "event_id, symbol", CARS) <= AGREEMENT
    marts.execute(f"create or replace table tests as from event_caar_table('asked', {first}, {last}, {arguments})")
    marts.execute(
        f"create or replace view expected_tests as from engine_group_tests where {window} and group_by = 'event_id' "
        "and test in (select test from tests)"
    )
    marts.execute(
        "create or replace view known as from tests where group_value in (select group_value from expected_tests)"
    )
    assert largest_distance(marts, "known", "expected_tests", "group_value, test", TESTS) <= AGREEMENT
    different = marts.execute(
        "select count(*) from known inner join expected_tests as expected using (group_value, test) "
        "where known.is_valid != expected.is_valid or known.note is distinct from expected.note"
    ).fetchall()
    assert different == [(0,)]

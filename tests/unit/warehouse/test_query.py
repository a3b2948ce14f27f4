"""Ad hoc queries read the published marts and can do nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.errors import NothingPublishedError, QueryError
from warehouse.connection import open_file
from warehouse.query import run_query


@pytest.fixture
def marts_file(tmp_path: Path) -> Path:
    """Return a published file with one table."""
    file = tmp_path / "marts.duckdb"
    with open_file(file) as connection:
        connection.execute("create table t as select range as x from range(3)")
    (tmp_path / "secret.csv").write_text("a\n1\n", encoding="utf-8")
    return file


def test_a_select_returns_names_types_and_rows(marts_file: Path) -> None:
    """Parameters are bound, never pasted."""
    result = run_query(marts_file, "select x, 'a' as name from t where x > ? order by x", parameters=[0])
    assert (result.columns, result.types) == (["x", "name"], ["BIGINT", "VARCHAR"])
    assert result.rows == [(1, "a"), (2, "a")]


@pytest.mark.parametrize(
    "attack",
    [
        "select * from read_csv('{folder}/secret.csv')",
        "select * from read_text('{folder}/secret.csv')",
        "select * from '{folder}/secret.csv'",
        "select * from glob('{folder}/*')",
        "copy t to '{folder}/out.csv'",
        "copy (select 1) to '{folder}/out.parquet' (format parquet)",
        "export database '{folder}/dump'",
        "attach '{folder}/other.duckdb' as other",
        "install httpfs",
        "load httpfs",
        "set enable_external_access = true",
        "set memory_limit = '100GB'",
        "pragma threads = 4",
        "create table u as select 1",
        "create temp table u as select 1",
        "insert into t values (9)",
        "delete from t",
        "drop table t",
        "select 1; drop table t",
        "",
    ],
)
def test_anything_but_one_select_on_the_marts_is_refused(marts_file: Path, attack: str) -> None:
    """No file is read or written, nothing is loaded, set, created or dropped."""
    before = sorted(path.name for path in marts_file.parent.iterdir())
    with pytest.raises(QueryError):
        run_query(marts_file, attack.format(folder=marts_file.parent))
    assert sorted(path.name for path in marts_file.parent.iterdir()) == before
    assert run_query(marts_file, "select count(*) from t").rows == [(3,)]


def test_an_endless_query_is_stopped_at_its_deadline(marts_file: Path) -> None:
    """The message says how long it was given."""
    endless = "select count(*) from range(1000000) a, range(1000000) b where a.range * b.range = 7"
    with pytest.raises(QueryError, match=r"longer than 0\.3 s and was stopped"):
        run_query(marts_file, endless, timeout_seconds=0.3)


def test_before_the_first_publication_it_says_what_to_do(tmp_path: Path) -> None:
    """There is nothing to query yet."""
    with pytest.raises(NothingPublishedError, match="run `reaction run` first"):
        run_query(tmp_path / "marts.duckdb", "select 1")


def test_marts_of_an_older_version_are_told_from_a_name_that_is_wrong(marts_file: Path) -> None:
    """Who asks for a table that these marts do not have yet hears how to get it."""
    with pytest.raises(QueryError, match="had no fct_event_candidates; `reaction run` publishes them anew"):
        run_query(marts_file, "select * from fct_event_candidates")
    with pytest.raises(QueryError, match="fct_nothing does not exist") as caught:
        run_query(marts_file, "select * from fct_nothing")
    assert "anew" not in str(caught.value)

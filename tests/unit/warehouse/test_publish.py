"""A publication is whole or it is not there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pyarrow.parquet as pq
import pytest

import warehouse.publish as publishing
from pipelines.contracts import FCT_RETURNS, GENERATIONS, PUBLISHED, QUALITY_CHECKS, RUNS
from pipelines.errors import WarehouseError
from warehouse.connection import open_file, open_memory
from warehouse.hashing import TableHash
from warehouse.migrations import create_table
from warehouse.publish import HASHED, Publication, live_generation, publish, sweep

NOW = datetime(2025, 1, 28, 1, tzinfo=UTC)
AUDIT = {"runs": RUNS.empty(), "quality_checks": QUALITY_CHECKS.empty()}


@pytest.fixture
def marts() -> Iterator[duckdb.DuckDBPyConnection]:
    """Return a workspace whose marts hold two returns and are empty otherwise."""
    with open_memory() as connection:
        connection.execute("create schema mart")
        for table in HASHED:
            create_table(connection, table, "mart")
        add_return(connection, "NVDA", "2025-01-27")
        add_return(connection, "AMD", "2025-01-27")
        yield connection


def add_return(connection: duckdb.DuckDBPyConnection, symbol: str, day: str) -> None:
    """Add a row to the marts."""
    connection.execute(
        "insert into mart.fct_returns (symbol, session_date, session_index, close) values ($1, $2, 1, 2.5)",
        [symbol, day],
    )


def published_by(connection: duckdb.DuckDBPyConnection, folder: Path, hours: int = 0) -> Publication:
    """Publish into the folder."""
    moment = NOW + timedelta(hours=hours)
    return publish(connection, folder / "published", run_id="run-1", published_at=moment, audit=AUDIT)


def test_a_generation_holds_every_table_in_key_order_with_comments(
    marts: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """Any DuckDB client sees the contract: columns, order of rows, meaning and unit."""
    assert published_by(marts, tmp_path).is_new
    with open_file(tmp_path / "published" / "marts.duckdb", read_only=True) as connection:
        for table in (*PUBLISHED, GENERATIONS):
            assert [row[0] for row in connection.execute(f"describe {table.name}").fetchall()] == table.names
        assert connection.execute("select symbol from fct_returns").fetchall() == [("AMD",), ("NVDA",)]
        comments = connection.execute(
            "select column_name, comment from duckdb_columns() where table_name = 'fct_returns'"
        ).fetchall()
    assert dict(comments) == {column.name: column.comment for column in FCT_RETURNS.columns}


def test_the_parquet_files_beside_it_name_their_generation(marts: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Files of two generations can be told apart."""
    publication = published_by(marts, tmp_path)
    files = sorted((tmp_path / "published").glob("*.parquet"))
    assert [file.stem for file in files] == sorted(table.name for table in (*PUBLISHED, GENERATIONS))
    for file in files:
        assert pq.read_metadata(file).metadata[b"generation_id"].decode() == publication.generation_id


def test_publishing_the_same_content_leaves_the_file_alone(marts: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """A rerun is a no-op: same file, same bytes."""
    first = published_by(marts, tmp_path)
    file = tmp_path / "published" / "marts.duckdb"
    before = (file.stat().st_ino, file.read_bytes())
    again = published_by(marts, tmp_path, hours=1)
    assert (again.is_new, again.generation_id) == (False, first.generation_id)
    assert (file.stat().st_ino, file.read_bytes()) == before


def test_new_content_is_switched_to_and_the_last_generation_stays(
    marts: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """The link moves; a reader that was opening the old generation still finds it; older ones go."""
    for hour in range(4):
        add_return(marts, "NVDA", f"2025-02-0{hour + 1}")
        newest = published_by(marts, tmp_path, hours=hour)
    link = tmp_path / "published"
    assert link.is_symlink()
    assert not link.readlink().is_absolute()
    assert link.resolve().name == newest.generation_id
    assert len(list((tmp_path / "generations").iterdir())) == publishing.KEPT_GENERATIONS
    live = live_generation(link)
    assert live is not None
    assert live["generation_id"] == newest.generation_id


def test_a_file_that_does_not_read_back_is_never_live(
    marts: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bad disk leaves the last generation, and no rubbish."""
    first = published_by(marts, tmp_path)
    add_return(marts, "NVDA", "2025-02-01")

    def damaged(file: Path, expected: Mapping[str, TableHash]) -> None:
        with open_file(file) as connection:
            connection.execute("update fct_returns set close = 0 where symbol = 'NVDA'")
        original(file, expected)

    original = publishing._read_back
    monkeypatch.setattr(publishing, "_read_back", damaged)
    with pytest.raises(WarehouseError, match=r"do not read back as written: \['fct_returns'\] differ"):
        published_by(marts, tmp_path, hours=1)
    assert (tmp_path / "published").resolve().name == first.generation_id
    assert len(list((tmp_path / "generations").iterdir())) == 1


def test_leftovers_of_a_killed_publication_are_swept(marts: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Partial folders and half-made links go; the live generation stays."""
    publication = published_by(marts, tmp_path)
    (tmp_path / "generations" / f"x{publishing.PARTIAL}").mkdir()
    (tmp_path / ".published.x").symlink_to("generations/x")
    assert sorted(sweep(tmp_path / "published")) == [".published.x", "x.partial"]
    live = live_generation(tmp_path / "published")
    assert live is not None
    assert live["generation_id"] == publication.generation_id


def test_a_generation_that_was_never_switched_to_is_swept(marts: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """After a kill between naming a folder and switching to it, the orphan goes and the last generations stay."""
    published_by(marts, tmp_path)
    add_return(marts, "NVDA", "2025-02-01")
    live = published_by(marts, tmp_path, hours=1)
    (tmp_path / "generations" / "20990101T000000Z-orphan").mkdir()
    assert sweep(tmp_path / "published") == ["20990101T000000Z-orphan"]
    assert len(list((tmp_path / "generations").iterdir())) == publishing.KEPT_GENERATIONS
    assert (tmp_path / "published").resolve().name == live.generation_id


def test_a_folder_in_the_place_of_the_link_is_not_touched(marts: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """What is not ours is not overwritten."""
    (tmp_path / "published").mkdir()
    with pytest.raises(WarehouseError, match="expected none or a link"):
        published_by(marts, tmp_path)


def test_the_record_of_runs_goes_along(marts: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Audit tables come from the caller, not from the marts."""
    runs = RUNS.conform(
        pl.DataFrame(
            {
                "run_id": ["run-1"],
                "started_at": [NOW],
                "finished_at": [NOW],
                "flow": ["daily"],
                "source": ["sample"],
                "code_version": ["0"],
                "input_hash": ["h"],
                "status": ["published"],
                "message": [None],
                "n_requests": [None],
                "n_rows": [0],
            },
            schema_overrides={"message": pl.String},
        )
    )
    publish(
        marts,
        tmp_path / "published",
        run_id="run-1",
        published_at=NOW,
        audit={"runs": runs, "quality_checks": QUALITY_CHECKS.empty()},
    )
    with open_file(tmp_path / "published" / "marts.duckdb", read_only=True) as connection:
        assert connection.execute("select run_id, status from runs").fetchall() == [("run-1", "published")]

"""Models run in the order of what each file reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.errors import WarehouseError
from warehouse.connection import open_memory
from warehouse.models import load_models, require_all, run_ready, upstream


def model(folder: Path, name: str, reads: str, select: str) -> None:
    """Write a model file such as ``core/a.sql``."""
    path = folder / f"{name}.sql"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"-- grain: one row\n-- key:   x\n-- reads: {reads}\n-- units: none\n{select}\n", encoding="utf-8")


def test_models_come_after_what_they_read(tmp_path: Path) -> None:
    """The order follows the headers, not the names."""
    model(tmp_path, "core/a", "core.z", "select x from core.z")
    model(tmp_path, "core/z", "staging.s", "select x from staging.s")
    model(tmp_path, "staging/s", "raw.r", "select x from raw.r")
    model(tmp_path, "marts/m", "core.a", "select x from core.a")
    assert [item.name for item in load_models(tmp_path)] == ["staging.s", "core.z", "core.a", "mart.m"]


def test_models_that_read_one_another_are_refused(tmp_path: Path) -> None:
    """The circle is named."""
    model(tmp_path, "core/a", "core.b", "select x from core.b")
    model(tmp_path, "core/b", "core.a", "select x from core.a")
    with pytest.raises(WarehouseError, match=r"circle: core\.(a|b) -> core\.(a|b) -> core\.(a|b)"):
        load_models(tmp_path)


def test_a_header_without_a_line_is_refused(tmp_path: Path) -> None:
    """The file and the missing words are named."""
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "a.sql").write_text("-- grain: one row\nselect 1", encoding="utf-8")
    with pytest.raises(WarehouseError, match=r"a\.sql: the header lacks \['key', 'reads', 'units'\]"):
        load_models(tmp_path)


def test_a_model_waits_for_a_table_that_python_writes(tmp_path: Path) -> None:
    """It is built as soon as its input exists, and once only."""
    model(tmp_path, "core/a", "core.made", "select x + 1 as x from core.made")
    models = load_models(tmp_path)
    with open_memory() as connection:
        assert run_ready(connection, models) == []
        with pytest.raises(WarehouseError, match=r"core\.a waits for \['core\.made'\]"):
            require_all(connection, models)
        connection.execute("create table core.made as select 1 as x")
        assert run_ready(connection, models) == ["core.a"]
        assert run_ready(connection, models) == []
        require_all(connection, models)
        assert connection.execute("select x from core.a").fetchall() == [(2,)]


def test_a_model_that_fails_names_its_file(tmp_path: Path) -> None:
    """The message has the file and DuckDB's words."""
    model(tmp_path, "core/a", "core.made", "select nothing_such as x from core.made")
    with open_memory() as connection:
        connection.execute("create schema core")
        connection.execute("create table core.made as select 1 as x")
        with pytest.raises(WarehouseError, match=r"a\.sql failed: .*nothing_such"):
            run_ready(connection, load_models(tmp_path))


def test_what_a_model_reads_is_upstream_of_it(tmp_path: Path) -> None:
    """Directly or not, inputs first; what reads it and what stands beside it are not."""
    model(tmp_path, "staging/s", "raw.r", "select x from raw.r")
    model(tmp_path, "staging/t", "raw.r", "select x from raw.r")
    model(tmp_path, "core/a", "staging.s", "select x from staging.s")
    model(tmp_path, "core/b", "core.a, core.made", "select x from core.a")
    model(tmp_path, "marts/m", "core.b, staging.t", "select x from core.b")
    assert [item.name for item in upstream(load_models(tmp_path), ["core.b"])] == ["staging.s", "core.a", "core.b"]

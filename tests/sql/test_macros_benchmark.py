"""The benchmark of the macros asks what it says, on marts that hold what the contracts ask for."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import duckdb
import pytest


@pytest.fixture(scope="module")
def bench(root: Path) -> ModuleType:
    """Return the benchmark as a module."""
    spec = spec_from_file_location("bench_macros", root / "tests" / "benchmarks" / "bench_macros.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    before = list(sys.path)
    spec.loader.exec_module(module)
    sys.path[:] = before
    return module


def test_a_macro_and_the_query_by_hand_give_the_same_numbers(bench: ModuleType, tmp_path: Path) -> None:
    """Both give the abnormal returns of one symbol, day by day, to nine digits: what is timed is the same work."""
    bench.write_marts(tmp_path / "marts.duckdb", 4)
    macro, by_hand, _ = bench.works(4)["one"]
    columns = "relative_day, abnormal_return, std_abnormal_return"
    with duckdb.connect() as connection:
        connection.execute(f"attach '{tmp_path / 'marts.duckdb'}' as marts (read_only)")
        connection.execute("use marts")
        answers = [
            connection.execute(f"select {columns} from ({query}) order by relative_day").fetchall()
            for query in (macro if macro.startswith("select") else f"select * {macro}", by_hand)
        ]
    assert [len(answer) for answer in answers] == [21, 21]
    for ours, theirs in zip(*answers, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-12)

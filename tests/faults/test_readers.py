"""Readers of the published marts see one whole generation while runs publish new ones."""

from __future__ import annotations

import json
import subprocess
import sys
from multiprocessing.context import ForkServerContext
from pathlib import Path

import duckdb
import polars as pl
import pytest

from tests.faults.conftest import Publication
from tests.running import ROOT, generation, run_warm

pytestmark = pytest.mark.slow

READER = ROOT / "tests" / "faults" / "reader.py"
N_RUNS = 3


def test_a_reader_never_meets_a_mixture(publication: Publication, warm: ForkServerContext, tmp_path: Path) -> None:
    """While three runs publish, a reader in another process finds every file of every generation whole, and no error."""
    home = publication.copy(tmp_path / "home")
    stop = tmp_path / "stop"
    published = [generation(home).id]
    with subprocess.Popen(
        [sys.executable, str(READER), str(home / "published"), str(stop)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as reader:
        try:
            days = publication.later["date"].unique().sort()
            for number in range(N_RUNS):
                prices = publication.later.filter(pl.col("date") <= days[number - N_RUNS])
                assert run_warm(warm, *publication.command(prices, tmp_path), home=home) == 0
                published.append(generation(home).id)
        finally:
            stop.touch()
            out, err = reader.communicate(timeout=60)

    assert reader.returncode == 0, err
    seen = json.loads(out)
    assert len(set(published)) == N_RUNS + 1
    assert seen["problems"] == []
    assert seen["reads"] >= 2 * N_RUNS
    assert set(seen["generations"]) <= set(published)
    assert seen["generations"][-1] == published[-1]


def test_a_reader_keeps_the_generation_it_opened(
    publication: Publication, warm: ForkServerContext, tmp_path: Path
) -> None:
    """A publication succeeds while a reader has the marts open, and that reader goes on reading its own generation."""
    home = publication.copy(tmp_path / "home")
    with duckdb.connect(str(home / "published" / "marts.duckdb"), read_only=True) as connection:
        query = "select generation_id, (select count(*) from fct_returns) from generations"
        before = connection.execute(query).fetchall()
        assert run_warm(warm, *publication.command(publication.later, tmp_path), home=home) == 0
        assert connection.execute(query).fetchall() == before
    assert generation(home).id != before[0][0]

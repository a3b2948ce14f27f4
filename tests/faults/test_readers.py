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


def test_readers_never_meet_a_mixture(publication: Publication, warm: ForkServerContext, tmp_path: Path) -> None:
    """While three runs publish, readers find every file of every generation whole, and no error.

    One reader, in a process of its own, opens the files again and again; another keeps the database that it opened.
    """
    home = publication.copy(tmp_path / "home")
    stop = tmp_path / "stop"
    published = [generation(home).id]
    days = publication.later["date"].unique().sort()
    patient = duckdb.connect(str(home / "published" / "marts.duckdb"), read_only=True)
    with subprocess.Popen(
        [sys.executable, str(READER), str(home / "published"), str(stop)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as reader:
        try:
            for number in range(N_RUNS):
                prices = publication.later.filter(pl.col("date") <= days[number - N_RUNS])
                assert run_warm(warm, *publication.command(prices, tmp_path), home=home) == 0
                published.append(generation(home).id)
                query = "select generation_id, (select count(*) from fct_returns) from generations"
                assert patient.execute(query).fetchall() == [(published[0], publication.prices.height)]
        finally:
            patient.close()
            stop.touch()
            out, err = reader.communicate(timeout=60)

    assert reader.returncode == 0, err
    seen = json.loads(out)
    assert len(set(published)) == N_RUNS + 1
    assert seen["problems"] == []
    assert seen["reads"] >= 2 * N_RUNS
    assert set(seen["generations"]) <= set(published)
    assert seen["generations"][-1] == published[-1]

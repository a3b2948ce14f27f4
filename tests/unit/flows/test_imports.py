"""What importing the pipeline does, and does not do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

THREADS = Path("/proc/self/task")
POOL = """
import pathlib, sys
from importlib import import_module
for name in sys.argv[1:]:
    import_module(name)
print(*sorted(file.read_text().strip() for file in pathlib.Path("/proc/self/task").glob("*/comm")))
"""


@pytest.mark.skipif(not THREADS.is_dir(), reason="threads have names to read on Linux alone")
def test_importing_the_pipeline_computes_nothing(root: Path) -> None:
    """Polars starts its pool with the first computation, and a process that is forked after that waits for ever."""
    modules = ["flows.pipeline", "flows.ad_hoc", "flows.summary", "flows.backfill", "flows.report", "flows.demo_news"]
    found = subprocess.run(
        [sys.executable, "-c", POOL, *modules], capture_output=True, text=True, cwd=root, timeout=120, check=True
    )
    names = found.stdout.split()
    assert "python" in " ".join(names)
    assert not [name for name in names if name.startswith("polars-") and name.removeprefix("polars-").isdigit()], names

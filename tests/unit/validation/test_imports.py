"""What importing the gates costs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("module", ["pipelines.validation", "warehouse.checks"])
def test_importing_the_gates_loads_nothing_heavy(root: Path, module: str) -> None:
    """Great Expectations and pandas are loaded when a gate judges, not when a command imports it."""
    heavy = "{'great_expectations', 'pandas', 'prefect'}"
    code = f"import sys, {module}; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"

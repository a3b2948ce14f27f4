"""The environment Prefect is imported in: private home, no telemetry, quiet console.

Prefect reads its settings when it is imported, so this runs first, and only where the user has not chosen otherwise.
"""

from __future__ import annotations

import os
from pathlib import Path


def settle(home: Path) -> None:
    """Set what Prefect shall find; whatever the environment already says stays."""
    chosen = {
        "DO_NOT_TRACK": "1",
        "PREFECT_HOME": str(home.resolve() / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        "PREFECT_SERVER_TASKS_TASK_RUN_RECORDER_FLUSH_INTERVAL": "0.5",
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
        "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
    }
    for name, value in chosen.items():
        os.environ.setdefault(name, value)

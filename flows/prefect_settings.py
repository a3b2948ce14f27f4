"""The environment Prefect is imported in: private home, no telemetry, quiet console.

Prefect reads its settings when it is imported, so this runs first, and only where the user has not chosen otherwise.
"""

from __future__ import annotations

import os
from pathlib import Path

from pipelines.errors import WarehouseError


def settle(home: Path) -> None:
    """Set what Prefect shall find; whatever the environment already says stays.

    Raises
    ------
    WarehouseError
        If Prefect's folder cannot be made.
    """
    chosen = {
        "DO_NOT_TRACK": "1",
        "PREFECT_HOME": str(home.resolve() / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
        "PREFECT_LOGGING_INTERNAL_LEVEL": "CRITICAL",
    }
    for name, value in chosen.items():
        os.environ.setdefault(name, value)
    folder = Path(os.environ["PREFECT_HOME"]).expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WarehouseError(
            f"{folder} cannot be made: {error.strerror}; set REACTION_HOME to a folder of yours"
        ) from error

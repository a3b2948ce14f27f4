"""Backfill in a process that has its modules loaded already; `tests.faults.backfill_rig` starts it."""

from __future__ import annotations

import sys

from flows.backfill import run_backfill
from flows.backfill_plan import Scope
from pipelines.settings import Settings

if __name__ == "__main__":
    given = globals()
    settings = Settings(home=given["HOME"], yahoo_base_url=given["BASE_URL"])
    done = run_backfill(settings, Scope(given["FIRST"], given["LAST"], ("yahoo",), given["SYMBOLS"]))
    sys.exit(0 if done.is_complete else 1)

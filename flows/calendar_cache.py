"""Keep built calendars on disk: some exchanges take seconds to compute, and yesterday's answer is still right.

A cached calendar is named by everything it depends on, so that a new library version or correction never meets an old
one. An unreadable file is built again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path

import polars as pl

from pipelines.contracts import DIM_SESSIONS
from pipelines.errors import ContractError
from pipelines.sessions import Calendars, build_sessions

KEPT = 4
"""Ranges kept for each exchange."""

_WARNINGS = "warnings"


def cached_sessions(folder: Path, mics: Sequence[str], start: date, end: date, overrides: pl.DataFrame) -> Calendars:
    """Return what `build_sessions` returns, from the folder's files where they know it.

    Raises
    ------
    ConfigurationError
        As `build_sessions`.
    """
    corrections = {mic: overrides.filter(pl.col("exchange_mic") == mic) for mic in sorted(set(mics))}
    parts = [_one(folder, mic, start, end, rows) for mic, rows in corrections.items()]
    sessions = [DIM_SESSIONS.empty(), *(part.sessions for part in parts)]
    return Calendars(pl.concat(sessions), tuple(text for part in parts for text in part.warnings))


def _one(folder: Path, mic: str, start: date, end: date, overrides: pl.DataFrame) -> Calendars:
    key = f"{version('exchange-calendars')} {version('market-reaction')} {start} {end} {overrides.write_csv()}"
    stem = mic.replace("/", "-")
    file = folder / f"{stem}.{hashlib.sha256(key.encode()).hexdigest()[:16]}.parquet"
    known = _read(file)
    if known is not None:
        return known
    built = build_sessions([mic], start, end, overrides)
    _write(file, built, stem)
    return built


def _read(file: Path) -> Calendars | None:
    try:
        warnings = json.loads(pl.read_parquet_metadata(file)[_WARNINGS])
        return Calendars(DIM_SESSIONS.conform(pl.read_parquet(file)), tuple(warnings))
    except (OSError, KeyError, ValueError, pl.exceptions.PolarsError, ContractError):
        return None


def _write(file: Path, calendars: Calendars, stem: str) -> None:
    """Write the file and drop the exchange's oldest; a folder that cannot be written is no reason to stop."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".partial")
        calendars.sessions.write_parquet(partial, metadata={_WARNINGS: json.dumps(calendars.warnings)})
        partial.replace(file)
        files = sorted(file.parent.glob(f"{stem}.*.parquet"), key=lambda path: path.stat().st_mtime)
        for old in files[:-KEPT]:
            old.unlink(missing_ok=True)
    except OSError:
        return

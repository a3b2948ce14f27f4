"""Hold the published marts against contracts, identities and the hashes they were published with."""

from __future__ import annotations

import json
from dataclasses import dataclass

from flows.gates import CONTRACTS, judged
from pipelines.contracts import PUBLISHED_AUDIT
from pipelines.errors import NothingPublishedError
from pipelines.settings import Settings
from pipelines.validation import GateResult
from warehouse.connection import open_memory, quoted
from warehouse.hashing import hash_tables
from warehouse.publish import HASHED, changed_files, live_generation


@dataclass(frozen=True, slots=True)
class Recheck:
    """What a check of the published marts found."""

    generation_id: str
    changed: list[str]
    gate: GateResult


def recheck(settings: Settings) -> Recheck:
    """Check the live generation.

    Raises
    ------
    NothingPublishedError
        If there is none.
    """
    live = live_generation(settings.published)
    if live is None:
        raise NothingPublishedError(f"{settings.marts_file} does not exist yet; run `reaction run` first")
    with open_memory() as connection:
        connection.execute(f"attach {quoted(settings.marts_file.resolve())} as marts (read_only)")
        connection.execute("create schema mart")
        for name in {table.name: table for table in (*CONTRACTS.values(), *PUBLISHED_AUDIT)}:
            connection.execute(f"create view mart.{name} as select * from marts.main.{name}")
        found = hash_tables(connection, HASHED, "mart")
        gate = judged(connection, "publish", live["run_id"])
    published = json.loads(live["table_hashes"])
    tables = [name for name, item in found.items() if published.get(name) != [item.n_rows, item.hash]]
    changed = sorted({*tables, *changed_files(settings.published)})
    return Recheck(live["generation_id"], changed, gate)

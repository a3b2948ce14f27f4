"""Hold the published marts against contracts, identities and the hashes they were published with."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from flows.stages import CONTRACTS, GATED, SMALL_TABLES
from pipelines.contracts import PUBLISHED_AUDIT
from pipelines.errors import NothingPublishedError
from pipelines.settings import SQL, Settings
from pipelines.validation import GateResult, contract_rules, judge, sql_rules
from warehouse.checks import measure
from warehouse.connection import open_memory, quoted
from warehouse.hashing import hash_tables
from warehouse.publish import HASHED, live_generation
from warehouse.workspace import read_frame


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
        rules = sql_rules(SQL / "checks" / "publish")
        for name, relation in GATED["publish"].items():
            rules += contract_rules(CONTRACTS[name], relation)
        measurements = measure(connection, rules)
        frames = {name: read_frame(connection, f"select * from mart.{name}") for name in SMALL_TABLES}
    gate = judge("publish", measurements, frames, run_id=live["run_id"], checked_at=datetime.now(UTC))
    published = json.loads(live["table_hashes"])
    changed = sorted(name for name, item in found.items() if published.get(name) != [item.n_rows, item.hash])
    return Recheck(live["generation_id"], changed, gate)

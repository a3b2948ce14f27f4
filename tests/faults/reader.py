"""Read the published marts over and over and hold each read to the generation's own record.

Usage: ``reader.py PUBLISHED STOP``. It reads until the file STOP exists, then prints what it found as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from warehouse.hashing import hash_tables, to_json
from warehouse.publish import HASHED

PAUSE = 0.05
"""Seconds between two reads, so that the runs have the processor, too."""


def read_database(file: Path) -> tuple[str, list[str]]:
    """Open the database as any user would; return the generation's name and what is wrong."""
    with duckdb.connect(str(file), read_only=True) as connection:
        ((name, table_hashes),) = connection.execute("select generation_id, table_hashes from generations").fetchall()
        found = to_json(hash_tables(connection, HASHED, "main"))
    return name, [] if found == table_hashes else [f"{name}: {found} instead of {table_hashes}"]


def read_parquet(published: Path) -> list[str]:
    """Read the Parquet files of the live folder; return what is wrong."""
    folder = published.resolve(strict=True)
    files = sorted(folder.glob("*.parquet"))
    names = {(pq.read_metadata(file).metadata or {}).get(b"generation_id", b"none").decode() for file in files}
    counted = {file.stem: pq.read_metadata(file).num_rows for file in files}
    recorded = json.loads(pq.read_table(folder / "generations.parquet")["table_hashes"][0].as_py())
    wrong = [] if names == {folder.name} else [f"{folder.name}: Parquet files of {sorted(names)}"]
    wrong += [
        f"{folder.name}: {table} has {counted[table]}" for table, (n, _) in recorded.items() if counted[table] != n
    ]
    return wrong


def main(published: Path, stop: Path) -> None:
    """Read until told to stop."""
    reads, problems, generations = 0, [], []
    is_last = False
    while not is_last:
        is_last = stop.exists()
        name, wrong = read_database(published / "marts.duckdb")
        problems += wrong + read_parquet(published)
        generations += [name] if name not in generations[-1:] else []
        reads += 1
        time.sleep(PAUSE)
    print(json.dumps({"reads": reads, "problems": problems, "generations": generations}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

"""Publish the marts: write a whole generation beside the live one, read it back, then switch to it in one step.

``published`` is a symbolic link to one folder of ``generations``. A reader sees the old or the new generation, never a
mixture, and an open reader keeps the one it opened. A kill at any moment leaves the link as it was or as it shall be.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import polars as pl

from pipelines.contracts import GENERATIONS, MARTS, PUBLISHED, QUARANTINE, Table
from pipelines.errors import WarehouseError
from warehouse.connection import STORAGE_VERSION, first_row, identifier, open_file, quoted, registered
from warehouse.hashing import TableHash, combine, hash_tables, to_json
from warehouse.macros import Macro, create_macros, holds_macros

HASHED = (*MARTS, QUARANTINE)
"""Tables whose content decides whether there is anything new to publish."""

KEPT_GENERATIONS = 2
MARTS_FILE = "marts.duckdb"
ROW_GROUP_SIZE = 40_960
"""Rows of a group of the published file, a third of what is usual: one symbol among thousands is found with less
reading, and the file is 2 % larger."""
PARTIAL = ".partial"
CHECKSUMS = "SHA256SUMS"


@dataclass(frozen=True, slots=True)
class Publication:
    """What a call of `publish` did."""

    generation_id: str
    content_hash: str
    is_new: bool
    folder: Path
    tables: Mapping[str, TableHash]


def live_generation(published: Path) -> dict[str, str] | None:
    """Return the generation record inside the live file, or None if nothing is published."""
    file = published / MARTS_FILE
    if not file.exists():
        return None
    with open_file(file, read_only=True) as connection:
        row = first_row(
            connection,
            "select generation_id, run_id, published_at::varchar, content_hash, table_hashes from generations",
        )
    return dict(zip(GENERATIONS.names, row, strict=True)) if row else None


def generation_at(published: Path, instant: datetime) -> Path | None:
    """Return the database that was the published one at an instant, None if it was none or is not kept any more.

    The generations that are kept are the newest ones, without a gap between them.
    """
    if not published.is_symlink():
        return None
    live = published.resolve().name
    for folder in sorted((path for path in _whole(published) if path.name <= live), reverse=True):
        with open_file(folder / MARTS_FILE, read_only=True) as connection:
            row = first_row(connection, "select max(published_at) from generations")
        if row and row[0] is not None and row[0] <= instant:
            return folder / MARTS_FILE
    return None


def generation_before(published: Path) -> Path | None:
    """Return the database that was published before the live one, None if there was none or it is not kept."""
    if not published.is_symlink():
        return None
    earlier = [path for path in _whole(published) if path.name < published.resolve().name]
    return max(earlier) / MARTS_FILE if earlier else None


def sweep(published: Path) -> list[str]:
    """Remove what a killed publication left behind; return the names removed."""
    leftovers = [*_generations(published).glob(f"*{PARTIAL}"), *published.parent.glob(f".{published.name}.*")]
    if published.is_symlink():
        # A generation younger than the live one was named and never switched to.
        live = published.readlink().name
        leftovers += [path for path in _generations(published).iterdir() if live < path.name and path not in leftovers]
    for path in leftovers:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    return [path.name for path in leftovers]


def publish(
    connection: duckdb.DuckDBPyConnection,
    published: Path,
    *,
    run_id: str,
    published_at: datetime,
    audit: Mapping[str, pl.DataFrame],
    macros: Sequence[Macro] = (),
) -> Publication:
    """Publish the schema ``mart`` of the connection's database unless the live generation holds the same.

    Parameters
    ----------
    published : Path
        The link to switch.
    audit : mapping of str to DataFrame
        The tables ``runs`` and ``quality_checks`` of the new generation.
    macros : sequence of Macro
        Macros to store beside the tables; another definition makes another generation, as other content does.

    Raises
    ------
    WarehouseError
        If the new file cannot be written, or does not read back as it was written; the live generation stays.
    """
    if published.is_dir() and not published.is_symlink():
        raise WarehouseError(f"{published} is a folder of somebody else's; expected none or a link, so move it away")
    hashes = hash_tables(connection, HASHED, "mart")
    content_hash = combine(hashes)
    live = _same_generation(published, hashes, macros)
    if live is not None:
        return Publication(live, content_hash, False, published, hashes)
    generation_id = f"{published_at:%Y%m%dT%H%M%SZ}-{content_hash[:12]}"
    partial = _generations(published) / (generation_id + PARTIAL)
    partial.mkdir(parents=True)
    record = GENERATIONS.conform(
        pl.DataFrame(
            {
                "generation_id": [generation_id],
                "run_id": [run_id],
                "published_at": [published_at],
                "content_hash": [content_hash],
                "table_hashes": [to_json(hashes)],
            }
        )
    )
    try:
        _write(connection, partial, {**audit, GENERATIONS.name: record}, generation_id, macros)
        _read_back(partial / MARTS_FILE, hashes)
        _write_checksums(partial)
    except BaseException as error:
        shutil.rmtree(partial, ignore_errors=True)
        if isinstance(error, duckdb.Error | OSError):
            raise WarehouseError(
                f"the new marts could not be written: {str(error).splitlines()[0]}. "
                "The published marts stay as they are; check the disk, then run again"
            ) from error
        raise
    folder = _switch(partial, published)
    _prune(published)
    return Publication(generation_id, content_hash, True, folder, hashes)


def _same_generation(published: Path, hashes: Mapping[str, TableHash], macros: Sequence[Macro]) -> str | None:
    """Return the live generation's name if its record, tables and macros are what would be published."""
    try:
        live = live_generation(published)
        if live is None or live["content_hash"] != combine(hashes):
            return None
        with open_file(published / MARTS_FILE, read_only=True) as connection:
            is_same = (
                holds_macros(connection, macros)
                and hash_tables(connection, HASHED, "main") == hashes
                and not changed_files(published)
            )
    except (WarehouseError, duckdb.Error):
        return None  # whatever is wrong with it, a new generation replaces it
    return live["generation_id"] if is_same else None


def _generations(published: Path) -> Path:
    return published.parent / "generations"


def _whole(published: Path) -> list[Path]:
    """Return the folders of generations that were written to their end."""
    return [path for path in _generations(published).iterdir() if path.suffix != PARTIAL]


def _write(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    audit: Mapping[str, pl.DataFrame],
    generation_id: str,
    macros: Sequence[Macro],
) -> None:
    options = f"storage_version '{STORAGE_VERSION}', row_group_size {ROW_GROUP_SIZE}"
    connection.execute(f"attach {quoted(folder / MARTS_FILE)} as target ({options})")
    try:
        for table in (*PUBLISHED, GENERATIONS):
            if table.name in audit:
                with registered(connection, audit[table.name]) as relation:
                    _write_table(connection, table, relation, folder, generation_id)
            else:
                _write_table(connection, table, f"mart.{identifier(table.name)}", folder, generation_id)
        create_macros(connection, "target", macros)
        connection.execute("checkpoint target")
    finally:
        connection.execute("detach target")


def _write_table(
    connection: duckdb.DuckDBPyConnection, table: Table, relation: str, folder: Path, generation_id: str
) -> None:
    columns = ", ".join(
        f"{identifier(column.name)}::{column.sql} as {identifier(column.name)}" for column in table.columns
    )
    order = ", ".join(identifier(name) for name in table.key)
    target = f"target.main.{identifier(table.name)}"
    connection.execute(f"create table {target} as select {columns} from {relation} order by {order}")
    connection.execute(f"comment on table {target} is {quoted(table.comment)}")
    for column in table.columns:
        connection.execute(f"comment on column {target}.{identifier(column.name)} is {quoted(column.comment)}")
    connection.execute(
        f"copy (from {target}) to {quoted(folder / f'{table.name}.parquet')} "
        f"(format parquet, compression zstd, kv_metadata {{generation_id: {quoted(generation_id)}}})"
    )


def _read_back(file: Path, expected: Mapping[str, TableHash]) -> None:
    with open_file(file, read_only=True) as connection:
        found = hash_tables(connection, HASHED, "main")
    wrong = sorted(name for name in expected if found[name] != expected[name])
    if wrong:
        raise WarehouseError(
            f"the new marts do not read back as written: {wrong} differ. The published marts stay as they are; "
            "check the disk, then run again"
        )


def changed_files(folder: Path) -> list[str]:
    """Return the files of a generation that are not, byte for byte, what was published; nothing if all are."""
    sums = folder / CHECKSUMS
    if not sums.is_file():
        return [CHECKSUMS]
    lines = (line.split("  ", 1) for line in sums.read_text(encoding="utf-8").splitlines())
    return sorted(
        name for checksum, name in lines if not (folder / name).is_file() or _sha256(folder / name) != checksum
    )


def _write_checksums(folder: Path) -> None:
    """Write the sum of every file, in the form that ``sha256sum --check`` reads."""
    lines = [f"{_sha256(path)}  {path.name}\n" for path in sorted(folder.iterdir())]
    (folder / CHECKSUMS).write_text("".join(lines), encoding="utf-8")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _switch(partial: Path, published: Path) -> Path:
    for path in (*partial.iterdir(), partial):
        _fsync(path)
    folder = partial.with_name(partial.name.removesuffix(PARTIAL))
    partial.rename(folder)
    _fsync(folder.parent)
    link = published.with_name(f".{published.name}.{folder.name}")
    link.unlink(missing_ok=True)
    link.symlink_to(Path(folder.parent.name) / folder.name)
    link.replace(published)
    _fsync(published.parent)
    return folder


def _prune(published: Path) -> None:
    """Keep the live generation and the one before it, which a reader may just be opening."""
    live = published.resolve()
    old = sorted(path for path in _generations(published).iterdir() if path != live and path.suffix != PARTIAL)
    for path in old[: max(0, len(old) - KEPT_GENERATIONS + 1)]:
        shutil.rmtree(path)


def _fsync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

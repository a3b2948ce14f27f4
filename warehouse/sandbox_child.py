"""The process in which one ad hoc query runs; ``warehouse.sandbox`` starts it and judges how it ended.

It imports DuckDB and the standard library alone, so that it is there quickly. It reads one request as a line of JSON
from standard input, and writes frames to standard output: a letter, a length of four bytes, and the content. ``J`` is
JSON (the header, rows, the end or an error), ``B`` is a piece of a Parquet file. Anything more on standard input, or
its end, interrupts the query: the parent wants no answer any more, or is gone.

The limits are those of the operating system, because DuckDB's ``memory_limit`` does not count everything: one long list
takes 12 GB under a limit of one. No file can grow (``RLIMIT_FSIZE``), so nothing is spilled and no core is dumped.
"""

from __future__ import annotations

import json
import os
import re
import resource
import struct
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date, datetime
from datetime import time as clock
from typing import Any, BinaryIO

import duckdb

from warehouse.names import distinct

Row = tuple[object, ...]

MEGABYTE = 1_000_000
OVERHEAD = 500 * MEGABYTE
"""Address space beyond ``memory_limit``: stacks and arenas of threads, rows on their way out."""

OPEN_FILES = 64
ROWS_AT_ONCE = 512
FRAME = 1 * MEGABYTE
LARGEST_ROW = 64 * MEGABYTE
MANY = 5
"""Statements that a refusal names one by one."""

_EXPLAIN = re.compile(
    r"(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/)*explain\s+(?:analyze\s+)?(?:\(\s*format\s+\w+\s*\)\s*)?",
    re.IGNORECASE | re.DOTALL,
)
_UNIT = re.compile(r" \[(\w+)\](?:;|$)")
KEEPS_THE_UNIT = frozenset(
    {
        "abs",
        "any_value",
        "arg_max",
        "arg_min",
        "avg",
        "coalesce",
        "first",
        "first_value",
        "greatest",
        "ifnull",
        "lag",
        "last",
        "last_value",
        "lead",
        "least",
        "max",
        "max_by",
        "mean",
        "median",
        "min",
        "min_by",
        "mode",
        "nullif",
        "quantile_cont",
        "quantile_disc",
        "round",
        "stddev",
        "stddev_samp",
        "sum",
    }
)
"""Functions whose value has the unit of what they are given."""


class Refused(Exception):  # noqa: N818  # it is no error of the program: the query is not one that may run
    """The text is not one select."""


def main() -> None:
    """Answer one request and end."""
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    request = json.loads(sys.stdin.buffer.readline())
    try:
        connection = _open(request)
    except duckdb.Error as error:
        _send(out, {"error": "open", "message": str(error)})
        return
    with connection:
        _watch(connection)
        _send(out, {"ready": True})
        try:
            _answer(connection, request, out)
        except Refused as error:
            _send(out, {"error": "refused", "message": str(error)})
        except duckdb.InterruptException:
            _send(out, {"error": "interrupted", "message": ""})
        except (duckdb.OutOfMemoryException, MemoryError) as error:
            _send(out, {"error": "memory", "message": str(error)})
        except (duckdb.Error, ValueError, OverflowError) as error:
            _send(out, {"error": "failed", "message": str(error)})


def _open(request: dict[str, Any]) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(
        request["file"],
        read_only=True,
        config={
            "enable_external_access": "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
            "python_enable_replacements": "false",
            "memory_limit": f"{request['memory_mb']}MB",
            "temp_directory": "",
            "max_temp_directory_size": "0B",
        },
    )
    connection.execute("set timezone = 'UTC'")
    connection.execute("set enable_progress_bar = false")
    for place in ("home_directory", "extension_directory", "secret_directory"):
        connection.execute(f"set {place} = ''")
    connection.execute("set lock_configuration = true")
    if request["format"] == "parquet":
        import pyarrow.parquet  # noqa: F401  # before the limits: it maps much that it never touches
    _limit(request["memory_mb"] * MEGABYTE)
    return connection


def _limit(memory: int) -> None:
    """Set hard limits on this process: what it holds now and the query's memory, no growing file, few files."""
    limits = {resource.RLIMIT_FSIZE: 0, resource.RLIMIT_CORE: 0, resource.RLIMIT_NOFILE: OPEN_FILES}
    if sys.platform == "linux":  # elsewhere the address space is not what is held, and no limit on it works
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123  # without pathlib's import
            held = int(file.read().split()[0]) * resource.getpagesize()
        limits[resource.RLIMIT_AS] = held + memory + OVERHEAD
    for limit, value in limits.items():
        _, highest = resource.getrlimit(limit)
        lower = value if highest in {resource.RLIM_INFINITY, -1} else min(value, highest)
        resource.setrlimit(limit, (lower, lower))


def _watch(connection: duckdb.DuckDBPyConnection) -> None:
    """Interrupt the query as soon as the parent says so, or is gone."""

    def wait() -> None:
        os.read(sys.stdin.fileno(), 1)
        for _ in range(40):  # again and again: an interrupt between two statements is forgotten
            connection.interrupt()
            time.sleep(0.05)
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _answer(connection: duckdb.DuckDBPyConnection, request: dict[str, Any], out: BinaryIO) -> None:
    sql, limit = request["sql"], request["limit"]
    check(connection, sql)
    if request["format"] == "parquet":
        more = _parquet(connection, sql, limit, out)
    else:
        cursor = connection.execute(sql, request["parameters"]) if request["parameters"] else connection.execute(sql)
        described = cursor.description or []
        names, types = [item[0] for item in described], [str(item[1]) for item in described]
        # A cursor of its own, because a second statement on this one would end the first.
        units = _units(connection.cursor(), sql, names) if request["units"] else [""] * len(names)
        _send(out, {"columns": names, "types": types, "units": units})
        more = _rows(cursor, limit, out)
    _send(out, {"end": True, "more": more})


def check(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Refuse anything but one select, or an explanation of one.

    What is explained is looked at too: ``explain analyze`` runs it, and DuckDB lets a ``copy`` write beside the file
    that is open.
    """
    statements = connection.extract_statements(sql)
    kinds = [statement.type.name.lower() for statement in statements]
    if kinds == ["explain"]:
        prefix = _EXPLAIN.match(sql)
        explained = connection.extract_statements(sql[prefix.end() :]) if prefix else []
        kinds = [statement.type.name.lower() for statement in explained]
    if kinds != ["select"]:
        got = f"{len(kinds)} statements" if len(kinds) > MANY else ", ".join(kinds) or "nothing"
        raise Refused(f"expected exactly one select, got {got}; the published marts are read-only")


def _rows(cursor: duckdb.DuckDBPyConnection, limit: int | None, out: BinaryIO) -> int:
    """Send up to `limit` rows; return how many more there are."""
    n_sent, more = 0, 0
    while batch := cursor.fetchmany(ROWS_AT_ONCE):
        wanted = batch if limit is None else batch[: max(0, limit - n_sent)]
        n_sent += len(wanted)
        more += len(batch) - len(wanted)
        for frame in _frames(wanted):
            _write(out, b"J", frame)
    return more


def _frames(rows: Iterable[Row]) -> Iterator[bytes]:
    """Yield rows as JSON in pieces of about a megabyte."""
    held: list[str] = []
    size = 0
    for row in rows:
        text = json.dumps([plain(value) for value in row], ensure_ascii=False)
        if len(text) > LARGEST_ROW:
            raise ValueError(f"a row of {len(text):,} characters; expected at most {LARGEST_ROW:,}: select less of it")
        held.append(text)
        size += len(text)
        if size > FRAME:
            yield f'{{"rows":[{",".join(held)}]}}'.encode()
            held, size = [], 0
    if held:
        yield f'{{"rows":[{",".join(held)}]}}'.encode()


def plain(value: object) -> object:
    """Return a value as JSON has it; the parent knows from the type what a text was."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, date | datetime | clock):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(name): plain(item) for name, item in value.items()}
    return value.hex() if isinstance(value, bytes) else str(value)


def _units(connection: duckdb.DuckDBPyConnection, sql: str, names: list[str]) -> list[str]:
    """Return each column's unit, if the comments of the published columns that it comes from agree on one."""
    known: dict[str, set[str]] = {}
    for name, comment in connection.execute(
        "select column_name, coalesce(comment, '') from duckdb_columns() where not internal"
    ).fetchall():
        found = _UNIT.search(comment)
        known.setdefault(name, set()).add(found[1] if found else "")
    # As a literal, because binding a parameter makes DuckDB import pandas.
    ((tree,),) = connection.execute("select json_serialize_sql('{}')".format(sql.replace("'", "''"))).fetchall()
    renamed: dict[str, set[str]] = {}
    _collect_names(json.loads(tree), renamed)
    units = []
    for name in names:
        agreed = set().union(*(known.get(source, {""}) for source in renamed.get(name, {name})))
        units.append(agreed.pop() if len(agreed) == 1 else "")
    return units


def _collect_names(node: object, found: dict[str, set[str]]) -> None:
    """Note for each alias of a query's tree the column it stands for; no name where the value is computed."""
    if isinstance(node, list):
        for item in node:
            _collect_names(item, found)
    elif isinstance(node, dict):
        _collect_names(list(node.values()), found)
        if node.get("alias") and "class" in node:
            found.setdefault(node["alias"], set()).add(_source(node))


def _source(node: dict[str, Any]) -> str:
    """Return the column whose unit an expression has; an empty name if it has that of none."""
    if node["class"] == "COLUMN_REF":
        return str(node["column_names"][-1])
    if node["class"] == "CAST":
        return _source(node["child"])
    if node["class"] in {"FUNCTION", "WINDOW"} and node.get("function_name") in KEEPS_THE_UNIT:
        given = node.get("arguments") or node.get("children") or []
        return _source(given[0].get("expression", given[0])) if given else ""
    return ""


def _parquet(connection: duckdb.DuckDBPyConnection, sql: str, limit: int | None, out: BinaryIO) -> int:
    """Send the answer as a Parquet file in pieces; return how many rows more there are."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    reader = connection.sql(sql).to_arrow_reader()
    schema = pa.schema(
        [field.with_name(name) for field, name in zip(reader.schema, distinct(reader.schema.names), strict=True)]
    )
    n_sent, more = 0, 0
    with pq.ParquetWriter(pa.PythonFile(_Pieces(out), mode="w"), schema, compression="zstd") as writer:
        for batch in reader:
            wanted = batch if limit is None else batch.slice(0, max(0, limit - n_sent))
            n_sent += wanted.num_rows
            more += batch.num_rows - wanted.num_rows
            if wanted.num_rows:
                writer.write_batch(pa.RecordBatch.from_arrays(wanted.columns, schema=schema))
    return more


class _Pieces:
    """A file that cannot be read or moved in; what is written goes out as frames."""

    closed = False

    def __init__(self, out: BinaryIO) -> None:
        self._out = out

    def write(self, data: Any) -> int:
        content = bytes(data)
        _write(self._out, b"B", content)
        return len(content)

    def flush(self) -> None:
        self._out.flush()

    def close(self) -> None:
        self.closed = True


def _send(out: BinaryIO, record: dict[str, Any]) -> None:
    _write(out, b"J", json.dumps(record).encode())


def _write(out: BinaryIO, kind: bytes, content: bytes) -> None:
    with suppress(BrokenPipeError):  # nobody listens any more, and the watcher ends this process
        out.write(struct.pack(">cI", kind, len(content)) + content)
        out.flush()

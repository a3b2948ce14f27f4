"""Run one ad hoc query in a process of its own, with limits of memory and time, and say how it ended.

The process (``warehouse.sandbox_child``) opens the published file read-only with no access to any other file, no
extension and no writing, and is killed if it does not end when it should. This side imports no DuckDB: whatever a query
does to the database library, it does to the child alone, and the command stays quick.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from pipelines.errors import NothingPublishedError, QueryError, WarehouseError

Row = tuple[object, ...]

MEMORY_MB = 1000
START_SECONDS = 60.0
"""How long the process may take to open the file; no query has run by then, so it is not the query's time."""

GRACE_SECONDS = 2.0
"""How long an interrupted query may take to end by itself before its process is killed."""

_HEADER = struct.Struct(">cI")
_LARGEST_FRAME = 128_000_000
_START = "import sys,json; sys.path[:]=json.loads(sys.argv[1]); from warehouse.sandbox_child import main; main()"
_KEPT_VARIABLES = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LANG", "LC_ALL")
"""Environment the interpreter may need; the child gets no other, so there is no secret in it."""


@dataclass
class Answer:
    """What a query answers: its columns, their DuckDB types and units, and the rows as they come.

    Attributes
    ----------
    units : list of str
        Unit of each column where the contracts know it; empty where they do not.
    rows : iterator of tuple
        To be read once, while the sandbox is open.
    more : int
        After the last row: how many rows there were beyond the limit.
    """

    columns: list[str]
    types: list[str]
    units: list[str]
    rows: Iterator[Row] = field(default_factory=lambda: iter(()))
    more: int = 0


class Sandbox:
    """A process that answers one query; it starts at once and is gone when the block ends.

    Raises
    ------
    NothingPublishedError
        If there is no published file.
    """

    def __init__(self, marts_file: Path, *, timeout_seconds: float = 60.0, memory_mb: int = MEMORY_MB) -> None:
        if not marts_file.exists():
            raise NothingPublishedError(f"{marts_file} does not exist yet; run `reaction run` first")
        self._file = marts_file
        self._timeout = timeout_seconds
        self._left = START_SECONDS
        self._memory_mb = memory_mb
        self._stopped = False
        environment = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
        self._process = subprocess.Popen(  # noqa: S603  # our own interpreter and module
            [sys.executable, "-I", "-S", "-c", _START, json.dumps([path for path in sys.path if path])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment | {"ARROW_DEFAULT_MEMORY_POOL": "system"},
            cwd="/",
            start_new_session=True,  # Ctrl-C reaches the parent alone, which then decides
        )

    @property
    def process_id(self) -> int:
        """Number of the process that answers."""
        return self._process.pid

    def __enter__(self) -> Self:
        """Return the sandbox."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End the process."""
        self.kill()

    def kill(self) -> None:
        """End the process at once, whatever it does."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()

    def ask(
        self, sql: str, *, parameters: Sequence[object] = (), limit: int | None = None, units: bool = False
    ) -> Answer:
        """Run the query; return its columns and up to `limit` rows as they come.

        The time that the caller takes between two rows does not count.

        Raises
        ------
        QueryError
            If the text is not exactly one select, fails, or needs more time or memory than it may have.
        WarehouseError
            If the published file cannot be opened.
        """
        self._request(sql, "rows", parameters=list(parameters), limit=limit, units=units)
        header = self._record()
        answer = Answer(header["columns"], header["types"], header["units"])
        answer.rows = self._rows(answer)
        return answer

    def ask_for_parquet(self, sql: str, *, limit: int | None = None) -> Iterator[bytes]:
        """Run the query; yield its answer as the pieces of a Parquet file. Raises as `ask` does."""
        self._request(sql, "parquet", parameters=[], limit=limit, units=False)
        while True:
            kind, content = self._frame()
            if kind == b"B":
                yield content
            else:
                self._judge(json.loads(content))
                return

    def _request(self, sql: str, output: Literal["rows", "parquet"], **more: object) -> None:
        file = str(self._file.resolve())
        request = {"file": file, "memory_mb": self._memory_mb, "sql": sql, "format": output, **more}
        assert self._process.stdin is not None  # noqa: S101  # it was opened as a pipe
        with contextlib.suppress(BrokenPipeError):  # it has ended; reading says why
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        self._record()  # it is ready
        self._left = self._timeout

    def _rows(self, answer: Answer) -> Iterator[Row]:
        decoders = [_decoder(kind) for kind in answer.types]
        while "rows" in (record := self._record()):
            for row in record["rows"]:
                yield tuple(
                    value if value is None or decode is None else decode(value)
                    for value, decode in zip(row, decoders, strict=True)
                )
        answer.more = record["more"]

    def _record(self) -> dict[str, Any]:
        return self._judge(json.loads(self._frame()[1]))

    def _judge(self, record: dict[str, Any]) -> dict[str, Any]:
        """Return a record, or raise what it says went wrong."""
        kind, message = record.get("error"), str(record.get("message", ""))
        if kind is None:
            return record
        if kind == "open":
            raise WarehouseError(f"{self._file} cannot be opened: {message.splitlines()[0]}")
        if self._stopped or kind == "interrupted":  # an interrupt can come out as another error
            raise QueryError(self._out_of_time())
        raise QueryError(self._out_of_memory() if kind == "memory" else message + _why_absent(message))

    def _frame(self) -> tuple[bytes, bytes]:
        kind, length = _HEADER.unpack(self._read(_HEADER.size))
        if length > _LARGEST_FRAME:
            raise QueryError(f"the answer came in a piece of {length:,} bytes; expected at most {_LARGEST_FRAME:,}")
        return kind, self._read(length)

    def _read(self, size: int) -> bytes:
        """Read exactly so many bytes, waiting no longer than the query may still take."""
        assert self._process.stdout is not None  # noqa: S101  # it was opened as a pipe
        stream = self._process.stdout.fileno()
        content = bytearray()
        while len(content) < size:
            self._wait_for(stream)
            piece = os.read(stream, min(size - len(content), 1 << 20))
            if not piece:
                raise QueryError(self._how_it_ended())
            content += piece
        return bytes(content)

    def _wait_for(self, stream: int) -> None:
        poll = select.poll()
        poll.register(stream, select.POLLIN)
        while True:
            began = time.monotonic()
            ready = poll.poll(max(0.0, self._left) * 1000)
            self._left -= time.monotonic() - began
            if ready:
                return
            if self._stopped:
                self.kill()
                raise QueryError(self._out_of_time())
            self._interrupt()

    def _interrupt(self) -> None:
        self._stopped, self._left = True, GRACE_SECONDS
        assert self._process.stdin is not None  # noqa: S101  # it was opened as a pipe
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()

    def _out_of_time(self) -> str:
        return f"the query ran longer than {self._timeout:g} s and was stopped"

    def _out_of_memory(self) -> str:
        return (
            f"the query needed more than {self._memory_mb:,} MB of memory and was stopped; "
            "select less of it, or give it more with --memory"
        )

    def _how_it_ended(self) -> str:
        """Say why the process is gone without a last word."""
        code = self._process.wait()
        if self._stopped:
            return self._out_of_time()
        assert self._process.stderr is not None  # noqa: S101  # it was opened as a pipe
        last_words = self._process.stderr.read().decode(errors="replace").strip().splitlines()
        if any("MemoryError" in line or "bad_alloc" in line for line in last_words):
            return self._out_of_memory()
        how = f"by signal {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
        said = f": {last_words[-1]}" if last_words else ""
        return f"the query's process ended {how}{said}; nothing else was touched"


def _decoder(kind: str) -> Any:
    """Return what makes a value of a column from its JSON; None where it is one already."""
    if kind == "DATE":
        return _or_text(date.fromisoformat)
    if kind.startswith("TIMESTAMP"):
        return _or_text(datetime.fromisoformat)
    return Decimal if kind.startswith("DECIMAL") else None


def _or_text(decode: Any) -> Any:
    """Leave a date that Python does not have, such as one before Christ, as text."""

    def decode_or_keep(text: str) -> object:
        try:
            return decode(text)
        except ValueError:
            return text

    return decode_or_keep


def _why_absent(message: str) -> str:
    """Return what to do about a table that these marts do not have and today's would."""
    from pipelines.contracts import PUBLISHED

    found = re.search(r"Table with name (\w+) does not exist", message)
    if found is None or found[1] not in {table.name for table in PUBLISHED}:
        return ""
    return f"\nThese marts are of an older version, which had no {found[1]}; `reaction run` publishes them anew"

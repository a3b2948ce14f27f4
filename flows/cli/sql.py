"""``reaction sql``: query the published marts."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TextIO

from cyclopts import Parameter

if TYPE_CHECKING:
    from flows.cli.answers import Layout
    from warehouse.sandbox import Sandbox

Output = Literal["table", "csv", "json", "parquet"]

TABLE_ROWS = 1000
"""Rows that a table shows unless --limit says otherwise; files get them all."""

_BY_SUFFIX: dict[str, Output] = {".csv": "csv", ".json": "json", ".parquet": "parquet"}

Switch = Parameter(negative="")


def sql(
    query: str | None = None,
    /,
    *,
    file: Annotated[Path | None, Parameter(name=["--file", "-f"])] = None,
    example: str | None = None,
    shell: Annotated[bool, Switch] = False,
    tables: Annotated[bool, Switch] = False,
    describe: str | None = None,
    format: Annotated[Output | None, Parameter(name="--format")] = None,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
    limit: int | None = None,
    layout: Literal["auto", "columns", "records"] = "auto",
    pager: bool = True,
    timeout: float = 60.0,
    memory: int = 1000,
    as_of: str | None = None,
) -> None:
    """Run one select on the published marts, read-only, and print the rows.

    ```
    reaction sql "select symbol, car, t_stat from fct_event_cars where event_id = 'nvda-record-selloff'"
    reaction sql -f query.sql --format csv > result.csv
    reaction sql "from fct_event_cars" --out cars.parquet
    reaction sql --tables
    reaction sql --describe fct_event_cars
    reaction sql --example deepseek_by_theme
    reaction sql --shell
    ```

    The query runs in a process of its own that can read the published file and nothing else, and write nothing.

    Parameters
    ----------
    query
        The select. Without one, a file or an example it is read from standard input; on a terminal a shell opens.
    file
        File that holds the select.
    example
        Name of a query that ships, see `--example list`.
    shell
        Open a prompt: completion, history, queries of several lines that end with a semicolon.
    tables
        List the tables and macros with their grain and meaning.
    describe
        Table or macro to describe: its columns with types, units, meaning and allowed words, or its arguments.
    format
        How to print the rows; by default as the name of --out ends, else a table.
    as_json
        The same as --format json.
    out
        File to write instead of standard output; parquet is not printed on a terminal.
    limit
        Most rows to print; 0 for all. A table shows 1,000, the other formats all.
    layout
        A table as columns or as a record per row; auto takes records where columns are wider than the terminal.
    pager
        Page what is longer than the terminal.
    timeout
        Seconds after which the query is stopped.
    memory
        Megabytes that the query may take.
    as_of
        Instant with a zone. The query runs on the marts that were published then, or if they are not kept any more, on
        marts that are built now from what the warehouse knew then.
    """
    output = _output(format, out, as_json=as_json)
    if tables or describe is not None or example == "list":
        from flows.cli.sql_catalogue import print_catalogue

        print_catalogue(describe, examples=example == "list", as_json=output == "json", paged=pager)
        return
    given = _given(query, file, example)
    if shell or (given is None and sys.stdin.isatty()):
        from flows.cli.sql_shell import run_shell

        run_shell(_marts_file(as_of), timeout_seconds=timeout, memory_mb=memory)
        return
    from warehouse.sandbox import Sandbox

    with Sandbox(_marts_file(as_of), timeout_seconds=timeout, memory_mb=memory) as sandbox:
        text = sys.stdin.read() if given is None else given
        if output == "parquet":
            _write_parquet(sandbox, text, out, limit)
        elif output == "table" and out is None:
            print_answer(sandbox, text, limit=limit, layout=layout, paged=pager)
        else:
            with _opened(out) as target:
                _write_rows(sandbox, text, output, limit, target)


def print_answer(
    sandbox: Sandbox, text: str, *, limit: int | None = None, layout: Layout = "auto", paged: bool = True
) -> None:
    """Run a query and print its rows as a table, paged on a terminal."""
    from flows.cli.answers import Shown, lay_out
    from flows.cli.pager import show, terminal_width

    answer = sandbox.ask(text, limit=_most(limit, TABLE_ROWS), units=True)
    rows = list(answer.rows)
    shown = Shown(answer.columns, answer.units, rows, answer.more)
    show(lay_out(shown, layout=layout, width=terminal_width()), paged=paged)


def _output(format: Output | None, out: Path | None, *, as_json: bool) -> Output:
    from pipelines.errors import ConfigurationError

    if as_json and format not in {None, "json"}:
        raise ConfigurationError(f"--json is --format json; it cannot go with --format {format}")
    by_suffix = "table" if out is None else _BY_SUFFIX.get(out.suffix.lower(), "table")
    output: Output = "json" if as_json else format or by_suffix
    if output == "parquet" and out is None and sys.stdout.isatty():
        raise ConfigurationError("--format parquet: a terminal cannot show it; name a file with --out, or use a pipe")
    return output


def _given(query: str | None, file: Path | None, example: str | None) -> str | None:
    """Return the query that was named, None if it has to come from standard input."""
    from pipelines.errors import ConfigurationError

    named = [name for name, value in (("QUERY", query), ("--file", file), ("--example", example)) if value is not None]
    if len(named) > 1:
        raise ConfigurationError(f"expected one query, got {' and '.join(named)}")
    if example is not None:
        from flows.cli.sql_catalogue import example_text

        return example_text(example)
    if file is None:
        return query
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = f"there is no file {file}" if isinstance(error, FileNotFoundError) else f"{file}: {error}"
        raise ConfigurationError(f"--file: {reason}") from error


def _most(limit: int | None, default: int | None) -> int | None:
    from pipelines.errors import ConfigurationError

    if limit is not None and limit < 0:
        raise ConfigurationError(f"--limit: expected a number of rows, or 0 for all; got {limit}")
    return default if limit is None else limit or None


def _write_rows(sandbox: Sandbox, text: str, output: Output, limit: int | None, target: TextIO) -> None:
    from flows.cli.answers import Shown, lay_out
    from flows.cli.output import print_csv, print_records

    answer = sandbox.ask(text, limit=_most(limit, None), units=output == "table")
    if output == "table":
        rows = list(answer.rows)
        target.writelines(f"{line}\n" for line in lay_out(Shown(answer.columns, answer.units, rows, answer.more)))
        return
    (print_records if output == "json" else print_csv)(answer.columns, answer.rows, target)
    if answer.more:
        print(f"{answer.more:,} more rows are left out by --limit {limit}", file=sys.stderr)


def _write_parquet(sandbox: Sandbox, text: str, out: Path | None, limit: int | None) -> None:
    pieces = sandbox.ask_for_parquet(text, limit=_most(limit, None))
    first = next(pieces)  # an error of the query comes before anything is written
    with _opened(out) as target:
        for piece in chain([first], pieces):
            target.buffer.write(piece)


@contextmanager
def _opened(out: Path | None) -> Iterator[TextIO]:
    """Open what is written to; a file takes its name when it is whole, and stays as it was if it does not become so."""
    from pipelines.errors import ConfigurationError

    if out is None:
        yield sys.stdout
        return
    partial = out.with_name(f".{out.name}.{os.getpid()}.partial")
    try:
        with partial.open("w", encoding="utf-8", newline="") as target:
            yield target
        partial.replace(out)
    except OSError as error:
        raise ConfigurationError(f"--out: {out} cannot be written: {error.strerror}") from error
    finally:
        with suppress(FileNotFoundError):
            partial.unlink()


def _marts_file(as_of: str | None) -> Path:
    from pipelines.home import MARTS_FILE, find_home

    if as_of is None:
        return find_home() / MARTS_FILE
    from flows.as_of import marts_as_of
    from flows.instants import parse_instant
    from pipelines.settings import load_settings

    instant = parse_instant(as_of)
    file = marts_as_of(load_settings(), instant)
    print(f"marts as of {instant.isoformat()}: {file}", file=sys.stderr)
    return file

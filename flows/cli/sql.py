"""``reaction sql``: query the published marts."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from flows.cli.output import Format, print_rows


def sql(
    query: str | None = None,
    /,
    *,
    file: Annotated[Path | None, Parameter(name=["--file", "-f"])] = None,
    format: Annotated[Format, Parameter(name="--format")] = "table",
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
    timeout: float = 60.0,
    as_of: str | None = None,
) -> None:
    """Run one select on the published marts, read-only, and print the rows.

    ```
    reaction sql "select symbol, car, t_stat from fct_event_cars where event_id = 'nvda-record-selloff'"
    reaction sql -f query.sql --format csv > result.csv
    reaction sql "show tables"
    reaction sql "select * from fct_event_cars where event_id = 'nvda-record-selloff'" --as-of 2025-01-27T21:00:00Z
    ```

    Parameters
    ----------
    query
        The select; read from standard input when neither a query nor a file is given.
    file
        File that holds the select.
    format
        How to print the rows.
    as_json
        The same as --format json.
    timeout
        Seconds after which the query is stopped.
    as_of
        Instant with a zone. The query runs on the marts that were published then, or if they are not kept any more, on
        marts that are built now from what the warehouse knew then.
    """
    from pipelines.errors import ConfigurationError
    from pipelines.home import MARTS_FILE, find_home
    from warehouse.query import run_query

    if file is not None:
        if not file.is_file():
            raise ConfigurationError(f"--file: there is no file {file}")
        query = file.read_text(encoding="utf-8")
    elif query is None:
        query = sys.stdin.read()
    marts_file = find_home() / MARTS_FILE if as_of is None else _marts_as_of(as_of)
    result = run_query(marts_file, query, timeout_seconds=timeout)
    print_rows(result.columns, result.rows, "json" if as_json else format)


def _marts_as_of(text: str) -> Path:
    from flows.as_of import marts_as_of
    from flows.instants import parse_instant
    from pipelines.settings import load_settings

    instant = parse_instant(text)
    file = marts_as_of(load_settings(), instant)
    print(f"marts as of {instant.isoformat()}: {file}", file=sys.stderr)
    return file

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
) -> None:
    """Run one select on the published marts, read-only, and print the rows.

    ```
    reaction sql "select symbol, car, t_stat from fct_event_cars where event_id = 'nvda-record-selloff'"
    reaction sql -f query.sql --format csv > result.csv
    reaction sql "show tables"
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
    result = run_query(find_home() / MARTS_FILE, query, timeout_seconds=timeout)
    print_rows(result.columns, result.rows, "json" if as_json else format)

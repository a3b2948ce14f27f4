"""``reaction check``: hold the published marts against their contracts and their hashes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter


def check(
    *,
    docs: Path | None = None,
    sources: Annotated[bool, Parameter(negative="")] = False,
    sample: int = 20,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> None:
    """Check the published marts again: every rule of the publishing gate, and the hash of every table.

    Exit code 1 if a rule that closes the gate is broken, or a table is not what was published.

    ```
    reaction check
    reaction check --docs quality/
    reaction check --sources --sample 40
    ```

    Parameters
    ----------
    docs
        Folder to write Great Expectations Data Docs to.
    sources
        Hold stored history of live sources against what the providers state now, instead of checking the marts. What
        they have revised is stored beside what was known, and the next run publishes it.
    sample
        Symbols to ask for of each live source, those first that were held against it longest ago.
    as_json
        Print every check, or every symbol and difference, as JSON.
    """
    if sources:
        from flows.cli.sweep import sweep

        sweep(sample, as_json=as_json)
        return
    from flows.cli.output import plain, print_rows, print_table
    from flows.recheck import recheck
    from pipelines.errors import GateClosedError
    from pipelines.settings import load_settings

    result = recheck(load_settings())
    if docs is not None:
        from pipelines.validation import write_data_docs

        print(f"data docs: {write_data_docs([result.gate], docs)}")
    checks = result.gate.checks
    if as_json:
        shown = checks.drop("checked_at", "run_id")
        print_rows(shown.columns, shown.rows(), "json")
    else:
        by_table = checks.group_by("table_name", maintain_order=True).len().rows()
        print_table(["table", "checks"], by_table)
        for warning in result.gate.warnings:
            print(f"warning: {plain(warning)}")
    if result.changed:
        raise GateClosedError(
            f"{result.changed} are not what generation {result.generation_id} published; "
            "run `reaction run` to publish again, and check the disk"
        )
    result.gate.raise_if_closed()
    if not as_json:
        print(f"{checks.height} checks: none closes the gate; every table is as {result.generation_id} published it")

"""Rules that follow from a contract, as SQL text.

The checks that a contract of one table implies: its columns with their types, no nulls where none are allowed, no
NaN or infinity, values inside their bounds and vocabularies, one row per key. Checks across tables are files, see
`files`.
"""

from __future__ import annotations

import datetime as dt

from pipelines.contracts.model import Column, Table
from pipelines.contracts.rules import COLUMNS, Measurement, Rule, Severity, quoted

__all__ = ["Measurement", "Rule", "Severity", "contract_rules", "history_rules"]

KEPT_SHARE = 0.7
"""2026-11-23: less than 70 % of the rows of the last publication means that a source was lost, not that it shrank."""


def contract_rules(table: Table, relation: str) -> list[Rule]:
    """Derive the checks of one table from its contract.

    Parameters
    ----------
    table : Table
        The contract.
    relation : str
        Name of the table in the database, with its schema ("mart.fct_returns"); it is quoted here.

    Returns
    -------
    list of Rule
        All of severity "fail" and limit 0, in the order: columns, unique_key, then column by column not_null,
        finite, in_range, allowed, json.
    """
    source = quoted(relation)
    rules = [_columns(table, source), _unique_key(table, source)]
    for column in table.columns:
        rules += [_on_rows(table, source, column, name, condition) for name, condition in _conditions(column)]
    return rules


def history_rules(table_name: str, relation: str, *, n_before: int, last_before: dt.date | None = None) -> list[Rule]:
    """Compare a table with its last published version: most rows are still there, and the dates do not run back.

    Parameters
    ----------
    table_name : str
        Name under which the checks are kept.
    relation : str
        Name of the table in the database, with its schema; it is quoted here.
    n_before : int
        Rows of the last published version.
    last_before : date, optional
        Its last session_date.
    """
    source = quoted(relation)
    shrunk = (
        f"select {n_before} as n_before, count(*) as n_now from {source} having count(*) < {KEPT_SHARE} * {n_before}"
    )
    rules = [
        Rule(
            "not_shrunk",
            table_name,
            "fail",
            shrunk,
            relation=source,
            why="The last publication had far more rows; if that is right, run with --accept-fewer-rows.",
        )
    ]
    if last_before is not None:
        day = f"date '{last_before.isoformat()}'"
        older = (
            f"select {day} as last_before, max(session_date) as last_now from {source} "
            f"having max(session_date) is null or max(session_date) < {day}"
        )
        rules.append(
            Rule(
                "not_older",
                table_name,
                "fail",
                older,
                relation=source,
                columns=("session_date",),
                why="The last publication reached a later session; if that is right, run with --accept-fewer-rows.",
            )
        )
    return rules


def _columns(table: Table, source: str) -> Rule:
    """Every column of the contract is there, in its type; one row per column that is not."""
    expected = ", ".join(f"cast(null as {column.sql}) as {quoted(column.name)}" for column in table.columns)
    sql = (
        f"with expected as (from (describe select {expected})),\n"
        f"found as (from (describe select * from {source}))\n"
        "select expected.column_name, expected.column_type as expected_type, found.column_type as found_type\n"
        "from expected left join found on expected.column_name = found.column_name\n"
        "where found.column_type is distinct from expected.column_type"
    )
    return Rule(COLUMNS, table.name, "fail", sql, relation=source)


def _unique_key(table: Table, source: str) -> Rule:
    """One row per key; returns every row whose key is there more than once."""
    key = ", ".join(quoted(name) for name in table.key)
    sql = (
        f"select {key}, n_rows\n"
        f"from (select {key}, count(*) as n_rows from {source} group by {key} having count(*) > 1), range(n_rows)"
    )
    return Rule("unique_key", table.name, "fail", sql, relation=source, columns=table.key)


def _on_rows(table: Table, source: str, column: Column, name: str, condition: str) -> Rule:
    shown = dict.fromkeys((*table.key, column.name))
    sql = f"select {', '.join(quoted(item) for item in shown)} from {source} where {condition}"
    return Rule(
        f"{name}_{column.name}",
        table.name,
        "fail",
        sql,
        relation=source,
        condition=condition,
        columns=(column.name,),
    )


def _conditions(column: Column) -> list[tuple[str, str]]:
    """Return name and condition of each check on single rows; a null is broken by not_null alone."""
    name = quoted(column.name)
    found = []
    if not column.nullable:
        found.append(("not_null", f"{name} is null"))
    if column.dtype == "float":
        found.append(("finite", f"not isfinite({name})"))
    bounds = [
        f"{name} {sign} {bound!r}"
        for sign, bound in (("<", column.minimum), (">", column.maximum))
        if bound is not None
    ]
    if bounds:
        found.append(("in_range", " or ".join(bounds)))
    if column.allowed:
        words = ", ".join("'" + word.replace("'", "''") + "'" for word in column.allowed)
        found.append(("allowed", f"{name} not in ({words})"))
    if column.dtype == "json":
        found.append(("json", f"not json_valid({name})"))
    return found

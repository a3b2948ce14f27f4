"""Measure the rules of a gate on the warehouse.

Counting happens in DuckDB, so what comes back is as small for a hundred million rows as for a hundred: all rules on
single rows of a table are counted in one scan, every other rule in one query, and sample rows are fetched only where
a rule is broken.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import duckdb

from pipelines.contracts.rules import COLUMNS, Measurement, Rule, json_value

SAMPLE_ROWS = 5

_REFUSED = (duckdb.ProgrammingError, duckdb.DataError)
"""The statement does not fit the data: a missing table or column, a wrong type, a value out of range."""


def measure(connection: duckdb.DuckDBPyConnection, rules: Iterable[Rule]) -> list[Measurement]:
    """Measure each rule.

    A rule that cannot be measured (its table, a column or a type is not as expected) is no crash: it counts as broken
    by every row and says why. Call it outside a transaction, as such a refusal ends a transaction in DuckDB 2.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Open connection to the database that holds the tables; it is only read.
    rules : iterable of Rule
        The rules of a gate.

    Returns
    -------
    list of Measurement
        One per rule, in the order of the rules.

    Raises
    ------
    duckdb.Error
        If the database itself fails (full disk, out of memory, interrupt).
    """
    rules = list(rules)
    found: dict[Rule, Measurement] = {}
    for source in dict.fromkeys(rule.source for rule in rules):
        group = [rule for rule in rules if rule.source == source]
        found.update((measurement.rule, measurement) for measurement in _measure_table(connection, source, group))
    return [found[rule] for rule in rules]


def _measure_table(connection: duckdb.DuckDBPyConnection, source: str, rules: list[Rule]) -> list[Measurement]:
    """Measure the rules of one table: columns first, then all row rules at once, then the rest one by one."""
    try:
        _fetch(connection, f"select * from {source} limit 0")
    except _REFUSED as error:
        return [_unmeasured(rule, 0, error) for rule in rules]
    shape = [(rule, _fetch(connection, rule.sql)) for rule in rules if rule.check_name == COLUMNS]
    unusable = {str(row["column_name"]) for _, bad in shape for row in bad}
    rest = [rule for rule in rules if rule.check_name != COLUMNS]
    sound = [rule for rule in rest if not unusable & set(rule.columns)]
    row_rules = [rule for rule in sound if rule.condition]
    n_rows, counts = _count_in_one_scan(connection, source, row_rules)
    done = [Measurement(rule, n_rows, len(bad), bad[:SAMPLE_ROWS]) for rule, bad in shape]
    done += [_with_sample(connection, rule, n_rows, n) for rule, n in counts.items()]
    done += [_measure_query(connection, rule, n_rows) for rule in sound if rule not in counts]
    for rule in (rule for rule in rest if rule not in sound):
        names = sorted(unusable & set(rule.columns))
        done.append(_unmeasured(rule, n_rows, f"columns {names} are missing or of another type, see check {COLUMNS!r}"))
    return done


def _count_in_one_scan(
    connection: duckdb.DuckDBPyConnection, source: str, rules: list[Rule]
) -> tuple[int, dict[Rule, int]]:
    """Return the rows of the table, and for each rule how many of them break it; no counts if one is refused."""
    counts = [f"count(*) filter (where {rule.condition})" for rule in rules]
    try:
        row = connection.execute(f"select {', '.join(['count(*)', *counts])} from {source}").fetchall()[0]
    except _REFUSED:
        if not rules:
            raise
        return _count_in_one_scan(connection, source, [])
    return int(row[0]), dict(zip(rules, map(int, row[1:]), strict=True))


def _measure_query(connection: duckdb.DuckDBPyConnection, rule: Rule, n_rows: int) -> Measurement:
    """Count the rows that the rule's own query returns."""
    try:
        n = connection.execute(f"select count(*) from (\n{rule.sql}\n)").fetchall()[0][0]
    except _REFUSED as error:
        return _unmeasured(rule, n_rows, error)
    return _with_sample(connection, rule, n_rows, int(n))


def _with_sample(connection: duckdb.DuckDBPyConnection, rule: Rule, n_rows: int, n_violations: int) -> Measurement:
    """Add the first rows in sort order, so that the same data always show the same sample."""
    if not n_violations:
        return Measurement(rule, n_rows, 0, [])
    try:
        sample = _fetch(connection, f"select * from (\n{rule.sql}\n) order by all limit {SAMPLE_ROWS}")
    except _REFUSED as error:
        sample = [{"error": _first_line(error)}]
    return Measurement(rule, n_rows, n_violations, sample)


def _unmeasured(rule: Rule, n_rows: int, reason: object) -> Measurement:
    message = _first_line(reason)
    return Measurement(rule, n_rows, max(n_rows, int(rule.limit) + 1), [{"error": message}], error=message)


def _first_line(reason: object) -> str:
    return str(reason).strip().partition("\n")[0]


def _fetch(connection: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    """Run a query and return its rows at once, as values that JSON can hold."""
    result = connection.execute(sql)
    names = [column[0] for column in result.description or []]
    return [dict(zip(names, map(json_value, row), strict=True)) for row in result.fetchall()]

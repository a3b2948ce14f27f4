"""Great Expectations suites, built from rules and contracts and run on small pandas frames.

The only module that calls Great Expectations, and the only one beside it that sees pandas. Both are imported when a
suite runs, which costs seconds and some 250 MB. Nothing is printed, sent or written.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from types import ModuleType
from typing import Any

import polars as pl
from pydantic.v1 import PrivateAttr

from pipelines.contracts.model import Column, Table
from pipelines.contracts.rules import Measurement, Rule, json_value

FRAME_ROWS = 20_000
"""Most rows of a frame that is judged value by value; larger tables are measured in the database alone."""

SAMPLE_ROWS = 5
_LEVELS = {"fail": "critical", "warn": "warning"}


@contextmanager
def quiet() -> Iterator[ModuleType]:
    """Hand out Great Expectations with its warnings, logs, progress bars and analytics off."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    logger = logging.getLogger("great_expectations")
    level = logger.level
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations as gx
        import great_expectations.expectations

        logger.setLevel(logging.CRITICAL)
        try:
            yield gx
        finally:
            logger.setLevel(level)


def quiet_context(gx: ModuleType) -> Any:
    """Return a context that lives in memory alone."""
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    return context


class Validator:
    """Runs suites; one per gate, as making it costs more than running a suite."""

    def __init__(self, gx: ModuleType) -> None:
        self._gx = gx
        self._fewer = _count_expectation(gx)
        asset = quiet_context(gx).data_sources.add_pandas("gate").add_dataframe_asset("rows")
        self._rows = asset.add_batch_definition_whole_dataframe("frame")

    def validate_counts(self, suite: str, measurements: Sequence[Measurement]) -> dict[str, Any]:
        """Assert that no more rows break each rule than its limit allows.

        Parameters
        ----------
        suite : str
            Name of the suite.
        measurements : sequence of Measurement
            Measurements of one table. They become one row with a column per check.

        Returns
        -------
        dict
            Result of the suite as Great Expectations gives it; `meta` of each expectation names its check.
        """
        counts = pl.DataFrame({item.rule.check_name: [item.n_violations] for item in measurements})
        return self._run(suite, [self._expect_count(item.rule) for item in measurements], counts)

    def validate_values(self, suite: str, table: Table, frame: pl.DataFrame) -> dict[str, Any]:
        """Assert the contract on every value of a small frame.

        Returns
        -------
        dict
            As `validate_counts`.
        """
        key = [name for name in table.key if name in frame.columns]
        return self._run(suite, self._expect_values(table), frame, key)

    def _run(self, suite: str, expectations: list[Any], frame: pl.DataFrame, key: Sequence[str] = ()) -> dict[str, Any]:
        batch = self._rows.get_batch(batch_parameters={"dataframe": frame.to_pandas()})
        form: dict[str, Any] = {"result_format": "SUMMARY", "partial_unexpected_count": SAMPLE_ROWS}
        if key:
            form["unexpected_index_column_names"] = list(key)
        result = batch.validate(self._gx.ExpectationSuite(name=suite, expectations=expectations), result_format=form)
        described: dict[str, Any] = result.to_json_dict()
        return described

    def _expect_count(self, rule: Rule) -> Any:
        return self._fewer(
            column=rule.check_name,
            min_value=0,
            max_value=rule.limit,
            severity=_LEVELS[rule.severity],
            meta={"check": rule.check_name},
            notes=rule.why or None,
        )

    def _expect_values(self, table: Table) -> list[Any]:
        expect = self._gx.expectations
        columns = {"severity": "critical", "meta": {"check": "values_columns"}}
        unique = {"severity": "critical", "meta": {"check": "values_unique_key"}}
        return [
            expect.ExpectTableColumnsToMatchSet(column_set=table.names, exact_match=False, **columns),
            expect.ExpectCompoundColumnsToBeUnique(column_list=list(table.key), **unique)
            if len(table.key) > 1
            else expect.ExpectColumnValuesToBeUnique(column=table.key[0], **unique),
            *(item for column in table.columns for item in self._expect_column(column)),
        ]

    def _expect_column(self, column: Column) -> Iterator[Any]:
        expect = self._gx.expectations

        def given(check: str) -> dict[str, Any]:
            name = f"values_{check}_{column.name}"
            return {"column": column.name, "severity": "critical", "meta": {"check": name}}

        if not column.nullable:
            yield expect.ExpectColumnValuesToNotBeNull(**given("not_null"))
        if column.minimum is not None or column.maximum is not None:
            yield expect.ExpectColumnValuesToBeBetween(
                min_value=column.minimum, max_value=column.maximum, **given("in_range")
            )
        if column.allowed:
            yield expect.ExpectColumnValuesToBeInSet(value_set=list(column.allowed), **given("allowed"))


@cache
def _count_expectation(gx: ModuleType) -> Any:
    """Return the expectation on a count: that a column's maximum lies within limits, with its words kept.

    Great Expectations asks an expectation some fifty times for its configuration, and words it anew each time, which
    is half of what hundreds of counts take. An expectation does not change once it is made.
    """
    base = gx.expectations.ExpectColumnMaxToBeBetween

    class ExpectRowsThatBreakARuleToBeBetween(base):  # type: ignore[misc, valid-type]
        _configuration: Any = PrivateAttr(default=None)

        @property
        def configuration(self) -> Any:
            if self._configuration is None:
                self._configuration = super().configuration
            return self._configuration

    return ExpectRowsThatBreakARuleToBeBetween


def shape_measurements(table: Table, frame: pl.DataFrame) -> list[Measurement]:
    """Count what a pandas frame no longer tells: its size, columns of another type, NaN and infinity."""
    schema = frame.schema
    shared = [column for column in table.columns if column.name in schema]
    other = [
        {"column_name": column.name, "expected_type": str(column.polars), "found_type": str(schema[column.name])}
        for column in shared
        if not _same_type(schema[column.name], column.polars)
    ]
    size = Rule("values_read", table.name, "warn", "", FRAME_ROWS, why="A larger table is judged by its counts alone.")
    types = Rule("values_types", table.name, "fail", "")
    found = [
        Measurement(size, frame.height, frame.height, []),
        Measurement(types, frame.height, len(other), other[:SAMPLE_ROWS]),
    ]
    for column in shared:
        if schema[column.name].is_float():
            rule = Rule(f"values_finite_{column.name}", table.name, "fail", "")
            bad = frame.filter(~pl.col(column.name).is_finite())
            shown = [name for name in dict.fromkeys((*table.key, column.name)) if name in schema]
            sample = [json_value(row) for row in bad.select(shown).head(SAMPLE_ROWS).to_dicts()]
            found.append(Measurement(rule, frame.height, bad.height, sample))
    return found


def _same_type(found: pl.DataType, expected: pl.DataType) -> bool:
    """Compare two types; an instant is one in any time zone, as DuckDB names the zone of its session."""
    if isinstance(found, pl.Datetime) and isinstance(expected, pl.Datetime):
        return (found.time_zone is None) == (expected.time_zone is None)
    return found == expected

"""Gates: decide whether data may go on, from what was measured.

The verdict on every check is Great Expectations' own; this module hands it the measurements, keeps its results, and
words them for the terminal and for the table quality_checks.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

import polars as pl

from pipelines.contracts import MARTS, QUALITY_CHECKS
from pipelines.contracts.model import Table
from pipelines.contracts.rules import Measurement, Severity, json_text, json_value
from pipelines.errors import ConfigurationError, GateClosedError
from pipelines.validation.suites import FRAME_ROWS, SAMPLE_ROWS, Validator, quiet, shape_measurements

Gate = Literal["study", "publish"]

REPORTED_CHECKS = 20
"""Most checks that the report words one by one; all of them are in quality_checks."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What Great Expectations decided on one check.

    Attributes
    ----------
    observed, expected : float
        Rows that break the rule, and most rows that may.
    n_rows : int
        Rows checked.
    sample : list of dict
        Up to five rows that break it.
    error : str
        Why the check could not be measured; empty if it was.
    why : str
        Reason of the rule.
    """

    table_name: str
    check_name: str
    severity: Severity
    passed: bool
    observed: float
    expected: float
    n_rows: int
    sample: list[dict[str, Any]]
    error: str = ""
    why: str = ""

    def __str__(self) -> str:
        """Say in a line which check it is, how many rows break it, and how such a row looks."""
        name = f"{self.table_name}.{self.check_name}"
        if self.error:
            return f"{name}: could not be measured: {_printable(self.error)}"
        broken = "1 row breaks it" if self.observed == 1 else f"{self.observed:,.0f} rows break it"
        text = f"{name}: {broken} ({self.expected:,g} allowed)"
        return f"{text}, e.g. {json_text(self.sample[0])}" if self.sample else text


@dataclass(frozen=True, slots=True, eq=False)
class GateResult:
    """The decision of a gate.

    Attributes
    ----------
    verdicts : tuple of Verdict
        One per check.
    validations : tuple of dict
        Results of the suites as Great Expectations gives them, for Data Docs.
    """

    gate: Gate
    run_id: str
    checked_at: dt.datetime
    verdicts: tuple[Verdict, ...]
    validations: tuple[dict[str, Any], ...]

    @property
    def failures(self) -> tuple[Verdict, ...]:
        """The checks that close the gate."""
        return tuple(item for item in self.verdicts if not item.passed and item.severity == "fail")

    @property
    def warnings(self) -> tuple[Verdict, ...]:
        """The checks that did not pass and are only reported."""
        return tuple(item for item in self.verdicts if not item.passed and item.severity == "warn")

    @property
    def is_open(self) -> bool:
        """Whether no check of severity "fail" failed."""
        return not self.failures

    @property
    def checks(self) -> pl.DataFrame:
        """The verdicts as rows of quality_checks."""
        rows = [
            {
                "run_id": self.run_id,
                "gate": self.gate,
                "table_name": item.table_name,
                "check_name": item.check_name,
                "severity": item.severity,
                "passed": item.passed,
                "observed": item.observed,
                "expected": item.expected,
                "n_rows": item.n_rows,
                "sample": json_text(item.sample) if item.sample else None,
                "checked_at": self.checked_at,
            }
            for item in self.verdicts
        ]
        return QUALITY_CHECKS.conform(pl.DataFrame(rows, schema=QUALITY_CHECKS.polars_schema))

    def report(self) -> str:
        """Word the decision for the terminal: each failed check with its count, limit and sample rows."""
        state = "open" if self.is_open else "closed"
        lines = [
            f"gate {self.gate!r} is {state}: {len(self.verdicts)} checks, "
            f"{len(self.failures)} failed, {len(self.warnings)} warned"
        ]
        blocks = _worded([*self.failures, *self.warnings])
        lines += [line for block in blocks[:REPORTED_CHECKS] for line in block]
        if len(blocks) > REPORTED_CHECKS:
            lines.append(f"  ... and {len(blocks) - REPORTED_CHECKS} more, see table quality_checks")
        if not self.is_open:
            lines.append("Nothing was let through. Correct or quarantine the rows above, then run again.")
        return "\n".join(lines)

    def raise_if_closed(self) -> None:
        """Raise if the gate is closed.

        Raises
        ------
        GateClosedError
            With the report as its text.
        """
        if not self.is_open:
            raise GateClosedError(self.report())


def judge(
    gate: Gate,
    measurements: Iterable[Measurement],
    frames: Mapping[str, pl.DataFrame] | None = None,
    *,
    run_id: str,
    checked_at: dt.datetime,
) -> GateResult:
    """Let Great Expectations decide on every measurement, and on every value of a few small frames.

    Parameters
    ----------
    gate : {"study", "publish"}
        Name of the gate.
    measurements : iterable of Measurement
        What the warehouse measured; one suite per table asserts that each count is within its limit.
    frames : mapping of str to polars.DataFrame, optional
        Small tables by the name of their contract; one suite per table asserts the contract on the values. Their
        checks are named "values_...". A frame of more than 20,000 rows is not read; a warning says so.
    run_id : str
        Run that the checks are kept under.
    checked_at : datetime
        Time of the check, with a time zone.

    Returns
    -------
    GateResult

    Raises
    ------
    ConfigurationError
        If there is nothing to judge, a check occurs twice, or a frame has no contract.
    """
    measured = list(measurements)
    contracts = {name: _contract(name) for name in frames or {}}
    for name, frame in (frames or {}).items():
        measured += shape_measurements(contracts[name], frame)
    _refuse_unjudgeable(gate, measured)
    verdicts: list[Verdict] = []
    validations: list[dict[str, Any]] = []
    with quiet() as gx:
        validator = Validator(gx)
        for table in dict.fromkeys(item.rule.table_name for item in measured):
            group = [item for item in measured if item.rule.table_name == table]
            validations.append(validator.validate_counts(f"{gate}.{table}", group))
            verdicts += _count_verdicts(group, validations[-1])
        for name, frame in (frames or {}).items():
            if frame.height > FRAME_ROWS:
                continue
            validations.append(validator.validate_values(f"{gate}.{name}.values", contracts[name], frame))
            verdicts += _value_verdicts(name, frame.height, validations[-1])
    return GateResult(gate, run_id, checked_at, tuple(verdicts), tuple(validations))


def _worded(verdicts: list[Verdict]) -> list[list[str]]:
    """Word each verdict in a few lines; the checks that one error kept from being measured share a line."""
    blocks: dict[tuple[str, ...], list[str]] = {}
    n_alike = Counter((item.table_name, item.error) for item in verdicts if item.error)
    for item in verdicts:
        alike = n_alike[item.table_name, item.error]
        if alike > 1:
            others = f"  {item.severity}  {item} (and {alike - 1} more checks of this table)"
            blocks.setdefault((item.table_name, item.error), [others])
            continue
        lines = [f"  {item.severity}  {item}"]
        if not item.error:
            lines += [f"        {json_text(row)}" for row in item.sample[1:]]
        if item.why:
            lines.append(f"        ({item.why})")
        blocks[item.table_name, item.check_name, "own"] = lines
    return list(blocks.values())


def _printable(text: str) -> str:
    """Replace what could steer a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _contract(name: str) -> Table:
    for table in MARTS:
        if table.name == name:
            return table
    raise ConfigurationError(f"frame {name!r} has no contract; those that have one: {[table.name for table in MARTS]}")


def _refuse_unjudgeable(gate: Gate, measured: list[Measurement]) -> None:
    if not measured:
        raise ConfigurationError(f"gate {gate!r}: expected measurements, got none; a gate that checks nothing is shut")
    twice = [name for name, n in Counter(item.rule.name for item in measured).items() if n > 1]
    if twice:
        raise ConfigurationError(f"gate {gate!r}: checks {twice} occur more than once; give each its own name")


def _by_check(validation: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {result["expectation_config"]["meta"]["check"]: result for result in validation["results"]}


def _count_verdicts(measured: list[Measurement], validation: dict[str, Any]) -> list[Verdict]:
    results = _by_check(validation)
    return [
        Verdict(
            table_name=item.rule.table_name,
            check_name=item.rule.check_name,
            severity=item.rule.severity,
            passed=bool(results[item.rule.check_name]["success"]),
            observed=float(item.n_violations),
            expected=float(item.rule.limit),
            n_rows=item.n_rows,
            sample=item.sample,
            error=item.error or _exception(results[item.rule.check_name]),
            why=item.rule.why,
        )
        for item in measured
    ]


def _value_verdicts(name: str, n_rows: int, validation: dict[str, Any]) -> list[Verdict]:
    return [_value_verdict(name, n_rows, check, result) for check, result in _by_check(validation).items()]


def _value_verdict(name: str, n_rows: int, check: str, result: dict[str, Any]) -> Verdict:
    """Read a verdict on values; an expectation that raised counts as broken by every row."""
    found, error = result["result"], _exception(result)
    missing = found.get("details", {}).get("mismatched", {}).get("missing", [])
    sample = [{"column_name": column} for column in missing] or found.get("partial_unexpected_index_list") or []
    observed = max(n_rows, 1) if error else found.get("unexpected_count", len(missing))
    return Verdict(
        table_name=name,
        check_name=check,
        severity="fail",
        passed=bool(result["success"]),
        observed=float(observed),
        expected=0.0,
        n_rows=n_rows,
        sample=cast(list[dict[str, Any]], json_value([{"error": error}] if error else sample[:SAMPLE_ROWS])),
        error=error,
    )


def _exception(result: dict[str, Any]) -> str:
    """Return what an expectation raised, if it did; Great Expectations nests it by metric where several did."""
    info = result["exception_info"]
    nested = [item for item in info.values() if isinstance(item, dict)] or [info]
    raised = [str(item.get("exception_message")) for item in nested if item.get("raised_exception")]
    return raised[0].strip().partition("\n")[0] if raised else ""

"""What a check on a table is, and what measuring it yields.

A rule is text: a query that returns the rows that break it. The warehouse runs it, the gates judge what it found;
both need only the words of this module.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pipelines.contracts.vocabulary import SEVERITIES
from pipelines.errors import ConfigurationError

Severity = Literal["fail", "warn"]

COLUMNS = "columns"
"""Name of the check that a table has its columns in their types; what it returns names them as `column_name`."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A check on one table.

    Attributes
    ----------
    severity : {"fail", "warn"}
        Whether more rows than the limit close the gate, or are only reported.
    sql : str
        A select that returns the rows that break the rule.
    limit : float
        Most rows that may break it.
    relation : str
        The table as it stands in a from clause; its rows are counted. The quoted table name where empty.
    condition : str
        For a rule on single rows of the relation: true where the row breaks it. All such rules of one relation
        are counted in one scan; an empty condition means that `sql` is counted by itself.
    columns : tuple of str
        Columns of the relation that the rule reads.
    why : str
        The reason of the rule or of its limit, in a sentence.
    """

    check_name: str
    table_name: str
    severity: Severity
    sql: str
    limit: float = 0
    relation: str = ""
    condition: str = ""
    columns: tuple[str, ...] = ()
    why: str = ""

    def __post_init__(self) -> None:
        """Refuse a severity or a limit that no gate could judge."""
        if self.severity not in SEVERITIES:
            raise ConfigurationError(f"check {self.name}: severity is one of {SEVERITIES}, got {self.severity!r}")
        if not (math.isfinite(self.limit) and self.limit >= 0):
            raise ConfigurationError(f"check {self.name}: the limit is a number of rows from 0 on, got {self.limit!r}")

    @property
    def name(self) -> str:
        """Table and check in one word."""
        return f"{self.table_name}.{self.check_name}"

    @property
    def source(self) -> str:
        """The table as it stands in a from clause."""
        return self.relation or quoted(self.table_name)


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a rule found.

    Attributes
    ----------
    n_rows : int
        Rows of the table.
    n_violations : int
        Rows that break the rule. A rule that could not be measured counts as broken by every row.
    sample : list of dict
        Up to five of them, with values that JSON can hold.
    error : str
        Why the rule could not be measured; empty if it was.
    """

    rule: Rule
    n_rows: int
    n_violations: int
    sample: list[dict[str, Any]]
    error: str = ""


def quoted(name: str) -> str:
    """Quote a dotted name part by part, for a from clause."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in name.split("."))


def json_value(value: object) -> Any:
    """Return a value that strict JSON can hold: dates as ISO text, NaN and infinities as words."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(value)
    if isinstance(value, dt.date | dt.datetime | dt.time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): json_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [json_value(item) for item in value]
    return str(value)


def json_text(value: object) -> str:
    """Return compact JSON in ASCII, so that text of a source cannot steer a terminal."""
    return json.dumps(json_value(value), ensure_ascii=True, allow_nan=False)

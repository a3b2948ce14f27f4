"""Quality gates: rules derived from contracts, checks read from files, and the decision on what they found.

Great Expectations and pandas are imported only when a gate judges or writes its pages.
"""

from __future__ import annotations

from pipelines.contracts.rules import Measurement, Rule
from pipelines.validation.docs import write_data_docs
from pipelines.validation.files import sql_rules
from pipelines.validation.gate import GateResult, Verdict, judge
from pipelines.validation.rules import contract_rules, history_rules

__all__ = [
    "GateResult",
    "Measurement",
    "Rule",
    "Verdict",
    "contract_rules",
    "history_rules",
    "judge",
    "sql_rules",
    "write_data_docs",
]

"""Rules that follow from a contract."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from pipelines.contracts import FCT_EVENT_CARS, MARTS, Column, Table
from pipelines.contracts.rules import json_text, json_value, quoted
from pipelines.errors import ConfigurationError
from pipelines.validation import Rule, contract_rules, history_rules

ALL_KINDS = Table(
    name="all_kinds",
    grain="one row per name and day",
    key=("name", "day"),
    meaning="One column of each kind of rule",
    columns=(
        Column("name", "text", "name"),
        Column("day", "date", "day"),
        Column("share", "float", "share", nullable=True, minimum=0.0, maximum=1.0),
        Column("mood", "text", "mood", allowed=("it's fine", "?")),
        Column("spec", "json", "spec", nullable=True),
        Column("n", "integer", "count", nullable=True, minimum=0),
    ),
)


def test_a_contract_implies_these_checks_and_no_others() -> None:
    """Each property of a column becomes one named check."""
    assert [rule.check_name for rule in contract_rules(ALL_KINDS, "mart.all_kinds")] == [
        "columns",
        "unique_key",
        "not_null_name",
        "not_null_day",
        "finite_share",
        "in_range_share",
        "not_null_mood",
        "allowed_mood",
        "json_spec",
        "in_range_n",
    ]


def test_contract_checks_close_the_gate_at_the_first_row() -> None:
    """A broken contract is never only reported."""
    rules = [rule for table in MARTS for rule in contract_rules(table, f"mart.{table.name}")]
    assert {(rule.severity, rule.limit) for rule in rules} == {("fail", 0)}
    assert len({rule.name for rule in rules}) == len(rules)


def test_every_column_of_every_mart_is_checked() -> None:
    """No column is left to chance: its type is in the check 'columns', its nulls and values in others."""
    for table in MARTS:
        rules = {rule.check_name: rule for rule in contract_rules(table, f"mart.{table.name}")}
        assert all(f'as "{name}"' in rules["columns"].sql for name in table.names)
        assert {f"not_null_{column.name}" for column in table.columns if not column.nullable} <= set(rules)
        assert {f"finite_{column.name}" for column in table.columns if column.dtype == "float"} <= set(rules)


def test_identifiers_and_words_are_quoted() -> None:
    """A name or a word with a quote in it cannot end its literal."""
    rules = {rule.check_name: rule for rule in contract_rules(ALL_KINDS, 'odd schema.ta"ble')}
    assert rules["allowed_mood"].condition == "\"mood\" not in ('it''s fine', '?')"
    assert rules["not_null_name"].sql.startswith('select "name", "day" from "odd schema"."ta""ble" where')


def test_a_row_rule_shows_the_key_and_the_value() -> None:
    """The sample of a broken row holds its key and the column that is wrong, not the whole row."""
    rules = {rule.check_name: rule for rule in contract_rules(FCT_EVENT_CARS, "mart.fct_event_cars")}
    shown = '"study_id", "event_id", "symbol", "window_start", "window_end", "p_value"'
    assert rules["in_range_p_value"].sql == (
        f'select {shown} from "mart"."fct_event_cars" where "p_value" < 0.0 or "p_value" > 1.0'
    )


def test_history_is_compared_by_rows_and_by_date() -> None:
    """Without a last session only the number of rows is compared."""
    assert [rule.check_name for rule in history_rules("t", "mart.t", n_before=10)] == ["not_shrunk"]
    rules = history_rules("t", "mart.t", n_before=10, last_before=dt.date(2025, 1, 2))
    assert [rule.check_name for rule in rules] == ["not_shrunk", "not_older"]


@pytest.mark.parametrize("limit", [-1, float("nan"), float("inf")])
def test_a_limit_is_a_number_of_rows(limit: float) -> None:
    """A limit that no count can be compared with is refused."""
    with pytest.raises(ConfigurationError, match=r"check t\.c: the limit is a number of rows from 0 on"):
        Rule("c", "t", "fail", "select 1", limit=limit)


def test_a_severity_is_fail_or_warn() -> None:
    """Another word would be neither reported nor refused later on."""
    with pytest.raises(ConfigurationError, match="severity is one of"):
        Rule("c", "t", "error", "select 1")  # type: ignore[arg-type]


def test_samples_are_strict_json() -> None:
    """Dates, NaN and infinities, and text that steers a terminal, all become plain ASCII JSON."""
    assert json_value({"day": dt.date(2025, 1, 2)}) == {"day": "2025-01-02"}
    assert json_value(dt.datetime(2025, 1, 2, tzinfo=dt.UTC)) == "2025-01-02T00:00:00+00:00"
    assert json_value([float("nan"), -float("inf"), True, 1.5]) == ["nan", "-inf", True, 1.5]
    text = json_text({"title": "\x1b[31m\u202e<b>"})
    assert text.isascii()
    assert text.isprintable()
    assert json.loads(text) == {"title": "\x1b[31m\u202e<b>"}


def test_a_dotted_name_is_quoted_part_by_part() -> None:
    """Schema and table stay two names."""
    assert quoted("mart.fct_returns") == '"mart"."fct_returns"'

"""Checks read from SQL files."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.errors import ConfigurationError
from pipelines.validation import sql_rules

GOOD = """-- check: good
-- table: mart.fct_returns
-- severity: warn
-- limit: 3
-- why: 2026-11-23, three such rows are known;
--      the next one is news.
with bad as (select 1 as x)

select * from bad;
"""


def read(folder: Path, text: str) -> None:
    """Read a folder with one check of that text."""
    (folder / "good.sql").write_text(text, encoding="utf-8")
    sql_rules(folder)


def test_a_file_becomes_a_rule(tmp_path: Path) -> None:
    """Header and select become a rule; the reason may run over several lines, the limit may be left out."""
    (tmp_path / "good.sql").write_text(GOOD, encoding="utf-8")
    other = GOOD.replace("check: good", "check: a_good").replace("-- limit: 3\n", "")
    (tmp_path / "a_good.sql").write_text(other, encoding="utf-8")
    first, rule = sql_rules(tmp_path)
    assert (first.check_name, first.limit) == ("a_good", 0)
    assert (rule.check_name, rule.table_name, rule.relation) == ("good", "fct_returns", '"mart"."fct_returns"')
    assert (rule.severity, rule.limit) == ("warn", 3)
    assert rule.why == "2026-11-23, three such rows are known; the next one is news."
    assert rule.sql == "with bad as (select 1 as x)\n\nselect * from bad"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("-- severity: warn", "-- severity: error", r"good\.sql:3: severity is one of"),
        ("-- severity: warn", "-- severity", r"good\.sql:3: a header line is"),
        ("-- severity: warn", "-- grade: warn", r"good\.sql:3: a header line is .* got '-- grade: warn'"),
        ("-- severity: warn\n", "", r"good\.sql:6: the header lacks \['severity'\]"),
        ("-- table: mart.fct_returns", "-- table:", r"good\.sql:2: 'table' has no value"),
        ("-- table: mart", "-- check: x\n-- table: mart", r"good\.sql:2: 'check' is given twice"),
        ("-- check: good", "-- check: other", r"good\.sql:1: the check is named as its file, 'good'"),
        ("-- limit: 3", "-- limit: few", r"good\.sql:4: limit is a number of rows from 0 on, got 'few'"),
        ("-- limit: 3", "-- limit: -1", r"good\.sql:4: limit is a number"),
        ("with bad as", "delete from bad as", r"good\.sql:7: expected one select .* got 'delete'"),
        ("select * from bad;", "select * from bad; drop table t;", r"good\.sql:9: expected one statement"),
        ("select * from bad;", "select * from bad;\ndrop table t", r"good\.sql:9: expected one statement"),
        ("with bad as (select 1 as x)\n\nselect * from bad;\n", "", r"good\.sql:7: expected one .* got 'nothing'"),
    ],
)
def test_a_malformed_check_names_file_and_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    """Whoever writes a wrong check learns where it is wrong."""
    assert old in GOOD
    with pytest.raises(ConfigurationError, match=message):
        read(tmp_path, GOOD.replace(old, new))


def test_a_gate_without_checks_is_a_mistake(tmp_path: Path) -> None:
    """A wrong folder must not become a gate that lets everything pass."""
    with pytest.raises(ConfigurationError, match="found none"):
        sql_rules(tmp_path)


def test_the_checks_that_ship_can_be_read(root: Path) -> None:
    """Both gates have checks, and each says why it is there."""
    for gate in ("publish", "study"):
        rules = sql_rules(root / "sql" / "checks" / gate)
        assert rules
        assert all(rule.why.endswith(".") for rule in rules)

"""Every model of sql/staging, sql/core and sql/marts on small tables whose answer is worked out by hand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from tests.sql.case_runner import MODELS, SQL, Case, all_cases, built, differences, repeated_keys
from pipelines.contracts import PUBLISHED, QUARANTINE
from warehouse.models import Model

CASES = all_cases()
MART_CONTRACTS = {f"mart.{table.name}": table for table in (*PUBLISHED, QUARANTINE)}
LINES = 100
model_by_model = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)


@pytest.mark.parametrize("case", CASES, ids=[f"{case.model.name}/{case.folder.name}" for case in CASES])
def test_a_model_gives_the_expected_rows(case: Case) -> None:
    """A model turns the case's tables into exactly the expected rows, one per key."""
    with built(case) as connection:
        assert differences(connection, case) == []
        assert repeated_keys(connection, case.model) == []


@model_by_model
def test_every_model_has_a_case(model: Model) -> None:
    """No model is without a case."""
    assert [case for case in CASES if case.model.name == model.name]


@model_by_model
def test_the_header_names_the_tables_that_are_read(model: Model) -> None:
    """What `reads:` names is what the select refers to, so that models are built in the right order."""
    with duckdb.connect() as connection:
        (text,) = connection.execute("select json_serialize_sql($1::varchar)", [model.select]).fetchall()[0]
    tree = json.loads(text)
    assert tree["error"] is False
    assert set(_tables(tree)) == set(model.reads)
    assert len(model.reads) == len(set(model.reads))


@model_by_model
def test_a_model_reads_as_the_others_do(model: Model) -> None:
    """A model is short, starts with its header, ends with `* from final`, and writes keywords in lower case."""
    lines = model.select.splitlines()
    assert len(lines) < LINES
    assert [line.partition(":")[0] for line in lines[:4]] == ["-- grain", "-- key", "-- reads", "-- units"]
    assert re.search(r"^select(\s+\S.*,)*\s+\*\s+from final\s*\Z", model.select, flags=re.MULTILINE)
    assert _upper_case_keywords(model.select) == []


@model_by_model
def test_the_key_of_a_mart_is_that_of_its_contract(model: Model) -> None:
    """Header and contract agree on the key."""
    if model.name not in MART_CONTRACTS:
        pytest.skip("not a published table")
    key = tuple(name.strip() for name in model.header["key"].split(","))
    assert key == MART_CONTRACTS[model.name].key


@pytest.mark.parametrize("case", [case for case in CASES if case.model.name in MART_CONTRACTS], ids=str)
def test_a_mart_has_the_columns_of_its_contract(case: Case) -> None:
    """A mart yields the columns of its contract, all of them in their types."""
    with built(case) as connection:
        rows = connection.execute(
            f"select column_name, column_type from (describe {case.model.name})"
        ).fetchall()
    contract = MART_CONTRACTS[case.model.name]
    names = {"TIMESTAMP WITH TIME ZONE": "timestamptz"}
    found = {name: names.get(kind, kind.lower()) for name, kind in rows}
    assert found == {column.name: column.sql for column in contract.columns}


def test_every_published_table_but_the_record_has_a_model() -> None:
    """Each data table of the contracts is built by a file of sql/marts."""
    built_here = {model.path.stem for model in MODELS.values() if model.path.parent == SQL / "marts"}
    assert built_here == {table.name for table in PUBLISHED} - {"runs", "quality_checks"}


def _tables(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if node.get("type") == "BASE_TABLE" and node["schema_name"]:
            yield f"{node['schema_name']}.{node['table_name']}"
        for child in node.values():
            yield from _tables(child)
    elif isinstance(node, list):
        for child in node:
            yield from _tables(child)


def _upper_case_keywords(select: str) -> list[str]:
    starts = [(start, "keyword" in str(kind)) for start, kind in duckdb.tokenize(select)]
    ends = [start for start, _ in starts[1:]] + [len(select)]
    words = [select[start:end].split()[0] for (start, is_keyword), end in zip(starts, ends, strict=True) if is_keyword]
    return [word for word in words if word != word.lower()]

"""Every model of sql/staging, sql/core and sql/marts on small tables whose answer is worked out by hand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from pipelines.contracts import MARTS, QUARANTINE
from tests.sql.case_runner import MODELS, SQL, Case, all_cases, built, differences, repeated_keys
from warehouse.models import Model

CASES = all_cases()
MART_CONTRACTS = {f"mart.{table.name}": table for table in (*MARTS, QUARANTINE)}
LINES = 100
model_by_model = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
marts = pytest.mark.parametrize("mart", MART_CONTRACTS)


def name(case: Case) -> str:
    """Return a case's name in a report."""
    return f"{case.model.name}/{case.folder.name}"


@pytest.mark.parametrize("case", CASES, ids=name)
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
    header = [line.partition(":")[0] for line in lines[: lines.index("with")]]
    assert list(dict.fromkeys(header)) == ["-- grain", "-- key", "-- reads", "-- units"]
    assert header.count("-- reads") == len(header) - 3
    assert re.search(r"^select(\s+\S.*,)*\s+\*\s+from final\s*\Z", model.select, flags=re.MULTILINE)
    assert _upper_case_keywords(model.select) == []


@marts
def test_the_key_of_a_mart_is_that_of_its_contract(mart: str) -> None:
    """Header and contract agree on the key."""
    assert tuple(word.strip() for word in MODELS[mart].header["key"].split(",")) == MART_CONTRACTS[mart].key


@marts
def test_a_mart_has_the_columns_of_its_contract(mart: str) -> None:
    """A mart yields the columns of its contract, all of them in their types and no other."""
    with built(next(case for case in CASES if case.model.name == mart)) as connection:
        rows = connection.execute(f"select column_name, column_type from (describe {mart})").fetchall()
    shown = {"TIMESTAMP WITH TIME ZONE": "timestamptz"}
    found = {column: shown.get(kind, kind.lower()) for column, kind in rows}
    assert found == {column.name: column.sql for column in MART_CONTRACTS[mart].columns}


def test_every_data_table_has_a_model_and_every_mart_a_contract() -> None:
    """The files of sql/marts are the published tables, but for the record of runs and checks."""
    assert {model.name for model in MODELS.values() if model.path.parent == SQL / "marts"} == set(MART_CONTRACTS)


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
    words = [
        select[start:end].split(maxsplit=1)[0]
        for (start, is_keyword), end in zip(starts, ends, strict=True)
        if is_keyword
    ]
    return [word for word in words if word != word.lower()]

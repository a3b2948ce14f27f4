"""The queries that ship as examples: each says what it asks, runs in the sandbox, and yields rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.cli.sql_catalogue import EXAMPLES, example_records, example_text, notes
from pipelines.errors import ConfigurationError
from pipelines.home import MARTS_FILE
from tests.running import reaction_here
from warehouse.query import QueryResult, run_query

NAMES = [file.stem for file in sorted(EXAMPLES.glob("*.sql"))]

ON_THE_SAMPLE = [
    "deepseek_by_theme",
    "nvda_earnings",
    "export_controls",
    "event_clusters",
    "unused_pairs",
    "morning_reader",
]
"""Examples that have rows on the bundled sample, which has no index after 2020."""


def answer(home: Path, name: str) -> QueryResult:
    """Return what an example answers."""
    return run_query(home / MARTS_FILE, example_text(name))


def test_there_are_at_least_ten_questions() -> None:
    """The folder has them, and the list names each with its question."""
    records = example_records()
    assert len(records) >= 10
    assert [record["name"] for record in records] == NAMES
    assert all(record["question"].endswith("?") for record in records)


@pytest.mark.parametrize("name", NAMES)
def test_an_example_says_what_it_asks_and_what_to_look_at(name: str) -> None:
    """The head has both; the body ends as every query of the house."""
    text = example_text(name)
    said = notes(text)
    assert {"question", "look at"} <= set(said)
    assert text.rstrip().endswith("select * from final")


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_an_example_yields_rows_on_generated_marts(generated_home: Path, name: str) -> None:
    """On marts in which every study has pairs, each question has an answer."""
    assert answer(generated_home, name).rows


@pytest.mark.slow
def test_the_examples_find_what_was_put_into_the_prices(generated_home: Path) -> None:
    """The made-up sell-off is found where it was made, and in nobody else."""
    found = answer(generated_home, "selloff_winners_and_losers")
    symbols = [row[found.columns.index("symbol")] for row in found.rows]
    assert symbols == ["VRT", "NVDA", "8035.T"]
    against = answer(generated_home, "against_the_thesis")
    titles = [(row[1], str(row[0])) for row in against.rows]
    assert ("NVDA", "2023-05-25") in titles
    assert ("AMD", "2024-10-30") in titles


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_an_example_runs_on_real_prices(real_home: Path, name: str) -> None:
    """The same on the prices of a hundred securities."""
    assert answer(real_home, name).rows


def test_an_unknown_example_names_the_nearest() -> None:
    """A slip of the hand is answered with the name that was meant."""
    with pytest.raises(ConfigurationError, match="did you mean deepseek_by_theme"):
        example_text("deepseek_by_themes")


@pytest.mark.slow
def test_the_command_runs_an_example_by_name_and_by_file(generated_home: Path) -> None:
    """`--example NAME` and `-f FILE` are the same query."""
    by_name = reaction_here("sql", "--example", "nvda_earnings", "--format", "csv", home=generated_home)
    by_file = reaction_here("sql", "-f", EXAMPLES / "nvda_earnings.sql", "--format", "csv", home=generated_home)
    assert by_name.code == 0, by_name.err
    assert by_name == by_file
    assert by_name.out.startswith("event_session,event_id,car,")

"""The pages of docs/ keep up with the words of the tables."""

from __future__ import annotations

import re

import pytest

from pipelines.contracts.vocabulary import CONVENTIONS, MEASURES, MODELS, TESTS
from pipelines.home import PROJECT

METHODS = PROJECT / "docs" / "methods.md"


@pytest.mark.parametrize("word", [*MODELS, *TESTS])
def test_methods_has_a_row_for_every_model_and_test(word: str) -> None:
    """A model or test without its formula in docs/methods.md fails."""
    rows = [line.split("|")[1] for line in METHODS.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    assert any(f"`{word}`" in row for row in rows)


@pytest.mark.parametrize("word", sorted({*MEASURES, *CONVENTIONS} - {"return", "textbook"}))
def test_methods_names_every_measure_and_convention(word: str) -> None:
    """So does a measure or a convention that it does not name."""
    assert word in METHODS.read_text(encoding="utf-8")


EXAMPLES_PAGE = (PROJECT / "docs" / "examples.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [file.stem for file in sorted((PROJECT / "sql" / "examples").glob("*.sql"))])
def test_the_page_of_examples_shows_every_one(name: str) -> None:
    """An example without its answer in docs/examples.md fails; `docs/make_examples.py` writes the page."""
    assert f"(../sql/examples/{name}.sql)" in EXAMPLES_PAGE


def test_every_figure_of_the_page_is_there_and_no_other() -> None:
    """Links and files are the same."""
    linked = set(re.findall(r"\]\(figures/(\w+)\.svg\)", EXAMPLES_PAGE))
    assert linked == {file.stem for file in (PROJECT / "docs" / "figures").glob("*.svg")}

"""The pages of docs/ keep up with the words of the tables."""

from __future__ import annotations

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

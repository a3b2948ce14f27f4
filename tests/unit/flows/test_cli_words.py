"""The words that options list in their help are those of the vocabulary, which help does not import."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from flows.cli import words
from pipelines.contracts.vocabulary import (
    CONVENTIONS,
    LIVE_SOURCES,
    MEASURES,
    MODELS,
    RETURN_TYPES,
    STANDARD_ERRORS,
    TESTS,
)
from pipelines.event_study.conventions import OTHERS

HOMES = {
    "LiveSource": [word for word in LIVE_SOURCES if word != "fred"],
    "Model": MODELS,
    "Measure": MEASURES,
    "StandardErrors": STANDARD_ERRORS,
    "Returns": RETURN_TYPES,
    "Convention": CONVENTIONS,
    "OtherConvention": OTHERS,
    "Test": TESTS,
}


@pytest.mark.parametrize(("name", "home"), HOMES.items(), ids=HOMES)
def test_the_words_are_the_vocabulary_s(name: str, home: Any) -> None:
    """The same words in the same order; a word added in one place alone is found here."""
    assert get_args(getattr(words, name)) == tuple(home)

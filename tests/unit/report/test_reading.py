"""Which test the pages recommend."""

from __future__ import annotations

from pipelines.contracts.vocabulary import TESTS
from pipelines.report.reading import FIRST, NEXT, name_of_test, recommended


def test_the_adjusted_and_the_generalised_rank_test_come_first() -> None:
    """Both are marked where both hold, whatever else does."""
    assert recommended(set(TESTS)) == ("bmp_t_adjusted", "grank_t")


def test_the_next_that_holds_stands_in() -> None:
    """One of the others where neither holds, none where nothing does."""
    assert recommended({"placebo_p", "lamb_t", "sign_z"}) == ("placebo_p",)
    assert recommended({"cross_sectional_t"}) == ()


def test_only_tests_that_exist_are_recommended() -> None:
    """The words are those of the vocabulary."""
    assert set(FIRST + NEXT) <= set(TESTS)


def test_tests_are_named_in_words() -> None:
    """People and acronyms with their capitals, no underscore, no two tests alike."""
    assert [*map(name_of_test, ("bmp_t_adjusted", "corrado_zivney_sign_z"))] == [
        "BMP t adjusted",
        "Corrado Zivney sign z",
    ]
    named = [*map(name_of_test, TESTS)]
    assert len(set(named)) == len(TESTS)
    assert not [name for name in named if "_" in name]

"""A window is asked for in parts that are small enough, in the order of time, or not at all."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.sources.live import Outcome
from pipelines.sources.web.client import Page
from pipelines.sources.web.windows import Parts, in_parts
from tests.fake_clock import NOON


def ask_of(stamps: list[int], most: int, asked: list[tuple[int, int]] | None = None) -> Parts:
    """Ask a provider that answers at most so many stamps of a window."""

    def ask(first: int, last: int) -> Page:
        if asked is not None:
            asked.append((first, last))
        found = [stamp for stamp in sorted(stamps) if first <= stamp <= last]
        return Page(Outcome.OK, "", "", NOON, data=(len(found), found[:most]))

    return in_parts(0, 1000, ask, lambda page: page.data[0] > len(page.data[1]), 5000)


@given(st.lists(st.integers(0, 1000), max_size=60), st.integers(1, 5))
def test_parts_have_everything_once_and_in_order(stamps: list[int], most: int) -> None:
    """But what is crowded into one step."""
    parts = ask_of(stamps, most)
    found = [stamp for page in parts.pages for stamp in page.data[1]]
    expected = sorted(stamps)
    crowded = {stamp for stamp in stamps if stamps.count(stamp) > most}
    assert parts.failure is None
    assert [stamp for stamp in found if stamp not in crowded] == [stamp for stamp in expected if stamp not in crowded]
    assert all(found.count(stamp) == most for stamp in crowded)


def test_a_window_that_fits_is_asked_for_once() -> None:
    """As a whole."""
    asked: list[tuple[int, int]] = []
    ask_of([1, 2, 3], 3, asked)
    assert asked == [(0, 1000)]
    ask_of([1, 2, 999], 2, asked)
    assert asked[1:] == [(0, 1000), (0, 500), (501, 1000)]


@pytest.mark.parametrize("outcome", [Outcome.THROTTLED, Outcome.BROKEN, Outcome.REFUSED, Outcome.EMPTY])
def test_a_part_that_fails_ends_the_window(outcome: Outcome) -> None:
    """What came before it says nothing of the whole."""
    good = Page(Outcome.OK, "", "", NOON, data=False)
    pages = iter([replace(good, data=True), good, replace(good, outcome=outcome)])
    parts = in_parts(0, 9, lambda first, last: next(pages), lambda page: page.data, 99)
    assert parts.failure is not None
    assert parts.failure.outcome is outcome
    assert len(parts.pages) == 1


def test_a_window_of_too_many_requests_is_refused() -> None:
    """With a reason that says what to do."""
    cut = Page(Outcome.OK, "", "", NOON, data=True)
    asked: list[int] = []
    parts = in_parts(0, 1 << 20, lambda first, last: asked.append(first) or cut, lambda page: page.data, 10)
    assert parts.failure is not None
    assert parts.failure.outcome is Outcome.REFUSED
    assert "ask for parts of it" in parts.failure.reason
    assert len(asked) <= 10

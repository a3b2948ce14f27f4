"""Waits before a repetition."""

from __future__ import annotations

import random

import pytest

from pipelines.sources.web.retry import LONGEST_WAIT, Retries, retry_after, server_time
from tests.fake_clock import NOON, Drawn


def test_waits_are_drawn_from_zero_to_a_limit_that_doubles() -> None:
    """Full jitter: the whole range is drawn from."""
    rng = Drawn()
    retries = Retries(first=2, longest=10)
    assert [retries.wait(attempt, rng) for attempt in (1, 2, 3, 4, 5000)] == [2, 4, 8, 10, 10]
    assert {low for low, _ in rng.ranges} == {0}


def test_seeded_waits_are_the_same_again() -> None:
    """Chance is an argument."""
    one, other = (
        [Retries().wait(n, random.Random(3)) for n in (1, 2, 3)]  # noqa: S311 no secret
        for _ in range(2)
    )
    assert one == other


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("3", 3),
        (" 120 ", 120),
        ("0", 0),
        ("1.5", 1.5),
        ("Mon, 27 Jan 2025 12:00:30 GMT", 30),
        ("Monday, 27-Jan-25 12:00:30 GMT", 30),
        ("Mon, 27 Jan 2025 13:00:30 +0100", 30),
        ("Mon, 27 Jan 2025 11:00:00 GMT", 0),  # has passed
        ("99999999999999999999", LONGEST_WAIT),
        ("Fri, 01 Jan 2999 00:00:00 GMT", LONGEST_WAIT),
        ("1e999", None),
        ("-5", None),
        ("soon", None),
        ("3 seconds", None),
        ("", None),
        (None, None),
    ],
)
def test_fault_24_retry_after_is_read(text: str | None, seconds: float | None) -> None:
    """Seconds, an HTTP date in any of its forms, or nothing that can be read."""
    assert retry_after(text, NOON) == seconds


def test_fault_24_a_date_is_compared_with_the_servers_own_clock() -> None:
    """Ours may be wrong by an hour."""
    now = server_time("Mon, 27 Jan 2025 10:59:50 GMT", NOON)
    assert retry_after("Mon, 27 Jan 2025 11:00:00 GMT", now) == 10
    assert server_time("yesterday", NOON) == NOON
    assert server_time(None, NOON) == NOON

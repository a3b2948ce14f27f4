"""A host that only fails is left alone, and tried again."""

from __future__ import annotations

import pytest

from pipelines.sources.web.breaker import Breaker, Patience
from tests.fake_clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock."""
    return FakeClock()


@pytest.fixture
def breaker(clock: FakeClock) -> Breaker:
    """Return a breaker that opens for a minute at the third failure."""
    return Breaker(Patience(failures=3, pause=60, longest_pause=200), clock)


def fail(breaker: Breaker, times: int) -> None:
    """Fail in a row."""
    for _ in range(times):
        assert breaker.refuses_for() == 0
        breaker.failed()


def test_fault_25_failures_in_a_row_open_it(breaker: Breaker, clock: FakeClock) -> None:
    """It says for how long."""
    fail(breaker, 3)
    assert breaker.refuses_for() == 60
    clock.sleep(59)
    assert breaker.refuses_for() == 1


def test_a_success_between_failures_keeps_it_closed(breaker: Breaker) -> None:
    """Only failures in a row count."""
    for _ in range(5):
        fail(breaker, 2)
        breaker.succeeded()
    assert breaker.refuses_for() == 0


def test_after_the_pause_one_attempt_is_let_through(breaker: Breaker, clock: FakeClock) -> None:
    """The others wait for its end, which closes the breaker."""
    fail(breaker, 3)
    clock.sleep(60)
    assert breaker.refuses_for() == 0
    assert breaker.refuses_for() > 0
    breaker.succeeded()
    assert [breaker.refuses_for() for _ in range(3)] == [0, 0, 0]
    fail(breaker, 2)
    assert breaker.refuses_for() == 0


def test_each_failed_attempt_doubles_the_pause_to_a_limit(breaker: Breaker, clock: FakeClock) -> None:
    """One failure is enough then."""
    fail(breaker, 3)
    for pause in (60, 120, 200, 200):
        assert breaker.refuses_for() == pause
        clock.sleep(pause)
        fail(breaker, 1)


def test_an_attempt_that_was_not_made_leaves_the_way_free(breaker: Breaker, clock: FakeClock) -> None:
    """Else a half-open breaker would stay so for ever."""
    fail(breaker, 3)
    clock.sleep(60)
    assert breaker.refuses_for() == 0
    breaker.abandoned()
    assert breaker.refuses_for() == 0


def test_failures_of_requests_under_way_do_not_lengthen_the_pause(breaker: Breaker) -> None:
    """They were sent before it opened."""
    fail(breaker, 3)
    breaker.failed()
    assert breaker.refuses_for() == 60

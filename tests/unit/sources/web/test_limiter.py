"""Turns at a host: how many, how far apart, and what a throttle does to them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from pipelines.sources.web.breaker import Patience
from pipelines.sources.web.clock import SystemClock
from pipelines.sources.web.hosts import HOSTS, Hosts
from pipelines.sources.web.limiter import SLOWEST, Limiter, Rate
from tests.fake_clock import FakeClock

LATER = 1e9


def turns(limiter: Limiter, clock: FakeClock) -> Iterator[float]:
    """Yield the second of each turn after the start."""
    while True:
        assert limiter.acquire(LATER)
        yield clock.passed - 1000


def first(count: int, limiter: Limiter, clock: FakeClock) -> list[float]:
    """Return the seconds of the next turns."""
    each = turns(limiter, clock)
    return [next(each) for _ in range(count)]


def test_turns_come_at_the_rate_after_a_burst() -> None:
    """Three at once, then two a second."""
    clock = FakeClock()
    assert first(6, Limiter(Rate(2, burst=3), clock), clock) == pytest.approx([0, 0, 0, 0.5, 1, 1.5])


def test_a_pause_saves_up_one_burst_and_no_more() -> None:
    """An hour of silence is worth three turns."""
    clock = FakeClock()
    limiter = Limiter(Rate(2, burst=3), clock)
    first(3, limiter, clock)
    clock.sleep(3600)
    assert first(5, limiter, clock) == pytest.approx([3600, 3600, 3600, 3600.5, 3601])


def test_a_turn_after_the_deadline_is_not_taken() -> None:
    """It is said at once, and the turn is there for the next one."""
    clock = FakeClock()
    limiter = Limiter(Rate(0.1), clock)
    assert limiter.acquire(LATER)
    for _ in range(5):
        assert not limiter.acquire(1009)
    assert clock.slept == []
    assert first(1, limiter, clock) == pytest.approx([10])


def test_fault_24_after_a_throttle_there_is_no_burst_and_half_of_the_rate() -> None:
    """Nothing for the 30 s that the host named, then one by one, twice as far apart as before."""
    clock = FakeClock()
    limiter = Limiter(Rate(2, burst=5), clock)
    first(1, limiter, clock)
    limiter.lower(30)
    assert first(4, limiter, clock) == pytest.approx([30, 31, 32, 33])


def test_fault_24_no_burst_is_saved_up_before_the_rate_is_back() -> None:
    """Silence after a throttle is worth one turn."""
    clock = FakeClock()
    limiter = Limiter(Rate(2, burst=5), clock)
    limiter.lower(1)
    clock.sleep(3600)
    assert first(3, limiter, clock) == pytest.approx([3600, 3601, 3602])


def test_fault_25_the_rate_halves_to_a_floor_and_grows_back_with_successes() -> None:
    """Each success gives back a tenth, to the full rate and not beyond."""
    limiter = Limiter(Rate(2, burst=5), FakeClock())
    for _ in range(20):
        limiter.lower(0)
    assert limiter.per_second == 2 * SLOWEST
    limiter.ease()
    assert limiter.per_second == pytest.approx(2.2 * SLOWEST)
    for _ in range(100):
        limiter.ease()
    assert limiter.per_second == 2


def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    """Two threads are throttled, one for a minute, one for a second."""
    clock = FakeClock()
    limiter = Limiter(Rate(1), clock)
    limiter.lower(60)
    limiter.lower(1)
    assert first(1, limiter, clock) == pytest.approx([60])


def test_a_throttle_reaches_a_thread_that_waits_for_its_turn() -> None:
    """Its turn was due in half a second; then the host asked for 20 s."""

    class Throttled(FakeClock):
        def sleep(self, seconds: float) -> None:
            if not self.slept:
                limiter.lower(20)
            super().sleep(seconds)

    clock = Throttled()
    limiter = Limiter(Rate(2), clock)
    assert first(2, limiter, clock) == pytest.approx([0, 20])


def test_threads_share_the_turns() -> None:
    """Forty threads together take no more than one would."""
    limiter = Limiter(Rate(200), SystemClock())
    clock, start = SystemClock(), threading.Barrier(8)

    def five(_: int) -> list[float]:
        start.wait()
        return [clock.monotonic() for _ in range(5) if limiter.acquire(LATER * 1e3)]

    begun = clock.monotonic()
    with ThreadPoolExecutor(8) as pool:
        times = sorted(time for part in pool.map(five, range(8)) for time in part)
    assert len(times) == 40
    assert all(time >= begun + n / 200 - 0.002 for n, time in enumerate(times))


def test_clients_of_one_host_share_its_limiter_at_the_lower_rate() -> None:
    """Two sources that ask one host are one to it."""
    hosts = Hosts(FakeClock())
    one = hosts.of("a.test", Rate(5, burst=5), Patience())
    assert hosts.of("a.test", Rate(2, burst=9), Patience()) is one
    assert one.limiter.per_second == 2
    assert hosts.of("a.test", Rate(9), Patience()).limiter.per_second == 2
    assert hosts.of("b.test", Rate(9), Patience()) is not one


def test_the_process_has_one_table_of_hosts() -> None:
    """It runs by the machine's clock."""
    assert isinstance(HOSTS.clock, SystemClock)
    assert HOSTS.clock.now().tzinfo is not None


@pytest.mark.parametrize("rate", [(0, 1), (-1, 1), (float("nan"), 1), (1, 0)])
def test_a_rate_that_lets_nothing_through_is_a_mistake(rate: tuple[float, int]) -> None:
    """It would wait for ever."""
    with pytest.raises(ValueError, match="expected a rate above 0"):
        Rate(*rate)

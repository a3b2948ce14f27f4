"""Case 45: a backfill of twenty years, killed 50 times at random moments, ends as one that nobody disturbed.

24 symbols by default; ``BACKFILL_SYMBOLS=200`` for more.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

import pytest

from tests.faults.backfill_rig import Audit, QuickYahoo, context, names, quick_yahoo, start, table_hash

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

N_KILLS = 50
SEED = 20250127
SYMBOLS = names(int(os.environ.get("BACKFILL_SYMBOLS", "24")))
LONGEST_DELAY = 0.06
"""Seconds after a request within which the kill comes: longer than an answer and its commit take."""


@pytest.fixture(scope="module")
def yahoo() -> Iterator[QuickYahoo]:
    """Serve twenty years of every symbol."""
    with quick_yahoo(SYMBOLS) as server:
        yield server


@pytest.fixture(scope="module")
def warm() -> ForkServerContext:
    """Return a source of warm processes."""
    return context()


def kill_after(process: ForkServerProcess, yahoo: QuickYahoo, begin: int, n_requests: int, delay: float) -> bool:
    """Kill a process some time after it has asked for so many charts; tell whether it was still alive."""
    while process.is_alive() and yahoo.asked(begin).total() < n_requests:
        time.sleep(0.002)
    time.sleep(delay)
    is_alive = process.is_alive()
    process.kill()
    process.join()
    return is_alive


def test_fault_45_fifty_kills_change_nothing(yahoo: QuickYahoo, warm: ForkServerContext, tmp_path: Path) -> None:
    """I1-I4 and I7 hold after each kill, the hash is the same, and requests are 1 + failures for each chunk.

    What is acknowledged is never asked for again; a chunk that was asked for and not acknowledged has failed once. A
    home whose backfill ends before all kills are spent is followed by a new one.
    """
    undisturbed = tmp_path / "undisturbed"
    process = start(warm, undisturbed, yahoo, SYMBOLS)
    process.join(300)
    assert process.exitcode == 0
    expected = table_hash(undisturbed)
    Audit(undisturbed).check()

    rng = random.Random(SEED)  # noqa: S311
    most = max(3, len(SYMBOLS) // 8)
    n_kills = n_homes = 0
    while n_kills < N_KILLS:
        n_homes += 1
        audit = Audit(tmp_path / f"home-{n_homes}")
        requests, failures = Counter[str](), Counter[str]()
        is_killed = True
        while is_killed:
            begin = len(yahoo.log)
            process = start(warm, audit.home, yahoo, SYMBOLS)
            if n_kills == N_KILLS:
                process.join(300)
                is_killed = False
            else:
                is_killed = kill_after(process, yahoo, begin, rng.randint(1, most), rng.uniform(0, LONGEST_DELAY))
                n_kills += is_killed
            yahoo.settle()
            asked = yahoo.asked(begin)
            assert not set(asked) & set(audit.acknowledged), "a chunk that was done was asked for again"
            assert set(asked.values()) <= {1}, "a chunk was asked for more than once without a failure"
            audit.check()
            requests += asked
            failures += Counter(set(asked) - set(audit.acknowledged))
        assert requests == Counter(SYMBOLS) + failures
        assert process.exitcode == 0
        assert table_hash(audit.home) == expected
        assert set(audit.acknowledged) == set(SYMBOLS)
        assert_rerun_is_nothing(yahoo, warm, audit.home, expected)
    assert n_kills == N_KILLS


def assert_rerun_is_nothing(yahoo: QuickYahoo, warm: ForkServerContext, home: Path, expected: str) -> None:
    """I8: the same backfill again asks nothing and changes nothing."""
    begin = len(yahoo.log)
    process = start(warm, home, yahoo, SYMBOLS)
    process.join(60)
    assert process.exitcode == 0
    assert yahoo.asked(begin).total() == 0
    assert table_hash(home) == expected

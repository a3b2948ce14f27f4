"""I5: what was known at an instant never changes after it, whatever the vendor does next."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vendor import Follower, Vendor

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("trade"), st.floats(0.9, 1.1)),
        st.tuples(st.just("pay"), st.floats(0.002, 0.04)),
        st.tuples(st.just("split"), st.sampled_from([2.0, 4.0, 10.0, 0.1])),
        st.tuples(st.just("revise"), st.integers(1, 8)),
        st.tuples(st.just("running"), st.floats(0.9, 1.1)),
        st.tuples(st.just("unit"), st.just(100.0)),
        st.tuples(st.just("nothing"), st.just(0.0)),
    ),
    min_size=2,
    max_size=8,
)


def move(vendor: Vendor, follower: Follower, step: str, size: float) -> None:
    """Let the vendor do something, and fetch."""
    last = vendor.rows[len(vendor.rows) - 1][0]
    unit = 1.0
    if step == "trade":
        vendor.trade(last * size)
    elif step == "running":
        vendor.running = last * size
    elif step == "revise":
        vendor.revise(len(vendor.rows) - int(size), 1.003)
    elif step == "unit":
        unit = size
    elif step in ("pay", "split"):
        getattr(vendor, step)(size)
        vendor.trade(last * 1.01 if step == "pay" else last / size)
    follower.follow(vendor, unit=unit)


@settings(max_examples=8)
@given(steps=STEPS)
def test_what_was_known_at_an_instant_never_changes(steps: list[tuple[str, float]]) -> None:
    """A dump after every step equals, byte for byte, the dump as of that instant after all steps."""
    with tempfile.TemporaryDirectory() as folder:
        vendor, follower = Vendor(), Follower(Path(folder) / "warehouse.duckdb")
        for number in range(14):
            vendor.trade(100.0 + number % 5)
        dumps: dict[datetime, bytes] = {}
        follower.take(vendor.answer(follower.now, whole=True))
        at = follower.known_by()
        dumps[at] = follower.dump(at)
        for step, size in steps:
            move(vendor, follower, step, size)
            at = follower.known_by()
            dumps[at] = follower.dump(at)
        assert {instant: follower.dump(instant) for instant in dumps} == dumps
        follower.follow(vendor)
        held = {row[0]: row[1:] for row in follower.bars().select("date", "close", "adj_close").iter_rows()}
        # Everything held is on the vendor's basis of today: no return spans two.
        for (close, adj), (wanted, wanted_adj, _) in zip(held.values(), vendor.rows.values(), strict=True):
            assert (close, adj) == pytest.approx((wanted, wanted_adj), rel=1.01e-4)

"""What a backfill shows while it runs: pace, time left, pauses; and times as people say them."""

from __future__ import annotations

import pytest

from flows.backfill_tally import SourceTally, Tally
from flows.cli import backfill_progress
from flows.cli.backfill import _others, duration
from flows.cli.backfill_progress import Pace, line, progress


def tally(n_ended: int) -> Tally:
    """Return a tally of 500 chunks of which so many have ended, the last of them broken."""
    one = SourceTally("yahoo", 500)
    for _ in range(n_ended - 1):
        one.count("NVDA", "ok", "", n_rows=2500, n_requests=1)
    one.count("AMD", "broken", "expected json, got a page", n_requests=4)
    return Tally({"yahoo": one})


def test_the_line_says_all_there_is_to_know() -> None:
    """Chunks, rate, time left, rows, failures, and who is left alone for how long."""
    pace = Pace()
    pace.note(100.0, 0)
    pace.note(110.0, 100)
    shown = tally(100)
    assert line(shown, pace) == "100/500 chunks, 10.0/s, 00:40 left, 247,500 rows, 1 failures"
    shown.pauses = {"yahoo": 59.6}
    assert line(shown, pace).endswith("1 failures, yahoo is left alone for 60 s")
    assert (shown.n_left, shown.n_failed, shown.n_ended) == (401, 1, 100)
    assert shown.sources["yahoo"].reasons == {"broken": "AMD: expected json, got a page"}


def test_every_symbol_that_ended_badly_is_named_once() -> None:
    """The first with its reason; a list of hundreds is cut, and whole in JSON."""
    one = SourceTally("yahoo", 60)
    for number in (0, 0, *range(1, 20)):
        one.count(f"X{number}", "refused", "unknown symbol")
    one.count("OK", "ok", "")
    assert list(one.symbols) == ["refused"]
    assert len(one.symbols["refused"]) == 20
    assert _others([]) == ""
    assert _others(["X1", "X2"]) == "; so did X1, X2"
    assert _others(list(one.symbols["refused"])[1:]).endswith(", X15 and 4 more, see --json")


def test_the_pace_is_that_of_the_last_minute() -> None:
    """What was slow an hour ago does not make the rest look slow; before anything is seen nobody guesses."""
    pace = Pace()
    pace.note(0.0, 0)
    assert pace.left(10) == "--:--"
    pace.note(3600.0, 1)
    pace.note(3650.0, 101)
    assert pace.per_second == 2.0
    assert pace.left(20_000) == "2:46:40"


def test_without_a_terminal_there_is_a_plain_line_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line every few seconds on the error stream; none at all for JSON."""
    times = iter([0.0, 1.0, 5.5, 6.0, 11.0])
    monkeypatch.setattr(backfill_progress.time, "monotonic", lambda: next(times))
    with progress(show=True) as hear:
        for n_ended in (1, 10, 11, 20):
            hear(tally(n_ended))
    with progress(show=False) as hear:
        hear(tally(30))
    shown = capsys.readouterr()
    assert shown.out == ""
    assert [text.partition(" chunks")[0] for text in shown.err.splitlines()] == ["backfill: 10/500", "backfill: 20/500"]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (59, "59 s"), (61, "1 min 01 s"), (7260, "2 h 01 min"), (180_000, "2 d 02 h")]
)
def test_times_read_well(seconds: float, text: str) -> None:
    """The two largest units are enough."""
    assert duration(seconds) == text

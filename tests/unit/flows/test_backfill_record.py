"""A backfill is a run: it stands in the record of runs and in `reaction status`, however it ended."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from flows import backfill
from flows.backfill import run_backfill
from flows.backfill_plan import Scope
from flows.backfill_tally import Tally, listener
from pipelines.fake_providers.faults import page
from pipelines.fake_providers.market import Market, Security
from pipelines.fake_providers.yahoo import FakeYahoo
from pipelines.settings import Settings
from tests.running import reaction_here
from warehouse.connection import open_file

FIRST, LAST = date(2024, 1, 2), date(2024, 12, 31)
STOCKS = ("AAA", "BBB", "CCC")
SCOPE = Scope(FIRST, LAST, ("yahoo",), STOCKS, 365)


@pytest.fixture
def yahoo() -> Any:
    """Serve a year of three stocks."""
    with FakeYahoo(Market(9, date(2025, 1, 31), securities=[Security(name) for name in STOCKS])) as server:
        yield server


def recorded(settings: Settings) -> list[tuple[object, ...]]:
    """Return the rows of the record, in the order in which they were written."""
    with open_file(settings.warehouse_file, read_only=True) as connection:
        return connection.execute(
            "select flow, source, status, n_requests, n_rows, message from audit.runs order by rowid"
        ).fetchall()


def test_a_backfill_that_is_done_is_recorded_with_its_counts(yahoo: FakeYahoo, tmp_path: Path) -> None:
    """A row when it starts, one when it ends, with requests, rows and how many chunks ended how."""
    settings = Settings(home=tmp_path, yahoo_base_url=yahoo.base_url)
    done = run_backfill(settings, SCOPE)
    started, ended = recorded(settings)
    assert started == ("backfill", "yahoo", "running", None, None, None)
    assert ended == ("backfill", "yahoo", "done", 3, done.tally.n_rows, "3 of 3 chunks are done: 3 ok")
    assert done.tally.n_rows > 3 * 240
    run_backfill(settings, SCOPE)
    again = ("backfill", "yahoo", "done", 0, 0, "0 of 0 chunks are done (3 were done before)")
    assert recorded(settings)[-1] == again


def test_status_shows_a_backfill_with_what_is_left(yahoo: FakeYahoo, tmp_path: Path) -> None:
    """The chunk that failed, its reason and the beginning of what came stand in `reaction status`."""
    settings = Settings(home=tmp_path, yahoo_base_url=yahoo.base_url)
    yahoo.arm(page(), "BBB")
    run_backfill(settings, SCOPE)
    record = reaction_here("status", "--json", home=tmp_path).json
    [run] = record["runs"]
    assert (run["flow"], run["source"], run["status"], run["n_requests"]) == ("backfill", "yahoo", "partial", 3)
    assert run["message"].startswith("2 of 3 chunks are done: 2 ok, 1 broken; first broken: BBB: expected json")
    assert run["finished_at"] > run["started_at"]
    [rejected] = record["rejected"]
    assert (record["n_rejected"], rejected["object"], rejected["state"]) == (1, "BBB", "broken")
    shown = reaction_here("status", home=tmp_path).out
    assert "backfill" in shown
    assert "2 of 3 chunks are done" in shown
    assert "answers of which nothing was stored, the newest of 1, kept in audit.rejected_answers" in shown


def test_a_backfill_that_fails_is_recorded_with_its_error(
    yahoo: FakeYahoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be explained ends it too; the record has its words."""
    settings = Settings(home=tmp_path, yahoo_base_url=yahoo.base_url)

    def fail(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(backfill, "plan_backfill", fail)
    with pytest.raises(OSError, match="no space left"):
        run_backfill(settings, SCOPE)
    assert recorded(settings)[-1][2:] == ("failed", None, None, "OSError: no space left on device")


def test_a_backfill_that_runs_is_seen_running(yahoo: FakeYahoo, tmp_path: Path) -> None:
    """While it asks, `reaction status` names the process and shows a run without an end."""
    settings = Settings(home=tmp_path, yahoo_base_url=yahoo.base_url)
    seen: list[dict[str, Any]] = []

    def look(_: Tally) -> None:
        seen.append(reaction_here("status", "--json", home=tmp_path).json)

    token = listener.set(look)
    run_backfill(settings, SCOPE)
    listener.reset(token)
    assert seen[0]["running"].startswith("reaction backfill by process")
    [run] = seen[0]["runs"]
    assert (run["flow"], run["status"], run["finished_at"]) == ("backfill", "running", None)

"""The body of a run: the order of its stages, what it announces, and the record of how it ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import polars as pl
import pytest

from flows import pipeline, stages
from flows.pipeline import STAGES, run_pipeline, stage_title
from flows.progress import listener
from pipelines.errors import GateClosedError, SourceError, WarehouseBusyError, WarehouseError
from pipelines.settings import Settings
from warehouse.lease import holder

NOTHING = SimpleNamespace(
    input_hash="0",
    is_partial=False,
    complaint="",
    is_new=True,
    refreshed=(),
    prices=SimpleNamespace(n_rows=0),
    raise_if_closed=lambda: None,
)
"""What any stage may return."""


@dataclass
class Ledger:
    """What a run wrote into its record; `refuses` makes the warehouse refuse every row but the first."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    refuses: Exception | None = None

    def record(self, _: object, row: pl.DataFrame, gates: object = None) -> None:
        """Take a row."""
        del gates
        if self.rows and self.refuses is not None:
            raise self.refuses
        self.rows += row.to_dicts()

    @property
    def endings(self) -> list[tuple[str, str | None]]:
        """Return status and message of each row."""
        return [(row["status"], row["message"]) for row in self.rows]


@pytest.fixture
def ledger(monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """Stand in for the warehouse."""
    kept = Ledger()
    monkeypatch.setattr(stages, "record", kept.record)
    return kept


@pytest.fixture
def heard() -> Iterator[list[tuple[str, int, int]]]:
    """Return what is announced."""
    told: list[tuple[str, int, int]] = []
    token = listener.set(lambda *news: told.append(news))
    yield told
    listener.reset(token)


def settings(home: Path) -> Settings:
    """Return settings with a home."""
    return Settings(home=home)


def failing_at(stage: Callable[..., Any], error: BaseException) -> Callable[..., Any]:
    """Return a call that does nothing, and raises at one stage."""

    def call(asked: Callable[..., Any], *_: object) -> Any:
        if asked is stage:
            raise error
        return NOTHING

    return call


def test_stages_come_in_order_and_are_announced(
    tmp_path: Path, ledger: Ledger, heard: list[tuple[str, int, int]]
) -> None:
    """Each stage is called once, in the order of STAGES, and announced before it starts with how many are done."""
    called: list[Callable[..., Any]] = []

    def call(stage: Callable[..., Any], *_: object) -> Any:
        called.append(stage)
        return NOTHING

    run_pipeline(settings(tmp_path), call)

    assert called == list(STAGES)
    titles = [*map(stage_title, STAGES), "done"]
    assert heard == [(title, done, 7) for done, title in enumerate(titles)]
    assert ledger.endings == [("running", None), ("published", None)]


def test_the_lock_is_held_during_the_run_and_no_longer(tmp_path: Path, ledger: Ledger) -> None:
    """While a stage is at work the home is locked; afterwards it is free, also if the run failed."""
    seen: list[str | None] = []

    def call(*_: object) -> Any:
        seen.append(holder(tmp_path / "run.lock"))
        raise SourceError("prices.csv: there is no such file or folder")

    with pytest.raises(SourceError, match=r"prices\.csv"):
        run_pipeline(settings(tmp_path), call)

    assert seen[0] is not None
    assert seen[0].startswith("reaction run by process")
    assert holder(tmp_path / "run.lock") is None
    assert ledger.endings[-1] == ("failed", "SourceError: prices.csv: there is no such file or folder")


def test_a_closed_gate_is_recorded_as_such(tmp_path: Path, ledger: Ledger) -> None:
    """A run that a gate stops ends as gate_closed with the gate's words, and publishes nothing."""
    error = GateClosedError("gate publish is closed: fct_returns.unique_key: 1 row breaks it")

    with pytest.raises(GateClosedError, match="gate publish is closed"):
        run_pipeline(settings(tmp_path), failing_at(stages.check_marts, error))
    assert ledger.endings[-1] == ("gate_closed", f"GateClosedError: {error}")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(143)], ids=["Ctrl-C", "SIGTERM"])
def test_a_stop_is_recorded(tmp_path: Path, ledger: Ledger, error: BaseException) -> None:
    """A run that is stopped ends as failed, with words for it, and the stop goes on to the caller."""
    with pytest.raises(type(error)):
        run_pipeline(settings(tmp_path), failing_at(stages.run_studies, error))

    assert ledger.endings == [("running", None), ("failed", "stopped by a signal")]
    assert ledger.rows[-1]["finished_at"] is not None


def test_a_stop_inside_a_query_is_raised_as_the_stop(tmp_path: Path, ledger: Ledger) -> None:
    """Prefect knows its own stop, and would take DuckDB's error around it for a failure of the flow."""
    wrapped = RuntimeError("Query interrupted")
    wrapped.__cause__ = KeyboardInterrupt()

    with pytest.raises(KeyboardInterrupt):
        run_pipeline(settings(tmp_path), failing_at(stages.run_studies, wrapped))
    assert ledger.endings[-1] == ("failed", "stopped by a signal")


def test_a_stop_that_python_drops_ends_the_run_at_the_next_stage(tmp_path: Path, ledger: Ledger) -> None:
    """A signal can hit where nothing can be raised; the stage ends as usual, the next one does not begin."""
    called: list[Callable[..., Any]] = []

    class Ending:
        def __del__(self) -> None:
            raise KeyboardInterrupt

    def call(stage: Callable[..., Any], *_: object) -> Any:
        called.append(stage)
        if stage is stages.run_studies:
            Ending()
        return NOTHING

    with pytest.raises(KeyboardInterrupt):
        run_pipeline(settings(tmp_path), call)
    assert called[-1] is stages.run_studies
    assert ledger.endings[-1] == ("failed", "stopped by a signal")


@pytest.mark.parametrize(
    "refusal",
    [WarehouseBusyError("held by process 7"), WarehouseError("no space"), duckdb.IOException("disk"), OSError("disk")],
    ids=lambda error: type(error).__name__,
)
def test_a_record_that_cannot_be_written_hides_nothing(tmp_path: Path, ledger: Ledger, refusal: Exception) -> None:
    """When the warehouse does not take the record of a failure, the failure itself is what the caller gets."""
    ledger.refuses = refusal

    with pytest.raises(SourceError, match=r"prices\.csv"):
        run_pipeline(settings(tmp_path), failing_at(stages.ingest, SourceError("prices.csv is empty")))
    assert ledger.endings == [("running", None)]


def test_scratch_is_removed_however_the_run_ends(tmp_path: Path, ledger: Ledger) -> None:
    """The scratch database of a killed run goes when the next one starts, its own when it ends."""
    scratch = tmp_path / "build"
    scratch.mkdir()
    (scratch / "killed.duckdb").touch()

    def call(*_: object) -> Any:
        assert list(scratch.iterdir()) == []
        (scratch / "mine.duckdb").touch()
        raise SourceError("prices.csv is empty")

    with pytest.raises(SourceError, match="empty"):
        run_pipeline(settings(tmp_path), call)
    assert list(scratch.iterdir()) == []
    assert len(ledger.rows) == 2


def test_a_stage_is_called_plainly_without_prefect() -> None:
    """Without Prefect a stage is a function call and nothing more."""
    assert pipeline.plainly(lambda one, two: one + two, 1, 2) == 3

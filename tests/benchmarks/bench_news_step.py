"""Measure how long a poll of ten thousand items takes to be stored and read, as the store grows.

    uv run python tests/benchmarks/bench_news_step.py             ten polls of 10,000 items
    uv run python tests/benchmarks/bench_news_step.py --polls 30  more of them

Each line is one poll: CPU seconds to store it and to store the same again (nothing is new), and, after the first, a
middle and the last poll, to read all that is stored: staging, core and the marts of news. CPU seconds, because others
may use the machine; on an idle one they are also the most that the clock shows.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench_news import headlines, rows_of

from flows.core import build_core
from flows.news_store import Answered, store_answers
from flows.run import model_variables, models
from pipelines.settings import Settings
from pipelines.sources.live import Outcome
from pipelines.sources.news import ITEM_COLUMNS, NewsAnswer, NewsRequest
from warehouse.connection import open_file, transaction
from warehouse.migrations import migrate
from warehouse.models import run_ready
from warehouse.workspace import open_workspace, set_variables

PER_POLL = 10_000
START = datetime(2025, 1, 1, tzinfo=UTC)


def polls(n_polls: int) -> list[Answered]:
    """Return answers of ten thousand items, one a day."""
    rows = rows_of(headlines(n_polls * PER_POLL))
    assert isinstance(rows, pl.DataFrame)
    kinds = {name: dtype for name, dtype in ITEM_COLUMNS.items() if name in rows.columns}
    items = rows.with_columns(time_basis=pl.lit("offset")).select(
        pl.col(name).cast(kind) for name, kind in kinds.items()
    )
    found = []
    for number in range(n_polls):
        begin = START + timedelta(days=number)
        request = NewsRequest("everything", begin, begin + timedelta(days=1) - timedelta(seconds=1))
        part = items.slice(number * PER_POLL, PER_POLL)
        answer = NewsAnswer(request, Outcome.OK, begin + timedelta(days=1, hours=1), "https://x.example", items=part)
        found.append(Answered("gdelt", answer))
    return found


def store(file: Path, number: int, answered: Answered) -> tuple[float, int]:
    """Store a poll; return the CPU seconds and how many items were new."""
    begin = time.process_time()
    with open_file(file) as connection, transaction(connection):
        (n_new,) = store_answers(connection, f"run-{number}", [answered])
    return time.process_time() - begin, n_new


def read(settings: Settings) -> float:
    """Build everything that is read from news; return the CPU seconds."""
    begin = time.process_time()
    with open_workspace(settings.home / "build.duckdb", settings.warehouse_file) as connection:
        set_variables(connection, model_variables(settings, "sample"))
        objects = connection.execute("select distinct source, object from raw.batches").fetchall()
        build_core(connection, models(), objects, settings.calendar_folder)
        run_ready(connection, [model for model in models() if model.name.startswith("mart.fct_news")])
        return time.process_time() - begin


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--polls", type=int, default=10)
    options = parser.parse_args()
    answers = polls(options.polls)
    shown = {1, max(1, options.polls // 2), options.polls}
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder))
        with open_file(settings.warehouse_file) as connection:
            migrate(connection)
        for number, answered in enumerate(answers, 1):
            seconds, n_new = store(settings.warehouse_file, number, answered)
            again, n_again = store(settings.warehouse_file, number, answered)
            assert (n_new, n_again) == (PER_POLL, 0)
            line = f"stored {number * PER_POLL:9,}  poll {seconds:.2f} s  the same again {again:.2f} s"
            if number in shown:
                line += f"  read all {read(settings):.2f} s"
            print(line, flush=True)


if __name__ == "__main__":
    main()

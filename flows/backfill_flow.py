"""The Prefect flow of a backfill; importing this imports Prefect."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import deployment

from flows.backfill import Backfilled, run_backfill
from flows.backfill_plan import CHUNK_DAYS, Scope, newest_day, wanted_of
from pipelines.errors import SourceError
from pipelines.settings import load_settings


@flow(
    name="backfill",
    description="Fill the warehouse with histories from live sources; goes on where the last one ended.",
    persist_result=False,
)
def backfill(
    *,
    first: date,
    last: date | None = None,
    symbols: list[str] | None = None,
    sources: list[str] | None = None,
    chunk: int = CHUNK_DAYS,
    settings: dict[str, Any] | None = None,
) -> Backfilled:
    """Run the backfill with a task for each group of symbols.

    Parameters
    ----------
    first, last : date
        Days, both included; by default up to the last one that is over everywhere.
    symbols : list of str, optional
        By default those of the settings, else all that the sources can serve.
    sources : list of str, optional
        Words of live sources, yahoo by default.
    settings : dict, optional
        Settings that override ``reaction.toml`` and the environment, by name.

    Raises
    ------
    SourceError
        In a run of a deployment, if something is left; the next run goes on there.
    """
    chosen = load_settings(**(settings or {}))
    words = tuple(sources or ["yahoo"])
    scope = Scope(
        first, last or newest_day(datetime.now(UTC)), words, wanted_of(chosen, words, tuple(symbols or ())), chunk
    )
    done = run_backfill(chosen, scope, call=_as_task)
    if deployment.id is not None and not done.is_complete:
        raise SourceError(f"{done.tally.n_left} of {done.tally.n_chunks} chunks are left; run it again to go on there")
    return done


def _as_task(work: Callable[..., Any], *args: Any) -> Any:
    return task(name="fill a group", cache_policy=NO_CACHE, persist_result=False)(work)(*args)

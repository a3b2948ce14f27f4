"""``reaction backfill`` for sources of news."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from flows.news_backfill import NewsBackfilled
    from flows.news_backfill_plan import NewsPlan
    from pipelines.settings import Settings


def fill(settings: Settings, words: Sequence[str], days: tuple[date, date | None], *, show: bool) -> NewsBackfilled:
    """Fill the days of the sources, and say which of them have no history."""
    from datetime import UTC, datetime

    from flows.backfill_tally import listener
    from flows.cli.backfill_progress import progress
    from flows.news_backfill import run_news_backfill
    from flows.news_backfill_plan import checked_days
    from flows.stopping import stoppable

    scope = checked_days(*days, datetime.now(UTC))
    with stoppable(), progress(show=show) as hear:
        token = listener.set(hear)
        try:
            done = run_news_backfill(settings, words, scope)
        finally:
            listener.reset(token)
    if show:
        print_without_history(done.plan)
    return done


def show_plan(settings: Settings, words: Sequence[str], days: tuple[date, date | None], *, as_json: bool) -> None:
    """Print how much there is to ask and how long it takes at least; ask nothing."""
    from datetime import UTC, datetime

    from flows.cli.backfill import duration
    from flows.cli.output import print_json, print_table
    from flows.news_backfill import plan_news_backfill
    from flows.news_backfill_plan import checked_days

    scope = checked_days(*days, datetime.now(UTC))
    plan = plan_news_backfill(settings, words, scope)
    asked = [word for word in plan.words if word not in plan.without_history]
    rows = [
        (
            word,
            len({chunk.query for chunk in plan.of(word)}),
            len(plan.of(word)),
            plan.least_requests(word),
            plan.least_seconds(word, settings),
        )
        for word in asked
    ]
    if as_json:
        names = ("source", "queries", "chunks", "requests_at_least", "seconds_at_least")
        record = {"from": scope[0], "to": scope[1], "chunks": len(plan.chunks), "done": plan.n_done}
        sources = [dict(zip(names, row, strict=True)) for row in rows]
        print_json(record | {"without_history": list(plan.without_history), "sources": sources})
        return
    title = f"{scope[0]} to {scope[1]}: {len(plan.chunks):,} chunks to ask for, {plan.n_done:,} done already"
    told = [(*row[:4], duration(row[4])) for row in rows]
    print_table(["source", "queries", "chunks", "requests at least", "at least"], told, title=title)
    if "edgar" in asked and not plan.of("edgar"):
        print("edgar: its filers are known once the SEC's map of tickers is stored, which the backfill itself asks for")
    print_without_history(plan)
    print("nothing was asked")


def print_without_history(plan: NewsPlan) -> None:
    """Say which sources cannot be filled."""
    for word in plan.without_history:
        print(f"{word}: no history; it has its newest items alone, which `reaction run --news {word}` keeps")

"""What is kept of answers that are not stored: their bars, or the beginning of a body that could not be read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final

import polars as pl

from flows.live import State, SymbolResult
from flows.restating import stored_as
from pipelines.contracts import REJECTED_ANSWERS, REJECTED_BARS
from pipelines.sources.batch import content_hash
from pipelines.sources.live import Answer, Outcome
from warehouse.rejected import Rejected

MOST_BARS: Final = 10_000
"""Bars that are kept of an answer, the newest ones: forty years of days."""

WHERE: Final = "what was answered is kept in audit.rejected_answers of the warehouse, see `reaction status`"

_KEPT: Final = {State.QUARANTINED: Outcome.OK, State.BROKEN: Outcome.BROKEN}
"""Which answers of a result are kept, by its state: those that were read, or those that could not be."""


def rejected(run_id: str, provider: str, results: Iterable[SymbolResult]) -> Rejected:
    """Return the answers of which nothing is stored.

    Parameters
    ----------
    provider : str
        A word of LIVE_SOURCES.
    """
    answers, bars = [], [REJECTED_BARS.empty()]
    for result in results:
        for answer in result.answers:
            if answer.outcome is _KEPT.get(result.state):
                content = content_hash(answer.bars) if answer.bars.height else None
                answers.append(_answer_row(run_id, provider, result, answer, content))
                bars += [_bar_rows(answer, content)] if content is not None else []
    frame = pl.DataFrame(answers, schema=REJECTED_ANSWERS.polars_schema)
    return Rejected(frame, pl.concat(bars).unique(REJECTED_BARS.key, maintain_order=True))


def _answer_row(
    run_id: str, provider: str, result: SymbolResult, answer: Answer, content: str | None
) -> dict[str, object]:
    source, name = stored_as(provider, result.symbol, answer.request.interval)
    actions = [(str(day), kind, value) for day, kind, value in answer.actions.select("date", "kind", "value").rows()]
    return {
        "run_id": run_id,
        "source": source,
        "object": name,
        "first_date": answer.request.first,
        "last_date": answer.request.last,
        "fetched_at": answer.fetched_at,
        "url": answer.url,
        "state": "broken" if answer.outcome is Outcome.BROKEN else "quarantined",
        "reason": answer.reason or result.reason,
        "body": answer.body or None,
        "actions": json.dumps(actions) if actions else None,
        "content_hash": content,
        "n_bars": answer.bars.height,
    }


def _bar_rows(answer: Answer, content: str) -> pl.DataFrame:
    rows = answer.bars.with_row_index("row_number").with_columns(
        pl.col("row_number").cast(pl.Int64), content_hash=pl.lit(content)
    )
    return REJECTED_BARS.conform(rows.tail(MOST_BARS))

"""Store what sources of news answer: what an item says anew, how each request ended, and by what a feed is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import duckdb
import polars as pl

from flows.inputs import incoming
from pipelines.contracts import FEED_VALIDATORS, REQUESTS
from pipelines.contracts.vocabulary import NEWS_SOURCES
from pipelines.news.items import SAID, new_versions
from pipelines.sources.batch import RawBatch
from pipelines.sources.live import Outcome
from pipelines.sources.news import NewsAnswer
from warehouse.live_record import stored_objects
from warehouse.news_record import SOURCE, keep_validators, said_before
from warehouse.store import append, record_requests

KEPT_CHARACTERS: Final = 200
"""Beginning of a body that could not be read, as it is kept with the reason."""

MEASURED: Final = (Outcome.OK, Outcome.EMPTY)
LONGEST_GAP: Final = timedelta(days=2)
"""Time between two polls of a source without history after which nobody knows what has come and gone."""


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer and what it is an answer to.

    Attributes
    ----------
    word : str
        A word of NEWS_SOURCES.
    since : datetime or None
        For a source without history, the answer before this one, since which it has been watched.
    """

    word: str
    answer: NewsAnswer
    since: datetime | None = None

    @property
    def object(self) -> str:
        """What was asked for, by the name under which it is stored."""
        return object_name(self.word, self.answer.request.query)

    @property
    def is_measured(self) -> bool:
        """Whether the source said what there is."""
        return self.answer.outcome in MEASURED


def object_name(word: str, query: str) -> str:
    """Return the name under which what a query finds is stored."""
    return f"{word}:{query}"


@dataclass(slots=True)
class Polled:
    """What became of the requests to one source.

    Attributes
    ----------
    n_objects : int
        Feeds, filers or queries.
    n_found, n_new : int
        Items in the answers, and those of them that said something new and are stored.
    reasons : dict
        First reason of each outcome that is none of ok and empty, with what it was about.
    """

    source: str
    n_objects: int
    outcomes: Counter[str] = field(default_factory=Counter)
    n_found: int = 0
    n_new: int = 0
    reasons: dict[str, str] = field(default_factory=dict)

    @property
    def is_partial(self) -> bool:
        """Whether something is lacking that a later run may get."""
        return bool(self.outcomes["throttled"] + self.outcomes["broken"])

    @property
    def complaint(self) -> str:
        """Return what is lacking in one sentence, with the first reason; empty if nothing is."""
        lacking = [outcome for outcome in ("throttled", "broken") if self.outcomes[outcome]]
        told = "; ".join(f"{self.outcomes[outcome]:,} {outcome}, first {self.reasons[outcome]}" for outcome in lacking)
        return f"news of {NEWS_SOURCES[self.source]}: {told}" if told else ""

    @property
    def sentence(self) -> str:
        """Return how the requests ended and what was stored."""
        ended = ", ".join(f"{n:,} {outcome}" for outcome, n in sorted(self.outcomes.items())) or "nothing asked"
        return (
            f"{self.source}: {self.n_objects:,} followed; requests: {ended}; {self.n_found:,} items, {self.n_new:,} new"
        )

    def count(self, answered: Answered, n_new: int) -> None:
        """Count an answer that is stored."""
        answer = answered.answer
        self.outcomes[answer.outcome.value] += 1
        self.n_found += answer.items.height
        self.n_new += n_new
        if not answered.is_measured:
            self.reasons.setdefault(answer.outcome.value, f"{answer.request.query}: {answer.reason}")


def store_answers(connection: duckdb.DuckDBPyConnection, run_id: str, answers: Sequence[Answered]) -> list[int]:
    """Store answers and the record of their requests inside of the caller's transaction.

    Returns
    -------
    list of int
        Items of each answer that said something new.
    """
    begun = set(stored_objects(connection, SOURCE))
    counts = [_store(connection, run_id, one, begun) for one in answers]
    record_requests(connection, news_request_rows(run_id, answers))
    keep_validators(connection, _validator_rows(run_id, answers))
    return counts


def _store(connection: duckdb.DuckDBPyConnection, run_id: str, answered: Answered, begun: set[str]) -> int:
    items = answered.answer.items
    if items.is_empty():
        return 0
    new = new_versions(items, said_before(connection, items, SAID))
    if new.is_empty():
        return 0
    answer, name = answered.answer, answered.object
    batch = RawBatch(SOURCE, name, answer.url, new.with_row_index("row_number"), answer.fetched_at)
    append(connection, [incoming(batch, "append" if name in begun else "full")], run_id)
    begun.add(name)
    return new.height


def news_request_rows(run_id: str, answers: Iterable[Answered]) -> pl.DataFrame:
    """Return the record of requests: contract ``requests``, a row for each answer."""
    rows = [
        {
            "run_id": run_id,
            "source": SOURCE,
            "object": one.object,
            "first_date": _first(one).date(),
            "last_date": (one.answer.request.last or one.answer.fetched_at).date(),
            "outcome": one.answer.outcome.value,
            "reason": _reason(one.answer) or None,
            "url": one.answer.url,
            "fetched_at": one.answer.fetched_at,
            "n_rows": one.answer.items.height if one.is_measured else None,
        }
        for one in answers
    ]
    return pl.DataFrame(rows, schema=REQUESTS.polars_schema)


def _first(answered: Answered) -> datetime:
    """Return the instant from which on an answer tells; a source without history is watched from poll to poll."""
    answer = answered.answer
    if answer.request.first is not None:
        return answer.request.first
    watched = answered.since if answered.since is not None else answer.fetched_at
    return max(watched, answer.fetched_at - LONGEST_GAP)


def _reason(answer: NewsAnswer) -> str:
    is_shown = answer.outcome is Outcome.BROKEN and answer.body
    return answer.reason + (f"; it begins with {answer.body[:KEPT_CHARACTERS]!r}" if is_shown else "")


def _validator_rows(run_id: str, answers: Iterable[Answered]) -> pl.DataFrame:
    rows = [
        {
            "run_id": run_id,
            "address": one.answer.request.query,
            "etag": _fact(one.answer.extra, "etag"),
            "last_modified": _fact(one.answer.extra, "last_modified"),
            "fetched_at": one.answer.fetched_at,
        }
        for one in answers
        if one.word == "feeds"
        and one.is_measured
        and ("etag" in one.answer.extra or "last_modified" in one.answer.extra)
    ]
    return pl.DataFrame(rows, schema=FEED_VALIDATORS.polars_schema)


def _fact(extra: Mapping[str, str], name: str) -> str | None:
    return extra.get(name) or None

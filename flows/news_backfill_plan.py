"""Which chunks of days a backfill of news asks for, without those that the ledger says are done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain, zip_longest
from typing import Final

from flows.backfill_plan import Days, is_covered, newest_day
from flows.news_sources import checked_sources, news_queries, news_rate
from flows.news_store import object_name
from flows.news_windows import cut
from pipelines.contracts.vocabulary import NEWS_SOURCES
from pipelines.errors import ConfigurationError
from pipelines.settings import Settings
from pipelines.sources.news import NewsRequest
from warehouse.news_record import SOURCE

CHUNK_DAYS: Final[Mapping[str, int]] = {"edgar": 365, "hackernews": 30, "arxiv": 30, "gdelt": 1, "huggingface": 3650}
"""Days of a chunk by source; a source that is not here has no history."""

LEAST_REQUESTS: Final[Mapping[str, int]] = {"gdelt": 96}
"""Requests of a full chunk if nothing is found; one if a source is not named."""

_SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some days of one query."""

    word: str
    query: str
    days: Days

    @property
    def request(self) -> NewsRequest:
        """Return the request for the days, of UTC."""
        first, last = (datetime.combine(day, time(), UTC) for day in self.days)
        return NewsRequest(self.query, first, last + timedelta(days=1) - _SECOND)

    @property
    def object(self) -> str:
        """Return the name under which what is found is stored."""
        return object_name(self.word, self.query)


@dataclass(frozen=True, slots=True)
class NewsPlan:
    """The chunks that are left, the sources taking turns, and how many the ledger spares.

    Attributes
    ----------
    without_history : tuple of str
        Sources that were named and have none.
    """

    words: tuple[str, ...]
    chunks: tuple[Chunk, ...]
    n_done: int
    without_history: tuple[str, ...]

    def of(self, word: str) -> list[Chunk]:
        """Return what is left of a source."""
        return [chunk for chunk in self.chunks if chunk.word == word]

    def least_requests(self, word: str) -> int:
        """Return the requests that a source is asked at least; a filing, a page or a file takes one more each."""
        return sum(LEAST_REQUESTS.get(word, 1) for _ in self.of(word))

    def least_seconds(self, word: str, settings: Settings) -> float:
        """Return the seconds that these requests take at the source's pace."""
        chunks = self.of(word)
        return self.least_requests(word) / news_rate(word, chunks[0].query, settings) if chunks else 0.0


def is_of_news(words: Sequence[str]) -> bool:
    """Tell whether sources are sources of news.

    Raises
    ------
    ConfigurationError
        If some are and others are not.
    """
    of_news = [word for word in words if word in NEWS_SOURCES]
    if of_news and len(of_news) < len(words):
        other = next(word for word in words if word not in NEWS_SOURCES)
        raise ConfigurationError(
            f"--sources: expected sources of prices or of news, got {other!r} and {of_news[0]!r}; use two commands"
        )
    return bool(of_news)


def make_news_plan(
    settings: Settings,
    words: Sequence[str],
    days: Days,
    symbols: Mapping[int, Sequence[str]],
    done: Mapping[tuple[str, str], Sequence[Days]],
) -> NewsPlan:
    """Return the chunks that are left of some days.

    Parameters
    ----------
    symbols : mapping
        Securities by the number of their filer at the SEC.
    done : mapping
        Days that need not be asked for, as `warehouse.chunks.done_days` returns them.
    """
    chosen = checked_sources(words, "--sources")
    by_word: list[list[Chunk]] = []
    n_done = 0
    for word in chosen:
        if word not in CHUNK_DAYS:
            continue
        step = timedelta(days=CHUNK_DAYS[word])
        chunks = [
            Chunk(word, query, (first, min(first + step - timedelta(days=1), days[1])))
            for query in news_queries(word, settings, symbols)
            for first in _begins(days, step)
        ]
        left = [chunk for chunk in chunks if not is_covered(chunk.days, done.get((SOURCE, chunk.object), ()))]
        n_done += len(chunks) - len(left)
        by_word.append(left)
    mixed = [chunk for chunk in chain.from_iterable(zip_longest(*by_word)) if chunk is not None]
    return NewsPlan(chosen, tuple(mixed), n_done, tuple(word for word in chosen if word not in CHUNK_DAYS))


def _begins(days: Days, step: timedelta) -> list[date]:
    first, last = (datetime.combine(day, time(), UTC) for day in days)
    parts = cut("", first, last + timedelta(days=1), step)
    return [request.first.date() for request in parts if request.first is not None]


def checked_days(first: date, last: date | None, now: datetime) -> Days:
    """Return first and last day of a backfill.

    Raises
    ------
    ConfigurationError
        If they are the wrong way round, or the last one is not over.
    """
    over = newest_day(now)
    last = last or over
    if first > last:
        raise ConfigurationError(f"--from {first} lies after --to {last}; swap them")
    if last > over:
        raise ConfigurationError(f"--to: the last day that is over everywhere is {over}, got {last}")
    return first, last

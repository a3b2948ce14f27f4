"""Faked providers of news, a clock to set, and a warehouse that keeps what they tell: shared by the tests of news."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from flows.core import build_core
from flows.news import refresh_news
from flows.news_store import Polled
from flows.run import model_variables, models
from pipelines.fake_providers.feeds import FakeFeeds
from pipelines.fake_providers.hackernews import FakeHackerNews, story
from pipelines.settings import Settings
from pipelines.sources.web.clock import SetClock
from pipelines.sources.web.hosts import Hosts
from warehouse.connection import open_file
from warehouse.models import run_ready
from warehouse.workspace import open_reader, read_frame, set_variables

START = datetime(2025, 1, 20, 12, tzinfo=UTC)
MODELS = models()


@dataclass
class NewsRig:
    """Hacker News, a server of feeds, a clock and a warehouse."""

    hackernews: FakeHackerNews
    feeds: FakeFeeds
    clock: SetClock
    settings: Settings
    runs: int = 0
    polled: list[tuple[Polled, ...]] = field(default_factory=list)

    def poll(self, *sources: str, **settings: Any) -> dict[str, Polled]:
        """Poll as a new process does; return what became of each source."""
        self.runs += 1
        chosen = self.settings.model_copy(update={"news_sources": sources or ("hackernews",), **settings})
        now = self.clock.now()
        return {part.source: part for part in refresh_news(chosen, f"run-{self.runs}", now, Hosts(self.clock))}

    def later(self, **duration: float) -> None:
        """Let time pass."""
        self.clock.at += timedelta(**duration)

    def tell(self, number: int, title: str, at: datetime, **fields: Any) -> None:
        """Let somebody submit a story."""
        self.hackernews.stories.append(story(number, at, title, url=f"https://x.example/{number}", **fields))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query on the warehouse."""
        with open_file(self.settings.warehouse_file, read_only=True) as connection:
            return connection.execute(query).fetchall()

    def mart(self, name: str, as_of: datetime | None = None) -> pl.DataFrame:
        """Return a mart of news as known at an instant, built from what is stored."""
        with open_reader(self.settings.warehouse_file) as connection:
            objects = connection.execute("select distinct source, object from raw.batches").fetchall()
            set_variables(connection, model_variables(self.settings, "sample", as_of))
            build_core(connection, MODELS, objects, self.settings.calendar_folder)
            run_ready(connection, [model for model in MODELS if model.name.startswith("mart.fct_news")])
            return read_frame(connection, f"select * from mart.{name}")


@contextmanager
def news_rig(folder: Path, queries: Sequence[str] = ("nvidia",)) -> Iterator[NewsRig]:
    """Start providers that have nothing, and a warehouse that holds nothing."""
    with FakeHackerNews() as hackernews, FakeFeeds() as feeds:
        settings = Settings(home=folder, hackernews_base_url=hackernews.base_url, hackernews_queries=tuple(queries))
        yield NewsRig(hackernews, feeds, SetClock(START), settings)

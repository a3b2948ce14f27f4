"""Show how news is kept and read: January 2025 from faked providers, polled once a day, and what was found.

History is filled first, then every day from 15 to 31 January is polled at its end, two of them twice and one late. The
prices are those of the bundled sample.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

import polars as pl
from pydantic import SecretStr

from flows.news import refresh_news
from flows.news_backfill import NewsBackfilled, run_news_backfill
from flows.news_store import Polled
from flows.pipeline import Outcome, run_pipeline
from pipelines.fake_providers.january_2025 import BEGIN, CONTACT, FIRST, LAST, January
from pipelines.settings import load_settings
from pipelines.sources.web.clock import SetClock
from pipelines.sources.web.hosts import Hosts
from warehouse.connection import open_file
from warehouse.workspace import read_frame

SOURCES: Final = ("edgar", "feeds", "hackernews", "arxiv", "huggingface", "gdelt")
HISTORIES: Final = ("hackernews", "arxiv")
"""Sources of which the weeks before are filled, so that attention has a baseline."""

MISSED: Final = date(2025, 1, 18)
TWICE: Final = (date(2025, 1, 20), date(2025, 1, 27))
AFTERWARDS: Final = datetime(2025, 2, 17, 12, tzinfo=UTC)
"""When the marts are built: after the last price of the sample."""

_CHOSEN: Final[dict[str, object]] = {
    "source": "sample",
    "symbols": (),
    "compare_with": None,
    "exchange": None,
    "news_sources": SOURCES,
    "sec_contact": SecretStr(CONTACT),
    "factors_source": "files",
    "share_counts": "seed",
    **dict.fromkeys(("prices", "events", "studies", "factors"), ()),
}
"""What the demonstration takes of nobody's own settings."""

_ITEMS: Final = """
    select
        items.news_id,
        items.source,
        items.kind,
        items.title,
        items.published_at,
        items.available_at,
        items.precision,
        sessions.session_date,
        items.symbols,
        items.theme,
        items.first_seen_at,
        items.n_versions
    from fct_news_items as items
    asof join (from dim_sessions where exchange_mic = 'XNYS') as sessions on items.available_at < sessions.close_at
    where items.available_at >= timestamptz '2025-01-15' and not starts_with(items.url, 'https://noise.example/')
    order by items.available_at, items.news_id
"""

_ATTENTION: Final = """
    select date, n_items, n_clusters, baseline, z, is_burst, is_measured
    from fct_news_attention
    where theme = 'efficiency_breakthrough' and date between date '2025-01-20' and date '2025-01-31'
    order by date
"""

_CONFOUNDERS: Final = """
    select event_id, symbol, confounder_kind, confounder_id, title, confounder_session, relative_day
    from fct_confounders
    where event_id in ('deepseek-r1-release', 'emanuel-short-case-essay') and symbol = 'NVDA' and in_window = 'event'
    order by event_id, confounder_session, confounder_id
"""

_CANDIDATES: Final = """
    select candidate_id, kind, title, available_at, symbols, status, event_id
    from fct_event_candidates
    where available_at >= timestamptz '2025-01-15'
    order by available_at, candidate_id
"""


@dataclass(frozen=True, slots=True)
class Poll:
    """One poll of the replay: when it was, and what became of each source."""

    at: datetime
    polled: tuple[Polled, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What the marts hold after the replay.

    Attributes
    ----------
    items : DataFrame
        Items from 15 January on, with their day 0 in New York.
    attention : DataFrame
        Attention to breakthroughs in efficiency, 20 to 31 January.
    confounders : DataFrame
        What else happened in the event windows of the release and the essay, of NVDA.
    candidates : DataFrame
        What the news proposes as events.
    """

    outcome: Outcome
    items: pl.DataFrame
    attention: pl.DataFrame
    confounders: pl.DataFrame
    candidates: pl.DataFrame


def demonstrate(folder: Path) -> Iterator[NewsBackfilled | Poll | Found]:
    """Fill the history, poll day by day, build the marts, and look.

    Parameters
    ----------
    folder : Path
        Home of the warehouse.

    Yields
    ------
    NewsBackfilled, Poll or Found
        Each as it happens.
    """
    clock = SetClock(FIRST)
    hosts = Hosts(clock)
    with January() as january:
        settings = load_settings(home=str(folder)).model_copy(update=_CHOSEN | january.settings)
        yield run_news_backfill(settings, HISTORIES, (BEGIN.date(), FIRST.date() - timedelta(days=1)), hosts)
        at = FIRST
        while at <= LAST:
            for again in range(2 if at.date() in TWICE else 1):
                clock.at = at + timedelta(minutes=again)
                january.show(clock.at)
                if at.date() != MISSED:
                    yield Poll(clock.at, refresh_news(settings, f"poll-{clock.at:%Y%m%dT%H%M}", clock.at, hosts))
            at += timedelta(days=1)
        clock.at = AFTERWARDS
        outcome = run_pipeline(settings.model_copy(update={"news_sources": ()}), hosts=hosts)
    with open_file(outcome.run.marts_file, read_only=True) as connection:
        tables = [read_frame(connection, query) for query in (_ITEMS, _ATTENTION, _CONFOUNDERS, _CANDIDATES)]
    yield Found(outcome, *tables)

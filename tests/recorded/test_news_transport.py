"""A provider that is slow, talks without end or leads elsewhere: every source of news ends in time, and says how."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pipelines.fake_providers import faults
from pipelines.fake_providers.server import FakeServer, Fault, Reply
from pipelines.sources.arxiv_papers import ArxivPapers
from pipelines.sources.feeds_news import FeedsNews
from pipelines.sources.gdelt_news import GdeltNews
from pipelines.sources.hackernews_stories import HackerNewsStories
from pipelines.sources.huggingface_models import HuggingFaceModels
from pipelines.sources.live import Outcome
from pipelines.sources.news import NewsAnswer, NewsRequest, NewsSource
from pipelines.sources.web.clock import SystemClock
from pipelines.sources.web.hosts import Hosts
from pipelines.sources.web.limiter import Rate
from pipelines.sources.web.manners import Limits, Manners
from pipelines.sources.web.retry import Retries
from pipelines.sources.yahoo_earnings import YahooEarnings
from pipelines.sources.yahoo_news import YahooNews
from tests.recorded.asking_news import at, check

HURRIED = Manners(Rate(1000, 50), Retries(2, 0.01), limits=Limits(0.3, 0.3, 0.7, 1 << 20))
QUERIES = {
    "arxiv": "cat:cs.LG",
    "gdelt": "nvidia",
    "hackernews": "nvidia",
    "huggingface": "deepseek-ai",
    "yahoo_earnings": "NVDA",
    "yahoo_news": "NVDA",
}
SOURCES = (ArxivPapers, FeedsNews, GdeltNews, HackerNewsStories, HuggingFaceModels, YahooNews, YahooEarnings)
WANTED = {YahooNews: "/xhr/ncp", YahooEarnings: "/v1/finance/visualization"}
"""Path of what is asked for, where cookie and crumb are asked for before it."""

HONEST = b'{"not": "what anybody asked for"}' * 20


@pytest.fixture
def server() -> Iterator[FakeServer]:
    """Start a server that answers everything with the same."""
    with FakeServer(lambda _: Reply(HONEST)) as server:
        yield server


def ask(made: Callable[..., Any], server: FakeServer, query: str = "") -> NewsAnswer:
    """Ask once by the machine's clock, in a hurry."""
    base = {} if made is FeedsNews else {"base_url": server.base_url}
    source: NewsSource = made(**base, manners=HURRIED, hosts=Hosts(SystemClock()))
    try:
        return check(source.fetch(NewsRequest(query or QUERIES.get(source.name, server.base_url + "/feed"))))
    finally:
        source.close()


@pytest.mark.parametrize("made", SOURCES)
@pytest.mark.parametrize(
    "fault",
    [
        faults.drips(0.02),
        faults.drips(0.02, is_head_slow=True),
        faults.hangs(5),
        faults.redirected("/elsewhere"),
        faults.typed("image/png"),
        faults.huge(2 << 20),
        faults.bomb(64 << 20),
        faults.cut_zip,
        faults.page(),
    ],
    ids=["drip", "slow head", "hang", "circle", "type", "size", "bomb", "cut gzip", "page"],
)
def test_it_ends_as_broken(server: FakeServer, made: Callable[..., Any], fault: Fault) -> None:
    """Within the time of a request; nothing of it is taken for no news."""
    server.arm(fault, WANTED.get(made, ""))
    answer = ask(made, server)
    assert answer.outcome is Outcome.BROKEN
    assert answer.items.is_empty()


@pytest.mark.parametrize("made", SOURCES)
def test_whoever_is_told_to_wait_longer_than_a_request_lasts_is_throttled(
    server: FakeServer, made: Callable[..., Any]
) -> None:
    """What there is was not measured, and the host is not asked again."""
    server.arm(faults.throttled("3600"), WANTED.get(made, ""))
    assert ask(made, server).outcome is Outcome.THROTTLED
    assert len(server.requests(WANTED.get(made, ""))) == 1


@pytest.mark.parametrize("made", SOURCES)
def test_every_request_says_who_asks(server: FakeServer, made: Callable[..., Any]) -> None:
    """But for Yahoo, which answers browsers alone."""
    ask(made, server)
    agent = server.log[0].headers.get("user-agent", "")
    assert agent.startswith("Mozilla/" if made in (YahooNews, YahooEarnings) else "market-reaction/")


def test_no_window_of_the_past_is_asked_of_a_source_without_history(server: FakeServer) -> None:
    """Feeds and Yahoo's news say so."""
    for made, query in ((FeedsNews, server.base_url), (YahooNews, "NVDA")):
        base = {} if made is FeedsNews else {"base_url": server.base_url}
        source = made(**base, manners=HURRIED, hosts=Hosts(SystemClock()))
        answer = source.fetch(NewsRequest(query, at("2024-01-01"), at("2024-02-01")))
        source.close()
        assert answer.outcome is Outcome.REFUSED
        assert "no history" in answer.reason
    assert server.log == []

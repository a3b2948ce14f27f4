"""Whatever a provider puts in place of a part of its answer, a source of news says how it ended and never raises."""

from __future__ import annotations

import json
import random
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest

from pipelines.fake_providers.arxiv import FakeArxiv, Paper
from pipelines.fake_providers.feeds import FakeFeeds, item, rss
from pipelines.fake_providers.gdelt import Crawled, FakeGdelt
from pipelines.fake_providers.hackernews import FakeHackerNews, story
from pipelines.fake_providers.huggingface import FakeHuggingFace, model
from pipelines.fake_providers.server import FakeServer, Reply
from pipelines.fake_providers.yahoo_news import FakeYahooNews
from pipelines.fake_providers.yahoo_news import story as entry
from pipelines.sources.arxiv_papers import ArxivPapers
from pipelines.sources.feeds_news import FeedsNews
from pipelines.sources.gdelt_news import GdeltNews
from pipelines.sources.hackernews_stories import HackerNewsStories
from pipelines.sources.huggingface_models import HuggingFaceModels
from pipelines.sources.live import Outcome
from pipelines.sources.news import NewsAnswer, NewsRequest
from pipelines.sources.web.hosts import Hosts
from pipelines.sources.web.limiter import Rate
from pipelines.sources.web.manners import Manners
from pipelines.sources.web.retry import Retries
from pipelines.sources.yahoo_earnings import YahooEarnings
from pipelines.sources.yahoo_news import YahooNews
from tests.fake_clock import Drawn, FakeClock
from tests.recorded.asking_news import at, check
from tests.recorded.yahoo_rig import market

FIRST, LAST = at("2025-01-25"), at("2025-01-26")
ONCE = Manners(Rate(1000, 50), Retries(1))
WRONG: tuple[Any, ...] = (None, True, 0, -1.5, 10**400, "", "x", [], [1], {}, {"x": [None]}, "\ud800", "9" * 50)


def hackernews() -> tuple[FakeServer, Callable[..., Any], NewsRequest]:
    """Start Hacker News with two stories."""
    server = FakeHackerNews([story(n, FIRST + timedelta(hours=n), url=f"https://a.example/{n}") for n in (1, 2)])
    return server, lambda: HackerNewsStories(server.base_url, manners=ONCE, **clockwork()), NewsRequest("", FIRST, LAST)


def huggingface() -> tuple[FakeServer, Callable[..., Any], NewsRequest]:
    """Start the Hub with a model and its commits."""
    server = FakeHuggingFace([model(1, "o/m", FIRST)])
    server.commits["o/m"] = [{"id": "a", "title": "x", "date": "2025-01-25T00:00:00.000Z"}]
    make = lambda: HuggingFaceModels(server.base_url, manners=ONCE, with_commits=True, **clockwork())  # noqa: E731
    return server, make, NewsRequest("o")


def arxiv() -> tuple[FakeServer, Callable[..., Any], NewsRequest]:
    """Start arXiv with a paper."""
    server = FakeArxiv([Paper("2501.00001", FIRST)])
    return (
        server,
        lambda: ArxivPapers(server.base_url, manners=ONCE, **clockwork()),
        NewsRequest("cat:cs.LG", FIRST, LAST),
    )


def feeds() -> tuple[FakeServer, Callable[..., Any], NewsRequest]:
    """Start a server with a feed."""
    server = FakeFeeds()
    url = server.put("/x", rss(item("One", "https://a.example/1", "g", "24 Jan 2025 10:00 GMT", "<author>a</author>")))
    return server, lambda: FeedsNews(manners=ONCE, **clockwork()), NewsRequest(url)


def gdelt_files() -> tuple[FakeServer, Callable[..., Any], NewsRequest]:
    """Start GDELT with a file of two pages and their events."""
    server = FakeGdelt([Crawled(FIRST, f"https://a.example/nvidia{n}", "Nvidia", n_events=1) for n in (1, 2)], FIRST)
    return server, lambda: GdeltNews(server.base_url, manners=ONCE, **clockwork()), NewsRequest("nvidia", FIRST, FIRST)


def gdelt_doc() -> tuple[FakeServer, Callable[..., Any], NewsRequest]:
    """Start GDELT with an article."""
    server = FakeGdelt([Crawled(FIRST, "https://a.example/1", "Nvidia")], FIRST)
    make = lambda: GdeltNews(doc_base_url=server.base_url, doc_manners=ONCE, **clockwork())  # noqa: E731
    return server, make, NewsRequest("doc:nvidia", FIRST, LAST)


def yahoo_news() -> tuple[FakeServer, Callable[..., Any], NewsRequest]:
    """Start Yahoo with an item."""
    server = FakeYahooNews(market())
    server.news["NVDA"] = [entry("1", "One", FIRST, finance={"stockTickers": [{"symbol": "NVDA"}]})]
    return server, lambda: YahooNews(server.base_url, manners=ONCE, **clockwork()), NewsRequest("NVDA")


def yahoo_earnings() -> tuple[FakeServer, Callable[..., Any], NewsRequest]:
    """Start Yahoo with a date."""
    server = FakeYahooNews(market())
    server.dates = [["NVDA", "NVIDIA", "Q4 2025", "2025-01-25T21:00:00.000Z", "AMC", 0.85, 0, 0]]
    return server, lambda: YahooEarnings(server.base_url, manners=ONCE, **clockwork()), NewsRequest("NVDA", FIRST, LAST)


JSON = (hackernews, huggingface, gdelt_doc, yahoo_news, yahoo_earnings)
ALL = (*JSON, arxiv, feeds, gdelt_files)


def clockwork() -> dict[str, Any]:
    """Return a clock and chance that take no time, and hosts that nobody has asked."""
    return {"hosts": Hosts(FakeClock()), "rng": Drawn()}


@contextmanager
def rig(made: Callable[..., Any]) -> Iterator[tuple[FakeServer, Callable[[], NewsAnswer]]]:
    """Start a server, and return it with what asks it once."""
    with ExitStack() as stack:
        server, source, request = made()
        stack.enter_context(server)

        def ask() -> NewsAnswer:
            one = source()
            try:
                return check(one.fetch(request))
            finally:
                one.close()

        yield server, ask


def places(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to every part of parsed JSON."""
    yield path
    for name, each in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        yield from places(each, (*path, name))


def with_part(data: Any, path: tuple[Any, ...], part: Any) -> Any:
    """Return parsed JSON with another part at a place."""
    if not path:
        return part
    copy = dict(data) if isinstance(data, dict) else list(data)
    copy[path[0]] = with_part(data[path[0]], path[1:], part)
    return copy


@pytest.mark.parametrize("made", ALL)
def test_the_honest_answer_is_ok(made: Callable[..., Any]) -> None:
    """Else nothing below would say anything."""
    with rig(made) as (_, ask):
        assert ask().outcome is Outcome.OK


@pytest.mark.parametrize("made", JSON)
def test_no_wrong_part_of_json_raises(made: Callable[..., Any]) -> None:
    """Each part in turn is of another type; a few at random for each place."""
    rng = random.Random(20250127)  # noqa: S311
    with rig(made) as (server, ask):
        bodies: list[Any] = []

        def note(reply: Reply) -> Reply:
            if reply.body[:1] in (b"{", b"[") and reply.status == 200:
                bodies.append(json.loads(reply.body))
            return reply

        server.arm(note)
        ask()
        server.disarm()
        ended = []
        for number, honest in enumerate(bodies):
            for path in places(honest):
                for wrong in rng.sample(WRONG, 3):
                    spoiled = json.dumps(with_part(honest, path, wrong)).encode()
                    server.arm(_nth_json(number, spoiled))
                    ended.append(ask().outcome)
                    server.disarm()
    assert Outcome.BROKEN in ended
    assert Outcome.OK in ended


@pytest.mark.parametrize("made", ALL)
def test_no_wrong_byte_raises(made: Callable[..., Any]) -> None:
    """Bytes are changed, left out and repeated; a zip is spoiled within, too."""
    rng = random.Random(20250128)  # noqa: S311
    with rig(made) as (server, ask):
        ended = []
        for _ in range(60):
            server.arm(lambda reply: replace(reply, body=_spoiled(reply.body, rng), headers={}))
            ended.append(ask().outcome)
            server.disarm()
    assert set(ended) <= set(Outcome)
    assert len(ended) == 60


def _nth_json(number: int, body: bytes) -> Callable[[Reply], Reply]:
    seen = iter(range(1000))

    def fault(reply: Reply) -> Reply:
        is_json = reply.body[:1] in (b"{", b"[") and reply.status == 200
        return replace(reply, body=body) if is_json and next(seen) == number else reply

    return fault


def _spoiled(body: bytes, rng: random.Random) -> bytes:
    if body[:2] == b"PK" and rng.random() < 0.7:
        with zipfile.ZipFile(BytesIO(body)) as archive:
            (name,) = archive.namelist()
            inner = _spoiled(archive.read(name), rng)
        out = BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, inner)
        return out.getvalue()
    content = bytearray(body)
    for _ in range(rng.randint(1, 4)):
        if not content:
            break
        place = rng.randrange(len(content))
        match rng.randrange(3):
            case 0:
                content[place] = rng.randrange(256)
            case 1:
                del content[place : place + rng.randint(1, 40)]
            case _:
                content[place:place] = content[place : place + rng.randint(1, 40)]
    return bytes(content)

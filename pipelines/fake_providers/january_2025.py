"""January 2025 as providers of news had it: what happened when, in words of our own, and the noise around it.

Instants, forms and numbers of the items of `FACTS` are those of the event catalogue, which has the evidence; hours that
it does not know are invented and named as such. Titles, addresses and the daily noise are invented throughout. What a
server shows is what there was at an instant: `January.show` moves that on.
"""

from __future__ import annotations

import random
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Final, Self

from pipelines.fake_providers.arxiv import FakeArxiv, Paper
from pipelines.fake_providers.edgar import Company, Document, FakeEdgar
from pipelines.fake_providers.feeds import FakeFeeds, atom, entry, item, rss
from pipelines.fake_providers.gdelt import Crawled, FakeGdelt
from pipelines.fake_providers.hackernews import FakeHackerNews, story
from pipelines.fake_providers.huggingface import FakeHuggingFace, model

BEGIN: Final = datetime(2024, 12, 1, tzinfo=UTC)
FIRST, LAST = datetime(2025, 1, 15, 23, 30, tzinfo=UTC), datetime(2025, 1, 31, 23, 30, tzinfo=UTC)
"""First and last poll of the replay, which is polled once a day."""

CONTACT: Final = "Replay of January replay@example.com"
SEED: Final = 20250127

NVDA, MSFT, META, TSLA, ORCL = 1045810, 789019, 1326801, 1318605, 1341439
COMPANIES: Final = (
    Company(NVDA, "NVIDIA CORP", ("NVDA",)),
    Company(MSFT, "MICROSOFT CORP", ("MSFT",)),
    Company(META, "Meta Platforms, Inc.", ("META",)),
    Company(TSLA, "Tesla, Inc.", ("TSLA",)),
    Company(ORCL, "ORACLE CORP", ("ORCL",)),
)
FILINGS: Final = (
    Document(MSFT, "0000950170-25-009999", "8-K", "2025-01-29 16:08:56", "2.02,9.01"),
    # The minutes of the next two are invented: after the close of 29 January.
    Document(META, "0001326801-25-009999", "8-K", "2025-01-29 16:06:00", "2.02,9.01"),
    Document(TSLA, "0001628280-25-009999", "8-K", "2025-01-29 16:11:00", "2.02,9.01"),
)


def at(text: str) -> datetime:
    """Return an instant of UTC, ``2025-01-27 14:30``."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Told:
    """A headline of the newsroom's feed; `day` for one that names its day alone."""

    number: int
    at: datetime
    title: str
    day: str = ""

    @property
    def shown(self) -> str:
        """Return it as an item of RSS."""
        date = self.day or self.at.strftime("%a, %d %b %Y %H:%M:%S +0000")
        return item(self.title, f"https://newsroom.example/{self.number}", f"newsroom-{self.number}", date)


HEADLINES: Final = (
    Told(1, at("2025-01-16 06:05"), "TSMC lifts its capital spending plan for 2025 to as much as $42 billion"),
    Told(
        2,
        at("2025-01-21 22:05"),
        "OpenAI, SoftBank and Oracle plan $500 billion of AI data centers under the name Stargate",
    ),
    Told(3, at("2025-01-24 13:30"), "Meta will raise capital spending to $60-65 billion this year, its chief says"),
    Told(
        4,
        at("2025-01-25 20:00"),
        "The case against Nvidia: a long essay doubts the moat of the chipmaker",
        "2025-01-25",
    ),
    Told(5, at("2025-01-26 20:00"), "DeepSeek's app is the most downloaded free app in the United States"),
    # The hours of the next two are invented; the fall and the close are not.
    Told(
        6, at("2025-01-27 14:40"), "Nvidia shares slide at the open as DeepSeek's cheap model unsettles chip investors"
    ),
    Told(
        7,
        at("2025-01-27 21:06"),
        "Nvidia ends down 17%, the largest one-day loss of value of any company: $589 billion",
    ),
    Told(8, at("2025-01-29 19:00"), "Federal Reserve holds its policy rate after a two-day FOMC meeting"),
    Told(
        9,
        at("2025-01-29 21:10"),
        "Microsoft's results beat while its cloud guidance disappoints; capital spending stays",
    ),
)
COMMITS: Final = (
    (
        "tag:github.com,2008:Grit::Commit/23807ced51627276434655dd9f27725354818974",
        at("2025-01-20 12:19:44"),
        "Release DeepSeek-R1",
    ),
)
PAPERS: Final = (
    Paper(
        "2412.19437",
        at("2024-12-27 04:03:16"),
        "DeepSeek-V3 technical report",
        "A mixture of experts, trained cheaply.",
    ),
    Paper("2501.12948", at("2025-01-22 15:19:35"), "DeepSeek-R1: reasoning learnt by reinforcement", "Open weights."),
)
MODELS: Final = (
    (1, "deepseek-ai/DeepSeek-V3", at("2024-12-25 12:52:23")),
    (2, "deepseek-ai/DeepSeek-R1", at("2025-01-20 03:46:07")),
    (3, "deepseek-ai/DeepSeek-R1-Zero", at("2025-01-20 03:56:00")),
)
STORIES: Final = (
    (
        1,
        at("2025-01-20 12:45"),
        "DeepSeek-R1 is released with open weights under the MIT license",
        "https://github.com/deepseek-ai/DeepSeek-R1",
    ),
    (
        2,
        at("2025-01-25 19:27"),
        "The short case for Nvidia stock",
        "https://youtubetranscriptoptimizer.com/blog/05_the_short_case_for_nvda",
    ),
    (
        3,
        at("2025-01-27 15:10"),
        "Nvidia loses a sixth of its value in a morning over DeepSeek",
        "https://newsroom.example/6",
    ),
)
N_STORIES: Final = {26: 9, 27: 31, 28: 17, 29: 8}
"""Stories on cheap models by day of January 2025, beyond the usual one or two."""

_WHO = ("DeepSeek", "A Chinese lab", "An AI startup", "A university team", "OpenAI's rival", "Alibaba's Qwen team")
_WHAT = ("trains a model", "matches GPT-4", "runs a reasoning model", "distils a large language model", "serves an LLM")
_HOW = ("at a fraction of the cost", "for a tenth of the price", "with far fewer GPUs", "on cheap hardware")
_NOISE = (
    "Nvidia driver {word} breaks sleep on laptops",
    "Show HN: {word}, a small database for Nvidia telemetry",
    "Semiconductor history: the {word} fab",
    "OpenAI changes the {word} of its documentation",
    "Ask HN: who still writes {word} for semiconductor testers?",
)


def noise(seed: int = SEED) -> list[dict[str, Any]]:
    """Return the stories of every day: what is always there, and more on cheap models in the last week of January."""
    rng = random.Random(seed)  # noqa: S311 - invented stories
    found: list[dict[str, Any]] = []
    n_days = (LAST - BEGIN).days + 1
    for day in range(n_days):
        begin = BEGIN + timedelta(days=day)
        n_more = N_STORIES.get(begin.day, 0) if begin.year == LAST.year else 0
        titles = [_cheap(rng) for _ in range(rng.randint(1, 2) + n_more)]
        titles += [rng.choice(_NOISE).format(word=_word(rng)) for _ in range(rng.randint(3, 6))]
        for title in titles:
            number = 42_000_000 + len(found)
            url = f"https://noise.example/{number}"
            found.append(story(number, begin + timedelta(seconds=rng.randrange(86_000)), title, url=url))
    return found


def _cheap(rng: random.Random) -> str:
    # A word of its own in each keeps two stories from being one.
    return f"{_word(rng).title()}: {rng.choice(_WHO)} {rng.choice(_WHAT)} {rng.choice(_HOW)} (DeepSeek, Nvidia)"


def _word(rng: random.Random) -> str:
    return "".join(rng.choice("bcdfghjklmnprstvz") + rng.choice("aeiou") for _ in range(rng.randint(3, 5)))


class January:
    """Servers of all providers, from construction to `close`, that show what there was at an instant."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self.hackernews = self._stack.enter_context(FakeHackerNews())
        self.arxiv = self._stack.enter_context(FakeArxiv(is_old=True))
        self.huggingface = self._stack.enter_context(FakeHuggingFace())
        self.gdelt = self._stack.enter_context(FakeGdelt([], FIRST))
        self.edgar = self._stack.enter_context(FakeEdgar(COMPANIES))
        self.feeds = self._stack.enter_context(FakeFeeds())
        self._noise = noise()
        self.show(FIRST)

    @property
    def settings(self) -> dict[str, object]:
        """Return settings that ask these servers."""
        addresses = {
            f"{name}_base_url": getattr(self, name).base_url
            for name in ("hackernews", "arxiv", "huggingface", "gdelt", "edgar")
        }
        return {
            **addresses,
            "gdelt_doc_base_url": self.gdelt.base_url,
            "gdelt_query": "doc:nvidia",
            "feeds": [
                self.feeds.base_url + path for path in ("/newsroom.xml", "/deepseek-ai/DeepSeek-R1/commits.atom")
            ],
            "hackernews_queries": ["nvidia", "deepseek"],
            "arxiv_queries": ["all:deepseek"],
            "huggingface_authors": ["deepseek-ai"],
        }

    def show(self, until: datetime) -> None:
        """Show what there was by an instant."""
        told = [
            story(42_900_000 + number, when, title, url=url) for number, when, title, url in STORIES if when <= until
        ]
        self.hackernews.stories = [each for each in self._noise if each["created_at_i"] <= until.timestamp()] + told
        # The search of arXiv knows a paper about a day after its submission.
        self.arxiv.papers = [paper for paper in PAPERS if paper.submitted_at + timedelta(days=1) <= until]
        self.huggingface.models = [model(number, name, made) for number, name, made in MODELS if made <= until]
        self.edgar.documents = [document for document in FILINGS if document.clock <= until]
        headlines = [told for told in HEADLINES if told.at <= until]
        self.gdelt.pages = [_crawled(told) for told in headlines if "Nvidia" in told.title]
        self.gdelt.last = until - timedelta(minutes=until.minute % 15, seconds=until.second)
        self.feeds.put("/newsroom.xml", rss(*(told.shown for told in reversed(headlines))))
        commits = [
            entry(title, "https://github.com/deepseek-ai/DeepSeek-R1", identity, when.strftime("%Y-%m-%dT%H:%M:%SZ"))
            for identity, when, title in COMMITS
            if when <= until
        ]
        self.feeds.put("/deepseek-ai/DeepSeek-R1/commits.atom", atom(*commits), "application/atom+xml")

    def close(self) -> None:
        """Stop all servers."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _crawled(told: Told) -> Crawled:
    """Return a headline as GDELT finds it, in the quarter of an hour after it."""
    quarter = told.at + timedelta(minutes=15 - told.at.minute % 15) - timedelta(seconds=told.at.second)
    return Crawled(quarter, f"https://newsroom.example/{told.number}", told.title, ("nvidia",))

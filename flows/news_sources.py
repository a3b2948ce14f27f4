"""Which news a run asks for: the sources that the settings name, what is asked of each, and how far back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from flows.listings import Listings, wanted_symbols
from flows.live_sources import base_url, manners
from pipelines.contracts.vocabulary import NEWS_SOURCES
from pipelines.errors import ConfigurationError
from pipelines.settings import Settings
from pipelines.sources.feeds_news import FeedsNews, Validators
from pipelines.sources.gdelt_news import SEARCH, GdeltNews
from pipelines.sources.news import NewsSource
from pipelines.sources.web.hosts import HOSTS, Hosts
from pipelines.sources.web.manners import Manners

DATES_AT_ONCE: Final = 20
"""Symbols of one question to the calendar of results."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How far back a source is asked.

    Attributes
    ----------
    first : timedelta or None
        Window of the first request for an object; None for a source that gives its newest items and has no history.
    overlap : timedelta
        What is asked for again before the end of what was answered, for items that turn up late.
    most : timedelta
        Longest window that a poll makes up for; what is missing before it is the business of a backfill.
    step : timedelta or None
        Longest window of one request.
    ahead : timedelta
        Where the window ends after now: beyond it for a calendar, before it for files that are a while in coming.
    """

    first: timedelta | None
    overlap: timedelta = timedelta()
    most: timedelta = timedelta(days=30)
    step: timedelta | None = None
    ahead: timedelta = timedelta()


_NO_HISTORY: Final = Reach(None)
_DAYS: Final = timedelta(days=1)
_HOUR: Final = timedelta(hours=1)
REACHES: Final[Mapping[str, Reach]] = {
    "edgar": Reach(30 * _DAYS, _DAYS),
    "gdelt": Reach(_HOUR, _HOUR, 7 * _DAYS, 23 * _HOUR, ahead=-_HOUR / 2),
    "feeds": _NO_HISTORY,
    "hackernews": Reach(7 * _DAYS, timedelta(hours=6)),
    # A model may be private for weeks after its repository was made, a paper is announced days after it was submitted.
    "huggingface": Reach(60 * _DAYS, 60 * _DAYS),
    "arxiv": Reach(14 * _DAYS, 6 * _DAYS),
    "yahoo_news": _NO_HISTORY,
    "yahoo_earnings": Reach(7 * _DAYS, 7 * _DAYS, ahead=90 * _DAYS),
}
"""By source. The overlap costs no row: what says the same again is not stored."""


def reach_of(word: str, query: str) -> Reach:
    """Return how far back a source is asked for a query."""
    return Reach(_DAYS, _HOUR) if word == "gdelt" and query.startswith(SEARCH) else REACHES[word]


@dataclass(frozen=True, slots=True)
class Known:
    """What the warehouse knows that a source can make use of.

    Attributes
    ----------
    validators : mapping
        Etag and time of the stored version of each feed, by address.
    accepted : mapping
        Times of filings that were read from the filing itself, by accession number.
    symbols : mapping
        Securities by their filer's number at the SEC.
    """

    validators: Mapping[str, Validators] = field(default_factory=dict)
    accepted: Mapping[str, str] = field(default_factory=dict)
    symbols: Mapping[int, Sequence[str]] = field(default_factory=dict)


def checked_sources(words: Sequence[str], option: str = "--news") -> tuple[str, ...]:
    """Return words of sources, each once.

    Raises
    ------
    ConfigurationError
        If a word names no source.
    """
    unknown = [word for word in words if word not in NEWS_SOURCES]
    if unknown:
        raise ConfigurationError(f"{option}: expected some of {', '.join(NEWS_SOURCES)}, got {unknown[0]!r}")
    return tuple(dict.fromkeys(words))


def news_queries(word: str, settings: Settings, symbols: Mapping[int, Sequence[str]]) -> list[str]:
    """Return what is asked of a source.

    Raises
    ------
    ConfigurationError
        If the settings name nothing to ask of it.
    """
    match word:
        case "edgar":
            found = [str(cik) for cik in symbols]
        case "yahoo_news":
            found = followed_symbols(settings)
        case "yahoo_earnings":
            names = followed_symbols(settings)
            found = [",".join(names[at : at + DATES_AT_ONCE]) for at in range(0, len(names), DATES_AT_ONCE)]
        case "gdelt":
            found = [settings.gdelt_query] if settings.gdelt_query.strip() else []
        case _:
            found = list(getattr(settings, _SETTINGS[word]))
    if not found and word != "edgar":
        raise ConfigurationError(f"news source {word!r}: expected something to ask it for, got none; set {_name(word)}")
    return list(dict.fromkeys(found))


_SETTINGS: Final = {
    "feeds": "feeds",
    "hackernews": "hackernews_queries",
    "arxiv": "arxiv_queries",
    "huggingface": "huggingface_authors",
    "gdelt": "gdelt_query",
}


def _name(word: str) -> str:
    return f"{_SETTINGS.get(word, 'symbols')} in reaction.toml"


def followed_symbols(settings: Settings) -> list[str]:
    """Return the symbols that the settings name, else the companies of the securities file."""
    listings = Listings.load(settings)
    if settings.symbols:
        return wanted_symbols(settings, "yahoo", listings)
    return [symbol for symbol, (_, kind) in listings.securities.items() if kind == "equity"]


def news_source(word: str, settings: Settings, known: Known, hosts: Hosts = HOSTS) -> NewsSource:
    """Return a source that is to be closed after use.

    Raises
    ------
    ConfigurationError
        If there is no contact for the SEC, or an address is none.
    """
    if word == "feeds":
        own = settings.feeds[0] if settings.feeds else None
        polite = all(manners(_polite(word), url) is _polite(word) for url in settings.feeds)
        return FeedsNews(known.validators, manners=manners(_polite(word), None if polite else own), hosts=hosts)
    if word == "gdelt":
        return _gdelt(settings, hosts)
    if word == "edgar":
        from pipelines.sources.edgar_filings import EdgarFilings

        contact = None if settings.sec_contact is None else settings.sec_contact.get_secret_value()
        facts: dict[str, Any] = {"symbols": known.symbols, "accepted": known.accepted}
        return EdgarFilings(contact, **_where("edgar", settings, hosts), **facts)
    return _plain_sources()[word](**_where(word, settings, hosts))


def _plain_sources() -> Mapping[str, Callable[..., NewsSource]]:
    """Return the sources that need nothing but an address."""
    from pipelines.sources.arxiv_papers import ArxivPapers
    from pipelines.sources.hackernews_stories import HackerNewsStories
    from pipelines.sources.huggingface_models import HuggingFaceModels
    from pipelines.sources.yahoo_earnings import YahooEarnings
    from pipelines.sources.yahoo_news import YahooNews

    return {
        "hackernews": HackerNewsStories,
        "huggingface": HuggingFaceModels,
        "arxiv": ArxivPapers,
        "yahoo_news": YahooNews,
        "yahoo_earnings": YahooEarnings,
    }


def _where(word: str, settings: Settings, hosts: Hosts) -> dict[str, Any]:
    address = base_url(word.partition("_")[0], settings)
    return {"base_url": address, "manners": manners(_polite(word), address), "hosts": hosts}


def _gdelt(settings: Settings, hosts: Hosts) -> GdeltNews:
    from pipelines.sources import gdelt_doc

    files, search = base_url("gdelt", settings), base_url("gdelt_doc", settings)
    return GdeltNews(
        files,
        doc_base_url=search,
        manners=manners(_polite("gdelt"), files),
        doc_manners=manners(gdelt_doc.MANNERS, search),
        hosts=hosts,
    )


def _polite(word: str) -> Manners:
    """Return how the provider of a source wants to be asked."""
    from pipelines.sources import (
        arxiv_papers,
        edgar_web,
        feeds_news,
        gdelt_files,
        hackernews_stories,
        huggingface_models,
        yahoo_prices,
    )

    modules = {
        "edgar": edgar_web,
        "gdelt": gdelt_files,
        "feeds": feeds_news,
        "hackernews": hackernews_stories,
        "huggingface": huggingface_models,
        "arxiv": arxiv_papers,
    }
    polite: Manners = modules.get(word, yahoo_prices).MANNERS
    return polite


def news_rate(word: str, query: str, settings: Settings) -> float:
    """Return the requests that a source bears in a second."""
    if word == "gdelt" and query.startswith(SEARCH):
        from pipelines.sources import gdelt_doc

        return manners(gdelt_doc.MANNERS, base_url("gdelt_doc", settings)).rate.per_second
    return news_manners(word, settings).rate.per_second


def news_manners(word: str, settings: Settings) -> Manners:
    """Return how a source is asked."""
    if word == "feeds":
        return _polite(word)
    return manners(_polite(word), base_url(word.partition("_")[0], settings))

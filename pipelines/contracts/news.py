"""Contracts of news: what was said, where, from when on anybody could read it, and what was read from it.

A batch of ``news_items`` is one poll's answer; its object names the source and the query, ``edgar:0001045810``. An item
that was changed is a new row of a later batch; one that says the same again is not stored. Two that differ only in
``available_at`` say the same: each is an instant by which the item was public, so the earliest counts. The instant at
which we first saw an item is ``fetched_at`` of its first batch.
"""

from __future__ import annotations

from pipelines.contracts.model import Column, Table
from pipelines.contracts.vocabulary import (
    EVENT_THEMES,
    NEWS_KINDS,
    NEWS_LINK_RULES,
    NEWS_SOURCES,
    PRECISIONS,
    TIME_BASES,
)

NEWS_ITEMS = Table(
    name="news_items",
    grain="one row per item of an answer and version",
    key=("batch_id", "row_number"),
    meaning="Filings, headlines, stories, releases and papers as their sources state them",
    columns=(
        Column("batch_id", "text", "raw batch"),
        Column("row_number", "integer", "row of the batch, counted from 0", minimum=0),
        Column("source", "text", "source", allowed=tuple(NEWS_SOURCES)),
        Column("item_id", "text", "name of the item that stays the same within the source"),
        Column("url", "text", "where it can be read"),
        Column("title", "text", "headline, or what the item is"),
        Column("summary", "text", "beginning or abstract as plain text, cut to a limit", nullable=True),
        Column("publisher", "text", "who published it", nullable=True),
        Column("occurred_at", "instant", "when the source claims that it happened or was published", nullable=True),
        Column("time_text", "text", "the source's time as it was written", nullable=True),
        Column("time_basis", "text", "how that time was read", allowed=tuple(TIME_BASES)),
        Column(
            "precision", "text", "how exact the time is; null if nothing is known", nullable=True, allowed=PRECISIONS
        ),
        Column(
            "available_at",
            "instant",
            "earliest instant at which it was surely public; never later than when it was first seen",
            nullable=True,
        ),
        Column("symbols", "json", "list of the securities that the source itself names, by our names"),
        Column("kind", "text", "what sort of item", allowed=tuple(NEWS_KINDS)),
        Column("attributes", "json", "what one source alone says: form, items, cik, points"),
    ),
)

FEED_VALIDATORS = Table(
    name="feed_validators",
    grain="one row per stored answer of a feed that says which version it is",
    key=("run_id", "address", "fetched_at"),
    meaning="By what a server knows the version of a feed that is stored, written in the transaction of its items",
    columns=(
        Column("run_id", "text", "run that asked"),
        Column("address", "text", "address of the feed"),
        Column("etag", "text", "header ETag of the answer", nullable=True),
        Column("last_modified", "text", "header Last-Modified of the answer", nullable=True),
        Column("fetched_at", "instant", "when it was fetched"),
    ),
)

_NEWS_ID = Column("news_id", "text", "item: source, colon, item_id")
_SOURCE = NEWS_ITEMS.column("source")
_KIND = NEWS_ITEMS.column("kind")
_TITLE = Column("title", "text", "headline as it was first seen; text that others wrote, to be shown and never run")
_URL = NEWS_ITEMS.column("url")
_PUBLISHER = NEWS_ITEMS.column("publisher")
_TIME_BASIS = NEWS_ITEMS.column("time_basis")
_PRECISION = NEWS_ITEMS.column("precision")
_AVAILABLE = Column("available_at", "instant", "earliest instant by which it was surely public; decides day 0")
_FIRST_SEEN = Column("first_seen_at", "instant", "when we fetched it first; no later version moves it")
_CLUSTER = Column("cluster_id", "text", "first item of the story that it tells: near-identical headlines of three days")
_CHANGES = (
    Column("n_versions", "integer", "contents that we have seen of it", minimum=1),
    Column("changed_at", "instant", "when we saw the newest of them first"),
    Column("latest_title", "text", "title of the newest of them; unlike title, not known at available_at"),
)
_THEME = Column("theme", "text", "line of argument", allowed=EVENT_THEMES)
_LINK = (
    Column("symbol", "text", "security"),
    Column("rule", "text", "what links them, the surest of all that do", allowed=tuple(NEWS_LINK_RULES)),
    Column("matched_text", "text", "words of the item that the rule found"),
)
_THEME_HIT = (
    _THEME,
    Column("rule", "text", "rule of sql/seeds/news_themes.csv, the first that gives the theme"),
    Column("matched_text", "text", "words of the item that the rule found"),
)
_ATTENTION = (
    _THEME,
    Column("date", "date", "day of UTC on which the items could be read"),
    Column("n_items", "integer", "items of the theme; null if the day was not measured", nullable=True, minimum=0),
    Column("n_clusters", "integer", "stories that they tell", nullable=True, minimum=0),
    Column(
        "baseline",
        "float",
        "stories that are usual: mean of the measured days of the same kind, two days to a month before",
        nullable=True,
        minimum=0.0,
    ),
    Column("n_baseline_days", "integer", "measured days of the baseline", unit="days", minimum=0),
    Column(
        "p_value",
        "float",
        "probability of as many stories or more, of a negative binomial with the baseline's mean and variance",
        nullable=True,
        minimum=0.0,
        maximum=1.0,
    ),
    Column("z", "float", "standard normal deviate of it; null without a baseline or a story", nullable=True),
    Column("is_burst", "boolean", "much more than is usual was written, see pipelines/news/attention.py"),
    Column("is_measured", "boolean", "everything that was followed had answered for the whole day"),
)

READ_ITEMS = Table(
    name="news_items",
    grain="one row per item",
    key=("news_id",),
    meaning="Items as they were first seen, with the story that each tells",
    columns=(
        _NEWS_ID,
        _SOURCE,
        _KIND,
        _TITLE,
        NEWS_ITEMS.column("summary"),
        _URL,
        _PUBLISHER,
        NEWS_ITEMS.column("occurred_at"),
        _AVAILABLE,
        _TIME_BASIS,
        _PRECISION,
        _FIRST_SEEN,
        _CLUSTER,
        *_CHANGES,
        NEWS_ITEMS.column("attributes"),
    ),
)
READ_LINKS = Table(
    name="news_links",
    grain="one row per item and security that it is about",
    key=("news_id", "symbol"),
    meaning="Why each item is linked to each security",
    columns=(_NEWS_ID, *_LINK),
)
READ_THEMES = Table(
    name="news_themes",
    grain="one row per item and theme",
    key=("news_id", "theme"),
    meaning="Why each item has each theme",
    columns=(
        _NEWS_ID,
        *_THEME_HIT,
        Column("theme_rank", "integer", "place among the item's themes, in the order of the catalogue", minimum=1),
    ),
)
READ_ATTENTION = Table(
    name="news_attention",
    grain="one row per theme and day from the first that was asked for to the last",
    key=("theme", "date"),
    meaning="How much was written about each theme, against what is usual",
    columns=_ATTENTION,
)
READ_NEWS = (READ_ITEMS, READ_LINKS, READ_THEMES, READ_ATTENTION)
"""What a run reads from stored news, as ``core.news_*``."""

FCT_NEWS_ITEMS = Table(
    name="fct_news_items",
    grain="one row per item",
    key=("news_id",),
    meaning="What was said, where, and from when on it could be read",
    columns=(
        _NEWS_ID,
        _SOURCE,
        _KIND,
        Column("published_at", "instant", "when the source claims that it was published", nullable=True),
        _AVAILABLE,
        _PRECISION,
        _TIME_BASIS,
        _TITLE,
        _URL,
        _PUBLISHER,
        Column("symbols", "json", "list of the securities that it is about, see fct_news_links"),
        Column("theme", "text", "first of its themes", nullable=True, allowed=EVENT_THEMES),
        Column("themes", "json", "list of its themes in the order of the catalogue, see fct_news_themes"),
        _CLUSTER,
        Column("n_in_cluster", "integer", "items that tell the same story", unit="items", minimum=1),
        _FIRST_SEEN,
        *_CHANGES,
    ),
)
FCT_NEWS_LINKS = Table(
    name="fct_news_links",
    grain="one row per item and security that it is about",
    key=("news_id", "symbol"),
    meaning="Which security each item is about, and the rule and words that say so",
    columns=(_NEWS_ID, *_LINK, _AVAILABLE),
)
FCT_NEWS_THEMES = Table(
    name="fct_news_themes",
    grain="one row per item and theme",
    key=("news_id", "theme"),
    meaning="Which theme each item has, and the rule and words that say so",
    columns=(_NEWS_ID, *_THEME_HIT, _AVAILABLE),
)
FCT_NEWS_ATTENTION = Table(
    name="fct_news_attention",
    grain="one row per theme and day from the first that was asked for to the last",
    key=("theme", "date"),
    meaning="How much was written about each theme, against what is usual, and when attention burst",
    columns=_ATTENTION,
)
NEWS = (FCT_NEWS_ITEMS, FCT_NEWS_LINKS, FCT_NEWS_THEMES, FCT_NEWS_ATTENTION)

"""From raw news items to what they are about: one item and its versions, its cluster, its securities, its themes.

``read_news`` does all of it; ``attention`` and ``bursts`` count themes by day. Everything here is a function of frames.
"""

from __future__ import annotations

from pipelines.news.attention import AttentionSpec, attention, bursts
from pipelines.news.dictionary import Dictionary
from pipelines.news.reading import NewsReading, read_news
from pipelines.news.themes import ThemeRules

__all__ = ["AttentionSpec", "Dictionary", "NewsReading", "ThemeRules", "attention", "bursts", "read_news"]

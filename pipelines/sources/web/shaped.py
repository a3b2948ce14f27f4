"""Make items of an answer that was read, or say that it has another shape than it should."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from pipelines.sources.live import Outcome
from pipelines.sources.news import NewsAnswer, NewsRequest
from pipelines.sources.web.client import Page
from pipelines.sources.web.items import failed


def shaped(request: NewsRequest, page: Page, answer: Callable[[], NewsAnswer]) -> NewsAnswer:
    """Return the answer that is made of a page, BROKEN if a part of the page is of another type than agreed.

    Such as a number for a title. One part that is wrong makes the whole wrong: nobody knows what else has changed.
    """
    try:
        return answer()
    except (
        AttributeError,
        KeyError,
        IndexError,
        TypeError,
        ValueError,
        OverflowError,
        RecursionError,
        pl.exceptions.PolarsError,
    ) as error:
        reason = f"expected items in the agreed shape, got others ({type(error).__name__}: {str(error)[:200]})"
        return failed(request, page, reason, Outcome.BROKEN)

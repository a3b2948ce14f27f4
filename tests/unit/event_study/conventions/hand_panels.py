"""Small panels with gaps, whose residuals are whole numbers of percent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from pipelines.event_study import StudyResult, Window, run_study
from pipelines.event_study.conventions import TEXTBOOK, Definitions, statistic
from tests.event_study_inputs import a_spec, panel_of, price_rows, resolved_pairs, returns_frame

PERCENT = 0.01
DAY_0 = Window(0, 0)


def study_of(
    percents: Mapping[str, Sequence[float | None]],
    *,
    n_estimation: int,
    events: Sequence[tuple[str, str, int]] | None = None,
    **changes: Any,
) -> StudyResult:
    """Run a study of securities (and MKT) with these returns in percent, one per session from session 1 on.

    A leading None is a session before the listing, any other one a session without a price; the return after it is
    missing as well, whatever stands there, and day 0 needs one. Day 0 is the session after the estimation window
    unless `events` say otherwise, and prices go on for as many sessions as there are returns.
    """
    listings = []
    for symbol, returns in percents.items():
        prices: list[float | None] = []
        level = 1.0
        for value in (0.0, *(value if value is not None else None for value in returns)):
            level *= 1.0 + PERCENT * (value or 0.0)
            prices.append(None if value is None else level)
        if returns[0] is None:
            prices[0] = None
            last_missing = next(n for n, value in enumerate(returns) if value is not None)
            prices[last_missing] = 1.0  # the price that the first return starts from
        listings.append(price_rows(symbol, prices))
    frame = returns_frame(*listings)
    day_0 = n_estimation + 1
    pairs = events or [("e", symbol, day_0) for symbol in percents if symbol != "MKT"]
    last = changes.pop("last_day", 0)
    fields = {
        "estimation": Window(-n_estimation, -1),
        "event": Window(0, last),
        "car_windows": (Window(min(last, 1), last), Window(0, last)) if last > 1 else (Window(0, last),),
        "min_estimation_obs": 3,
    }
    return run_study(a_spec(**(fields | changes)), panel_of(frame), resolved_pairs(frame, pairs))


def found(result: StudyResult, test: str, window: Window = DAY_0, **switches: str) -> float:
    """Return a statistic of all used pairs with some switches set."""
    rows = np.arange(result.estimates.pairs.size)
    definitions = Definitions(**switches) if switches else TEXTBOOK  # type: ignore[arg-type]
    return statistic(definitions, result.estimates, rows, window, test)


def everyone(result: StudyResult) -> pl.DataFrame:
    """Return one group of all used pairs."""
    return result.used.select("event_id", "symbol", group_by=pl.lit("all"), group_value=pl.lit("all"))

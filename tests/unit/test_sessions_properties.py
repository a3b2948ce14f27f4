"""What must hold for every instant, whatever the exchange."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.sessions import OVERRIDES, OWN_DATES, REQUESTS, build_sessions, resolve_day0

MICS = ("XNYS", "XTKS", "XHKG", "XTAI", "XLON", "24/7")
FIRST = datetime(2015, 1, 10, tzinfo=UTC)
instants = st.timedeltas(timedelta(0), timedelta(days=4150)).map(lambda after: FIRST + after)
events = st.lists(
    st.tuples(st.sampled_from(MICS), instants, st.timedeltas(timedelta(0), timedelta(days=3))), min_size=1, max_size=40
)
relaxed = settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def sessions() -> pl.DataFrame:
    """Return sessions with the ones around them: the close and date of the session before."""
    return build_sessions(MICS, date(2015, 1, 1), date(2026, 12, 31), OVERRIDES.empty()).sessions


def asked(drawn: list[tuple[str, datetime, timedelta]]) -> pl.DataFrame:
    """Return one request per drawn event."""
    rows = [(f"e{i}", "ABC", mic, "news", at, at + spread, None) for i, (mic, at, spread) in enumerate(drawn)]
    return pl.DataFrame(rows, schema=REQUESTS.polars_schema, orient="row")


@relaxed
@given(events)
def test_day0_is_the_first_close_after_the_news(
    sessions: pl.DataFrame, drawn: list[tuple[str, datetime, timedelta]]
) -> None:
    """Day 0 closes after available_by, and the session before it had closed by then."""
    before = sessions.with_columns(pl.col("session_index") + 1, pl.col("close_at").alias("close_before"))
    answer = (
        resolve_day0(asked(drawn), sessions, OWN_DATES.empty())
        .join(
            sessions.select("exchange_mic", pl.col("session_index").alias("event_index"), "close_at", "session_date"),
            on=["exchange_mic", "event_index"],
        )
        .join(
            before.select("exchange_mic", pl.col("session_index").alias("event_index"), "close_before"),
            on=["exchange_mic", "event_index"],
        )
    )
    assert answer.height == len(drawn)
    assert (answer["close_before"] <= answer["available_by"]).all()
    assert (answer["available_by"] < answer["close_at"]).all()
    assert (answer["event_session"] == answer["session_date"]).all()
    is_conservative = answer["day0_rule"] == "conservative"
    assert (is_conservative == (answer["available_at"] < answer["close_before"])).all()


@relaxed
@given(events, st.timedeltas(timedelta(0), timedelta(days=20)))
def test_later_news_never_has_an_earlier_day0(
    sessions: pl.DataFrame, drawn: list[tuple[str, datetime, timedelta]], delay: timedelta
) -> None:
    """Moving the news later never moves day 0 back."""
    first = resolve_day0(asked(drawn), sessions, OWN_DATES.empty())
    later = resolve_day0(asked([(mic, at + delay, wide) for mic, at, wide in drawn]), sessions, OWN_DATES.empty())
    assert (later["event_index"] >= first["event_index"]).all()


@relaxed
@given(events, st.randoms(use_true_random=False))
def test_answers_do_not_depend_on_the_other_requests(
    sessions: pl.DataFrame, drawn: list[tuple[str, datetime, timedelta]], draw: random.Random
) -> None:
    """Permuting the requests permutes the answers."""
    frame = asked(drawn)
    order = list(range(frame.height))
    draw.shuffle(order)
    assert resolve_day0(frame[order], sessions, OWN_DATES.empty()).equals(
        resolve_day0(frame, sessions, OWN_DATES.empty())[order]
    )

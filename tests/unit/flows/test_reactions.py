"""Day 0 of an event on every calendar that a security follows."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl

from flows.reactions import write_day_reactions, write_event_days
from pipelines.contracts import DAY_REACTIONS
from pipelines.event_study import ReturnPanel
from tests.event_study_inputs import price_rows, returns_frame
from warehouse.connection import open_memory

DAYS = [date(2025, 1, 17), date(2025, 1, 20), date(2025, 1, 21)]


def sessions() -> pl.DataFrame:
    """Return three days of Tokyo and two of New York, which rests on the second."""
    rows = [("XTKS", day, 0, 6) for day in DAYS] + [("XNYS", day, 14, 21) for day in (DAYS[0], DAYS[2])]
    return pl.DataFrame(
        [
            (mic, day, datetime(day.year, day.month, day.day, first, 30, tzinfo=UTC),
             datetime(day.year, day.month, day.day, last, tzinfo=UTC), number)
            for number, (mic, day, first, last) in enumerate(rows)
        ],
        schema={
            "exchange_mic": pl.String,
            "session_date": pl.Date,
            "open_at": pl.Datetime("us", "UTC"),
            "close_at": pl.Datetime("us", "UTC"),
            "session_index": pl.Int64,
        },
        orient="row",
    )  # fmt: skip


def test_an_event_has_its_day_on_each_calendar() -> None:
    """R1 came out after Tokyo's close on a holiday of New York; both count the next session, an own date the next."""
    at = datetime(2025, 1, 20, 12, 19, 44, tzinfo=UTC)
    events = pl.DataFrame(
        {"event_id": ["r1"], "kind": ["news"], "available_at": [at], "available_by": [at], "event_date": [None]},
        schema_overrides={"event_date": pl.Date},
    )
    securities = pl.DataFrame(
        {"symbol": ["NVDA", "IBM", "8035.T", "OWN"], "exchange_mic": ["XNYS", "XNYS", "XTKS", None]}
    )
    own = pl.DataFrame({"symbol": ["OWN"] * 2, "session_date": [DAYS[1], date(2025, 1, 23)], "session_index": [1, 2]})
    with open_memory() as connection:
        write_event_days(connection, events, securities, sessions(), own)
        found = connection.sql("select calendar, event_session, event_index from core.event_days").fetchall()
    assert sorted(found) == [("=OWN", date(2025, 1, 23), 2), ("XNYS", DAYS[2], 4), ("XTKS", DAYS[2], 2)]


def test_without_a_rule_no_session_is_judged() -> None:
    """A study of one's own files has the table, and no row in it."""
    panel = ReturnPanel.from_frame(returns_frame(price_rows("A", [1.0, 2.0])))
    securities = pl.DataFrame({"symbol": ["A"], "benchmark_symbol": ["A"]})
    days = pl.DataFrame({"symbol": ["A"], "session_date": [date(2024, 1, 2)]})
    with open_memory() as connection:
        write_day_reactions(connection, panel, securities, days, rule=None)
        relation = connection.sql("select * from study.day_reactions")
        assert relation.columns == DAY_REACTIONS.names
        assert relation.fetchall() == []

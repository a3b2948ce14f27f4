"""Which pairs a study asks for, with which clocks, and which of them an engine can use."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.contracts.vocabulary import STATUSES
from pipelines.errors import CatalogueError, ConfigurationError
from pipelines.events import Choice, asked_pairs, day0_requests, pair_groups, ready_pairs, unusable_pairs

INSTANT = pl.Datetime("us", "UTC")


def at(day: int) -> datetime:
    """Return noon UTC of a day in January 2025."""
    return datetime(2025, 1, day, 12, tzinfo=UTC)


EVENTS = pl.DataFrame(
    {
        "event_id": ["news-20", "news-27", "outcome-27", "undated"],
        "theme": ["demand", "scaling_laws", "demand", None],
        "kind": ["news", "news", "outcome", "news"],
        "available_at": [at(20), at(27), None, None],
        "available_by": [at(20), at(27), None, None],
        "event_date": [None, None, date(2025, 1, 27), None],
    },
    schema_overrides={"available_at": INSTANT, "available_by": INSTANT},
)
NAMED = pl.DataFrame(
    {
        "event_id": ["news-20", "news-20", "news-27", "outcome-27", "undated"],
        "symbol": ["NVDA", "GONE", "NVDA", "BTC", "NVDA"],
        "expected_sign": ["+", "-", "?", None, None],
        "available_at": pl.Series([None, at(21), None, None, None], dtype=INSTANT),
        "available_by": pl.Series([None, at(22), None, None, None], dtype=INSTANT),
        "event_date": [date(2025, 1, 19), None, None, None, None],
        "problem": [None, None, "occurred_at 'soon' cannot be read", None, None],
    }
)
SECURITIES = pl.DataFrame(
    {
        "symbol": ["BTC", "NVDA", "^GSPC"],
        "asset_class": ["crypto", "equity", "index"],
        "exchange_mic": ["24/7", "XNYS", "XNYS"],
        "source": ["files_prices"] * 3,
    }
)


def asked(**choice: Any) -> set[tuple[str, str]]:
    """Return the pairs a choice asks for, which must come sorted and once."""
    pairs = asked_pairs(Choice(**choice), EVENTS, NAMED, SECURITIES)
    assert pairs.equals(pairs.unique().sort("event_id", "symbol"))
    return set(pairs.iter_rows())


def test_named_asks_for_the_securities_that_each_event_names() -> None:
    """By default every event meets the securities it names, with prices or not."""
    assert asked() == set(NAMED.select("event_id", "symbol").iter_rows())


def test_priced_asks_for_every_security_with_prices() -> None:
    """Every event meets every security with prices, and no other."""
    assert asked(which="priced") == {(event, symbol) for event in EVENTS["event_id"] for symbol in SECURITIES["symbol"]}


def test_priced_can_be_held_to_asset_classes() -> None:
    """Asset classes restrict the securities with prices."""
    pairs = asked(which="priced", asset_classes=["equity", "crypto"])
    assert {symbol for _, symbol in pairs} == {"NVDA", "BTC"}
    assert asked(which="priced", asset_classes=["etf"]) == set()


def test_listed_asks_for_the_securities_that_the_study_lists() -> None:
    """Every event meets the listed securities, each once, with prices or not."""
    pairs = asked(which="listed", symbols=["NVDA", "ABSENT", "NVDA"], ids=["news-20"])
    assert pairs == {("news-20", "ABSENT"), ("news-20", "NVDA")}
    assert asked(which="listed", symbols=[]) == set()


@pytest.mark.parametrize(
    ("choice", "events"),
    [
        ({"ids": ["news-20", "undated"]}, {"news-20", "undated"}),
        ({"themes": ["demand"]}, {"news-20", "outcome-27"}),
        ({"themes": ["demand", "scaling_laws"]}, {"news-20", "news-27", "outcome-27"}),
        ({"kinds": ["outcome"]}, {"outcome-27"}),
        ({"since": date(2025, 1, 27)}, {"news-27", "outcome-27"}),
        ({"since": date(2025, 1, 28)}, set()),
        ({"until": date(2025, 1, 20)}, {"news-20"}),
        ({"until": date(2025, 1, 19)}, set()),
        ({"since": date(2025, 1, 20), "until": date(2025, 1, 27)}, {"news-20", "news-27", "outcome-27"}),
        ({"themes": ["demand"], "kinds": ["news"]}, {"news-20"}),
        ({"ids": ["news-20"], "kinds": ["outcome"]}, set()),
        ({}, set(EVENTS["event_id"])),
    ],
)
@pytest.mark.parametrize("which", ["named", "priced", "listed"])
def test_every_condition_on_events_must_hold(which: str, choice: dict[str, Any], events: set[str]) -> None:
    """Ids, themes, kinds and days (both ends included) restrict the events, all at once, whatever the securities."""
    pairs = asked(which=which, symbols=["NVDA"] if which == "listed" else [], **choice)
    assert {event for event, _ in pairs} == events


def test_an_event_that_nobody_defines_is_refused() -> None:
    """Every unknown id is named, with the command that shows the known ones."""
    with pytest.raises(CatalogueError, match=r"the events also-absent, never-heard-of, which nobody.*events list"):
        asked(ids=["never-heard-of", "news-20", "also-absent"])


def requests(pairs: list[tuple[str, str]]) -> pl.DataFrame:
    """Return the day-0 requests of pairs."""
    frame = pl.DataFrame(pairs, schema=["event_id", "symbol"], orient="row")
    return day0_requests(frame, EVENTS, NAMED, SECURITIES)


def test_a_pair_without_clocks_of_its_own_takes_the_event_s() -> None:
    """A security the event does not name takes the event's clocks and its own exchange."""
    row = requests([("news-20", "BTC")]).row(0, named=True)
    assert (row["available_at"], row["available_by"], row["event_date"]) == (at(20), at(20), None)
    assert (row["exchange_mic"], row["kind"], row["problem"], row["has_prices"]) == ("24/7", "news", None, True)


def test_a_named_pair_takes_its_own_clocks() -> None:
    """A pair's own clocks count all together: where they hold a date alone, the event's instants do not fill in."""
    dated, instant = requests([("news-20", "NVDA"), ("news-20", "GONE")]).rows(named=True)
    assert (dated["available_at"], dated["available_by"], dated["event_date"]) == (None, None, date(2025, 1, 19))
    assert (instant["available_at"], instant["available_by"], instant["event_date"]) == (at(21), at(22), None)


def test_requests_say_what_is_wrong_with_a_pair() -> None:
    """A pair's problem and a security without prices are carried along."""
    read, gone = requests([("news-27", "NVDA"), ("news-20", "GONE")]).rows(named=True)
    assert read["problem"] == "occurred_at 'soon' cannot be read"
    assert (gone["has_prices"], gone["exchange_mic"]) == (False, None)


def test_requests_keep_every_pair_in_its_place() -> None:
    """One request per pair, in the order asked."""
    pairs = [("undated", "NVDA"), ("news-20", "^GSPC"), ("news-20", "ABSENT")]
    assert requests(pairs).select("event_id", "symbol").rows() == pairs


LAST = date(2025, 1, 24)
ENDED = date(2024, 6, 28)
LISTED = pl.DataFrame(
    {
        "symbol": ["LIVE", "DEAD"],
        "last_session": [LAST, ENDED],
        "last_index": [100, 50],
        "is_ended": [False, True],
    }
)
SESSIONS_SCHEMA = {
    "event_id": pl.String,
    "symbol": pl.String,
    "event_session": pl.Date,
    "event_index": pl.Int64,
    "day0_reason": pl.String,
    "problem": pl.String,
    "event_day": pl.Date,
}


def judged(rows: list[tuple[Any, ...]]) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return the pairs asked for, the unusable and the ready ones, from rows of SESSIONS_SCHEMA."""
    sessions = pl.DataFrame(rows, schema=SESSIONS_SCHEMA, orient="row")
    pairs = sessions.select("event_id", "symbol")
    unusable = unusable_pairs(pairs, sessions, LISTED)
    return pairs, unusable, ready_pairs(pairs, unusable, sessions, LISTED)


@pytest.mark.parametrize(
    ("symbol", "clocks", "status", "reason"),
    [
        ("LIVE", (None, "no session yet", None, date(2025, 1, 27)), "pending", "no session yet"),
        ("LIVE", (None, "the calendar ends", None, LAST), "excluded", "the calendar ends"),
        ("DEAD", (None, "no session", None, date(2025, 1, 27)), "excluded", "no session"),
        ("LIVE", (None, None, None, None), "excluded", "no session could be found for the event"),
        ("ABSENT", (None, "x", None, date(2025, 1, 27)), "excluded", "ABSENT has no prices in this source"),
        ("ABSENT", (LAST, None, None, LAST), "excluded", "ABSENT has no prices in this source"),
        ("LIVE", (None, "x", "the date cannot be read", date(2025, 1, 27)), "excluded", "the date cannot be read"),
        ("LIVE", (LAST, None, "two rows differ", LAST), "excluded", "two rows differ"),
        ("ABSENT", (None, None, "the date cannot be read", None), "excluded", "the date cannot be read"),
    ],
    ids=["later", "same-day", "ended", "no-reason", "unpriced", "unpriced-day0", "problem", "problem-day0", "both"],
)
def test_a_pair_that_cannot_be_used_has_a_status_and_a_reason(
    symbol: str, clocks: tuple[Any, ...], status: str, reason: str
) -> None:
    """An event later than a living security's prices is pending; all else is excluded, for its first reason.

    The clocks are day 0, why there is none, what is wrong with the pair, and the event's day.
    """
    session, *others = clocks
    _, unusable, ready = judged([("e", symbol, session, 1, *others)])
    assert unusable.rows() == [("e", symbol, session, status, reason)]
    assert ready.is_empty()


def test_a_security_whose_prices_are_all_in_quarantine_is_told_apart() -> None:
    """A security without prices says whether rows of it came and were rejected."""
    sessions = pl.DataFrame([("e", "BAD", *[None] * 5), ("e", "ABSENT", *[None] * 5)], SESSIONS_SCHEMA, orient="row")
    unusable = unusable_pairs(sessions.select("event_id", "symbol"), sessions, LISTED, ["BAD", "LIVE"])
    assert unusable["status"].to_list() == ["excluded"] * 2
    assert unusable["reason"].to_list() == [
        "every price row of BAD is in quarantine",
        "ABSENT has no prices in this source",
    ]


def test_a_security_without_prices_is_told_by_the_symbol_that_its_event_names_too() -> None:
    """Who wrote FB looks for FB."""
    sessions = pl.DataFrame([("e", "META", *[None] * 5), ("e", "ABSENT", *[None] * 5)], SESSIONS_SCHEMA, orient="row")
    named = pl.DataFrame({"event_id": ["e", "e"], "symbol": ["META", "ABSENT"], "named_symbol": ["FB", "ABSENT"]})
    unusable = unusable_pairs(sessions.select("event_id", "symbol"), sessions, LISTED, named=named)
    assert unusable["reason"].to_list() == [
        "META has no prices in this source; the event names it FB",
        "ABSENT has no prices in this source",
    ]


def test_a_ready_pair_has_its_day_0_and_how_far_its_prices_reach() -> None:
    """A pair with day 0 and prices goes to the engine with the indices of both."""
    _, unusable, ready = judged([("e", "LIVE", LAST, 99, None, None, LAST), ("e", "DEAD", ENDED, 49, None, None, LAST)])
    assert unusable.is_empty()
    assert ready.rows(named=True) == [
        {"event_id": "e", "symbol": s, "event_session": d, "event_index": i, "last_index": last, "is_ended": ended}
        for s, d, i, last, ended in [("LIVE", LAST, 99, 100, False), ("DEAD", ENDED, 49, 50, True)]
    ]


DAYS = st.none() | st.dates(date(2024, 1, 1), date(2025, 12, 31))
WORDS = st.none() | st.just("a reason")


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["e1", "e2", "e3"]),
            st.sampled_from(["LIVE", "DEAD", "ABSENT"]),
            DAYS,
            st.integers(0, 200),
            WORDS,
            WORDS,
            DAYS,
        ),
        unique_by=lambda row: row[:2],
    )
)
def test_every_pair_is_either_ready_or_has_a_reason(rows: list[tuple[Any, ...]]) -> None:
    """No pair is lost, doubled, or both ready and unusable; each unusable one has a known status and a reason."""
    pairs, unusable, ready = judged(rows)
    parts = [*unusable.select("event_id", "symbol").iter_rows(), *ready.select("event_id", "symbol").iter_rows()]
    assert sorted(parts) == sorted(pairs.iter_rows())
    assert set(unusable["status"]) <= set(STATUSES) - {"used"}
    assert unusable["reason"].null_count() == 0
    assert ready.select("event_session", "last_index").null_count().row(0) == (0, 0)


ATTRIBUTES = pl.DataFrame(
    {
        "event_id": ["news-20", "news-20", "news-27"],
        "symbol": ["NVDA", "GONE", "NVDA"],
        "sector": ["chips", None, "chips"],
        "theme": ["mine", None, "mine"],
    }
)


def groups(group_by: list[str]) -> set[tuple[str, ...]]:
    """Return the groups of three pairs."""
    pairs = ATTRIBUTES.select("event_id", "symbol")
    frame = pair_groups(pairs, group_by, events=EVENTS, named=NAMED, securities=SECURITIES, attributes=ATTRIBUTES)
    assert frame.columns == ["event_id", "symbol", "group_by", "group_value"]
    assert set(frame.dtypes) == {pl.String()}
    assert frame.height == len(group_by) * pairs.height
    return set(frame.iter_rows())


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("all", ("all", "all", "all")),
        ("event_id", ("news-20", "news-20", "news-27")),
        ("symbol", ("NVDA", "GONE", "NVDA")),
        ("expected_sign", ("+", "-", "?")),
        ("asset_class", ("equity", "(none)", "equity")),
        ("sector", ("chips", "(none)", "chips")),
        ("theme", ("mine", "demand", "mine")),
    ],
)
def test_pairs_are_grouped_by_any_column(name: str, values: tuple[str, ...]) -> None:
    """Pairs group by all, themselves, event, sign, security or the user's columns; the user's go first where filled."""
    pairs = [("news-20", "NVDA"), ("news-20", "GONE"), ("news-27", "NVDA")]
    assert groups([name]) == {(*pair, name, value) for pair, value in zip(pairs, values, strict=True)}


def test_groupings_add_up_and_none_gives_none() -> None:
    """Several groupings stand below each other; without any there is a typed frame of no rows."""
    assert groups(["all", "sector"]) == groups(["all"]) | groups(["sector"])
    assert groups([]) == set()


def test_an_unknown_grouping_is_refused() -> None:
    """A grouping that is no column is named with those there are, the user's own among them."""
    with pytest.raises(ConfigurationError, match=r"--group-by: no column industry; choose among .*asset_class.*sector"):
        groups(["all", "industry"])

"""Day 0: hand-worked cases, the reasons where there is none, and agreement with a slow reference."""

from __future__ import annotations

import random
from bisect import bisect_right
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from pipelines.contracts import DIM_SESSIONS
from pipelines.contracts.vocabulary import DAY0_RULES
from pipelines.errors import ContractError
from pipelines.sessions import OVERRIDES, OWN_DATES, REQUESTS, build_sessions, resolve_day0

ZONES = {
    "XNYS": "America/New_York",
    "XNAS": "America/New_York",
    "XKRX": "Asia/Seoul",
    "XTKS": "Asia/Tokyo",
    "XHKG": "Asia/Hong_Kong",
    "XTAI": "Asia/Taipei",
    "24/7": "UTC",
}
START, END = date(2012, 1, 1), date(2026, 6, 30)


@pytest.fixture(scope="module")
def sessions(root: Path) -> pl.DataFrame:
    """Return the sessions of seven exchanges, with the corrections that ship."""
    seed = pl.read_csv(root / "sql/seeds/calendar_overrides.csv", schema_overrides=OVERRIDES.polars_schema)
    return build_sessions(list(ZONES), START, END, seed).sessions


def instant(text: str) -> datetime:
    """Read an instant; without a zone it is UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def request(
    mic: str | None = "XNYS", at: str | None = None, by: str | None = None, day: str | None = None, **other: Any
) -> dict[str, Any]:
    """Return one request: news about ABC, unless told otherwise."""
    return {
        "event_id": "e",
        "symbol": "ABC",
        "exchange_mic": mic,
        "kind": "news",
        "available_at": None if at is None else instant(at),
        "available_by": None if by is None else instant(by),
        "event_date": None if day is None else date.fromisoformat(day),
    } | other


def exact(mic: str | None, at: str, **other: Any) -> dict[str, Any]:
    """Return a request whose instant is known to the minute."""
    return request(mic, at, at, **other)


def own(*days: str, symbol: str = "ABC") -> pl.DataFrame:
    """Return own dates of one listing, numbered from 100."""
    return pl.DataFrame(
        {
            "symbol": symbol,
            "session_date": [date.fromisoformat(day) for day in days],
            "session_index": range(100, 100 + len(days)),
        },
        schema=OWN_DATES.polars_schema,
    )


def resolve(rows: list[dict[str, Any]], sessions: pl.DataFrame, own_dates: pl.DataFrame | None = None) -> pl.DataFrame:
    """Resolve requests given as rows."""
    asked = pl.DataFrame(rows, schema=REQUESTS.polars_schema)
    return resolve_day0(asked, sessions, OWN_DATES.empty() if own_dates is None else own_dates)


@pytest.mark.parametrize(
    ("asked", "day0", "rule"),
    [
        # DeepSeek-R1, 2025-01-20 12:19:44Z: a New York holiday; 21:19 in Tokyo and Seoul, after their closes.
        (exact("XNYS", "2025-01-20T12:19:44"), "2025-01-21", "closed_day"),
        (exact("XNAS", "2025-01-20T12:19:44"), "2025-01-21", "closed_day"),
        (exact("XTKS", "2025-01-20T12:19:44"), "2025-01-21", "after_close"),
        (exact("XKRX", "2025-01-20T12:19:44"), "2025-01-21", "after_close"),
        (exact("24/7", "2025-01-20T12:19:44"), "2025-01-20", "utc_day"),
        # An essay known to a New York Saturday: both ends lead to Monday, so nothing is conservative.
        (request("XNYS", "2025-01-25T05:00:00", "2025-01-26T04:59:59"), "2025-01-27", "closed_day"),
        # The sell-off is an outcome of 2025-01-27; Seoul and Taipei were on holiday.
        (request("XNYS", day="2025-01-27", kind="outcome"), "2025-01-27", "outcome_session"),
        (request("XTKS", day="2025-01-27", kind="outcome"), "2025-01-27", "outcome_session"),
        (request("24/7", day="2025-01-27", kind="outcome"), "2025-01-27", "outcome_session"),
        (request("XKRX", day="2025-01-27", kind="outcome"), "2025-01-31", "outcome_next_session"),
        (request("XTAI", day="2025-01-27", kind="outcome"), "2025-02-03", "outcome_next_session"),
        # A filing accepted 20 minutes after the close of 2025-11-19.
        (exact("XNAS", "2025-11-19T21:20:44"), "2025-11-20", "after_close"),
        # At the close, and one microsecond before it.
        (exact("XNYS", "2025-01-24T21:00:00"), "2025-01-27", "after_close"),
        (exact("XNYS", "2025-01-24T20:59:59.999999"), "2025-01-24", "in_session"),
        # At the open, and one microsecond before it.
        (exact("XNYS", "2025-01-24T14:30:00"), "2025-01-24", "in_session"),
        (exact("XNYS", "2025-01-24T14:29:59.999999"), "2025-01-24", "pre_open"),
        # Midnight in New York is 05:00Z: still Thursday evening before it, Friday morning from it on.
        (exact("XNYS", "2025-01-24T04:59:59.999999"), "2025-01-24", "after_close"),
        (exact("XNYS", "2025-01-24T05:00:00"), "2025-01-24", "pre_open"),
        # The day of mourning 2025-01-09; and the evening before it.
        (exact("XNYS", "2025-01-09T15:00:00"), "2025-01-10", "closed_day"),
        (exact("XNYS", "2025-01-08T22:00:00"), "2025-01-10", "after_close"),
        # Half days close at 13:00 in New York.
        (exact("XNYS", "2025-12-24T18:30:00"), "2025-12-26", "after_close"),
        (exact("XNYS", "2025-12-24T17:59:59"), "2025-12-24", "in_session"),
        (exact("XNYS", "2024-11-29T18:00:00"), "2024-12-02", "after_close"),
        # Alphabet, 2015-08-10, half an hour after the close.
        (exact("XNAS", "2015-08-10T20:30:00"), "2015-08-11", "after_close"),
        # Known to a New York day: the day itself may hold the news already.
        (request("XNYS", "2022-10-07T04:00:00", "2022-10-08T03:59:59"), "2022-10-10", "conservative"),
        # Known to a Shanghai day, which ends in New York's session; the session before is of 2025-01-08.
        (request("XNYS", "2025-01-09T16:00:00", "2025-01-10T15:59:59"), "2025-01-10", "in_session"),
        (request("24/7", "2025-01-09T16:00:00", "2025-01-10T15:59:59"), "2025-01-10", "conservative"),
        # Lunch in Tokyo (11:30-12:30) and Hong Kong (12:00-13:00) counts as in session.
        (exact("XTKS", "2025-01-27T03:00:00"), "2025-01-27", "in_session"),
        (exact("XHKG", "2025-01-27T04:30:00"), "2025-01-27", "in_session"),
        # Summer and winter time: 20:30Z is after the close in July and in session in January.
        (exact("XNYS", "2025-07-15T20:30:00"), "2025-07-16", "after_close"),
        (exact("XNYS", "2025-01-15T20:30:00"), "2025-01-15", "in_session"),
        # Corrected calendars: the Taipei typhoon day, and the later close of the Seoul exam day.
        (exact("XTAI", "2024-10-31T02:00:00"), "2024-11-01", "closed_day"),
        (exact("XKRX", "2024-11-14T07:00:00"), "2024-11-14", "in_session"),
        # Only a date.
        (request("XNYS", day="2025-01-21", kind="corporate_action"), "2025-01-21", "date_session"),
        (request("XNYS", day="2025-01-20"), "2025-01-21", "date_next_session"),
        (request("24/7", day="2025-01-25"), "2025-01-25", "date_session"),
        # Instants decide for news even when a date is given; for an outcome the date does.
        (exact("XNYS", "2025-01-24T22:00:00", day="2025-01-24"), "2025-01-27", "after_close"),
        (exact("XNYS", "2025-01-27T21:00:00", day="2025-01-27", kind="outcome"), "2025-01-27", "outcome_session"),
    ],
)
def test_hand_worked_case(asked: dict[str, Any], day0: str, rule: str, sessions: pl.DataFrame) -> None:
    """Day 0 is the first session whose close can hold the news, and the rule says why."""
    answer = resolve([asked], sessions).row(0, named=True)
    assert (answer["event_session"].isoformat(), answer["day0_rule"]) == (day0, rule)
    assert answer["day0_reason"] is None
    expected = sessions.filter(exchange_mic=asked["exchange_mic"], session_date=date.fromisoformat(day0))
    assert answer["event_index"] == expected["session_index"].item()


def test_one_end_alone_counts_for_both(sessions: pl.DataFrame) -> None:
    """available_at alone is an exact instant; available_by alone leaves the earliest open, which is conservative."""
    answer = resolve([request(at="2025-01-24T20:00:00"), request(by="2025-01-24T20:00:00")], sessions)
    assert answer["event_session"].to_list() == [date(2025, 1, 24)] * 2
    assert answer["day0_rule"].to_list() == ["in_session", "conservative"]


@pytest.mark.parametrize(
    ("asked", "day0", "rule"),
    [
        (request(None, day="2025-01-06"), "2025-01-06", "own_dates"),
        (request(None, day="2025-01-07"), "2025-01-10", "own_dates"),
        (request(None, day="2025-01-07", kind="outcome"), "2025-01-10", "own_dates"),
        # An instant of 2025-01-06 counts for the next own date, even in the first minute of the day.
        (exact(None, "2025-01-06T00:01:00"), "2025-01-10", "own_dates_conservative"),
        (exact(None, "2025-01-05T23:59:59"), "2025-01-06", "own_dates_conservative"),
        (request(None, "2025-01-03T12:00:00", "2025-01-10T12:00:00"), "2025-01-13", "own_dates_conservative"),
    ],
)
def test_listing_without_an_exchange_uses_its_own_dates(asked: dict[str, Any], day0: str, rule: str) -> None:
    """A date counts for the own date itself or the next; an instant for the next own date after its UTC day."""
    own_dates = pl.concat(
        [own("2025-01-08", symbol="OTHER"), own("2025-01-03", "2025-01-06", "2025-01-10", "2025-01-13")]
    )
    answer = resolve([asked], build_sessions([], START, END, OVERRIDES.empty()).sessions, own_dates).row(0, named=True)
    assert (answer["event_session"].isoformat(), answer["day0_rule"]) == (day0, rule)
    assert answer["event_index"] == {"2025-01-06": 101, "2025-01-10": 102, "2025-01-13": 103}[day0]
    assert answer["day0_reason"] is None


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (request(), "none of available_at, available_by and event_date is given"),
        (request(None), "none of available_at, available_by and event_date is given"),
        (exact("XNYS", "2025-01-24T20:00:00", kind="outcome"), "names the session it happened in.*no event_date"),
        (request("XNYS", "2025-01-24T21:00:00", "2025-01-24T20:00:00"), "available_at is later than available_by"),
        (exact("XPAR", "2025-01-24T20:00:00"), "no sessions of exchange XPAR are loaded"),
        (request("XPAR", day="2025-01-24"), "no sessions of exchange XPAR are loaded"),
        (
            exact("XNYS", "2026-06-30T20:00:00"),
            "2026-06-30T20:00:00Z lies after what is known: the sessions of XNYS cover 2012-01-03 to 2026-06-30",
        ),
        (
            request("XNYS", day="2026-07-01"),
            "2026-07-01 lies after what is known: the sessions of XNYS cover 2012-01-03",
        ),
        (exact("XNYS", "2011-12-30T15:00:00"), "2011-12-30T15:00:00Z lies before what is known: the sessions of XNYS"),
        (exact("24/7", "2011-12-31T23:59:59"), "lies before what is known: the sessions of 24/7 cover 2012-01-01"),
        (
            request("XNYS", day="2012-01-01"),
            "2012-01-01 lies before what is known: the sessions of XNYS cover 2012-01-03",
        ),
        (request(None, day="2025-01-24", symbol="NEW"), "the exchange of NEW is not known, and it has no prices"),
        (request(None, day="2025-01-24"), "2025-01-24 lies after what is known: the prices of ABC cover 2025-01-03 to"),
        (
            exact(None, "2025-01-06T10:00:00"),
            "lies after what is known: the prices of ABC cover 2025-01-03 to 2025-01-06",
        ),
        (request(None, day="2025-01-02"), "2025-01-02 lies before what is known: the prices of ABC cover 2025-01-03"),
    ],
)
def test_no_day0_says_why(asked: dict[str, Any], reason: str, sessions: pl.DataFrame) -> None:
    """Without a day 0 the rule is `none`, and the reason says what is missing and what range is covered."""
    answer = resolve([asked], sessions, own("2025-01-03", "2025-01-06"))
    assert answer["day0_rule"].to_list() == ["none"]
    assert answer["event_session"].to_list() == [None]
    assert answer["event_index"].to_list() == [None]
    assert answer["day0_reason"].str.contains(reason).all(), answer["day0_reason"][0]


def test_first_loaded_session_is_day0_only_for_its_own_day(sessions: pl.DataFrame) -> None:
    """News of the first session's day counts for it; news that may reach further back is conservative."""
    answer = resolve(
        [
            exact("XNYS", "2012-01-03T05:00:00"),
            exact("XNYS", "2012-01-03T15:00:00"),
            request("XNYS", "2012-01-02T15:00:00", "2012-01-03T15:00:00"),
        ],
        sessions,
    )
    assert answer["event_session"].to_list() == [date(2012, 1, 3)] * 3
    assert answer["day0_rule"].to_list() == ["pre_open", "in_session", "conservative"]


def test_day_may_begin_after_midnight() -> None:
    """Where clocks go forward at midnight the day begins at 01:00: Sao Paulo, Sunday 2018-11-04, at 03:00Z."""
    sunday = pl.DataFrame(
        [
            ("BVMF", date(2018, 11, 2), instant("2018-11-02T13:00:00"), instant("2018-11-02T20:00:00"), 1),
            ("BVMF", date(2018, 11, 4), instant("2018-11-04T12:00:00"), instant("2018-11-04T19:00:00"), 2),
        ],
        schema=DIM_SESSIONS.polars_schema,
        orient="row",
    )
    answer = resolve([exact("BVMF", "2018-11-04T02:59:59"), exact("BVMF", "2018-11-04T03:00:00")], sunday)
    assert answer["event_index"].to_list() == [2, 2]
    assert answer["day0_rule"].to_list() == ["closed_day", "pre_open"]


def test_answers_keep_the_order_and_the_columns_of_the_requests(sessions: pl.DataFrame) -> None:
    """One row per request, in its order, with every column it came with."""
    rows = [
        exact("24/7", "2025-01-20T12:19:44"),
        request(),
        request(None, day="2025-01-06"),
        request("XNYS", day="2025-01-27", kind="outcome"),
        exact("XNYS", "2025-01-20T12:19:44"),
        exact("XNYS", "2025-01-20T12:19:44"),
    ]
    asked = pl.DataFrame(rows, schema=REQUESTS.polars_schema).with_columns(
        pl.Series("event_id", [f"e{i}" for i in range(len(rows))]), pl.lit(7).alias("extra")
    )
    answer = resolve_day0(asked, sessions, own("2025-01-06"))
    assert answer.columns == [*asked.columns, "event_session", "event_index", "day0_rule", "day0_reason"]
    assert answer.select(asked.columns).equals(asked)
    rules = ["utc_day", "none", "own_dates", "outcome_session", "closed_day", "closed_day"]
    assert answer["day0_rule"].to_list() == rules
    permuted = resolve_day0(asked.reverse(), sessions.sample(fraction=1.0, shuffle=True, seed=1), own("2025-01-06"))
    assert permuted.equals(answer.reverse())


def test_no_requests_give_no_answers(sessions: pl.DataFrame) -> None:
    """An empty frame of requests gives an empty, typed frame."""
    answer = resolve([], sessions)
    assert answer.height == 0
    assert answer.schema["event_session"] == pl.Date
    assert answer.schema["event_index"] == pl.Int64


def test_wrong_requests_are_refused(sessions: pl.DataFrame) -> None:
    """A missing column or an unknown kind of event is an error of the caller, not a row with a reason."""
    asked = pl.DataFrame([request()], schema=REQUESTS.polars_schema)
    with pytest.raises(ContractError, match=r"day0_requests.*missing \['kind'\]"):
        resolve_day0(asked.drop("kind"), sessions, OWN_DATES.empty())
    with pytest.raises(ContractError, match=r"dim_sessions.*missing \['close_at'\]"):
        resolve_day0(asked, sessions.drop("close_at"), OWN_DATES.empty())
    with pytest.raises(ContractError, match=r"own_dates.*missing \['symbol'\]"):
        resolve_day0(asked, sessions, OWN_DATES.empty().drop("symbol"))
    with pytest.raises(ContractError, match=r"kind holds \[\"'rumour'\"\]; it may hold \['corporate_action'"):
        resolve([request(kind="rumour")], sessions)


class Reference:
    """The rule for instants on one exchange, one request at a time and step by step as it is written down."""

    def __init__(self, mic: str, sessions: list[dict[str, Any]]) -> None:
        """Hold the exchange's sessions by close and by date."""
        self.sessions = sessions
        self.closes = [session["close_at"] for session in sessions]
        self.of_day = {session["session_date"]: session for session in sessions}
        self.zone = ZoneInfo(ZONES[mic])
        self.never_closes = mic == "24/7"

    def __call__(self, at: datetime, by: datetime) -> tuple[date, str]:
        """Return day 0 and the rule."""
        day0 = self.sessions[bisect_right(self.closes, by)]
        return day0["session_date"], self.rule(at, by, day0)

    def rule(self, at: datetime, by: datetime, day0: dict[str, Any]) -> str:
        """Return the rule that leads to that day 0."""
        today = self.of_day.get(by.astimezone(self.zone).date())
        if self.sessions[bisect_right(self.closes, at)] is not day0:
            return "conservative"
        if self.never_closes:
            return "utc_day"
        if today is None:
            return "closed_day"
        if by < today["open_at"]:
            return "pre_open"
        return "in_session" if by < today["close_at"] else "after_close"


def moments(sessions: list[dict[str, Any]], draw: random.Random, n: int) -> list[datetime]:
    """Return instants at, just before, just after and well around opens, closes, lunches and local midnights."""
    steps = [timedelta(0), timedelta(microseconds=1), timedelta(seconds=1), timedelta(minutes=30), timedelta(hours=7)]
    chosen = []
    for _ in range(n):
        session = draw.choice(sessions)
        middle = session["open_at"] + (session["close_at"] - session["open_at"]) / 2
        midnight = datetime.combine(session["session_date"], datetime.min.time(), UTC) - timedelta(
            hours=draw.randint(-9, 9)
        )
        base = draw.choice([session["open_at"], session["close_at"], middle, midnight])
        chosen.append(base + draw.choice(steps) * draw.choice([-1, 1]))
    return chosen


@pytest.mark.parametrize("mic", ["XNYS", "XKRX", "XTKS", "XHKG", "XTAI", "24/7"])
def test_fast_path_agrees_with_the_reference(mic: str, sessions: pl.DataFrame) -> None:
    """On thousands of instants at every kind of edge the fast path gives what the slow reference gives."""
    # Weeks of clock changes, half days, holidays, storm days and changed hours, in the years 2023 to 2025.
    years = sessions.filter(pl.col("exchange_mic") == mic, pl.col("session_date").dt.year().is_between(2023, 2025))
    edges = years.filter(
        (pl.col("close_at") - pl.col("open_at") != (pl.col("close_at") - pl.col("open_at")).mode().first())
        | (pl.col("session_date").diff() > timedelta(days=3))
        | pl.col("session_date").is_between(date(2024, 3, 4), date(2024, 3, 15))
        | pl.col("session_date").is_between(date(2024, 10, 28), date(2024, 11, 29))
    )
    draw = random.Random(mic)  # noqa: S311 - drawn cases, not secrets
    instants = moments(years.rows(named=True), draw, 1500) + moments(edges.rows(named=True), draw, 1500)
    earliest = [by - timedelta(minutes=draw.choice([0, 0, 0, 1, 60, 1440])) for by in instants]
    asked = [request(mic, available_at=at, available_by=by) for at, by in zip(earliest, instants, strict=True)]
    around = sessions.filter(
        pl.col("exchange_mic") == mic, pl.col("session_date").is_between(date(2022, 12, 1), date(2026, 1, 31))
    ).rows(named=True)
    expected = list(map(Reference(mic, around), earliest, instants))
    answer = resolve(asked, sessions)
    assert list(answer.select("event_session", "day0_rule").iter_rows()) == expected
    seen = set(answer["day0_rule"])
    assert seen == (
        {"utc_day", "conservative"}
        if mic == "24/7"
        else {"in_session", "pre_open", "after_close", "closed_day", "conservative"}
    )
    assert seen <= set(DAY0_RULES)

"""Each number of the pages' tables is the mart's: the tables are asked anew here, in SQL written for these tests."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows.report import write_report
from pipelines.report import text
from tests.generated_report import STUDY, publish_made_up
from tests.parsed_page import Parsed

MEAN = "a-constant-mean"
"""A second study, without a benchmark, whose name comes first."""

EVENT, SECURITY, THEME = "event-0000", "S003", "architectural_innovation"
CHANGES = (
    "update fct_value_impact set value_change_usd = value_change_usd * (1.25 + 0.125 * event_id[7:]::int), "
    "abnormal_value_usd = -1.75e9, shares_filed_date = session_date - 40",
    f"insert into fct_value_impact select * replace ('{SECURITY}' as symbol, 3.5e9 as value_change_usd, "
    "2.75e9 as abnormal_value_usd) from fct_value_impact",
    "update fct_event_securities set status = 'pending', reason = 'waits for 3 sessions' "
    "where event_id in ('event-0002', 'event-0005') and symbol = 'S001'",
    "update fct_study_securities set status = 'excluded', reason = 'too few sessions', alpha = null, beta = null, "
    f"sigma = null, n_estimation_obs = 17 where event_id in ('{EVENT}', 'event-0003') and symbol = 'S002'",
    f"delete from fct_event_cars where event_id in ('{EVENT}', 'event-0003') and symbol = 'S002'",
    "update fct_study_securities set beta = 0.75 + 0.125 * event_id[7:]::int where status = 'used'",
    "update fct_event_securities set day0_rule = 'after_close', event_session = event_session + 1 "
    f"where event_id = '{EVENT}' and symbol in ('S000', 'S001')",
    "update dim_securities set exchange_mic = 'XNAS' where symbol in ('S002', 'S003')",
    "update dim_securities set last_session = last_session - 9, is_ended = true, n_sessions = 391 "
    "where symbol = 'S003'",
    f"insert into dim_studies select * replace ('{MEAN}' as study_id, 'constant_mean' as model, "
    "null as benchmark_symbol) from dim_studies",
    f"insert into fct_study_securities select * replace ('{MEAN}' as study_id) from fct_study_securities "
    f"where event_id in ('{EVENT}', 'event-0004')",
    f"insert into fct_event_cars select * replace ('{MEAN}' as study_id, car / 2 as car, scar / 3 as scar) "
    f"from fct_event_cars where event_id in ('{EVENT}', 'event-0004')",
    f"delete from fct_event_cars where study_id = '{STUDY}' and event_id = 'event-0004'",
    "insert into fct_group_tests select * replace ('placebo_p' as test, -2.375 as statistic, 0.0125 as p_value, "
    "'from 79 dates without an event' as note) from fct_group_tests "
    f"where group_value = '{EVENT}' and test = 'bmp_t' and window_start = 0 and window_end = 0",
)
"""What makes the made-up marts uneven: numbers that differ, rows that wait or are left out, a second study."""

Ask = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with uneven marts and the report of them."""
    place = tmp_path_factory.mktemp("numbers")
    marts = publish_made_up(place / "marts", n_events=12)
    with duckdb.connect(str(marts)) as connection:
        connection.execute("set timezone = 'UTC'")
        for change in CHANGES:
            connection.execute(change)
    write_report(marts, place / "site", place / "cache")
    return place


@pytest.fixture(scope="module")
def ask(folder: Path) -> Ask:
    """Return what asks the marts."""

    def asked(query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(folder / "marts" / "marts.duckdb"), read_only=True) as connection:
            rows = connection.execute(query).fetchall()
        return [tuple(cell.isoformat() if isinstance(cell, date) else cell for cell in row) for row in rows]

    return asked


def page(folder: Path, name: str) -> Parsed:
    """Return a page, parsed."""
    return Parsed((folder / "site" / f"{name}.html").read_text(encoding="utf-8"))


def rows(found: Parsed, grid: str, *names: str, choice: str = "") -> list[tuple[Any, ...]]:
    """Return the values of a table's columns."""
    given = found.data["grids"][grid]
    places = [[column["name"] for column in given["columns"]].index(name) for name in names]
    return [tuple(row[place][0] for place in places) for row in given["sets"][choice]]


def test_money_is_the_mart_s(folder: Path, ask: Ask) -> None:
    """Values, their changes and the counts of shares of an event's securities, and their rounding to billions."""
    names = (
        "symbol", "session_date", "market_cap_before_usd", "value_change_usd", "abnormal_value_usd",
        "shares_outstanding", "shares_filed_date", "study_id",
    )  # fmt: skip
    found = page(folder, "event-event-0001")
    expected = ask(
        f"select {', '.join(names)} from fct_value_impact where event_id = 'event-0001' "
        "order by abs(abnormal_value_usd) desc"
    )
    assert len(expected) == 2
    assert rows(found, "money", *names) == expected
    assert [row[2:5] for row in found.rows["money"]] == [
        [text.number(row[2] / 1e9), text.billions(row[3]), text.billions(row[4])] for row in expected
    ]
    assert found.rows["money"][1][3] == "\u22123.44"


def test_the_ledger_of_an_event_is_the_mart_s(folder: Path, ask: Ask) -> None:
    """Status, reason and estimates of every study and security that the event was asked of."""
    names = (
        "symbol", "study_id", "event_session", "status", "reason", "n_estimation_obs", "alpha", "beta", "sigma",
    )  # fmt: skip
    found = page(folder, f"event-{EVENT}")
    expected = ask(f"select {', '.join(names)} from fct_study_securities where event_id = '{EVENT}'")
    assert len(expected) == 8
    assert sorted(rows(found, "ledger", *names)) == sorted(expected)
    used = next(row for row in found.rows["ledger"] if row[3] == "used")
    assert used[6:] == ["+0.01%", "+0.75", "2.00%"]


def test_day_0_is_the_mart_s(folder: Path, ask: Ask) -> None:
    """By exchange, session and rule: how many securities, and which."""
    expected = ask(f"""
        select exchange_mic, event_session, day0_rule, count(*), string_agg(symbol, ' ' order by symbol)
        from fct_event_securities inner join dim_securities using (symbol)
        where event_id = '{EVENT}' group by all order by all
    """)
    assert len(expected) == 2
    found = rows(page(folder, f"event-{EVENT}"), "day-0", "exchange_mic", "event_session", "day0_rule", "n", "symbols")
    assert sorted(found) == expected


def test_a_placebo_test_is_told_where_a_study_ran_it(folder: Path) -> None:
    """Its p-value, its statistic and its dates, below the sessions of single securities, which are something else."""
    captions = page(folder, f"event-{EVENT}").data["charts"]["placebo"]["captions"]
    assert (
        "the placebo test of the mean of all 4: p = 0.013, 2.38 times the root mean square of their means "
        "from 79 dates without an event, source files"
    ) in captions[STUDY]
    assert "placebo" not in page(folder, "event-event-0001").data["charts"]["placebo"]["captions"][STUDY]


def test_the_strongest_reactions_are_the_mart_s(folder: Path, ask: Ask) -> None:
    """One for each security and day 0, of the study with a benchmark if it has one, the largest SCAR first."""
    expected = ask("""
        select cars.symbol, pairs.event_session, cars.car, cars.scar, cars.p_value, cars.p_holm, cars.study_id
        from fct_event_cars as cars
        inner join fct_event_securities as pairs using (event_id, symbol)
        inner join dim_studies as studies using (study_id)
        where cars.window_start = 0 and cars.window_end = 0
        qualify row_number() over (
            partition by cars.symbol, pairs.event_session order by studies.benchmark_symbol is null
        ) = 1
        order by abs(cars.scar) desc
    """)
    assert {row[-1] for row in expected} == {STUDY, MEAN}
    names = ("symbol", "event_session", "car", "scar", "p_value", "p_holm", "study_id")
    assert rows(page(folder, "index"), "strongest", *names) == expected


def test_the_newest_sessions_are_the_mart_s(folder: Path, ask: Ask) -> None:
    """Each security's last return over the forecast error of the 250 returns before it."""
    moves = {}
    for symbol in ("S000", "S001", "S002", "S003"):
        *earlier, (day, newest) = ask(
            f"select session_date, simple_return from fct_returns where symbol = '{symbol}' order by session_date"
        )
        held = [value for _, value in earlier[-250:]]
        mean = math.fsum(held) / 250
        deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in held) / 249)
        moves[symbol] = (day, newest, (newest - mean) / (deviation * math.sqrt(1 + 1 / 250)))
    found = rows(page(folder, "index"), "latest", "symbol", "session_date", "simple_return", "std_move", "n_sessions")
    assert [row[0] for row in found] == sorted(moves, key=lambda symbol: -abs(moves[symbol][2]))
    for symbol, day, newest, move, n in found:
        assert (day, newest, n) == (*moves[symbol][:2], 250)
        assert move == pytest.approx(moves[symbol][2], rel=1e-9)


def test_what_waits_is_the_mart_s(folder: Path, ask: Ask) -> None:
    """Pairs that are pending, with the titles of their events."""
    expected = ask("""
        select event_session, title, symbol, reason
        from fct_event_securities inner join dim_events using (event_id)
        where status = 'pending' order by event_session
    """)
    assert len(expected) == 2
    assert rows(page(folder, "index"), "pending", "event_session", "title", "symbol", "reason") == expected


def test_freshness_is_the_mart_s(folder: Path, ask: Ask) -> None:
    """Newest and oldest sessions by source and exchange, those behind, those that have ended."""
    expected = ask("""
        with newest as (select exchange_mic, max(last_session) as day from dim_securities group by all)
        select source, exchange_mic, count(*), any_value(day), count_if(last_session < day), min(last_session),
            count_if(is_ended)
        from dim_securities inner join newest using (exchange_mic) group by all order by all
    """)
    assert [row[4] for row in expected] == [1, 0]
    names = ("source", "exchange_mic", "n", "newest", "n_behind", "oldest", "is_ended")
    assert rows(page(folder, "index"), "freshness", *names) == expected


def test_the_lists_and_the_head_of_the_first_page_are_the_mart_s(folder: Path, ask: Ask) -> None:
    """Events with the pairs asked for and used, securities with the events that use them, and all of it counted."""
    found = page(folder, "index")
    events = ask("""
        select min(event_session) as day_0, title, theme, kind, count_if(status = 'used'), count(*)
        from dim_events inner join fct_event_securities using (event_id)
        group by event_id, title, theme, kind order by day_0 desc, event_id
    """)
    assert rows(found, "events", "day_0", "title", "theme", "kind", "n_used", "n_asked") == events
    securities = ask("""
        select symbol, any_value(n_sessions), any_value(last_session), count_if(status = 'used')
        from dim_securities inner join fct_event_securities using (symbol) group by symbol order by symbol
    """)
    assert rows(found, "securities", "symbol", "n_sessions", "last_session", "n_used") == securities
    html = (folder / "site" / "index.html").read_text(encoding="utf-8")
    ((used, pending),) = ask("select count_if(status = 'used'), count_if(status = 'pending') from fct_event_securities")
    assert (used, pending) == (46, 2)
    for name, value in (("events", 12), ("securities", 4), ("pairs used", used), ("pending", pending)):
        assert f"<dt>{name}</dt><dd>{value}</dd>" in html


def test_the_windows_and_tests_of_a_theme_are_the_mart_s(folder: Path, ask: Ask) -> None:
    """What the recommended tests say of each longer window and of day 0; every test of a chosen window."""
    found = page(folder, f"theme-{THEME}")
    names = ("caar", "n", "test", "statistic", "p_value", "p_holm")
    longer = ask(f"""
        select {", ".join(names)} from fct_group_tests
        where group_by = 'theme' and group_value = '{THEME}' and test in ('bmp_t_adjusted', 'grank_t')
            and (window_start < window_end or (window_start = 0 and window_end = 0))
        order by window_end - window_start desc, window_start, test
    """)
    assert len(longer) == 10
    assert rows(found, "windows", *names, choice=STUDY) == longer
    of_day = ("test", "is_valid", "statistic", "p_value", "df", "n", "caar", "r_bar", "note")
    every = ask(f"""
        select {", ".join(of_day)} from fct_group_tests
        where group_by = 'theme' and group_value = '{THEME}' and window_start = -7 and window_end = -7
    """)
    assert len(every) > 20
    assert sorted(rows(found, "tests", *of_day, choice=f"{STUDY}|-7,-7")) == sorted(every)


def test_the_events_of_a_theme_are_the_mart_s(folder: Path, ask: Ask) -> None:
    """The mean of day 0 over the securities of the study with a benchmark, and how many they are."""
    expected = ask(f"""
        select event_id, avg(car order by symbol), count(*)
        from fct_event_cars inner join dim_events using (event_id)
        where theme = '{THEME}' and study_id = '{STUDY}' and window_start = 0 and window_end = 0
        group by event_id order by event_id
    """)
    assert [row[2] for row in expected] == [3, 4]
    found = rows(page(folder, f"theme-{THEME}"), "events", "title", "mean_car", "n", "study_id")
    told = sorted(found)
    for (title, mean, n, study), (event_id, expected_mean, expected_n) in zip(told, expected, strict=True):
        assert (title, n, study) == (f"Something of the kind {int(event_id[6:])} happened", expected_n, STUDY)
        assert mean == pytest.approx(expected_mean, rel=1e-12)


def test_the_path_of_a_theme_is_the_mart_s(folder: Path, ask: Ask) -> None:
    """Means of each day; the band is t(1) times the error over two event sessions, five digits are drawn."""
    drawn = page(folder, f"theme-{THEME}").data["charts"]["path"]["sets"][STUDY]
    assert drawn["columns"] == ["day", "car", "reach", "n"]
    days = ask(f"""
        with sums as (
            select relative_day, pairs.event_session, sum(cum_abnormal_return) as total, count(*) as n
            from fct_abnormal_returns as days
            inner join dim_events using (event_id)
            inner join fct_study_securities as pairs using (study_id, event_id, symbol)
            where theme = '{THEME}' and study_id = '{STUDY}'
            group by all
        )
        select relative_day, sum(total) / sum(n), sum(n), list(total), list(n) from sums
        group by relative_day order by relative_day
    """)
    assert len(drawn["rows"]) == len(days) == 21
    for (day, car, reach, n), (expected_day, mean, expected_n, totals, counts) in zip(drawn["rows"], days, strict=True):
        assert (day, n) == (expected_day, expected_n)
        assert car == pytest.approx(mean, rel=1e-4)
        squares = math.fsum((total - count * mean) ** 2 for total, count in zip(totals, counts, strict=True))
        assert reach == pytest.approx(12.7062 * math.sqrt(2 * squares) / n, rel=1e-4)


def test_the_reactions_of_a_security_are_the_mart_s(folder: Path, ask: Ask) -> None:
    """Each event once, the newest first, of the study with a benchmark; another choice has those of one study."""
    found = page(folder, f"security-{SECURITY.lower()}")
    names = ("study_id", "car", "car_se", "t_stat", "p_value", "p_holm", "beta", "event_session")
    query = f"""
        select cars.study_id, car, car_se, t_stat, p_value, cars.p_holm, cars.beta, pairs.event_session
        from fct_event_cars as cars
        inner join fct_study_securities as pairs using (study_id, event_id, symbol)
        where cars.symbol = '{SECURITY}' and window_start = 0 and window_end = 0
    """
    every = ask(f"{query} order by event_session desc, cars.study_id")
    assert [row[0] for row in every].count(MEAN) == 2
    once = [row for row in every if row[0] == STUDY or row[-1] not in {each[-1] for each in every if each[0] == STUDY}]
    assert len(once) == 12
    assert rows(found, "reactions", *names) == once
    for study in (STUDY, MEAN):
        assert rows(found, "reactions", *names, choice=study) == [row for row in every if row[0] == study]


def test_what_could_not_use_a_security_is_the_mart_s(folder: Path, ask: Ask) -> None:
    """Events by title, with study, status and reason."""
    expected = ask("""
        select title, study_id, status, reason
        from fct_study_securities inner join dim_events using (event_id)
        where symbol = 'S002' and status <> 'used'
    """)
    assert len(expected) == 3
    found = rows(page(folder, "security-s002"), "ledger", "title", "study_id", "status", "reason")
    assert sorted(found) == sorted(expected)

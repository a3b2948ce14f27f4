"""Macros of the published database: hand-worked cases, what is said of pairs that cannot be used, and the engine."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date, timedelta

import duckdb
import numpy as np
import polars as pl
import pytest
from scipy import special

from pipelines.event_study import ReturnPanel, StudySpec, Window, group_tests, run_study
from tests.event_study_inputs import a_spec, compounded, day, price_rows, random_returns, resolved_pairs, returns_frame
from tests.macro_marts import macro_marts, rows

AGREEMENT = 1e-12
"""Largest distance of a macro's number from the engine's, relative to 1 or to the number."""

MODELS = ("market", "market_adjusted", "constant_mean")
EVENTS = [(f"e{number}", f"S{number % 4}", index) for number, index in enumerate((60, 60, 61, 75, 90, 90, 118, 20))]


@pytest.fixture(scope="module")
def returns() -> pl.DataFrame:
    """Return prices of four securities and a benchmark, some sessions of each missing."""
    return random_returns(7, missing=0.04, benchmark_missing=0.02, always=(60, 61, 75, 90))


@pytest.fixture(scope="module")
def marts(returns: pl.DataFrame) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open macros over those prices, with the events as a table."""
    with macro_marts(returns) as connection:
        connection.execute('create table my_events (event_id text, symbol text, event_date date, "group" text)')
        listed = [(name, symbol, day(index), f"g{index % 2}") for name, symbol, index in EVENTS]
        connection.executemany("insert into my_events values (?, ?, ?, ?)", listed)
        yield connection


@pytest.fixture(scope="module")
def worked() -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a case to follow by hand.

    Estimation: market 5, 5, 7 %, security 6, 8, 10 %; event: market 3, 5 %, security 12, 16 %. So b = 1.5, a = -0.5 %,
    residuals -1, 1, 0, s^2 = 2 with one degree of freedom; abnormal 8 and 9 %; Var(CAR) = 2 (2 + 4/3 + (8 - 2 * 17/3)^2
    / (8/3)) = 15, so t = 17 / sqrt(15).
    """
    market, security = [0.05, 0.05, 0.07, 0.03, 0.05], [0.06, 0.08, 0.10, 0.12, 0.16]
    frame = returns_frame(price_rows("MKT", compounded(market)), price_rows("S", compounded(security)))
    with macro_marts(frame) as connection:
        yield connection


WORKED = "est_from := -3, est_to := -1, day_from := 0, day_to := 1, min_obs := 3"


def test_abnormal_returns_of_the_hand_worked_case(worked: duckdb.DuckDBPyConnection) -> None:
    """Abnormal 8 and 9 %; the variance of one day is 2 (1 + 1/3 + (x - 17/3)^2 / (8/3))."""
    found = rows(worked, f"from event_study('S', date '{day(4)}', {WORKED})")
    assert [row["abnormal_return"] for row in found] == pytest.approx([0.08, 0.09])
    variances = [2 * (1 + 1 / 3 + (x - 17 / 3) ** 2 / (8 / 3)) for x in (3, 5)]
    assert [row["abnormal_return_se"] for row in found] == pytest.approx([0.01 * math.sqrt(v) for v in variances])
    assert [row["cum_abnormal_return"] for row in found] == pytest.approx([0.08, 0.17])
    cumulated = [0.01 * math.sqrt(v) for v in (variances[0], 15)]
    assert [row["cum_abnormal_return_se"] for row in found] == pytest.approx(cumulated)
    assert (found[0]["alpha"], found[0]["beta"]) == pytest.approx((-0.005, 1.5))
    assert found[0]["sigma"] == pytest.approx(0.01 * math.sqrt(2))


def test_the_car_of_the_hand_worked_case(worked: duckdb.DuckDBPyConnection) -> None:
    """A t of 17 / sqrt(15) with one degree of freedom has p = 1 - 2 atan(t) / pi."""
    (car,) = rows(worked, f"from event_study_car('S', date '{day(4)}', 0, 1, {WORKED})")
    t = 17 / math.sqrt(15)
    assert car["car"] == pytest.approx(0.17)
    assert car["t_stat"] == pytest.approx(t, rel=1e-9)
    assert car["p_value"] == pytest.approx(1 - 2 * math.atan(t) / math.pi, rel=1e-9)
    assert car["bhar"] == pytest.approx(1.12 * 1.16 - 1.04 * 1.07)


def compare(found: pl.DataFrame, expected: pl.DataFrame, key: list[str], columns: list[str]) -> None:
    """Assert that two frames hold the same rows and numbers."""
    joined = expected.join(found, on=key, how="left", suffix="_sql")
    assert expected.height == found.height
    for name in columns:
        a, b = joined[name].to_numpy().astype(float), joined[f"{name}_sql"].to_numpy().astype(float)
        np.testing.assert_allclose(b, a, rtol=AGREEMENT, atol=AGREEMENT, err_msg=name)


def options(spec: StudySpec) -> str:
    """Write a study's parameters as a macro's arguments."""
    return (
        f"model := '{spec.model}', est_from := {spec.estimation.start}, est_to := {spec.estimation.end}, "
        f"day_from := {spec.event.start}, day_to := {spec.event.end}, min_obs := {spec.min_estimation_obs}, "
        f"return_type := '{spec.return_type}'"
    )


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("return_type", ["simple", "log"])
def test_macros_agree_with_the_engine(
    returns: pl.DataFrame, marts: duckdb.DuckDBPyConnection, model: str, return_type: str
) -> None:
    """Days, CARs, tests of groups and the outcome of every pair, with sessions missing on either side."""
    spec = a_spec(model=model, return_type=return_type, benchmark_symbol=None if model == "constant_mean" else "MKT")
    result = run_study(spec, ReturnPanel.from_frame(returns), resolved_pairs(returns, EVENTS))
    key = ["event_id", "symbol"]
    days = marts.sql(f"from event_study_table('my_events', {options(spec)})").pl()
    compare(
        days.filter(status="used"),
        result.abnormal_returns,
        [*key, "relative_day"],
        ["actual_return", "expected_return", "abnormal_return", "abnormal_return_se", "std_abnormal_return", "p_value",
         "cum_abnormal_return", "cum_abnormal_return_se"],
    )  # fmt: skip
    ledger = days.unique(key).select(*key, "status", "n_estimation_obs")
    assert ledger.sort(key).equals(result.securities.sort(key).select(*key, "status", "n_estimation_obs"))
    groups = pl.DataFrame(
        [(name, symbol, "group", f"g{index % 2}") for name, symbol, index in EVENTS],
        schema=[*key, "group_by", "group_value"],
        orient="row",
    )
    tests = group_tests(result, groups.join(result.securities.filter(status="used"), on=key, how="semi"))
    for window in spec.car_windows:
        bounds = {"window_start": window.start, "window_end": window.end}
        arguments = f"'my_events', {window.start}, {window.end}, {options(spec)}"
        cars = marts.sql(f"from event_study_car_table({arguments})").pl()
        compare(
            cars.filter(status="used"),
            result.cars.filter(**bounds),
            key,
            ["car", "car_se", "scar", "p_value", "bhar", "n_days", "sigma", "df"],
        )
        found = marts.sql(f"from event_caar_table({arguments})").pl()
        names = found["test"].unique().to_list()
        expected = tests.filter(pl.col("test").is_in(names), **bounds)
        compare(found, expected, ["group_value", "test"], ["statistic", "p_value", "df", "n", "caar", "r_bar"])
        same = ["group_value", "test", "is_valid", "note"]
        assert found.select(same).sort(same).equals(expected.select(same).sort(same))


def test_the_placebo_test_agrees_with_the_engine(returns: pl.DataFrame, marts: duckdb.DuckDBPyConnection) -> None:
    """With a step of one event window the dates are those of the engine's `placebo_p`."""
    spec = a_spec(
        estimation=Window(-20, -3), event=Window(-1, 1), car_windows=(Window(0, 0),), min_estimation_obs=9,
        placebo_dates=40, tests=("placebo_p",),
    )  # fmt: skip
    pairs = resolved_pairs(returns, [("e", "S1", 90)])
    result = run_study(spec, ReturnPanel.from_frame(returns), pairs)
    groups = pairs.select("event_id", "symbol", pl.lit("all").alias("group_by"), pl.lit("all").alias("group_value"))
    expected = group_tests(result, groups).filter(window_start=0).row(0, named=True)
    (found,) = rows(marts, f"from placebo_test('S1', date '{day(90)}', step := 3, n_dates := 40, {options(spec)})")
    assert found["p_value"] == pytest.approx(expected["p_value"], abs=AGREEMENT)
    assert found["statistic"] == pytest.approx(expected["statistic"], rel=1e-10)
    assert f"from {found['n_placebo_dates']} dates" in expected["note"]


UNUSABLE = {
    "'NOPE', date '2024-03-01'": ("excluded", "NOPE has no prices in this file"),
    "null, date '2024-03-01'": ("excluded", "symbol is null"),
    "[]::text[], date '2024-03-01'": ("excluded", "symbol is null"),
    "'S0', null": ("excluded", "event_date is null"),
    "'S0', 'soon'": ("excluded", "event_date is soon; expected a date such as"),
    "'S0', timestamp '2024-03-01 10:00:00'": ("excluded", "event_date is 2024-03-01 10:00:00; expected"),
    "'S0', date '1999-03-01'": ("excluded", "no session of XTST for 1999-03-01; the prices of S0 cover"),
    "'S0', date '2055-03-01'": ("pending", "no session of XTST for 2055-03-01"),
    "'S0', date '2024-04-29'": ("pending", "window ends 10 sessions after day 0; prices reach day"),
    "'S0', date '2024-01-20'": ("excluded", "has 5 usable estimation sessions in [-260,-11]; the study needs 120"),
    "'MKT', date '2024-03-01'": ("excluded", "MKT has no benchmark_symbol"),
    "'MKT', date '2024-03-01', benchmark := 'MKT'": ("excluded", "the security is the study's own benchmark"),
    "'S0', date '2024-03-01', benchmark := 'NOPE'": ("excluded", "the benchmark NOPE has no prices in this file"),
    "'S0', date '2024-03-01', model := 'capm'": ("excluded", "model is capm; expected market, market_adjusted or"),
    "'S0', date '2024-03-01', model := null": ("excluded", "model is null; expected market"),
    "'S0', date '2024-03-01', return_type := 'gross'": ("excluded", "return_type is gross; expected simple or log"),
    "'S0', date '2024-03-01', est_to := null": ("excluded", "one of them is null"),
    "'S0', date '2024-03-01', est_from := -260.5": ("excluded", "are whole numbers; got -260.5, -11, -10 and 10"),
    "'S0', date '2024-03-01', est_to := -300": ("excluded", "the estimation window [-260,-300] ends before it starts"),
    "'S0', date '2024-03-01', day_from := 1": ("excluded", "the event window [1,10] must contain day 0"),
    "'S0', date '2024-03-01', est_to := -5": ("excluded", "[-260,-5] must end before the event window [-10,10]"),
    "'S0', date '2024-03-01', min_obs := 2": ("excluded", "min_obs is 2; model 'market' with estimation window"),
    "'S0', date '2024-03-01', min_obs := 251": ("excluded", "needs a number from 3 to 250"),
}


@pytest.mark.parametrize("arguments", UNUSABLE)
def test_what_cannot_be_answered_is_a_row_with_a_reason(marts: duckdb.DuckDBPyConnection, arguments: str) -> None:
    """Expected and got, with numbers; never an empty result and never an error."""
    (row,) = rows(marts, f"select * from event_study({arguments})")
    status, reason = UNUSABLE[arguments]
    assert row["status"] == status
    assert reason in row["reason"]
    assert row["abnormal_return"] is None


UNUSABLE_WINDOWS = {
    "event_study_car('S0', date '2024-03-01', 5, 1": "the window [5,1] ends before it starts",
    "event_study_car('S0', date '2024-03-01', null, 1": "from_day and to_day are whole numbers; one of them is null",
    "event_study_car('S0', date '2024-03-01', 0, 9, day_to := 5": "[0,9] must lie within the event window [0,5]",
    "placebo_test('S0', date '2024-03-01', 3, 1": "the window [3,1] ends before it starts",
    "placebo_test('S0', date '2024-03-01', step := 0": "n_dates is 1000 and step is 0; expected whole numbers from 1",
    "placebo_test('S0', date '2024-03-01', n_dates := null": "n_dates is null and step is 1; expected whole numbers",
}


@pytest.mark.parametrize("call", UNUSABLE_WINDOWS)
def test_a_sum_over_no_days_has_a_reason(marts: duckdb.DuckDBPyConnection, call: str) -> None:
    """The days that are summed contradict themselves or the event window: excluded, without numbers."""
    (row,) = rows(marts, f"from {call}, est_from := -40, est_to := -11)")
    assert row["status"] == "excluded"
    assert UNUSABLE_WINDOWS[call] in row["reason"]
    assert row["car"] is None


def test_too_few_sessions_name_the_prices_of_the_benchmark(returns: pl.DataFrame) -> None:
    """The security has its prices; that the benchmark ends before is what the reader looks for."""
    ended = returns.filter((pl.col("symbol") != "MKT") | (pl.col("session_index") <= 30))
    with macro_marts(ended) as connection:
        (row,) = rows(connection, f"from event_study_car('S0', date '{day(80)}', 0, 0, est_from := -40, est_to := -11)")
    first = returns.filter(symbol="MKT")["session_date"].sort()[0]
    assert row["reason"].endswith(f"Prices of the benchmark MKT cover {first} to {day(30)}.")
    assert row["df"] is None


def test_symbols_and_dates_may_come_from_a_query(marts: duckdb.DuckDBPyConnection) -> None:
    """A query in brackets stands where a list does."""
    symbols = "(select list(symbol order by symbol) from dim_securities where symbol in ('S0', 'S1'))"
    dates = f"(select list(session_date) from dim_sessions where session_date = date '{day(75)}')"
    found = rows(marts, f"from event_study_car({symbols}, {dates}, 0, 0, est_from := -40, est_to := -11)")
    assert [(row["symbol"], row["status"]) for row in found] == [("S0", "used"), ("S1", "used")]


def test_a_prepared_study_answers_what_the_plain_one_does(marts: duckdb.DuckDBPyConnection) -> None:
    """Its parameters stand in one place each, so it is planned once and serves for every symbol and date."""
    options = "est_from := -40, est_to := -11"
    marts.execute(f"prepare study as from event_study($1::varchar, $2::date, {options})")
    for symbol, number in (("S0", 75), ("S1", 80)):
        prepared = rows(marts, f"execute study('{symbol}', date '{day(number)}')")
        assert prepared == rows(marts, f"from event_study('{symbol}', date '{day(number)}', {options})")
        assert prepared[0]["status"] == "used"


def test_a_day_0_without_a_return_is_named(returns: pl.DataFrame) -> None:
    """The security has no price, no price before, or the benchmark has none on a day that the return spans."""
    gone = returns.filter(~((pl.col("symbol") == "S0") & (pl.col("session_index") == 75)))
    gone = gone.filter(~((pl.col("symbol") == "MKT") & (pl.col("session_index") == 90)))
    arguments = "est_from := -40, est_to := -6, day_from := -5, day_to := 5"
    with macro_marts(gone) as connection:
        query = f"select reason from event_study_car('S0', [date '{day(75)}', date '{day(90)}'], 0, 0, {arguments})"
        reasons = [row["reason"] for row in rows(connection, query)]
    assert reasons == [
        f"no abnormal return on day 0: S0 has no price on {day(75)}",
        f"no abnormal return on day 0: the benchmark MKT has no price on {day(90)}",
    ]


def test_a_security_that_is_its_benchmark_has_no_t(returns: pl.DataFrame) -> None:
    """A copy of the benchmark leaves no residual variance: a remark, and no statistics."""
    copy = returns.filter(symbol="MKT").with_columns(symbol=pl.lit("COPY"))
    arguments = "est_from := -40, est_to := -6, day_from := -5, day_to := 5"
    with macro_marts(pl.concat([returns, copy])) as connection:
        (row,) = rows(connection, f"from event_study_car('COPY', date '{day(75)}', 0, 0, {arguments})")
    assert (row["status"], row["car_se"], row["t_stat"], row["p_value"]) == ("used", 0.0, None, None)
    assert row["reason"] == "the model leaves no residual variance, so there are no t statistics"


@pytest.mark.parametrize(
    ("given", "session"),
    [
        ("timestamptz '2024-03-05 20:59:59+00'", date(2024, 3, 5)),
        ("timestamptz '2024-03-05 21:00:00+00'", date(2024, 3, 6)),
        ("timestamptz '2024-03-06 02:00:00+09'", date(2024, 3, 5)),
        ("date '2024-03-05'", date(2024, 3, 5)),
        ("timestamptz '1999-03-05 21:00:00+00'", None),
        ("timestamp '2024-03-05 21:00:00'", None),
        ("null", None),
    ],
)
def test_day_0_is_the_first_session_whose_close_can_hold_the_news(
    marts: duckdb.DuckDBPyConnection, given: str, session: date | None
) -> None:
    """An instant before the close counts for its session, one at the close for the next."""
    assert marts.execute(f"select event_session({given}, 'XTST')").fetchall() == [(session,)]
    if session is not None:
        (row,) = rows(marts, f"from event_study_car('S0', {given}, 0, 0, est_from := -40, est_to := -11)")
        assert row["event_session"] == session


def test_a_listing_without_an_exchange_has_its_own_dates_as_sessions(returns: pl.DataFrame) -> None:
    """A date counts for the next date with a price, an instant for the next one after its UTC day."""
    own = returns.filter(pl.col("symbol").is_in(["S0", "MKT"]), pl.col("session_index") != 71)
    arguments = "0, 0, model := 'constant_mean', est_from := -40, est_to := -11, min_obs := 20"
    dates = f"[date '{day(71)}', date '{day(72)}']"
    instant = f"timestamptz '{day(70)} 23:00:00+00'"
    with macro_marts(own, S0={"exchange_mic": None}, MKT={"exchange_mic": None}) as connection:
        found = [
            row["event_session"]
            for given in (dates, instant)
            for row in rows(connection, f"from event_study_car('S0', {given}, {arguments})")
        ]
    listed = own.filter(symbol="S0")["session_date"]
    later = [listed.filter(listed >= day(number)).min() for number in (71, 72, 71)]
    assert found == later


@pytest.mark.parametrize("df", [1, 2, 3, 5, 10, 29, 99, 100, 119, 248, 1_000, 9_999, 100_000])
def test_p_values_of_t_are_those_of_scipy(marts: duckdb.DuckDBPyConnection, df: int) -> None:
    """Eleven digits, from the middle of the distribution far into its tail; 14 decimals everywhere."""
    t = np.concatenate([[0.01], np.linspace(0.1, 12, 240), [20.0, 37.0, 100.0]])
    found = [row[0] for row in marts.execute("select two_sided_t(unnest($1), $2)", [t.tolist(), df]).fetchall()]
    expected = 2 * special.stdtr(df, -t)
    np.testing.assert_allclose(found, expected, rtol=2e-11, atol=0)
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-14)


def test_p_values_of_the_normal_are_those_of_scipy(marts: duckdb.DuckDBPyConnection) -> None:
    """Twelve digits down to 1e-300."""
    z = np.linspace(0, 37, 3_001)
    found = [row[0] for row in marts.execute("select two_sided_normal(unnest($1))", [z.tolist()]).fetchall()]
    np.testing.assert_allclose(found, special.erfc(z / math.sqrt(2)), rtol=1e-12, atol=0)


def test_p_values_at_the_edges(marts: duckdb.DuckDBPyConnection) -> None:
    """Null for null, for not a number and for no degrees of freedom; 1 at zero; 0 at infinity."""
    query = (
        "select two_sided_t(null, 5), two_sided_t(2, null), two_sided_t(2, 0), two_sided_t('nan'::double, 5), "
        "two_sided_t(0, 5), two_sided_t('inf'::double, 200), two_sided_normal(null), two_sided_normal('inf'::double)"
    )
    assert marts.execute(query).fetchall() == [(None, None, None, None, 1.0, 0.0, None, 0.0)]


@pytest.mark.parametrize("n", [10, 30, 300, 5_000])
def test_more_variance_is_found_where_chi_squared_finds_it(marts: duckdb.DuckDBPyConnection, n: int) -> None:
    """The ratio at which the upper tail of chi-squared is 0.001 is the edge."""
    edge = special.chdtri(n - 1, 0.001) / (n - 1)
    query = "select varies_more($1::bigint, $2), varies_more($1::bigint, $3), varies_more($1::bigint, 0.5)"
    found = marts.execute(query, [n, float(edge * (1 - 1e-9)), float(edge * (1 + 1e-9))]).fetchall()
    assert found == [(False, True, False)]


def test_an_event_of_the_catalogue_with_its_ledger(returns: pl.DataFrame) -> None:
    """Every pair of the ledger is there; one without day 0 says what the ledger says, an unknown event is a row."""
    ledger = pl.DataFrame(
        {
            "event_id": ["a", "a"],
            "symbol": ["S0", "GONE"],
            "event_session": [day(75), None],
            "day0_rule": ["date_session", "none"],
            "expected_sign": ["+", "-"],
            "status": ["used", "excluded"],
            "reason": [None, "GONE has no prices in this source"],
            "n_confounders": [0, 2],
        }
    )
    arguments = "est_from := -40, est_to := -6"
    with macro_marts(returns, ledger) as connection:
        found = rows(connection, f"from reaction_to('a', {arguments})")
        (unknown,) = rows(connection, f"from reaction_to('b', {arguments})")
    assert [(row["symbol"], row["status"], row["expected_sign"]) for row in found] == [
        ("S0", "used", "+"),
        ("GONE", "excluded", "-"),
    ]
    assert found[1]["reason"] == "GONE has no prices in this source"
    assert unknown["reason"].startswith("fct_event_securities has no event b; expected one of 1")


def test_a_table_of_events_may_have_two_columns_or_no_row(marts: duckdb.DuckDBPyConnection) -> None:
    """Only symbol and event_date are needed; instants and texts serve too, and no row gives a row that says so."""
    marts.execute(
        f"create or replace table two as select 'S0' as symbol, timestamptz '{day(75)} 12:00:00+00' as event_date"
    )
    marts.execute("create or replace table nothing as select * from two where false")
    arguments = "0, 1, est_from := -40, est_to := -6"
    (found,) = rows(marts, f"from event_study_car_table('two', {arguments})")
    (empty,) = rows(marts, f"from event_study_car_table('nothing', {arguments})")
    assert (found["event_session"], found["status"], found["group_value"]) == (day(75), "used", "all")
    assert (empty["status"], empty["symbol"]) == ("excluded", None)


def test_many_symbols_and_dates_are_all_met(marts: duckdb.DuckDBPyConnection) -> None:
    """Two symbols and three dates are six rows, dates first, in the order in which they were given."""
    dates = ", ".join(f"date '{day(75) + timedelta(days=shift)}'" for shift in (2, 0, 1))
    found = rows(marts, f"from event_study_car(['S2', 'S1'], [{dates}], 0, 0, est_from := -40, est_to := -6)")
    expected = [(str(day(75 + shift)), symbol) for shift in (2, 0, 1) for symbol in ("S2", "S1")]
    assert [(row["event_id"], row["symbol"]) for row in found] == expected

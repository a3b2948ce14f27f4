"""Measure the macros on a published file of 10 million returns, each beside a query written by hand.

    uv run python tests/benchmarks/bench_macros.py
    uv run python tests/benchmarks/bench_macros.py --symbols 200 --repeat 25 --file /tmp/marts.duckdb

    first      connect, and the first study of one symbol
    one        event_study of one symbol around one date
    prepared   the same as a prepared statement with two parameters, which is planned once
    fifty      event_study of 50 symbols around one date
    placebo    placebo_test over 1,000 earlier dates
    table      event_study_table of 10,000 events
    caar       event_caar_table of the same events, without the correlation that more than 500 pairs would need

The queries written by hand give the same abnormal and standardised returns of the market model for dates that are
sessions, and nothing else: no day 0, no p-values, no missing sessions, no reasons. Both are the median of several runs;
`cpu` is the processor time of the process, which the load of a shared machine changes less.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from pipelines.contracts import DIM_EVENTS, DIM_SECURITIES, DIM_SESSIONS, FCT_EVENT_SECURITIES, FCT_RETURNS
from pipelines.home import SQL
from warehouse.connection import STORAGE_VERSION, quoted
from warehouse.macros import create_macros, load_macros
from warehouse.migrations import create_table
from warehouse.publish import ROW_GROUP_SIZE

N_SESSIONS = 5_000
N_EVENTS = 10_000

MARKET = """
create temp table days as
select
    (date '2005-01-03' + number::integer)::date as session_date,
    row_number() over (order by number) as session_index,
    0.0003 + 0.01 * sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()) as market
from range(7400) as numbers (number)
where dayofweek(date '2005-01-03' + number::integer) between 1 and 5
order by number
limit {n_sessions} + 100
"""
PRICES = """
insert into marts.main.fct_returns by name
with paths as (
    select
        case when number = 0 then '^IDX' else 'S' || lpad(number::varchar, 5, '0') end as symbol,
        days.*,
        exp(sum(
            case when number = 0 then market else (0.5 + number % 100 / 100) * market
                + 0.02 * sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()) end
        ) over (partition by number order by session_index)) as price
    from range({n_symbols}) as numbers (number), days
    where session_index <= {n_sessions}
)
select
    symbol, session_date, session_index, price as close, price as adj_close, 1e6 as volume,
    lag(session_date) over listing as previous_session_date,
    price / lag(price) over listing - 1 as simple_return,
    ln(price / lag(price) over listing) as log_return
from paths
window listing as (partition by symbol order by session_index)
order by symbol, session_date
"""
DIMENSIONS = (
    """
    insert into marts.main.dim_sessions
    select 'XTST', session_date, session_date + interval 14 hour, session_date + interval 21 hour, session_index
    from days
    """,
    """
    insert into marts.main.dim_securities by name
    select
        symbol, symbol as security_id, 'XTST' as exchange_mic, 'equity' as asset_class, 'files' as "source",
        'adj_close' as return_basis,
        case when symbol != '^IDX' then '^IDX' end as benchmark_symbol, 'exchange_calendar' as session_basis,
        1 as units_per_major, false as is_minor_unit,
        min(session_date) as first_session, max(session_date) as last_session,
        max(session_index) as last_session_index, count(*) as n_sessions, false as is_ended
    from marts.main.fct_returns group by symbol order by symbol
    """,
)
BY_HAND = """
with events as (
    select asked.symbol, sessions.session_index as place
    from ({asked}) as asked inner join dim_sessions as sessions on asked.event_date = sessions.session_date
),
days as (
    select
        events.symbol, place, own.session_index - place as relative_day,
        own.simple_return as y, market.simple_return as x
    from events
    inner join fct_returns as own
        on events.symbol = own.symbol and own.session_index between place - 260 and place + {last}
    inner join fct_returns as market on market.symbol = '^IDX' and own.session_date = market.session_date
),
fits as (
    select
        symbol, place, regr_slope(y, x) as b, regr_intercept(y, x) as a, avg(x) as mean_x, regr_sxx(y, x) as sxx,
        count(*) as n, sqrt((regr_syy(y, x) - regr_slope(y, x) * regr_sxy(y, x)) / (count(*) - 2)) as s
    from days where relative_day <= -11 group by symbol, place
)
select
    symbol, place, relative_day, y - a - b * x as abnormal_return,
    (y - a - b * x) / (s * sqrt(1 + 1 / n + (x - mean_x) ** 2 / sxx)) as std_abnormal_return
from days inner join fits using (symbol, place)
where relative_day between {first} and {last}
"""


def write_marts(file: Path, n_symbols: int) -> None:
    """Write the published tables that macros read, of an invented market, and the macros."""
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'; select setseed(0.5)").fetchall()
        options = f"storage_version '{STORAGE_VERSION}', row_group_size {ROW_GROUP_SIZE}"
        connection.execute(f"attach {quoted(file)} as marts ({options})")
        connection.execute("use marts")
        for table in (DIM_EVENTS, DIM_SECURITIES, DIM_SESSIONS, FCT_EVENT_SECURITIES, FCT_RETURNS):
            create_table(connection, table, "main")
        connection.execute(MARKET.format(n_sessions=N_SESSIONS))
        connection.execute(PRICES.format(n_sessions=N_SESSIONS, n_symbols=n_symbols))
        for statement in DIMENSIONS:
            connection.execute(statement)
        create_macros(connection, "marts", load_macros(SQL / "macros"))
        connection.execute("use memory")
        connection.execute("checkpoint marts")


def measured(work: Callable[[], object], repeat: int) -> tuple[float, float]:
    """Return the median wall and processor time in milliseconds."""
    walls, processors = [], []
    for _ in range(repeat):
        wall, processor = time.perf_counter(), time.process_time()
        work()
        walls.append(1e3 * (time.perf_counter() - wall))
        processors.append(1e3 * (time.process_time() - processor))
    return statistics.median(walls), statistics.median(processors)


def works(n_symbols: int) -> dict[str, tuple[str, str, int]]:
    """Return the questions: as a macro, by hand, and a divisor of the number of runs."""
    some = [f"S{1 + number * (n_symbols - 1) // 50:05d}" for number in range(50)]
    listed = "[" + ", ".join(map(quoted, some)) + "]"
    day = "date '2015-01-27'"

    def by_hand(asked: str, first: int = -10, last: int = 10) -> str:
        return BY_HAND.format(asked=asked, first=first, last=last)

    table = by_hand("select symbol, event_date from memory.main.my_events")
    dates = (
        f"select '{some[0]}' as symbol, session_date as event_date from fct_returns where symbol = '{some[0]}' "
        f"and session_date <= {day} order by session_date desc limit 1001"
    )
    one = by_hand(f"select '{some[0]}' as symbol, {day} as event_date")
    return {
        "one": (f"from event_study('{some[0]}', {day})", one, 1),
        "prepared": (f"execute study('{some[0]}', {day})", one, 1),
        "fifty": (
            f"from event_study({listed}, {day})",
            by_hand(f"select unnest({listed}) as symbol, {day} as event_date"),
            2,
        ),
        "placebo": (f"from placebo_test('{some[0]}', {day})", by_hand(dates, 0, 0), 3),
        "table": ("select * from event_study_table('memory.main.my_events')", table, 8),
        "caar": ("from event_caar_table('memory.main.my_events', -1, 1)", table, 8),
    }


def measure(file: Path, n_symbols: int, repeat: int) -> None:
    """Print a line for each question."""
    started = time.perf_counter()
    with duckdb.connect() as connection:
        connection.execute(f"attach {quoted(file)} as marts (read_only)")
        connection.execute("use marts")
        questions = works(n_symbols)
        connection.execute(questions["one"][0]).fetchall()
        print(f"{'first':8} {1e3 * (time.perf_counter() - started):8.0f} ms")
        connection.execute("prepare study as from event_study($1::varchar, $2::date)")
        connection.execute(
            "create table memory.main.my_events as select "
            f"'S' || lpad((1 + number % {n_symbols - 1})::varchar, 5, '0') "
            "as symbol, session_date as event_date, number::varchar as event_id "
            f"from range({N_EVENTS}) as numbers (number) "
            "inner join dim_sessions on session_index = 300 + number * 7 % 4600"
        )
        print(f"{'':8} {'macro ms':>9} {'cpu ms':>9} {'hand ms':>9} {'cpu ms':>9} {'ratio of cpu':>13}")
        for name, (macro, hand, divisor) in questions.items():
            runs = max(2, repeat // divisor)
            found = [
                measured(lambda query=query: connection.execute(query).fetchall(), runs)  # type: ignore[misc]
                for query in (macro, hand)
            ]
            numbers = "".join(f" {number:9.1f}" for pair in found for number in pair)
            print(f"{name:8}{numbers} {found[0][1] / found[1][1]:13.1f}")


def main() -> None:
    """Write the file unless it is there, and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--symbols", type=int, default=2_000, help="symbols of 5,000 sessions each")
    parser.add_argument("--repeat", type=int, default=15, help="runs of the quickest question")
    parser.add_argument("--file", type=Path, help="keep the published file here, and use it again")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = given.file or Path(folder) / "marts.duckdb"
        if not file.exists():
            write_marts(file, given.symbols)
        measure(file, given.symbols, given.repeat)


if __name__ == "__main__":
    main()

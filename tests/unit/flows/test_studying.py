"""What a study reads of the core tables: returns on every session, with the volume and the share count of the day."""

from __future__ import annotations

from datetime import date

from flows.studying import PANEL
from warehouse.connection import open_memory

CORE = """
    create schema core;
    create table core.sessions as
        select 'XNYS' as exchange_mic, date '2025-01-06' + n::int as session_date, n + 1 as session_index
        from range(4) as days (n);
    create table core.securities as
        select 'AAA' as symbol, 'XNYS' as exchange_mic, date '2025-01-06' as first_session,
            date '2025-01-09' as last_session
        union all select 'OWN', null, date '2025-01-11', date '2025-01-11';
    create table core.returns as
        select 'AAA' as symbol, date '2025-01-06' as session_date, 1 as session_index, 10.0 as return_price,
            null::double as simple_return, null::double as log_return, 100.0 as volume
        union all select 'AAA', date '2025-01-07', 2, 11.0, 0.1, ln(1.1), null
        union all select 'AAA', date '2025-01-09', 4, 12.0, null, null, 300.0
        union all select 'OWN', date '2025-01-11', 1, 5.0, null, null, 7.0;
    create table core.shares as
        select 'AAA' as symbol, date '2025-01-05' as filed_date, date '2025-01-07' as valid_through,
            1000.0 as shares_outstanding
        union all select 'AAA', date '2025-01-07', date '2025-01-08', 1100.0;
"""


def test_a_session_has_its_volume_and_the_share_count_that_is_valid_on_it() -> None:
    """A share count serves from the day after it was filed to its last day; what is not known is null."""
    with open_memory() as connection:
        connection.execute(CORE)
        relation = connection.sql(PANEL)
        rows = relation.select("symbol, session_date, return_price, volume, shares_outstanding").fetchall()
    assert rows == [
        ("AAA", date(2025, 1, 6), 10.0, 100.0, 1000.0),
        ("AAA", date(2025, 1, 7), 11.0, None, 1000.0),
        ("AAA", date(2025, 1, 8), None, None, 1100.0),
        ("AAA", date(2025, 1, 9), 12.0, 300.0, None),
        ("OWN", date(2025, 1, 11), 5.0, 7.0, None),
    ]

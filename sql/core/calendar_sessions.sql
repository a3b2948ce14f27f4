-- grain: one row per calendar and session; a security without a known exchange has a calendar of its own dates
-- key:   calendar, session_date
-- reads: core.sessions, core.securities, core.returns
-- units: instants in UTC; what is known before closes_at, and not before the close before it, counts for the session
with

-- On own dates the close is not known: the instant must lie on an earlier day.
own_dates as (
    select
        '=' || returns.symbol as calendar,
        returns.session_date,
        returns.session_index,
        timezone('UTC', returns.session_date::timestamp) as closes_at
    from core.returns
    inner join core.securities on returns.symbol = securities.symbol
    where securities.exchange_mic is null
),

sessions as (
    select
        exchange_mic as calendar,
        session_date,
        session_index,
        close_at as closes_at
    from core.sessions
    union all by name
    select * from own_dates
),

final as (
    select
        *,
        lag(closes_at) over (partition by calendar order by session_date) as previous_closes_at
    from sessions
)

select * from final

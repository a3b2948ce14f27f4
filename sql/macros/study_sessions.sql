-- table: study_sessions(pairs)
-- help:  day 0 of each pair: the first session of the listing whose close can hold what is dated
-- grain: one row per element of pairs, a list of structs with event_id, symbol, event_at (text), group_value and
-- grain: expected_sign
-- key:   pair_id
-- reads: dim_securities, dim_sessions, fct_returns
-- units: instants in UTC, session indexes count the sessions of the listing
with

listed as (
    select pairs as elements
),

asked as (
    select
        unnest(range(1, len(elements) + 1)) as pair_id,
        unnest(elements, max_depth := 2)  -- noqa: AL03
    from listed
),

-- An instant names its zone; a text of ten characters is a date.
clocked as (
    select
        *,
        try_cast(case when regexp_matches(event_at, '.{11}.*(Z|[+-]\d\d(:?\d\d)*)$') then event_at end as timestamptz)
            as event_instant
    from asked
),

named as (
    select
        clocked.*,
        coalesce(
            (clocked.event_instant at time zone 'UTC')::date,
            try_cast(case when length(clocked.event_at) = 10 then clocked.event_at end as date)
        ) as event_day,
        securities.exchange_mic,
        securities.first_session,
        securities.last_session,
        securities.last_session_index,
        securities.is_ended,
        case when securities.exchange_mic is null then securities.symbol end as own_calendar,
        case when securities.exchange_mic is null then 400 else 31 end as n_days_around,
        securities.benchmark_symbol as usual_benchmark
    from clocked
    left join dim_securities as securities on clocked.symbol = securities.symbol
),

-- Where the exchange is not known the sessions are the dates of the security's own prices.
sessions as (
    select
        exchange_mic,
        null as own_calendar,
        session_date,
        session_index,
        open_at,
        close_at
    from dim_sessions
    union all
    select
        null as exchange_mic,
        symbol as own_calendar,
        session_date,
        session_index,
        null as open_at,
        null as close_at
    from fct_returns
    where symbol in (select own_calendar from named)
),

-- No exchange is closed for a month; a listing without one may have no price for longer.
around as (
    select
        named.pair_id,
        sessions.session_date,
        sessions.session_index,
        case
            when named.event_instant is null then sessions.session_date <= named.event_day
            when sessions.close_at is null then sessions.session_date <= named.event_day + 1
            else sessions.open_at <= named.event_instant
        end as is_before,
        case
            when named.event_instant is null then sessions.session_date >= named.event_day
            when sessions.close_at is null then sessions.session_date > named.event_day
            else sessions.close_at > named.event_instant
        end as can_hold_it
    from named
    inner join sessions
        on
            named.exchange_mic is not distinct from sessions.exchange_mic
            and named.own_calendar is not distinct from sessions.own_calendar
            and sessions.session_date between
            named.event_day - named.n_days_around and named.event_day + named.n_days_around
),

day_zero as (
    select
        pair_id,
        min(session_date) filter (can_hold_it) as event_session,
        min(session_index) filter (can_hold_it) as event_index
    from around
    group by pair_id
    having bool_or(is_before)
),

final as (
    select
        named.* exclude (own_calendar, n_days_around),
        day_zero.event_session,
        day_zero.event_index
    from named
    left join day_zero on named.pair_id = day_zero.pair_id
)

select * from final

-- grain: one row per exchange and session
-- key:   exchange_mic, session_date
-- reads: core.sessions
-- units: instants in UTC, counts in hours
with

sessions as (
    select
        *,
        -- The last hour of a session ends with it, and may be shorter than the others.
        ceil(date_diff('second', open_at, close_at) / 3600)::bigint as n_hours
    from core.sessions
),

final as (
    select
        exchange_mic,
        session_date,
        open_at,
        close_at,
        n_hours,
        (sum(n_hours) over (partition by exchange_mic order by session_date) - n_hours)::bigint as n_hours_before
    from sessions
)

select * from final
